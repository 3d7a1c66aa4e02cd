/* A place in a JSON text, and its strings and numbers. */
#ifndef RF_DOC_JSON_INT_H
#define RF_DOC_JSON_INT_H

#include "doc/build_int.h"

struct json_reader {
	struct doc_builder b;
	struct rf_str text;
	size_t at; /* the next byte */
	/* Lines and columns are counted up to here, once over the whole text: */
	size_t counted;
	uint32_t line, col; /* of the byte at counted */
};

/* The position of the byte at offset, which must not be before the one asked for last. */
struct rf_pos doc_json_pos(struct json_reader *r, size_t offset);

/* Reports "expected WHAT, found ..." at the next byte; returns RF_EINPUT. */
int doc_json_expected(struct json_reader *r, const char *what);

/* True when the next byte is c. */
static inline bool doc_json_at(const struct json_reader *r, char c)
{
	return r->at < r->text.len && r->text.ptr[r->at] == c;
}

/*
 * The string or number that begins at the next byte. The text goes into the arena. RF_OK,
 * RF_EINPUT (reported) or RF_EINTERNAL.
 */
int doc_json_string(struct json_reader *r, struct rf_str *ret_text) RF_MUST_USE;
int doc_json_number(struct json_reader *r, struct doc_node *node) RF_MUST_USE;

#endif
