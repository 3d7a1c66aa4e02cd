/* YAML and the decoder: no input breaks them, what they accept is sound, what they refuse is said.
 */
#include "fuzz/check_tree.h"

static const char *const choices[] = {"TCP", "UDP", NULL};

static int decode_any(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	if (node->type == DOC_FLOAT)
		return doc_decode_error(dec, doc_pos(node), "expected anything but a fraction");
	*(const struct doc_node **)field = node;
	return RF_OK;
}

static const struct doc_field rows[] = {
	SAMPLE_ROW(str, DOC_FIELD_STR, .required = true),
	SAMPLE_ROW(choice, DOC_FIELD_STR, .one_of = choices),
	SAMPLE_ROW(truth, DOC_FIELD_BOOL),
	SAMPLE_ROW(number, DOC_FIELD_INT, .min = 1, .max = 65535),
	SAMPLE_ROW(port, DOC_FIELD_INT_STR),
	SAMPLE_ROW(inner, DOC_FIELD_PTR, .sub = &sample_schema),
	SAMPLE_ROW(list, DOC_FIELD_LIST, .sub = &sample_schema),
	SAMPLE_ROW(strs, DOC_FIELD_STRS),
	SAMPLE_ROW(pairs, DOC_FIELD_PAIRS),
	SAMPLE_ROW(any, DOC_FIELD_CUSTOM, .custom = decode_any),
};

const struct doc_schema sample_schema = DOC_SCHEMA("Sample", struct sample, rows);

static void check_sample(const struct sample *sample)
{
	const struct sample *items = sample->list.items;

	MUST(sample->node && sample->node->type == DOC_MAP && sample->str.ptr);
	MUST(!sample->number.set || (sample->number.value >= 1 && sample->number.value <= 65535));
	for (size_t i = 1; i < sample->pairs.count; i++)
		MUST(rf_str_cmp(sample->pairs.items[i - 1].key, sample->pairs.items[i].key) < 0);
	for (size_t i = 0; i < sample->list.count; i++)
		check_sample(&items[i]);
	if (sample->inner)
		check_sample(sample->inner);
}

static int take(void *ctx, const struct doc_node *root)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct doc_decoder dec = {.arena = ctx, .diags = &diags};
	struct sample sample;
	int rc;

	check_tree(root, 0);
	rc = doc_decode(&dec, &sample_schema, root, &sample);
	MUST(rc == RF_OK || rc == RF_EINPUT);
	MUST((rc == RF_OK) == (diags.error_count == 0));
	if (rc == RF_OK)
		check_sample(&sample);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)256 << 20);
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_str text = {.ptr = (const char *)data, .len = size};

	MUST(arena);
	MUST(doc_read_yaml(text, "input", arena, &diags, take, arena) == RF_OK);
	rf_vec_each (d, &diags.list)
		MUST(d->pos.line > 0 && d->pos.col > 0 && d->msg[0]);
	return 0;
}
