/* A growing byte buffer; doubling, capped, sticky on failure. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void rf_buf_done(struct rf_buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	buf->failed = false;
}

void rf_buf_clear(struct rf_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

char *rf_buf_reserve(struct rf_buf *buf, size_t len)
{
	size_t max = buf->max ? buf->max : RF_BUF_MAX;
	size_t cap = buf->cap;
	char *data;

	if (buf->failed || len > max - buf->len) {
		buf->failed = true;
		return NULL;
	}
	if (buf->len + len < cap)
		return buf->data + buf->len;
	if (cap == 0)
		cap = 64;
	while (cap <= buf->len + len)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return data + buf->len;
}

void rf_buf_add(struct rf_buf *buf, const void *data, size_t len)
{
	char *room = rf_buf_reserve(buf, len);

	if (!room)
		return;
	if (len)
		memcpy(room, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void rf_buf_add_char(struct rf_buf *buf, char c)
{
	rf_buf_add(buf, &c, 1);
}

void rf_buf_add_str(struct rf_buf *buf, struct rf_str s)
{
	rf_buf_add(buf, s.ptr, s.len);
}

void rf_buf_add_c(struct rf_buf *buf, const char *c)
{
	rf_buf_add(buf, c, strlen(c));
}

void rf_buf_addf(struct rf_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;
	char *room;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	room = len < 0 ? NULL : rf_buf_reserve(buf, (size_t)len + 1);
	if (!room) {
		buf->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(room, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
}

const char *rf_buf_cstr(const struct rf_buf *buf)
{
	return buf->data && buf->len ? buf->data : "";
}

struct rf_str rf_buf_str(const struct rf_buf *buf)
{
	return (struct rf_str){.ptr = rf_buf_cstr(buf), .len = buf->len};
}

char *rf_buf_take(struct rf_buf *buf)
{
	char *data;

	if (buf->failed)
		return NULL;
	if (!buf->data)
		rf_buf_add(buf, "", 0);
	data = buf->data;
	buf->data = NULL;
	buf->len = buf->cap = 0;
	return data;
}
