/*
 * Where documents come from: directories are walked, everything else goes through libarchive, which
 * knows zip, tar and single files, compressed or not. A member that is no document of a known shape
 * is counted; a file that was named and has none is an error.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"
#include "image/vuln/build_int.h"

#define BLOCK_BYTES	    ((size_t)256 << 10)
#define MAX_DIRECTORY_DEPTH 16
#define TREE_BYTES	    ((size_t)16 << 30) /* of one document's tree */

/* --- a document --- */

struct document {
	struct vuln_builder *builder;
	struct rf_err *err;
	size_t known;
};

static int take_document(void *ctx, const struct doc_node *root)
{
	struct document *document = ctx;
	int rc = build_document(document->builder, root, document->err);

	document->known += rc == RF_OK;
	return rc == RF_EABSENT ? RF_OK : rc;
}

static bool is_yaml(struct rf_str name)
{
	return rf_str_ends(name, RF_STR(".yaml")) || rf_str_ends(name, RF_STR(".yml"));
}

/* The first finding as an error. */
static int diags_error(const struct rf_diags *diags, struct rf_str name, struct rf_err *err)
{
	const struct rf_diag *first = diags->list.items;

	return rf_err_set(err, RF_EINPUT, RF_STR_FMT ":%u:%u: %s", RF_STR_ARG(name),
		first->pos.line, first->pos.col, first->msg);
}

int vuln_builder_add_document(
	struct vuln_builder *b, struct rf_str name, struct rf_str text, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(TREE_BYTES);
	struct document document = {.builder = b, .err = err};
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_str kept;
	int rc;

	if (!arena || !(kept = rf_arena_str(arena, name)).ptr)
		return rf_err_nomem(err);
	if (is_yaml(name))
		rc = doc_read_yaml(text, kept.ptr, arena, &diags, take_document, &document);
	else
		rc = doc_read_json(text, kept.ptr, arena, &diags, take_document, &document);
	if (rc < 0)
		return rc == RF_EINTERNAL ? rf_err_nomem(err) : rc;
	if (diags.error_count)
		return diags_error(&diags, name, err);
	if (document.known == 0) {
		build_left_out(b, "documents of no known shape");
		return RF_EABSENT;
	}
	b->source_documents += document.known;
	b->report.documents += document.known;
	return RF_OK;
}

/* What may be a document by its name; a single file that was named is tried whatever its name. */
static bool wanted(struct rf_str name)
{
	return is_yaml(name) || rf_str_ends(name, RF_STR(".json"));
}

static int add_member(
	struct vuln_builder *b, struct rf_str name, struct rf_str text, struct rf_err *err)
{
	int rc = vuln_builder_add_document(b, name, text, err);

	return rc == RF_EABSENT ? RF_OK : rc;
}

/* --- archives and files --- */

static void archive_freep(struct archive **archive)
{
	archive_read_free(*archive);
}

