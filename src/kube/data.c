/* ConfigMap and Secret: names and bytes. */
#include "kube/kube_int.h"
#include "kube/name_set.h"
#include "kube/names.h"

#define DATA_MAX ((size_t)1 << 20) /* bytes of all values of one object */

#define ROW_OF struct kube_root
static const struct doc_field config_map_rows[] = {
	ROOT_ROWS,
	ROW_NODE("data", data),
	ROW_NODE("binaryData", binary_data),
	ROW_BOOL("immutable", immutable),
};
const struct doc_schema kube_config_map_root =
	DOC_SCHEMA("ConfigMap", struct kube_root, config_map_rows);

static const struct doc_field secret_rows[] = {
	ROOT_ROWS,
	ROW_STR("type", type),
	ROW_NODE("data", data),
	ROW_NODE("stringData", string_data),
	ROW_BOOL("immutable", immutable),
};
const struct doc_schema kube_secret_root = DOC_SCHEMA("Secret", struct kube_root, secret_rows);
#undef ROW_OF

/* --- base64, RFC 4648 section 4, line ends ignored as encoding/json of Go does --- */

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* out has room for text.len / 4 * 3 + 3 bytes. */
static bool decode_base64(struct rf_str text, char *out, size_t *ret_len)
{
	uint32_t bits = 0;
	size_t digits = 0, padding = 0, len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int digit = digit_of(c);

		if (c == '\n' || c == '\r')
			continue;
		if (c == '=') {
			padding++;
			continue;
		}
		if (digit < 0 || padding)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (++digits % 4 == 0) {
			out[len++] = (char)(bits >> 16);
			out[len++] = (char)(bits >> 8);
			out[len++] = (char)bits;
		}
	}
	if (padding > 2 || (digits + padding) % 4)
		return false;
	if (digits % 4 >= 2)
		out[len++] = (char)(bits >> (digits % 4 == 2 ? 4 : 10));
	if (digits % 4 == 3)
		out[len++] = (char)(bits >> 2);
	*ret_len = len;
	return true;
}

/* --- items --- */

static int add_binary(
	struct doc_decoder *dec, const struct doc_node *value, struct kube_data_item *item)
{
	char *out = kube_alloc(dec, value->text.len / 4 * 3 + 4, 1);
	size_t len;

	if (!out)
		return RF_EINTERNAL;
	if (!decode_base64(value->text, out, &len))
		return doc_decode_error(dec, doc_pos(value),
			"\"" RF_STR_FMT "\" is not base64 (for plain text use %s)",
			RF_STR_ARG(value->key), "stringData, or data of a ConfigMap");
	item->value = (struct rf_str){.ptr = out, .len = len};
	return RF_OK;
}

static int add_item(struct doc_decoder *dec, const struct doc_node *value, bool binary,
	struct kube_data_item *item)
{
	if (!kube_is_data_key(value->key))
		doc_decode_error(dec, doc_key_pos(value),
			"\"" RF_STR_FMT "\" is not a key: expected at most 253 of letters, digits, "
			"'-', '_' and '.'",
			RF_STR_ARG(value->key));
	item->key = value->key;
	item->value = RF_STR("");
	if (value->type == DOC_NULL)
		return RF_OK;
	if (value->type != DOC_STRING)
		return doc_decode_error(dec, doc_pos(value),
			"\"" RF_STR_FMT "\": expected a string, found %s%s", RF_STR_ARG(value->key),
			doc_type_name((enum doc_type)value->type),
			value->type < DOC_STRING ? ": quote it" : "");
	if (binary)
		return add_binary(dec, value, item);
	item->value = value->text;
	return RF_OK;
}

static bool is_map(struct doc_decoder *dec, const struct doc_node *map)
{
	if (!map || map->type == DOC_MAP)
		return map != NULL;
	doc_decode_error(dec, doc_pos(map), "expected a map of names to %s, found %s", "values",
		doc_type_name((enum doc_type)map->type));
	return false;
}

static void add_map(
	struct doc_decoder *dec, const struct doc_node *map, bool binary, struct kube_data *data)
{
	if (!is_map(dec, map))
		return;
	doc_each (value, map)
		add_item(dec, value, binary, &data->items[data->count++]);
}

