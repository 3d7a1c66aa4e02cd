/* What the readers share: bounds on what is yielded, and text in lines, words and stanzas. */
#include "image/pkg/pkg_int.h"

/* No control characters: these texts end up on terminals and in reports. */
static bool is_fit(struct rf_str text)
{
	if (text.len > PKG_MAX_NAME)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

static struct rf_str fit_or_none(struct rf_str text)
{
	return is_fit(text) ? text : RF_STR_NONE;
}

int pkg_emit(struct pkg_out *out, const struct pkg *pkg, struct rf_err *err)
{
	struct pkg fit = *pkg;
	int rc;

	if (pkg->name.len == 0 || !is_fit(pkg->name) || !is_fit(pkg->version))
		return RF_OK;
	if (out->count == PKG_MAX_COUNT) {
		out->stopped = true;
		return rf_err_set(err, RF_ELIMIT, "more than %d packages", PKG_MAX_COUNT);
	}
	out->count++;
	fit.arch = fit_or_none(pkg->arch);
	fit.source = fit_or_none(pkg->source);
	fit.source_version = fit_or_none(pkg->source_version);
	fit.license = fit_or_none(pkg->license);
	fit.checksum = fit_or_none(pkg->checksum);
	rc = out->sink->add(out->sink->ctx, &fit, err);
	if (rc != RF_OK)
		out->stopped = true;
	return rc;
}

bool pkg_next_line(struct rf_str *text, struct rf_str *ret_line)
{
	if (!text->ptr || text->len == 0)
		return false;
	*text = rf_str_cut(*text, '\n', ret_line);
	if (ret_line->len && ret_line->ptr[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct rf_str pkg_trim(struct rf_str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = pkg_skip(s, 1);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct rf_str pkg_next_word(struct rf_str *text)
{
	struct rf_str rest = pkg_trim(*text);
	size_t len = 0;

	while (len < rest.len && !is_blank(rest.ptr[len]))
		len++;
	*text = pkg_skip(rest, len);
	return pkg_head(rest, len);
}

size_t pkg_find(struct rf_str s, struct rf_str needle)
{
	const char *at = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

void pkg_field_set(
	const struct pkg_field *fields, size_t count, struct rf_str key, struct rf_str value)
{
	for (size_t i = 0; i < count; i++) {
		if (!rf_str_is(key, fields[i].key))
			continue;
		if (!fields[i].value->ptr)
			*fields[i].value = value;
		return;
	}
}

void pkg_read_stanza(struct rf_str *text, const struct pkg_field *fields, size_t count)
{
	struct rf_str line, key;

	while (pkg_next_line(text, &line) && pkg_trim(line).len) {
		struct rf_str value = rf_str_cut(line, ':', &key);

		/* A line that begins with a blank continues a value that nobody here wants. */
		if (value.ptr && !is_blank(line.ptr[0]))
			pkg_field_set(fields, count, key, pkg_trim(value));
	}
}
