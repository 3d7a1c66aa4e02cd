/* Strict picking from doc trees. */
#include "image/json_int.h"

#include "doc/read.h"
#include "image/config.h"

int image_json_parse(struct rf_str text, const char *what, struct rf_arena *arena,
	const struct doc_node **ret, struct rf_err *err)
{
	const struct doc_node *root = NULL;
	AUTO_DIAGS diags = {.error_count = 0};
	int rc;

	if (text.len > IMAGE_MAX_JSON)
		return rf_err_set(
			err, RF_ELIMIT, "%s: larger than %zu bytes", what, IMAGE_MAX_JSON);
	rc = doc_parse_json(text, what, 1, arena, &diags, &root);
	if (rc == RF_EINPUT && diags.list.count > 0)
		return rf_err_set(err, RF_EINPUT, "%s: line %u: %s", what,
			diags.list.items[0].pos.line, diags.list.items[0].msg);
	if (rc < 0)
		return rf_err_set(err, rc, "%s: not read: %s", what, rf_code_name(rc));
	*ret = root;
	return RF_OK;
}

int image_json_text(
	const struct doc_node *node, const char *what, struct rf_str *ret, struct rf_err *err)
{
	if (node->type != DOC_STRING)
		return rf_err_set(err, RF_EINPUT, "%s: expected a string, got %s", what,
			doc_type_name((enum doc_type)node->type));
	if (node->text.len && memchr(node->text.ptr, '\0', node->text.len))
		return rf_err_set(err, RF_EINPUT, "%s: a NUL in a string", what);
	*ret = node->text;
	return RF_OK;
}

int image_json_str(
	const struct doc_node *map, const char *key, struct rf_str *ret, struct rf_err *err)
{
	const struct doc_node *node = doc_get(map, key);

	*ret = RF_STR("");
	if (!node || node->type == DOC_NULL)
		return RF_OK;
	return image_json_text(node, key, ret, err);
}

int image_json_child(const struct doc_node *map, const char *key, enum doc_type type,
	const struct doc_node **ret, struct rf_err *err)
{
	const struct doc_node *node = doc_get(map, key);

	*ret = NULL;
	if (!node || node->type == DOC_NULL)
		return RF_OK;
	if (node->type != type)
		return rf_err_set(err, RF_EINPUT, "%s: expected %s, got %s", key,
			doc_type_name(type), doc_type_name((enum doc_type)node->type));
	*ret = node;
	return RF_OK;
}
