/*
 * Documents with their keys in a fixed order. Sources: image-spec 1.1 (config, manifest,
 * image-index, image-layout), Docker's image specification v1.2 for manifest.json.
 */
#include "image/pack/manifest_int.h"

#include "base/num.h"
#include "doc/json.h"
#include "image/config.h"
#include "image/report/when.h"

#define CONFIG_ARENA ((size_t)64 << 20)

/* --- config --- */

static int copy_strs(struct rf_arena *arena, const struct pack_strs *from, struct doc_strs *to)
{
	to->items = rf_arena_array(arena, from->count + 1, sizeof(*to->items));
	if (!to->items)
		return RF_EINTERNAL;
	for (size_t i = 0; i < from->count; i++)
		to->items[to->count++] = rf_str_of(from->items[i]);
	return RF_OK;
}

/* The program, or what was given instead, and the arguments. */
static int take_entrypoint(struct rf_arena *arena, const struct pack_opts *opts,
	const char *program, struct doc_strs *to)
{
	const struct pack_strs alone = {.items = &program, .count = 1};
	const struct pack_strs *parts[] = {
		opts->entrypoint.count ? &opts->entrypoint : &alone, &opts->args};

	to->items = rf_arena_array(arena, parts[0]->count + parts[1]->count, sizeof(*to->items));
	if (!to->items)
		return RF_EINTERNAL;
	for (size_t p = 0; p < RF_ARRAY_LEN(parts); p++) {
		for (size_t i = 0; i < parts[p]->count; i++)
			to->items[to->count++] = rf_str_of(parts[p]->items[i]);
	}
	return RF_OK;
}

static int compare_strs(const void *a, const void *b)
{
	return rf_str_cmp(*(const struct rf_str *)a, *(const struct rf_str *)b);
}

/* Sorted, each once. */
static void make_set(struct doc_strs *strs)
{
	size_t kept = 0;

	qsort(strs->items, strs->count, sizeof(*strs->items), compare_strs);
	for (size_t i = 0; i < strs->count; i++) {
		if (kept == 0 || !rf_str_eq(strs->items[kept - 1], strs->items[i]))
			strs->items[kept++] = strs->items[i];
	}
	strs->count = kept;
}

/* "8080" is "8080/tcp". */
static int take_ports(struct rf_arena *arena, const struct pack_strs *ports, struct doc_strs *to,
	struct rf_err *err)
{
	if (copy_strs(arena, ports, to) < 0)
		return rf_err_nomem(err);
	for (size_t i = 0; i < to->count; i++) {
		struct rf_str number, protocol = rf_str_cut(to->items[i], '/', &number);
		uint64_t port = 0;

		if (!rf_num_u64(number, 65535, &port) || port == 0 ||
			(protocol.ptr && !rf_str_is(protocol, "tcp") &&
				!rf_str_is(protocol, "udp") && !rf_str_is(protocol, "sctp")))
			return rf_err_set(err, RF_EINPUT,
				"port \"%.100s\": expected a number of 1 to 65535, and /tcp, /udp "
				"or "
				"/sctp if you like",
				to->items[i].ptr);
		to->items[i] = rf_arena_printf(arena, "%u/" RF_STR_FMT, (unsigned)port,
			RF_STR_ARG(protocol.ptr ? protocol : RF_STR("tcp")));
		if (!to->items[i].ptr)
			return rf_err_nomem(err);
	}
	make_set(to);
	return RF_OK;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct doc_pair *x = a, *y = b;

	return rf_str_cmp(x->key, y->key);
}

static int take_labels(struct rf_arena *arena, const struct pack_strs *labels, struct doc_pairs *to,
	struct rf_err *err)
{
	to->items = rf_arena_array(arena, labels->count + 1, sizeof(*to->items));
	if (!to->items)
		return rf_err_nomem(err);
	for (size_t i = 0; i < labels->count; i++) {
		struct doc_pair *pair = &to->items[to->count++];
		struct rf_str key;

		pair->value = rf_str_cut(rf_str_of(labels->items[i]), '=', &key);
		if (!pair->value.ptr || key.len == 0)
			return rf_err_set(err, RF_EINPUT, "label \"%.200s\": expected KEY=VALUE",
				labels->items[i]);
		pair->key = rf_arena_str(arena, key);
		if (!pair->key.ptr)
			return rf_err_nomem(err);
	}
	qsort(to->items, to->count, sizeof(*to->items), compare_pairs);
	for (size_t i = 1; i < to->count; i++) {
		if (rf_str_eq(to->items[i - 1].key, to->items[i].key))
			return rf_err_set(err, RF_EINPUT, "label \"" RF_STR_FMT "\" is given twice",
				RF_STR_ARG(to->items[i].key));
	}
	return RF_OK;
}

static int check_env(const struct pack_strs *env, struct rf_err *err)
{
	for (size_t i = 0; i < env->count; i++) {
		const char *equals = strchr(env->items[i], '=');

		if (!equals || equals == env->items[i])
			return rf_err_set(err, RF_EINPUT,
				"variable \"%.200s\": expected NAME=VALUE", env->items[i]);
	}
	return RF_OK;
}

static int fill_config(const struct pack_opts *opts, const char *program, struct rf_arena *arena,
	struct image_config *ret, struct rf_err *err)
{
	int rc = check_env(&opts->env, err);

