/*
 * Decoding by rows. Fields of an object are found by its keys, starting at the row after the last
 * hit, because manifests tend to have their fields in the order of the tables; which rows were seen
 * is kept in a bit set for the required ones.
 */
#include "doc/decode.h"

#include <stdarg.h>

#include "base/num.h"
#include "doc/similar.h"
#include "doc/utf8.h"

#define FIELDS_MAX 128

int doc_decode_error(struct doc_decoder *dec, struct rf_pos pos, const char *fmt, ...)
{
	char msg[RF_ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return rf_diag_add(dec->diags, RF_ERROR, pos, "%s", msg);
}

static int no_memory(struct doc_decoder *dec)
{
	dec->nomem = true;
	return RF_EINTERNAL;
}

/* What is being decoded, for messages. */
struct place {
	const struct doc_schema *schema;
	const struct doc_field *row;
};

/* What to do about a scalar of the wrong type, or "". */
static const char *advice(const char *expected, const struct doc_node *node)
{
	int64_t number;

	if (strcmp(expected, "a string") == 0)
		return node->type <= DOC_FLOAT && node->type != DOC_NULL ? ": quote it" : "";
	if (node->type != DOC_STRING)
		return "";
	if (strstr(expected, "boolean") &&
		(rf_str_is(node->text, "true") || rf_str_is(node->text, "false")))
		return ": write it without quotes";
	if (strstr(expected, "integer") && rf_num_i64(node->text, INT64_MIN, INT64_MAX, &number))
		return ": write it without quotes";
	return "";
}

static int wrong_type(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, const char *expected)
{
	char shown[DOC_SHOW_SIZE];
	const char *type = doc_type_name((enum doc_type)node->type);
	bool scalar = node->type > DOC_NULL && node->type <= DOC_STRING;
	const char *quote = node->type == DOC_STRING ? "\"" : "";

	doc_show(node->text, shown);
	return doc_decode_error(dec, doc_pos(node),
		"field \"%s\" of %s: expected %s, found %s%s%s%s%s%s%s", place->row->name,
		place->schema->name, expected, type, scalar ? " (" : "", scalar ? quote : "",
		scalar ? shown : "", scalar ? quote : "", scalar ? ")" : "",
		advice(expected, node));
}

/* --- values --- */

static int refuse_value(
	struct doc_decoder *dec, const struct place *place, const struct doc_node *node)
{
	char list[256] = "", shown[DOC_SHOW_SIZE];
	size_t used = 0;

	for (const char *const *one = place->row->one_of; *one && used < sizeof(list); one++) {
		if (**one) /* "" stands for "not set" and needs no mention */
			used += (size_t)snprintf(
				list + used, sizeof(list) - used, "%s%s", used ? ", " : "", *one);
	}
	return doc_decode_error(dec, doc_pos(node),
		"field \"%s\" of %s: expected one of %s, found \"%s\"", place->row->name,
		place->schema->name, list, doc_show(node->text, shown));
}

static int decode_str(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	const char *const *one = place->row->one_of;

	if (node->type != DOC_STRING)
		return wrong_type(dec, place, node, "a string");
	while (one && *one && !rf_str_is(node->text, *one))
		one++;
	if (one && !*one)
		return refuse_value(dec, place, node);
	*(struct rf_str *)field = node->text;
	return RF_OK;
}

static int decode_bool(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	if (node->type != DOC_BOOL)
		return wrong_type(dec, place, node, "a boolean");
	*(struct doc_bool *)field = (struct doc_bool){.set = true, .value = node->truth};
	return RF_OK;
}

static int check_range(
	struct doc_decoder *dec, const struct place *place, const struct doc_node *node)
{
	bool given = place->row->min != 0 || place->row->max != 0;
	int64_t min = given ? place->row->min : INT32_MIN;
	int64_t max = given ? place->row->max : INT32_MAX;

	if (node->number >= min && node->number <= max)
		return RF_OK;
	return doc_decode_error(dec, doc_pos(node),
		"field \"%s\" of %s: expected an integer from %lld to %lld, found %lld",
		place->row->name, place->schema->name, (long long)min, (long long)max,
		(long long)node->number);
}

static int decode_int(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	int rc;

	if (node->type != DOC_INT)
		return wrong_type(dec, place, node, "an integer");
	rc = check_range(dec, place, node);
	if (rc == RF_OK)
		*(struct doc_int *)field = (struct doc_int){.set = true, .value = node->number};
	return rc;
}

static int decode_int_str(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	struct doc_int_or_str *out = field;
	int rc = RF_OK;

	if (node->type == DOC_INT)
		rc = check_range(dec, place, node);
	else if (node->type != DOC_STRING)
		rc = wrong_type(dec, place, node, "an integer or a string");
	if (rc < 0)
		return rc;
	*out = (struct doc_int_or_str){.set = true, .number = node->number};
	if (node->type == DOC_STRING)
		out->text = node->text;
	return RF_OK;
}

static int decode_strs(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	struct doc_strs *out = field;
	int rc = RF_OK;

	if (node->type != DOC_SEQ)
		return wrong_type(dec, place, node, "a list of strings");
	if (node->count == 0)
		return RF_OK;
	*out = (struct doc_strs){
		.items = rf_arena_array(dec->arena, node->count, sizeof(*out->items))};
	if (!out->items)
		return no_memory(dec);
	doc_each (item, node) {
		if (item->type == DOC_STRING)
			out->items[out->count++] = item->text;
		else
			rc = wrong_type(dec, place, item, "a string");
	}
	return rc;
}

static int compare_pairs(const void *a, const void *b)
{
	return rf_str_cmp(((const struct doc_pair *)a)->key, ((const struct doc_pair *)b)->key);
}

static int wrong_pair(
	struct doc_decoder *dec, const struct place *place, const struct doc_node *value)
{
	char key[DOC_SHOW_SIZE], shown[DOC_SHOW_SIZE];
	bool scalar = value->type > DOC_NULL && value->type <= DOC_FLOAT;

	return doc_decode_error(dec, doc_pos(value),
		"\"%s\" in field \"%s\" of %s: expected a string, found %s%s%s%s",
		doc_show(value->key, key), place->row->name, place->schema->name,
		doc_type_name((enum doc_type)value->type), scalar ? " (" : "",
		scalar ? doc_show(value->text, shown) : "", scalar ? "): quote it" : "");
}

/* A null value is the empty string, as it is to an API server. */
static int decode_pairs(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	struct doc_pairs *out = field;
	int rc = RF_OK;

	if (node->type != DOC_MAP)
		return wrong_type(dec, place, node, "a map of strings");
	if (node->count == 0)
		return RF_OK;
	*out = (struct doc_pairs){
		.items = rf_arena_array(dec->arena, node->count, sizeof(*out->items))};
	if (!out->items)
		return no_memory(dec);
	doc_each (value, node) {
		if (value->type == DOC_STRING || value->type == DOC_NULL)
			out->items[out->count++] = (struct doc_pair){.key = value->key,
				.value = value->type == DOC_NULL ? RF_STR("") : value->text};
		else
			rc = wrong_pair(dec, place, value);
	}
	qsort(out->items, out->count, sizeof(*out->items), compare_pairs);
	return rc;
}

/* --- objects --- */

static int decode_object(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *out);

/* An object of the row's sub-schema, or an error that names the field. */
static int decode_sub(
	struct doc_decoder *dec, const struct place *place, const struct doc_node *node, void *out)
{
	if (node->type != DOC_MAP)
		return wrong_type(dec, place, node, "a map");
	return decode_object(dec, place->row->sub, node, out);
}

static int decode_ptr(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	void *out;

	if (node->type != DOC_MAP)
		return wrong_type(dec, place, node, "a map");
	out = rf_arena_alloc(dec->arena, place->row->sub->size);
	if (!out)
		return no_memory(dec);
	*(void **)field = out;
	return decode_object(dec, place->row->sub, node, out);
}

static int worse(int a, int b)
{
	return a < b ? a : b;
}

static int decode_list(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	struct doc_list *out = field;
	size_t size = place->row->sub->size;
	int rc = RF_OK;

	if (node->type != DOC_SEQ)
		return wrong_type(dec, place, node, "a list");
	if (node->count == 0)
		return RF_OK;
	*out = (struct doc_list){.items = rf_arena_array(dec->arena, node->count, size)};
	if (!out->items)
		return no_memory(dec);
	doc_each (item, node) {
		rc = worse(
			rc, decode_sub(dec, place, item, (char *)out->items + out->count * size));
		out->count++;
	}
	return rc;
}

static int decode_field(struct doc_decoder *dec, const struct place *place,
	const struct doc_node *node, void *field)
{
	switch (place->row->kind) {
	case DOC_FIELD_STR: return decode_str(dec, place, node, field);
	case DOC_FIELD_BOOL: return decode_bool(dec, place, node, field);
	case DOC_FIELD_INT: return decode_int(dec, place, node, field);
	case DOC_FIELD_INT_STR: return decode_int_str(dec, place, node, field);
	case DOC_FIELD_OBJ: return decode_sub(dec, place, node, field);
	case DOC_FIELD_PTR: return decode_ptr(dec, place, node, field);
	case DOC_FIELD_LIST: return decode_list(dec, place, node, field);
	case DOC_FIELD_STRS: return decode_strs(dec, place, node, field);
	case DOC_FIELD_PAIRS: return decode_pairs(dec, place, node, field);
	case DOC_FIELD_NODE: *(const struct doc_node **)field = node; return RF_OK;
	case DOC_FIELD_CUSTOM: return place->row->custom(dec, node, field);
	}
	return RF_EINTERNAL;
}

static bool row_is(const struct doc_field *row, struct rf_str key)
{
	return row->name[0] == (key.len ? key.ptr[0] : '\0') && strlen(row->name) == key.len &&
	       memcmp(row->name, key.ptr, key.len) == 0;
}

/* The row of key, looking from start on and around; field_count when there is none. */
static size_t find_row(const struct doc_schema *schema, struct rf_str key, size_t start)
{
	for (size_t i = start; i < schema->field_count; i++) {
		if (row_is(&schema->fields[i], key))
			return i;
	}
	for (size_t i = 0; i < start; i++) {
		if (row_is(&schema->fields[i], key))
			return i;
	}
	return schema->field_count;
}

static int unknown_field(
	struct doc_decoder *dec, const struct doc_schema *schema, const struct doc_node *node)
{
	const char *best = NULL;
	unsigned best_distance = DOC_SIMILAR_MAX;
	char shown[DOC_SHOW_SIZE];

	for (size_t i = 0; i < schema->field_count; i++) {
		const char *name = schema->fields[i].name;
		unsigned distance = doc_similar_distance(node->key, rf_str_of(name));

		if (distance < best_distance && doc_similar_enough(distance, node->key.len)) {
			best = name;
			best_distance = distance;
		}
	}
	doc_show(node->key, shown);
	if (best)
		return doc_decode_error(dec, doc_key_pos(node),
			"unknown field \"%s\" in %s; did you mean \"%s\"?", shown, schema->name,
			best);
	return doc_decode_error(
		dec, doc_key_pos(node), "unknown field \"%s\" in %s", shown, schema->name);
}

static int check_required(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, const uint64_t *seen)
{
	int rc = RF_OK;

	for (size_t i = 0; i < schema->field_count; i++) {
		if (!schema->fields[i].required || (seen[i / 64] >> (i % 64) & 1))
			continue;
		rc = doc_decode_error(dec, doc_pos(node), "%s needs the field \"%s\"", schema->name,
			schema->fields[i].name);
	}
	return rc;
}

static int decode_object(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *out)
{
	struct place place = {.schema = schema};
	uint64_t seen[FIELDS_MAX / 64] = {0};
	size_t next = 0;
	int rc = schema->field_count <= FIELDS_MAX ? RF_OK : RF_EINTERNAL;

	*(const struct doc_node **)((char *)out + schema->node_offset) = node;
	for (const struct doc_node *c = rc == RF_OK ? node->first : NULL; c; c = c->next) {
		size_t i = find_row(schema, c->key, next);

		if (i == schema->field_count) {
			rc = worse(rc, unknown_field(dec, schema, c));
			continue;
		}
		next = i + 1;
		if (c->type == DOC_NULL)
			continue;
		seen[i / 64] |= (uint64_t)1 << (i % 64);
		place.row = &schema->fields[i];
		rc = worse(rc, decode_field(dec, &place, c, (char *)out + place.row->offset));
	}
	return worse(rc, check_required(dec, schema, node, seen));
}

int doc_decode(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *out)
{
	memset(out, 0, schema->size);
	if (node->type != DOC_MAP)
		return doc_decode_error(dec, doc_pos(node), "expected a map (%s), found %s",
			schema->name, doc_type_name((enum doc_type)node->type));
	return decode_object(dec, schema, node, out);
}
