/*
 * The [[package]] tables of lock files in TOML (Cargo, Poetry, uv, PDM), line by line:
 * "[[package]]" begins one, any other header ends it, `key = "value"` is a field. These files are
 * written by programs, one field a line. A string over several lines (a description) is passed
 * over.
 */
#include "image/pkg/pkg_int.h"

/* "text" or 'text'; absent for anything else, and for a text with escapes: names have none. */
static struct rf_str string_value(struct rf_str value)
{
	size_t len;

	value = pkg_trim(value);
	if (value.len < 2 || (value.ptr[0] != '"' && value.ptr[0] != '\''))
		return RF_STR_NONE;
	len = pkg_find(pkg_skip(value, 1), pkg_head(value, 1));
	if (len == value.len - 1 || memchr(value.ptr + 1, '\\', len))
		return RF_STR_NONE;
	return pkg_head(pkg_skip(value, 1), len);
}

/* Past the end of a string that begins with three quotes and goes on after its line. */
static void skip_long_string(struct rf_str value, struct rf_str *text)
{
	static const struct rf_str quotes[] = {RF_STR("\"\"\""), RF_STR("'''")};

	value = pkg_trim(value);
	for (size_t i = 0; i < RF_ARRAY_LEN(quotes); i++) {
		size_t end;

		if (!rf_str_starts(value, quotes[i]))
			continue;
		value = pkg_skip(value, 3);
		end = pkg_find(*text, quotes[i]);
		/* What never ends must not hide the rest. */
		if (pkg_find(value, quotes[i]) == value.len && end < text->len)
			*text = pkg_skip(*text, end + 3);
		return;
	}
}

static bool is_package_header(struct rf_str line)
{
	return rf_str_is(line, "[[package]]");
}

bool pkg_toml_next(struct rf_str *text, struct pkg_toml *ret)
{
	const struct pkg_field fields[] = {
		{"name", &ret->name},
		{"version", &ret->version},
		{"checksum", &ret->checksum},
	};
	struct rf_str line, key, before = *text;
	bool inside = false;

	*ret = (struct pkg_toml){.name = RF_STR_NONE};
	while (pkg_next_line(text, &line)) {
		struct rf_str value, trimmed = pkg_trim(line);

		if (trimmed.len && trimmed.ptr[0] == '[' && line.ptr[0] == '[') {
			if (inside) {
				*text = before; /* the header of what comes next */
				return true;
			}
			inside = is_package_header(trimmed);
		}
		value = rf_str_cut(trimmed, '=', &key);
		if (inside && value.ptr)
			pkg_field_set(
				fields, RF_ARRAY_LEN(fields), pkg_trim(key), string_value(value));
		if (value.ptr)
			skip_long_string(value, text);
		before = *text;
	}
	return inside;
}
