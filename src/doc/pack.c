/*
 * The file's name, then the nodes in the order of the file: a head of fixed size, the key, the
 * text, the children.
 */
#include "doc/pack.h"

#include "base/reader.h"

struct head {
	int64_t number;
	uint32_t line, col, key_line, key_col, count;
	uint32_t text_len, key_len;
	uint8_t type, truth, has_text, has_key;
};

static void put_text(struct rf_buf *out, struct rf_str text)
{
	rf_buf_add(out, text.len ? text.ptr : "", text.len);
}

static void put_node(const struct doc_node *node, struct rf_buf *out)
{
	struct head head = {.number = node->number,
		.line = node->line,
		.col = node->col,
		.key_line = node->key_line,
		.key_col = node->key_col,
		.count = node->count,
		.text_len = (uint32_t)node->text.len,
		.key_len = (uint32_t)node->key.len,
		.type = node->type,
		.truth = node->truth,
		.has_text = node->text.ptr != NULL,
		.has_key = node->key.ptr != NULL};

	rf_buf_add(out, &head, sizeof(head));
	put_text(out, node->key);
	put_text(out, node->text);
	doc_each (child, node)
		put_node(child, out);
}

void doc_pack(const struct doc_node *node, struct rf_buf *out)
{
	struct rf_str file = rf_str_of(node->file ? node->file : "");
	uint32_t len = (uint32_t)file.len;

	rf_buf_add(out, &len, sizeof(len));
	put_text(out, file);
	put_node(node, out);
}

struct unpacking {
	struct rf_reader reader;
	struct rf_arena *arena;
	const char *file;
	size_t nodes;
	struct rf_err *err;
};

static int malformed(struct unpacking *u)
{
	return rf_err_set(u->err, RF_EINPUT, "a packed document is malformed");
}

/* A copy in the arena, NUL-terminated, without a NUL inside. */
static int take_text(struct unpacking *u, size_t len, struct rf_str *ret)
{
	const uint8_t *at = rf_read_raw(&u->reader, len);

	if (!at || memchr(at, '\0', len))
		return malformed(u);
	*ret = rf_arena_str(u->arena, (struct rf_str){(const char *)at, len});
	return ret->ptr ? RF_OK : rf_err_nomem(u->err);
}

static int take_node(struct unpacking *u, unsigned depth, struct doc_node **ret);

static int take_children(
	struct unpacking *u, unsigned depth, uint32_t count, struct doc_node *parent)
{
	struct doc_node **link = &parent->first;

	for (uint32_t i = 0; i < count; i++) {
		int rc = take_node(u, depth + 1, link);

		if (rc < 0)
			return rc;
		if (parent->type == DOC_MAP && !(*link)->key.ptr)
			return malformed(u);
		link = &(*link)->next;
	}
	return RF_OK;
}

static int fill(struct unpacking *u, const struct head *head, struct doc_node *node)
{
	int rc = RF_OK;

	*node = (struct doc_node){.type = head->type,
		.truth = head->truth != 0,
		.line = head->line,
		.col = head->col,
		.count = head->count,
		.file = u->file,
		.number = head->number,
		.key_line = head->key_line,
		.key_col = head->key_col};
	if (head->has_key)
		rc = take_text(u, head->key_len, &node->key);
	if (rc == RF_OK && head->has_text)
		rc = take_text(u, head->text_len, &node->text);
	return rc;
}

static int take_node(struct unpacking *u, unsigned depth, struct doc_node **ret)
{
	const uint8_t *at = rf_read_raw(&u->reader, sizeof(struct head));
	struct doc_node *node;
	struct head head;
	int rc;

	if (depth > DOC_PACK_MAX_DEPTH || ++u->nodes > DOC_PACK_MAX_NODES)
		return rf_err_set(u->err, RF_ELIMIT, "a packed document is too large");
	if (!at)
		return malformed(u);
	memcpy(&head, at, sizeof(head));
	if (head.type > DOC_MAP || (head.type < DOC_SEQ && head.count) ||
		(head.type == DOC_STRING && !head.has_text))
		return malformed(u);
	node = rf_arena_new_of(u->arena, struct doc_node);
	if (!node)
		return rf_err_nomem(u->err);
	rc = fill(u, &head, node);
	if (rc == RF_OK)
		rc = take_children(u, depth, head.count, node);
	*ret = node;
	return rc;
}

int doc_unpack(struct rf_bytes *bytes, struct rf_arena *arena, const struct doc_node **ret,
	struct rf_err *err)
{
	struct unpacking u = {.reader = rf_reader_of(*bytes), .arena = arena, .err = err};
	uint32_t len = (uint32_t)rf_read_uint(&u.reader, sizeof(len));
	struct doc_node *node;
	struct rf_str file;
	int rc = u.reader.failed ? malformed(&u) : take_text(&u, len, &file);

	if (rc < 0)
		return rc;
	u.file = file.ptr;
	rc = take_node(&u, 0, &node);
	if (rc < 0)
		return rc;
	bytes->ptr += u.reader.off;
	bytes->len -= u.reader.off;
	*ret = node;
	return RF_OK;
}
