/*
 * Database files, as they are, and with hashes and signature put in place: one who signs may be an
 * enemy, too.
 */
#include "fuzz/check_vuln.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF file = {0};
	AUTO_VULN_DB *raw = check_open((struct rf_bytes){data, size}), *sealed = NULL;

	if (raw)
		(void)check_all(raw);
	rf_buf_add(&file, data, size);
	check_seal(&file);
	sealed = check_open((struct rf_bytes){(const uint8_t *)file.data, file.len});
	if (sealed)
		(void)check_all(sealed);
	return 0;
}
