/*
 * YAML by libyaml's events. The text is read in segments: bytes that YAML does not allow, and
 * syntax errors, end one; the next begins at the next line with "---", so that one run reports the
 * errors of all documents.
 *
 * An alias becomes a copy of the anchored node that shares its children, which are never changed.
 * What it stands for is counted by walking it before it is linked: DOC_MAX_ALIASED bounds that walk
 * too, and every later one.
 */
#include "doc/read.h"

#include <yaml.h>

#include "doc/build_int.h"
#include "doc/utf8.h"
#include "doc/yaml_int.h"
#include "doc/yaml_text_int.h"

struct reader {
	struct doc_builder b;
	struct rf_str text;
	doc_sink sink;
	void *ctx;
	int sink_rc;
	size_t document_count;
	size_t broken_count;
	size_t aliased_count;
	struct rf_map anchors; /* name to node */
	/* The segment: */
	uint32_t first_line;   /* number of its first line, less one */
	bool document_seen;    /* a document began in it */
	size_t document_index; /* where, in characters from its start */
};

/* What the handler of an event tells the loop beyond RF_OK and negative codes. */
#define STOP 1

static struct rf_pos pos_of(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct rf_pos){.file = r->b.file,
		.line = r->first_line + (uint32_t)mark->line + 1,
		.col = (uint32_t)mark->column + 1};
}

static struct rf_str c_text(const yaml_char_t *text)
{
	return rf_str_of((const char *)text);
}

/* --- anchors and aliases --- */

static int add_anchor(struct reader *r, const yaml_char_t *anchor, struct doc_node *node)
{
	struct rf_str name;

	if (!anchor)
		return RF_OK;
	name = rf_arena_str(r->b.arena, c_text(anchor));
	return name.ptr && rf_map_put_ptr(&r->anchors, name, node) ? RF_OK : RF_EINTERNAL;
}

/* Counts the nodes that node stands for; false when they are too many or nest too deep. */
static bool count_aliased(struct reader *r, const struct doc_node *node, unsigned depth)
{
	bool nests = node->type == DOC_SEQ || node->type == DOC_MAP;

	if (++r->aliased_count > DOC_MAX_ALIASED || (nests && depth >= DOC_MAX_DEPTH))
		return false;
	doc_each (child, node) {
		if (!count_aliased(r, child, depth + 1))
			return false;
	}
	return true;
}

static bool is_open(const struct reader *r, const struct doc_node *node)
{
	for (unsigned i = 0; i < r->b.depth; i++) {
		if (r->b.frames[i].node == node)
			return true;
	}
	return false;
}

/* The node that an alias means; NULL when there is none (reported). */
static const struct doc_node *find_anchor(
	struct reader *r, const yaml_char_t *anchor, struct rf_pos pos)
{
	const struct doc_node *node = rf_map_get_ptr(&r->anchors, c_text(anchor));
	char shown[DOC_SHOW_SIZE];

	if (!node)
		doc_build_error(&r->b, pos, "alias *%s: no anchor &%s before it in this document",
			doc_show(c_text(anchor), shown), shown);
	else if (is_open(r, node))
		doc_build_error(&r->b, pos, "alias *%s stands inside of what it names",
			doc_show(c_text(anchor), shown));
	else
		return node;
	return NULL;
}

static int alias_key(struct reader *r, const yaml_char_t *anchor, struct rf_pos pos)
{
	const struct doc_node *node = find_anchor(r, anchor, pos);

	if (!node)
		return doc_build_key(&r->b, RF_STR(""), pos);
	if (node->type == DOC_SEQ || node->type == DOC_MAP)
		return doc_build_error(&r->b, pos, "expected a string as key, found %s",
			doc_type_name(node->type));
	return doc_build_key(&r->b, node->text, pos);
}

