/* Databases made of texts, in memory: a signer of this run, and files without names. */
#ifndef TESTS_UNIT_IMAGE_VULN_VULN_TEST_H
#define TESTS_UNIT_IMAGE_VULN_VULN_TEST_H

#include "tests/lib/tap.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/vuln/build.h"
#include "image/vuln/match.h"

static struct vuln_signer *test_signer;
static char test_root[64];

static RF_UNUSED void test_open(void)
{
	char path[96];

	snprintf(test_root, sizeof(test_root), "/tmp/rf-vuln-XXXXXX");
	if (!mkdtemp(test_root))
		abort();
	snprintf(path, sizeof(path), "%s/key.pem", test_root);
	if (vuln_signer_make(path, &test_signer, NULL) < 0)
		abort();
}

static RF_UNUSED void test_close(void)
{
	vuln_signer_free(test_signer);
	(void)!rf_dir_remove(test_root, NULL);
}

static RF_UNUSED void test_add(struct vuln_builder *builder, const char *name, const char *text)
{
	struct rf_err err = {.code = RF_OK};
	int rc = vuln_builder_add_document(builder, rf_str_of(name), rf_str_of(text), &err);

	CHECKF(rc == RF_OK, "%s: %d: %s", name, rc, err.msg);
}

/* A database of up to four texts (JSON), of a fixed date. */
static RF_UNUSED void test_build(const char *const *texts, size_t count, struct rf_buf *out)
{
	AUTO_VULN_BUILDER *builder = NULL;
	struct rf_err err = {.code = RF_OK};

	if (vuln_builder_new(&builder, NULL) < 0)
		abort();
	for (size_t i = 0; i < count; i++)
		test_add(builder, "text.json", texts[i]);
	CHECKF(vuln_builder_finish(builder, 1700000000, test_signer, out, &err) == RF_OK, "%s",
		err.msg);
}

static RF_UNUSED int test_file(const void *data, size_t len)
{
	int fd = memfd_create("database", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	return fd;
}

static RF_UNUSED int test_open_bytes(
	const void *data, size_t len, struct vuln_db **ret, struct rf_err *err)
{
	AUTO_FD fd = test_file(data, len);

	return vuln_db_open(fd, ret, err);
}

static RF_UNUSED struct vuln_db *test_db(const char *const *texts, size_t count)
{
	struct rf_err err = {.code = RF_OK};
	struct vuln_db *db = NULL;
	AUTO_BUF file = {0};

	test_build(texts, count, &file);
	CHECKF(test_open_bytes(file.data, file.len, &db, &err) == RF_OK, "%s", err.msg);
	if (!db)
		abort();
	return db;
}

static int test_hit(void *ctx, const struct vuln_affected *affected, struct rf_err *err)
{
	struct rf_buf *ids = ctx;

	(void)err;
	rf_buf_addf(ids, "%s" RF_STR_FMT, ids->len ? " " : "", RF_STR_ARG(affected->id));
	return RF_OK;
}

/* The ids that match, with spaces between them, or "error: ..."; valid until the next call. */
static RF_UNUSED const char *test_match(struct vuln_db *db, const struct vuln_subject *subject)
{
	static char ids[4096];
	AUTO_BUF out = {0};
	const struct vuln_match_sink sink = {.hit = test_hit, .ctx = &out};
	struct rf_err err = {.code = RF_OK};

	if (vuln_match(db, subject, &sink, &err) < 0)
		snprintf(ids, sizeof(ids), "error: %s", err.msg);
	else
		snprintf(ids, sizeof(ids), "%s", rf_buf_cstr(&out));
	return ids;
}

static RF_UNUSED const char *test_ids(
	struct vuln_db *db, const char *ecosystem, const char *name, const char *version)
{
	const struct vuln_subject subject = {.ecosystem = rf_str_of(ecosystem),
		.name = rf_str_of(name),
		.version = rf_str_of(version),
		.goos = RF_STR(""),
		.goarch = RF_STR("")};

	return test_match(db, &subject);
}

static RF_UNUSED size_t test_count(const struct vuln_build_counts *counts, const char *what)
{
	rf_vec_each (count, counts) {
		if (strcmp(count->what, what) == 0)
			return count->count;
	}
	return 0;
}

/* How many were left out, or widened, for a reason. */
static RF_UNUSED size_t test_left_out(const struct vuln_builder *builder, const char *what)
{
	return test_count(&vuln_builder_report(builder)->left_out, what);
}

static RF_UNUSED size_t test_widened(const struct vuln_builder *builder, const char *what)
{
	return test_count(&vuln_builder_report(builder)->widened, what);
}

#endif
