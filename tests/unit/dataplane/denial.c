/* Packets as the log hands them over: whole, cut off, and not packets at all. */
#include "dataplane/denial.h"
#include "tests/lib/tap.h"

static struct rf_ip ip_of(const char *text)
{
	struct rf_ip ip = {.family = RF_FAMILY_NONE};

	if (!rf_ip_parse(rf_str_of(text), &ip))
		abort();
	return ip;
}

static const uint8_t tcp4[] = {0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 77, 0, 11, 10, 77, 0,
	12, 0x9c, 0x40, 0, 80, 1, 2, 3, 4};

static const uint8_t udp6_behind_options[] = {0x60, 0, 0, 0, 0, 24, 0, 64, 0xfd, 0x77, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 17, 0,
	1, 4, 0, 0, 0, 0, 0x30, 0x39, 0, 53, 0, 8, 0, 0};

static void an_ipv4_packet_gives_addresses_and_ports(void)
{
	struct rf_ip from = ip_of("10.77.0.11"), to = ip_of("10.77.0.12");
	struct denial d = {0};

	REQUIRE(denial_read_packet(tcp4, sizeof(tcp4), &d));
	CHECK(rf_ip_eq(&d.from, &from) && rf_ip_eq(&d.to, &to));
	CHECK_INT(d.proto, POLICY_TCP);
	CHECK_INT(d.from_port, 40000);
	CHECK_INT(d.to_port, 80);
}

static void ports_are_found_behind_ipv6_extension_headers(void)
{
	struct rf_ip to = ip_of("fd77::2");
	struct denial d = {0};

	REQUIRE(denial_read_packet(udp6_behind_options, sizeof(udp6_behind_options), &d));
	CHECK(rf_ip_eq(&d.to, &to));
	CHECK_INT(d.proto, POLICY_UDP);
	CHECK_INT(d.ip_proto, 17);
	CHECK_INT(d.to_port, 53);
}

static void a_later_fragment_has_no_ports(void)
{
	struct denial d = {0};
	uint8_t fragment[sizeof(tcp4)];

	memcpy(fragment, tcp4, sizeof(tcp4));
	fragment[7] = 185;
	REQUIRE(denial_read_packet(fragment, sizeof(fragment), &d));
	CHECK_INT(d.proto, POLICY_TCP);
	CHECK_INT(d.to_port, 0);
}

static void icmp_is_a_protocol_without_ports(void)
{
	struct denial d = {0};
	uint8_t icmp[sizeof(tcp4)];

	memcpy(icmp, tcp4, sizeof(tcp4));
	icmp[9] = 1;
	REQUIRE(denial_read_packet(icmp, sizeof(icmp), &d));
	CHECK_INT(d.proto, POLICY_OTHER);
	CHECK_INT(d.ip_proto, 1);
	CHECK_INT(d.to_port, 0);
}

/* Copies of exactly the length, so that reading behind the end is seen. */
static void check_every_cut(const uint8_t *packet, size_t len, size_t header)
{
	for (size_t cut = 0; cut < len; cut++) {
		AUTO_FREE uint8_t *copy = malloc(cut ? cut : 1);
		struct denial d = {0};

		REQUIRE(copy);
		memcpy(copy, packet, cut);
		CHECKF(denial_read_packet(copy, cut, &d) == (cut >= header), "cut at %zu", cut);
	}
}

static void a_packet_cut_anywhere_is_read_as_far_as_it_goes(void)
{
	check_every_cut(tcp4, sizeof(tcp4), 20);
	check_every_cut(udp6_behind_options, sizeof(udp6_behind_options), 40);
}

static void what_is_not_ip_is_refused(void)
{
	const uint8_t arp[] = {0, 1, 8, 0, 6, 4, 0, 1}, short_header[20] = {0x44};
	struct denial d = {0};

	CHECK(!denial_read_packet(arp, sizeof(arp), &d));
	CHECK(!denial_read_packet(short_header, sizeof(short_header), &d));
	CHECK(!denial_read_packet(NULL, 0, &d));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_ipv4_packet_gives_addresses_and_ports);
	RUN(ports_are_found_behind_ipv6_extension_headers);
	RUN(a_later_fragment_has_no_ports);
	RUN(icmp_is_a_protocol_without_ports);
	RUN(a_packet_cut_anywhere_is_read_as_far_as_it_goes);
	RUN(what_is_not_ip_is_refused);
	return TAP_END();
}
