/*
 * JSON read as it comes by: a lock file of a hundred MB costs no more memory than one of its
 * strings. The grammar is checked on the way (RFC 8259), of what is skipped too; a failure is
 * sticky, and ends every loop.
 *
 *	if (pkg_json_enter(r))
 *		while (pkg_json_member(r, &key))
 *			... exactly one of enter, text, is_true and skip ...
 */
#ifndef RF_IMAGE_PKG_JSON_INT_H
#define RF_IMAGE_PKG_JSON_INT_H

#include "image/pkg/pkg_int.h"

#define PKG_JSON_DEPTH	 64
#define PKG_JSON_STRINGS ((size_t)4 << 20) /* bytes of strings with escapes, until forgotten */

struct pkg_json {
	struct rf_str text;
	size_t at;
	bool fresh;	/* behind an opening brace */
	unsigned depth; /* of objects that were entered */
	struct rf_arena *unescaped;
	int rc;
	struct rf_err *err;
};

/* file and err must live as long; to be ended with pkg_json_done(). */
void pkg_json_begin(struct pkg_json *r, struct rf_bytes file, struct rf_err *err);
void pkg_json_done(struct pkg_json *r);
/* After the one value: RF_OK, or what went wrong and where. Nothing but blanks may follow it. */
int pkg_json_end(struct pkg_json *r) RF_MUST_USE;
/* "line 12: WHAT", unless something failed before. */
void pkg_json_fail(struct pkg_json *r, const char *what);

/* Into an object; false when the value is none, which is skipped then. */
bool pkg_json_enter(struct pkg_json *r) RF_MUST_USE;
/* The next key of the object; false at its end, which is behind the reader then. */
bool pkg_json_member(struct pkg_json *r, struct rf_str *ret_key) RF_MUST_USE;
void pkg_json_skip(struct pkg_json *r);
/* Whether the next value is a string; it is still to be read. */
bool pkg_json_is_string(struct pkg_json *r) RF_MUST_USE;
/* A string: a view of the file, or a copy until pkg_json_forget(). "" when the value is none. */
struct rf_str pkg_json_text(struct pkg_json *r);
bool pkg_json_is_true(struct pkg_json *r) RF_MUST_USE;
/* Frees the copies. */
void pkg_json_forget(struct pkg_json *r);

/* The string into *field; a key that comes twice is a failure. */
void pkg_json_field(struct pkg_json *r, struct rf_str *field);

#define AUTO_PKG_JSON CLEANUP(pkg_json_done) struct pkg_json

#endif
