/*
 * UTF-8 (RFC 3629): shortest forms only, no surrogates, at most U+10FFFF. And text of unknown
 * origin made fit for a message.
 */
#ifndef RF_DOC_UTF8_H
#define RF_DOC_UTF8_H

#include "base/str.h"

/*
 * The character that text begins with: its length in bytes (1..4) and *ret_rune; 0 when text is
 * empty or does not begin with a well-formed character.
 */
size_t doc_utf8_decode(struct rf_str text, uint32_t *ret_rune);

/* Writes a rune (not a surrogate, at most U+10FFFF) to out; returns its length in bytes. */
size_t doc_utf8_encode(uint32_t rune, char out[static 4]);

/*
 * Bytes at the beginning of text that YAML may hold: well-formed, and no control character other
 * than tab, line feed, carriage return and NEL. text.len when all of it is.
 */
size_t doc_utf8_span(struct rf_str text);

/* Characters in text, taking it to be well-formed. */
size_t doc_utf8_count(struct rf_str text);

/* Control characters (also DEL and U+0080 to U+009F) and bytes that are not UTF-8 become '?', a
 * byte each: what is left cannot steer a terminal. */
void doc_utf8_clean(char *text, size_t len);

#define DOC_SHOW_SIZE 96

/*
 * text for a message, in out: control characters, quotes and bytes that are not UTF-8 are escaped
 * (\n, \x1b), a long text ends in "...". Returns out.
 */
const char *doc_show(struct rf_str text, char out[static DOC_SHOW_SIZE]);

#endif
