/*
 * Documents that databases are made of, with a NUL between one and the next. What is taken gives a
 * sound database, and equal bytes when the documents come the other way round.
 */
#include "fuzz/check_vuln.h"

#define MAX_DOCUMENTS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool build(const struct rf_str *texts, const struct rf_str *names, size_t count, bool back,
	struct rf_buf *out)
{
	AUTO_VULN_BUILDER *builder = NULL;
	bool all = true;

	if (vuln_builder_new(&builder, NULL) < 0)
		abort();
	for (size_t i = 0; i < count; i++) {
		size_t at = back ? count - 1 - i : i;
		struct rf_err err = {.code = RF_OK};
		int rc = vuln_builder_add_document(builder, names[at], texts[at], &err);

		if (rc > 0 || (rc == RF_EINPUT && !err.msg[0]))
			abort();
		all &= rc == RF_OK || rc == RF_EABSENT;
	}
	return vuln_builder_finish(builder, 0, check_signer(), out, NULL) == RF_OK && all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rf_str texts[MAX_DOCUMENTS], names[MAX_DOCUMENTS];
	struct rf_str rest = {size ? (const char *)data : "", size};
	AUTO_BUF forth = {0}, back = {0};
	AUTO_VULN_DB *db = NULL;
	size_t count = 0;

	for (; rest.ptr && count < MAX_DOCUMENTS; count++) {
		rest = rf_str_cut(rest, '\0', &texts[count]);
		names[count] = rf_str_starts(texts[count], RF_STR("{")) ||
					       rf_str_starts(texts[count], RF_STR("["))
				       ? RF_STR("a.json")
				       : RF_STR("a.yaml");
	}
	if (!build(texts, names, count, false, &forth))
		return 0;
	db = check_open((struct rf_bytes){(const uint8_t *)forth.data, forth.len});
	if (!db || !check_all(db))
		abort();
	if (!build(texts, names, count, true, &back) ||
		!rf_str_eq(rf_buf_str(&forth), rf_buf_str(&back)))
		abort();
	return 0;
}
