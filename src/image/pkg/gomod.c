/*
 * Go modules. go.mod: what is required, after replacement; a module that is replaced by a directory
 * has no version. go.sum: every module whose content was ever needed, with its hash.
 */
#include "base/vec.h"
#include "image/pkg/pkg_int.h"

#define MAX_REPLACES 1000

struct replace {
	struct rf_str old_path, old_version; /* version empty: all */
	struct rf_str path, version;
};

struct gomod {
	struct pkg_out out;
	RF_VEC(struct replace) replaces;
};

/* What a line does with one directive; rest is what follows it. */
typedef int (*directive_fn)(struct gomod *mod, struct rf_str rest, struct rf_err *err);

/* A word, without the quotes that it may have. */
static struct rf_str next_token(struct rf_str *text)
{
	struct rf_str word = pkg_next_word(text);

	if (word.len >= 2 && (word.ptr[0] == '"' || word.ptr[0] == '`') &&
		word.ptr[word.len - 1] == word.ptr[0])
		return pkg_head(pkg_skip(word, 1), word.len - 2);
	return word;
}

static int add_replace(struct gomod *mod, struct rf_str rest, struct rf_err *err)
{
	struct replace replace = {.old_path = next_token(&rest)};
	struct rf_str word = next_token(&rest);

	if (!rf_str_is(word, "=>")) {
		replace.old_version = word;
		word = next_token(&rest);
	}
	if (!rf_str_is(word, "=>"))
		return RF_OK;
	replace.path = next_token(&rest);
	replace.version = next_token(&rest);
	if (mod->replaces.count == MAX_REPLACES)
		return rf_err_set(err, RF_ELIMIT, "more than %d replacements", MAX_REPLACES);
	return rf_vec_push(&mod->replaces, replace) ? RF_OK : rf_err_nomem(err);
}

/* One for this version comes before one for all. */
static const struct replace *find_replace(
	const struct gomod *mod, struct rf_str path, struct rf_str version)
{
	const struct replace *found = NULL;

	for (size_t i = 0; i < mod->replaces.count; i++) {
		const struct replace *it = &mod->replaces.items[i];

		if (!rf_str_eq(it->old_path, path))
			continue;
		if (it->old_version.len && rf_str_eq(it->old_version, version))
			return it;
		if (!it->old_version.len && !found)
			found = it;
	}
	return found;
}

static int yield_require(struct gomod *mod, struct rf_str rest, struct rf_err *err)
{
	struct pkg pkg = {.type = PKG_GO, .name = next_token(&rest)};
	const struct replace *replace;

	pkg.version = next_token(&rest);
	replace = find_replace(mod, pkg.name, pkg.version);
	if (replace && replace->version.len)
		pkg.name = replace->path;
	if (replace)
		pkg.version = replace->version;
	return pkg_emit(&mod->out, &pkg, err);
}

static struct rf_str without_comment(struct rf_str line)
{
	return pkg_trim(pkg_head(line, pkg_find(line, RF_STR("//"))));
}

/* Calls fn with the rest of every line of a directive, alone or in a block. */
static int each(struct gomod *mod, struct rf_str text, const char *directive, directive_fn fn,
	struct rf_err *err)
{
	struct rf_str line, block = RF_STR("");
	int rc = RF_OK;

	while (rc == RF_OK && pkg_next_line(&text, &line)) {
		struct rf_str rest = without_comment(line), verb = block;

		if (block.len && rf_str_is(rest, ")")) {
			block = RF_STR("");
			continue;
		}
		if (!block.len)
			verb = pkg_next_word(&rest);
		rest = pkg_trim(rest);
		if (!block.len && rf_str_is(rest, "("))
			block = verb;
		else if (rest.len && rf_str_is(verb, directive))
			rc = fn(mod, rest, err);
	}
	return rc;
}

int pkg_gomod_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct gomod mod = {.out.sink = sink};
	int rc = each(&mod, pkg_text(file), "replace", add_replace, err);

	if (rc == RF_OK)
		rc = each(&mod, pkg_text(file), "require", yield_require, err);
	rf_vec_done(&mod.replaces);
	return rc;
}

int pkg_gosum_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file), line;
	int rc = RF_OK;

	while (rc == RF_OK && pkg_next_line(&text, &line)) {
		struct pkg pkg = {.type = PKG_GO, .name = pkg_next_word(&line)};

		pkg.version = pkg_next_word(&line);
		pkg.checksum = pkg_next_word(&line);
		/* Only its go.mod was needed, not its code. */
		if (pkg.version.len == 0 || rf_str_ends(pkg.version, RF_STR("/go.mod")))
			continue;
		rc = pkg_emit(&out, &pkg, err);
	}
	return rc;
}
