/* SPIFFE IDs: what is accepted holds only what the standard allows, and names itself again. */
#include "mesh/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct identity *id)
{
	const size_t scheme = sizeof(IDENTITY_SCHEME) - 1;
	struct rf_str namespace, account;
	char again[IDENTITY_MAX + 1];

	if (id->text.len > IDENTITY_MAX ||
		id->trust_domain.len + id->path.len + scheme != id->text.len)
		abort();
	if (id->path.len && (id->path.ptr[0] != '/' || id->path.ptr[id->path.len - 1] == '/'))
		abort();
	for (size_t i = 0; i < id->text.len; i++) {
		if (id->text.ptr[i] <= ' ' || id->text.ptr[i] > '~' || id->text.ptr[i] == '%')
			abort();
	}
	if (!identity_workload(id, &namespace, &account))
		return;
	if (identity_make(id->trust_domain, namespace, account, again, NULL) < 0 ||
		!rf_str_is(id->text, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	struct identity id;

	if (identity_parse(input, &id, NULL) == RF_OK)
		check(&id);
	return 0;
}
