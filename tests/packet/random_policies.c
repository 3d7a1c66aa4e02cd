/*
 * Random policies in the kernel: real connections between pods, the outside and the machine are
 * compared with the engine's verdicts. RF_SEED repeats a run.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tests/lib/packets.h"
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"
#include "tests/lib/world.h"

#define ROUNDS	    12
#define CASES_MIN   2000
#define PACKETS_MAX 4096

static struct machine machine;
static int ready;
static struct rng rng;

/* Missing rights or a kernel without nftables are no failure; anything else is. */
#define NEED_MACHINE()                                               \
	do {                                                         \
		if (ready == RF_EDENIED || ready == RF_EUNSUPPORTED) \
			SKIP("%s", machine.err.msg);                 \
		REQUIRE(ready == RF_OK);                             \
	} while (0)

/* --- models --- */

/* A random model of some of the machine's pods, in the kernel. */
static bool apply_random(struct world *w, unsigned pod_count, const struct fence_services *services)
{
	AUTO_BUF text = {.data = NULL};
	struct random_shape shape = {.pod_count = pod_count, .policy_count = 6, .plain_pods = true};
	struct fence_stats stats;
	struct rf_err err = {.code = RF_OK};

	random_model(&rng, &shape, &text);
	if (!world_load(w, rf_buf_str(&text), "random.json")) {
		world_say(w);
		return false;
	}
	if (fence_apply(machine.fence, w->policy, services, &stats, &err) == RF_OK)
		return true;
	tap_diag("%s", err.msg);
	return false;
}

static bool is_pod(unsigned end)
{
	return end < MACHINE_PODS;
}

/* Which end holds an address; MACHINE_ENDS when none does. */
static unsigned end_of(const struct rf_ip *ip)
{
	for (unsigned i = 0; i < MACHINE_ENDS; i++) {
		for (unsigned family = 0; family < 2; family++) {
			if (rf_ip_eq(&machine.ends[i].ips[family], ip))
				return i;
		}
	}
	return MACHINE_ENDS;
}

/*
 * What the fence owes: the engine's verdict between pods and the outside; nothing to or from a
 * pod that the model does not know; everything from the machine, within a pod, and outside.
 */
static bool may(const struct world *w, unsigned from, const struct rf_ip *to,
	enum policy_proto proto, uint16_t port)
{
	unsigned target = end_of(to);
	struct policy_end a, b = policy_end_of_ip(w->policy, to);

	if (target == MACHINE_ENDS)
		return false;
	if (from == target || from == MACHINE_HOST || (!is_pod(from) && !is_pod(target)))
		return true;
	a = policy_end_of_ip(w->policy, &machine.ends[from].ips[to->family == RF_IPV6]);
	if ((is_pod(from) && a.pod == POLICY_NO_POD) || (is_pod(target) && b.pod == POLICY_NO_POD))
		return false;
	return policy_judge(w->policy, &a, &b, proto, port).allowed;
}

/* --- comparing --- */

struct batch {
	struct packet items[PACKETS_MAX];
	size_t count;
};

static struct batch batch;
static unsigned long case_count, allowed_count;

static void add_packet(
	const struct world *w, unsigned from, const struct rf_ip *to, enum policy_proto proto)
{
	size_t port_count;
	const uint16_t *ports = random_model_ports(&port_count);
	struct packet *p = &batch.items[batch.count];

	if (batch.count == PACKETS_MAX)
		return;
	batch.count++;
	*p = (struct packet){.from = from, .to = *to, .proto = proto};
	p->port = ports[rng_below(&rng, (unsigned)port_count)];
	p->want = may(w, from, to, proto, p->port);
}

/* TCP always, one of the others too. */
static void add_pair(const struct world *w, unsigned from, const struct rf_ip *to)
{
	static const enum policy_proto others[] = {
		POLICY_UDP, POLICY_UDP, POLICY_SCTP, POLICY_OTHER};

	add_packet(w, from, to, POLICY_TCP);
	add_packet(w, from, to, others[rng_below(&rng, RF_ARRAY_LEN(others))]);
}

