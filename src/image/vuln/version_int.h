/*
 * What the schemes of versions are made of. One file a family; version.c has the table.
 */
#ifndef RF_IMAGE_VULN_VERSION_INT_H
#define RF_IMAGE_VULN_VERSION_INT_H

#include "image/vuln/version.h"

/* Texts are of 1 to VULN_VERSION_MAX bytes. */
struct version_order {
	bool (*valid)(struct rf_str text);
	/* *ret is -1, 0 or 1; false when one of the two is not valid */
	bool (*compare)(struct rf_str a, struct rf_str b, int *ret);
};

extern const struct version_order version_go, version_semver, version_npm, version_debian,
	version_alpine, version_rpm, version_pypi, version_maven;

static inline bool version_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char version_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool version_is_alpha(char c)
{
	return version_lower(c) >= 'a' && version_lower(c) <= 'z';
}

static inline bool version_is_alnum(char c)
{
	return version_is_digit(c) || version_is_alpha(c);
}

static inline int version_sign(long long n)
{
	return (n > 0) - (n < 0);
}

/* What is left of s without its first len bytes; s may be absent when len is 0. */
static inline struct rf_str version_skip(struct rf_str s, size_t len)
{
	return len ? (struct rf_str){s.ptr + len, s.len - len} : s;
}

/* The next byte, NUL at the end: versions hold no NUL. */
static inline char version_peek(struct rf_str s)
{
	return s.len ? s.ptr[0] : '\0';
}

/* Takes the leading bytes of *s that are of a kind. */
static inline struct rf_str version_take(struct rf_str *s, bool (*is)(char c))
{
	struct rf_str head = {s->ptr, 0};

	while (head.len < s->len && is(s->ptr[head.len]))
		head.len++;
	*s = version_skip(*s, head.len);
	return head;
}

/* Runs of digits by their value, however long; an empty one is 0. */
int version_cmp_numbers(struct rf_str a, struct rf_str b);

/* rf_str_cmp() as -1, 0 or 1. */
int version_cmp_bytes(struct rf_str a, struct rf_str b);

/* True when s is word, in any case; word is in lower case. */
bool version_is_word(struct rf_str s, const char *word);

#endif
