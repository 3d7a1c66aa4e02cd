/* Environment of containers and the references that feed it. */
#include "kube/kube_int.h"
#include "kube/names.h"

#define ROW_OF struct kube_key_ref
static const struct doc_field key_ref_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("key", key, REQUIRED),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema config_map_key_schema =
	DOC_SCHEMA("ConfigMapKeySelector", struct kube_key_ref, key_ref_rows);
static const struct doc_schema secret_key_schema =
	DOC_SCHEMA("SecretKeySelector", struct kube_key_ref, key_ref_rows);
#undef ROW_OF

#define ROW_OF struct kube_field_ref
static const struct doc_field field_ref_rows[] = {
	ROW_STR("apiVersion", api_version),
	ROW_STR("fieldPath", field_path, REQUIRED),
};
const struct doc_schema kube_field_ref_schema =
	DOC_SCHEMA("ObjectFieldSelector", struct kube_field_ref, field_ref_rows);
#undef ROW_OF

#define ROW_OF struct kube_resource_ref
static const struct doc_field resource_ref_rows[] = {
	ROW_STR("containerName", container_name),
	ROW_STR("resource", resource, REQUIRED),
	ROW_CUSTOM("divisor", divisor, kube_decode_quantity),
};
const struct doc_schema kube_resource_ref_schema =
	DOC_SCHEMA("ResourceFieldSelector", struct kube_resource_ref, resource_ref_rows);
#undef ROW_OF

#define ROW_OF struct kube_checked
static const struct doc_field file_key_rows[] = {
	SEEN_STR("volumeName", REQUIRED),
	SEEN_STR("path", REQUIRED),
	SEEN_STR("key", REQUIRED),
	SEEN_BOOL("optional"),
};
static const struct doc_schema file_key_schema =
	DOC_SCHEMA("FileKeySelector", struct kube_checked, file_key_rows);
#undef ROW_OF

static int keep_file_key(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return kube_keep_object(dec, &file_key_schema, node, field);
}

#define ROW_OF struct kube_env_source
static const struct doc_field env_source_rows[] = {
	ROW_PTR("fieldRef", field_ref, kube_field_ref_schema),
	ROW_PTR("secretKeyRef", secret_key_ref, secret_key_schema),
	ROW_PTR("configMapKeyRef", config_map_key_ref, config_map_key_schema),
	ROW_PTR("resourceFieldRef", resource_field_ref, kube_resource_ref_schema),
	ROW_CUSTOM("fileKeyRef", file_key_ref, keep_file_key),
};
static const struct doc_schema env_source_schema =
	DOC_SCHEMA("EnvVarSource", struct kube_env_source, env_source_rows);
#undef ROW_OF

#define ROW_OF struct kube_env
static const struct doc_field env_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("value", value),
	ROW_PTR("valueFrom", value_from, env_source_schema),
};
const struct doc_schema kube_env_schema = DOC_SCHEMA("EnvVar", struct kube_env, env_rows);
#undef ROW_OF

#define ROW_OF struct kube_name_ref
static const struct doc_field name_ref_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema env_ref_schema =
	DOC_SCHEMA("EnvFromSource reference", struct kube_name_ref, name_ref_rows);

static const struct doc_field pull_secret_rows[] = {
	ROW_STR("name", name),
};
const struct doc_schema kube_name_ref_schema =
	DOC_SCHEMA("LocalObjectReference", struct kube_name_ref, pull_secret_rows);
#undef ROW_OF

#define ROW_OF struct kube_env_from
static const struct doc_field env_from_rows[] = {
	ROW_PTR("configMapRef", config_map_ref, env_ref_schema),
	ROW_PTR("secretRef", secret_ref, env_ref_schema),
	ROW_STR("prefix", prefix),
};
const struct doc_schema kube_env_from_schema =
	DOC_SCHEMA("EnvFromSource", struct kube_env_from, env_from_rows);
#undef ROW_OF

static bool is_subscript(struct rf_str path, struct rf_str map)
{
	return rf_str_starts(path, map) && path.len > map.len + 4 && path.ptr[map.len] == '[' &&
	       path.ptr[map.len + 1] == '\'' && rf_str_ends(path, RF_STR("']"));
}

static void check_field_path(struct doc_decoder *dec, const struct kube_field_ref *ref)
{
	static const char *const paths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
		"status.podIP", "status.podIPs"};

	if (!ref || !ref->field_path.ptr ||
		is_subscript(ref->field_path, RF_STR("metadata.labels")) ||
		is_subscript(ref->field_path, RF_STR("metadata.annotations")))
		return;
	for (size_t i = 0; i < RF_ARRAY_LEN(paths); i++) {
		if (rf_str_is(ref->field_path, paths[i]))
			return;
	}
	doc_decode_error(dec, doc_field_pos(ref->node, "fieldPath"),
		"fieldPath \"" RF_STR_FMT
		"\" is not available to the environment: expected metadata.name, "
		"metadata.namespace, metadata.uid, metadata.labels['KEY'], "
		"metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, "
		"status.hostIP, status.hostIPs, status.podIP or status.podIPs",
		RF_STR_ARG(ref->field_path));
}

static void check_env_var(struct doc_decoder *dec, const struct kube_env *env)
{
	static const char *const sources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef",
		"secretKeyRef", "fileKeyRef", NULL};

	if (!env->node)
		return;
	if (env->name.ptr && !kube_is_env_name(env->name))
		doc_decode_error(dec, doc_field_pos(env->node, "name"),
			"\"" RF_STR_FMT
			"\" is not the name of a variable: expected printable ASCII without '='",
			RF_STR_ARG(env->name));
	if (!env->value_from || !env->value_from->node)
		return;
	if (env->value.len)
		doc_decode_error(dec, doc_field_pos(env->node, "valueFrom"),
			"a variable has either value or valueFrom, not both");
	kube_check_exactly_one(dec, env->value_from->node, sources);
	check_field_path(dec, env->value_from->field_ref);
}

void kube_check_env(struct doc_decoder *dec, const struct kube_container *c)
{
	static const char *const sources[] = {"configMapRef", "secretRef", NULL};
	const struct kube_env *env = c->env.items;
	const struct kube_env_from *from = c->env_from.items;

	for (size_t i = 0; i < c->env.count; i++)
		check_env_var(dec, &env[i]);
	for (size_t i = 0; i < c->env_from.count; i++) {
		if (from[i].node)
			kube_check_exactly_one(dec, from[i].node, sources);
		if (from[i].prefix.len && !kube_is_env_name(from[i].prefix))
			doc_decode_error(dec, doc_field_pos(from[i].node, "prefix"),
				"expected printable ASCII without '='");
	}
}
