/*
 * Three tables, each later one winning: what the image has (with HOSTNAME and PATH standing in),
 * Service links, and what the manifest says (envFrom, then env). References in env see the last
 * two as they are at that point, the manifest's own first. Source: kubernetes
 * pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables.
 */
#include "host/env_int.h"
#include "kube/names.h"

struct table {
	struct env_list list;
	struct rf_map by_name; /* -> index; keys are in the items */
	bool failed;
};

struct build {
	const struct env_pod *pod;
	const struct kube_container *container;
	struct rf_diags *diags;
	struct table image, links, own;
	bool refused;
};

void env_list_done(struct env_list *list)
{
	rf_vec_each (item, list)
		free(*item);
	rf_vec_done(list);
	list->image_count = 0;
}

static void table_done(struct table *table)
{
	env_list_done(&table->list);
	rf_map_done(&table->by_name);
}

static void build_done(struct build *b)
{
	table_done(&b->image);
	table_done(&b->links);
	table_done(&b->own);
}

static bool table_put(struct table *table, struct rf_str name, char *text)
{
	struct rf_str key = {.ptr = text, .len = name.len};
	uintptr_t index = table->list.count;

	if (rf_map_get(&table->by_name, name, &index)) {
		rf_map_del(&table->by_name, name); /* its key is in the text that goes away */
		free(table->list.items[index]);
		table->list.items[index] = text;
		return rf_map_put(&table->by_name, key, index);
	}
	if (!rf_vec_push(&table->list, text)) {
		free(text);
		return false;
	}
	return rf_map_put(&table->by_name, key, index);
}

static void table_set(void *ctx, struct rf_str name, struct rf_str value)
{
	struct table *table = ctx;
	AUTO_BUF text = {0};
	char *item;

	rf_buf_add_str(&text, name);
	rf_buf_add_char(&text, '=');
	rf_buf_add_str(&text, value);
	item = rf_buf_take(&text);
	if (!item || !table_put(table, name, item))
		table->failed = true;
}

/* --- what references name --- */

const struct kube_data *env_find_data(
	const struct env_pod *pod, enum kube_kind kind, struct rf_str name)
{
	static const struct kube_data empty;
	const struct kube_object *object =
		kube_find(pod->plan->set, kind, pod->pod->namespace, name);

	if (!object)
		return NULL;
	return object->data ? object->data : &empty;
}

const struct kube_data_item *env_find_item(const struct kube_data *data, struct rf_str key)
{
	for (size_t i = 0; i < data->count; i++) {
		if (rf_str_eq(data->items[i].key, key))
			return &data->items[i];
	}
	return NULL;
}

static void refuse(struct build *b, struct rf_pos pos, const char *what)
{
	rf_diag_add(b->diags, RF_ERROR, pos, "container \"" RF_STR_FMT "\": %s",
		RF_STR_ARG(b->container->name), what);
	b->refused = true;
}

static void refuse_absent(
	struct build *b, struct rf_pos pos, enum kube_kind kind, struct rf_str name)
{
	rf_diag_add(b->diags, RF_ERROR, pos,
		"container \"" RF_STR_FMT "\": there is no %s \"" RF_STR_FMT
		"\" in namespace \"" RF_STR_FMT "\": add it, or set optional: true",
		RF_STR_ARG(b->container->name), kube_kind_name(kind), RF_STR_ARG(name),
		RF_STR_ARG(b->pod->pod->namespace));
	b->refused = true;
}

/* Environments cannot hold a NUL; true when value can be a variable's. */
static bool check_value(struct build *b, struct rf_pos pos, struct rf_str value)
{
	if (value.len < ENV_TEXT_MAX && (value.len == 0 || !memchr(value.ptr, '\0', value.len)))
		return true;
	refuse(b, pos,
		"the value holds a NUL byte or is longer than 128 KiB, so it cannot be a variable: "
		"mount it as a file");
	return false;
}

/* --- the manifest's own --- */

static void add_data(
	struct build *b, const struct kube_env_from *from, const struct kube_data *data)
{
	AUTO_BUF name = {0};

	for (size_t i = 0; i < data->count; i++) {
		rf_buf_clear(&name);
		rf_buf_add_str(&name, from->prefix);
		rf_buf_add_str(&name, data->items[i].key);
		if (!kube_is_env_name(rf_buf_str(&name)))
			rf_diag_add(b->diags, RF_WARNING, doc_pos(from->node),
				"container \"" RF_STR_FMT
				"\": key \"%s\" is left out: it is not the name of a variable",
				RF_STR_ARG(b->container->name), rf_buf_cstr(&name));
		else if (check_value(b, doc_pos(from->node), data->items[i].value))
			table_set(&b->own, rf_buf_str(&name), data->items[i].value);
	}
	b->own.failed |= name.failed;
}

static void add_env_from(struct build *b, const struct kube_env_from *from)
{
	enum kube_kind kind = from->config_map_ref ? KUBE_CONFIG_MAP : KUBE_SECRET;
	const struct kube_name_ref *ref =
		from->config_map_ref ? from->config_map_ref : from->secret_ref;
	const struct kube_data *data;

	if (!ref)
		return;
	data = env_find_data(b->pod, kind, ref->name);
	if (data)
		add_data(b, from, data);
	else if (!ref->optional.value)
		refuse_absent(b, doc_field_pos(ref->node, "name"), kind, ref->name);
}

