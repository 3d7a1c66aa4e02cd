/*
 * Manifests of any content: loading must end, leave only objects that keep what their headers
 * promise, and what is built on them (pods, selectors, labels, the mesh's policies) must work.
 */
#include "base/buf.h"
#include "kube/pods.h"
#include "kube/selector.h"
#include "mesh/authz/peer_auth.h"

#define REPLICAS_MAX 1000 /* more only costs time */
#define MESH_MAX     8	  /* objects asked about; every one would cost their square */

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

static void check_selector(const struct kube_selector *s, const struct doc_pairs *labels)
{
	AUTO_BUF text = {.max = 1 << 20};

	if (!s)
		return;
	kube_selector_text(s, &text);
	(void)kube_selector_matches(s, labels);
}

static void check_policy(const struct kube_network_policy *p, const struct doc_pairs *labels)
{
	const struct doc_list *lists[] = {&p->ingress, &p->egress};

	MUST(p->has_ingress || p->has_egress);
	check_selector(&p->pod_selector, labels);
	for (size_t i = 0; i < RF_ARRAY_LEN(lists); i++) {
		const struct kube_np_rule *rules = lists[i]->items;

		for (size_t j = 0; j < lists[i]->count; j++) {
			const struct kube_np_peer *peers = rules[j].peers.items;
			const struct kube_np_port *ports = rules[j].ports.items;

			for (size_t k = 0; k < rules[j].peers.count; k++) {
				MUST(peers[k].pod_selector || peers[k].namespace_selector ||
					peers[k].ip_block);
				MUST(!peers[k].ip_block || peers[k].ip_block->cidr_count >= 1);
				check_selector(peers[k].pod_selector, labels);
				check_selector(peers[k].namespace_selector, labels);
			}
			for (size_t k = 0; k < rules[j].ports.count; k++)
				MUST(ports[k].protocol.len > 0);
		}
	}
}

static void check_authz_rule(const struct kube_authz_rule *rule)
{
	const struct kube_authz_from *from = rule->from.items;
	const struct kube_authz_to *to = rule->to.items;
	const struct kube_authz_condition *when = rule->when.items;

	for (size_t i = 0; i < rule->from.count; i++)
		MUST(from[i].source && from[i].source->node);
	for (size_t i = 0; i < rule->to.count; i++)
		MUST(to[i].operation && to[i].operation->node);
	for (size_t i = 0; i < rule->when.count; i++)
		MUST(when[i].key.len && when[i].values.count + when[i].not_values.count > 0);
}

static void check_authz(const struct kube_authorization_policy *p)
{
	const struct kube_authz_rule *rules = p->rules.items;

	for (size_t i = 0; i < p->rules.count; i++)
		check_authz_rule(&rules[i]);
}

static void check_peer_authentication(const struct kube_peer_authentication *p)
{
	const struct kube_port_mtls_list *ports = &p->port_level_mtls;

	MUST(!ports->count || (p->selector && p->selector->match_labels.count));
	for (size_t i = 0; i < ports->count; i++)
		MUST(ports->items[i].port > 0);
}

/* The policies of the object's own namespace, asked by a peer with an identity and one without. */
static void check_mesh(const struct kube_set *set, const struct kube_object *object)
{
	const struct authz_workload workload = {.namespace = object->meta.namespace,
		.labels = &object->meta.labels,
		.trust_domain = RF_STR("prod.example")};
	struct authz_peer peer = {.port = 80};
	AUTO_AUTHZ *authz = NULL;
	AUTO_BUF text = {.max = 1 << 20};
	struct authz_verdict v;

	MUST(authz_compile(set, &workload, &authz, NULL) == RF_OK);
	v = authz_judge(authz, &peer);
	authz_verdict_text(&v, &text);
	peer.id = RF_STR("spiffe://prod.example/ns/x/sa/y");
	v = authz_judge(authz, &peer);
	authz_verdict_text(&v, &text);
	MUST(!v.policy || v.pos.line > 0);
	(void)peer_auth_mode(set, &workload, 80);
}

static bool check_workload(const struct kube_workload *w)
{
	MUST(w && w->pod.containers.count > 0 && w->pod.restart_policy.len > 0);
	check_selector(w->selector, &w->template_meta.labels);
	return w->replicas.value <= REPLICAS_MAX && w->parallelism.value <= REPLICAS_MAX &&
	       w->completions.value <= REPLICAS_MAX;
}

static void check_pods(const struct kube_set *set)
{
	struct rf_err err = {.code = RF_OK};
	struct kube_pods pods;

	if (kube_pods_expand(set, true, &pods, &err) < 0)
		abort();
	MUST(pods.by_name.count == pods.list.count);
	rf_vec_each (pod, &pods.list) {
		MUST(pod->owner && pod->spec && pod->name.len && pod->namespace.len);
		(void)kube_pod_named_port(pod->spec, RF_STR("http"), RF_STR("TCP"));
	}
	kube_pods_done(&pods);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rf_str text = {.ptr = (const char *)data, .len = size};
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_err err = {.code = RF_OK};
	struct kube_set set;
	unsigned mesh_count = 0;
	bool small = true;

	MUST(kube_set_init(&set, &err) == RF_OK);
	MUST(kube_load_text(&set, text, "fuzz", &diags, &err) == RF_OK);
	MUST(set.by_name.count == set.objects.count);
	rf_vec_each (it, &set.objects) {
		const struct kube_object *o = *it;

		MUST(o->meta.name.len && o->meta.namespace.ptr);
		MUST(kube_find(&set, o->kind, o->meta.namespace, o->meta.name) == o);
		if (kube_kind_is_workload(o->kind))
			small &= check_workload(o->workload);
		if (o->kind == KUBE_NETWORK_POLICY)
			check_policy(o->network_policy, &o->meta.labels);
		if (o->kind == KUBE_AUTHORIZATION_POLICY)
			check_authz(o->authorization_policy);
		if (o->kind == KUBE_PEER_AUTHENTICATION)
			check_peer_authentication(o->peer_authentication);
		if (++mesh_count <= MESH_MAX)
			check_mesh(&set, o);
	}
	if (small)
		check_pods(&set);
	kube_set_done(&set);
	return 0;
}