static int compare_items(const void *a, const void *b)
{
	return rf_str_cmp(
		((const struct kube_data_item *)a)->key, ((const struct kube_data_item *)b)->key);
}

static struct kube_data *new_data(struct doc_decoder *dec, const struct kube_root *root)
{
	const struct doc_node *maps[] = {root->data, root->binary_data, root->string_data};
	struct kube_data *data = kube_alloc(dec, 1, sizeof(*data));
	size_t count = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(maps); i++)
		count += maps[i] ? maps[i]->count : 0;
	if (!data)
		return NULL;
	data->items = kube_alloc(dec, count, sizeof(*data->items));
	data->type = root->type;
	data->immutable = root->immutable;
	return data->items ? data : NULL;
}

static void check_size(
	struct doc_decoder *dec, const struct kube_root *root, const struct kube_data *data)
{
	size_t total = 0;

	for (size_t i = 0; i < data->count; i++)
		total += data->items[i].value.len;
	if (total > DATA_MAX)
		doc_decode_error(dec, doc_pos(root->node),
			"holds %zu bytes, at most %zu are allowed in one object", total, DATA_MAX);
}

void kube_finish_config_map(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_data *data = new_data(dec, root);

	if (!data)
		return;
	object->data = data;
	add_map(dec, root->data, false, data);
	add_map(dec, root->binary_data, true, data);
	if (data->count)
		qsort(data->items, data->count, sizeof(*data->items), compare_items);
	for (size_t i = 1; i < data->count && dec->diags->error_count < RF_DIAGS_MAX; i++) {
		if (rf_str_eq(data->items[i].key, data->items[i - 1].key))
			doc_decode_error(dec,
				doc_field_pos(root->binary_data, data->items[i].key.ptr),
				"\"" RF_STR_FMT "\" is in data as well",
				RF_STR_ARG(data->items[i].key));
	}
	check_size(dec, root, data);
}

/* --- Secret --- */

/* Keys that the API demands of a type. */
static const struct {
	const char *type;
	const char *keys[2];
} secret_types[] = {
	{"kubernetes.io/tls", {"tls.crt", "tls.key"}},
	{"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}},
	{"kubernetes.io/dockercfg", {".dockercfg"}},
	{"kubernetes.io/ssh-auth", {"ssh-privatekey"}},
};

static bool has_key(const struct kube_data *data, const char *key)
{
	for (size_t i = 0; i < data->count; i++) {
		if (rf_str_is(data->items[i].key, key))
			return true;
	}
	return false;
}

static void check_type(
	struct doc_decoder *dec, const struct kube_root *root, const struct kube_data *data)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(secret_types); i++) {
		if (!rf_str_is(root->type, secret_types[i].type))
			continue;
		for (size_t j = 0; j < 2 && secret_types[i].keys[j]; j++) {
			if (!has_key(data, secret_types[i].keys[j]))
				doc_decode_error(dec, doc_field_pos(root->node, "type"),
					"a Secret of type %s needs the key %s",
					secret_types[i].type, secret_types[i].keys[j]);
		}
	}
}

/* Sorts by key; of two with one key that of stringData stays. */
static void merge_items(struct doc_decoder *dec, struct kube_data *data, size_t first_count)
{
	AUTO_NAME_SET over = {.count = 0};
	size_t kept = 0;

	for (size_t i = first_count; i < data->count; i++)
		name_set_add(&over, data->items[i].key);
	for (size_t i = 0; i < data->count; i++) {
		if (i >= first_count || !name_set_has(&over, data->items[i].key))
			data->items[kept++] = data->items[i];
	}
	dec->nomem |= over.nomem;
	data->count = kept;
	if (kept)
		qsort(data->items, kept, sizeof(*data->items), compare_items);
}

void kube_finish_secret(struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_data *data = new_data(dec, root);
	size_t first_count;

	if (!data)
		return;
	object->data = data;
	add_map(dec, root->data, true, data);
	first_count = data->count;
	add_map(dec, root->string_data, false, data);
	merge_items(dec, data, first_count);
	check_type(dec, root, data);
	check_size(dec, root, data);
}