static void check_packets(const char *where)
{
	struct rf_err err = {.code = RF_OK};
	char from[RF_IP_TEXT_SIZE], to[RF_IP_TEXT_SIZE];

	if (packets_send(&machine, batch.items, batch.count, &err) < 0)
		CHECKF(false, "%s", err.msg);
	for (size_t i = 0; i < batch.count; i++) {
		const struct packet *p = &batch.items[i];
		const struct rf_ip *source = &machine.ends[p->from].ips[p->to.family == RF_IPV6];

		CHECKF(p->got == p->want, "%s: %s -> %s %s %u %s (%s)", where,
			rf_ip_text(source, from), rf_ip_text(&p->to, to),
			policy_proto_name(p->proto), p->port,
			p->want ? "should pass" : "should not pass",
			p->cause ? strerror(p->cause) : "no answer");
		allowed_count += p->want;
	}
	case_count += batch.count;
	batch.count = 0;
}

static void check_all_pairs(const struct world *w, const char *where)
{
	for (unsigned from = 0; from < MACHINE_ENDS; from++) {
		for (unsigned to = 0; to < MACHINE_ENDS; to++) {
			for (unsigned family = 0; family < 2; family++)
				add_pair(w, from, &machine.ends[to].ips[family]);
		}
	}
	check_packets(where);
}

/* --- the tests --- */

static bool have_nft(void)
{
	return machine_run("command -v nft >/dev/null") == 0;
}

static void random_policies_let_the_same_packets_pass_as_the_engine(void)
{
	NEED_MACHINE();
	for (int round = 0; round < ROUNDS && !tap_failed(); round++) {
		AUTO_WORLD w;
		char where[32];

		snprintf(where, sizeof(where), "round %d", round);
		REQUIRE(apply_random(&w, 5 + rng_below(&rng, 4), NULL));
		check_all_pairs(&w, where);
	}
	tap_diag("%lu connections, %lu of them allowed", case_count, allowed_count);
	CHECK(case_count >= CASES_MIN);
	CHECK(allowed_count > case_count / 20 && allowed_count < case_count / 20 * 19);
}

/* --- connections that are open while policies change --- */

#define FLOW_PORT 4 /* index of port 81 in random_model_ports() */

struct flow {
	unsigned from, to, family;
	int client, server;
	bool want;
};

struct flows {
	struct flow items[MACHINE_ENDS * MACHINE_ENDS * 2];
	size_t count;
};

static uint16_t flow_port(void)
{
	size_t count;

	return random_model_ports(&count)[FLOW_PORT];
}

/* One connection, made and accepted; false when it does not come about. */
static bool flow_open(struct flow *f)
{
	const struct rf_ip *ip = &machine.ends[f->to].ips[f->family];
	int listener = machine.ends[f->to].listen[f->family][FLOW_PORT];
	struct pollfd wait = {.fd = listener, .events = POLLIN};
	union machine_addr addr;
	socklen_t len = machine_addr(ip, flow_port(), &addr);

	f->server = -1;
	f->client = machine_socket(machine.ends[f->from].ns, machine_af(ip), SOCK_STREAM, 0);
	if (f->client < 0)
		return false;
	if (connect(f->client, &addr.any, len) < 0 && errno != EINPROGRESS)
		return false;
	if (poll(&wait, 1, PACKETS_WANTED_MS) == 1)
		f->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return f->server >= 0;
}

static void flow_close(struct flow *f)
{
	close(f->client);
	close(f->server);
}

/* What an earlier test's connections have left in the backlog would be taken for ours. */
static void empty_backlogs(void)
{
	for (unsigned i = 0; i < MACHINE_ENDS; i++) {
		for (unsigned family = 0; family < 2; family++) {
			int fd;

			while ((fd = accept(machine.ends[i].listen[family][FLOW_PORT], NULL,
					NULL)) >= 0)
				close(fd);
		}
	}
}

static void open_flows(const struct world *w, struct flows *flows)
{
	flows->count = 0;
	empty_backlogs();
	for (unsigned i = 0; i < MACHINE_ENDS * MACHINE_ENDS * 2; i++) {
		struct flow *f = &flows->items[flows->count];

		*f = (struct flow){.from = i % MACHINE_ENDS,
			.to = i / MACHINE_ENDS % MACHINE_ENDS,
			.family = i / MACHINE_ENDS / MACHINE_ENDS};
		if (!may(w, f->from, &machine.ends[f->to].ips[f->family], POLICY_TCP, flow_port()))
			continue;
		if (flow_open(f))
			flows->count++;
		else
			CHECKF(false, "no connection from %u to %u", f->from, f->to);
	}
}

