/* What the mesh says between two pods: who has an identity, the handshake, the policies. */
#include "mesh/authz/reach.h"

#include "tests/unit/kube/kube_test.h"

/* Pods in (web, db) and out of the mesh (old) of namespace default, in this order. */
#define POD_OF(name, inject)                                                             \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", labels: {app: " name \
	", sidecar.istio.io/inject: '" inject "'}}\nspec: {serviceAccountName: " name    \
	", containers: [{name: c, image: i}]}\n"
#define PODS POD_OF("web", "true") POD_OF("db", "true") POD_OF("old", "false")
#define MODE(mode)                                                                               \
	"---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: m}\n" \
	"spec: {mtls: {mode: " mode "}}\n"
#define ONLY_WEB                                                                              \
	"---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: " \
	"only-web}\nspec: {rules: [{from: [{source: {serviceAccounts: [web]}}]}]}\n"

enum who {
	WEB,
	DB,
	OLD,
	NOBODY,
};

static struct mesh_reach reach_of(const char *text, enum who from, enum who to)
{
	AUTO_LOADED l = loaded_of(text);
	struct mesh_reach reach = {.allowed = false};
	struct mesh_ask ask = {.port = 80, .trust_domain = RF_STR("prod.example")};
	struct kube_pods pods;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(kube_pods_expand(&l.set, true, &pods, NULL), RF_OK);
	ask.from = from == NOBODY ? NULL : &pods.list.items[from];
	ask.to = to == NOBODY ? NULL : &pods.list.items[to];
	CHECK_INT(mesh_reach(&l.set, &ask, &reach, NULL), RF_OK);
	kube_pods_done(&pods);
	return reach;
}

static void pods_in_the_mesh_see_each_other_by_identity(void)
{
	struct mesh_reach r = reach_of(PODS ONLY_WEB, WEB, DB);

	CHECK(r.allowed && r.outcome == MESH_JUDGED && r.mtls);
	CHECK_STR(r.from_id, "spiffe://prod.example/ns/default/sa/web");
	CHECK_STR(r.to_id, "spiffe://prod.example/ns/default/sa/db");
	CHECK(r.verdict.reason == AUTHZ_ALLOWED);
}

static void who_is_not_in_the_mesh_is_a_plain_peer(void)
{
	struct mesh_reach r = reach_of(PODS ONLY_WEB, OLD, DB);

	CHECK(!r.allowed && r.outcome == MESH_JUDGED && !r.mtls && !r.from_id[0]);
	CHECK(reach_of(PODS, OLD, DB).allowed);
	CHECK(reach_of(PODS, NOBODY, DB).allowed);
}

static void strict_refuses_a_plain_peer_at_the_handshake(void)
{
	struct mesh_reach r = reach_of(PODS MODE("STRICT"), OLD, DB);

	CHECK(!r.allowed && r.outcome == MESH_NO_HANDSHAKE);
	CHECK(r.peer_auth.mode == PEER_AUTH_STRICT && r.peer_auth.pos.line > 0);
	CHECK(!reach_of(PODS MODE("STRICT"), NOBODY, DB).allowed);
	CHECK(reach_of(PODS MODE("STRICT"), WEB, DB).allowed);
	CHECK(reach_of(PODS MODE("PERMISSIVE"), OLD, DB).allowed);
}

static void a_disabled_port_sees_no_identity_and_asks_all_the_same(void)
{
	struct mesh_reach r = reach_of(PODS MODE("DISABLE") ONLY_WEB, WEB, DB);

	CHECK(!r.allowed && r.outcome == MESH_JUDGED && !r.mtls);
	CHECK(reach_of(PODS MODE("DISABLE"), WEB, DB).allowed);
}

static void without_a_proxy_nobody_asks_and_that_is_told(void)
{
	struct mesh_reach r = reach_of(PODS MODE("STRICT") ONLY_WEB, DB, OLD);

	CHECK(r.allowed && r.outcome == MESH_NO_PROXY && r.unasked && !r.to_id[0]);
	CHECK(!reach_of(PODS, DB, OLD).unasked);
	CHECK(reach_of(PODS ONLY_WEB, DB, NOBODY).outcome == MESH_NO_PROXY);
}

static void a_pod_reaches_itself(void)
{
	struct mesh_reach r = reach_of(PODS MODE("STRICT") ONLY_WEB, DB, DB);

	CHECK(r.allowed && r.outcome == MESH_SELF);
}

static void the_machine_reaches_its_pods_as_the_proxies_let_it(void)
{
	struct mesh_reach r =
		reach_of("---\napiVersion: v1\nkind: Pod\nmetadata: {name: agent}\n"
			 "spec: {hostNetwork: true, containers: [{name: c, image: i}]}\n" POD_OF(
				 "db", "true") MODE("STRICT") ONLY_WEB,
			WEB, DB);

	CHECK(r.allowed && r.outcome == MESH_NODE && r.unasked && !r.from_id[0]);
}

static void a_trust_domain_that_is_none_is_an_error(void)
{
	struct kube_set set;
	struct mesh_reach reach;
	struct mesh_ask ask = {.trust_domain = RF_STR("A b")};
	struct rf_err err = {.code = RF_OK};

	REQUIRE(kube_set_init(&set, NULL) == RF_OK);
	CHECK_INT(mesh_reach(&set, &ask, &reach, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "not allowed in a trust domain") != NULL);
	kube_set_done(&set);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(pods_in_the_mesh_see_each_other_by_identity);
	RUN(who_is_not_in_the_mesh_is_a_plain_peer);
	RUN(strict_refuses_a_plain_peer_at_the_handshake);
	RUN(a_disabled_port_sees_no_identity_and_asks_all_the_same);
	RUN(without_a_proxy_nobody_asks_and_that_is_told);
	RUN(a_pod_reaches_itself);
	RUN(the_machine_reaches_its_pods_as_the_proxies_let_it);
	RUN(a_trust_domain_that_is_none_is_an_error);
	return TAP_END();
}
