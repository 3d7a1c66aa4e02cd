/* JSON of images: bounded reading and picking, with errors that name the field. */
#ifndef RF_IMAGE_JSON_INT_H
#define RF_IMAGE_JSON_INT_H

#include "base/err.h"
#include "doc/tree.h"

/* One JSON object, at most IMAGE_MAX_JSON bytes; what names it in messages. */
int image_json_parse(struct rf_str text, const char *what, struct rf_arena *arena,
	const struct doc_node **ret, struct rf_err *err) RF_MUST_USE;

/* The string under key; absent or null gives "". RF_EINPUT for another type or a NUL in it. */
int image_json_str(const struct doc_node *map, const char *key, struct rf_str *ret,
	struct rf_err *err) RF_MUST_USE;
/* The child under key, NULL when absent or null; RF_EINPUT when it is not of type. */
int image_json_child(const struct doc_node *map, const char *key, enum doc_type type,
	const struct doc_node **ret, struct rf_err *err) RF_MUST_USE;
/* A string node without NUL. */
int image_json_text(const struct doc_node *node, const char *what, struct rf_str *ret,
	struct rf_err *err) RF_MUST_USE;

#endif
