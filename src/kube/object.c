/*
 * From a document to objects of a set: which kind it is, its decoding, its name, its place in the
 * set. What is wrong goes to the findings; an object with an error does not enter the set.
 */
#include "kube/kube_int.h"
#include "kube/names.h"

#define CRON_JOB_NAME_MAX 52 /* the controller appends 11 characters to name the Job */

/* What is being loaded; one for a call of kube_load_node. */
struct loading {
	struct kube_set *set;
	struct doc_decoder dec;
};

/* apiVersion and kind of an item of a typed list that leaves them out, as API answers do. */
struct type_of {
	struct rf_str api_version, kind;
};

static int load_object(struct loading *l, const struct doc_node *node, struct type_of inherited);

/* --- names --- */

static bool name_is_valid(enum kube_name_rule rule, struct rf_str name)
{
	switch (rule) {
	case KUBE_NAME_LABEL: return kube_is_dns_label(name);
	case KUBE_NAME_DNS1035: return kube_is_dns1035_label(name);
	case KUBE_NAME_CRON_JOB:
		return kube_is_dns_subdomain(name) && name.len <= CRON_JOB_NAME_MAX;
	case KUBE_NAME_SUBDOMAIN: break;
	}
	return kube_is_dns_subdomain(name);
}

static const char *name_rule_text(enum kube_name_rule rule)
{
	switch (rule) {
	case KUBE_NAME_LABEL:
		return "at most 63 of a-z, 0-9 and '-', a letter or digit at both ends";
	case KUBE_NAME_DNS1035:
		return "at most 63 of a-z, 0-9 and '-', a letter first, a letter or digit last";
	case KUBE_NAME_CRON_JOB:
		return "at most 52 of a-z, 0-9, '-' and '.', a letter or digit at both ends";
	case KUBE_NAME_SUBDOMAIN: break;
	}
	return "at most 253 of a-z, 0-9, '-' and '.', a letter or digit at both ends";
}

static void check_names(
	struct doc_decoder *dec, const struct kube_kind_row *row, const struct kube_meta *meta)
{
	const struct doc_node *name = doc_get(meta->node, "name");
	bool reported = name && name->type != DOC_STRING && name->type != DOC_NULL;

	if (meta->name.len == 0 && !reported)
		doc_decode_error(dec, doc_field_pos(meta->node, "name"), "%s needs metadata.name%s",
			row->name,
			meta->generate_name.len ? " (generateName alone does not name it)" : "");
	else if (meta->name.len && !name_is_valid(row->name_rule, meta->name))
		doc_decode_error(dec, doc_field_pos(meta->node, "name"),
			"\"" RF_STR_FMT "\" is not a name for a %s: expected %s",
			RF_STR_ARG(meta->name), row->name, name_rule_text(row->name_rule));
	if (row->namespaced && meta->namespace.len && !kube_is_dns_label(meta->namespace))
		doc_decode_error(dec, doc_field_pos(meta->node, "namespace"),
			"\"" RF_STR_FMT "\" is not the name of a namespace: expected %s",
			RF_STR_ARG(meta->namespace), name_rule_text(KUBE_NAME_LABEL));
}

/* --- the set --- */

static struct rf_str object_key(struct rf_arena *arena, const struct kube_object *object)
{
	return rf_arena_printf(arena, "%s/" RF_STR_FMT "/" RF_STR_FMT, kube_kind_name(object->kind),
		RF_STR_ARG(object->meta.namespace), RF_STR_ARG(object->meta.name));
}

const struct kube_object *kube_find(const struct kube_set *set, enum kube_kind kind,
	struct rf_str namespace, struct rf_str name)
{
	char buf[600];
	int len = snprintf(buf, sizeof(buf), "%s/" RF_STR_FMT "/" RF_STR_FMT, kube_kind_name(kind),
		RF_STR_ARG(namespace), RF_STR_ARG(name));

	if (len < 0 || (size_t)len >= sizeof(buf))
		return NULL;
	return rf_map_get_ptr(&set->by_name, (struct rf_str){.ptr = buf, .len = (size_t)len});
}

