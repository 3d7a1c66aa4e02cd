/* security.istio.io/v1 PeerAuthentication. */
#include "base/num.h"
#include "kube/kube_int.h"

#define MODES ONE_OF("UNSET", "DISABLE", "PERMISSIVE", "STRICT")

#define ROW_OF struct kube_mtls
static const struct doc_field mtls_rows[] = {
	ROW_STR("mode", mode_text, MODES),
};
static const struct doc_schema mtls_schema = DOC_SCHEMA("MutualTLS", struct kube_mtls, mtls_rows);
#undef ROW_OF

static void set_mode(struct kube_mtls *mtls)
{
	static const char *const names[] = {
		[KUBE_MTLS_UNSET] = "UNSET",
		[KUBE_MTLS_DISABLE] = "DISABLE",
		[KUBE_MTLS_PERMISSIVE] = "PERMISSIVE",
		[KUBE_MTLS_STRICT] = "STRICT",
	};

	for (unsigned i = 0; i < RF_ARRAY_LEN(names); i++) {
		if (rf_str_is(mtls->mode_text, names[i]))
			mtls->mode = (enum kube_mtls_mode)i;
	}
}

/* The key of an entry: a number in decimal, as JSON has it. */
static bool port_of(struct rf_str key, uint16_t *ret)
{
	uint64_t port = 0;

	if (!rf_num_u64(key, PORT_MAX, &port) || port == 0 || key.ptr[0] == '0')
		return false;
	*ret = (uint16_t)port;
	return true;
}

static int decode_ports(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_port_mtls_list *list = field;
	int rc = RF_OK;

	if (node->type != DOC_MAP)
		return doc_decode_error(dec, doc_pos(node),
			"portLevelMtls: expected a map of ports, found %s",
			doc_type_name((enum doc_type)node->type));
	list->items = kube_alloc(dec, node->count + 1, sizeof(*list->items));
	if (!list->items)
		return RF_EINTERNAL;
	doc_each (entry, node) {
		struct kube_port_mtls *item = &list->items[list->count++];
		int entry_rc;

		if (!port_of(entry->key, &item->port))
			rc = doc_decode_error(dec, doc_key_pos(entry),
				"\"" RF_STR_FMT "\" is not a port: expected a number from 1 to "
				"65535, the workload's own (containerPort)",
				RF_STR_ARG(entry->key));
		entry_rc = doc_decode(dec, &mtls_schema, entry, &item->mtls);
		if (entry_rc < 0)
			rc = entry_rc;
		set_mode(&item->mtls);
	}
	return rc;
}

#define ROW_OF struct kube_peer_authentication
static const struct doc_field spec_rows[] = {
	ROW_CUSTOM("selector", selector, kube_decode_workload_selector),
	ROW_PTR("mtls", mtls, mtls_schema),
	ROW_CUSTOM("portLevelMtls", port_level_mtls, decode_ports),
};
static const struct doc_schema spec_schema =
	DOC_SCHEMA("PeerAuthenticationSpec", struct kube_peer_authentication, spec_rows);
#undef ROW_OF

#define ROW_OF struct kube_root
static const struct doc_field root_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", peer_authentication, spec_schema),
	ROW_NODE("status", status),
};
const struct doc_schema kube_peer_authentication_root =
	DOC_SCHEMA("PeerAuthentication", struct kube_root, root_rows);
#undef ROW_OF

void kube_finish_peer_authentication(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_peer_authentication *p = root->peer_authentication;
	bool selects;

	if (!p)
		p = kube_alloc(dec, 1, sizeof(*p));
	object->peer_authentication = p;
	if (!p || !p->node)
		return;
	if (p->mtls)
		set_mode(p->mtls);
	selects = p->selector && p->selector->match_labels.count;
	if (p->port_level_mtls.count && !selects)
		doc_decode_error(dec, doc_field_pos(p->node, "portLevelMtls"),
			"portLevelMtls needs a selector with matchLabels: ports are a workload's");
	if (selects && rf_str_is(object->meta.namespace, KUBE_MESH_ROOT))
		rf_diag_add(dec->diags, RF_WARNING, doc_field_pos(p->node, "selector"),
			"a PeerAuthentication with a selector applies to nothing in the root "
			"namespace " KUBE_MESH_ROOT ": put it into the workload's namespace");
}
