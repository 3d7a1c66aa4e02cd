/* Looking things up in a doc tree. */
#include "doc/tree.h"

const struct doc_node *doc_get(const struct doc_node *node, const char *key)
{
	size_t len = strlen(key);

	if (!node || node->type != DOC_MAP)
		return NULL;
	doc_each (child, node) {
		if (child->key.len == len && memcmp(child->key.ptr, key, len) == 0)
			return child;
	}
	return NULL;
}

struct rf_pos doc_field_pos(const struct doc_node *node, const char *key)
{
	const struct doc_node *child = doc_get(node, key);

	if (!node)
		return (struct rf_pos){.file = NULL};
	return child ? doc_key_pos(child) : doc_pos(node);
}

const char *doc_type_name(enum doc_type type)
{
	switch (type) {
	case DOC_NULL: return "null";
	case DOC_BOOL: return "a boolean";
	case DOC_INT: return "an integer";
	case DOC_FLOAT: return "a number";
	case DOC_STRING: return "a string";
	case DOC_SEQ: return "a list";
	case DOC_MAP: break;
	}
	return "a map";
}
