/* One pass over sorted events, which a binary search would not beat: ranges have a few. */
#include "image/vuln/range.h"

static bool is_beginning(const struct vuln_event *event)
{
	return event->kind == VULN_EVENT_INTRODUCED && rf_str_is(event->version, "0");
}

/* OSV's "*": beyond every version. */
static bool is_unlimited(const struct vuln_event *event)
{
	return event->kind == VULN_EVENT_LIMIT && rf_str_is(event->version, "*");
}

/* Events of equal versions keep their order: "fixed 1, introduced 1" opens, the reverse closes. */
static int event_order(
	enum vuln_scheme scheme, const struct vuln_event *a, const struct vuln_event *b)
{
	int order = 0;

	if (is_beginning(a) || is_beginning(b))
		return (int)is_beginning(b) - (int)is_beginning(a);
	if (is_unlimited(a) || is_unlimited(b))
		return (int)is_unlimited(a) - (int)is_unlimited(b);
	return vuln_version_compare(scheme, a->version, b->version, &order, NULL) < 0 ? 0 : order;
}

void vuln_range_sort(enum vuln_scheme scheme, struct vuln_event *events, size_t *count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		struct vuln_event event = events[i];
		size_t at = kept;

		if (!is_beginning(&event) && !is_unlimited(&event) &&
			!vuln_version_valid(scheme, event.version))
			continue;
		for (; at > 0 && event_order(scheme, &events[at - 1], &event) > 0; at--)
			events[at] = events[at - 1];
		events[at] = event;
		kept++;
	}
	*count = kept;
}

int vuln_range_contains(enum vuln_scheme scheme, const struct vuln_event *events, size_t count,
	struct rf_str version, bool *ret, struct rf_err *err)
{
	bool affected = false, limited = false, below_limit = false;

	for (size_t i = 0; i < count; i++) {
		int order = is_unlimited(&events[i]) ? -1 : 1, rc = RF_OK;

		if (!is_beginning(&events[i]) && !is_unlimited(&events[i]))
			rc = vuln_version_compare(scheme, version, events[i].version, &order, err);
		if (rc < 0)
			return rc;
		switch (events[i].kind) {
		case VULN_EVENT_INTRODUCED: affected |= order >= 0; break;
		case VULN_EVENT_FIXED: affected &= order < 0; break;
		case VULN_EVENT_LAST_AFFECTED: affected &= order <= 0; break;
		case VULN_EVENT_LIMIT:
			limited = true;
			below_limit |= order < 0;
			break;
		}
	}
	*ret = affected && (!limited || below_limit);
	return RF_OK;
}
