/* Small things that several formats say in the same words. */
#include "image/report/report_int.h"

#include "image/digest.h"

/* By the beginning of an identifier: who keeps it, and where a person reads about it. */
static const struct {
	const char *prefix, *name, *url;
} sources[] = {
	{"GO-", "Go vulnerability database", "https://pkg.go.dev/vuln/"},
	{"CVE-", "NVD", "https://nvd.nist.gov/vuln/detail/"},
	{"GHSA-", "GitHub", "https://github.com/advisories/"},
	{"DSA-", "Debian", "https://security-tracker.debian.org/tracker/"},
	{"DLA-", "Debian", "https://security-tracker.debian.org/tracker/"},
	{"ALSA-", "OSV", "https://osv.dev/vulnerability/"},
	{"", "OSV", "https://osv.dev/vulnerability/"},
};

static size_t source_of(struct rf_str id)
{
	size_t i = 0;

	while (!rf_str_starts(id, rf_str_of(sources[i].prefix)))
		i++;
	return i;
}

const char *report_source_name(struct rf_str id)
{
	return sources[source_of(id)].name;
}

void report_url(struct rf_str id, struct rf_buf *out)
{
	rf_buf_add_c(out, sources[source_of(id)].url);
	report_add_encoded(out, id, ":");
}

void report_add_encoded(struct rf_buf *out, struct rf_str text, const char *also_plain)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c && strchr("-._~", c)) ||
			     (c && strchr(also_plain, c));

		if (plain)
			rf_buf_add_char(out, c);
		else
			rf_buf_addf(out, "%%%02X", (unsigned)(uint8_t)c);
	}
}

const char *report_score(const struct scan_finding *f, char out[static REPORT_SCORE_SIZE])
{
	out[0] = '\0';
	if (f->level != VULN_LEVEL_UNRATED)
		snprintf(out, REPORT_SCORE_SIZE, "%u.%u", f->score_tenths / 10,
			f->score_tenths % 10);
	return out;
}

const char *report_time(const struct scan_report *r, const struct report_opts *opts,
	char out[static WHEN_TEXT_SIZE])
{
	int64_t s = 0;

	if (opts->epoch_s >= 0)
		s = opts->epoch_s;
	else if (!when_parse(r->config.created, &s) && !when_parse(r->database.built, &s))
		s = 0;
	return when_text(s, out);
}

struct rf_str report_layer(const struct scan_report *r, uint32_t layer)
{
	return layer < r->layer_count ? r->layers[layer].diff_id : RF_STR_NONE;
}

bool report_digest_hex(struct rf_str digest, char out[static REPORT_DIGEST_SIZE])
{
	struct image_digest parsed;
	char text[IMAGE_DIGEST_TEXT_SIZE];

	if (!image_digest_parse(digest, &parsed))
		return false;
	image_digest_text(&parsed, text);
	snprintf(out, REPORT_DIGEST_SIZE, "%s", text + strlen("sha256:"));
	return true;
}

void report_strs(struct json_writer *w, const char *key, const struct scan_strs *strs)
{
	json_key(w, key);
	json_array_begin(w);
	for (size_t i = 0; i < strs->count; i++)
		json_str(w, strs->items[i]);
	json_array_end(w);
}

void report_str_or_null(struct json_writer *w, const char *key, struct rf_str text)
{
	json_key(w, key);
	if (text.len)
		json_str(w, text);
	else
		json_null(w);
}

void report_str_some(struct json_writer *w, const char *key, struct rf_str text)
{
	if (text.len)
		json_field_str(w, key, text);
}