static int on_alias(struct reader *r, const yaml_event_t *event, struct rf_pos pos)
{
	const yaml_char_t *anchor = event->data.alias.anchor;
	const struct doc_node *target;
	struct doc_node *node, copy;
	int rc;

	if (doc_build_wants_key(&r->b))
		return alias_key(r, anchor, pos);
	target = find_anchor(r, anchor, pos);
	if (target && !count_aliased(r, target, r->b.depth))
		return doc_build_error(&r->b, pos,
			"aliases stand for more than %d values, or nest more than %d levels deep",
			DOC_MAX_ALIASED, DOC_MAX_DEPTH);
	rc = doc_build_value(&r->b, pos, &node);
	if (rc < 0 || !target)
		return rc;
	copy = *target;
	copy.key = node->key;
	copy.key_line = node->key_line;
	copy.key_col = node->key_col;
	copy.next = node->next;
	*node = copy;
	return RF_OK;
}

/* --- scalars --- */

static bool is_plain(const yaml_event_t *event)
{
	return event->data.scalar.plain_implicit;
}

static struct rf_str scalar_text(const yaml_event_t *event)
{
	return (struct rf_str){
		.ptr = (const char *)event->data.scalar.value, .len = event->data.scalar.length};
}

static int refuse_scalar(struct reader *r, struct rf_str text, struct rf_pos pos)
{
	if (text.len > DOC_MAX_SCALAR)
		return doc_build_error(
			&r->b, pos, "a value of more than %zu bytes", DOC_MAX_SCALAR);
	if (text.len && memchr(text.ptr, '\0', text.len))
		return doc_build_error(&r->b, pos, "a value must not hold a NUL character");
	return RF_OK;
}

/* kubectl rounds fractions and exponents in keys (71e5 is "7.1e+06"): nobody means that. */
static bool is_fraction(const struct doc_node *node, struct rf_str text)
{
	bool hex = text.len > 2 && (memchr(text.ptr, 'x', 3) || memchr(text.ptr, 'X', 3));

	return node->type == DOC_FLOAT ||
	       (node->type == DOC_INT && !hex &&
		       (memchr(text.ptr, '.', text.len) || memchr(text.ptr, 'e', text.len) ||
			       memchr(text.ptr, 'E', text.len)));
}

/*
 * The text of a key as kubectl's JSON has it: integers in decimal, true and false for every way of
 * writing a boolean.
 */
static struct rf_str key_text(struct reader *r, const yaml_event_t *event, struct rf_pos pos)
{
	struct rf_str text = scalar_text(event);
	struct doc_node node = {.file = r->b.file, .line = pos.line, .col = pos.col};

	if (!is_plain(event) && !event->data.scalar.tag)
		return rf_arena_str(r->b.arena, text);
	if (doc_yaml_scalar(&r->b, event, &node) < 0)
		return RF_STR_NONE;
	if (node.type == DOC_BOOL)
		return node.truth ? RF_STR("true") : RF_STR("false");
	if (node.type == DOC_NULL || is_fraction(&node, text))
		doc_build_error(&r->b, pos, "expected a string as key, found %s: quote it",
			node.type == DOC_NULL ? "null" : "a fraction");
	return node.text;
}

static int on_key(struct reader *r, const yaml_event_t *event, struct rf_pos pos)
{
	struct rf_str text = scalar_text(event);
	const yaml_char_t *anchor = event->data.scalar.anchor;
	struct doc_node *node;

	if (is_plain(event) && !event->data.scalar.tag && rf_str_eq(text, RF_STR("<<")))
		return doc_build_merge_key(&r->b, pos);
	text = key_text(r, event, pos);
	if (!text.ptr)
		return RF_EINTERNAL;
	if (anchor) {
		node = rf_arena_new_of(r->b.arena, struct doc_node);
		if (!node)
			return RF_EINTERNAL;
		*node = (struct doc_node){.type = DOC_STRING,
			.file = r->b.file,
			.line = pos.line,
			.col = pos.col,
			.text = text};
		if (add_anchor(r, anchor, node) < 0)
			return RF_EINTERNAL;
	}
	return doc_build_key(&r->b, text, pos);
}

static int on_scalar(struct reader *r, const yaml_event_t *event, struct rf_pos pos)
{
	struct doc_node *node;
	int rc = refuse_scalar(r, scalar_text(event), pos);

	if (rc < 0)
		return rc;
	if (doc_build_wants_key(&r->b))
		return on_key(r, event, pos);
	rc = doc_build_value(&r->b, pos, &node);
	if (rc == RF_OK)
		rc = doc_yaml_scalar(&r->b, event, node);
	return rc < 0 ? rc : add_anchor(r, event->data.scalar.anchor, node);
}

