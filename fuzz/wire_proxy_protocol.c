/* PROXY headers: every beginning needs more; what is read and written again reads the same. */
#include "base/attr.h"
#include "wire/proxy_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool are_same(const struct proxy_addresses *a, const struct proxy_addresses *b)
{
	return rf_ip_eq(&a->source, &b->source) && rf_ip_eq(&a->destination, &b->destination) &&
	       (!a->source.family || (a->source_port == b->source_port &&
					     a->destination_port == b->destination_port));
}

static void check_written(const struct proxy_addresses *addresses)
{
	struct proxy_addresses again;
	AUTO_BUF out = {0};
	size_t len;

	proxy_protocol_write(addresses, &out);
	if (proxy_protocol_read((struct rf_bytes){(const uint8_t *)out.data, out.len}, &again,
		    &len) != PROXY_PROTOCOL_OK ||
		len != out.len || !are_same(addresses, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[1];
	const struct rf_bytes input = {size ? data : none, size};
	struct proxy_addresses addresses, again;
	size_t len = 0, short_len = 0;
	enum proxy_protocol_kind kind = proxy_protocol_read(input, &addresses, &len);

	if (kind == PROXY_PROTOCOL_MORE && size >= PROXY_PROTOCOL_MAX)
		abort();
	if (kind != PROXY_PROTOCOL_OK)
		return 0;
	if (len == 0 || len > size || len > PROXY_PROTOCOL_MAX ||
		addresses.source.family != addresses.destination.family)
		abort();
	check_written(&addresses);
	/* A verdict does not need what comes behind, and not less than the header. */
	if (proxy_protocol_read((struct rf_bytes){input.ptr, len}, &again, &short_len) !=
			PROXY_PROTOCOL_OK ||
		short_len != len)
		abort();
	if (proxy_protocol_read((struct rf_bytes){input.ptr, len - 1}, &again, &short_len) !=
		PROXY_PROTOCOL_MORE)
		abort();
	return 0;
}
