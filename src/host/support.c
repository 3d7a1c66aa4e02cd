/*
 * Refuses what this machine cannot honour before anything starts. Walks the trees that objects
 * were decoded from, so that every refusal has the position of its field.
 */
#include "host/support_int.h"

#define FIELD_MAX 64

struct check {
	const struct kube_object *object;
	struct rf_str container; /* whose fields are looked at; ptr NULL: of the object */
	const struct doc_node *pod_spec;
	struct rf_diags *diags;
};

/* Absent, null and empty values say nothing. */
static bool is_set(const struct doc_node *node)
{
	if (!node || node->type == DOC_NULL)
		return false;
	if (node->type == DOC_SEQ || node->type == DOC_MAP)
		return node->count > 0;
	return node->type != DOC_STRING || node->text.len > 0;
}

static bool matches(const struct support_row *row, const struct doc_node *value)
{
	switch (row->when) {
	case SUPPORT_SET: return is_set(value);
	case SUPPORT_TRUE: return value && value->type == DOC_BOOL && value->truth;
	case SUPPORT_FALSE: return value && value->type == DOC_BOOL && !value->truth;
	case SUPPORT_NOT_ZERO: return value && value->type == DOC_INT && value->number != 0;
	case SUPPORT_IS: return is_set(value) && rf_str_is(value->text, row->value);
	case SUPPORT_IS_NOT: return is_set(value) && !rf_str_is(value->text, row->value);
	case SUPPORT_TEST: break;
	}
	return false;
}

static void refuse(const struct check *check, const struct support_row *row,
	const struct doc_node *where, const char *key)
{
	const struct kube_object *object = check->object;
	AUTO_BUF text = {.data = NULL};
	const struct doc_node *value = doc_get(where, key);

	rf_buf_addf(&text, "%s " RF_STR_FMT "/" RF_STR_FMT, kube_kind_name(object->kind),
		RF_STR_ARG(object->meta.namespace), RF_STR_ARG(object->meta.name));
	if (check->container.ptr)
		rf_buf_addf(&text, ", container " RF_STR_FMT, RF_STR_ARG(check->container));
	rf_buf_addf(&text, ": %s", key);
	if (value && value->text.len)
		rf_buf_addf(&text, ": " RF_STR_FMT, RF_STR_ARG(value->text));
	rf_diag_add(check->diags, RF_ERROR, doc_field_pos(where, key), "%s is %s: %s; %s",
		rf_buf_cstr(&text), value ? "not supported here" : "missing", row->why,
		row->instead);
}

/* The map that holds the last part of a dotted field; *ret_key is that part. */
static const struct doc_node *descend(
	const struct doc_node *object, const char *field, const char **ret_key)
{
	const char *dot;

	while (object && (dot = strchr(field, '.'))) {
		char part[FIELD_MAX];

		if (!rf_str_copy((struct rf_str){.ptr = field, .len = (size_t)(dot - field)}, part,
			    sizeof(part)))
			return NULL;
		object = doc_get(object, part);
		field = dot + 1;
	}
	*ret_key = field;
	return object;
}

static void check_row(
	const struct check *check, const struct support_row *row, const struct doc_node *object)
{
	const char *key = row->field;
	const struct doc_node *where = descend(object, row->field, &key);

	if (row->when == SUPPORT_TEST) {
		where = where ? where : object;
		if (row->test(object, check->pod_spec, &where, &key))
			refuse(check, row, where, key);
	} else if (where && matches(row, doc_get(where, key))) {
		refuse(check, row, where, key);
	}
}

/* All rows of a scope against one object. */
static void check_scope(
	const struct check *check, enum support_scope scope, const struct doc_node *object)
{
	if (!object || object->type != DOC_MAP)
		return;
	for (size_t i = 0; i < support_row_count; i++) {
		if (support_rows[i].scope == scope)
			check_row(check, &support_rows[i], object);
	}
}

static void check_list(
	const struct check *check, enum support_scope scope, const struct doc_node *list)
{
	doc_each (item, list)
		check_scope(check, scope, item);
}

static void check_container(struct check *check, const struct doc_node *container)
{
	const struct doc_node *name = doc_get(container, "name");

	check->container = name ? name->text : RF_STR("");
	check_scope(check, SUPPORT_CONTAINER, container);
	check_list(check, SUPPORT_PORT, doc_get(container, "ports"));
	check_list(check, SUPPORT_ENV, doc_get(container, "env"));
	check_list(check, SUPPORT_MOUNT, doc_get(container, "volumeMounts"));
	check_scope(check, SUPPORT_PROBE, doc_get(container, "livenessProbe"));
	check_scope(check, SUPPORT_PROBE, doc_get(container, "readinessProbe"));
	check_scope(check, SUPPORT_PROBE, doc_get(container, "startupProbe"));
	check->container = RF_STR_NONE;
}

static void check_pod(struct check *check, const struct doc_node *spec)
{
	check->pod_spec = spec;
	check_scope(check, SUPPORT_POD, spec);
	doc_each (container, doc_get(spec, "initContainers"))
		check_container(check, container);
	doc_each (container, doc_get(spec, "containers"))
		check_container(check, container);
	doc_each (volume, doc_get(spec, "volumes")) {
		check_scope(check, SUPPORT_VOLUME, volume);
		check_list(check, SUPPORT_PROJECTION,
			doc_get(doc_get(volume, "projected"), "sources"));
	}
}

static void check_workload(struct check *check, enum kube_kind kind, const struct doc_node *spec)
{
	const struct doc_node *job = kind == KUBE_JOB ? spec : NULL;

	if (kind == KUBE_DEPLOYMENT)
		check_scope(check, SUPPORT_DEPLOYMENT, spec);
	if (kind == KUBE_STATEFUL_SET)
		check_scope(check, SUPPORT_STATEFUL_SET, spec);
	/* One refusal says all about a CronJob: what it would run is not looked at. */
	if (kind == KUBE_CRON_JOB) {
		check_scope(check, SUPPORT_CRON_JOB, spec);
		return;
	}
	check_scope(check, SUPPORT_JOB, job);
	check_scope(check, SUPPORT_TEMPLATE, check->object->workload->template_meta.node);
	check_pod(check, check->object->workload->pod.node);
}

void plan_check_support(const struct kube_set *set, struct rf_diags *diags)
{
	rf_vec_each (it, &set->objects) {
		const struct kube_object *object = *it;
		const struct doc_node *spec = doc_get(object->root, "spec");
		struct check check = {.object = object, .diags = diags};

		if (object->kind == KUBE_SERVICE)
			check_scope(&check, SUPPORT_SERVICE, spec);
		else if (kube_kind_is_workload(object->kind) && object->workload)
			check_workload(&check, object->kind, spec);
	}
}
