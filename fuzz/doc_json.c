/* JSON: no input breaks the reader; what it accepts is a sound tree, and survives being rewritten.
 */
#include "doc/json.h"
#include "fuzz/check_tree.h"

static void write_node(struct json_writer *w, const struct doc_node *node)
{
	switch ((enum doc_type)node->type) {
	case DOC_NULL: json_null(w); return;
	case DOC_BOOL: json_bool(w, node->truth); return;
	case DOC_INT: json_int(w, node->number); return;
	case DOC_FLOAT:
	case DOC_STRING: json_str(w, node->text); return;
	case DOC_SEQ: json_array_begin(w); break;
	case DOC_MAP: json_object_begin(w); break;
	}
	doc_each (child, node) {
		if (node->type == DOC_MAP)
			json_key(w, child->key.ptr);
		write_node(w, child);
	}
	if (node->type == DOC_SEQ)
		json_array_end(w);
	else
		json_object_end(w);
}

/* Floats were written as strings. */
static bool same(const struct doc_node *a, const struct doc_node *b)
{
	const struct doc_node *in_b = b->first;

	if (a->type != b->type && !(a->type == DOC_FLOAT && b->type == DOC_STRING))
		return false;
	if (!rf_str_eq(a->key, b->key) || a->count != b->count || a->number != b->number ||
		a->truth != b->truth || !rf_str_eq(a->text, b->text))
		return false;
	doc_each (child, a) {
		if (!same(child, in_b))
			return false;
		in_b = in_b->next;
	}
	return true;
}

static int take(void *ctx, const struct doc_node *root)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.data = NULL};
	AUTO_DIAGS diags = {.error_count = 0};
	struct json_writer w = {.out = &out, .pretty = root->count % 2};
	const struct doc_node *again = NULL;

	(void)ctx;
	check_tree(root, 0);
	write_node(&w, root);
	MUST(arena && !out.failed);
	MUST(doc_parse_json(rf_buf_str(&out), "again", 1, arena, &diags, &again) == RF_OK);
	MUST(same(root, again));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)256 << 20);
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_DIAGS one_diags = {.error_count = 0};
	struct rf_str text = {.ptr = (const char *)data, .len = size};
	const struct doc_node *root = NULL;
	int rc;

	MUST(arena);
	MUST(doc_read_json(text, "input", arena, &diags, take, NULL) == RF_OK);
	rc = doc_parse_json(text, "input", 7, arena, &one_diags, &root);
	MUST((rc == RF_OK) == (root != NULL));
	MUST((rc == RF_OK) == (one_diags.error_count == 0));
	return 0;
}
