/*
 * Port sets. A set is one flat block (counts, then ranges), so its bytes are its identity and the
 * intern table is a map from bytes to number.
 */
#include "policy/ports.h"

#include <strings.h>

#define PORT_MAX 65535U

static const char *const proto_names[] = {
	[POLICY_TCP] = "TCP",
	[POLICY_UDP] = "UDP",
	[POLICY_SCTP] = "SCTP",
	[POLICY_OTHER] = "ICMP",
};

static size_t ports_size(const struct policy_ports *set)
{
	size_t ranges = (size_t)set->count[0] + set->count[1] + set->count[2];

	return sizeof(*set) + ranges * sizeof(set->ranges[0]);
}

/* Takes a set built anywhere (the arena gets a copy when it is new). */
static uint32_t intern(struct policy_port_table *table, const struct policy_ports *set)
{
	struct rf_str bytes = {.ptr = (const char *)set, .len = ports_size(set)};
	struct rf_str copy;
	uintptr_t id;

	if (rf_map_get(&table->by_bytes, bytes, &id))
		return (uint32_t)id;
	copy = rf_arena_str(table->arena, bytes);
	if (!copy.ptr || !rf_map_put(&table->by_bytes, copy, table->sets.count) ||
		!rf_vec_push(&table->sets, (const struct policy_ports *)(const void *)copy.ptr))
		return POLICY_PORTS_BAD;
	return (uint32_t)table->sets.count - 1;
}

/* A set of at most one range a protocol, on the stack. */
union small_set {
	struct policy_ports set;
	uint32_t room[sizeof(struct policy_ports) / sizeof(uint32_t) + POLICY_PORT_PROTO_COUNT];
};

int policy_port_table_init(struct policy_port_table *table, struct rf_arena *arena)
{
	union small_set none = {.room = {0}};
	union small_set all = {.set = {.count = {1, 1, 1}, .other = 1}};

	for (unsigned p = 0; p < POLICY_PORT_PROTO_COUNT; p++)
		all.set.ranges[p] = (struct policy_range){0, PORT_MAX};
	*table = (struct policy_port_table){.arena = arena};
	if (intern(table, &none.set) != POLICY_PORTS_NONE ||
		intern(table, &all.set) != POLICY_PORTS_ALL)
		return RF_EINTERNAL;
	return RF_OK;
}

void policy_port_table_done(struct policy_port_table *table)
{
	rf_vec_done(&table->sets);
	rf_map_done(&table->by_bytes);
	rf_map_done(&table->unions);
	rf_map_done(&table->meets);
}

const struct policy_ports *policy_ports_get(const struct policy_port_table *table, uint32_t id)
{
	return table->sets.items[id];
}

uint32_t policy_ports_range(
	struct policy_port_table *table, enum policy_proto proto, uint16_t lo, uint16_t hi)
{
	union small_set one = {.room = {0}};

	one.set.count[proto] = 1;
	one.set.ranges[0] = (struct policy_range){lo, hi};
	return intern(table, &one.set);
}

const struct policy_range *policy_ports_of(
	const struct policy_ports *set, enum policy_proto proto, uint32_t *ret_count)
{
	const struct policy_range *at = set->ranges;

	for (unsigned p = 0; p < (unsigned)proto; p++)
		at += set->count[p];
	*ret_count = set->count[proto];
	return at;
}

/* One protocol's ranges of both, merged where they touch. Returns their number. */
static uint32_t join_ranges(const struct policy_ports *a, const struct policy_ports *b,
	enum policy_proto proto, struct policy_range *out)
{
	uint32_t na, nb, n = 0;
	const struct policy_range *ra = policy_ports_of(a, proto, &na);
	const struct policy_range *rb = policy_ports_of(b, proto, &nb);

	while (na || nb) {
		bool from_a = na && (!nb || ra->lo <= rb->lo);
		struct policy_range next = from_a ? *ra : *rb;

		if (from_a) {
			ra++;
			na--;
		} else {
			rb++;
			nb--;
		}
		if (n && (uint32_t)out[n - 1].hi + 1 >= next.lo) {
			if (next.hi > out[n - 1].hi)
				out[n - 1].hi = next.hi;
		} else {
			out[n++] = next;
		}
	}
	return n;
}

static uint32_t meet_ranges(const struct policy_ports *a, const struct policy_ports *b,
	enum policy_proto proto, struct policy_range *out)
{
	uint32_t na, nb, n = 0, i = 0, j = 0;
	const struct policy_range *ra = policy_ports_of(a, proto, &na);
	const struct policy_range *rb = policy_ports_of(b, proto, &nb);

	while (i < na && j < nb) {
		uint16_t lo = ra[i].lo > rb[j].lo ? ra[i].lo : rb[j].lo;
		uint16_t hi = ra[i].hi < rb[j].hi ? ra[i].hi : rb[j].hi;

		if (lo <= hi)
			out[n++] = (struct policy_range){lo, hi};
		if (ra[i].hi < rb[j].hi)
			i++;
		else
			j++;
	}
	return n;
}

typedef uint32_t (*combine_fn)(const struct policy_ports *, const struct policy_ports *,
	enum policy_proto, struct policy_range *);

