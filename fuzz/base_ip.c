/* Addresses and CIDR blocks: text and back, and membership against a bit-by-bit reading. */
#include "base/ip.h"

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

static bool bit(const struct rf_ip *ip, unsigned i)
{
	return ip->bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool has_by_bits(const struct rf_cidr *cidr, const struct rf_ip *ip)
{
	if (cidr->ip.family != ip->family)
		return false;
	for (unsigned i = 0; i < cidr->prefix; i++) {
		if (bit(&cidr->ip, i) != bit(ip, i))
			return false;
	}
	return true;
}

static void check_ip(const struct rf_ip *ip)
{
	char text[RF_IP_TEXT_SIZE];
	struct rf_ip again, next, back;

	MUST(rf_ip_parse(rf_str_of(rf_ip_text(ip, text)), &again));
	MUST(rf_ip_eq(ip, &again) && rf_ip_cmp(ip, &again) == 0);
	if (!rf_ip_add(ip, 1, &next))
		return;
	MUST(rf_ip_cmp(ip, &next) < 0 && rf_ip_cmp(&next, ip) > 0);
	MUST(rf_ip_prev(&next, &back) && rf_ip_eq(ip, &back));
}

static void check_cidr(const struct rf_cidr *cidr)
{
	char text[RF_CIDR_TEXT_SIZE];
	struct rf_cidr again;
	struct rf_ip first = rf_cidr_first(cidr), last = rf_cidr_last(cidr), beyond;

	MUST(rf_cidr_parse(rf_str_of(rf_cidr_text(cidr, text)), &again));
	MUST(rf_ip_eq(&cidr->ip, &again.ip) && cidr->prefix == again.prefix);
	MUST(rf_cidr_has(cidr, &first) && rf_cidr_has(cidr, &last));
	MUST(rf_ip_cmp(&first, &last) <= 0);
	MUST(!rf_ip_prev(&first, &beyond) || !rf_cidr_has(cidr, &beyond));
	MUST(!rf_ip_add(&last, 1, &beyond) || !rf_cidr_has(cidr, &beyond));
	for (unsigned i = cidr->prefix; i < rf_family_len(cidr->ip.family) * 8; i++)
		MUST(!bit(&first, i) && bit(&last, i));
}

static void check_pair(const struct rf_cidr *cidr, const struct rf_cidr *other)
{
	struct rf_ip first = rf_cidr_first(other), last = rf_cidr_last(other);

	MUST(rf_cidr_has(cidr, &first) == has_by_bits(cidr, &first));
	MUST(rf_cidr_has(cidr, &last) == has_by_bits(cidr, &last));
	MUST(rf_cidr_covers(cidr, other) ==
		(has_by_bits(cidr, &first) && has_by_bits(cidr, &last)));
}

/* Lines of text, each an address or a block; then every two neighbours among the blocks. */
static void check_text(struct rf_str text)
{
	struct rf_cidr cidr, last = {.prefix = 0};
	struct rf_ip ip;

	while (text.ptr) {
		struct rf_str line;

		text = rf_str_cut(text, '\n', &line);
		if (rf_ip_parse(line, &ip))
			check_ip(&ip);
		if (!rf_cidr_parse(line, &cidr))
			continue;
		check_cidr(&cidr);
		if (last.ip.family) {
			check_pair(&cidr, &last);
			check_pair(&last, &cidr);
		}
		last = cidr;
	}
}

/* The bytes themselves as two addresses and a prefix. */
static void check_bytes(const uint8_t *data, size_t size)
{
	struct rf_cidr cidr = {.ip.family = data[0] & 1 ? RF_IPV6 : RF_IPV4};
	size_t len = rf_family_len(cidr.ip.family);
	char text[RF_CIDR_TEXT_SIZE];
	struct rf_ip ip = cidr.ip;

	if (size < 2 + 2 * len)
		return;
	memcpy(cidr.ip.bytes, data + 2, len);
	memcpy(ip.bytes, data + 2 + len, len);
	cidr.prefix = data[1] % (unsigned)(len * 8 + 1);
	/* Clears the host bits; IPv4-mapped addresses are refused. */
	if (!rf_cidr_parse(rf_str_of(rf_cidr_text(&cidr, text)), &cidr))
		return;
	check_cidr(&cidr);
	MUST(rf_cidr_has(&cidr, &ip) == has_by_bits(&cidr, &ip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text((struct rf_str){.ptr = (const char *)data, .len = size});
	if (size)
		check_bytes(data, size);
	return 0;
}
