/*
 * Finds where any of some hundred keywords begins, in any case, in one pass over a text.
 */
#ifndef RF_IMAGE_SECRETS_PREFILTER_INT_H
#define RF_IMAGE_SECRETS_PREFILTER_INT_H

#include "base/err.h"
#include "base/str.h"

#define PREFILTER_MAX	  1024 /* keywords */
#define PREFILTER_MIN_KEY 3    /* bytes */
#define PREFILTER_MAX_KEY 48

struct prefilter;

struct prefilter *prefilter_new(void) RF_MUST_USE;
void prefilter_free(struct prefilter *filter);
/*
 * owner is handed back with every hit; a keyword may be added for several owners. follows is the
 * set of bytes that may stand after a keyword of three bytes, NULL for what can be printed: a
 * smaller one makes the search faster. A keyword of three bytes at the very end of a text is not
 * found.
 */
int prefilter_add(struct prefilter *filter, struct rf_str key, const bool follows[256],
	uint16_t owner, struct rf_err *err) RF_MUST_USE;
/* After the last keyword, before the first search. */
int prefilter_seal(struct prefilter *filter, struct rf_err *err) RF_MUST_USE;

/* The ways of searching; what the machine cannot do falls back to the portable one. */
enum prefilter_way {
	PREFILTER_BEST,
	PREFILTER_PORTABLE,
};

struct prefilter_sink {
	/* A keyword of owner at [at, end). 0 or RF_E*, which ends the search. */
	int (*found)(void *ctx, uint16_t owner, size_t at, size_t end);
	void *ctx;
};
/* Hits come in the text's order, but for PREFILTER_MAX_KEY bytes. */
int prefilter_search(const struct prefilter *filter, enum prefilter_way way, struct rf_str text,
	const struct prefilter_sink *sink) RF_MUST_USE;

#endif
