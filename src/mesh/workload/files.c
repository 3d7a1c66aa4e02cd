/* The list of files as it comes in a message, and writing it. */
#include <limits.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/vec.h"
#include "mesh/payload.h"
#include "mesh/workload/workload_int.h"
#include "proc/frame.h"

#define MODE_MAX 0777

struct item {
	const char *dir, *path; /* in the arena */
	enum workload_content of;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct rf_str text;
};

struct workload_files {
	struct rf_arena *arena;
	RF_VEC(struct item) list;
};

void workload_files_free(struct workload_files *files)
{
	if (!files)
		return;
	rf_vec_done(&files->list);
	rf_arena_free(files->arena);
	free(files);
}

/* Relative, and every part a name. */
static bool is_clean(struct rf_str path)
{
	struct rf_str part, rest = path;

	while (rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if (part.len == 0 || rf_str_is(part, ".") || rf_str_is(part, ".."))
			return false;
	}
	return path.len && !memchr(path.ptr, '\0', path.len);
}

static int read_item(struct workload_files *files, struct frame_reader *reader, struct rf_err *err)
{
	struct rf_str dir = frame_get_str(reader), path = frame_get_str(reader);
	uint64_t of = frame_get_u64(reader), mode = frame_get_u64(reader);
	uint64_t uid = frame_get_u64(reader), gid = frame_get_u64(reader);
	struct rf_str text = frame_get_str(reader);
	struct item item = {.of = (enum workload_content)of,
		.mode = (mode_t)mode,
		.uid = (uid_t)uid,
		.gid = (gid_t)gid};

	if (reader->failed || files->list.count >= WORKLOAD_MAX_FILES || of >= WORKLOAD_CONTENTS ||
		mode > MODE_MAX || uid >= UINT32_MAX || gid >= UINT32_MAX || !is_clean(path) ||
		!is_clean(dir) || memchr(dir.ptr, '/', dir.len))
		return rf_err_set(err, RF_EINPUT, "malformed list of files");
	item.dir = rf_arena_str(files->arena, dir).ptr;
	item.path = rf_arena_str(files->arena, path).ptr;
	item.text = rf_arena_str(files->arena, text);
	if (!item.dir || !item.path || !item.text.ptr || !rf_vec_push(&files->list, item))
		return rf_err_nomem(err);
	return RF_OK;
}

int workload_files_read(struct rf_str message, struct workload_files **ret, struct rf_err *err)
{
	struct frame_reader reader = {.rest = message};
	struct workload_files *files = calloc(1, sizeof(*files));
	int rc = RF_OK;

	if (!files)
		return rf_err_nomem(err);
	files->arena = rf_arena_new(0);
	if (!files->arena)
		rc = rf_err_nomem(err);
	while (rc == RF_OK && reader.rest.len)
		rc = read_item(files, &reader, err);
	if (rc == RF_OK)
		*ret = files;
	else
		workload_files_free(files);
	return rc;
}

static struct rf_str content_of(
	const struct item *item, const struct renewal_certs *certs, struct rf_str key_and_cert)
{
	switch (item->of) {
	case WORKLOAD_CERT: return certs->cert;
	case WORKLOAD_KEY: return certs->key;
	case WORKLOAD_KEY_AND_CERT: return key_and_cert;
	case WORKLOAD_ROOTS: return certs->roots;
	case WORKLOAD_TEXT:
	case WORKLOAD_CONTENTS: break;
	}
	return item->text;
}

/* The files from first on that are in its directory; their count. */
static size_t same_dir(const struct workload_files *files, size_t first)
{
	size_t count = 1;

	while (first + count < files->list.count &&
		strcmp(files->list.items[first].dir, files->list.items[first + count].dir) == 0)
		count++;
	return count;
}

static int write_dir(const struct item *items, size_t count, const struct renewal_certs *certs,
	struct rf_str key_and_cert, struct rf_err *err)
{
	AUTO_FREE struct payload_file *out = calloc(count, sizeof(*out));
	char path[NAME_MAX + 2];

	if (!out)
		return rf_err_nomem(err);
	snprintf(path, sizeof(path), "/%s", items[0].dir);
	for (size_t i = 0; i < count; i++)
		out[i] = (struct payload_file){.name = items[i].path,
			.data = content_of(&items[i], certs, key_and_cert),
			.mode = items[i].mode,
			.owned = true,
			.uid = items[i].uid,
			.gid = items[i].gid};
	return payload_write(path, out, count, err);
}

int workload_files_write(
	const struct workload_files *files, const struct renewal_certs *certs, struct rf_err *err)
{
	AUTO_BUF both = {0};
	int rc = RF_OK;

	rf_buf_add_str(&both, certs->key);
	rf_buf_add_str(&both, certs->cert);
	if (both.failed)
		rc = rf_err_nomem(err);
	for (size_t i = 0, count; i < files->list.count && rc == RF_OK; i += count) {
		count = same_dir(files, i);
		rc = write_dir(&files->list.items[i], count, certs, rf_buf_str(&both), err);
	}
	if (both.data)
		explicit_bzero(both.data, both.cap);
	return rc;
}
