/*
 * The tree builder. Duplicate keys are looked for along the list of children while a map is small,
 * which manifests nearly always are, and in a hash map above that.
 */
#include "doc/build_int.h"

#include "doc/utf8.h"

#define KEYS_LINEAR 16

void doc_build_reset(struct doc_builder *b)
{
	while (b->depth)
		rf_map_done(&b->frames[--b->depth].keys);
	b->root = NULL;
	b->wrong = false;
}

int doc_build_error(struct doc_builder *b, struct rf_pos pos, const char *fmt, ...)
{
	char msg[RF_ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	b->wrong = true;
	return rf_diag_add(b->diags, RF_ERROR, pos, "%s", msg);
}

static struct doc_node *find_key(const struct doc_frame *frame, struct rf_str key)
{
	if (frame->node->count > KEYS_LINEAR)
		return rf_map_get_ptr(&frame->keys, key);
	for (struct doc_node *child = frame->node->first; child; child = child->next) {
		if (child->key.len == key.len && memcmp(child->key.ptr, key.ptr, key.len) == 0)
			return child;
	}
	return NULL;
}

static bool index_keys(struct doc_frame *frame, struct doc_node *newest)
{
	if (frame->node->count <= KEYS_LINEAR)
		return true;
	if (frame->node->count > KEYS_LINEAR + 1)
		return rf_map_put_ptr(&frame->keys, newest->key, newest);
	for (struct doc_node *child = frame->node->first; child; child = child->next) {
		if (!rf_map_put_ptr(&frame->keys, child->key, child))
			return false;
	}
	return true;
}

static bool link_child(struct doc_frame *frame, struct doc_node *child)
{
	if (frame->last)
		frame->last->next = child;
	else
		frame->node->first = child;
	frame->last = child;
	frame->node->count++;
	return frame->node->type != DOC_MAP || index_keys(frame, child);
}

int doc_build_key(struct doc_builder *b, struct rf_str key, struct rf_pos pos)
{
	struct doc_frame *frame = &b->frames[b->depth - 1];
	struct doc_node *child = rf_arena_new_of(b->arena, struct doc_node);
	const struct doc_node *first;

	if (!child)
		return RF_EINTERNAL;
	child->key = key;
	child->key_line = pos.line;
	child->key_col = pos.col;
	frame->child = child;
	first = find_key(frame, key);
	if (first) {
		char shown[DOC_SHOW_SIZE];

		doc_build_error(b, pos, "duplicate key \"%s\": it is already at line %u, column %u",
			doc_show(key, shown), first->key_line, first->key_col);
		return RF_OK;
	}
	return link_child(frame, child) ? RF_OK : RF_EINTERNAL;
}

int doc_build_merge_key(struct doc_builder *b, struct rf_pos pos)
{
	struct doc_frame *frame = &b->frames[b->depth - 1];
	struct doc_node *child = rf_arena_new_of(b->arena, struct doc_node);

	if (!child)
		return RF_EINTERNAL;
	child->key = RF_STR("<<");
	child->key_line = pos.line;
	child->key_col = pos.col;
	frame->child = child;
	if (frame->merge)
		doc_build_error(b, pos,
			"duplicate key \"<<\": it is already at line %u, column %u; merge several "
			"maps with a list, <<: [*a, *b]",
			frame->merge->key_line, frame->merge->key_col);
	frame->merge = child;
	return RF_OK;
}

int doc_build_value(struct doc_builder *b, struct rf_pos pos, struct doc_node **ret_node)
{
	struct doc_frame *frame = b->depth ? &b->frames[b->depth - 1] : NULL;
	struct doc_node *node;

	if (frame && frame->child) {
		node = TAKE_PTR(frame->child);
	} else {
		node = rf_arena_new_of(b->arena, struct doc_node);
		if (!node || (frame && !link_child(frame, node)))
			return RF_EINTERNAL;
		if (!frame)
			b->root = node;
	}
	node->file = b->file;
	node->line = pos.line;
	node->col = pos.col;
	*ret_node = node;
	return RF_OK;
}

int doc_build_open(
	struct doc_builder *b, enum doc_type type, struct rf_pos pos, struct doc_node **ret_node)
{
	int rc;

	if (b->depth >= DOC_MAX_DEPTH)
		return doc_build_error(b, pos, "nested more than %d levels deep", DOC_MAX_DEPTH);
	rc = doc_build_value(b, pos, ret_node);
	if (rc < 0)
		return rc;
	(*ret_node)->type = (uint8_t)type;
	b->frames[b->depth++] = (struct doc_frame){.node = *ret_node};
	return RF_OK;
}

/*
 * kubectl lets a "<<" override keys written before it, YAML lets the written key win: a file that
 * depends on it would mean two things, so it is refused.
 */
static void refuse_ambiguous(
	struct doc_builder *b, const struct doc_frame *frame, const struct doc_node *source)
{
	struct rf_pos merge_pos = doc_key_pos(frame->merge);
	char shown[DOC_SHOW_SIZE];

	doc_each (child, source) {
		const struct doc_node *own = find_key(frame, child->key);

		if (!own || own->key_line > merge_pos.line ||
			(own->key_line == merge_pos.line && own->key_col > merge_pos.col))
			continue;
		doc_build_error(b, merge_pos,
			"\"<<\" brings the key \"%s\", which is already at line %u, column %u: put "
			"\"<<\" before the keys that override it",
			doc_show(child->key, shown), own->key_line, own->key_col);
	}
}

/* The children are shared with source, only the links are new. */
static int merge_children(
	struct doc_builder *b, struct doc_frame *frame, const struct doc_node *source)
{
	doc_each (child, source) {
		struct doc_node *copy;

		if (find_key(frame, child->key))
			continue;
		copy = rf_arena_new_of(b->arena, struct doc_node);
		if (!copy)
			return RF_EINTERNAL;
		*copy = *child;
		copy->next = NULL;
		if (!link_child(frame, copy))
			return RF_EINTERNAL;
	}
	return RF_OK;
}

static int merge_sources(struct doc_builder *b, struct doc_frame *frame)
{
	const struct doc_node *merge = frame->merge;
	const struct doc_node *source = merge->type == DOC_SEQ ? merge->first : merge;
	int rc = RF_OK;

	for (const struct doc_node *s = source; s; s = s->next) {
		if (s->type != DOC_MAP) {
			doc_build_error(b, doc_key_pos(merge),
				"\"<<\" takes a map or a list of maps, found %s",
				doc_type_name(s->type));
			return RF_OK;
		}
		refuse_ambiguous(b, frame, s);
	}
	/* Earlier maps of the list win: what is there already stays. */
	for (const struct doc_node *s = source; s && rc == RF_OK && !b->wrong; s = s->next)
		rc = merge_children(b, frame, s);
	return rc;
}

int doc_build_close(struct doc_builder *b)
{
	struct doc_frame *frame = &b->frames[b->depth - 1];
	int rc = frame->merge ? merge_sources(b, frame) : RF_OK;

	rf_map_done(&frame->keys);
	b->depth--;
	return rc;
}
