/*
 * Package URLs. One row a type says how a name falls apart into namespace and name and what is
 * spelt in lower case; the rest is percent-encoding, one segment at a time. Qualifiers come in the
 * order of their names: arch, distro, epoch.
 */
#include "image/pkg/purl.h"

#define EPOCH_MAX_LEN 10 /* digits of a uint32 */

enum casing {
	AS_WRITTEN,
	LOWER,
	LOWER_DASHED, /* pypi: "_" is spelt "-" */
};

struct purl_type {
	const char *name;
	bool of_os;	/* the namespace is the distribution */
	char separator; /* between namespace and name, the last one counts; 0: none */
	enum casing casing;
};

static const struct purl_type types[PKG_TYPE_COUNT] = {
	[PKG_DPKG] = {"deb", true, 0, LOWER},
	[PKG_APK] = {"apk", true, 0, LOWER},
	[PKG_RPM] = {"rpm", true, 0, AS_WRITTEN},
	[PKG_GO] = {"golang", false, '/', LOWER},
	[PKG_NPM] = {"npm", false, '/', LOWER},
	[PKG_PYPI] = {"pypi", false, 0, LOWER_DASHED},
	[PKG_CARGO] = {"cargo", false, 0, AS_WRITTEN},
	[PKG_MAVEN] = {"maven", false, ':', AS_WRITTEN},
};

/* Vendors whose namespace is not their ID=. */
static const struct {
	const char *prefix, *name;
} vendors[] = {
	{"rhel", "redhat"},
	{"opensuse", "opensuse"},
	{"sle", "suse"},
};

/* Neither encoded nor to be encoded: letters, digits, ".-_~" and, wherever it stands, ":". */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(".-_~:", c));
}

static char spell(char c, enum casing casing)
{
	if (casing != AS_WRITTEN && c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return casing == LOWER_DASHED && c == '_' ? '-' : c;
}

static void add_encoded(struct rf_buf *out, struct rf_str text, enum casing casing)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = spell(text.ptr[i], casing);

		if (is_plain(c))
			rf_buf_add_char(out, c);
		else
			rf_buf_addf(out, "%%%02X", (unsigned)(uint8_t)c);
	}
}

/* "/" and the segment; nothing for an empty one. */
static void add_segment(struct rf_buf *out, struct rf_str segment, enum casing casing)
{
	if (segment.len == 0)
		return;
	rf_buf_add_char(out, '/');
	add_encoded(out, segment, casing);
}

/* "a/b" is two segments. */
static void add_path(struct rf_buf *out, struct rf_str path, enum casing casing)
{
	while (path.ptr) {
		struct rf_str segment;

		path = rf_str_cut(path, '/', &segment);
		add_segment(out, segment, casing);
	}
}

static struct rf_str vendor_of(struct rf_str os_id)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(vendors); i++) {
		if (rf_str_starts(os_id, rf_str_of(vendors[i].prefix)))
			return rf_str_of(vendors[i].name);
	}
	return os_id;
}

/* What is before the last separator goes to *ret_namespace. */
static struct rf_str split_name(struct rf_str name, char separator, struct rf_str *ret_namespace)
{
	const char *at = separator && name.len ? memrchr(name.ptr, separator, name.len) : NULL;
	size_t len;

	*ret_namespace = RF_STR_NONE;
	if (!at)
		return name;
	len = (size_t)(at - name.ptr);
	*ret_namespace = (struct rf_str){.ptr = name.ptr, .len = len};
	return (struct rf_str){.ptr = at + 1, .len = name.len - len - 1};
}

/* "1:2.3-4" is version 2.3-4, epoch 1. */
static struct rf_str cut_epoch(struct rf_str version, struct rf_str *ret_epoch)
{
	struct rf_str head, rest = rf_str_cut(version, ':', &head);
	bool digits = rest.ptr && head.len > 0 && head.len <= EPOCH_MAX_LEN;

	for (size_t i = 0; digits && i < head.len; i++)
		digits = head.ptr[i] >= '0' && head.ptr[i] <= '9';
	*ret_epoch = digits ? head : RF_STR_NONE;
	return digits ? rest : version;
}

static void add_qualifier(
	struct rf_buf *out, char *mark, const char *key, struct rf_str a, struct rf_str b)
{
	if (a.len == 0)
		return;
	rf_buf_addf(out, "%c%s=", *mark, key);
	add_encoded(out, a, AS_WRITTEN);
	if (b.len) {
		rf_buf_add_char(out, '-');
		add_encoded(out, b, AS_WRITTEN);
	}
	*mark = '&';
}

void pkg_purl(enum pkg_type type, struct rf_str os_id, struct rf_str os_version, struct rf_str name,
	struct rf_str version, struct rf_str arch, struct rf_buf *out)
{
	const struct purl_type *row = &types[type];
	struct rf_str space, epoch = RF_STR_NONE, base = split_name(name, row->separator, &space);
	char mark = '?';

	if (type == PKG_RPM)
		version = cut_epoch(version, &epoch);
	rf_buf_addf(out, "pkg:%s", row->name);
	if (row->of_os)
		add_segment(out, vendor_of(os_id), LOWER);
	else if (row->separator == '/')
		add_path(out, space, row->casing);
	else
		add_segment(out, space, row->casing);
	rf_buf_add_char(out, '/');
	add_encoded(out, base, row->casing);
	if (version.len) {
		rf_buf_add_char(out, '@');
		add_encoded(out, version, AS_WRITTEN);
	}
	if (!row->of_os)
		return;
	add_qualifier(out, &mark, "arch", arch, RF_STR_NONE);
	add_qualifier(out, &mark, "distro", os_id, os_version);
	add_qualifier(out, &mark, "epoch", epoch, RF_STR_NONE);
}
