/*
 * os-release(5): assignments as a shell reads them, without expansion. One row a distribution says
 * what its advisories are filed under (the ecosystems of the OSV schema). A distribution without a
 * row has none: it must not be taken for one without known vulnerabilities. Red Hat's are filed
 * under product streams that os-release does not tell apart, so it has no row.
 */
#include "image/pkg/pkg_int.h"

#define MAX_OS_RELEASE ((size_t)1 << 20)
#define MAX_PARTS      64 /* bytes of a release in an ecosystem's name */

enum release {
	NO_RELEASE,   /* "Wolfi" */
	MAJOR,	      /* 9 of 9.4 */
	DEBIAN,	      /* 12; sid for what is not numbered yet */
	WHOLE,	      /* 3.0 */
	ALPINE,	      /* v3.18 of 3.18.4; edge before a release */
	UBUNTU,	      /* 22.04:LTS */
	PRETTY_AFTER, /* PRETTY_NAME= after the vendor: "Leap 15.5" */
};

struct distribution {
	const char *id;
	const char *ecosystem;
	enum release release;
};

static const struct distribution distributions[] = {
	{"almalinux", "AlmaLinux", MAJOR},
	{"alpaquita", "Alpaquita", WHOLE},
	{"alpine", "Alpine", ALPINE},
	{"chainguard", "Chainguard", NO_RELEASE},
	{"debian", "Debian", DEBIAN},
	{"echo", "Echo", NO_RELEASE},
	{"mageia", "Mageia", MAJOR},
	{"minimos", "MinimOS", NO_RELEASE},
	{"opensuse", "openSUSE", PRETTY_AFTER},
	{"opensuse-leap", "openSUSE", PRETTY_AFTER},
	{"opensuse-tumbleweed", "openSUSE", PRETTY_AFTER},
	{"photon", "Photon OS", WHOLE},
	{"rocky", "Rocky Linux", MAJOR},
	{"sled", "SUSE", PRETTY_AFTER},
	{"sles", "SUSE", PRETTY_AFTER},
	{"ubuntu", "Ubuntu", UBUNTU},
	{"wolfi", "Wolfi", NO_RELEASE},
};

/* The value of an assignment without quotes and escapes; false when it does not fit. */
static bool unquote(struct rf_str text, char *out, size_t out_size)
{
	char quote = 0;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (quote && c == quote) {
			quote = 0;
			continue;
		}
		if (c == '\\' && quote != '\'' && i + 1 < text.len)
			c = text.ptr[++i];
		if ((uint8_t)c < 0x20 || c == 0x7f || len + 1 >= out_size)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return quote == 0;
}

static bool is_digits(struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len > 0;
}

/* "3.18" of "3.18.4". */
static bool alpine_release(struct rf_str version, char out[static MAX_PARTS])
{
	struct rf_str major, minor, rest = rf_str_cut(version, '.', &major);

	rf_str_cut(rest, '.', &minor);
	if (version.len + 2 > MAX_PARTS || !is_digits(major) || minor.len == 0)
		return false;
	if (!is_digits(minor) || pkg_find(version, RF_STR("_")) < version.len)
		return rf_str_copy(RF_STR("edge"), out, MAX_PARTS);
	out[0] = 'v';
	return rf_str_copy(pkg_head(version, major.len + 1 + minor.len), out + 1, MAX_PARTS - 1);
}

/* Every second year's April release has long-term support; the name must say so. */
static bool ubuntu_release(struct rf_str version, char out[static MAX_PARTS])
{
	struct rf_str year, month = rf_str_cut(version, '.', &year);
	bool lts;

	if (version.len + sizeof(":LTS") > MAX_PARTS || !is_digits(year) || !is_digits(month))
		return false;
	lts = rf_str_is(month, "04") && (year.ptr[year.len - 1] - '0') % 2 == 0;
	memcpy(out, version.ptr, version.len);
	memcpy(out + version.len, lts ? ":LTS" : "", lts ? sizeof(":LTS") : 1);
	return true;
}

static bool release_of(
	const struct distribution *row, const struct pkg_os *os, char out[static MAX_PARTS])
{
	struct rf_str version = rf_str_of(os->version), pretty = rf_str_of(os->pretty), major;

	switch (row->release) {
	case NO_RELEASE: return rf_str_copy(RF_STR(""), out, MAX_PARTS);
	case DEBIAN:
		if (!version.len)
			return rf_str_copy(RF_STR("sid"), out, MAX_PARTS);
		/* fallthrough */
	case MAJOR:
		rf_str_cut(version, '.', &major);
		return is_digits(major) && rf_str_copy(major, out, MAX_PARTS);
	case WHOLE: return version.len && rf_str_copy(version, out, MAX_PARTS);
	case ALPINE: return alpine_release(version, out);
	case UBUNTU: return ubuntu_release(version, out);
	case PRETTY_AFTER:
		rf_str_cut(pretty, ' ', &major);
		return rf_str_is(major, row->ecosystem) && pretty.len > major.len + 1 &&
		       rf_str_copy(pkg_skip(pretty, major.len + 1), out, MAX_PARTS);
	}
	return false;
}

static void find_ecosystem(struct pkg_os *os)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(distributions); i++) {
		const struct distribution *row = &distributions[i];
		char release[MAX_PARTS];
		size_t len = strlen(row->ecosystem);

		if (strcmp(row->id, os->id) != 0)
			continue;
		if (!release_of(row, os, release))
			return;
		memcpy(os->ecosystem, row->ecosystem, len + 1);
		if (release[0]) {
			os->ecosystem[len] = ':';
			memcpy(os->ecosystem + len + 1, release, strlen(release) + 1);
		}
		return;
	}
}

int pkg_os_read(struct rf_bytes file, struct pkg_os *ret, struct rf_err *err)
{
	struct pkg_os os = {.id = ""};
	struct rf_str text = pkg_text(file), line, key;

	if (file.len > MAX_OS_RELEASE)
		return rf_err_set(
			err, RF_ELIMIT, "os-release: larger than %zu bytes", MAX_OS_RELEASE);
	while (pkg_next_line(&text, &line)) {
		struct rf_str value = pkg_trim(rf_str_cut(pkg_trim(line), '=', &key));
		bool fits = true;

		if (rf_str_is(key, "ID"))
			fits = unquote(value, os.id, sizeof(os.id));
		else if (rf_str_is(key, "VERSION_ID"))
			fits = unquote(value, os.version, sizeof(os.version));
		else if (rf_str_is(key, "PRETTY_NAME"))
			fits = unquote(value, os.pretty, sizeof(os.pretty));
		if (!fits)
			return rf_err_set(err, RF_EINPUT,
				"os-release: " RF_STR_FMT
				": too long, not closed or with control characters",
				RF_STR_ARG(key));
	}
	if (!os.id[0])
		return rf_err_set(err, RF_EINPUT, "os-release: no ID=");
	find_ecosystem(&os);
	*ret = os;
	return RF_OK;
}
