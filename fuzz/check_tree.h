/* What must hold for every tree that a reader of src/doc hands out. */
#ifndef FUZZ_CHECK_TREE_H
#define FUZZ_CHECK_TREE_H

#include "doc/decode.h"
#include "doc/read.h"

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

/* Aborts unless counts, positions, texts and depth are as doc/tree.h and doc/read.h say. */
static inline void check_tree(const struct doc_node *node, unsigned depth)
{
	uint32_t count = 0;

	MUST(node->type <= DOC_MAP && node->line > 0 && node->col > 0 && node->file);
	if (node->type == DOC_SEQ || node->type == DOC_MAP)
		MUST(depth < DOC_MAX_DEPTH);
	else
		MUST(node->text.ptr && strlen(node->text.ptr) == node->text.len && !node->first);
	doc_each (child, node) {
		count++;
		if (node->type == DOC_MAP) {
			MUST(child->key.ptr && strlen(child->key.ptr) == child->key.len);
			MUST(child->key_line > 0 && child->key_col > 0);
			if (node->count < 64)
				MUST(doc_get(node, child->key.ptr) == child);
		}
		check_tree(child, depth + 1);
	}
	MUST(count == node->count);
}

/* A schema with a field of every kind, so that the decoder is under test as well. */
struct sample {
	const struct doc_node *node;
	struct rf_str str, choice;
	struct doc_bool truth;
	struct doc_int number;
	struct doc_int_or_str port;
	struct sample *inner;
	struct doc_list list;
	struct doc_strs strs;
	struct doc_pairs pairs;
	const struct doc_node *any;
};

extern const struct doc_schema sample_schema;

#define SAMPLE_ROW(field, k, ...)                                                                  \
	{                                                                                          \
		.name = #field, .kind = k, .offset = offsetof(struct sample, field), ##__VA_ARGS__ \
	}

#endif