/* Every flow sends a byte from one side; which of them arrive? */
static void push_flows(struct flows *flows, bool to_server, const char *where)
{
	int64_t left = PACKETS_WANTED_MS / 10;

	for (size_t i = 0; i < flows->count; i++) {
		struct flow *f = &flows->items[i];

		if (write(to_server ? f->client : f->server, "x", 1) < 0 && f->want)
			CHECKF(false, "%s: write: %s", where, strerror(errno));
	}
	for (size_t i = 0; i < flows->count; i++) {
		struct flow *f = &flows->items[i];
		struct pollfd wait = {.fd = to_server ? f->server : f->client, .events = POLLIN};
		char byte;
		bool got;

		/* Bytes that are not to come are given a moment, together. */
		if (!f->want && left > 0) {
			poll(NULL, 0, (int)left);
			left = 0;
		}
		got = poll(&wait, 1, f->want ? PACKETS_WANTED_MS : 0) == 1 &&
		      read(wait.fd, &byte, 1) == 1;
		CHECKF(got == f->want, "%s: flow from %u to %u, IPv%d, %s: %s", where, f->from,
			f->to, f->family ? 6 : 4, to_server ? "forth" : "back",
			f->want ? "died" : "lives on");
	}
}

/* What the machine itself sends always arrives; that it hears nothing any more is enough. */
static void spare_answers_of_the_machine(struct flows *flows)
{
	for (size_t i = 0; i < flows->count; i++)
		flows->items[i].want |= flows->items[i].to == MACHINE_HOST;
}

static void revoked_connections_die_and_the_others_live(void)
{
	static struct flows flows;
	unsigned long died = 0, lived = 0;

	NEED_MACHINE();
	for (int round = 0; round < 6 && !tap_failed(); round++) {
		AUTO_WORLD before;
		AUTO_WORLD after = {.policy = NULL};

		REQUIRE(apply_random(&before, MACHINE_PODS, NULL));
		open_flows(&before, &flows);
		for (size_t i = 0; i < flows.count; i++)
			flows.items[i].want = true;
		push_flows(&flows, true, "at first");
		REQUIRE(apply_random(&after, MACHINE_PODS, NULL));
		for (size_t i = 0; i < flows.count; i++) {
			struct flow *f = &flows.items[i];

			f->want = may(&after, f->from, &machine.ends[f->to].ips[f->family],
				POLICY_TCP, flow_port());
			lived += f->want;
			died += !f->want;
		}
		push_flows(&flows, true, "after a change");
		spare_answers_of_the_machine(&flows);
		push_flows(&flows, false, "after a change");
		for (size_t i = 0; i < flows.count; i++)
			flow_close(&flows.items[i]);
	}
	tap_diag("%lu connections were revoked, %lu were not", died, lived);
	CHECK(died > 0 && lived > 0);
}

/* --- pods come and go --- */

static void a_pod_is_cut_off_until_the_model_knows_it(void)
{
	NEED_MACHINE();
	for (unsigned count = 1; count <= MACHINE_PODS; count += 7) {
		AUTO_WORLD w;

		REQUIRE(apply_random(&w, count, NULL));
		check_all_pairs(&w, count == 1 ? "one pod known" : "all known");
	}
}

static void addresses_that_no_pod_holds_are_dropped(void)
{
	AUTO_WORLD w = {.policy = NULL};
	size_t count;
	const struct rf_ip *outside = random_model_outside(&count);

	NEED_MACHINE();
	REQUIRE(apply_random(&w, MACHINE_PODS, NULL));
	for (unsigned from = 0; from < MACHINE_HOST; from++) {
		for (size_t i = 0; i < count; i++)
			add_pair(&w, from, &outside[i]);
	}
	check_packets("outside addresses");
}

/* --- Services --- */

#define SERVICES 8

