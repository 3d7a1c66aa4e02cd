/*
 * Writes JSON into an rf_buf: commas and nesting are kept by the writer, strings are escaped
 * (control characters, quotes, backslashes; bytes that are not UTF-8 become U+FFFD).
 */
#ifndef RF_DOC_JSON_H
#define RF_DOC_JSON_H

#include "base/buf.h"

struct json_writer {
	struct rf_buf *out;
	bool pretty;	 /* two-space indentation */
	bool need_comma; /* private */
	bool after_key;	 /* private */
	unsigned depth;	 /* private */
};

void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_str(struct json_writer *w, struct rf_str value);
void json_c(struct json_writer *w, const char *value);
void json_int(struct json_writer *w, int64_t value);
/* 98 as the number 9.8. */
void json_tenths(struct json_writer *w, unsigned tenths);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);
/* printf as a JSON string value. */
void json_strf(struct json_writer *w, const char *fmt, ...) RF_PRINTF(2, 3);

/* key and value at once. */
void json_field_str(struct json_writer *w, const char *key, struct rf_str value);
void json_field_c(struct json_writer *w, const char *key, const char *value);
void json_field_int(struct json_writer *w, const char *key, int64_t value);
void json_field_bool(struct json_writer *w, const char *key, bool value);

#endif
