/* A header of RPM, as every database holds it. */
#include "fuzz/check_pkg.h"
#include "image/pkg/rpm_int.h"

static int read_header(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct rpm_reading reading = {.out.sink = sink, .file = file, .budget = file.len};

	return rpm_header_read(&reading, file, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_reader(read_header, data, size);
	return 0;
}