static void add_key(struct build *b, const struct kube_env *env, enum kube_kind kind,
	const struct kube_key_ref *ref)
{
	const struct kube_data *data = env_find_data(b->pod, kind, ref->name);
	const struct kube_data_item *item = data ? env_find_item(data, ref->key) : NULL;

	if (item && check_value(b, doc_pos(ref->node), item->value)) {
		table_set(&b->own, env->name, item->value);
	} else if (!item && !data && !ref->optional.value) {
		refuse_absent(b, doc_field_pos(ref->node, "name"), kind, ref->name);
	} else if (!item && !ref->optional.value) {
		rf_diag_add(b->diags, RF_ERROR, doc_field_pos(ref->node, "key"),
			"container \"" RF_STR_FMT "\": %s \"" RF_STR_FMT
			"\" has no key \"" RF_STR_FMT "\": add it, or set optional: true",
			RF_STR_ARG(b->container->name), kube_kind_name(kind), RF_STR_ARG(ref->name),
			RF_STR_ARG(ref->key));
		b->refused = true;
	}
}

static void add_text(struct build *b, const struct kube_env *env)
{
	/* The two tables as one list for lookups: the later wins. Items are only borrowed. */
	struct env_list seen = {0};
	AUTO_FREE char *value = NULL;
	bool ok = true;

	rf_vec_each (item, &b->links.list)
		ok = ok && rf_vec_push(&seen, *item);
	rf_vec_each (item, &b->own.list)
		ok = ok && rf_vec_push(&seen, *item);
	if (ok)
		value = env_expand(env->value, &seen);
	rf_vec_done(&seen);
	if (!ok)
		b->own.failed = true;
	else if (!value)
		refuse(b, doc_field_pos(env->node, "value"),
			"with its references the value is longer than 128 KiB");
	else
		table_set(&b->own, env->name, rf_str_of(value));
}

static void add_field(struct build *b, const struct kube_env *env)
{
	const struct kube_env_source *source = env->value_from;
	AUTO_BUF value = {0};
	int rc;

	if (source->field_ref)
		rc = env_field(b->pod, source->field_ref, &value, b->diags);
	else
		rc = env_resource(
			b->pod, source->resource_field_ref, b->container, &value, b->diags);
	b->refused |= rc == RF_EINPUT;
	b->own.failed |= rc == RF_EINTERNAL;
	if (rc == RF_OK && check_value(b, doc_pos(source->node), rf_buf_str(&value)))
		table_set(&b->own, env->name, rf_buf_str(&value));
}

static void add_env(struct build *b, const struct kube_env *env)
{
	const struct kube_env_source *source = env->value_from;

	if (env->value.len || !source) {
		/* Most values have no reference; only those that may have one cost a lookup. */
		if (env->value.len && memchr(env->value.ptr, '$', env->value.len))
			add_text(b, env);
		else
			table_set(&b->own, env->name, env->value);
	} else if (source->config_map_key_ref) {
		add_key(b, env, KUBE_CONFIG_MAP, source->config_map_key_ref);
	} else if (source->secret_key_ref) {
		add_key(b, env, KUBE_SECRET, source->secret_key_ref);
	} else if (source->field_ref || source->resource_field_ref) {
		add_field(b, env);
	} else {
		refuse(b, doc_field_pos(env->node, "valueFrom"),
			"expected fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef");
	}
}

/* --- all of it --- */

static void add_image(struct build *b, char *const *image_env, size_t count)
{
	table_set(&b->image, RF_STR("HOSTNAME"), env_hostname(b->pod));
	table_set(&b->image, RF_STR("PATH"), RF_STR(ENV_DEFAULT_PATH));
	for (size_t i = 0; i < count; i++) {
		struct rf_str name, value = rf_str_cut(rf_str_of(image_env[i]), '=', &name);

		if (value.ptr && name.len)
			table_set(&b->image, name, value);
	}
}

/* Moves the items that no table after this one overrides. */
static bool move_items(struct table *from, const struct table *const *later, struct env_list *to)
{
	rf_vec_each (item, &from->list) {
		struct rf_str name;
		uintptr_t index;
		bool hidden = false;

		rf_str_cut(rf_str_of(*item), '=', &name);
		for (size_t i = 0; later[i]; i++)
			hidden = hidden || rf_map_get(&later[i]->by_name, name, &index);
		if (hidden)
			continue;
		if (!rf_vec_push(to, *item))
			return false;
		*item = NULL;
	}
	return true;
}

static int finish(struct build *b, struct env_list *ret)
{
	struct env_list list = {0};
	const struct table *after_image[] = {&b->links, &b->own, NULL};
	const struct table *after_links[] = {&b->own, NULL};
	const struct table *after_own[] = {NULL};
	bool ok = move_items(&b->image, after_image, &list);

	list.image_count = list.count;
	ok = ok && move_items(&b->links, after_links, &list) &&
	     move_items(&b->own, after_own, &list);
	if (!ok) {
		env_list_done(&list);
		return RF_EINTERNAL;
	}
	*ret = list;
	return RF_OK;
}

int env_build(const struct env_pod *pod, const struct kube_container *container,
	char *const *image_env, size_t image_env_count, struct env_list *ret,
	struct rf_diags *diags)
{
	CLEANUP(build_done)
	struct build b = {.pod = pod, .container = container, .diags = diags};
	const struct kube_env_from *from = container->env_from.items;
	const struct kube_env *env = container->env.items;

	add_image(&b, image_env, image_env_count);
	if (env_service_links(pod, table_set, &b.links) < 0)
		return RF_EINTERNAL;
	for (size_t i = 0; i < container->env_from.count; i++)
		add_env_from(&b, &from[i]);
	for (size_t i = 0; i < container->env.count; i++)
		add_env(&b, &env[i]);
	if (b.image.failed || b.links.failed || b.own.failed)
		return RF_EINTERNAL;
	return b.refused ? RF_EINPUT : finish(&b, ret);
}
