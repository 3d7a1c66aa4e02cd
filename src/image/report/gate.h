/*
 * The gate: whether what a scan found may run. Pure: the time is the caller's.
 *
 * A finding counts when it is not suppressed, its tier is at least the gate's, it has a fix where
 * only fixable ones are asked for, and its level is the gate's or worse. By level:
 *
 *	any		every finding, whatever its level; unrated ones and those of score 0 too
 *	low, medium,	findings of that level or worse, and unrated ones: nobody has said that they
 *	high		are harmless
 *	critical	critical findings; unrated ones do not fail it, because that would refuse
 *			nearly every program for want of data, but the verdict names them.
 *			An unrated one that is known to be exploited counts as critical.
 *
 * Whatever the level, these fail by name: a packed program, unless it is ignored; a gate without a
 * vulnerability database; a database older than the limit, one whose age cannot be told, one from
 * the future (by more than a day: a clock is wrong); failures that the caller brings (expired
 * entries of an ignore file).
 */
#ifndef RF_IMAGE_REPORT_GATE_H
#define RF_IMAGE_REPORT_GATE_H

#include "base/buf.h"
#include "image/scan/report.h"

struct gate_opts {
	bool on; /* --fail-on was given */
	bool any;
	enum vuln_level min_level; /* unless any: low, medium, high or critical */
	bool fixable;
	/*
	 * The least tier that counts: LINKED is the usual one. ABSENT counts all, as tools do that
	 * look at versions only.
	 */
	enum scan_tier tier;
	bool secrets; /* secrets of that severity count as well (any: all of them) */
	int64_t now_s;
	uint64_t max_age_s;	   /* of the database; 0: no limit */
	struct scan_strs failures; /* sentences that fail the gate as they are */
};

/* Sentences live in the arena given to gate_judge(). */
struct gate_verdict {
	bool pass;
	size_t finding_count;	  /* findings that count */
	struct scan_strs reasons; /* why it fails; empty when it passes */
	struct scan_strs notes;	  /* what a person should know all the same */
};

/* "any" or the name of a level from low upwards; false for others. Sets on, any and min_level. */
bool gate_level_find(struct rf_str name, struct gate_opts *ret) RF_MUST_USE;

/* Whether a database of that time is young enough; out gets the sentence when it is not. */
bool gate_age_good(const struct gate_opts *opts, int64_t built_s, struct rf_buf *out) RF_MUST_USE;

bool gate_counts(const struct gate_opts *opts, const struct scan_finding *finding);

/* RF_EINTERNAL when memory ran out. */
int gate_judge(const struct gate_opts *opts, const struct scan_report *report,
	struct rf_arena *arena, struct gate_verdict *ret) RF_MUST_USE;

#endif
