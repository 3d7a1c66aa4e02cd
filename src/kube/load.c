/*
 * Where manifests come from: files, directories, standard input, memory. Texts and names of files
 * are kept by the set, because trees and positions refer to them.
 */
#include "kube/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"

#define FILE_MAX_BYTES	((size_t)512 << 20)
#define FILES_MAX	100000 /* of one path given */
#define DIRECTORY_DEPTH 32

int kube_set_init(struct kube_set *set, struct rf_err *err)
{
	*set = (struct kube_set){.arena = rf_arena_new(0)};
	return set->arena ? RF_OK : rf_err_nomem(err);
}

void kube_set_done(struct kube_set *set)
{
	rf_vec_each (text, &set->texts)
		free(*text);
	rf_vec_done(&set->texts);
	rf_vec_done(&set->objects);
	rf_map_done(&set->by_name);
	rf_map_done(&set->skipped);
	rf_arena_free(set->arena);
	*set = (struct kube_set){.arena = NULL};
}

/* --- texts --- */

/* Takes ownership of heap memory; NULL (and text freed) when memory ran out. */
static char *keep_text(struct kube_set *set, char *text)
{
	if (text && !rf_vec_push(&set->texts, text)) {
		free(text);
		return NULL;
	}
	return text;
}

struct sink {
	struct kube_set *set;
	struct rf_diags *diags;
};

static int take_document(void *ctx, const struct doc_node *root)
{
	struct sink *sink = ctx;

	return kube_load_node(sink->set, root, sink->diags);
}

/* JSON by the name of the file, or by its first character where the name does not tell. */
static bool is_json(struct rf_str text, const char *name)
{
	struct rf_str n = rf_str_of(name);
	size_t i = 0;

	if (rf_str_ends(n, RF_STR(".json")))
		return true;
	if (rf_str_ends(n, RF_STR(".yaml")) || rf_str_ends(n, RF_STR(".yml")))
		return false;
	while (i < text.len && memchr(" \t\r\n", text.ptr[i], 4))
		i++;
	return i < text.len && text.ptr[i] == '{';
}

static int read_text(struct kube_set *set, struct rf_str text, const char *name,
	struct rf_diags *diags, struct rf_err *err)
{
	struct sink sink = {.set = set, .diags = diags};
	int rc;

	if (is_json(text, name))
		rc = doc_read_json(text, name, set->arena, diags, take_document, &sink);
	else
		rc = doc_read_yaml(text, name, set->arena, diags, take_document, &sink);
	if (rc == RF_EINTERNAL)
		return rf_err_set(err, RF_EINTERNAL, "%s: memory ran out", name);
	return RF_OK;
}

int kube_load_text(struct kube_set *set, struct rf_str text, const char *name,
	struct rf_diags *diags, struct rf_err *err)
{
	char *kept_name = keep_text(set, rf_str_dup(rf_str_of(name)));
	char *kept = kept_name ? keep_text(set, rf_str_dup(text)) : NULL;

	if (!kept)
		return rf_err_nomem(err);
	return read_text(set, (struct rf_str){.ptr = kept, .len = text.len}, kept_name, diags, err);
}

/* Reads fd to its end and loads it under name. */
static int load_fd(
	struct kube_set *set, int fd, const char *name, struct rf_diags *diags, struct rf_err *err)
{
	AUTO_BUF buf = {.max = FILE_MAX_BYTES};
	char *kept_name = keep_text(set, rf_str_dup(rf_str_of(name)));
	size_t len;
	char *text;
	int rc;

	if (!kept_name)
		return rf_err_nomem(err);
	rc = rf_fd_read_all(fd, &buf, err);
	if (rc == RF_ELIMIT) {
		rf_diag_add(diags, RF_ERROR, (struct rf_pos){.file = kept_name},
			"larger than %zu MiB, the most that a file of manifests may be",
			FILE_MAX_BYTES >> 20);
		return RF_OK;
	}
	if (rc < 0)
		return rf_err_wrap(err, rc, "%s", name);
	len = buf.len;
	text = keep_text(set, rf_buf_take(&buf));
	if (!text)
		return len ? rf_err_nomem(err) : RF_OK;
	return read_text(set, (struct rf_str){.ptr = text, .len = len}, kept_name, diags, err);
}

