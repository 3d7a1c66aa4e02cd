/*
 * A report as the scanner sends it: fields one after the other, as in proc/frame.h. The reader
 * trusts nothing: counts and indexes are checked, and text becomes valid UTF-8 without control
 * characters.
 */
#ifndef RF_IMAGE_SCAN_CODEC_INT_H
#define RF_IMAGE_SCAN_CODEC_INT_H

#include "base/buf.h"
#include "image/scan/report.h"

#define SCAN_REPORT_MAX ((size_t)256 << 20) /* bytes of an encoded report */

/* A copy in which control characters and bytes that are no UTF-8 are '?'; absent without memory. */
struct rf_str scan_text_clean(struct rf_arena *arena, struct rf_str text);

#define SCAN_REPORT_PIECE ((size_t)64 << 10)

/* Takes what is in the buffer as soon as it is a piece; false when it could not: it stays. */
struct scan_report_flush {
	bool (*piece)(void *ctx, struct rf_str piece);
	void *ctx;
};

/*
 * What a scanner knows: packages, findings, secrets, files, notes, the os, who made layers. The end
 * is in out, and with flush NULL the whole.
 */
void scan_report_put(const struct scan_report *report, const struct scan_report_flush *flush,
	struct rf_buf *out);
/* Adds it to report, whose arena takes everything. RF_EINPUT: malformed. */
int scan_report_get(
	struct rf_str payload, struct scan_report *report, struct rf_err *err) RF_MUST_USE;

#endif
