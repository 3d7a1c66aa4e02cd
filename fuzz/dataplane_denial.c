/* The first bytes of denied packets, written by whoever was denied. */
#include "dataplane/denial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct denial denial = {0};

	if (!denial_read_packet(data, size, &denial))
		return 0;
	if (denial.from.family != denial.to.family || denial.proto > POLICY_OTHER)
		abort();
	if (denial.proto == POLICY_OTHER && (denial.from_port || denial.to_port))
		abort();
	return 0;
}
