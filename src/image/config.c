/* OCI image config: tables of fields in both directions. */
#include "image/config.h"

#include "base/buf.h"
#include "doc/json.h"
#include "image/json_int.h"

#define MAX_VALUE ((size_t)1 << 20) /* bytes of one string; exec takes 128 KiB of one argument */

struct str_row {
	const char *key;
	size_t offset;
};

#define FIELD(key, member)                                 \
	{                                                  \
		key, offsetof(struct image_config, member) \
	}

static const struct str_row top_strs[] = {
	FIELD("architecture", architecture),
	FIELD("os", os),
	FIELD("variant", variant),
	FIELD("created", created),
};

static const struct str_row config_strs[] = {
	FIELD("User", user),
	FIELD("WorkingDir", working_dir),
	FIELD("StopSignal", stop_signal),
};

static const struct str_row config_lists[] = {
	FIELD("Env", env),
	FIELD("Entrypoint", entrypoint),
	FIELD("Cmd", cmd),
};

/* Objects whose keys are all that matters. */
static const struct str_row config_sets[] = {
	FIELD("Volumes", volumes),
	FIELD("ExposedPorts", exposed_ports),
};

static void *field(const struct image_config *config, const struct str_row *row)
{
	uintptr_t base = (uintptr_t)config;

	return (void *)(base + row->offset);
}

static int read_strs(const struct doc_node *map, const struct str_row *rows, size_t count,
	struct image_config *config, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < count && rc == RF_OK; i++) {
		struct rf_str *out = field(config, &rows[i]);

		rc = image_json_str(map, rows[i].key, out, err);
		if (rc == RF_OK && out->len > MAX_VALUE)
			rc = rf_err_set(err, RF_ELIMIT, "%s: too long", rows[i].key);
	}
	return rc;
}

static int read_items(const struct doc_node *node, const struct str_row *row, bool keys,
	struct rf_arena *arena, struct doc_strs *out)
{
	if (node->count > IMAGE_MAX_LIST)
		return RF_ELIMIT;
	out->items = rf_arena_array(arena, node->count ? node->count : 1, sizeof(*out->items));
	if (!out->items)
		return RF_EINTERNAL;
	doc_each (child, node) {
		struct rf_str text = child->key;
		int rc = keys ? RF_OK : image_json_text(child, row->key, &text, NULL);

		if (rc < 0)
			return rc;
		if (text.len > MAX_VALUE || (text.len && memchr(text.ptr, '\0', text.len)))
			return RF_EINPUT;
		out->items[out->count++] = text;
	}
	return RF_OK;
}

static int compare_strs(const void *a, const void *b)
{
	return rf_str_cmp(*(const struct rf_str *)a, *(const struct rf_str *)b);
}

static int read_lists(const struct doc_node *map, bool keys, struct rf_arena *arena,
	struct image_config *config, struct rf_err *err)
{
	const struct str_row *rows = keys ? config_sets : config_lists;
	size_t count = keys ? RF_ARRAY_LEN(config_sets) : RF_ARRAY_LEN(config_lists);

	for (size_t i = 0; i < count; i++) {
		struct doc_strs *out = field(config, &rows[i]);
		const struct doc_node *node;
		int rc = image_json_child(map, rows[i].key, keys ? DOC_MAP : DOC_SEQ, &node, err);

		if (rc < 0)
			return rc;
		if (!node)
			continue;
		rc = read_items(node, &rows[i], keys, arena, out);
		if (rc < 0)
			return rf_err_set(err, rc, "%s: %s", rows[i].key,
				rc == RF_ELIMIT ? "too many items"
						: "expected strings without NUL");
	}
	return RF_OK;
}

static int compare_pairs(const void *a, const void *b)
{
	return rf_str_cmp(((const struct doc_pair *)a)->key, ((const struct doc_pair *)b)->key);
}

