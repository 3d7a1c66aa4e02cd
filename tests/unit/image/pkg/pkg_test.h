/* A sink that writes down what it is given, one line a package, and files of the seed corpora. */
#ifndef TESTS_UNIT_IMAGE_PKG_PKG_TEST_H
#define TESTS_UNIT_IMAGE_PKG_PKG_TEST_H

#include "tests/lib/tap.h"

#include <stdio.h>

#include "base/buf.h"
#include "image/pkg/package.h"

typedef int (*test_reader)(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err);

static struct rf_err err;
static size_t test_stop_after; /* packages; 0: never */
static size_t test_count;

/* "name version arch source source_version checksum", absent ones as "-", and a line feed. */
static int test_add(void *ctx, const struct pkg *pkg, struct rf_err *sink_err)
{
	const struct rf_str fields[] = {pkg->name, pkg->version, pkg->arch, pkg->source,
		pkg->source_version, pkg->checksum};
	struct rf_buf *out = ctx;
	size_t last = RF_ARRAY_LEN(fields);

	while (last > 2 && fields[last - 1].len == 0)
		last--;
	for (size_t i = 0; i < last; i++) {
		rf_buf_add_c(out, i ? " " : "");
		rf_buf_add_str(out, fields[i].len ? fields[i] : RF_STR("-"));
	}
	rf_buf_add_char(out, '\n');
	if (++test_count == test_stop_after)
		return rf_err_set(sink_err, RF_EDENIED, "enough");
	return RF_OK;
}

static RF_UNUSED struct rf_bytes test_bytes(const char *text)
{
	return (struct rf_bytes){.ptr = (const uint8_t *)text, .len = strlen(text)};
}

/* What a reader yields of bytes that lie at the very end of their memory. */
static RF_UNUSED int test_read(test_reader reader, struct rf_bytes file, struct rf_buf *out)
{
	const struct pkg_sink sink = {.add = test_add, .ctx = out};
	AUTO_FREE uint8_t *copy = malloc(file.len ? file.len : 1);

	if (!copy)
		abort();
	if (file.len)
		memcpy(copy, file.ptr, file.len);
	test_count = 0;
	err = (struct rf_err){.code = RF_OK};
	rf_buf_clear(out);
	return reader((struct rf_bytes){.ptr = copy, .len = file.len}, &sink, &err);
}

static RF_UNUSED void check_reader(test_reader reader, const char *file, const char *want)
{
	AUTO_BUF out = {.len = 0};

	CHECK_INT(test_read(reader, test_bytes(file), &out), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), want);
}

/* Every beginning of a file is read, whatever comes of it: the sanitizers judge. */
static RF_UNUSED void check_cuts(test_reader reader, struct rf_bytes file, size_t step)
{
	AUTO_BUF out = {.len = 0};

	for (size_t len = 0; len < file.len; len += step)
		CHECK(test_read(reader, (struct rf_bytes){.ptr = file.ptr, .len = len}, &out) <= 0);
}

/* A seed of a fuzz target, relative to the tree's root; false when it is not there. */
static RF_UNUSED bool test_seed(const char *path, struct rf_buf *out)
{
	FILE *file = fopen(path, "rbe");
	char chunk[4096];
	size_t len;

	if (!file)
		return false;
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		rf_buf_add(out, chunk, len);
	fclose(file);
	return !out->failed;
}

static RF_UNUSED struct rf_bytes test_buf_bytes(const struct rf_buf *buf)
{
	return (struct rf_bytes){.ptr = (const uint8_t *)rf_buf_cstr(buf), .len = buf->len};
}

#endif
