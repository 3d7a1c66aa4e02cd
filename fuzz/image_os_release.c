/* os-release: what is read is terminated and fit to be shown. */
#include "image/pkg/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size)
		abort();
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)text[i] < 0x20)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pkg_os os;

	if (pkg_os_read((struct rf_bytes){.ptr = data, .len = size}, &os, NULL) < 0)
		return 0;
	check_text(os.id, sizeof(os.id));
	check_text(os.version, sizeof(os.version));
	check_text(os.pretty, sizeof(os.pretty));
	check_text(os.ecosystem, sizeof(os.ecosystem));
	return 0;
}