static int read_labels(const struct doc_node *map, struct rf_arena *arena,
	struct image_config *config, struct rf_err *err)
{
	struct doc_pairs *out = &config->labels;
	const struct doc_node *node;
	int rc = image_json_child(map, "Labels", DOC_MAP, &node, err);

	if (rc < 0 || !node)
		return rc;
	if (node->count > IMAGE_MAX_LIST)
		return rf_err_set(err, RF_ELIMIT, "Labels: too many items");
	out->items = rf_arena_array(arena, node->count + 1, sizeof(*out->items));
	if (!out->items)
		return rf_err_nomem(err);
	doc_each (child, node) {
		struct rf_str value;

		rc = image_json_text(child, "Labels", &value, err);
		if (rc < 0)
			return rc;
		out->items[out->count++] = (struct doc_pair){.key = child->key, .value = value};
	}
	qsort(out->items, out->count, sizeof(*out->items), compare_pairs);
	return RF_OK;
}

static int read_diff_ids(const struct doc_node *root, struct rf_arena *arena,
	struct image_config *config, struct rf_err *err)
{
	const struct doc_node *rootfs, *list = NULL;
	int rc = image_json_child(root, "rootfs", DOC_MAP, &rootfs, err);

	if (rc == RF_OK && rootfs)
		rc = image_json_child(rootfs, "diff_ids", DOC_SEQ, &list, err);
	if (rc < 0)
		return rc;
	if (!list)
		return rf_err_set(err, RF_EINPUT, "rootfs.diff_ids: missing: not an image config");
	if (list->count > IMAGE_MAX_LAYERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d layers", IMAGE_MAX_LAYERS);
	config->diff_ids = rf_arena_array(arena, list->count + 1, sizeof(*config->diff_ids));
	if (!config->diff_ids)
		return rf_err_nomem(err);
	doc_each (child, list) {
		if (child->type != DOC_STRING ||
			!image_digest_parse(
				child->text, &config->diff_ids[config->diff_id_count++]))
			return rf_err_set(err, RF_EINPUT,
				"rootfs.diff_ids: expected sha256: and 64 hex digits");
	}
	return RF_OK;
}

static int check_env(const struct doc_strs *env, struct rf_err *err)
{
	for (size_t i = 0; i < env->count; i++) {
		struct rf_str name, rest = rf_str_cut(env->items[i], '=', &name);

		if (!rest.ptr || name.len == 0)
			return rf_err_set(err, RF_EINPUT, "Env: expected NAME=value");
	}
	return RF_OK;
}

/* A relative directory is meant from the root, as Docker takes it. */
static int make_absolute(struct rf_str *path, struct rf_arena *arena)
{
	if (path->len == 0 || path->ptr[0] == '/')
		return RF_OK;
	*path = rf_arena_printf(arena, "/" RF_STR_FMT, RF_STR_ARG(*path));
	return path->ptr ? RF_OK : RF_EINTERNAL;
}

static int make_paths_absolute(struct image_config *config, struct rf_arena *arena)
{
	int rc = make_absolute(&config->working_dir, arena);

	for (size_t i = 0; i < config->volumes.count && rc == RF_OK; i++)
		rc = make_absolute(&config->volumes.items[i], arena);
	return rc;
}

/* In order, and each once ("a" and "/a" are one volume). */
static void sort_set(struct doc_strs *set)
{
	size_t kept = 0;

	if (set->count)
		qsort(set->items, set->count, sizeof(*set->items), compare_strs);
	for (size_t i = 0; i < set->count; i++) {
		if (kept == 0 || !rf_str_eq(set->items[kept - 1], set->items[i]))
			set->items[kept++] = set->items[i];
	}
	set->count = kept;
}

static int read_config(const struct doc_node *root, struct rf_arena *arena,
	struct image_config *config, struct rf_err *err)
{
	const struct doc_node *map;
	int rc = image_json_child(root, "config", DOC_MAP, &map, err);

