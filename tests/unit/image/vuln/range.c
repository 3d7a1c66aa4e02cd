/*
 * Ranges of OSV events against a slow reference. Versions are points of a line that is written down
 * for each scheme, so that the reference compares nothing but indexes; ranges are drawn at random,
 * go through the form that they have in a database, and are asked about every point.
 */
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"

#include "image/vuln/build_int.h"

#define MAX_POINTS 16
#define MAX_DRAWN  7
#define BEGINNING  (-1)
#define NO_END	   MAX_POINTS

/* From the lowest on, all different; "=" joins two ways to write one version. */
static const struct {
	enum vuln_scheme scheme;
	const char *line;
} lines[] = {
	{VULN_SCHEME_GO, "v0.0.0-20200101000000-abcdefabcdef v0.1.0 v1.0.0-rc.1 "
			 "v1.0.0=1.0.0=v1.0.0+incompatible v1.0.1-0.20200101000000-abcdefabcdef "
			 "1.0.1 v1.2.0 1.10.0 go1.21rc2=1.21.0-rc.2 1.21.0=go1.21 2.0.0"},
	{VULN_SCHEME_SEMVER, "0.0.0 0.0.1 1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta.2 1.0.0-beta.11 "
			     "1.0.0=1.0.0+a 1.0.1 1.9.0 1.10.0 2.0.0"},
	{VULN_SCHEME_CRATES, "0.1.0-alpha 0.1.0=0.1.0+b 0.2.0 0.10.0 1.0.0-rc.1 1.0.0 9.0.0"},
	{VULN_SCHEME_NPM,
		"0.0.0-foo 0.0.0 1.2.3-4 1.2.3-a 1.2.3-r100 1.2.3-r2 1.2.3=v1.2.3 1.10.0"},
	{VULN_SCHEME_DEBIAN, "0~~ 0~ 0.1-1 1.2.3-1~bpo 1.2.3-1=0:1.2.3-1 1.2.3-1+b1 1.2.3-1.1 "
			     "1.2.3-10 1.2.3a-1 1.2.4 1:0~~ 1:0-1 2:0"},
	{VULN_SCHEME_ALPINE, "0.1.0_alpha 0.1.0_rc1 0.1.0 0.1.0-r1 0.1.0-r10 0.1.0_p1 0.1.0a "
			     "1.2.3-r0 1.2.3_git1-r0 1.10"},
	{VULN_SCHEME_RPM, "1.0~rc1-1 1.0-1=0:1.0-1 1.0^git1-1 1.0.1-1 1.0.1-2.el9 1.0.1-2.el9_1 "
			  "1.0.1-10 1.10-1 1:0.1-1"},
	{VULN_SCHEME_PYPI, "1.0.dev1 1.0a1.dev2 1.0a1 1.0b2 1.0rc1=1.0c1 1.0=1.0.0=v1.0 1.0.post1 "
			   "1.1.dev1 1.1 1.10 1!0.1"},
	{VULN_SCHEME_MAVEN, "1.0-alpha-1 1.0-beta-1 1.0-milestone-1 1.0-rc-1 1.0-snapshot "
			    "1.0=1.0.0=1.0-ga 1.0-sp 1.0.1 1.9 1.10 2"},
};

struct drawn_event {
	enum vuln_event_kind kind;
	int at; /* index of a point, BEGINNING or NO_END */
	unsigned turn;
};

struct line {
	enum vuln_scheme scheme;
	struct rf_str points[MAX_POINTS];
	int count;
};

static struct line read_line(enum vuln_scheme scheme, const char *text)
{
	struct line line = {.scheme = scheme};
	struct rf_str rest = rf_str_of(text), point;

	while (rest.ptr && line.count < MAX_POINTS) {
		rest = rf_str_cut(rest, ' ', &point);
		line.points[line.count++] = point;
	}
	return line;
}

/* One of the ways to write a point. */
static struct rf_str spelling(struct rng *rng, struct rf_str point)
{
	struct rf_str rest = rf_str_cut(point, '=', &point), other;

	while (rest.ptr) {
		rest = rf_str_cut(rest, '=', &other);
		if (rng_below(rng, 2))
			point = other;
	}
	return point;
}

/* --- the reference --- */

static bool comes_before(const struct drawn_event *a, const struct drawn_event *b)
{
	return a->at != b->at ? a->at < b->at : a->turn < b->turn;
}

