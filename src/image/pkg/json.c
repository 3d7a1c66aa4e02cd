/* JSON lock files: the doc tree, and strings picked from it leniently. */
#include "doc/read.h"
#include "image/pkg/pkg_int.h"

int pkg_json_parse(struct rf_bytes file, struct rf_arena *arena, const struct doc_node **ret,
	struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	const struct doc_node *root = NULL;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	rc = doc_parse_json(pkg_text(file), "JSON", 1, arena, &diags, &root);
	if (rc == RF_EINPUT && diags.list.count > 0)
		return rf_err_set(err, RF_EINPUT, "line %u: %s", diags.list.items[0].pos.line,
			diags.list.items[0].msg);
	if (rc < 0 && rf_arena_used(arena) > PKG_JSON_ARENA / 2)
		return rf_err_set(
			err, RF_ELIMIT, "a JSON tree of more than %zu bytes", PKG_JSON_ARENA);
	if (rc < 0)
		return rf_err_set(err, rc, "not read: %s", rf_code_name(rc));
	*ret = root;
	return RF_OK;
}

struct rf_str pkg_json_str(const struct doc_node *map, const char *key)
{
	const struct doc_node *node = doc_get(map, key);

	return node && node->type == DOC_STRING ? node->text : RF_STR("");
}
