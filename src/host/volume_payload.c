/*
 * ConfigMap, Secret, downward API and projected volumes as a list of files. Names come from a
 * manifest and are checked here again, whatever was checked before: a path stays in the volume.
 */
#include "host/env_int.h"
#include "host/volume_int.h"

#define DEFAULT_MODE 0644
#define PART_MAX     255
#define PATH_BYTES   4096

struct collect {
	const struct env_pod *pod;
	const struct kube_volume *volume;
	struct volume_files *files;
	struct rf_diags *diags;
	mode_t mode; /* where an item has none */
	bool refused, nomem;
};

/* A ConfigMap or a Secret, of a volume or of a projection. */
struct data_source {
	enum kube_kind kind;
	const struct doc_node *node;
	const char *name_field;
	struct rf_str name;
	const struct doc_list *items;
	bool optional;
};

void volume_files_done(struct volume_files *files)
{
	rf_vec_done(&files->list);
	rf_map_done(&files->by_path);
	rf_arena_freep(&files->arena);
}

static void refuse(struct collect *c, struct rf_pos pos, const char *what, struct rf_str name)
{
	rf_diag_add(c->diags, RF_ERROR, pos, "volume \"" RF_STR_FMT "\": %s \"" RF_STR_FMT "\"",
		RF_STR_ARG(c->volume->name), what, RF_STR_ARG(name));
	c->refused = true;
}

/* --- paths --- */

/* path without empty and "." parts, in the arena; ptr NULL when it cannot be a file's. */
static struct rf_str clean_path(struct collect *c, struct rf_str path)
{
	AUTO_BUF clean = {.max = PATH_BYTES};
	struct rf_str rest = path, part, copy;

	if (path.len == 0 || path.ptr[0] == '/' || memchr(path.ptr, '\0', path.len))
		return RF_STR_NONE;
	while (rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if (part.len == 0 || rf_str_is(part, "."))
			continue;
		/* At the top, names that begin with ".." are the volume's own (..data). */
		if (rf_str_is(part, "..") || part.len > PART_MAX ||
			(clean.len == 0 && rf_str_starts(part, RF_STR(".."))))
			return RF_STR_NONE;
		if (clean.len)
			rf_buf_add_char(&clean, '/');
		rf_buf_add_str(&clean, part);
	}
	if (clean.failed || clean.len == 0)
		return RF_STR_NONE;
	copy = rf_arena_str(c->files->arena, rf_buf_str(&clean));
	c->nomem |= copy.ptr == NULL;
	return copy;
}

/* Notes the path and the directories above it; false when one is there as something else. */
static bool claim_path(struct collect *c, struct rf_str path)
{
	struct rf_map *map = &c->files->by_path;
	uintptr_t number;

	if (rf_map_get(map, path, &number))
		return false;
	for (size_t i = 0; i < path.len; i++) {
		struct rf_str above = {.ptr = path.ptr, .len = i};

		if (path.ptr[i] != '/')
			continue;
		if (rf_map_get(map, above, &number) && number != VOLUME_PATH_DIR)
			return false;
		c->nomem |= !rf_map_put(map, above, VOLUME_PATH_DIR);
	}
	c->nomem |= !rf_map_put(map, path, c->files->list.count + 1);
	return true;
}

/* file: its content, mode and what it is of. */
static void add_one(
	struct collect *c, struct rf_pos pos, struct rf_str path, const struct volume_file *file)
{
	struct rf_str clean = clean_path(c, path);
	struct volume_file copy = *file;

	if (c->nomem)
		return;
	if (!clean.ptr) {
		refuse(c, pos, "expected a relative path without \"..\", found", path);
		return;
	}
	if (!claim_path(c, clean)) {
		refuse(c, pos, "two files have the same place: give one of them another path than",
			clean);
		return;
	}
	copy.path = clean;
	c->nomem |= !rf_vec_push(&c->files->list, copy);
}

static void add_file(struct collect *c, struct rf_pos pos, struct rf_str path,
	struct rf_str content, mode_t mode)
{
	add_one(c, pos, path, &(struct volume_file){.content = content, .mode = mode});
}

/* --- ConfigMaps and Secrets --- */