static bool closes(const struct drawn_event *event, int point)
{
	return (event->kind == VULN_EVENT_FIXED && event->at <= point) ||
	       (event->kind == VULN_EVENT_LAST_AFFECTED && event->at < point);
}

/* Some beginning at or below the point, with no end between the two; and below some limit. */
static bool is_inside(const struct drawn_event *events, size_t count, int point)
{
	bool inside = false, limited = false, below = false;

	for (size_t i = 0; i < count; i++) {
		bool open = events[i].kind == VULN_EVENT_INTRODUCED && events[i].at <= point;

		for (size_t j = 0; j < count; j++)
			open &= !(
				comes_before(&events[i], &events[j]) && closes(&events[j], point));
		inside |= open;
		limited |= events[i].kind == VULN_EVENT_LIMIT;
		below |= events[i].kind == VULN_EVENT_LIMIT && point < events[i].at;
	}
	return inside && (!limited || below);
}

/* --- what is tested --- */

static void draw_event(struct rng *rng, const struct line *line, struct drawn_event *ret)
{
	static const enum vuln_event_kind kinds[] = {VULN_EVENT_INTRODUCED, VULN_EVENT_INTRODUCED,
		VULN_EVENT_INTRODUCED, VULN_EVENT_FIXED, VULN_EVENT_FIXED, VULN_EVENT_LAST_AFFECTED,
		VULN_EVENT_LIMIT};

	ret->kind = kinds[rng_below(rng, RF_ARRAY_LEN(kinds))];
	ret->at = (int)rng_below(rng, (unsigned)line->count);
	if (ret->kind == VULN_EVENT_INTRODUCED && rng_below(rng, 3) == 0)
		ret->at = BEGINNING;
	if (ret->kind == VULN_EVENT_LIMIT && rng_below(rng, 6) == 0)
		ret->at = NO_END;
}

static size_t draw_range(struct rng *rng, const struct line *line, struct drawn_event *drawn,
	struct build_entry *entry)
{
	struct vuln_event events[MAX_DRAWN];
	size_t count = 1 + rng_below(rng, MAX_DRAWN);

	for (size_t i = 0; i < count; i++) {
		draw_event(rng, line, &drawn[i]);
		drawn[i].turn = (unsigned)i;
		events[i].kind = drawn[i].kind;
		events[i].version = drawn[i].at == BEGINNING ? RF_STR("0")
				    : drawn[i].at == NO_END
					    ? RF_STR("*")
					    : spelling(rng, line->points[drawn[i].at]);
	}
	build_entry_range(entry, line->scheme, events, count);
	return count;
}

static bool says_inside(const struct line *line, struct rf_bytes ranges, struct rf_str version)
{
	struct vuln_event events[VULN_MAX_EVENTS];
	bool any = false, inside;
	size_t count;

	while (vuln_range_next(&ranges, events, VULN_MAX_EVENTS, &count)) {
		if (vuln_range_contains(line->scheme, events, count, version, &inside, NULL) < 0)
			return !any;
		any |= inside;
	}
	return any;
}

static void tell_range(const struct drawn_event *drawn, size_t count)
{
	static const char *const names[] = {"introduced", "fixed", "last affected", "limit"};

	for (size_t i = 0; i < count; i++)
		tap_diag("%s %d", names[drawn[i].kind], drawn[i].at);
}

/* One to three ranges, asked about every point; false after a difference, which is told. */
static bool compare_once(struct rng *rng, const struct line *line, size_t *ranges, size_t *inside)
{
	CLEANUP(build_entry_done) struct build_entry entry = {.ranges.len = 0};
	struct drawn_event drawn[3][MAX_DRAWN];
	size_t counts[3], range_count = 1 + rng_below(rng, 3);

	for (size_t i = 0; i < range_count; i++)
		counts[i] = draw_range(rng, line, drawn[i], &entry);
	*ranges += range_count;
	for (int point = 0; point < line->count; point++) {
		struct rf_bytes list = {(const uint8_t *)entry.ranges.data, entry.ranges.len};
		bool want = false;

		for (size_t i = 0; i < range_count; i++)
			want |= is_inside(drawn[i], counts[i], point);
		*inside += want;
		if (says_inside(line, list, spelling(rng, line->points[point])) == want)
			continue;
		for (size_t i = 0; i < range_count; i++)
			tell_range(drawn[i], counts[i]);
		CHECKF(false, "%s: point %d (" RF_STR_FMT ") should be %s",
			vuln_scheme_name(line->scheme), point, RF_STR_ARG(line->points[point]),
			want ? "inside" : "outside");
		return false;
	}
	return true;
}