static int add_to_set(struct loading *l, struct kube_object *object)
{
	struct rf_str key = object_key(l->set->arena, object);
	const struct kube_object *before;

	if (!key.ptr)
		return RF_EINTERNAL;
	before = rf_map_get_ptr(&l->set->by_name, key);
	if (before) {
		doc_decode_error(&l->dec, object->pos,
			"%s " RF_STR_FMT "%s" RF_STR_FMT " is defined twice, first at %s:%u:%u",
			kube_kind_name(object->kind), RF_STR_ARG(object->meta.namespace),
			object->meta.namespace.len ? "/" : "", RF_STR_ARG(object->meta.name),
			before->pos.file, before->pos.line, before->pos.col);
		return RF_OK;
	}
	if (!rf_map_put_ptr(&l->set->by_name, key, object) ||
		!rf_vec_push(&l->set->objects, object))
		return RF_EINTERNAL;
	return RF_OK;
}

static int load_known(struct loading *l, enum kube_kind kind, const struct doc_node *node)
{
	const struct kube_kind_row *row = kube_kind_row(kind);
	size_t errors = l->dec.diags->error_count;
	struct kube_object *object = kube_alloc(&l->dec, 1, sizeof(*object));
	struct kube_root root;
	int rc;

	if (!object)
		return RF_EINTERNAL;
	rc = doc_decode(&l->dec, row->schema, node, &root);
	if (rc == RF_EINTERNAL)
		return rc;
	*object = (struct kube_object){.kind = kind,
		.meta = root.meta,
		.pos = node->first ? doc_key_pos(node->first) : doc_pos(node),
		.root = node};
	if (object->meta.node)
		check_names(&l->dec, row, &object->meta);
	if (row->namespaced && object->meta.namespace.len == 0)
		object->meta.namespace = RF_STR("default");
	kube_check_meta(&l->dec, &object->meta);
	row->finish(&l->dec, &root, object);
	if (l->dec.nomem)
		return RF_EINTERNAL;
	if (rc < 0 || l->dec.diags->error_count != errors)
		return RF_OK;
	if (object->meta.namespace.len == 0)
		object->meta.namespace = RF_STR("");
	return add_to_set(l, object);
}

/* --- lists --- */

struct list_view {
	const struct doc_node *node;
	struct rf_str api_version, kind;
	const struct doc_node *items;
	struct kube_checked *meta;
	struct kube_checked unread;
};

#define ROW_OF struct kube_checked
static const struct doc_field list_meta_rows[] = {
	SEEN_STR("selfLink"),
	SEEN_STR("resourceVersion"),
	SEEN_STR("continue"),
	SEEN_INT("remainingItemCount", ANY_INT64),
};
static const struct doc_schema list_meta_schema =
	DOC_SCHEMA("ListMeta", struct kube_checked, list_meta_rows);
#undef ROW_OF

#define ROW_OF struct list_view
static const struct doc_field list_rows[] = {
	ROW_STR("apiVersion", api_version),
	ROW_STR("kind", kind),
	ROW_NODE("items", items),
	ROW_PTR("metadata", meta, list_meta_schema),
};
static const struct doc_schema list_schema = DOC_SCHEMA("List", struct list_view, list_rows);
#undef ROW_OF

