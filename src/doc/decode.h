/*
 * Decodes a doc tree into C structs by tables of rows (one a field: name, kind, offset). Strict:
 * an unknown field, a wrong type, a missing required field and a value out of bounds are errors
 * with their position; decoding goes on, so that one run reports all of them.
 *
 * A null value of an optional field means "not set", as in Kubernetes.
 */
#ifndef RF_DOC_DECODE_H
#define RF_DOC_DECODE_H

#include "doc/tree.h"

/* An optional boolean or number that knows whether it was set. */
struct doc_bool {
	bool set;
	bool value;
};

struct doc_int {
	bool set;
	int64_t value;
};

/* Kubernetes' IntOrString; text.ptr is NULL when it is a number (or not set). */
struct doc_int_or_str {
	bool set;
	int64_t number;
	struct rf_str text;
};

/* Lists of decoded objects: items is an array of the schema's struct. */
struct doc_list {
	void *items;
	size_t count;
};

struct doc_strs {
	struct rf_str *items;
	size_t count;
};

/* A map of strings, sorted by key. */
struct doc_pair {
	struct rf_str key;
	struct rf_str value;
};

struct doc_pairs {
	struct doc_pair *items;
	size_t count;
};

enum doc_kind {
	DOC_FIELD_STR,	   /* struct rf_str; absent: ptr NULL */
	DOC_FIELD_BOOL,	   /* struct doc_bool */
	DOC_FIELD_INT,	   /* struct doc_int, within [min, max] of the row (both 0: int32) */
	DOC_FIELD_INT_STR, /* struct doc_int_or_str */
	DOC_FIELD_OBJ,	   /* the sub-schema's struct in place; also when absent (zeroed) */
	DOC_FIELD_PTR,	   /* pointer to the sub-schema's struct, NULL when absent */
	DOC_FIELD_LIST,	   /* struct doc_list of the sub-schema's struct */
	DOC_FIELD_STRS,	   /* struct doc_strs */
	DOC_FIELD_PAIRS,   /* struct doc_pairs; values must be strings */
	DOC_FIELD_NODE,	   /* const struct doc_node *: any value, undecoded; NULL when absent */
	DOC_FIELD_CUSTOM,  /* row->custom decodes into the field */
};

struct doc_schema;
struct doc_decoder;

/* Decodes node into field; reports what is wrong through doc_decode_error. 0 or RF_E*. */
typedef int (*doc_custom)(struct doc_decoder *dec, const struct doc_node *node, void *field);

struct doc_field {
	const char *name;
	enum doc_kind kind;
	size_t offset;
	const struct doc_schema *sub;
	doc_custom custom;
	const char *const *one_of; /* DOC_FIELD_STR: NULL-terminated list of allowed values */
	int64_t min, max;	   /* DOC_FIELD_INT */
	bool required;
};

struct doc_schema {
	const char *name; /* for messages: "Container", "NetworkPolicyPeer" */
	size_t size;	  /* of the struct */
	/* Offset of a `const struct doc_node *` that receives the object's node. */
	size_t node_offset;
	const struct doc_field *fields;
	size_t field_count;
};

struct doc_decoder {
	struct rf_arena *arena;
	struct rf_diags *diags;
	bool nomem; /* set when the arena gave out; the result must not be used */
};

/*
 * Decodes node into out (schema->size bytes, zeroed by this function). Problems go to dec->diags.
 * Returns RF_OK, RF_EINPUT when anything was reported, RF_EINTERNAL when memory ran out. Strings
 * and lists of the result live in dec->arena and in the tree's arena.
 */
int doc_decode(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *out) RF_MUST_USE;

/* Reports an error at pos; returns RF_EINPUT. */
int doc_decode_error(struct doc_decoder *dec, struct rf_pos pos, const char *fmt, ...)
	RF_PRINTF(3, 4);

#define DOC_SCHEMA(schema_name, type, rows)                                                     \
	{                                                                                       \
		.name = schema_name, .size = sizeof(type), .node_offset = offsetof(type, node), \
		.fields = rows, .field_count = RF_ARRAY_LEN(rows)                               \
	}

#endif
