/* RPM's three databases, told by their first bytes. */
#include "fuzz/check_pkg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_reader(pkg_rpm_read, data, size);
	return 0;
}
