/* VEX documents of others: whatever they say, a document that is refused suppresses nothing. */
#include "image/report/vex.h"
#include "tests/unit/image/report/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str text = {.ptr = size ? (const char *)data : "", .len = size};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};
	struct vex_count count = {.suppressed = 0};
	size_t before = 0, after = 0;
	int rc;

	for (size_t i = 0; i < r->finding_count; i++)
		before += report_counts(&r->findings[i]);
	rc = vex_apply(r, text, "fuzz", &diags, &count);
	for (size_t i = 0; i < r->finding_count; i++)
		after += report_counts(&r->findings[i]);
	if (rc < 0 ? before != after || diags.error_count == 0 : before - after != count.suppressed)
		abort();
	return 0;
}