/* --- collections and documents --- */

static int on_open(struct reader *r, enum doc_type type, const yaml_char_t *anchor,
	const yaml_char_t *tag, struct rf_pos pos)
{
	struct doc_node *node;
	int rc;

	if (doc_build_wants_key(&r->b))
		return doc_build_error(
			&r->b, pos, "expected a string as key, found %s", doc_type_name(type));
	rc = doc_build_open(&r->b, type, pos, &node);
	if (rc < 0)
		return rc;
	if (tag)
		doc_yaml_collection_tag(&r->b, tag, node);
	return add_anchor(r, anchor, node);
}

static int on_document_start(struct reader *r, const yaml_event_t *event, struct rf_pos pos)
{
	doc_build_reset(&r->b);
	rf_map_done(&r->anchors);
	r->aliased_count = 0;
	r->document_seen = true;
	r->document_index = event->start_mark.index;
	if (++r->document_count <= DOC_MAX_DOCUMENTS)
		return RF_OK;
	doc_build_error(&r->b, pos, "more than %d documents", DOC_MAX_DOCUMENTS);
	return STOP;
}

static int on_document_end(struct reader *r)
{
	const struct doc_node *root = r->b.root;

	if (r->b.wrong || !root || root->type == DOC_NULL)
		return RF_OK;
	r->sink_rc = r->sink(r->ctx, root);
	return r->sink_rc < 0 ? STOP : RF_OK;
}

static int on_event(struct reader *r, const yaml_event_t *event)
{
	struct rf_pos pos = pos_of(r, &event->start_mark);

	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT: return RF_OK;
	case YAML_STREAM_END_EVENT: return STOP;
	case YAML_DOCUMENT_START_EVENT: return on_document_start(r, event, pos);
	case YAML_DOCUMENT_END_EVENT: return on_document_end(r);
	case YAML_ALIAS_EVENT: return on_alias(r, event, pos);
	case YAML_SCALAR_EVENT: return on_scalar(r, event, pos);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, DOC_SEQ, event->data.sequence_start.anchor,
			event->data.sequence_start.tag, pos);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, DOC_MAP, event->data.mapping_start.anchor,
			event->data.mapping_start.tag, pos);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return doc_build_close(&r->b);
	}
	return RF_EINTERNAL;
}

/* --- segments --- */

/* Where to go on after an error at a character of the segment: always beyond start. */
static size_t resume_at(const struct reader *r, size_t start, size_t end, size_t index)
{
	size_t at = doc_yaml_line_start(r->text, doc_yaml_skip(r->text, start, end, index));
	size_t least = start;

	if (r->document_seen)
		least = doc_yaml_skip(r->text, start, end, r->document_index);
	return doc_yaml_next_document(r->text, at > least ? at : least + 1, end);
}

static int syntax_error(struct reader *r, const yaml_parser_t *parser, size_t start, size_t end)
{
	struct rf_pos pos = pos_of(r, &parser->problem_mark);
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	size_t at = doc_yaml_skip(r->text, start, end, parser->problem_mark.index);

	if (parser->error == YAML_MEMORY_ERROR)
		return RF_EINTERNAL;
	if (at < end && r->text.ptr[at] == '\t' && parser->error == YAML_SCANNER_ERROR)
		return doc_build_error(
			&r->b, pos, "%s: YAML is indented with spaces, found a tab", problem);
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		return doc_build_error(&r->b, pos, "%s, %s that begins at line %u", problem,
			parser->context, pos_of(r, &parser->context_mark).line);
	return doc_build_error(&r->b, pos, "%s%s%s", problem, parser->context ? ", " : "",
		parser->context ? parser->context : "");
}

/* Feeds events until the end or an error, whose place it sets. RF_OK at the end. */
static int run_parser(
	struct reader *r, yaml_parser_t *parser, size_t start, size_t end, size_t *ret_index)
{
	int rc = RF_OK;

