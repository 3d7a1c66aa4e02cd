/*
 * IP addresses and CIDR blocks of both families (RFC 4291, RFC 4632). Addresses are kept in
 * network byte order; an IPv4 address uses the first four bytes, the rest is zero.
 */
#ifndef RF_BASE_IP_H
#define RF_BASE_IP_H

#include "base/str.h"

enum rf_family {
	RF_FAMILY_NONE = 0,
	RF_IPV4 = 4,
	RF_IPV6 = 6,
};

struct rf_ip {
	uint8_t bytes[16];
	enum rf_family family;
};

struct rf_cidr {
	struct rf_ip ip; /* host bits are zero */
	unsigned prefix; /* 0..32 or 0..128 */
};

#define RF_IP_TEXT_SIZE	  46 /* longest text form, with its NUL */
#define RF_CIDR_TEXT_SIZE 50

/* Strict forms only: no leading zeros, no zone, no IPv4-mapped IPv6. False on anything else. */
bool rf_ip_parse(struct rf_str text, struct rf_ip *ret) RF_MUST_USE;
/* Host bits set in the text are cleared, as Kubernetes does (net.ParseCIDR). */
bool rf_cidr_parse(struct rf_str text, struct rf_cidr *ret) RF_MUST_USE;

/* Text in out (RF_IP_TEXT_SIZE / RF_CIDR_TEXT_SIZE); returns out. */
const char *rf_ip_text(const struct rf_ip *ip, char out[static RF_IP_TEXT_SIZE]);
const char *rf_cidr_text(const struct rf_cidr *cidr, char out[static RF_CIDR_TEXT_SIZE]);

/* Bytes of an address of the family: 4, 16 or 0. */
size_t rf_family_len(enum rf_family family);
bool rf_ip_eq(const struct rf_ip *a, const struct rf_ip *b);
/* By family (IPv4 first), then by value. */
int rf_ip_cmp(const struct rf_ip *a, const struct rf_ip *b);
bool rf_cidr_has(const struct rf_cidr *cidr, const struct rf_ip *ip);
/* True when inner lies wholly in outer (equal counts). */
bool rf_cidr_covers(const struct rf_cidr *outer, const struct rf_cidr *inner);
struct rf_ip rf_cidr_first(const struct rf_cidr *cidr);
struct rf_ip rf_cidr_last(const struct rf_cidr *cidr);
/* The address offset above ip; false on overflow of the family. */
bool rf_ip_add(const struct rf_ip *ip, uint64_t offset, struct rf_ip *ret) RF_MUST_USE;
/* The address before ip; false for the first of the family. */
bool rf_ip_prev(const struct rf_ip *ip, struct rf_ip *ret) RF_MUST_USE;

#endif
