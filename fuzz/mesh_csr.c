/* What the keeper's clients send: a certificate request. */
#include "mesh/ca_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_PKEY *key = NULL;
	struct rf_err err;

	if (ca_csr_key((struct rf_bytes){len ? data : (const uint8_t *)"", len}, &key, &err) ==
			RF_OK &&
		!key)
		abort();
	return 0;
}
