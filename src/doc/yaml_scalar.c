/* Scalars of YAML: plain ones are resolved, quoted ones are strings, tags choose among the core
 * types. */
#include "doc/yaml_int.h"

#include "doc/resolve_int.h"
#include "doc/utf8.h"

#define CORE_PREFIX "tag:yaml.org,2002:"

enum tag {
	TAG_STR,
	TAG_INT,
	TAG_BOOL,
	TAG_FLOAT,
	TAG_NULL,
	TAG_MAP,
	TAG_SEQ,
	TAG_BINARY,
	TAG_OTHER,
};

static const char *const tag_names[] = {
	[TAG_STR] = "str",
	[TAG_INT] = "int",
	[TAG_BOOL] = "bool",
	[TAG_FLOAT] = "float",
	[TAG_NULL] = "null",
	[TAG_MAP] = "map",
	[TAG_SEQ] = "seq",
	[TAG_BINARY] = "binary",
};

static enum tag find_tag(const yaml_char_t *tag)
{
	struct rf_str text = rf_str_of((const char *)tag);

	if (!rf_str_starts(text, RF_STR(CORE_PREFIX)))
		return TAG_OTHER;
	for (size_t i = 0; i < RF_ARRAY_LEN(tag_names); i++) {
		if (strcmp(text.ptr + strlen(CORE_PREFIX), tag_names[i]) == 0)
			return (enum tag)i;
	}
	return TAG_OTHER;
}

static void refuse_tag(struct doc_builder *b, const yaml_char_t *tag, const struct doc_node *node)
{
	char shown[DOC_SHOW_SIZE];

	doc_build_error(b, doc_pos(node),
		"tag %s is not supported; only !!str, !!int, !!bool, !!float, !!null, !!map, !!seq "
		"and !!binary are",
		doc_show(rf_str_of((const char *)tag), shown));
}

void doc_yaml_collection_tag(
	struct doc_builder *b, const yaml_char_t *tag, const struct doc_node *node)
{
	enum tag found = find_tag(tag);

	if (found == TAG_OTHER)
		refuse_tag(b, tag, node);
	else if (found != (node->type == DOC_MAP ? TAG_MAP : TAG_SEQ))
		doc_build_error(b, doc_pos(node), "tag !!%s does not fit %s", tag_names[found],
			doc_type_name(node->type));
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648 section 4, white space between characters allowed. False when text is not that. */
static bool decode_base64(struct rf_str text, char *out, size_t *ret_len)
{
	uint32_t bits = 0;
	size_t digit_count = 0, pad_count = 0, len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int digit = base64_digit(text.ptr[i]);

		if (strchr(" \t\r\n", text.ptr[i]))
			continue;
		if (text.ptr[i] == '=')
			pad_count++;
		else if (digit < 0 || pad_count)
			return false;
		digit_count++;
		bits = bits << 6 | (digit < 0 ? 0 : (uint32_t)digit);
		if (digit_count % 4 != 0)
			continue;
		for (int shift = 16; shift >= 0; shift -= 8)
			out[len++] = (char)(bits >> shift & 0xff);
	}
	if (digit_count % 4 != 0 || pad_count > 2)
		return false;
	*ret_len = len - pad_count;
	return true;
}

/* What the base64 of node says, which must be text: doc strings are. */
static int set_binary(struct doc_builder *b, struct doc_node *node, struct rf_str text)
{
	char *out = rf_arena_alloc(b->arena, text.len + 4);
	size_t len = 0;

	if (!out)
		return RF_EINTERNAL;
	node->type = DOC_STRING;
	if (!decode_base64(text, out, &len))
		doc_build_error(b, doc_pos(node), "tag !!binary needs base64");
	out[len] = '\0';
	node->text = (struct rf_str){.ptr = out, .len = len};
	if (doc_utf8_span(node->text) != len)
		doc_build_error(b, doc_pos(node),
			"the content of !!binary must be UTF-8 text without control characters");
	return RF_OK;
}

static bool fits(enum tag tag, enum doc_type type)
{
	switch (tag) {
	case TAG_INT: return type == DOC_INT;
	case TAG_FLOAT: return type == DOC_INT || type == DOC_FLOAT;
	case TAG_BOOL: return type == DOC_BOOL;
	case TAG_NULL: return type == DOC_NULL;
	case TAG_STR:
	case TAG_BINARY: return true;
	case TAG_MAP:
	case TAG_SEQ:
	case TAG_OTHER: break;
	}
	return false;
}

static int set_resolved(struct doc_builder *b, struct doc_node *node, struct rf_str text)
{
	struct doc_scalar scalar = doc_resolve(text);

	node->type = (uint8_t)scalar.type;
	node->truth = scalar.truth;
	node->number = scalar.number;
	if (scalar.type == DOC_INT && !scalar.canonical)
		node->text = rf_arena_printf(b->arena, "%lld", (long long)scalar.number);
	else
		node->text = rf_arena_str(b->arena, text);
	return node->text.ptr ? RF_OK : RF_EINTERNAL;
}

static int set_tagged(
	struct doc_builder *b, const yaml_char_t *tag, struct doc_node *node, struct rf_str text)
{
	enum tag found = find_tag(tag);
	char shown[DOC_SHOW_SIZE];
	int rc;

	if (found == TAG_BINARY)
		return set_binary(b, node, text);
	if (found == TAG_OTHER)
		refuse_tag(b, tag, node);
	rc = set_resolved(b, node, text);
	if (found != TAG_OTHER && !fits(found, node->type))
		doc_build_error(b, doc_pos(node), "tag !!%s does not fit \"%s\"", tag_names[found],
			doc_show(text, shown));
	if (found != TAG_STR || rc < 0)
		return rc;
	node->type = DOC_STRING;
	node->text = rf_arena_str(b->arena, text);
	return node->text.ptr ? RF_OK : RF_EINTERNAL;
}

int doc_yaml_scalar(struct doc_builder *b, const yaml_event_t *event, struct doc_node *node)
{
	const yaml_char_t *tag = event->data.scalar.tag;
	struct rf_str text = {
		.ptr = (const char *)event->data.scalar.value, .len = event->data.scalar.length};

	if (tag)
		return set_tagged(b, tag, node, text);
	if (event->data.scalar.plain_implicit)
		return set_resolved(b, node, text);
	node->type = DOC_STRING;
	node->text = rf_arena_str(b->arena, text);
	return node->text.ptr ? RF_OK : RF_EINTERNAL;
}