static int load_file(
	struct kube_set *set, const char *path, struct rf_diags *diags, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return rf_err_sys(err, errno, "%s", path);
	return load_fd(set, fd, path, diags, err);
}

/* --- directories --- */

/* A directory being read, and those around it: a link back to one of them is a loop. */
struct directory {
	const struct directory *parent;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct walk {
	struct kube_set *set;
	struct rf_diags *diags;
	struct rf_err *err;
	size_t file_count;
};

static int walk_directory(struct walk *w, const char *path, const struct directory *here);

static bool is_manifest(const char *name)
{
	struct rf_str n = rf_str_of(name);

	return rf_str_ends(n, RF_STR(".yaml")) || rf_str_ends(n, RF_STR(".yml")) ||
	       rf_str_ends(n, RF_STR(".json"));
}

/* "..data" and the like are how a mounted ConfigMap is kept; its files are linked beside them. */
static int keep_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strncmp(entry->d_name, "..", 2) != 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static struct rf_pos whole_file(struct walk *w, const char *path)
{
	return (struct rf_pos){.file = keep_text(w->set, rf_str_dup(rf_str_of(path)))};
}

static int enter_directory(
	struct walk *w, const char *path, const struct stat *st, const struct directory *parent)
{
	struct directory here = {.parent = parent,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.depth = parent ? parent->depth + 1 : 0};

	for (const struct directory *d = parent; d; d = d->parent) {
		if (d->dev != st->st_dev || d->ino != st->st_ino)
			continue;
		rf_diag_add(w->diags, RF_NOTE, whole_file(w, path),
			"skipped: a link back to a directory that is being read");
		return RF_OK;
	}
	if (here.depth > DIRECTORY_DEPTH) {
		rf_diag_add(w->diags, RF_ERROR, whole_file(w, path),
			"more than %d directories deep", DIRECTORY_DEPTH);
		return RF_OK;
	}
	return walk_directory(w, path, &here);
}

static int walk_entry(struct walk *w, const char *path, const struct directory *here)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (is_manifest(path))
			rf_diag_add(w->diags, RF_ERROR, whole_file(w, path), "cannot be read: %s",
				strerror(errno));
		return RF_OK;
	}
	if (S_ISDIR(st.st_mode))
		return enter_directory(w, path, &st, here);
	if (!is_manifest(path))
		return RF_OK;
	if (!S_ISREG(st.st_mode)) {
		rf_diag_add(w->diags, RF_ERROR, whole_file(w, path), "not a regular file");
		return RF_OK;
	}
	if (++w->file_count > FILES_MAX)
		return rf_err_set(w->err, RF_ELIMIT, "%s: more than %d files", path, FILES_MAX);
	return load_file(w->set, path, w->diags, w->err);
}

static int walk_directory(struct walk *w, const char *path, const struct directory *here)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, keep_entry, compare_entries);
	int rc = count < 0 ? rf_err_sys(w->err, errno, "%s", path) : RF_OK;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (int i = 0; i < count; i++) {
		AUTO_FREE char *child = NULL;

		if (rc == RF_OK &&
			asprintf(&child, "%.*s%s%s", (int)len, path,
				path[len - 1] == '/' ? "" : "/", entries[i]->d_name) < 0) {
			child = NULL;
			rc = rf_err_nomem(w->err);
		}
		if (rc == RF_OK)
			rc = walk_entry(w, child, here);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int kube_load_path(
	struct kube_set *set, const char *path, struct rf_diags *diags, struct rf_err *err)
{
	struct walk walk = {.set = set, .diags = diags, .err = err};
	struct stat st;
	int rc;

	if (strcmp(path, "-") == 0)
		return load_fd(set, STDIN_FILENO, "<stdin>", diags, err);
	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%s: no such file or directory", path);
	if (stat(path, &st) < 0)
		return rf_err_sys(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return load_file(set, path, diags, err);
	rc = enter_directory(&walk, path, &st, NULL);
	if (rc == RF_OK && walk.file_count == 0)
		rf_diag_add(diags, RF_ERROR, whole_file(&walk, path),
			"no manifests in this directory: expected files named *.yaml, *.yml or "
			"*.json");
	return rc;
}
