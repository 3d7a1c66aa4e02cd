/*
 * Comments that take findings back: "# ringfence ignore=ID[,ID]" for the instruction that follows,
 * "# ringfence global ignore=..." for the file, and hadolint's own: "# hadolint ignore=..." for the
 * next line, "# hadolint stage ignore=...", "# hadolint global ignore=...".
 */
#ifndef RF_IMAGE_DOCKERFILE_IGNORE_INT_H
#define RF_IMAGE_DOCKERFILE_IGNORE_INT_H

#include "image/dockerfile/check.h"
#include "image/dockerfile/parse.h"

struct check_ignore {
	uint32_t line; /* from which on, or of which */
	struct rf_str ids;
};

struct check_ignores {
	RF_VEC(struct check_ignore) lines, stages, global;
};

bool check_ignores_find(const struct dockerfile *file, struct check_ignores *ret) RF_MUST_USE;
void check_ignores_done(struct check_ignores *ignores);
bool check_is_ignored(
	const struct check_ignores *ignores, const struct check_rule *rule, uint32_t line);

enum check_pragma { CHECK_PRAGMA_NONE, CHECK_PRAGMA_NEXT, CHECK_PRAGMA_STAGE, CHECK_PRAGMA_GLOBAL };
/* What a comment (behind its #) says; *ret_ids is the list. */
enum check_pragma check_pragma_parse(
	struct rf_str comment, bool *ret_hadolint, struct rf_str *ret_ids);

#endif