static int open_archive(int fd, struct archive **ret, struct rf_err *err)
{
	struct archive *archive = archive_read_new();

	if (!archive)
		return rf_err_nomem(err);
	*ret = archive;
	archive_read_support_format_zip(archive);
	archive_read_support_format_tar(archive);
	archive_read_support_format_raw(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_bzip2(archive);
	if (archive_read_open_fd(archive, fd, BLOCK_BYTES) != ARCHIVE_OK)
		return rf_err_set(
			err, RF_EINPUT, "cannot be read: %s", archive_error_string(archive));
	return RF_OK;
}

static int read_member(struct archive *archive, struct rf_buf *text, struct rf_err *err)
{
	rf_buf_clear(text);
	for (;;) {
		const void *block;
		size_t len;
		la_int64_t offset;
		int rc = archive_read_data_block(archive, &block, &len, &offset);

		if (rc == ARCHIVE_EOF)
			return RF_OK;
		if (rc != ARCHIVE_OK)
			return rf_err_set(
				err, RF_EINPUT, "damaged: %s", archive_error_string(archive));
		rf_buf_add(text, block, len);
		if (text->failed)
			return rf_err_set(err, RF_ELIMIT, "a document of more than %zu bytes",
				VULN_BUILD_MAX_MEMBER);
	}
}

static int add_entry(struct vuln_builder *b, struct archive *archive, struct archive_entry *entry,
	struct rf_str named, struct rf_buf *text, struct rf_err *err)
{
	bool single = archive_format(archive) == ARCHIVE_FORMAT_RAW;
	struct rf_str name = single ? named : rf_str_of(archive_entry_pathname(entry));
	int rc;

	if (!single && (archive_entry_filetype(entry) != AE_IFREG || !wanted(name)))
		return RF_OK;
	if (!single && archive_entry_mtime_is_set(entry) &&
		archive_entry_mtime(entry) > b->newest_s)
		b->newest_s = archive_entry_mtime(entry);
	rc = read_member(archive, text, err);
	return rc < 0 ? rf_err_wrap(err, rc, RF_STR_FMT, RF_STR_ARG(name))
		      : add_member(b, name, rf_buf_str(text), err);
}

static int add_archive(struct vuln_builder *b, int fd, struct rf_str name, struct rf_err *err)
{
	CLEANUP(archive_freep) struct archive *archive = NULL;
	AUTO_BUF text = {.max = VULN_BUILD_MAX_MEMBER};
	struct archive_entry *entry;
	int rc = open_archive(fd, &archive, err), got;

	for (size_t count = 0; rc == RF_OK; count++) {
		got = archive_read_next_header(archive, &entry);
		if (got == ARCHIVE_EOF)
			break;
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			rc = rf_err_set(
				err, RF_EINPUT, "damaged: %s", archive_error_string(archive));
		else if (count >= VULN_BUILD_MAX_MEMBERS)
			rc = rf_err_set(
				err, RF_ELIMIT, "more than %d members", VULN_BUILD_MAX_MEMBERS);
		else
			rc = add_entry(b, archive, entry, name, &text, err);
	}
	return rc;
}

/* --- directories --- */

static int add_directory(struct vuln_builder *b, int dir_fd, unsigned depth, struct rf_err *err);

static int add_file(struct vuln_builder *b, int fd, struct rf_str name, struct rf_err *err)
{
	AUTO_BUF text = {.max = VULN_BUILD_MAX_MEMBER};
	int rc = rf_fd_read_all(fd, &text, err);

	return rc < 0 ? rf_err_wrap(err, rc, RF_STR_FMT, RF_STR_ARG(name))
		      : add_member(b, name, rf_buf_str(&text), err);
}

static int add_name(
	struct vuln_builder *b, int dir_fd, const char *name, unsigned depth, struct rf_err *err)
{
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ELOOP ? RF_OK : rf_err_sys(err, errno, "open %s", name);
	if (S_ISDIR(st.st_mode)) {
		int dir = TAKE_FD(fd);

		return add_directory(b, dir, depth + 1, err);
	}
	if (!S_ISREG(st.st_mode) || !wanted(rf_str_of(name)))
		return RF_OK;
	if (st.st_mtime > b->newest_s)
		b->newest_s = st.st_mtime;
	return add_file(b, fd, rf_str_of(name), err);
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Takes dir_fd over. */
static int add_directory(struct vuln_builder *b, int dir_fd, unsigned depth, struct rf_err *err)
{
	CLEANUP(dir_closep) DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;
	int rc = RF_OK;

	if (!dir) {
		close(dir_fd);
		return rf_err_sys(err, errno, "read a directory");
	}
	if (depth > MAX_DIRECTORY_DEPTH)
		return rf_err_set(
			err, RF_ELIMIT, "directories more than %d deep", MAX_DIRECTORY_DEPTH);
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			rc = add_name(b, dirfd(dir), entry->d_name, depth, err);
	}
	return rc;
}

/* --- a source --- */

static int add_path(struct vuln_builder *b, const char *path, struct rf_err *err)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? rf_err_set(err, RF_EABSENT, "there is no such file")
				       : rf_err_sys(err, errno, "open");
	if (S_ISDIR(st.st_mode)) {
		int dir = TAKE_FD(fd);

		return add_directory(b, dir, 0, err);
	}
	if (st.st_mtime > b->newest_s)
		b->newest_s = st.st_mtime;
	return add_archive(b, fd, rf_str_of(slash && slash[1] ? slash + 1 : path), err);
}

/* "go-vulndb-osv.tar.zst (4274 documents)"; the directories before it are nobody's business. */
static int note_source(struct vuln_builder *b, const char *path, struct rf_err *err)
{
	struct rf_str name = rf_str_of(path), text;

	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.len--;
	for (size_t i = name.len; i > 0; i--) {
		if (name.ptr[i - 1] == '/' && i < name.len) {
			name = (struct rf_str){name.ptr + i, name.len - i};
			break;
		}
	}
	text = rf_arena_printf(b->arena, RF_STR_FMT " (%zu document%s)", RF_STR_ARG(name),
		b->source_documents, b->source_documents == 1 ? "" : "s");
	return text.ptr && rf_vec_push(&b->sources, text) ? RF_OK : rf_err_nomem(err);
}

int vuln_builder_add(struct vuln_builder *b, const char *path, struct rf_err *err)
{
	int rc;

	b->source_documents = 0;
	rc = add_path(b, path, err);
	if (rc == RF_OK && b->source_documents == 0)
		rc = rf_err_set(err, RF_EABSENT,
			"nothing in it is an OSV entry, a secdb, a security tracker, CVSS vectors "
			"or "
			"a list of exploited vulnerabilities");
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : note_source(b, path, err);
}