static uint32_t combine(struct policy_port_table *table, uint32_t a, uint32_t b, combine_fn ranges)
{
	const struct policy_ports *sa = policy_ports_get(table, a);
	const struct policy_ports *sb = policy_ports_get(table, b);
	size_t room = ports_size(sa) + ports_size(sb);
	AUTO_FREE struct policy_ports *out = calloc(1, room);
	struct policy_range *at;

	if (!out)
		return POLICY_PORTS_BAD;
	out->other = ranges == join_ranges ? sa->other | sb->other : sa->other & sb->other;
	at = out->ranges;
	for (unsigned p = 0; p < POLICY_PORT_PROTO_COUNT; p++) {
		out->count[p] = ranges(sa, sb, (enum policy_proto)p, at);
		at += out->count[p];
	}
	return intern(table, out);
}

/* combine() through a memo keyed by the two numbers, which commute. */
static uint32_t combine_memo(struct policy_port_table *table, struct rf_map *memo, uint32_t a,
	uint32_t b, combine_fn ranges)
{
	uint32_t pair[2] = {a < b ? a : b, a < b ? b : a};
	struct rf_str key = {.ptr = (const char *)pair, .len = sizeof(pair)};
	uintptr_t known;
	uint32_t id;

	if (rf_map_get(memo, key, &known))
		return (uint32_t)known;
	id = combine(table, a, b, ranges);
	key = rf_arena_str(table->arena, key);
	if (id == POLICY_PORTS_BAD || !key.ptr || !rf_map_put(memo, key, id))
		return POLICY_PORTS_BAD;
	return id;
}

uint32_t policy_ports_union(struct policy_port_table *table, uint32_t a, uint32_t b)
{
	if (a == POLICY_PORTS_BAD || b == POLICY_PORTS_BAD)
		return POLICY_PORTS_BAD;
	if (a == b || b == POLICY_PORTS_NONE || a == POLICY_PORTS_ALL)
		return a;
	if (a == POLICY_PORTS_NONE || b == POLICY_PORTS_ALL)
		return b;
	return combine_memo(table, &table->unions, a, b, join_ranges);
}

uint32_t policy_ports_meet(struct policy_port_table *table, uint32_t a, uint32_t b)
{
	if (a == POLICY_PORTS_BAD || b == POLICY_PORTS_BAD)
		return POLICY_PORTS_BAD;
	if (a == b || b == POLICY_PORTS_ALL || a == POLICY_PORTS_NONE)
		return a;
	if (a == POLICY_PORTS_ALL || b == POLICY_PORTS_NONE)
		return b;
	return combine_memo(table, &table->meets, a, b, meet_ranges);
}

bool policy_ports_have(const struct policy_ports *set, enum policy_proto proto, uint16_t port)
{
	const struct policy_range *ranges;
	uint32_t lo = 0, hi;

	if (proto == POLICY_OTHER)
		return set->other;
	ranges = policy_ports_of(set, proto, &hi);
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (port < ranges[mid].lo)
			hi = mid;
		else if (port > ranges[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool policy_ports_have_proto(const struct policy_ports *set, enum policy_proto proto)
{
	return proto == POLICY_OTHER ? set->other : set->count[proto] > 0;
}

bool policy_ports_full(const struct policy_ports *set)
{
	for (unsigned p = 0; p < POLICY_PORT_PROTO_COUNT; p++) {
		uint32_t count;
		const struct policy_range *r = policy_ports_of(set, (enum policy_proto)p, &count);

		if (count != 1 || r->lo > 1 || r->hi != PORT_MAX)
			return false;
	}
	return true;
}

static void proto_text(const struct policy_ports *set, enum policy_proto proto, struct rf_buf *out)
{
	uint32_t count;
	const struct policy_range *r = policy_ports_of(set, proto, &count);

	if (!count)
		return;
	rf_buf_addf(out, "%s%s ", out->len ? "," : "", policy_proto_name(proto));
	for (uint32_t i = 0; i < count; i++) {
		unsigned lo = r[i].lo ? r[i].lo : 1; /* port 0 is on no wire */

		rf_buf_addf(out, "%s%u", i ? "," : "", lo);
		if (r[i].hi > lo)
			rf_buf_addf(out, "-%u", r[i].hi);
	}
}

void policy_ports_text(const struct policy_ports *set, struct rf_buf *out)
{
	AUTO_BUF text = {0};

	if (policy_ports_full(set)) {
		rf_buf_add_c(out, "All Connections");
		return;
	}
	proto_text(set, POLICY_SCTP, &text);
	proto_text(set, POLICY_TCP, &text);
	proto_text(set, POLICY_UDP, &text);
	rf_buf_add_c(out, text.len ? rf_buf_cstr(&text) : "No Connections");
}

const char *policy_proto_name(enum policy_proto proto)
{
	return proto_names[proto];
}

bool policy_proto_parse(struct rf_str text, enum policy_proto *ret)
{
	for (unsigned p = 0; p < RF_ARRAY_LEN(proto_names); p++) {
		if (strlen(proto_names[p]) == text.len &&
			strncasecmp(proto_names[p], text.ptr, text.len) == 0) {
			*ret = (enum policy_proto)p;
			return true;
		}
	}
	return false;
}
