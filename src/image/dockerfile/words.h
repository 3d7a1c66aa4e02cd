/*
 * Words of a Dockerfile and the variables in them, as BuildKit expands them: $X ${X} ${X:-w} ${X-w}
 * ${X:+w} ${X+w} ${X:?w} ${X?w} ${X#p} ${X##p} ${X%p} ${X%%p} ${X/p/r} ${X//p/r}, quotes, escapes.
 */
#ifndef RF_IMAGE_DOCKERFILE_WORDS_H
#define RF_IMAGE_DOCKERFILE_WORDS_H

#include "base/arena.h"
#include "base/buf.h"

#define DOCKERFILE_MAX_EXPANSION ((size_t)1 << 20) /* bytes of one expanded word */
#define DOCKERFILE_MAX_NESTING	 16		   /* ${A:-${B:-...}} */

/* What a variable is: false when it is not set. */
struct dockerfile_env {
	bool (*get)(void *ctx, struct rf_str name, struct rf_str *ret);
	void *ctx;
	bool keep_unset; /* $X without a value stays as it is written */
	bool failed;	 /* set: a bad substitution, or ${X?message} */
};

/* Expands word into out and takes quotes and escapes off. */
void dockerfile_expand(
	struct rf_str word, char escape, struct dockerfile_env *env, struct rf_buf *out);

/* Takes quotes and escapes off; variables stay as they are written. In arena. */
struct rf_str dockerfile_unquote(struct rf_str word, char escape, struct rf_arena *arena);

/* A shell pattern with * and ?, anchored at both ends. */
bool dockerfile_glob(struct rf_str pattern, struct rf_str text);

#endif
