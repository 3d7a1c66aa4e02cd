/* What a target is, and how its bytes get to the scanner. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/go/exe.h"
#include "image/ref.h"
#include "image/scan/codec_int.h"
#include "image/scan/scan_int.h"

#define TAR_BLOCK    512
#define TAR_MAGIC_AT 257

enum target_kind {
	TARGET_IMAGE, /* an archive or layout */
	TARGET_ROOT,  /* a directory that is none */
	TARGET_FILE,
};

/* --- config and layers, for the report --- */

static int copy_strs(struct scan_report *report, const struct doc_strs *from, struct scan_strs *to)
{
	to->items = rf_arena_array(report->arena, from->count + 1, sizeof(*to->items));
	if (!to->items)
		return RF_EINTERNAL;
	for (to->count = 0; to->count < from->count;) {
		struct rf_str text = scan_text_clean(report->arena, from->items[to->count]);

		if (!text.ptr)
			return RF_EINTERNAL;
		to->items[to->count++] = text;
	}
	return RF_OK;
}

static bool is_root(struct rf_str user)
{
	struct rf_str name;

	rf_str_cut(user, ':', &name);
	return name.len == 0 || rf_str_is(name, "0") || rf_str_is(name, "root");
}

static int find_problems(struct scan_report *report)
{
	struct scan_config *config = &report->config;
	struct rf_str *problem;

	config->problems.items = rf_arena_array(report->arena, 4, sizeof(*config->problems.items));
	if (!config->problems.items)
		return RF_EINTERNAL;
	problem = config->problems.items;
	if (config->user.len == 0)
		*problem++ = RF_STR("runs as root: the config names no user");
	else if (is_root(config->user))
		*problem++ = RF_STR("runs as root: the config says so");
	for (size_t i = 0; i < config->exposed_ports.count; i++) {
		if (rf_str_is(config->exposed_ports.items[i], "22/tcp")) {
			*problem++ = RF_STR("exposes SSH: a container needs no login");
			break;
		}
	}
	config->problems.count = (size_t)(problem - config->problems.items);
	return RF_OK;
}

struct rf_str scan_digest_str(struct scan *scan, const struct image_digest *digest)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];

	return rf_arena_str(scan->report->arena, rf_str_of(image_digest_text(digest, text)));
}

static int copy_diff_ids(struct scan *scan, const struct image_config *config)
{
	scan->diff_ids = rf_arena_array(
		scan->report->arena, config->diff_id_count + 1, sizeof(*scan->diff_ids));
	if (!scan->diff_ids)
		return RF_EINTERNAL;
	for (scan->diff_id_count = 0; scan->diff_id_count < config->diff_id_count;) {
		struct rf_str text = scan_digest_str(scan, &config->diff_ids[scan->diff_id_count]);

		if (!text.ptr)
			return RF_EINTERNAL;
		scan->diff_ids[scan->diff_id_count++] = text;
	}
	return RF_OK;
}

static bool copy_texts(struct scan_report *report, const struct image_config *from)
{
	struct scan_config *to = &report->config;
	struct {
		struct rf_str from, *to;
	} rows[] = {
		{from->user, &to->user},
		{from->working_dir, &to->working_dir},
		{from->architecture, &to->architecture},
		{from->os, &to->os},
		{from->created, &to->created},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		*rows[i].to = scan_text_clean(report->arena, rows[i].from);
		if (!rows[i].to->ptr)
			return false;
	}
	return true;
}

int scan_take_config(struct scan *scan, struct rf_str json, struct rf_err *err)
{
	struct scan_report *report = scan->report;
	struct image_config config;
	struct rf_str kept = rf_arena_str(report->arena, json);
	int rc = kept.ptr ? image_config_parse(kept, report->arena, &config, err)
			  : rf_err_nomem(err);

	if (rc < 0)
		return rc;
	report->config.present = true;
	if (!copy_texts(report, &config) ||
		copy_strs(report, &config.entrypoint, &report->config.entrypoint) < 0 ||
		copy_strs(report, &config.cmd, &report->config.cmd) < 0 ||
		copy_strs(report, &config.exposed_ports, &report->config.exposed_ports) < 0 ||
		copy_strs(report, &config.env, &report->config.env) < 0 ||
		copy_diff_ids(scan, &config) < 0 || find_problems(report) < 0)
		return rf_err_nomem(err);
	return RF_OK;
}

