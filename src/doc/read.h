/*
 * Reads YAML (libyaml events) and JSON into doc trees. Input is untrusted: everything is bounded.
 * A document that is wrong is reported with file:line:column, and reading goes on with the next
 * document where that is possible.
 */
#ifndef RF_DOC_READ_H
#define RF_DOC_READ_H

#include "doc/tree.h"

#define DOC_MAX_DEPTH	  64
#define DOC_MAX_SCALAR	  ((size_t)8 << 20) /* bytes of one scalar */
#define DOC_MAX_DOCUMENTS 200000
#define DOC_MAX_INPUT	  ((size_t)1 << 30)
/* Documents of a YAML text that cannot be read to their end; reading stops after as many. */
#define DOC_MAX_BROKEN 1000
/* Nodes that aliases may stand for in one document, beyond those written out ("billion laughs"). */
#define DOC_MAX_ALIASED 10000

/* Takes one document; root is never NULL. Return negative to stop reading. */
typedef int (*doc_sink)(void *ctx, const struct doc_node *root);

/*
 * Reads all documents of text and hands each to sink. Empty documents are left out. Trees are
 * allocated in arena and refer to file, which must live as long as they do.
 *
 * Returns RF_OK when everything was read (whatever was found wrong is in diags, as errors), the
 * sink's negative value, or RF_EINTERNAL when memory ran out. Duplicate keys are errors; so are
 * tags other than the core ones, keys that are not scalars, and aliases that exceed the bounds.
 */
int doc_read_yaml(struct rf_str text, const char *file, struct rf_arena *arena,
	struct rf_diags *diags, doc_sink sink, void *ctx) RF_MUST_USE;

/* RFC 8259, strict; several values one after the other are several documents (JSON lines). */
int doc_read_json(struct rf_str text, const char *file, struct rf_arena *arena,
	struct rf_diags *diags, doc_sink sink, void *ctx) RF_MUST_USE;

/*
 * Exactly one JSON value: *ret_root is set. RF_EINPUT with a line in diags otherwise. For answers
 * of programs and lines of a batch. first_line is the number of the text's first line in file.
 */
int doc_parse_json(struct rf_str text, const char *file, uint32_t first_line,
	struct rf_arena *arena, struct rf_diags *diags,
	const struct doc_node **ret_root) RF_MUST_USE;

#endif
