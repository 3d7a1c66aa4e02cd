/* Addresses and CIDR blocks. */
#include "base/ip.h"

#include <arpa/inet.h>

#include "base/num.h"

size_t rf_family_len(enum rf_family family)
{
	switch (family) {
	case RF_IPV4: return 4;
	case RF_IPV6: return 16;
	case RF_FAMILY_NONE: break;
	}
	return 0;
}

bool rf_ip_parse(struct rf_str text, struct rf_ip *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char buf[RF_IP_TEXT_SIZE];
	struct rf_ip ip = {.family = RF_IPV4};

	if (!rf_str_copy(text, buf, sizeof(buf)))
		return false;
	if (inet_pton(AF_INET, buf, ip.bytes) != 1) {
		ip.family = RF_IPV6;
		if (inet_pton(AF_INET6, buf, ip.bytes) != 1 ||
			memcmp(ip.bytes, mapped, sizeof(mapped)) == 0)
			return false;
	}
	*ret = ip;
	return true;
}

static void clear_host_bits(struct rf_cidr *cidr)
{
	for (size_t i = 0; i < rf_family_len(cidr->ip.family); i++) {
		unsigned kept = cidr->prefix > i * 8 ? cidr->prefix - (unsigned)i * 8 : 0;

		if (kept < 8)
			cidr->ip.bytes[i] &= (uint8_t)(0xff00U >> kept);
	}
}

bool rf_cidr_parse(struct rf_str text, struct rf_cidr *ret)
{
	struct rf_str address, prefix = rf_str_cut(text, '/', &address);
	struct rf_cidr cidr = {.prefix = 0};
	uint64_t bits;

	if (!prefix.ptr || !rf_ip_parse(address, &cidr.ip) ||
		!rf_num_u64(prefix, rf_family_len(cidr.ip.family) * 8, &bits) ||
		(prefix.len > 1 && prefix.ptr[0] == '0'))
		return false;
	cidr.prefix = (unsigned)bits;
	clear_host_bits(&cidr);
	*ret = cidr;
	return true;
}

const char *rf_ip_text(const struct rf_ip *ip, char out[static RF_IP_TEXT_SIZE])
{
	if (ip->family == RF_FAMILY_NONE || !inet_ntop(ip->family == RF_IPV4 ? AF_INET : AF_INET6,
						    ip->bytes, out, RF_IP_TEXT_SIZE))
		out[0] = '\0';
	return out;
}

const char *rf_cidr_text(const struct rf_cidr *cidr, char out[static RF_CIDR_TEXT_SIZE])
{
	char address[RF_IP_TEXT_SIZE];

	snprintf(out, RF_CIDR_TEXT_SIZE, "%s/%u", rf_ip_text(&cidr->ip, address), cidr->prefix);
	return out;
}

bool rf_ip_eq(const struct rf_ip *a, const struct rf_ip *b)
{
	return rf_ip_cmp(a, b) == 0;
}

int rf_ip_cmp(const struct rf_ip *a, const struct rf_ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, rf_family_len(a->family));
}

bool rf_cidr_has(const struct rf_cidr *cidr, const struct rf_ip *ip)
{
	unsigned whole = cidr->prefix / 8, rest = cidr->prefix % 8;

	if (cidr->ip.family != ip->family || memcmp(cidr->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return rest == 0 || ((cidr->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest)) == 0;
}

bool rf_cidr_covers(const struct rf_cidr *outer, const struct rf_cidr *inner)
{
	return outer->prefix <= inner->prefix && rf_cidr_has(outer, &inner->ip);
}

struct rf_ip rf_cidr_first(const struct rf_cidr *cidr)
{
	return cidr->ip;
}

struct rf_ip rf_cidr_last(const struct rf_cidr *cidr)
{
	struct rf_ip last = cidr->ip;

	for (size_t i = 0; i < rf_family_len(last.family); i++) {
		unsigned kept = cidr->prefix > i * 8 ? cidr->prefix - (unsigned)i * 8 : 0;

		if (kept < 8)
			last.bytes[i] |= (uint8_t)(0xffU >> kept);
	}
	return last;
}

bool rf_ip_add(const struct rf_ip *ip, uint64_t offset, struct rf_ip *ret)
{
	struct rf_ip sum = *ip;
	uint64_t carry = offset;

	for (size_t i = rf_family_len(ip->family); i-- > 0 && carry;) {
		uint64_t byte = sum.bytes[i] + (carry & 0xff);

		sum.bytes[i] = (uint8_t)byte;
		carry = (carry >> 8) + (byte >> 8);
	}
	if (carry)
		return false;
	*ret = sum;
	return true;
}

bool rf_ip_prev(const struct rf_ip *ip, struct rf_ip *ret)
{
	struct rf_ip prev = *ip;

	for (size_t i = rf_family_len(ip->family); i-- > 0;) {
		if (prev.bytes[i]-- != 0) {
			*ret = prev;
			return true;
		}
	}
	return false;
}
