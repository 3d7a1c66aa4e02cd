/* A sink that holds readers to their promises: bounds, no control characters, a count. */
#ifndef FUZZ_CHECK_PKG_H
#define FUZZ_CHECK_PKG_H

#include "image/pkg/package.h"
#include "image/pkg/purl.h"

static void check_field(struct rf_str text)
{
	if (text.len > PKG_MAX_NAME)
		abort();
	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			abort();
	}
}

static int check_pkg(void *ctx, const struct pkg *pkg, struct rf_err *err)
{
	const struct rf_str fields[] = {pkg->name, pkg->version, pkg->arch, pkg->source,
		pkg->source_version, pkg->license, pkg->checksum};
	size_t *count = ctx;
	AUTO_BUF purl = {.len = 0};

	(void)err;
	if (pkg->name.len == 0 || pkg->type >= PKG_TYPE_COUNT || ++*count > PKG_MAX_COUNT)
		abort();
	for (size_t i = 0; i < RF_ARRAY_LEN(fields); i++)
		check_field(fields[i]);
	pkg_purl(pkg->type, RF_STR("os"), RF_STR("1"), pkg->name, pkg->version, pkg->arch, &purl);
	for (size_t i = 0; i < purl.len; i++) {
		if (purl.data[i] <= ' ' || purl.data[i] > '~')
			abort();
	}
	return RF_OK;
}

/* Runs a reader; what it says must be RF_OK or an error with words. */
static void check_reader(
	int (*reader)(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err),
	const uint8_t *data, size_t size)
{
	size_t count = 0;
	const struct pkg_sink sink = {.add = check_pkg, .ctx = &count};
	struct rf_err err = {.code = RF_OK};
	int rc = reader((struct rf_bytes){.ptr = data, .len = size}, &sink, &err);

	if (rc > 0 || (rc < 0 && !err.msg[0]))
		abort();
}

#endif
