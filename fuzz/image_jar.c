/* Jars, and jars in them. */
#include "fuzz/check_pkg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_reader(pkg_jar_read, data, size);
	return 0;
}
