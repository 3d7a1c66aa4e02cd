/* Ignore files: one that is refused suppresses nothing, and says why. */
#include "image/report/ignore.h"
#include "image/report/report.h"
#include "tests/unit/image/report/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795600000 /* 2026-11-25 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str text = {.ptr = size ? (const char *)data : "", .len = size};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};
	struct ignore_result result = {.suppressed = 0};
	size_t before = 0, after = 0;
	int rc;

	for (size_t i = 0; i < r->finding_count; i++)
		before += report_counts(&r->findings[i]);
	rc = ignore_apply(r, text, "fuzz", NOW, &diags, &result);
	for (size_t i = 0; i < r->finding_count; i++)
		after += report_counts(&r->findings[i]);
	if (rc < 0 ? before != after || diags.error_count == 0
		   : before - after != result.suppressed)
		abort();
	return 0;
}
