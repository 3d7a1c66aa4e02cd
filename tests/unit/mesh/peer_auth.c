/* PeerAuthentication: which of several says the mode at a port. */
#include "tests/unit/mesh/mesh_test.h"

#define WEB "selector: {matchLabels: {app: web}}, "

/* "MODE namespace/name line". */
static void mode_is(const char *text, uint16_t port, const char *want)
{
	AUTO_MESH_WORLD w;
	AUTO_BUF got = {.data = NULL};
	struct peer_auth p;

	mesh_world_load(&w, text);
	p = peer_auth_mode(&w.set, &w.workload, port);
	rf_buf_add_c(&got, peer_auth_mode_name(p.mode));
	if (p.policy)
		rf_buf_addf(&got, " " RF_STR_FMT "/" RF_STR_FMT " %u",
			RF_STR_ARG(p.policy->meta.namespace), RF_STR_ARG(p.policy->meta.name),
			p.pos.line);
	CHECK_STR(rf_buf_cstr(&got), want);
}

static void nothing_said_is_permissive(void)
{
	mode_is("", 80, "PERMISSIVE");
	mode_is(PEER_AUTH("shop", "ns", ""), 80, "PERMISSIVE");
	mode_is(PEER_AUTH("shop", "ns", "mtls: {mode: UNSET}"), 80, "PERMISSIVE");
	mode_is(PEER_AUTH("other", "ns", "mtls: {mode: STRICT}"), 80, "PERMISSIVE");
}

static void the_nearest_level_decides(void)
{
	static const char mesh[] = PEER_AUTH("istio-system", "m", "mtls: {mode: DISABLE}");
	static const char two[] = PEER_AUTH("istio-system", "m", "mtls: {mode: DISABLE}")
		PEER_AUTH("shop", "ns", "mtls: {mode: STRICT}");
	static const char three[] = PEER_AUTH("istio-system", "m", "mtls: {mode: DISABLE}")
		PEER_AUTH("shop", "ns", "mtls: {mode: STRICT}")
			PEER_AUTH("shop", "w", WEB "mtls: {mode: PERMISSIVE}");

	mode_is(mesh, 80, "DISABLE istio-system/m 4");
	mode_is(two, 80, "STRICT shop/ns 9");
	mode_is(three, 80, "PERMISSIVE shop/w 14");
}

static void a_port_level_decides_for_its_port_only(void)
{
	static const char text[] = PEER_AUTH(
		"shop", "w", WEB "mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}");

	mode_is(text, 8080, "DISABLE shop/w 4");
	mode_is(text, 80, "STRICT shop/w 4");
}

static void unset_inherits(void)
{
	static const char text[] = PEER_AUTH("shop", "ns", "mtls: {mode: STRICT}")
		PEER_AUTH("shop", "w", WEB "portLevelMtls: {80: {mode: UNSET}, 81: {}}");

	mode_is(text, 80, "STRICT shop/ns 4");
	mode_is(text, 81, "STRICT shop/ns 4");
	mode_is(PEER_AUTH("shop", "w",
			WEB "mtls: {mode: DISABLE}, portLevelMtls: {80: {mode: "
			    "UNSET}}"),
		80, "DISABLE shop/w 4");
	mode_is(PEER_AUTH("istio-system", "m", "mtls: {mode: STRICT}")
			PEER_AUTH("shop", "ns", "mtls: {mode: UNSET}"),
		80, "STRICT istio-system/m 4");
}

static void a_selector_chooses_the_workload(void)
{
	mode_is(PEER_AUTH("shop", "w", "selector: {matchLabels: {app: db}}, mtls: {mode: STRICT}"),
		80, "PERMISSIVE");
	mode_is(PEER_AUTH("shop", "w", "selector: {}, mtls: {mode: STRICT}"), 80,
		"STRICT shop/w 4");
}

static void a_selector_in_the_root_namespace_applies_to_nothing(void)
{
	AUTO_MESH_WORLD w;

	mode_is(PEER_AUTH("istio-system", "m", WEB "mtls: {mode: STRICT}"), 80, "PERMISSIVE");
	mesh_world_load(&w, PEER_AUTH("istio-system", "m", WEB "mtls: {mode: STRICT}"));
	w.workload.namespace = RF_STR("istio-system");
	CHECK(!peer_auth_mode(&w.set, &w.workload, 80).policy);
}

static void the_oldest_of_a_level_decides(void)
{
	static const char old[] = "'2024-01-01T00:00:00Z'", new[] = "'2024-01-01T00:00:01Z'";
	AUTO_BUF text = {.data = NULL};

	rf_buf_addf(&text,
		PEER_AUTH_AT("shop", "a", "%s", WEB "mtls: {mode: STRICT}")
			PEER_AUTH_AT("shop", "b", "%s", WEB "mtls: {mode: DISABLE}"),
		new, old);
	mode_is(rf_buf_cstr(&text), 80, "DISABLE shop/b 9");
	rf_buf_clear(&text);
	rf_buf_addf(&text,
		PEER_AUTH("shop", "a", "mtls: {mode: STRICT}")
			PEER_AUTH_AT("shop", "b", "%s", "mtls: {mode: DISABLE}"),
		new);
	mode_is(rf_buf_cstr(&text), 80, "DISABLE shop/b 9");
}

static void of_equal_age_the_first_by_name_decides(void)
{
	mode_is(PEER_AUTH("shop", "b", "mtls: {mode: STRICT}")
			PEER_AUTH("shop", "a", "mtls: {mode: DISABLE}"),
		80, "DISABLE shop/a 9");
}

static void what_the_oldest_leaves_open_no_younger_one_fills(void)
{
	mode_is(PEER_AUTH("shop", "a", WEB "mtls: {mode: UNSET}")
			PEER_AUTH("shop", "b", WEB "mtls: {mode: STRICT}"),
		80, "PERMISSIVE");
}

static void another_root_namespace_can_be_said(void)
{
	AUTO_MESH_WORLD w;
	struct peer_auth p;

	mesh_world_load(&w, PEER_AUTH("root", "m", "mtls: {mode: STRICT}"));
	CHECK(peer_auth_mode(&w.set, &w.workload, 80).mode == PEER_AUTH_PERMISSIVE);
	w.workload.root_namespace = RF_STR("root");
	p = peer_auth_mode(&w.set, &w.workload, 80);
	CHECK(p.mode == PEER_AUTH_STRICT && p.policy == w.set.objects.items[0]);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(nothing_said_is_permissive);
	RUN(the_nearest_level_decides);
	RUN(a_port_level_decides_for_its_port_only);
	RUN(unset_inherits);
	RUN(a_selector_chooses_the_workload);
	RUN(a_selector_in_the_root_namespace_applies_to_nothing);
	RUN(the_oldest_of_a_level_decides);
	RUN(of_equal_age_the_first_by_name_decides);
	RUN(what_the_oldest_leaves_open_no_younger_one_fills);
	RUN(another_root_namespace_can_be_said);
	return TAP_END();
}