static void add_all_keys(
	struct collect *c, const struct data_source *source, const struct kube_data *data)
{
	for (size_t i = 0; i < data->count; i++) {
		const struct kube_data_item *item = &data->items[i];

		if (item->key.len && memchr(item->key.ptr, '/', item->key.len))
			refuse(c, doc_pos(source->node),
				"a key cannot be a file's name:", item->key);
		else
			add_file(c, doc_pos(source->node), item->key, item->value, c->mode);
	}
}

static void add_items(
	struct collect *c, const struct data_source *source, const struct kube_data *data)
{
	const struct kube_key_to_path *items = source->items->items;

	for (size_t i = 0; i < source->items->count; i++) {
		const struct kube_data_item *found = env_find_item(data, items[i].key);
		mode_t mode = items[i].mode.set ? (mode_t)items[i].mode.value : c->mode;

		if (found)
			add_file(c, doc_field_pos(items[i].node, "path"), items[i].path,
				found->value, mode);
		else if (!source->optional)
			rf_diag_add(c->diags, RF_ERROR, doc_field_pos(items[i].node, "key"),
				"volume \"" RF_STR_FMT "\": %s \"" RF_STR_FMT
				"\" has no key \"" RF_STR_FMT "\": add it, or set optional: true",
				RF_STR_ARG(c->volume->name), kube_kind_name(source->kind),
				RF_STR_ARG(source->name), RF_STR_ARG(items[i].key));
		c->refused |= !found && !source->optional;
	}
}

static void add_data(struct collect *c, const struct data_source *source)
{
	const struct kube_data *data = env_find_data(c->pod, source->kind, source->name);

	if (data && source->items->count)
		add_items(c, source, data);
	else if (data)
		add_all_keys(c, source, data);
	else if (!source->optional)
		rf_diag_add(c->diags, RF_ERROR, doc_field_pos(source->node, source->name_field),
			"volume \"" RF_STR_FMT "\": there is no %s \"" RF_STR_FMT
			"\" in namespace \"" RF_STR_FMT "\": add it, or set optional: true",
			RF_STR_ARG(c->volume->name), kube_kind_name(source->kind),
			RF_STR_ARG(source->name), RF_STR_ARG(c->pod->pod->namespace));
	c->refused |= !data && !source->optional;
}

static void add_config_map(struct collect *c, const struct kube_config_map_source *s)
{
	add_data(c, &(struct data_source){.kind = KUBE_CONFIG_MAP,
			    .node = s->node,
			    .name_field = "name",
			    .name = s->name,
			    .items = &s->items,
			    .optional = s->optional.value});
}

static void add_secret(struct collect *c, const struct kube_secret_source *s)
{
	bool volume = s->secret_name.ptr != NULL;

	add_data(c, &(struct data_source){.kind = KUBE_SECRET,
			    .node = s->node,
			    .name_field = volume ? "secretName" : "name",
			    .name = volume ? s->secret_name : s->name,
			    .items = &s->items,
			    .optional = s->optional.value});
}

/* --- downward API and projections --- */

static void add_downward_file(struct collect *c, const struct kube_downward_file *file)
{
	mode_t mode = file->mode.set ? (mode_t)file->mode.value : c->mode;
	AUTO_BUF text = {0};
	struct rf_str content;
	int rc = RF_OK;

	if (file->field_ref)
		rc = env_field(c->pod, file->field_ref, &text, c->diags);
	else if (file->resource_field_ref)
		rc = env_resource(c->pod, file->resource_field_ref, NULL, &text, c->diags);
	c->refused |= rc == RF_EINPUT;
	c->nomem |= rc == RF_EINTERNAL;
	if (rc < 0)
		return;
	content = rf_arena_str(c->files->arena, rf_buf_str(&text));
	c->nomem |= content.ptr == NULL;
	if (content.ptr)
		add_file(c, doc_field_pos(file->node, "path"), file->path, content, mode);
}

static void add_downward(struct collect *c, const struct kube_downward_source *source)
{
	const struct kube_downward_file *files = source->items.items;

	for (size_t i = 0; i < source->items.count; i++)
		add_downward_file(c, &files[i]);
}

