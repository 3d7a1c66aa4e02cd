/* Sets of ports: equal sets are one number, unions and meets are what they are port by port. */
#include "policy/ports.h"
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"

struct sets {
	struct rf_arena *arena;
	struct policy_port_table table;
};

static void sets_done(struct sets *s)
{
	policy_port_table_done(&s->table);
	rf_arena_free(s->arena);
}

static struct sets sets_new(void)
{
	struct sets s = {.arena = rf_arena_new(0)};

	if (!s.arena || policy_port_table_init(&s.table, s.arena) != RF_OK)
		abort();
	return s;
}
#define AUTO_SETS CLEANUP(sets_done) struct sets

static uint32_t tcp(struct sets *s, uint16_t lo, uint16_t hi)
{
	return policy_ports_range(&s->table, POLICY_TCP, lo, hi);
}

static uint32_t join(struct sets *s, uint32_t a, uint32_t b)
{
	return policy_ports_union(&s->table, a, b);
}

static uint32_t meet(struct sets *s, uint32_t a, uint32_t b)
{
	return policy_ports_meet(&s->table, a, b);
}

static bool has(const struct sets *s, uint32_t id, enum policy_proto proto, uint16_t port)
{
	return policy_ports_have(policy_ports_get(&s->table, id), proto, port);
}

static void text_is(const struct sets *s, uint32_t id, const char *want, int line)
{
	AUTO_BUF text = {.data = NULL};

	policy_ports_text(policy_ports_get(&s->table, id), &text);
	tap_check_str(rf_buf_cstr(&text), want, __FILE__, line);
}
#define TEXT(s, id, want) text_is(s, id, want, __LINE__)

static void the_first_two_sets_are_none_and_all(void)
{
	AUTO_SETS s = sets_new();

	for (int p = POLICY_TCP; p <= POLICY_OTHER; p++) {
		CHECK(!has(&s, POLICY_PORTS_NONE, (enum policy_proto)p, 80));
		CHECK(has(&s, POLICY_PORTS_ALL, (enum policy_proto)p, 0));
		CHECK(has(&s, POLICY_PORTS_ALL, (enum policy_proto)p, 65535));
	}
}

static void equal_sets_have_equal_numbers_however_they_came_about(void)
{
	AUTO_SETS s = sets_new();
	uint32_t a = join(&s, tcp(&s, 80, 80), tcp(&s, 443, 443));
	uint32_t b = join(&s, tcp(&s, 443, 443), tcp(&s, 80, 80));

	CHECK_INT(tcp(&s, 80, 80), tcp(&s, 80, 80));
	CHECK_INT(a, b);
	CHECK_INT(join(&s, a, b), a);
	CHECK_INT(meet(&s, a, join(&s, a, tcp(&s, 8080, 8080))), a);
	CHECK_INT(meet(&s, tcp(&s, 1, 10), tcp(&s, 11, 20)), POLICY_PORTS_NONE);
	CHECK(tcp(&s, 80, 80) != policy_ports_range(&s.table, POLICY_UDP, 80, 80));
}

static void ranges_that_touch_become_one(void)
{
	AUTO_SETS s = sets_new();

	CHECK_INT(join(&s, tcp(&s, 1, 10), tcp(&s, 11, 20)), tcp(&s, 1, 20));
	CHECK_INT(join(&s, tcp(&s, 5, 20), tcp(&s, 1, 10)), tcp(&s, 1, 20));
	CHECK_INT(join(&s, tcp(&s, 1, 20), tcp(&s, 5, 6)), tcp(&s, 1, 20));
	CHECK(join(&s, tcp(&s, 1, 10), tcp(&s, 12, 20)) != tcp(&s, 1, 20));
	CHECK_INT(join(&s, tcp(&s, 0, 65534), tcp(&s, 65535, 65535)), tcp(&s, 0, 65535));
}

static void every_port_of_the_three_protocols_is_not_yet_all(void)
{
	AUTO_SETS s = sets_new();
	uint32_t full = POLICY_PORTS_NONE;

	for (int p = 0; p < POLICY_PORT_PROTO_COUNT; p++)
		full = join(&s, full, policy_ports_range(&s.table, (enum policy_proto)p, 0, 65535));
	CHECK(full != POLICY_PORTS_ALL);
	CHECK(!has(&s, full, POLICY_OTHER, 0));
	CHECK(policy_ports_full(policy_ports_get(&s.table, full)));
	CHECK(policy_ports_full(policy_ports_get(&s.table, POLICY_PORTS_ALL)));
	CHECK(!policy_ports_full(policy_ports_get(&s.table, tcp(&s, 0, 65535))));
}

static void a_set_knows_which_protocols_it_has(void)
{
	AUTO_SETS s = sets_new();
	const struct policy_ports *set =
		policy_ports_get(&s.table, policy_ports_range(&s.table, POLICY_SCTP, 7, 9));
	uint32_t count;

	CHECK(policy_ports_have_proto(set, POLICY_SCTP));
	CHECK(!policy_ports_have_proto(set, POLICY_TCP));
	CHECK(!policy_ports_have_proto(set, POLICY_OTHER));
	CHECK_INT(policy_ports_of(set, POLICY_SCTP, &count)->hi, 9);
	CHECK_INT(count, 1);
	policy_ports_of(set, POLICY_TCP, &count);
	CHECK_INT(count, 0);
}