int scan_take_layers(struct scan *scan, const struct image_choice_layer *layers, size_t count,
	struct rf_err *err)
{
	struct scan_report *report = scan->report;

	report->layers = rf_arena_array(report->arena, count + 1, sizeof(*report->layers));
	if (!report->layers)
		return rf_err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct scan_layer *to = &report->layers[report->layer_count++];

		to->digest = layers[i].has_digest ? scan_digest_str(scan, &layers[i].digest)
						  : RF_STR("");
		to->diff_id = scan_digest_str(scan, &layers[i].diff_id);
		to->created_by = RF_STR("");
		to->size = layers[i].range.len;
		if (!to->digest.ptr || !to->diff_id.ptr)
			return rf_err_nomem(err);
		scan->progress.total_bytes += layers[i].range.len;
	}
	scan->progress.layer_count = count;
	scan->progress.stage = SCAN_STAGE_SCAN;
	return RF_OK;
}

/* --- images --- */

int scan_open_spool(struct rf_err *err)
{
	const char *env = getenv("TMPDIR");
	const char *const places[] = {env && *env ? env : "/var/tmp", "/var/tmp", "/tmp"};
	int fd = -1;

	for (size_t i = 0; i < RF_ARRAY_LEN(places) && fd < 0; i++)
		fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? rf_err_sys(err, errno, "make a temporary file in %s", places[0]) : fd;
}

static int scan_layers(struct scan *scan, struct image_source *source, struct rf_err *err)
{
	struct image_found *found = &source->found;
	int rc = RF_OK;

	for (size_t i = 0; i < found->layer_count && rc == RF_OK; i++) {
		AUTO_FD owned = -1;
		int fd = image_source_layer(source, i, &owned, err);

		rc = fd < 0 ? fd : scan_tell_layer(scan, i, &found->layers[i], false, fd, err);
	}
	return rc;
}

static int scan_source(struct scan *scan, struct image_source *source, struct scan_report **ret,
	struct rf_err *err)
{
	const struct image_wish wish = {.select = scan->opts->select,
		.platform = scan->opts->platform,
		.any_platform = scan->opts->platform == NULL};
	AUTO_FD spool_fd = scan_open_spool(err);
	int rc = image_source_read(source, &wish, err);

	if (rc == RF_OK && spool_fd < 0)
		rc = spool_fd;
	if (rc == RF_OK)
		rc = scan_take_layers(scan, source->found.layers, source->found.layer_count, err);
	if (rc < 0)
		return rc;
	scan->report->digest = scan_digest_str(scan, &source->found.digest);
	rc = scan_start(scan, SCAN_MODE_LAYERS, &spool_fd, 1, err);
	if (rc == RF_OK)
		rc = scan_tell(scan, SCAN_MSG_CONFIG, source->found.config_raw, -1, err);
	if (rc == RF_OK)
		rc = scan_layers(scan, source, err);
	return rc < 0 ? rc : scan_end(scan, ret, err);
}

static int scan_archive(
	struct scan *scan, const char *path, struct scan_report **ret, struct rf_err *err)
{
	CLEANUP(image_source_done) struct image_source source = IMAGE_SOURCE_INIT;
	int rc = image_source_open(&source, path, err);

	if (rc == RF_OK && !source.is_dir) {
		source.spool_fd = scan_open_spool(err);
		rc = source.spool_fd < 0 ? source.spool_fd : RF_OK;
	}
	return rc < 0 ? rc : scan_source(scan, &source, ret, err);
}

/* --- directories and files --- */

static int tell_directory(struct scan *scan, uint32_t layer, struct rf_str path, struct rf_err *err)
{
	AUTO_BUF payload = {.max = 8192};

	frame_put_u64(&payload, layer);
	frame_put_str(&payload, path);
	return scan_tell(scan, SCAN_MSG_DIRECTORY, rf_buf_str(&payload), -1, err);
}

static int scan_root(
	struct scan *scan, const char *path, struct scan_report **ret, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	rc = scan_start(scan, SCAN_MODE_DIRECTORY, &fd, 1, err);
	if (rc == RF_OK)
		rc = tell_directory(scan, SCAN_NO_LAYER, RF_STR(""), err);
	return rc < 0 ? rc : scan_end(scan, ret, err);
}

