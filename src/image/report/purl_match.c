/*
 * pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH, taken apart from its end as the specification
 * says: subpath, qualifiers, version, then the rest.
 */
#include "image/report/purl_match.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* %41 is A; RF_EINPUT for a broken escape or a NUL. */
static int decode(struct rf_str text, bool fold, struct rf_arena *arena, struct rf_str *ret)
{
	char *out = rf_arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (!out)
		return RF_EINTERNAL;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '%') {
			int high = text.len - i > 2 ? hex_value(text.ptr[i + 1]) : -1;
			int low = text.len - i > 2 ? hex_value(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return RF_EINPUT;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return RF_EINPUT;
		out[len++] = fold ? lower(c) : c;
	}
	*ret = (struct rf_str){.ptr = out, .len = len};
	return RF_OK;
}

/* Cuts *text at the last sep; what follows it, or absent. */
static struct rf_str cut_last(struct rf_str *text, char sep)
{
	const char *at = text->len ? memrchr(text->ptr, sep, text->len) : NULL;
	struct rf_str tail;

	if (!at)
		return RF_STR_NONE;
	tail = (struct rf_str){at + 1, text->len - (size_t)(at + 1 - text->ptr)};
	text->len = (size_t)(at - text->ptr);
	return tail;
}

static int read_qualifiers(struct rf_str text, struct rf_arena *arena, struct purl *purl)
{
	int rc = RF_OK;

	while (text.ptr && rc == RF_OK) {
		struct rf_str pair, key, value;
		struct purl_qualifier *q = &purl->qualifiers[purl->qualifier_count];

		text = rf_str_cut(text, '&', &pair);
		value = rf_str_cut(pair, '=', &key);
		if (!value.len)
			continue;
		if (purl->qualifier_count == PURL_MAX_QUALIFIERS)
			return RF_EINPUT;
		purl->qualifier_count++;
		rc = decode(key, true, arena, &q->key);
		if (rc == RF_OK)
			rc = decode(value, false, arena, &q->value);
	}
	return rc;
}

/* Types whose namespaces and names mean the same in any case. */
static bool folds_case(struct rf_str type)
{
	static const char *const types[] = {
		"golang", "deb", "apk", "pypi", "npm", "oci", "docker", "github", "bitbucket"};

	for (size_t i = 0; i < RF_ARRAY_LEN(types); i++) {
		if (rf_str_is(type, types[i]))
			return true;
	}
	return false;
}

/* Writers of Go's package URLs do not agree on "v" and "go". */
static void trim_go_version(struct purl *purl)
{
	struct rf_str *v = &purl->version;
	size_t cut = rf_str_starts(*v, RF_STR("go")) ? 2 : rf_str_starts(*v, RF_STR("v")) ? 1 : 0;

	if (rf_str_is(purl->type, "golang"))
		*v = (struct rf_str){v->ptr + cut, v->len - cut};
}

int purl_parse(struct rf_str text, struct rf_arena *arena, struct purl *ret)
{
	struct purl purl = {.type = RF_STR(""), .version = RF_STR(""), .subpath = RF_STR("")};
	struct rf_str subpath, qualifiers, version = RF_STR_NONE, type, path;
	int rc;

	if (text.len > PURL_MAX || !rf_str_starts(text, RF_STR("pkg:")))
		return RF_EINPUT;
	text = (struct rf_str){text.ptr + 4, text.len - 4};
	while (text.len && text.ptr[0] == '/')
		text = (struct rf_str){text.ptr + 1, text.len - 1};
	subpath = rf_str_cut(text, '#', &text);
	qualifiers = rf_str_cut(text, '?', &text);
	path = rf_str_cut(text, '/', &type);
	/* "@" of a scope ("@angular/cli") is no version. */
	if (path.len && memrchr(path.ptr, '@', path.len) != path.ptr)
		version = cut_last(&path, '@');
	if (!path.len || !type.len)
		return RF_EINPUT;
	rc = decode(type, true, arena, &purl.type);
	if (rc == RF_OK)
		rc = decode(path, folds_case(purl.type), arena, &purl.path);
	if (rc == RF_OK && version.ptr)
		rc = decode(version, false, arena, &purl.version);
	if (rc == RF_OK && subpath.ptr)
		rc = decode(subpath, false, arena, &purl.subpath);
	if (rc == RF_OK)
		rc = read_qualifiers(qualifiers, arena, &purl);
	if (rc < 0)
		return rc;
	trim_go_version(&purl);
	*ret = purl;
	return RF_OK;
}

static bool has_qualifier(const struct purl *purl, const struct purl_qualifier *wanted)
{
	for (size_t i = 0; i < purl->qualifier_count; i++) {
		if (rf_str_eq(purl->qualifiers[i].key, wanted->key))
			return rf_str_eq(purl->qualifiers[i].value, wanted->value);
	}
	return false;
}

bool purl_covers(const struct purl *statement, const struct purl *ours)
{
	if (!rf_str_eq(statement->type, ours->type) || !rf_str_eq(statement->path, ours->path))
		return false;
	if (statement->version.len && !rf_str_eq(statement->version, ours->version))
		return false;
	for (size_t i = 0; i < statement->qualifier_count; i++) {
		if (!has_qualifier(ours, &statement->qualifiers[i]))
			return false;
	}
	return true;
}
