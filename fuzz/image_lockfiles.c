/* Lock files and manifests: the first line is the path, which chooses the reader. */
#include "fuzz/check_pkg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	struct rf_str path, rest = rf_str_cut(input, '\n', &path);
	const struct pkg_reader *reader = pkg_reader_find(path);

	if (reader)
		check_reader(reader->read, (const uint8_t *)rest.ptr, rest.len);
	return 0;
}
