/* Messages as bytes. The parent believes nothing of what "vuln-build" says. */
#include "image/vuln/confined_int.h"

#define MAX_COUNTS 10000 /* of one list */
#define MAX_WHAT   256	 /* bytes; longer ones are cut */

static void put_counts(struct rf_buf *out, const struct vuln_build_counts *counts)
{
	frame_put_u64(out, counts->count);
	rf_vec_each (count, counts) {
		frame_put_str(out, rf_str_of(count->what));
		frame_put_u64(out, count->count);
	}
}

void job_report_put(struct rf_buf *out, const struct vuln_build_report *report)
{
	frame_put_u64(out, report->documents);
	put_counts(out, &report->left_out);
	put_counts(out, &report->widened);
}

/* What the child says is text from outside. */
static char *printable(struct rf_str s)
{
	char *copy = rf_str_dup((struct rf_str){s.ptr, s.len < MAX_WHAT ? s.len : MAX_WHAT});

	for (char *p = copy; p && *p; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
	}
	return copy;
}

static int get_counts(
	struct frame_reader *reader, struct vuln_build_counts *ret, struct rf_err *err)
{
	uint64_t count = frame_get_u64(reader);

	reader->failed |= count > MAX_COUNTS;
	for (uint64_t i = 0; i < count && !reader->failed; i++) {
		struct rf_str what = frame_get_str(reader);
		struct vuln_build_count *item = reader->failed ? NULL : rf_vec_add(ret);

		if (reader->failed)
			break;
		if (!item || !(item->what = printable(what)))
			return rf_err_nomem(err);
		item->count = (size_t)frame_get_u64(reader);
	}
	return RF_OK;
}

int job_report_get(struct rf_str payload, struct vuln_build_report *ret, struct rf_err *err)
{
	CLEANUP(vuln_build_report_done) struct vuln_build_report report = {.documents = 0};
	struct frame_reader reader = {.rest = payload};
	int rc;

	report.documents = (size_t)frame_get_u64(&reader);
	rc = get_counts(&reader, &report.left_out, err);
	if (rc == RF_OK)
		rc = get_counts(&reader, &report.widened, err);
	if (rc < 0)
		return rc;
	if (!frame_reader_ok(&reader))
		return rf_err_set(err, RF_EINPUT, "a malformed message");
	vuln_build_report_done(ret);
	*ret = report;
	report = (struct vuln_build_report){.documents = 0};
	return RF_OK;
}

int job_apply_get(
	struct rf_str payload, size_t fd_count, struct image_digest *ret, struct rf_err *err)
{
	if (payload.len != sizeof(ret->bytes) || fd_count != JOB_APPLY_FDS)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	memcpy(ret->bytes, payload.ptr, sizeof(ret->bytes));
	return RF_OK;
}