	if (rc == RF_OK)
		rc = take_ports(arena, &opts->ports, &ret->exposed_ports, err);
	if (rc == RF_OK)
		rc = take_labels(arena, &opts->labels, &ret->labels, err);
	if (rc < 0)
		return rc;
	ret->user = rf_arena_printf(arena, "%u:%u", opts->user.uid, opts->user.gid);
	if (!ret->user.ptr || copy_strs(arena, &opts->env, &ret->env) < 0 ||
		take_entrypoint(arena, opts, program, &ret->entrypoint) < 0 ||
		copy_strs(arena, &opts->cmd, &ret->cmd) < 0 ||
		copy_strs(arena, &opts->volumes, &ret->volumes) < 0)
		return rf_err_nomem(err);
	make_set(&ret->volumes);
	ret->working_dir = rf_str_of(opts->workdir ? opts->workdir : "/");
	ret->stop_signal = rf_str_of(opts->stop_signal ? opts->stop_signal : "");
	return RF_OK;
}

int pack_config_write(const struct pack_opts *opts, const struct pack_names *names,
	const char *program, const struct image_digest *diff_id, struct rf_buf *out,
	struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(CONFIG_ARENA);
	struct image_digest id = *diff_id;
	struct image_config config = {.architecture = rf_str_of(names->architecture),
		.os = RF_STR("linux"),
		.variant = names->variant,
		.diff_ids = &id,
		.diff_id_count = 1};
	char created[WHEN_TEXT_SIZE];
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	config.created = rf_str_of(when_text(opts->epoch_s, created));
	rc = fill_config(opts, program, arena, &config, err);
	if (rc < 0)
		return rc;
	image_config_write(&config, out);
	if (out->failed)
		return rf_err_nomem(err);
	return image_config_parse(rf_buf_str(out), arena, &config, err);
}

/* --- manifests --- */

static void put_blob(struct json_writer *w, const struct pack_blob *blob)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];

	json_field_c(w, "mediaType", blob->media_type);
	json_field_c(w, "digest", image_digest_text(&blob->digest, digest));
	json_field_int(w, "size", (int64_t)blob->size);
}

static void put_descriptor(struct json_writer *w, const char *key, const struct pack_blob *blob)
{
	json_key(w, key);
	json_object_begin(w);
	put_blob(w, blob);
	json_object_end(w);
}

void pack_manifest_write(const struct pack_blob *config, const struct pack_blob *layer,
	const struct pack_blob *subject, const char *artifact_type, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_int(&w, "schemaVersion", 2);
	json_field_c(&w, "mediaType", MEDIA_MANIFEST);
	if (artifact_type)
		json_field_c(&w, "artifactType", artifact_type);
	put_descriptor(&w, "config", config);
	json_key(&w, "layers");
	json_array_begin(&w);
	json_object_begin(&w);
	put_blob(&w, layer);
	json_object_end(&w);
	json_array_end(&w);
	if (subject)
		put_descriptor(&w, "subject", subject);
	json_object_end(&w);
}

/* Both forms that tools look for: containerd's full name, and OCI's, which Podman completes. */
static void put_annotations(struct json_writer *w, const struct pack_names *names)
{
	if (names->full.len == 0)
		return;
	json_key(w, "annotations");
	json_object_begin(w);
	json_field_str(w, "io.containerd.image.name", names->full);
	json_field_str(w, "org.opencontainers.image.ref.name", names->given);
	json_object_end(w);
}

static void put_platform(struct json_writer *w, const struct pack_names *names)
{
	json_key(w, "platform");
	json_object_begin(w);
	json_field_c(w, "architecture", names->architecture);
	json_field_c(w, "os", "linux");
	if (names->variant.len)
		json_field_str(w, "variant", names->variant);
	json_object_end(w);
}

void pack_index_write(const struct pack_blob *image, const struct pack_names *names,
	const struct pack_referrer *referrers, size_t count, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_int(&w, "schemaVersion", 2);
	json_field_c(&w, "mediaType", MEDIA_INDEX);
	json_key(&w, "manifests");
	json_array_begin(&w);
	json_object_begin(&w);
	put_blob(&w, image);
	put_annotations(&w, names);
	put_platform(&w, names);
	json_object_end(&w);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(&w);
		put_blob(&w, &referrers[i].manifest);
		json_field_c(&w, "artifactType", referrers[i].document.media_type);
		json_object_end(&w);
	}
	json_array_end(&w);
	json_object_end(&w);
}

static void put_member(struct json_writer *w, const struct pack_blob *blob)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];

	json_strf(w, "blobs/sha256/%s",
		image_digest_text(&blob->digest, digest) + sizeof("sha256:") - 1);
}

void pack_docker_write(const struct pack_blob *config, const struct pack_blob *layer,
	const struct pack_names *names, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_array_begin(&w);
	json_object_begin(&w);
	json_key(&w, "Config");
	put_member(&w, config);
	json_key(&w, "RepoTags");
	json_array_begin(&w);
	if (names->full.len)
		json_str(&w, names->full);
	json_array_end(&w);
	json_key(&w, "Layers");
	json_array_begin(&w);
	put_member(&w, layer);
	json_array_end(&w);
	json_object_end(&w);
	json_array_end(&w);
}
