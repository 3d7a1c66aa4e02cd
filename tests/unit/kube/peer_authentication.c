/* PeerAuthentication: modes, ports, and where a selector may stand. */
#include "tests/unit/kube/kube_test.h"

#define SELECTOR "selector: {matchLabels: {app: a}}, "

static void modes_and_ports_are_decoded(void)
{
	AUTO_LOADED l = loaded_of(PEER_AUTH("shop",
		SELECTOR "mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}, \"5432\": "
			 "{mode: PERMISSIVE}, 1: {}}"));
	const struct kube_peer_authentication *p;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = loaded_first(&l)->peer_authentication;
	CHECK(p->mtls->mode == KUBE_MTLS_STRICT);
	REQUIRE(p->port_level_mtls.count == 3);
	CHECK_INT(p->port_level_mtls.items[0].port, 8080);
	CHECK(p->port_level_mtls.items[0].mtls.mode == KUBE_MTLS_DISABLE);
	CHECK_INT(p->port_level_mtls.items[1].port, 5432);
	CHECK(p->port_level_mtls.items[1].mtls.mode == KUBE_MTLS_PERMISSIVE);
	CHECK(p->port_level_mtls.items[2].mtls.mode == KUBE_MTLS_UNSET);
}

static void nothing_said_is_unset(void)
{
	AUTO_LOADED l =
		loaded_of("apiVersion: security.istio.io/v1beta1\nkind: PeerAuthentication\n"
			  "metadata: {name: a}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l) && loaded_first(&l)->peer_authentication);
	CHECK(!loaded_first(&l)->peer_authentication->mtls);
	LOADS(PEER_AUTH("shop", "mtls: {}"));
	LOADS(PEER_AUTH("shop", "mtls: null, portLevelMtls: null, selector: {}"));
}

static void modes_are_those_of_the_API(void)
{
	SAYS(PEER_AUTH("shop", "mtls: {mode: strict}"),
		"5:14 field \"mode\" of MutualTLS: expected one of UNSET, DISABLE, PERMISSIVE, "
		"STRICT, found \"strict\"\n");
	REFUSES(PEER_AUTH("shop", "mtls: {mod: STRICT}"), "did you mean \"mode\"?");
	REFUSES(PEER_AUTH("shop", "mtls: STRICT"), "expected a map");
	REFUSES(PEER_AUTH("shop", SELECTOR "portLevelMtls: {80: {mode: ON}}"), "expected");
}

static void ports_are_numbers_of_the_workload(void)
{
	SAYS(PEER_AUTH("shop", SELECTOR "portLevelMtls: {http: {mode: STRICT}}"),
		"5:52 \"http\" is not a port: expected a number from 1 to 65535, the workload's "
		"own (containerPort)\n");
	REFUSES(PEER_AUTH("shop", SELECTOR "portLevelMtls: {0: {}}"), "is not a port");
	REFUSES(PEER_AUTH("shop", SELECTOR "portLevelMtls: {65536: {}}"), "is not a port");
	REFUSES(PEER_AUTH("shop", SELECTOR "portLevelMtls: [80]"), "expected a map of ports");
	REFUSES(PEER_AUTH("shop", SELECTOR "portLevelMtls: {80: STRICT}"), "expected a map");
}

static void a_port_level_needs_a_selector(void)
{
	SAYS(PEER_AUTH("shop", "portLevelMtls: {80: {mode: DISABLE}}"),
		"5:1 portLevelMtls needs a selector with matchLabels: ports are a workload's\n");
	REFUSES(PEER_AUTH("shop", "selector: {}, portLevelMtls: {80: {mode: DISABLE}}"),
		"needs a selector");
	LOADS(PEER_AUTH("shop", "portLevelMtls: {}"));
}

static void a_selector_in_the_root_namespace_is_warned_of(void)
{
	SAYS(PEER_AUTH("istio-system", SELECTOR "mtls: {mode: STRICT}"),
		"5:1 a PeerAuthentication with a selector applies to nothing in the root namespace "
		"istio-system: put it into the workload's namespace\n");
	LOADS(PEER_AUTH("istio-system", "mtls: {mode: STRICT}"));
	LOADS(PEER_AUTH("shop", SELECTOR "mtls: {mode: STRICT}"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(modes_and_ports_are_decoded);
	RUN(nothing_said_is_unset);
	RUN(modes_are_those_of_the_API);
	RUN(ports_are_numbers_of_the_workload);
	RUN(a_port_level_needs_a_selector);
	RUN(a_selector_in_the_root_namespace_is_warned_of);
	return TAP_END();
}
