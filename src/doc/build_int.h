/*
 * Puts a doc tree together from a reader's events, for YAML and JSON alike: nesting, links,
 * duplicate keys, depth. One builder serves the documents of a file one after the other.
 *
 * Functions return RF_OK, RF_EINPUT when the document cannot go on (reported), or RF_EINTERNAL when
 * memory ran out. What is wrong without being in the way is reported and sets wrong.
 */
#ifndef RF_DOC_BUILD_INT_H
#define RF_DOC_BUILD_INT_H

#include "base/map.h"
#include "doc/read.h"

struct doc_frame {
	struct doc_node *node;
	struct doc_node *last;	/* the newest child that is linked */
	struct doc_node *child; /* map: its key is known, its value is awaited */
	struct doc_node *merge; /* map: the value of "<<" (doc_build_merge_key) */
	struct rf_map keys;	/* map: key to child, once there are many */
};

struct doc_builder {
	struct rf_arena *arena;
	struct rf_diags *diags;
	const char *file;
	struct doc_node *root;
	bool wrong; /* an error was reported about this document */
	unsigned depth;
	struct doc_frame frames[DOC_MAX_DEPTH];
};

/* Forgets the document; also to be called after the last one. */
void doc_build_reset(struct doc_builder *b);

/* Reports an error about the document and sets wrong; returns RF_EINPUT. */
int doc_build_error(struct doc_builder *b, struct rf_pos pos, const char *fmt, ...) RF_PRINTF(3, 4);

/* True when the next thing must be a key. */
static inline bool doc_build_wants_key(const struct doc_builder *b)
{
	return b->depth && b->frames[b->depth - 1].node->type == DOC_MAP &&
	       !b->frames[b->depth - 1].child;
}

/* A key of the innermost map; key must live in the arena. */
int doc_build_key(struct doc_builder *b, struct rf_str key, struct rf_pos pos) RF_MUST_USE;

/* The key "<<": the next value is merged into the map when the map ends (YAML 1.1 merge). */
int doc_build_merge_key(struct doc_builder *b, struct rf_pos pos) RF_MUST_USE;

/* The next value: *ret_node awaits its type and content. */
int doc_build_value(
	struct doc_builder *b, struct rf_pos pos, struct doc_node **ret_node) RF_MUST_USE;

/* The next value is a list or a map; its children follow until doc_build_close. */
int doc_build_open(struct doc_builder *b, enum doc_type type, struct rf_pos pos,
	struct doc_node **ret_node) RF_MUST_USE;
int doc_build_close(struct doc_builder *b) RF_MUST_USE;

#endif
