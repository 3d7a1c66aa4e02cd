/*
 * One tree for YAML and JSON, with the position of every node. Trees live in the arena of the
 * reader's caller and are never changed after reading.
 *
 * Scalars are resolved as kubectl resolves them (YAML 1.1 as in go-yaml v2: y/n/yes/no/on/off are
 * booleans, 0x10, 0o10, 010, 1_000 and 1e3 are numbers, ~ and an empty value are null); a quoted
 * scalar is a string. A number of YAML without a fraction (1.0, 1e3) is an integer, as in kubectl's
 * JSON. Keys that are integers or booleans become the text that kubectl's JSON has for them;
 * fractions and null as keys are errors.
 */
#ifndef RF_DOC_TREE_H
#define RF_DOC_TREE_H

#include "base/arena.h"
#include "base/diag.h"

enum doc_type {
	DOC_NULL,
	DOC_BOOL,
	DOC_INT,   /* fits int64_t: number */
	DOC_FLOAT, /* any other number: text as written */
	DOC_STRING,
	DOC_SEQ,
	DOC_MAP,
};

struct doc_node {
	uint8_t type; /* enum doc_type */
	bool truth;   /* DOC_BOOL */
	uint32_t line;
	uint32_t col;
	uint32_t count;	  /* children of a DOC_SEQ or DOC_MAP */
	const char *file; /* name for messages; shared by all nodes of a document */
	/* Scalars: the decoded text, NUL-terminated, no NUL inside; DOC_INT: in decimal. */
	struct rf_str text;
	int64_t number;	   /* DOC_INT */
	struct rf_str key; /* of a child of a DOC_MAP, NUL-terminated */
	uint32_t key_line;
	uint32_t key_col;
	struct doc_node *first; /* children, in the order of the file */
	struct doc_node *next;	/* sibling */
};

#define doc_each(child, node)                                                     \
	for (const struct doc_node *child = (node) ? (node)->first : NULL; child; \
		child = child->next)

static inline struct rf_pos doc_pos(const struct doc_node *node)
{
	return (struct rf_pos){.file = node->file, .line = node->line, .col = node->col};
}

static inline struct rf_pos doc_key_pos(const struct doc_node *node)
{
	return (struct rf_pos){.file = node->file, .line = node->key_line, .col = node->key_col};
}

/* The child of a DOC_MAP by key; NULL when node is NULL, not a map, or has no such key. */
const struct doc_node *doc_get(const struct doc_node *node, const char *key);

/*
 * The position of a field of a map (its key), or of the map itself when the field is not there:
 * what a message about a missing or refused field should point at. No place when node is NULL.
 */
struct rf_pos doc_field_pos(const struct doc_node *node, const char *key);

/* What a person calls the type: "a string", "a list", ... */
const char *doc_type_name(enum doc_type type);

#endif
