/*
 * Whether a version lies in a range of OSV events (ossf.github.io/osv-schema, "Evaluation"). Pure.
 *
 * Events are put in order; a version is affected when the last event at or below it opened the
 * range: introduced <= v opens ("0" is below everything), fixed <= v closes, last_affected < v
 * closes; with limits, v must be below one of them ("*" is above everything).
 */
#ifndef RF_IMAGE_VULN_RANGE_H
#define RF_IMAGE_VULN_RANGE_H

#include "image/vuln/version.h"

enum vuln_event_kind {
	VULN_EVENT_INTRODUCED,
	VULN_EVENT_FIXED,
	VULN_EVENT_LAST_AFFECTED,
	VULN_EVENT_LIMIT,
};

struct vuln_event {
	enum vuln_event_kind kind;
	struct rf_str version;
};

#define VULN_MAX_EVENTS 1024 /* of one range */

/* Puts events in the order that vuln_range_contains() wants. Those that are no versions go. */
void vuln_range_sort(enum vuln_scheme scheme, struct vuln_event *events, size_t *count);

/*
 * *ret: true when version is in the range. events are sorted. RF_EINPUT when version is none of
 * the scheme.
 */
int vuln_range_contains(enum vuln_scheme scheme, const struct vuln_event *events, size_t count,
	struct rf_str version, bool *ret, struct rf_err *err) RF_MUST_USE;

#endif
