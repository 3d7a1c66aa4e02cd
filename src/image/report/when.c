/* The civil calendar by arithmetic: years begin in March, so that the leap day comes last. */
#include "image/report/when.h"

#include "base/num.h"

#define DAY_S	  86400
#define ERA_DAYS  146097 /* of 400 years */
#define EPOCH_DAY 719468 /* 1970-01-01, counted from 0000-03-01 */

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - EPOCH_DAY;
}

static int64_t month_days(uint64_t year, uint64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* len digits at the beginning of *text, and what follows them, sep (0: nothing is asked for). */
static bool take_number(struct rf_str *text, size_t len, char sep, uint64_t max, uint64_t *ret)
{
	size_t used = len + (sep != 0);

	if (text->len < used || !rf_num_u64((struct rf_str){text->ptr, len}, max, ret))
		return false;
	if (sep && text->ptr[len] != sep)
		return false;
	*text = (struct rf_str){text->ptr + used, text->len - used};
	return true;
}

static bool take_date(struct rf_str *text, int64_t *ret_s)
{
	uint64_t year, month, day;

	if (!take_number(text, 4, '-', 9999, &year) || !take_number(text, 2, '-', 12, &month) ||
		!take_number(text, 2, 0, 31, &day))
		return false;
	if (year < 1970 || month == 0 || day == 0 || (int64_t)day > month_days(year, month))
		return false;
	*ret_s = days_of((int64_t)year, (int64_t)month, (int64_t)day) * DAY_S;
	return true;
}

bool when_parse_date(struct rf_str text, int64_t *ret_s)
{
	int64_t s;

	if (!take_date(&text, &s) || text.len)
		return false;
	*ret_s = s;
	return true;
}

static void skip_fraction(struct rf_str *text)
{
	size_t len = 1;

	if (text->len < 2 || text->ptr[0] != '.')
		return;
	while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9')
		len++;
	if (len > 1)
		*text = (struct rf_str){text->ptr + len, text->len - len};
}

/* "Z" or "+01:30", all that is left. */
static bool take_offset(struct rf_str text, int64_t *ret_s)
{
	uint64_t hours, minutes;
	char sign = text.len ? text.ptr[0] : '\0';

	*ret_s = 0;
	if (text.len == 1 && (sign == 'Z' || sign == 'z'))
		return true;
	if (text.len != 6 || (sign != '+' && sign != '-'))
		return false;
	text = (struct rf_str){text.ptr + 1, 5};
	if (!take_number(&text, 2, ':', 23, &hours) || !take_number(&text, 2, 0, 59, &minutes))
		return false;
	*ret_s = (int64_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

bool when_parse(struct rf_str text, int64_t *ret_s)
{
	uint64_t hour, minute, second;
	int64_t s, offset_s;

	if (!take_date(&text, &s) || text.len == 0)
		return false;
	if (text.ptr[0] != 'T' && text.ptr[0] != 't' && text.ptr[0] != ' ')
		return false;
	text = (struct rf_str){text.ptr + 1, text.len - 1};
	if (!take_number(&text, 2, ':', 23, &hour) || !take_number(&text, 2, ':', 59, &minute) ||
		!take_number(&text, 2, 0, 60, &second))
		return false;
	skip_fraction(&text);
	if (!take_offset(text, &offset_s))
		return false;
	s += (int64_t)(hour * 3600 + minute * 60 + second) - offset_s;
	if (s < 0 || s > WHEN_MAX)
		return false;
	*ret_s = s;
	return true;
}

const char *when_text(int64_t s, char out[static WHEN_TEXT_SIZE])
{
	int64_t day, era, year, of_year, month, in_day;

	s = s < 0 ? 0 : s > WHEN_MAX ? WHEN_MAX : s;
	in_day = s % DAY_S;
	day = s / DAY_S + EPOCH_DAY;
	era = day / ERA_DAYS;
	day -= era * ERA_DAYS;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	of_year = day - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	snprintf(out, WHEN_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
		(unsigned)month % 100, (unsigned)day % 100, (unsigned)(in_day / 3600) % 100,
		(unsigned)(in_day / 60 % 60), (unsigned)(in_day % 60));
	return out;
}