static void out_of_memory_spreads(void)
{
	AUTO_SETS s = sets_new();

	CHECK_INT(join(&s, POLICY_PORTS_BAD, tcp(&s, 1, 1)), POLICY_PORTS_BAD);
	CHECK_INT(join(&s, POLICY_PORTS_ALL, POLICY_PORTS_BAD), POLICY_PORTS_BAD);
	CHECK_INT(meet(&s, POLICY_PORTS_NONE, POLICY_PORTS_BAD), POLICY_PORTS_BAD);
	CHECK_INT(meet(&s, POLICY_PORTS_BAD, POLICY_PORTS_BAD), POLICY_PORTS_BAD);
}

static void texts_are_those_of_netpol_analyzer(void)
{
	AUTO_SETS s = sets_new();
	uint32_t set = join(&s, tcp(&s, 443, 443), tcp(&s, 80, 80));

	TEXT(&s, POLICY_PORTS_NONE, "No Connections");
	TEXT(&s, POLICY_PORTS_ALL, "All Connections");
	TEXT(&s, set, "TCP 80,443");
	set = join(&s, set, policy_ports_range(&s.table, POLICY_UDP, 53, 53));
	TEXT(&s, set, "TCP 80,443,UDP 53");
	set = join(&s, set, policy_ports_range(&s.table, POLICY_SCTP, 0, 65535));
	TEXT(&s, set, "SCTP 1-65535,TCP 80,443,UDP 53");
	TEXT(&s, tcp(&s, 8000, 8003), "TCP 8000-8003");
}

static void a_text_is_appended(void)
{
	AUTO_SETS s = sets_new();
	AUTO_BUF text = {.data = NULL};

	rf_buf_add_c(&text, "a => b : ");
	policy_ports_text(policy_ports_get(&s.table, tcp(&s, 80, 80)), &text);
	CHECK_STR(rf_buf_cstr(&text), "a => b : TCP 80");
}

static void protocols_are_read_in_any_case(void)
{
	enum policy_proto proto = POLICY_OTHER;

	CHECK(policy_proto_parse(RF_STR("tcp"), &proto) && proto == POLICY_TCP);
	CHECK(policy_proto_parse(RF_STR("Udp"), &proto) && proto == POLICY_UDP);
	CHECK(policy_proto_parse(RF_STR("SCTP"), &proto) && proto == POLICY_SCTP);
	CHECK(policy_proto_parse(RF_STR("icmp"), &proto) && proto == POLICY_OTHER);
	CHECK(!policy_proto_parse(RF_STR(""), &proto));
	CHECK(!policy_proto_parse(RF_STR_NONE, &proto));
	CHECK(!policy_proto_parse(RF_STR("TCPX"), &proto));
	CHECK(!policy_proto_parse(RF_STR("TC"), &proto));
}

/* --- against bits --- */

#define BITS 64 /* ports 0-63, and 65472-65535 moved down */

static uint16_t port_of(unsigned bit)
{
	return (uint16_t)(bit < BITS / 2 ? bit : 65536 - BITS + bit);
}

/* A random set and the same as bits. */
static uint32_t a_set(struct sets *s, struct rng *rng, bool bits[BITS])
{
	uint32_t set = POLICY_PORTS_NONE;

	memset(bits, 0, BITS);
	for (unsigned i = rng_below(rng, 5); i > 0; i--) {
		unsigned base = rng_below(rng, 2) * BITS / 2, lo = rng_below(rng, BITS / 2);
		unsigned hi = lo + rng_below(rng, BITS / 2 - lo);

		set = join(s, set, tcp(s, port_of(base + lo), port_of(base + hi)));
		for (unsigned b = lo; b <= hi; b++)
			bits[base + b] = true;
	}
	return set;
}

static void unions_and_meets_are_right_port_by_port(void)
{
	AUTO_SETS s = sets_new();
	struct rng rng = {.state = rng_seed()};

	for (unsigned i = 0; i < 2000 && !tap_failed(); i++) {
		bool x[BITS], y[BITS];
		uint32_t a = a_set(&s, &rng, x), b = a_set(&s, &rng, y);
		uint32_t u = join(&s, a, b), m = meet(&s, a, b);

		CHECK_INT(u, join(&s, b, a));
		CHECK_INT(m, meet(&s, b, a));
		for (unsigned bit = 0; bit < BITS; bit++) {
			uint16_t port = port_of(bit);

			CHECK_INT(has(&s, a, POLICY_TCP, port), x[bit]);
			CHECK_INT(has(&s, u, POLICY_TCP, port), x[bit] || y[bit]);
			CHECK_INT(has(&s, m, POLICY_TCP, port), x[bit] && y[bit]);
		}
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(the_first_two_sets_are_none_and_all);
	RUN(equal_sets_have_equal_numbers_however_they_came_about);
	RUN(ranges_that_touch_become_one);
	RUN(every_port_of_the_three_protocols_is_not_yet_all);
	RUN(a_set_knows_which_protocols_it_has);
	RUN(out_of_memory_spreads);
	RUN(texts_are_those_of_netpol_analyzer);
	RUN(a_text_is_appended);
	RUN(protocols_are_read_in_any_case);
	RUN(unions_and_meets_are_right_port_by_port);
	return TAP_END();
}