/* Keys are their owner's and the group's alone, whatever the mode. */
static void add_identity(struct collect *c, const struct doc_node *node, const char *field,
	struct rf_str path, enum workload_content of)
{
	if (path.ptr)
		add_one(c, doc_field_pos(node, field), path,
			&(struct volume_file){.mode = c->mode, .of = of});
}

static void add_certificate(struct collect *c, const struct kube_certificate_source *s)
{
	add_identity(c, s->node, "credentialBundlePath", s->credential_bundle_path,
		WORKLOAD_KEY_AND_CERT);
	add_identity(c, s->node, "keyPath", s->key_path, WORKLOAD_KEY);
	add_identity(c, s->node, "certificateChainPath", s->certificate_chain_path, WORKLOAD_CERT);
}

static void add_projected(struct collect *c, const struct kube_projected_source *source)
{
	const struct kube_projection *items = source->sources.items;

	for (size_t i = 0; i < source->sources.count; i++) {
		const struct kube_projection *p = &items[i];

		if (p->config_map)
			add_config_map(c, p->config_map);
		else if (p->secret)
			add_secret(c, p->secret);
		else if (p->downward_api)
			add_downward(c, p->downward_api);
		else if (p->pod_certificate)
			add_certificate(c, p->pod_certificate);
		else if (p->cluster_trust_bundle)
			add_identity(c, p->cluster_trust_bundle->node, "path",
				p->cluster_trust_bundle->path, WORKLOAD_ROOTS);
		else
			refuse(c, doc_pos(p->node),
				"expected configMap, secret, downwardAPI, podCertificate or "
				"clusterTrustBundle as a source of",
				c->volume->name);
	}
}

/* --- a volume --- */

bool volume_is_files(const struct kube_volume *v)
{
	return v->config_map || v->secret || v->downward_api || v->projected;
}

bool volume_is_identity(const struct kube_volume *v)
{
	const struct kube_projection *items = v->projected ? v->projected->sources.items : NULL;

	for (size_t i = 0; items && i < v->projected->sources.count; i++) {
		if (items[i].pod_certificate || items[i].cluster_trust_bundle)
			return true;
	}
	return false;
}

static struct doc_int default_mode_of(const struct kube_volume *v)
{
	if (v->config_map)
		return v->config_map->default_mode;
	if (v->secret)
		return v->secret->default_mode;
	if (v->downward_api)
		return v->downward_api->default_mode;
	return v->projected ? v->projected->default_mode : (struct doc_int){0};
}

static bool items_have_executables(const struct doc_list *list)
{
	const struct kube_key_to_path *items = list->items;

	for (size_t i = 0; i < list->count; i++) {
		if (items[i].mode.value & 0111)
			return true;
	}
	return false;
}

bool volume_has_executables(const struct kube_volume *v)
{
	const struct kube_projection *p = v->projected ? v->projected->sources.items : NULL;

	if ((default_mode_of(v).value & 0111) ||
		(v->config_map && items_have_executables(&v->config_map->items)) ||
		(v->secret && items_have_executables(&v->secret->items)))
		return true;
	for (size_t i = 0; p && i < v->projected->sources.count; i++) {
		if ((p[i].config_map && items_have_executables(&p[i].config_map->items)) ||
			(p[i].secret && items_have_executables(&p[i].secret->items)))
			return true;
	}
	return false;
}

int volume_collect(const struct env_pod *pod, const struct kube_volume *v, struct volume_files *ret,
	struct rf_diags *diags)
{
	struct doc_int mode = default_mode_of(v);
	struct collect c = {
		.pod = pod,
		.volume = v,
		.files = ret,
		.diags = diags,
		.mode = mode.set ? (mode_t)mode.value : DEFAULT_MODE,
	};

	ret->arena = rf_arena_new(0);
	if (!ret->arena)
		return RF_EINTERNAL;
	if (v->config_map)
		add_config_map(&c, v->config_map);
	else if (v->secret)
		add_secret(&c, v->secret);
	else if (v->downward_api)
		add_downward(&c, v->downward_api);
	else if (v->projected)
		add_projected(&c, v->projected);
	if (c.nomem)
		return RF_EINTERNAL;
	return c.refused ? RF_EINPUT : RF_OK;
}
