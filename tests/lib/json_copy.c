/* The tree in the order of the text, with a count of nodes. */
#include "tests/lib/json_copy.h"

struct copy {
	struct json_writer *w;
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
			json_key(c->w, child->key.ptr);
		copy_node(c, child);
	}
}

static void copy_node(struct copy *c, const struct doc_node *node)
{
	c->number++;
	switch ((enum doc_type)node->type) {
	case DOC_NULL: json_null(c->w); break;
	case DOC_BOOL: json_bool(c->w, node->truth); break;
	case DOC_INT: json_int(c->w, node->number); break;
	case DOC_FLOAT:
	case DOC_STRING: json_str(c->w, node->text); break;
	case DOC_SEQ:
		json_array_begin(c->w);
		copy_children(c, node);
		json_array_end(c->w);
		break;
	case DOC_MAP:
		json_object_begin(c->w);
		copy_children(c, node);
		json_object_end(c->w);
		break;
	}
}

size_t json_copy_without(struct json_writer *w, const struct doc_node *node, size_t without)
{
	struct copy c = {.w = w, .without = without};

	copy_node(&c, node);
	return c.number;
}

void json_copy(struct json_writer *w, const struct doc_node *node)
{
	json_copy_without(w, node, SIZE_MAX);
}
