/*
 * Documents out of open files: libarchive knows zip, tar and single files, compressed or not. A
 * member that is no document of a known shape is counted; a source that has none is an error.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"
#include "image/vuln/build_int.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define TREE_BYTES  ((size_t)16 << 30) /* of one document's tree */

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

bool build_wants(struct rf_str name)
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

/*
 * A descriptor for libarchive, whose own functions ask fstat(2) about it: a call that names files,
 * which the process that reads sources may not make.
 */
struct fd_input {
	int fd;
	char block[BLOCK_BYTES];
};

static la_ssize_t input_read(struct archive *archive, void *ctx, const void **ret_block)
{
	struct fd_input *input = ctx;
	ssize_t got = read(input->fd, input->block, sizeof(input->block));

	if (got < 0)
		archive_set_error(archive, errno, "cannot be read");
	*ret_block = input->block;
	return got < 0 ? ARCHIVE_FATAL : got;
}

static la_int64_t input_seek(struct archive *archive, void *ctx, la_int64_t offset, int whence)
{
	struct fd_input *input = ctx;
	off_t at = lseek(input->fd, (off_t)offset, whence);

	(void)archive;
	return at < 0 ? ARCHIVE_FATAL : at;
}

static int open_archive(struct fd_input *input, struct archive **ret, struct rf_err *err)
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
	archive_read_set_read_callback(archive, input_read);
	archive_read_set_seek_callback(archive, input_seek);
	archive_read_set_callback_data(archive, input);
	if (archive_read_open1(archive) != ARCHIVE_OK)
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

	if (!single && (archive_entry_filetype(entry) != AE_IFREG || !build_wants(name)))
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
	AUTO_FREE struct fd_input *input = malloc(sizeof(*input));
	CLEANUP(archive_freep) struct archive *archive = NULL;
	AUTO_BUF text = {.max = VULN_BUILD_MAX_MEMBER};
	struct archive_entry *entry;
	int rc, got;

	if (!input)
		return rf_err_nomem(err);
	input->fd = fd;
	rc = open_archive(input, &archive, err);

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

/* --- sources --- */

static int add_file(struct vuln_builder *b, int fd, struct rf_str name, struct rf_err *err)
{
	AUTO_BUF text = {.max = VULN_BUILD_MAX_MEMBER};
	int rc = rf_fd_read_all(fd, &text, err);

	return rc < 0 ? rf_err_wrap(err, rc, RF_STR_FMT, RF_STR_ARG(name))
		      : add_member(b, name, rf_buf_str(&text), err);
}

void build_source_begin(struct vuln_builder *b)
{
	b->source_documents = 0;
}

int build_source_take(
	struct vuln_builder *b, int fd, const struct build_file *file, struct rf_err *err)
{
	if (file->mtime_s > b->newest_s)
		b->newest_s = file->mtime_s;
	return file->in_directory ? add_file(b, fd, file->name, err)
				  : add_archive(b, fd, file->name, err);
}

int build_source_end(struct vuln_builder *b, struct rf_str name, struct rf_err *err)
{
	struct rf_str text;

	if (b->source_documents == 0)
		return rf_err_set(err, RF_EABSENT,
			"nothing in it is an OSV entry, a secdb, a security tracker, CVSS vectors "
			"or a list of exploited vulnerabilities");
	text = rf_arena_printf(b->arena, RF_STR_FMT " (%zu document%s)", RF_STR_ARG(name),
		b->source_documents, b->source_documents == 1 ? "" : "s");
	return text.ptr && rf_vec_push(&b->sources, text) ? RF_OK : rf_err_nomem(err);
}
