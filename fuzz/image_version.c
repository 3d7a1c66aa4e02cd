/*
 * Versions: the first byte is the scheme, then three lines. Whatever is a version must be equal to
 * itself, and three of them must be in an order.
 */
#include "image/vuln/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int order_of(enum vuln_scheme scheme, struct rf_str a, struct rf_str b)
{
	int order;

	if (vuln_version_compare(scheme, a, b, &order, NULL) < 0 || order < -1 || order > 1)
		abort();
	return order;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rf_str rest = {(const char *)data + 1, size - 1}, v[3];
	enum vuln_scheme scheme;
	int ab, bc;

	if (size < 2)
		return 0;
	scheme = (enum vuln_scheme)(data[0] % (VULN_SCHEME_CRATES + 1));
	for (size_t i = 0; i < RF_ARRAY_LEN(v); i++) {
		rest = rf_str_cut(rest, '\n', &v[i]);
		if (!vuln_version_valid(scheme, v[i]))
			return 0;
		if (order_of(scheme, v[i], v[i]) != 0)
			abort();
	}
	ab = order_of(scheme, v[0], v[1]);
	bc = order_of(scheme, v[1], v[2]);
	if (ab != -order_of(scheme, v[1], v[0]))
		abort();
	if (ab <= 0 && bc <= 0 && order_of(scheme, v[0], v[2]) != (ab < 0 || bc < 0 ? -1 : 0))
		abort();
	return 0;
}
