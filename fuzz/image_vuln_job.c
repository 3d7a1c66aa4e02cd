/*
 * What the parent of a "vuln-build" that is somebody else's by now has to read, and what that child
 * reads first: the message's type, the number of descriptors, the payload. Text that is taken is
 * harmless, and what was taken is the same when it is sent on.
 */
#include "image/vuln/confined_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a report: ASCII; of an error: no control characters. */
static void check_text(const char *text, uint8_t last)
{
	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte < ' ' || byte == 0x7f || byte > last)
			abort();
	}
}

static void check_counts(const struct vuln_build_counts *counts)
{
	rf_vec_each (count, counts)
		check_text(count->what, '~');
}

static void check_report(struct rf_str payload)
{
	CLEANUP(vuln_build_report_done) struct vuln_build_report report = {.documents = 0};
	CLEANUP(vuln_build_report_done) struct vuln_build_report again = {.documents = 0};
	AUTO_BUF out = {0}, same = {0};
	struct rf_err err = {.code = RF_OK};
	int rc = job_report_get(payload, &report, &err);

	if (rc > 0 || (rc < 0 && (rc != RF_EINPUT || report.left_out.count || !err.msg[0])))
		abort();
	if (rc < 0)
		return;
	check_counts(&report.left_out);
	check_counts(&report.widened);
	job_report_put(&out, &report);
	if (job_report_get(rf_buf_str(&out), &again, NULL) < 0)
		abort();
	job_report_put(&same, &again);
	if (!rf_str_eq(rf_buf_str(&out), rf_buf_str(&same)))
		abort();
}

static void check_error(struct rf_str payload)
{
	struct frame_reader reader = {.rest = payload};
	struct rf_err err = {.code = RF_OK};

	if (frame_get_err(&reader, &err) >= 0 || err.code < RF_EINTERNAL)
		abort();
	check_text(err.msg, UINT8_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rf_str payload = {(const char *)data + 2, size - 2};
	struct image_digest digest;
	int rc;

	if (size < 2)
		return 0;
	switch (data[0] % 3) {
	case 0: check_report(payload); break;
	case 1: check_error(payload); break;
	default:
		rc = job_apply_get(payload, data[1], &digest, NULL);
		if (rc > 0 || (rc == RF_OK && (data[1] != JOB_APPLY_FDS || payload.len != 32)))
			abort();
	}
	return 0;
}