static void ranges_are_what_a_slow_reference_says(void)
{
	/* The sanitizers look for other things than differences. */
	size_t wanted = getenv("RF_SANITIZED") ? 5000 : 100000;
	struct rng rng = {.state = 20261125};

	for (size_t i = 0; i < RF_ARRAY_LEN(lines); i++) {
		struct line line = read_line(lines[i].scheme, lines[i].line);
		size_t ranges = 0, inside = 0;

		while (ranges < wanted && compare_once(&rng, &line, &ranges, &inside))
			;
		CHECKF(inside > wanted && ranges >= wanted, "%zu ranges, %zu points inside", ranges,
			inside);
	}
}

static void the_lines_of_the_reference_are_in_order(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(lines); i++) {
		struct line line = read_line(lines[i].scheme, lines[i].line);
		struct rng rng = {.state = 1};

		for (int p = 1; p < line.count; p++) {
			struct rf_str low = spelling(&rng, line.points[p - 1]);
			struct rf_str high = spelling(&rng, line.points[p]);
			int order = 0;

			CHECKF(vuln_version_compare(line.scheme, low, high, &order, NULL) ==
						RF_OK &&
					order < 0,
				"%s: " RF_STR_FMT " < " RF_STR_FMT, vuln_scheme_name(line.scheme),
				RF_STR_ARG(low), RF_STR_ARG(high));
		}
	}
}

static bool contains(struct vuln_event *events, size_t count, const char *version)
{
	bool inside = false;

	vuln_range_sort(VULN_SCHEME_GO, events, &count);
	return vuln_range_contains(
		       VULN_SCHEME_GO, events, count, rf_str_of(version), &inside, NULL) == RF_OK &&
	       inside;
}

static void zero_as_introduced_is_before_everything(void)
{
	struct vuln_event events[] = {
		{VULN_EVENT_FIXED, RF_STR("1.1.0")}, {VULN_EVENT_INTRODUCED, RF_STR("0")}};

	CHECK(contains(events, 2, "v0.0.0-00010101000000-000000000000"));
	CHECK(contains(events, 2, "v1.1.0-rc.1"));
	CHECK(!contains(events, 2, "v1.1.0"));
}

static void an_event_that_is_no_version_is_dropped(void)
{
	struct vuln_event events[] = {
		{VULN_EVENT_FIXED, RF_STR("soon")}, {VULN_EVENT_INTRODUCED, RF_STR("1.0.0")}};
	size_t count = 2;

	vuln_range_sort(VULN_SCHEME_GO, events, &count);
	CHECK_INT(count, 1);
	CHECK(events[0].kind == VULN_EVENT_INTRODUCED);
}

static void a_limit_of_a_star_is_no_limit(void)
{
	struct vuln_event events[] = {{VULN_EVENT_LIMIT, RF_STR("*")},
		{VULN_EVENT_LIMIT, RF_STR("1.5.0")}, {VULN_EVENT_INTRODUCED, RF_STR("1.0.0")}};

	CHECK(contains(events, 3, "v9.0.0"));
	CHECK(!contains(events, 3, "v0.9.0"));
}

static void what_is_no_version_is_in_no_range(void)
{
	struct vuln_event events[] = {
		{VULN_EVENT_INTRODUCED, RF_STR("0")}, {VULN_EVENT_FIXED, RF_STR("1.0.0")}};
	struct rf_err err;
	bool inside = true;

	CHECK_INT(vuln_range_contains(VULN_SCHEME_GO, events, 2, RF_STR("latest"), &inside, &err),
		RF_EINPUT);
	CHECK(strstr(err.msg, "\"latest\" is no Go version"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(the_lines_of_the_reference_are_in_order);
	RUN(ranges_are_what_a_slow_reference_says);
	RUN(zero_as_introduced_is_before_everything);
	RUN(an_event_that_is_no_version_is_dropped);
	RUN(a_limit_of_a_star_is_no_limit);
	RUN(what_is_no_version_is_in_no_range);
	return TAP_END();
}