static int scan_file(
	struct scan *scan, const char *path, struct scan_report **ret, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *slash = strrchr(path, '/');
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	rc = scan_start(scan, SCAN_MODE_FILE, &fd, 1, err);
	if (rc == RF_OK)
		rc = scan_tell(scan, SCAN_MSG_FILE, rf_str_of(slash ? slash + 1 : path), -1, err);
	return rc < 0 ? rc : scan_end(scan, ret, err);
}

/* --- telling them apart --- */

static bool exists_at(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static enum target_kind kind_of_directory(int fd)
{
	bool index = exists_at(fd, "index.json"), docker = exists_at(fd, "manifest.json");

	return (index && (exists_at(fd, "oci-layout") || exists_at(fd, "blobs"))) ||
			       (docker && (exists_at(fd, "repositories") || exists_at(fd, "blobs")))
		       ? TARGET_IMAGE
		       : TARGET_ROOT;
}

/* gzip, zstd (frames that can be skipped included), tar. */
static enum target_kind kind_of_file(int fd)
{
	uint8_t head[TAR_BLOCK] = {0};
	ssize_t len = pread(fd, head, sizeof(head), 0);

	if (len >= 4 && head[0] == 0x1f && head[1] == 0x8b)
		return TARGET_IMAGE;
	if (len >= 4 &&
		(memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0 ||
			((head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0)))
		return TARGET_IMAGE;
	return len == TAR_BLOCK && memcmp(head + TAR_MAGIC_AT, "ustar", 5) == 0 ? TARGET_IMAGE
										: TARGET_FILE;
}

/* RF_EABSENT when there is nothing at path. */
static int kind_of(const char *path, enum target_kind *ret, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%.300s: no such file or directory", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "%.300s: neither a file nor a directory", path);
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return rf_err_set(err, RF_EINPUT, "%.300s: an empty file", path);
	*ret = S_ISDIR(st.st_mode) ? kind_of_directory(fd) : kind_of_file(fd);
	return RF_OK;
}

static int begin(struct scan *scan, const char *target, struct rf_err *err)
{
	scan->report = scan_report_new();
	if (!scan->report)
		return rf_err_nomem(err);
	scan->report->target = rf_arena_str(scan->report->arena, rf_str_of(target));
	if (!scan->report->target.ptr)
		return rf_err_nomem(err);
	if (scan->opts->progress)
		scan->opts->progress(scan->opts->ctx, &scan->progress);
	return RF_OK;
}

static int scan_path(struct scan *scan, const char *path, enum target_kind kind,
	struct scan_report **ret, struct rf_err *err)
{
	switch (kind) {
	case TARGET_IMAGE: return scan_archive(scan, path, ret, err);
	case TARGET_ROOT: return scan_root(scan, path, ret, err);
	case TARGET_FILE: return scan_file(scan, path, ret, err);
	}
	return RF_EINTERNAL;
}

/* RF_EABSENT: the store does not know it, and a registry may be asked. */
static int find_stored(
	struct image_store *store, const char *name, struct image **ret, struct rf_err *err)
{
	int rc = image_find(store, name, ret, err);

	if (rc == RF_OK)
		return rc;
	if (!image_is_known(store, name))
		return RF_EABSENT;
	return rf_err_wrap(err, rc == RF_EABSENT ? RF_EINPUT : rc,
		"%.200s: the image in the store is damaged (remove it, and import it again)", name);
}

int scan_target(const char *target, const struct scan_opts *opts, struct scan_report **ret,
	struct rf_err *err)
{
	CLEANUP(scan_done) struct scan scan = {.opts = opts, .child = PROC_CHILD_INIT};
	AUTO_IMAGE *image = NULL;
	enum target_kind kind = TARGET_FILE;
	int rc = kind_of(target, &kind, err);

	bool is_name = rc == RF_EABSENT && !image_ref_is_path(rf_str_of(target));

	if (is_name && opts->store) {
		int found = find_stored(opts->store, target, &image, err);

		if (found != RF_EABSENT)
			return found < 0 ? found : scan_image(image, target, opts, ret, err);
	}
	if (rc == RF_OK || is_name)
		rc = begin(&scan, target, err);
	if (rc == RF_OK)
		rc = is_name ? scan_remote(&scan, target, ret, err)
			     : scan_path(&scan, target, kind, ret, err);
	return rc < 0 && rc != RF_EABSENT ? rf_err_wrap(err, rc, "scan %.200s", target) : rc;
}

/* --- images of the store --- */

/* The last two parts of "STORE/layers/sha256-HEX/fs", below STORE/layers. */
static struct rf_str layer_below(struct rf_str dir, size_t root_len)
{
	return (struct rf_str){dir.ptr + root_len + 1, dir.len - root_len - 1};
}

static bool layer_digest(struct rf_str below, struct image_digest *ret)
{
	struct rf_str prefix = RF_STR("sha256-"), name;

	rf_str_cut(below, '/', &name);
	return rf_str_starts(name, prefix) &&
	       image_digest_parse_hex(
		       (struct rf_str){name.ptr + prefix.len, name.len - prefix.len}, ret);
}

/* The scanner looks for secrets in it, and hides them. */
static int tell_store_config(struct scan *scan, const struct image *image, struct rf_err *err)
{
	AUTO_BUF json = {.max = IMAGE_MAX_JSON};

	image_config_write(&image->config, &json);
	return json.failed ? rf_err_nomem(err)
			   : scan_tell(scan, SCAN_MSG_CONFIG, rf_buf_str(&json), -1, err);
}

static int take_store_layers(struct scan *scan, const struct image *image, struct rf_err *err)
{
	struct scan_report *report = scan->report;

	report->layers =
		rf_arena_array(report->arena, image->layer_count + 1, sizeof(*report->layers));
	if (!report->layers)
		return rf_err_nomem(err);
	for (; report->layer_count < image->layer_count; report->layer_count++) {
		struct scan_layer *to = &report->layers[report->layer_count];
		struct rf_str dir = image->layer_dirs[report->layer_count];
		const char *end = memrchr(dir.ptr, '/', dir.len);
		const char *start = end ? memrchr(dir.ptr, '/', (size_t)(end - dir.ptr)) : NULL;
		struct image_digest digest;

		*to = (struct scan_layer){
			.digest = RF_STR(""), .diff_id = RF_STR(""), .created_by = RF_STR("")};
		if (start && layer_digest((struct rf_str){start + 1, (size_t)(end - start - 1)},
				     &digest))
			to->diff_id = scan_digest_str(scan, &digest);
	}
	return RF_OK;
}

static int scan_store_layers(
	struct scan *scan, const struct image *image, struct scan_report **ret, struct rf_err *err)
{
	struct rf_str first = image->layer_count ? image->layer_dirs[0] : RF_STR("");
	AUTO_BUF root = {.max = 8192};
	AUTO_FD fd = -1;
	int rc = RF_OK;

	/* STORE/layers of STORE/layers/sha256-HEX/fs: the directory that the child may read. */
	rf_buf_add_str(&root, first);
	for (int i = 0; i < 2 && root.len; i++) {
		const char *slash = memrchr(root.data, '/', root.len);

		root.len = slash ? (size_t)(slash - root.data) : 0;
		root.data[root.len] = '\0';
	}
	fd = open(rf_buf_cstr(&root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", rf_buf_cstr(&root));
	rc = scan_start(scan, SCAN_MODE_DIRECTORY, &fd, 1, err);
	if (rc == RF_OK)
		rc = tell_store_config(scan, image, err);
	for (size_t i = 0; i < image->layer_count && rc == RF_OK; i++)
		rc = tell_directory(
			scan, (uint32_t)i, layer_below(image->layer_dirs[i], root.len), err);
	return rc < 0 ? rc : scan_end(scan, ret, err);
}

int scan_image(const struct image *image, const char *target, const struct scan_opts *opts,
	struct scan_report **ret, struct rf_err *err)
{
	CLEANUP(scan_done) struct scan scan = {.opts = opts, .child = PROC_CHILD_INIT};
	int rc = begin(&scan, target, err);

	if (rc == RF_OK)
		rc = take_store_layers(&scan, image, err);
	if (rc < 0)
		return rc;
	scan.report->digest = rf_arena_str(scan.report->arena, image->digest);
	return scan_store_layers(&scan, image, ret, err);
}