/* Service i has endpoint i: IPv4 where even, IPv6 where odd. */
static void services_are_judged_by_their_endpoint(void)
{
	struct fence_endpoint endpoints[SERVICES];
	struct fence_service items[SERVICES];
	const struct fence_services services = {.items = items, .count = SERVICES};
	AUTO_WORLD w = {.policy = NULL};

	NEED_MACHINE();
	for (unsigned i = 0; i < SERVICES; i++) {
		struct rf_ip ip = {.family = i % 2 ? RF_IPV6 : RF_IPV4};

		memcpy(ip.bytes, i % 2 ? "\xfd\x96" : "\x0a\x60", 2);
		ip.bytes[i % 2 ? 15 : 3] = (uint8_t)(i + 1);
		endpoints[i] = (struct fence_endpoint){machine.ends[i].ips[i % 2], flow_port()};
		items[i] = (struct fence_service){.ip = ip,
			.proto = i % 4 < 2 ? POLICY_TCP : POLICY_UDP,
			.port = 8080,
			.endpoints = &endpoints[i],
			.endpoint_count = 1};
	}
	for (int round = 0; round < 4; round++) {
		world_done(&w);
		REQUIRE(apply_random(&w, MACHINE_PODS, &services));
		for (unsigned n = 0; n < MACHINE_PODS * SERVICES; n++) {
			const struct fence_service *s = &items[n % SERVICES];
			unsigned from = n / SERVICES;

			batch.items[batch.count++] = (struct packet){.from = from,
				.to = s->ip,
				.proto = s->proto,
				.port = s->port,
				.want = may(
					&w, from, &s->endpoints->ip, s->proto, s->endpoints->port)};
		}
		check_packets("Services");
	}
}

static void a_pod_reaches_itself_through_a_Service(void)
{
	const struct fence_endpoint endpoint = {machine.ends[0].ips[0], 80};
	const struct fence_service service = {.proto = POLICY_TCP,
		.ip = {.family = RF_IPV4, .bytes = {10, 96, 0, 1}},
		.port = 8080,
		.endpoints = &endpoint,
		.endpoint_count = 1};
	const struct fence_services services = {.items = &service, .count = 1};
	AUTO_WORLD w = {.policy = NULL};

	NEED_MACHINE();
	REQUIRE(apply_random(&w, MACHINE_PODS, &services));
	batch.items[0] =
		(struct packet){.to = service.ip, .proto = POLICY_TCP, .port = 8080, .want = true};
	batch.count = 1;
	check_packets("hairpin");
}

/* --- borrowed addresses --- */

/* A datagram from end to to with a source address that is not the end's own. Does it arrive? */
static bool spoof_arrives(unsigned end, const struct rf_ip *source, unsigned to)
{
	unsigned family = source->family == RF_IPV6;
	int level = family ? IPPROTO_IPV6 : IPPROTO_IP, one = 1, fd, rx;
	int option = family ? IPV6_TRANSPARENT : IP_TRANSPARENT;
	struct machine_end *target = &machine.ends[to];
	union machine_addr addr;
	struct pollfd wait;
	bool got;
	socklen_t len = machine_addr(&target->ips[family], 7777, &addr);

	rx = machine_socket(target->ns, addr.any.sa_family, SOCK_DGRAM, 0);
	fd = machine_socket(machine.ends[end].ns, addr.any.sa_family, SOCK_DGRAM, 0);
	CHECK_INT(bind(rx, &addr.any, len), 0);
	CHECK_INT(setsockopt(fd, level, option, &one, sizeof(one)), 0);
	len = machine_addr(source, 0, &addr);
	CHECK_INT(bind(fd, &addr.any, len), 0);
	len = machine_addr(&target->ips[family], 7777, &addr);
	CHECK_INT(sendto(fd, "x", 1, 0, &addr.any, len), 1);
	wait = (struct pollfd){.fd = rx, .events = POLLIN};
	got = poll(&wait, 1, PACKETS_GRACE_MS) == 1;
	close(fd);
	close(rx);
	return got;
}

#define OPEN_PODS                                                                               \
	"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" OPEN_POD("0", "1") "," OPEN_POD( \
		"1", "2") "," OPEN_POD("2", "3") "]}"
#define OPEN_POD(name, n)                                                                          \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p" name                  \
	"\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]},\"status\":{\"podIPs\":" \
	"[{\"ip\":\"10.0.0." n "\"},{\"ip\":\"fd00::" n "\"}]}}"

/* Three pods without any policy. */
static bool apply_open(struct world *w)
{
	struct fence_stats stats;
	struct rf_err err = {.code = RF_OK};

	return world_load(w, RF_STR(OPEN_PODS), "open.json") &&
	       fence_apply(machine.fence, w->policy, NULL, &stats, &err) == RF_OK;
}

