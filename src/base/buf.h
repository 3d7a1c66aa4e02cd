/*
 * A growing byte buffer with a cap and a sticky failure: append freely, test once at the end. Its
 * content is always followed by a NUL that len does not count.
 */
#ifndef RF_BASE_BUF_H
#define RF_BASE_BUF_H

#include "base/str.h"

struct rf_buf {
	char *data; /* NULL until the first append */
	size_t len;
	size_t cap;
	size_t max;  /* most bytes it may hold; 0 means RF_BUF_MAX */
	bool failed; /* an append did not fit or memory ran out; later appends do nothing */
};

#define RF_BUF_MAX ((size_t)1 << 30)

/* Frees the content; the buffer may be used again. */
void rf_buf_done(struct rf_buf *buf);
/* Forgets the content and the failure, keeps the memory. */
void rf_buf_clear(struct rf_buf *buf);

void rf_buf_add(struct rf_buf *buf, const void *data, size_t len);
void rf_buf_add_char(struct rf_buf *buf, char c);
void rf_buf_add_str(struct rf_buf *buf, struct rf_str s);
void rf_buf_add_c(struct rf_buf *buf, const char *c);
void rf_buf_addf(struct rf_buf *buf, const char *fmt, ...) RF_PRINTF(2, 3);

/* Room for len more bytes at the end, to be filled by the caller, who then adds to buf->len. */
char *rf_buf_reserve(struct rf_buf *buf, size_t len) RF_MUST_USE;

/* The content as a NUL-terminated string; "" when empty. Valid until the next append. */
const char *rf_buf_cstr(const struct rf_buf *buf);
struct rf_str rf_buf_str(const struct rf_buf *buf);
/* Hands the heap memory over (NUL-terminated; the caller frees); NULL when failed. */
char *rf_buf_take(struct rf_buf *buf) RF_MUST_USE;

#define AUTO_BUF CLEANUP(rf_buf_done) struct rf_buf

#endif
