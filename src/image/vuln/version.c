/* The table of ecosystems and schemes, and what all schemes share. */
#include "image/vuln/version_int.h"

struct scheme {
	const char *name;
	const struct version_order *order;
};

static const struct scheme schemes[] = {
	[VULN_SCHEME_GO] = {"Go", &version_go},
	[VULN_SCHEME_SEMVER] = {"semver", &version_semver},
	[VULN_SCHEME_DEBIAN] = {"Debian", &version_debian},
	[VULN_SCHEME_ALPINE] = {"Alpine", &version_alpine},
	[VULN_SCHEME_RPM] = {"RPM", &version_rpm},
	[VULN_SCHEME_NPM] = {"npm", &version_npm},
	[VULN_SCHEME_PYPI] = {"PyPI", &version_pypi},
	[VULN_SCHEME_MAVEN] = {"Maven", &version_maven},
	[VULN_SCHEME_CRATES] = {"crates.io", &version_semver},
};

/* OSV ecosystems (the part before a colon) and short names, in lower case. */
static const struct {
	const char *name;
	enum vuln_scheme scheme;
} ecosystems[] = {
	{"go", VULN_SCHEME_GO},
	{"golang", VULN_SCHEME_GO},
	{"semver", VULN_SCHEME_SEMVER},
	{"bitnami", VULN_SCHEME_SEMVER},
	{"github actions", VULN_SCHEME_SEMVER},
	{"hex", VULN_SCHEME_SEMVER},
	{"julia", VULN_SCHEME_SEMVER},
	{"pub", VULN_SCHEME_SEMVER},
	{"swifturl", VULN_SCHEME_SEMVER},
	{"debian", VULN_SCHEME_DEBIAN},
	{"ubuntu", VULN_SCHEME_DEBIAN},
	{"echo", VULN_SCHEME_DEBIAN},
	{"deb", VULN_SCHEME_DEBIAN},
	{"dpkg", VULN_SCHEME_DEBIAN},
	{"alpine", VULN_SCHEME_ALPINE},
	{"alpaquita", VULN_SCHEME_ALPINE},
	{"bellsoft hardened containers", VULN_SCHEME_ALPINE},
	{"chainguard", VULN_SCHEME_ALPINE},
	{"minimos", VULN_SCHEME_ALPINE},
	{"wolfi", VULN_SCHEME_ALPINE},
	{"apk", VULN_SCHEME_ALPINE},
	{"rpm", VULN_SCHEME_RPM},
	{"almalinux", VULN_SCHEME_RPM},
	{"azure linux", VULN_SCHEME_RPM},
	{"mageia", VULN_SCHEME_RPM},
	{"openeuler", VULN_SCHEME_RPM},
	{"opensuse", VULN_SCHEME_RPM},
	{"photon os", VULN_SCHEME_RPM},
	{"red hat", VULN_SCHEME_RPM},
	{"rocky linux", VULN_SCHEME_RPM},
	{"suse", VULN_SCHEME_RPM},
	{"npm", VULN_SCHEME_NPM},
	{"pypi", VULN_SCHEME_PYPI},
	{"maven", VULN_SCHEME_MAVEN},
	{"crates.io", VULN_SCHEME_CRATES},
	{"crates", VULN_SCHEME_CRATES},
	{"cargo", VULN_SCHEME_CRATES},
};

bool vuln_scheme_find(struct rf_str ecosystem, enum vuln_scheme *ret)
{
	struct rf_str name;

	(void)rf_str_cut(ecosystem, ':', &name);
	for (size_t i = 0; i < RF_ARRAY_LEN(ecosystems); i++) {
		if (version_is_word(name, ecosystems[i].name)) {
			*ret = ecosystems[i].scheme;
			return true;
		}
	}
	return false;
}

const char *vuln_scheme_name(enum vuln_scheme scheme)
{
	return schemes[scheme].name;
}

static int invalid(enum vuln_scheme scheme, struct rf_str text, struct rf_err *err)
{
	if (text.len > VULN_VERSION_MAX)
		return rf_err_set(err, RF_EINPUT, "\"%.40s...\" is no %s version: over %d bytes",
			text.ptr, schemes[scheme].name, VULN_VERSION_MAX);
	return rf_err_set(err, RF_EINPUT, "\"" RF_STR_FMT "\" is no %s version",
		(int)(text.len < 300 ? text.len : 300), text.ptr ? text.ptr : "",
		schemes[scheme].name);
}

static bool length_ok(struct rf_str text)
{
	return text.len > 0 && text.len <= VULN_VERSION_MAX;
}

bool vuln_version_valid(enum vuln_scheme scheme, struct rf_str text)
{
	return length_ok(text) && schemes[scheme].order->valid(text);
}

int vuln_version_compare(
	enum vuln_scheme scheme, struct rf_str a, struct rf_str b, int *ret, struct rf_err *err)
{
	if (length_ok(a) && length_ok(b) && schemes[scheme].order->compare(a, b, ret))
		return RF_OK;
	return invalid(scheme, vuln_version_valid(scheme, a) ? b : a, err);
}

/* --- what schemes share --- */

static struct rf_str without_zeros(struct rf_str s)
{
	while (s.len && s.ptr[0] == '0')
		s = version_skip(s, 1);
	return s;
}

int version_cmp_bytes(struct rf_str a, struct rf_str b)
{
	return version_sign(rf_str_cmp(a, b));
}

int version_cmp_numbers(struct rf_str a, struct rf_str b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return version_cmp_bytes(a, b);
}

bool version_is_word(struct rf_str s, const char *word)
{
	size_t i = 0;

	while (i < s.len && word[i] && version_lower(s.ptr[i]) == word[i])
		i++;
	return i == s.len && !word[i];
}
