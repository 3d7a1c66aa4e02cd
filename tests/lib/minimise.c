/*
 * Nodes of the tree are numbered in the order of the text; the text is written again without the
 * node of one number (and what is below it), and kept if it still fails.
 */
#include "tests/lib/minimise.h"

#include "doc/json.h"
#include "doc/read.h"

struct copy {
	struct json_writer w;
	size_t number; /* of the next node */
	size_t without;
};

static void copy_node(struct copy *c, const struct doc_node *node);

static void copy_children(struct copy *c, const struct doc_node *node)
{
	doc_each (child, node) {
		if (c->number == c->without) {
			c->number++;
			continue;
		}
		if (node->type == DOC_MAP)
			json_key(&c->w, child->key.ptr);
		copy_node(c, child);
	}
}

static void copy_node(struct copy *c, const struct doc_node *node)
{
	c->number++;
	switch ((enum doc_type)node->type) {
	case DOC_NULL: json_null(&c->w); break;
	case DOC_BOOL: json_bool(&c->w, node->truth); break;
	case DOC_INT: json_int(&c->w, node->number); break;
	case DOC_FLOAT:
	case DOC_STRING: json_str(&c->w, node->text); break;
	case DOC_SEQ:
		json_array_begin(&c->w);
		copy_children(c, node);
		json_array_end(&c->w);
		break;
	case DOC_MAP:
		json_object_begin(&c->w);
		copy_children(c, node);
		json_object_end(&c->w);
		break;
	}
}

/* The text without its node of that number; false when there is no such node. */
static bool text_without(const struct rf_buf *text, size_t number, struct rf_buf *out)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct copy c = {.w = {.out = out, .pretty = true}, .without = number};
	const struct doc_node *root;

	if (!arena || doc_parse_json(rf_buf_str(text), "failing", 1, arena, NULL, &root) < 0)
		return false;
	rf_buf_clear(out);
	copy_node(&c, root);
	return c.number > number;
}

void minimise_json(
	struct rf_buf *text, bool (*still_fails)(void *ctx, struct rf_str text), void *ctx)
{
	AUTO_BUF smaller = {.data = NULL};
	bool shrunk = true;

	while (shrunk) {
		shrunk = false;
		for (size_t i = 1; text_without(text, i, &smaller);) {
			if (!still_fails(ctx, rf_buf_str(&smaller))) {
				i++;
				continue;
			}
			rf_buf_clear(text);
			rf_buf_add_str(text, rf_buf_str(&smaller));
			shrunk = true;
		}
	}
}
