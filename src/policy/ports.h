/*
 * Sets of protocols and ports, interned: equal sets have equal numbers, so that a set costs one
 * word wherever it is kept, and joining two sets is looked up rather than done twice.
 */
#ifndef RF_POLICY_PORTS_H
#define RF_POLICY_PORTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

enum policy_proto {
	POLICY_TCP,
	POLICY_UDP,
	POLICY_SCTP,
	POLICY_PORT_PROTO_COUNT,
	POLICY_OTHER = POLICY_PORT_PROTO_COUNT, /* without ports: ICMP, ICMPv6, ... */
};

struct policy_range {
	uint16_t lo, hi; /* inclusive */
};

/* Immutable once interned. ranges holds TCP's, then UDP's, then SCTP's: sorted, disjoint, apart. */
struct policy_ports {
	uint32_t count[POLICY_PORT_PROTO_COUNT];
	uint32_t other; /* 1: protocols without ports are in the set */
	struct policy_range ranges[];
};

/* Numbers of the two sets that every table begins with. */
#define POLICY_PORTS_NONE 0U
#define POLICY_PORTS_ALL  1U
/* Returned when memory ran out. */
#define POLICY_PORTS_BAD UINT32_MAX

struct policy_port_table {
	struct rf_arena *arena; /* borrowed */
	RF_VEC(const struct policy_ports *) sets;
	struct rf_map by_bytes;
	struct rf_map unions;
	struct rf_map meets;
};

/* arena must outlive the table. RF_OK or RF_EINTERNAL. */
int policy_port_table_init(struct policy_port_table *table, struct rf_arena *arena) RF_MUST_USE;
void policy_port_table_done(struct policy_port_table *table);

const struct policy_ports *policy_ports_get(const struct policy_port_table *table, uint32_t id);

/* The set of one range of one protocol (0..65535 is all of the protocol). */
uint32_t policy_ports_range(struct policy_port_table *table, enum policy_proto proto, uint16_t lo,
	uint16_t hi) RF_MUST_USE;
uint32_t policy_ports_union(struct policy_port_table *table, uint32_t a, uint32_t b) RF_MUST_USE;
uint32_t policy_ports_meet(struct policy_port_table *table, uint32_t a, uint32_t b) RF_MUST_USE;

/* port is ignored for POLICY_OTHER. */
bool policy_ports_have(const struct policy_ports *set, enum policy_proto proto, uint16_t port);
/* True when the set holds any port of the protocol. */
bool policy_ports_have_proto(const struct policy_ports *set, enum policy_proto proto);
/* The ranges of one protocol; *ret_count receives their number. */
const struct policy_range *policy_ports_of(
	const struct policy_ports *set, enum policy_proto proto, uint32_t *ret_count);
/* True when every port of TCP, UDP and SCTP is in the set. */
bool policy_ports_full(const struct policy_ports *set);

/*
 * "All Connections", "No Connections", or as netpol-analyzer writes them: "SCTP 1-65535,TCP
 * 80,443,UDP 53": protocols in alphabetical order.
 */
void policy_ports_text(const struct policy_ports *set, struct rf_buf *out);

const char *policy_proto_name(enum policy_proto proto);
/* "TCP", "UDP", "SCTP", "ICMP", any case; false when it is none of them. */
bool policy_proto_parse(struct rf_str text, enum policy_proto *ret);

#endif
