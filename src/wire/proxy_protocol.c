/* Both versions; what follows the addresses in version 2 (TLVs) is passed over. */
#include "wire/proxy_protocol.h"

#include "base/num.h"

#define SIGNATURE_LEN 12
#define HEADER_LEN    16
#define LINE_MAX_LEN  107 /* of version 1, with its CRLF */

#define COMMAND_LOCAL 0x20
#define COMMAND_PROXY 0x21
#define TCP_OVER_IPV4 0x11
#define TCP_OVER_IPV6 0x21

static const uint8_t signature[SIGNATURE_LEN] = {
	'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static uint16_t port_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void read_pair(const uint8_t *p, enum rf_family family, struct proxy_addresses *ret)
{
	size_t len = rf_family_len(family);

	ret->source.family = ret->destination.family = family;
	memcpy(ret->source.bytes, p, len);
	memcpy(ret->destination.bytes, p + len, len);
	ret->source_port = port_at(p + 2 * len);
	ret->destination_port = port_at(p + 2 * len + 2);
}

static enum proxy_protocol_kind read_v2(
	struct rf_bytes data, struct proxy_addresses *ret, size_t *ret_len)
{
	size_t len;

	if (data.len < HEADER_LEN)
		return PROXY_PROTOCOL_MORE;
	len = port_at(data.ptr + 14);
	if ((data.ptr[12] != COMMAND_LOCAL && data.ptr[12] != COMMAND_PROXY) ||
		len > PROXY_PROTOCOL_MAX - HEADER_LEN)
		return PROXY_PROTOCOL_BAD;
	if (data.len < HEADER_LEN + len)
		return PROXY_PROTOCOL_MORE;
	*ret_len = HEADER_LEN + len;
	if (data.ptr[12] == COMMAND_LOCAL)
		return PROXY_PROTOCOL_OK;
	if (data.ptr[13] == TCP_OVER_IPV4 && len >= 12)
		read_pair(data.ptr + HEADER_LEN, RF_IPV4, ret);
	else if (data.ptr[13] == TCP_OVER_IPV6 && len >= 36)
		read_pair(data.ptr + HEADER_LEN, RF_IPV6, ret);
	else if (data.ptr[13] == TCP_OVER_IPV4 || data.ptr[13] == TCP_OVER_IPV6)
		return PROXY_PROTOCOL_BAD;
	return PROXY_PROTOCOL_OK;
}

static bool read_port(struct rf_str text, uint16_t *ret)
{
	uint64_t value;

	if (!rf_num_u64(text, UINT16_MAX, &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

/* "TCP4 SOURCE DESTINATION PORT PORT", or "UNKNOWN" and anything. */
static bool read_line(struct rf_str line, struct proxy_addresses *ret)
{
	struct rf_str protocol, source, destination, port;
	struct rf_str rest = rf_str_cut(line, ' ', &protocol);
	enum rf_family family = rf_str_is(protocol, "TCP4") ? RF_IPV4 : RF_IPV6;

	if (rf_str_is(protocol, "UNKNOWN"))
		return true;
	if (family == RF_IPV6 && !rf_str_is(protocol, "TCP6"))
		return false;
	rest = rf_str_cut(rest, ' ', &source);
	rest = rf_str_cut(rest, ' ', &destination);
	rest = rf_str_cut(rest, ' ', &port);
	return rest.ptr && rf_ip_parse(source, &ret->source) &&
	       rf_ip_parse(destination, &ret->destination) && ret->source.family == family &&
	       ret->destination.family == family && read_port(port, &ret->source_port) &&
	       read_port(rest, &ret->destination_port);
}

static enum proxy_protocol_kind read_v1(
	struct rf_bytes data, struct proxy_addresses *ret, size_t *ret_len)
{
	size_t limit = data.len < LINE_MAX_LEN ? data.len : LINE_MAX_LEN;
	const uint8_t *end = memchr(data.ptr, '\n', limit);
	size_t prefix = data.len < 6 ? data.len : 6;

	if (memcmp(data.ptr, "PROXY ", prefix) != 0)
		return PROXY_PROTOCOL_BAD;
	if (!end)
		return limit == LINE_MAX_LEN ? PROXY_PROTOCOL_BAD : PROXY_PROTOCOL_MORE;
	*ret_len = (size_t)(end - data.ptr) + 1;
	if (*ret_len < 8 || end[-1] != '\r')
		return PROXY_PROTOCOL_BAD;
	return read_line((struct rf_str){(const char *)data.ptr + 6, *ret_len - 8}, ret)
		       ? PROXY_PROTOCOL_OK
		       : PROXY_PROTOCOL_BAD;
}

enum proxy_protocol_kind proxy_protocol_read(
	struct rf_bytes data, struct proxy_addresses *ret, size_t *ret_len)
{
	size_t prefix = data.len < SIGNATURE_LEN ? data.len : SIGNATURE_LEN;

	memset(ret, 0, sizeof(*ret));
	if (data.len == 0)
		return PROXY_PROTOCOL_MORE;
	if (memcmp(data.ptr, signature, prefix) != 0)
		return read_v1(data, ret, ret_len);
	return prefix < SIGNATURE_LEN ? PROXY_PROTOCOL_MORE : read_v2(data, ret, ret_len);
}

static void add_port(struct rf_buf *out, uint16_t port)
{
	rf_buf_add_char(out, (char)(port >> 8));
	rf_buf_add_char(out, (char)(port & 0xff));
}

void proxy_protocol_write(const struct proxy_addresses *addresses, struct rf_buf *out)
{
	size_t len = rf_family_len(addresses->source.family);
	bool known = len && addresses->destination.family == addresses->source.family;

	rf_buf_add(out, signature, SIGNATURE_LEN);
	rf_buf_add_char(out, known ? COMMAND_PROXY : COMMAND_LOCAL);
	if (!known) {
		rf_buf_add(out, "\0\0", 3);
		return;
	}
	rf_buf_add_char(out, len == 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6);
	add_port(out, (uint16_t)(2 * len + 4));
	rf_buf_add(out, addresses->source.bytes, len);
	rf_buf_add(out, addresses->destination.bytes, len);
	add_port(out, addresses->source_port);
	add_port(out, addresses->destination_port);
}
