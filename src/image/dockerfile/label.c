/* URLs, times, licences, hashes, versions and mail addresses, as far as a label needs them. */
#include <ctype.h>

#include "image/dockerfile/label_int.h"

static const struct {
	const char *name;
	enum check_label_type type;
} type_names[] = {
	{"text", CHECK_LABEL_TEXT},
	{"url", CHECK_LABEL_URL},
	{"rfc3339", CHECK_LABEL_RFC3339},
	{"spdx", CHECK_LABEL_SPDX},
	{"hash", CHECK_LABEL_HASH},
	{"semver", CHECK_LABEL_SEMVER},
	{"email", CHECK_LABEL_EMAIL},
};

bool check_label_type_find(struct rf_str text, enum check_label_type *ret)
{
	*ret = CHECK_LABEL_TEXT;
	for (size_t i = 0; i < RF_ARRAY_LEN(type_names); i++) {
		if (!rf_str_is(text, type_names[i].name))
			continue;
		*ret = type_names[i].type;
		return true;
	}
	return text.len == 0;
}

static bool all_in(struct rf_str s, const char *set)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!isalnum((unsigned char)s.ptr[i]) && (!s.ptr[i] || !strchr(set, s.ptr[i])))
			return false;
	}
	return true;
}

/* RFC 3986: a scheme, then characters of URIs only. */
static bool is_url(struct rf_str s)
{
	struct rf_str scheme, rest = rf_str_cut(s, ':', &scheme);

	return rest.ptr && scheme.len && isalpha((unsigned char)scheme.ptr[0]) &&
	       all_in(scheme, "+-.") && all_in(rest, "-._~:/?#[]@!$&'()*+,;=%");
}

static bool digits(struct rf_str s, size_t at, size_t count, int max, int *ret)
{
	*ret = 0;
	if (s.len - at < count || at > s.len)
		return false;
	for (size_t i = at; i < at + count; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return false;
		*ret = *ret * 10 + (s.ptr[i] - '0');
	}
	return *ret <= max;
}

static bool is_zone(struct rf_str s)
{
	int hours, minutes;

	if (rf_str_is(s, "Z") || rf_str_is(s, "z"))
		return true;
	return s.len == 6 && (s.ptr[0] == '+' || s.ptr[0] == '-') && s.ptr[3] == ':' &&
	       digits(s, 1, 2, 23, &hours) && digits(s, 4, 2, 59, &minutes);
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* 2006-01-02T15:04:05.999Z */
static bool is_time(struct rf_str s)
{
	int year, month, day, hour, minute, second;
	size_t at = 19;

	if (s.len < 20 || s.ptr[4] != '-' || s.ptr[7] != '-' || !strchr("Tt", s.ptr[10]) ||
		s.ptr[13] != ':' || s.ptr[16] != ':')
		return false;
	if (!digits(s, 0, 4, 9999, &year) || !digits(s, 5, 2, 12, &month) ||
		!digits(s, 8, 2, 31, &day) || !digits(s, 11, 2, 23, &hour) ||
		!digits(s, 14, 2, 59, &minute) || !digits(s, 17, 2, 60, &second) || !month || !day)
		return false;
	if (day > days_of(year, month))
		return false;
	if (s.ptr[at] == '.') {
		for (at++; at < s.len && isdigit((unsigned char)s.ptr[at]);)
			at++;
	}
	return is_zone((struct rf_str){s.ptr + at, s.len - at});
}

static bool is_license(struct rf_str s)
{
	size_t low = 0, high = check_spdx_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = rf_str_cmp(s, rf_str_of(check_spdx_ids[middle]));

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool is_hash(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!s.ptr[i] || !strchr("0123456789abcdef", s.ptr[i]))
			return false;
	}
	return s.len == 40 || s.len == 7;
}

/* Identifiers between dots; numbers without leading zeros when strict. */
static bool is_dotted(struct rf_str s, bool numbers, bool strict)
{
	struct rf_str part;

	do {
		bool numeric = true;

		s = rf_str_cut(s, '.', &part);
		for (size_t i = 0; i < part.len; i++)
			numeric &= isdigit((unsigned char)part.ptr[i]) != 0;
		if (!part.len || !all_in(part, "-") || (numbers && !numeric))
			return false;
		if (strict && numeric && part.len > 1 && part.ptr[0] == '0')
			return false;
	} while (s.ptr);
	return true;
}

/* Semantic Versioning 2.0.0 */
static bool is_version(struct rf_str s)
{
	struct rf_str core, pre, build = rf_str_cut(s, '+', &core);
	size_t dots = 0;

	pre = rf_str_cut(core, '-', &core);
	for (size_t i = 0; i < core.len; i++)
		dots += core.ptr[i] == '.';
	return dots == 2 && is_dotted(core, true, true) &&
	       (!pre.ptr || is_dotted(pre, false, true)) &&
	       (!build.ptr || is_dotted(build, false, false));
}

/* "any text"@ */
static bool is_quoted(struct rf_str local)
{
	return local.len > 2 && local.ptr[0] == '"' && local.ptr[local.len - 1] == '"';
}

/* An address of RFC 5322 without comments. */
static bool is_email(struct rf_str s)
{
	struct rf_str local, part, domain = rf_str_cut(s, '@', &local);

	if (!local.len || local.len > 64 || !domain.len || memchr(domain.ptr, '@', domain.len) ||
		local.ptr[0] == '.' || local.ptr[local.len - 1] == '.')
		return false;
	while (domain.ptr) {
		domain = rf_str_cut(domain, '.', &part);
		if (!part.len || !all_in(part, "-") || part.ptr[0] == '-' ||
			part.ptr[part.len - 1] == '-')
			return false;
	}
	return is_quoted(local) || all_in(local, "!#$%&'*+-/=?^_`{|}~.");
}

bool check_label_fits(enum check_label_type type, struct rf_str value)
{
	switch (type) {
	case CHECK_LABEL_TEXT: break;
	case CHECK_LABEL_URL: return is_url(value);
	case CHECK_LABEL_RFC3339: return is_time(value);
	case CHECK_LABEL_SPDX: return is_license(value);
	case CHECK_LABEL_HASH: return is_hash(value);
	case CHECK_LABEL_SEMVER: return is_version(value);
	case CHECK_LABEL_EMAIL: return is_email(value);
	}
	return true;
}
