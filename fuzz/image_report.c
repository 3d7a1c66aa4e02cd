/*
 * Every format of a report whose texts are the input's lines: JSON stays JSON, and HTML has the
 * elements that the writer wrote and no more.
 */
#include "doc/read.h"
#include "tests/unit/image/report/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line, ended by a NUL as texts of reports are. */
static struct rf_str next(struct scan_report *r, struct rf_str *rest)
{
	struct rf_str line, copy;

	*rest = rf_str_cut(*rest, '\n', &line);
	copy = rf_arena_str(r->arena, line.ptr ? line : RF_STR(""));
	if (!copy.ptr)
		abort();
	/* No NUL inside. */
	copy.len = strlen(copy.ptr);
	return copy;
}

static void fill(struct scan_report *r, struct rf_str rest)
{
	struct scan_package *p = r->packages;
	struct scan_finding *f = r->findings;

	r->target = next(r, &rest);
	for (size_t i = 0; i < r->package_count; i++) {
		p[i].name = next(r, &rest);
		p[i].version = next(r, &rest);
		p[i].location = next(r, &rest);
		p[i].license = p[i].replaces = p[i].checksum = p[i].name;
	}
	for (size_t i = 0; i < r->finding_count; i++) {
		f[i].id = next(r, &rest);
		f[i].summary = f[i].suppressed = next(r, &rest);
		f[i].vector = next(r, &rest);
		for (size_t s = 0; s < f[i].fixed.count; s++)
			f[i].fixed.items[s] = next(r, &rest);
	}
	r->digest = next(r, &rest);
	r->config.created = next(r, &rest);
}

static void check_json(const struct rf_buf *out)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_DIAGS diags = {.error_count = 0};
	const struct doc_node *root;

	if (out->failed || !arena ||
		doc_parse_json(rf_buf_str(out), "out", 1, arena, &diags, &root) < 0)
		abort();
}

static size_t count_of(const struct rf_buf *text, const char *what)
{
	size_t count = 0;

	for (const char *at = rf_buf_cstr(text); (at = strstr(at, what)); at++)
		count++;
	return count;
}

static const struct report_opts opts = {.epoch_s = -1};

/* Of the page; the sample's own number is what any report of its shape must have. */
static size_t count_elements(const struct scan_report *r)
{
	AUTO_BUF html = {.len = 0};

	report_html(r, &opts, &html);
	if (html.failed || count_of(&html, "<script"))
		abort();
	return count_of(&html, "<code>") + count_of(&html, "<a ");
}

/* The first byte picks a format, because all of them take long with sanitizers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const writers[])(const struct scan_report *, const struct report_opts *,
		struct rf_buf *) = {report_json, report_sarif, report_cyclonedx, report_spdx23,
		report_spdx30, report_openvex, report_cyclonedx_vex};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};
	size_t picked = size ? data[0] % (RF_ARRAY_LEN(writers) + 1) : 0, elements;

	elements = picked ? 0 : count_elements(r);
	fill(r, (struct rf_str){.ptr = size ? (const char *)data + 1 : "", .len = size - !!size});
	if (scan_report_sort(r) < 0)
		abort();
	if (!picked) {
		if (count_elements(r) != elements)
			abort();
		return 0;
	}
	writers[picked - 1](r, &opts, &out);
	check_json(&out);
	return 0;
}
