/*
 * Nodes of the tree are numbered in the order of the text; the text is written again without the
 * node of one number (and what is below it), and kept if it still fails.
 */
#include "tests/lib/minimise.h"

#include "doc/read.h"
#include "tests/lib/json_copy.h"

/* The text without its node of that number; false when there is no such node. */
static bool text_without(const struct rf_buf *text, size_t number, struct rf_buf *out)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	struct json_writer w = {.out = out, .pretty = true};
	const struct doc_node *root;

	if (!arena || doc_parse_json(rf_buf_str(text), "failing", 1, arena, NULL, &root) < 0)
		return false;
	rf_buf_clear(out);
	return json_copy_without(&w, root, number) > number;
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
