/*
 * JSON by recursive descent, bounded by the builder's depth. After an error, reading goes on at the
 * next line that begins with '{' or '[': the next line of JSON lines, or the next document of
 * a file of indented ones.
 */
#include "doc/read.h"

#include "doc/json_int.h"
#include "doc/utf8.h"

static int read_value(struct json_reader *r);

static void skip_space(struct json_reader *r)
{
	while (r->at < r->text.len) {
		char c = r->text.ptr[r->at];

		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			break;
		r->at++;
	}
}

static int read_key(struct json_reader *r, bool first)
{
	struct rf_pos pos;
	struct rf_str key;
	int rc;

	skip_space(r);
	if (!doc_json_at(r, '"'))
		return doc_json_expected(
			r, first ? "a key in double quotes, or '}'" : "a key in double quotes");
	pos = doc_json_pos(r, r->at);
	rc = doc_json_string(r, &key);
	if (rc == RF_OK)
		rc = doc_build_key(&r->b, key, pos);
	if (rc < 0)
		return rc;
	skip_space(r);
	if (!doc_json_at(r, ':'))
		return doc_json_expected(r, "':' after a key");
	r->at++;
	return RF_OK;
}

static int read_members(struct json_reader *r)
{
	bool first = true;

	r->at++;
	skip_space(r);
	while (!(first && doc_json_at(r, '}'))) {
		int rc = read_key(r, first);

		if (rc == RF_OK)
			rc = read_value(r);
		if (rc < 0)
			return rc;
		first = false;
		skip_space(r);
		if (doc_json_at(r, '}'))
			break;
		if (!doc_json_at(r, ','))
			return doc_json_expected(r, "',' or '}' after a member");
		r->at++;
	}
	r->at++;
	return doc_build_close(&r->b);
}

static int read_items(struct json_reader *r)
{
	bool first = true;

	r->at++;
	skip_space(r);
	while (!(first && doc_json_at(r, ']'))) {
		int rc = read_value(r);

		if (rc < 0)
			return rc;
		first = false;
		skip_space(r);
		if (doc_json_at(r, ']'))
			break;
		if (!doc_json_at(r, ','))
			return doc_json_expected(r, "',' or ']' after an item");
		r->at++;
	}
	r->at++;
	return doc_build_close(&r->b);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* true, false or null into node. */
static int read_word(struct json_reader *r, struct doc_node *node)
{
	struct rf_str word = {.ptr = r->text.ptr + r->at};
	char shown[DOC_SHOW_SIZE];

	while (r->at + word.len < r->text.len && is_word(word.ptr[word.len]))
		word.len++;
	if (word.len == 0)
		return doc_json_expected(r, "a value");
	if (rf_str_is(word, "null")) {
		node->type = DOC_NULL;
	} else if (rf_str_is(word, "true") || rf_str_is(word, "false")) {
		node->type = DOC_BOOL;
		node->truth = word.ptr[0] == 't';
	} else {
		return doc_build_error(&r->b, doc_pos(node),
			"expected a value, found %s: strings are in double quotes",
			doc_show(word, shown));
	}
	r->at += word.len;
	node->text = rf_arena_str(r->b.arena, word);
	return node->text.ptr ? RF_OK : RF_EINTERNAL;
}

static int read_scalar(struct json_reader *r, struct rf_pos pos)
{
	struct doc_node *node;
	int rc = doc_build_value(&r->b, pos, &node);

	if (rc < 0)
		return rc;
	if (doc_json_at(r, '"')) {
		node->type = DOC_STRING;
		return doc_json_string(r, &node->text);
	}
	if (doc_json_at(r, '-') ||
		(r->at < r->text.len && r->text.ptr[r->at] >= '0' && r->text.ptr[r->at] <= '9'))
		return doc_json_number(r, node);
	return read_word(r, node);
}

static int read_value(struct json_reader *r)
{
	struct doc_node *node;
	struct rf_pos pos;
	int rc;

	skip_space(r);
	pos = doc_json_pos(r, r->at);
	if (doc_json_at(r, '{')) {
		rc = doc_build_open(&r->b, DOC_MAP, pos, &node);
		return rc < 0 ? rc : read_members(r);
	}
	if (doc_json_at(r, '[')) {
		rc = doc_build_open(&r->b, DOC_SEQ, pos, &node);
		return rc < 0 ? rc : read_items(r);
	}
	return read_scalar(r, pos);
}

/* The next line that begins with a bracket, or the end. */
static void skip_to_next(struct json_reader *r)
{
	while (r->at < r->text.len) {
		const char *newline = memchr(r->text.ptr + r->at, '\n', r->text.len - r->at);

		r->at = newline ? (size_t)(newline - r->text.ptr) + 1 : r->text.len;
		if (doc_json_at(r, '{') || doc_json_at(r, '['))
			break;
	}
}

/* False when the text is too large (reported). */
static bool json_init(struct json_reader *r, struct rf_str text, uint32_t first_line)
{
	r->text = text;
	r->line = first_line;
	r->col = 1;
	if (text.len > DOC_MAX_INPUT) {
		doc_build_error(&r->b, (struct rf_pos){.file = r->b.file, .line = 0},
			"larger than %zu bytes", DOC_MAX_INPUT);
		return false;
	}
	if (rf_str_starts(text, RF_STR("\xef\xbb\xbf")))
		r->at = r->counted = 3;
	return true;
}

static int read_document(struct json_reader *r, doc_sink sink, void *ctx)
{
	int rc = read_value(r);

	if (rc == RF_EINPUT) {
		skip_to_next(r);
		rc = RF_OK;
	} else if (rc == RF_OK && !r->b.wrong) {
		rc = sink(ctx, r->b.root);
		rc = rc < 0 ? rc : RF_OK;
	}
	doc_build_reset(&r->b);
	return rc;
}

int doc_read_json(struct rf_str text, const char *file, struct rf_arena *arena,
	struct rf_diags *diags, doc_sink sink, void *ctx)
{
	struct json_reader r = {.at = 0};
	size_t document_count = 0;
	int rc = RF_OK;

	r.b.arena = arena;
	r.b.diags = diags;
	r.b.file = file;
	if (!json_init(&r, text, 1))
		return RF_OK;
	skip_space(&r);
	while (rc == RF_OK && r.at < text.len) {
		if (++document_count > DOC_MAX_DOCUMENTS) {
			doc_build_error(&r.b, doc_json_pos(&r, r.at), "more than %d documents",
				DOC_MAX_DOCUMENTS);
			break;
		}
		rc = read_document(&r, sink, ctx);
		skip_space(&r);
	}
	doc_build_reset(&r.b);
	return rc;
}

int doc_parse_json(struct rf_str text, const char *file, uint32_t first_line,
	struct rf_arena *arena, struct rf_diags *diags, const struct doc_node **ret_root)
{
	struct json_reader r = {.at = 0};
	int rc;

	r.b.arena = arena;
	r.b.diags = diags;
	r.b.file = file;
	if (!json_init(&r, text, first_line))
		return RF_EINPUT;
	rc = read_value(&r);
	skip_space(&r);
	if (rc == RF_OK && r.at < text.len)
		rc = doc_json_expected(&r, "the end of the text after the value");
	if (rc == RF_OK && r.b.wrong)
		rc = RF_EINPUT;
	if (rc == RF_OK)
		*ret_root = r.b.root;
	doc_build_reset(&r.b);
	return rc;
}
