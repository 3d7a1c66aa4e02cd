/* CVSS vectors: what is read has a score and the level of it. */
#include "image/vuln/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str vector = {.ptr = size ? (const char *)data : "", .len = size};
	struct cvss cvss;
	struct rf_err err;
	enum vuln_level level;
	int rc = cvss_parse(vector, &cvss, &err);

	if (vuln_level_find(vector, &level) && !vuln_level_name(level))
		abort();
	if (rc < 0)
		return rc == RF_EINPUT && err.msg[0] ? 0 : (abort(), 0);
	if (cvss.base_tenths > 100 || (cvss.level == VULN_LEVEL_NONE) != (cvss.base_tenths == 0))
		abort();
	return 0;
}