static void a_pod_cannot_borrow_an_address(void)
{
	AUTO_WORLD w = {.policy = NULL};

	NEED_MACHINE();
	REQUIRE(apply_open(&w));
	for (unsigned family = 0; family < 2; family++) {
		CHECK(spoof_arrives(0, &machine.ends[0].ips[family], 2));
		CHECK(!spoof_arrives(0, &machine.ends[1].ips[family], 2));
		CHECK(!spoof_arrives(0, &machine.ends[MACHINE_OUT].ips[family], 2));
		CHECK(!spoof_arrives(0, &machine.ends[MACHINE_HOST].ips[family], 2));
		CHECK(!spoof_arrives(0, &machine.ends[1].ips[family], MACHINE_OUT));
		CHECK(!spoof_arrives(MACHINE_OUT, &machine.ends[1].ips[family], 2));
	}
}

/* --- what an administrator sees --- */

static void nft_lists_the_fence_and_loads_its_listing_again(void)
{
	NEED_MACHINE();
	if (!have_nft())
		SKIP("needs nft");
	for (int round = 0; round < 4; round++) {
		AUTO_WORLD w;

		REQUIRE(apply_random(&w, MACHINE_PODS, NULL));
		CHECK_INT(machine_run("nft list ruleset | nft -c -f -"), 0);
		CHECK_INT(machine_run("nft list ruleset | unshare -n nft -f -"), 0);
	}
}

/* --- what belongs to others --- */

#define OTHERS                                                                                    \
	"nft -f - <<'END'\n"                                                                      \
	"table inet others {\n"                                                                   \
	" counter seen { }\n"                                                                     \
	" counter lost { }\n"                                                                     \
	" chain early { type filter hook prerouting priority -151;\n"                             \
	"  meta mark set meta mark | 0x80000005\n"                                                \
	"  ct mark set ct mark | 0x80000009\n"                                                    \
	" }\n"                                                                                    \
	" chain late { type filter hook forward priority 301;\n"                                  \
	"  meta mark & 0xc000ffff == 0x80000005 ct mark & 0xc000ffff == 0x80000009 counter name " \
	"seen\n"                                                                                  \
	"  meta mark & 0xc000ffff != 0x80000005 counter name lost\n"                              \
	"  ct mark & 0xc000ffff != 0x80000009 counter name lost\n"                                \
	" }\n"                                                                                    \
	"}\n"                                                                                     \
	"END\n"

static void tables_and_marks_of_others_are_left_alone(void)
{
	NEED_MACHINE();
	if (!have_nft())
		SKIP("needs nft");
	REQUIRE(machine_run(OTHERS) == 0);
	for (int round = 0; round < 3; round++) {
		AUTO_WORLD w;

		REQUIRE(apply_random(&w, MACHINE_PODS, NULL));
		check_all_pairs(&w, "beside another table");
	}
	CHECK_INT(machine_run("nft list counter inet others lost | grep -q 'packets 0 '"), 0);
	CHECK_INT(machine_run("! nft list counter inet others seen | grep -q 'packets 0 '"), 0);
	CHECK_INT(machine_run("nft list table inet others | grep -c mark | grep -qx 5"), 0);
	CHECK_INT(machine_run("nft delete table inet others"), 0);
}

static void a_closed_fence_goes_on_and_a_removed_one_is_gone(void)
{
	AUTO_WORLD w = {.policy = NULL};
	struct rf_err err = {.code = RF_OK};

	NEED_MACHINE();
	REQUIRE(apply_random(&w, MACHINE_PODS, NULL));
	fence_close(machine.fence);
	machine.fence = NULL;
	check_all_pairs(&w, "nobody at the fence");
	CHECK_INT(fence_remove(MACHINE_TABLE, &err), RF_OK);
	CHECK(!fence_exists(MACHINE_TABLE));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	rng.state = rng_seed();
	ready = machine_make(&machine);
	if (ready != RF_OK)
		tap_diag("no machine: %s", machine.err.msg);
	RUN(random_policies_let_the_same_packets_pass_as_the_engine);
	RUN(revoked_connections_die_and_the_others_live);
	RUN(a_pod_is_cut_off_until_the_model_knows_it);
	RUN(addresses_that_no_pod_holds_are_dropped);
	RUN(services_are_judged_by_their_endpoint);
	RUN(a_pod_reaches_itself_through_a_Service);
	RUN(a_pod_cannot_borrow_an_address);
	RUN(nft_lists_the_fence_and_loads_its_listing_again);
	RUN(tables_and_marks_of_others_are_left_alone);
	RUN(a_closed_fence_goes_on_and_a_removed_one_is_gone);
	machine_done(&machine);
	return TAP_END();
}
