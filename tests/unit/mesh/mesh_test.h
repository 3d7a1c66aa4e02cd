/* For tests of the mesh's policies: a set from a text, policies compiled for one workload. */
#ifndef TESTS_UNIT_MESH_MESH_TEST_H
#define TESTS_UNIT_MESH_MESH_TEST_H

#include "mesh/authz/peer_auth.h"
#include "tests/lib/tap.h"

struct mesh_world {
	struct kube_set set;
	struct rf_diags diags;
	struct doc_pair pairs[1];
	struct doc_pairs labels; /* app: web */
	struct authz_workload workload;
	struct authz *authz;
};

static inline void mesh_world_done(struct mesh_world *w)
{
	authz_free(w->authz);
	kube_set_done(&w->set);
	rf_diags_done(&w->diags);
}
#define AUTO_MESH_WORLD CLEANUP(mesh_world_done) struct mesh_world

/* The workload is of namespace shop, has the label app: web, and trust domain prod.example. */
static inline void mesh_world_load(struct mesh_world *w, const char *text)
{
	struct rf_err err = {.code = RF_OK};

	*w = (struct mesh_world){.pairs = {{RF_STR("app"), RF_STR("web")}}};
	w->labels = (struct doc_pairs){.items = w->pairs, .count = 1};
	w->workload = (struct authz_workload){.namespace = RF_STR("shop"),
		.labels = &w->labels,
		.trust_domain = RF_STR("prod.example")};
	CHECK_INT(kube_set_init(&w->set, &err), RF_OK);
	CHECK_INT(kube_load_text(&w->set, rf_str_of(text), "p.yaml", &w->diags, &err), RF_OK);
	rf_vec_each (d, &w->diags.list)
		CHECKF(d->severity != RF_ERROR, "%u:%u %s", d->pos.line, d->pos.col, d->msg);
	CHECK_INT(authz_compile(&w->set, &w->workload, &w->authz, &err), RF_OK);
}

/* Lines 1 to 3, then "spec: {SPEC}" on line 4. */
#define POLICY_IN(namespace, name, spec)                                                      \
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: " name \
	", namespace: " namespace "}\nspec: {" spec "}\n---\n"
#define POLICY(name, spec) POLICY_IN("shop", name, spec)
#define DRY_POLICY(name, spec)                                                                \
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: " name \
	", namespace: shop, annotations: {istio.io/dry-run: 'true'}}\nspec: {" spec "}\n---\n"
#define PEER_AUTH_AT(namespace, name, time, spec)                                            \
	"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: " name \
	", namespace: " namespace ", creationTimestamp: " time "}\nspec: {" spec "}\n---\n"
#define PEER_AUTH(namespace, name, spec) PEER_AUTH_AT(namespace, name, "null", spec)

#endif
