/* A report as a hostile scanner would send it: what is taken is bounded, and text is harmless. */
#include "image/scan/codec_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct rf_str text)
{
	if (text.ptr[text.len] != '\0')
		abort();
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = (uint8_t)text.ptr[i];

		/* C1 controls are c2 80 to c2 9f. */
		if (byte < ' ' || byte == 0x7f || (byte == 0xc2 && (uint8_t)text.ptr[i + 1] < 0xa0))
			abort();
	}
}

static void check_list(const struct scan_strs *list)
{
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i]);
}

static void check_report(struct scan_report *report)
{
	AUTO_BUF again = {.len = 0};

	for (size_t i = 0; i < report->package_count; i++)
		check(report->packages[i].name);
	for (size_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].package >= report->package_count)
			abort();
		check(report->findings[i].id);
		check_list(&report->findings[i].aliases);
		check_list(&report->findings[i].path);
	}
	for (size_t i = 0; i < report->secret_count; i++)
		check(report->secrets[i].location);
	for (size_t i = 0; i < report->file_count; i++)
		check(report->files[i].detail);
	check_list(&report->notes);
	if (scan_report_sort(report) < 0)
		abort();
	scan_report_put(report, NULL, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_SCAN_REPORT *report = scan_report_new();
	struct rf_err err = {.code = RF_OK};
	int rc;

	if (!report)
		return 0;
	rc = scan_report_get((struct rf_str){(const char *)data, size}, report, &err);
	if (rc > 0 || (rc < 0 && !err.msg[0]))
		abort();
	if (rc == RF_OK)
		check_report(report);
	return 0;
}
