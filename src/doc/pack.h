/*
 * A tree as bytes, for another process of this program: values and positions, so that what is
 * decoded there has the same address (file:line:column). In host order; not a format for files.
 */
#ifndef RF_DOC_PACK_H
#define RF_DOC_PACK_H

#include "base/buf.h"
#include "doc/tree.h"

#define DOC_PACK_MAX_DEPTH 64
#define DOC_PACK_MAX_NODES 1000000

/* Appends node with everything below it. */
void doc_pack(const struct doc_node *node, struct rf_buf *out);

/*
 * Takes a tree off the front of *bytes, which nobody is trusted about; it lives in the arena.
 * RF_EINPUT when it is malformed, RF_ELIMIT over the bounds.
 */
int doc_unpack(struct rf_bytes *bytes, struct rf_arena *arena, const struct doc_node **ret,
	struct rf_err *err) RF_MUST_USE;

#endif