	while (rc == RF_OK) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			*ret_index = parser->problem_mark.index;
			return syntax_error(r, parser, start, end);
		}
		*ret_index = event.start_mark.index;
		rc = on_event(r, &event);
		yaml_event_delete(&event);
	}
	return rc == STOP ? RF_OK : rc;
}

/* Reads text[start, end); *ret_next is where to go on. */
static int read_segment(struct reader *r, size_t start, size_t end, size_t *ret_next)
{
	yaml_parser_t parser;
	size_t index = 0;
	int rc;

	if (!yaml_parser_initialize(&parser))
		return RF_EINTERNAL;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)r->text.ptr + start, end - start);
	r->document_seen = false;
	rc = run_parser(r, &parser, start, end, &index);
	yaml_parser_delete(&parser);
	doc_build_reset(&r->b);
	*ret_next = end;
	if (rc != RF_EINPUT)
		return rc;
	r->broken_count++;
	*ret_next = resume_at(r, start, end, index);
	return RF_OK;
}

/* Reports the byte at bad, whose line is counted from that of the segment at start. */
static void report_byte(struct reader *r, size_t start, size_t bad)
{
	size_t line = doc_yaml_line_start(r->text, bad);
	struct rf_str before = {.ptr = r->text.ptr + line, .len = bad - line};
	struct rf_pos pos = {.file = r->b.file,
		.line = r->first_line + doc_yaml_count_lines(r->text, start, bad) + 1,
		.col = (uint32_t)doc_utf8_count(before) + 1};
	struct rf_str rest = {.ptr = r->text.ptr + bad, .len = r->text.len - bad};
	uint32_t rune;

	if (doc_utf8_decode(rest, &rune))
		doc_build_error(&r->b, pos, "control character U+%04X is not allowed in YAML",
			(unsigned)rune);
	else
		doc_build_error(&r->b, pos, "byte 0x%02x is not UTF-8", (unsigned char)*rest.ptr);
	r->broken_count++;
}

/* False when there is no point in reading on; too many broken documents are reported. */
static bool may_go_on(struct reader *r)
{
	struct rf_pos pos = {.file = r->b.file, .line = r->first_line + 1, .col = 1};

	if (r->sink_rc < 0 || r->document_count > DOC_MAX_DOCUMENTS)
		return false;
	if (r->broken_count < DOC_MAX_BROKEN)
		return true;
	doc_build_error(&r->b, pos, "%d broken documents: the rest was not read", DOC_MAX_BROKEN);
	return false;
}

static int read_all(struct reader *r)
{
	size_t at = 0, good = 0, bad = 0, len = r->text.len;
	int rc = RF_OK;

	while (at < len && rc == RF_OK && may_go_on(r)) {
		struct rf_str rest = {.ptr = r->text.ptr + at, .len = len - at};
		size_t next = len;

		if (at >= good) {
			bad = at + doc_utf8_span(rest);
			good = bad < len ? doc_yaml_good_end(r->text, at, bad) : len;
		}
		if (at < good) {
			rc = read_segment(r, at, good, &next);
		} else {
			report_byte(r, at, bad);
			next = doc_yaml_next_document(r->text, bad, len);
		}
		r->first_line += doc_yaml_count_lines(r->text, at, next);
		at = next;
	}
	return rc;
}

int doc_read_yaml(struct rf_str text, const char *file, struct rf_arena *arena,
	struct rf_diags *diags, doc_sink sink, void *ctx)
{
	struct reader r = {.text = text, .sink = sink, .ctx = ctx};
	int rc;

	r.b.arena = arena;
	r.b.diags = diags;
	r.b.file = file;
	if (text.len > DOC_MAX_INPUT) {
		rf_diag_add(diags, RF_ERROR, (struct rf_pos){.file = file}, "larger than %zu bytes",
			DOC_MAX_INPUT);
		return RF_OK;
	}
	if (rf_str_starts(text, RF_STR("\xef\xbb\xbf"))) {
		r.text.ptr += 3;
		r.text.len -= 3;
	}
	rc = read_all(&r);
	doc_build_reset(&r.b);
	rf_map_done(&r.anchors);
	return r.sink_rc < 0 ? r.sink_rc : rc;
}
