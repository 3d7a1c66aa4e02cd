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

/* owner is handed back with every hit; a keyword may be added for several owners. */
struct prefilter *prefilter_new(void) RF_MUST_USE;
void prefilter_free(struct prefilter *filter);
int prefilter_add(struct prefilter *filter, struct rf_str key, uint16_t owner, struct rf_err *err)
	RF_MUST_USE;
/* After the last keyword, before the first search. */
void prefilter_seal(struct prefilter *filter);

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
int prefilter_search(const struct prefilter *filter, enum prefilter_way way, struct rf_str text,
	const struct prefilter_sink *sink) RF_MUST_USE;

#endif