static int load_list(struct loading *l, const struct doc_node *node, struct type_of item_type)
{
	struct list_view view;
	int rc = doc_decode(&l->dec, &list_schema, node, &view);

	if (rc == RF_EINTERNAL || !view.items)
		return rc == RF_EINTERNAL ? rc : RF_OK;
	if (view.items->type != DOC_SEQ) {
		doc_decode_error(&l->dec, doc_pos(view.items), "items: expected a list, found %s",
			doc_type_name((enum doc_type)view.items->type));
		return RF_OK;
	}
	doc_each (item, view.items) {
		rc = load_object(l, item, item_type);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* --- which kind --- */

static int note_skipped(struct loading *l, const struct doc_node *node, struct type_of type)
{
	struct rf_str key = rf_arena_printf(l->set->arena, RF_STR_FMT "/" RF_STR_FMT,
		RF_STR_ARG(type.api_version), RF_STR_ARG(type.kind));
	uintptr_t seen;

	if (!key.ptr)
		return RF_EINTERNAL;
	if (rf_map_get(&l->set->skipped, key, &seen))
		return RF_OK;
	rf_diag_add(l->dec.diags, RF_NOTE, doc_field_pos(node, "kind"),
		"skipped: " RF_STR_FMT " " RF_STR_FMT " is not known to Ringfence",
		RF_STR_ARG(type.kind), RF_STR_ARG(type.api_version));
	return rf_map_put(&l->set->skipped, key, 1) ? RF_OK : RF_EINTERNAL;
}

/*
 * True for API groups of Kubernetes itself and Istio's, where a kind we know is that kind in
 * another version; in any other group the same word is another thing (a Knative Service, a Calico
 * NetworkPolicy).
 */
static bool is_known_group(struct rf_str api_version)
{
	static const char *const groups[] = {
		"apps", "batch", "extensions", "networking.k8s.io", "security.istio.io"};
	struct rf_str group, version = rf_str_cut(api_version, '/', &group);

	if (!version.ptr)
		return true;
	for (size_t i = 0; i < RF_ARRAY_LEN(groups); i++) {
		if (rf_str_is(group, groups[i]))
			return true;
	}
	return false;
}

static bool exact_kind(struct rf_str name, enum kube_kind *ret)
{
	for (unsigned i = 0; i < KUBE_KIND_COUNT; i++) {
		if (rf_str_is(name, kube_kind_name((enum kube_kind)i))) {
			*ret = (enum kube_kind)i;
			return true;
		}
	}
	return false;
}

static bool is_served(const struct kube_kind_row *row, struct rf_str api_version)
{
	return rf_str_is(api_version, row->api_version) ||
	       (row->also_version && rf_str_is(api_version, row->also_version));
}

/* A string field of the top level; false (reported) when it is missing or something else. */
static bool type_field(
	struct loading *l, const struct doc_node *node, const char *name, struct rf_str *value)
{
	const struct doc_node *field = doc_get(node, name);

	if ((!field || field->type == DOC_NULL) && value->ptr)
		return true;
	if (field && field->type == DOC_STRING && field->text.len) {
		*value = field->text;
		return true;
	}
	doc_decode_error(&l->dec, doc_field_pos(node, name),
		"expected a Kubernetes object: the field \"%s\" is %s", name,
		field ? "not a string" : "missing");
	return false;
}

static int load_by_type(struct loading *l, const struct doc_node *node, struct type_of type)
{
	struct rf_str item_kind = type.kind;
	bool list = rf_str_ends(type.kind, RF_STR("List"));
	enum kube_kind kind;

	if (list)
		item_kind.len -= strlen("List");
	if (list && item_kind.len == 0 && rf_str_is(type.api_version, "v1"))
		return load_list(l, node, (struct type_of){.kind = RF_STR_NONE});
	if (!exact_kind(item_kind, &kind) || !is_known_group(type.api_version))
		return note_skipped(l, node, type);
	if (!is_served(kube_kind_row(kind), type.api_version)) {
		doc_decode_error(&l->dec, doc_field_pos(node, "apiVersion"),
			"apiVersion " RF_STR_FMT " of " RF_STR_FMT " is not served: use %s",
			RF_STR_ARG(type.api_version), RF_STR_ARG(type.kind),
			kube_kind_row(kind)->api_version);
		return RF_OK;
	}
	if (list)
		return load_list(l, node,
			(struct type_of){.api_version = type.api_version, .kind = item_kind});
	return load_known(l, kind, node);
}

static int load_object(struct loading *l, const struct doc_node *node, struct type_of inherited)
{
	struct type_of type = inherited;
	bool good;

	if (node->type != DOC_MAP) {
		doc_decode_error(&l->dec, doc_pos(node),
			"expected a Kubernetes object (a map with apiVersion and kind), found %s",
			doc_type_name((enum doc_type)node->type));
		return RF_OK;
	}
	good = type_field(l, node, "apiVersion", &type.api_version);
	good &= type_field(l, node, "kind", &type.kind);
	return good ? load_by_type(l, node, type) : RF_OK;
}

int kube_load_node(struct kube_set *set, const struct doc_node *root, struct rf_diags *diags)
{
	AUTO_DIAGS unread = {.error_count = 0};
	struct loading l = {
		.set = set, .dec = {.arena = set->arena, .diags = diags ? diags : &unread}};

	return load_object(&l, root, (struct type_of){.kind = RF_STR_NONE});
}