	/* An absent map has absent fields. */
	if (rc == RF_OK)
		rc = read_strs(map, config_strs, RF_ARRAY_LEN(config_strs), config, err);
	if (rc == RF_OK)
		rc = read_lists(map, false, arena, config, err);
	if (rc == RF_OK)
		rc = read_lists(map, true, arena, config, err);
	if (rc == RF_OK)
		rc = read_labels(map, arena, config, err);
	if (rc == RF_OK)
		rc = check_env(&config->env, err);
	if (rc == RF_OK && make_paths_absolute(config, arena) < 0)
		rc = rf_err_nomem(err);
	for (size_t i = 0; i < RF_ARRAY_LEN(config_sets) && rc == RF_OK; i++)
		sort_set(field(config, &config_sets[i]));
	return rc;
}

int image_config_parse(
	struct rf_str json, struct rf_arena *arena, struct image_config *ret, struct rf_err *err)
{
	struct image_config config = {.diff_id_count = 0};
	const struct doc_node *root;
	int rc = image_json_parse(json, "image config", arena, &root, err);

	if (rc < 0)
		return rc;
	if (root->type != DOC_MAP)
		rc = rf_err_set(err, RF_EINPUT, "expected an object");
	if (rc == RF_OK)
		rc = read_strs(root, top_strs, RF_ARRAY_LEN(top_strs), &config, err);
	if (rc == RF_OK)
		rc = read_config(root, arena, &config, err);
	if (rc == RF_OK)
		rc = read_diff_ids(root, arena, &config, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "image config");
	*ret = config;
	return RF_OK;
}

static void write_strs(struct json_writer *w, const struct image_config *config,
	const struct str_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rf_str *value = field(config, &rows[i]);

		if (value->len)
			json_field_str(w, rows[i].key, *value);
	}
}

static void write_list(struct json_writer *w, const char *key, const struct doc_strs *list)
{
	if (!list->count)
		return;
	json_key(w, key);
	json_array_begin(w);
	for (size_t i = 0; i < list->count; i++)
		json_str(w, list->items[i]);
	json_array_end(w);
}

/* json_key() wants a terminated key; those of a doc tree are. */
static void write_set(struct json_writer *w, const char *key, const struct doc_strs *set)
{
	if (!set->count)
		return;
	json_key(w, key);
	json_object_begin(w);
	for (size_t i = 0; i < set->count; i++) {
		json_key(w, set->items[i].ptr);
		json_object_begin(w);
		json_object_end(w);
	}
	json_object_end(w);
}

static void write_config(struct json_writer *w, const struct image_config *config)
{
	write_strs(w, config, config_strs, RF_ARRAY_LEN(config_strs));
	for (size_t i = 0; i < RF_ARRAY_LEN(config_lists); i++)
		write_list(w, config_lists[i].key, field(config, &config_lists[i]));
	for (size_t i = 0; i < RF_ARRAY_LEN(config_sets); i++)
		write_set(w, config_sets[i].key, field(config, &config_sets[i]));
	json_key(w, "Labels");
	json_object_begin(w);
	for (size_t i = 0; i < config->labels.count; i++)
		json_field_str(w, config->labels.items[i].key.ptr, config->labels.items[i].value);
	json_object_end(w);
}

void image_config_write(const struct image_config *config, struct rf_buf *out)
{
	struct json_writer w = {.out = out};
	char text[IMAGE_DIGEST_TEXT_SIZE];

	json_object_begin(&w);
	write_strs(&w, config, top_strs, RF_ARRAY_LEN(top_strs));
	json_key(&w, "config");
	json_object_begin(&w);
	write_config(&w, config);
	json_object_end(&w);
	json_key(&w, "rootfs");
	json_object_begin(&w);
	json_field_c(&w, "type", "layers");
	json_key(&w, "diff_ids");
	json_array_begin(&w);
	for (size_t i = 0; i < config->diff_id_count; i++)
		json_c(&w, image_digest_text(&config->diff_ids[i], text));
	json_array_end(&w);
	json_object_end(&w);
	json_object_end(&w);
}
