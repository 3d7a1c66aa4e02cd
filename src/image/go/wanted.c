/*
 * Names come in runs of one package, so most cost a comparison with the package of the name before;
 * of a package that nobody asks for nothing more is looked at.
 */
#include "image/go/wanted.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "image/go/symbol.h"

#define MARKS		   65536
#define WANTED_ARENA_BYTES ((size_t)64 << 20)

struct go_wanted {
	struct rf_arena *arena;
	RF_VEC(struct go_found) found;
	struct rf_map by_key;	       /* "package NUL symbol" -> index */
	struct rf_map wanted_packages; /* path -> 1 */
	struct rf_map seen;	       /* path -> 1 */
	RF_VEC(struct rf_str) packages;
	struct rf_buf key;
	struct rf_str main_path;
	/* The run that the search is in. */
	struct rf_str run; /* the package as written, with the '.' behind it */
	bool run_wanted;
	uint8_t marks[MARKS / 8]; /* bits by where names lie that were found */
};

int go_wanted_new(struct go_wanted **ret, struct rf_err *err)
{
	struct go_wanted *wanted = calloc(1, sizeof(*wanted));

	if (!wanted || !(wanted->arena = rf_arena_new(WANTED_ARENA_BYTES))) {
		free(wanted);
		return rf_err_nomem(err);
	}
	*ret = wanted;
	return RF_OK;
}

void go_wanted_free(struct go_wanted *wanted)
{
	if (!wanted)
		return;
	rf_vec_done(&wanted->found);
	rf_vec_done(&wanted->packages);
	rf_map_done(&wanted->by_key);
	rf_map_done(&wanted->wanted_packages);
	rf_map_done(&wanted->seen);
	rf_buf_done(&wanted->key);
	rf_arena_free(wanted->arena);
	free(wanted);
}

void go_wanted_freep(struct go_wanted **wanted)
{
	go_wanted_free(*wanted);
}

static struct rf_str key_of(struct go_wanted *wanted, struct rf_str package, struct rf_str symbol)
{
	rf_buf_clear(&wanted->key);
	rf_buf_add_str(&wanted->key, package);
	rf_buf_add_char(&wanted->key, '\0');
	rf_buf_add_str(&wanted->key, symbol);
	return rf_buf_str(&wanted->key);
}

int go_wanted_add(
	struct go_wanted *wanted, struct rf_str package, struct rf_str symbol, struct rf_err *err)
{
	const struct go_found none = {.name = RF_STR_NONE, .function = GO_NO_FUNCTION};
	struct rf_str key = key_of(wanted, package, symbol), path;
	uintptr_t known;

	if (rf_map_get(&wanted->by_key, key, &known))
		return RF_OK;
	key = rf_arena_str(wanted->arena, key);
	path = (struct rf_str){key.ptr, package.len};
	if (!key.ptr || !rf_vec_push(&wanted->found, none) ||
		!rf_map_put(&wanted->by_key, key, wanted->found.count - 1) ||
		!rf_map_put(&wanted->wanted_packages, path, 1))
		return rf_err_nomem(err);
	return RF_OK;
}

/* --- searching --- */

static int begin_run(struct go_wanted *wanted, const struct go_symbol *symbol, struct rf_str name,
	struct rf_err *err)
{
	struct rf_str path;
	uintptr_t known;

	wanted->run = (struct rf_str){name.ptr, symbol->package.len + 1};
	rf_buf_clear(&wanted->key);
	if (wanted->main_path.len && rf_str_is(symbol->package, "main"))
		rf_buf_add_str(&wanted->key, wanted->main_path);
	else
		go_symbol_add_package(symbol, &wanted->key);
	path = rf_buf_str(&wanted->key);
	wanted->run_wanted = rf_map_get(&wanted->wanted_packages, path, &known);
	if (rf_map_get(&wanted->seen, path, &known))
		return RF_OK;
	path = rf_arena_str(wanted->arena, path);
	return path.ptr && rf_map_put(&wanted->seen, path, 1) &&
			       rf_vec_push(&wanted->packages, path)
		       ? RF_OK
		       : rf_err_nomem(err);
}

static void note_found(struct go_wanted *wanted, const struct go_symbol *symbol, struct rf_str name,
	uint64_t function)
{
	struct go_found *found;
	uintptr_t index;

	rf_buf_clear(&wanted->key);
	if (wanted->main_path.len && rf_str_is(symbol->package, "main"))
		rf_buf_add_str(&wanted->key, wanted->main_path);
	else
		go_symbol_add_package(symbol, &wanted->key);
	rf_buf_add_char(&wanted->key, '\0');
	go_symbol_add_name(symbol, &wanted->key);
	if (!rf_map_get(&wanted->by_key, rf_buf_str(&wanted->key), &index))
		return;
	found = &wanted->found.items[index];
	if (found->name.ptr && found->function != GO_NO_FUNCTION)
		return;
	*found = (struct go_found){name, function};
	wanted->marks[((uintptr_t)name.ptr >> 1) % MARKS / 8] |=
		(uint8_t)(1 << ((uintptr_t)name.ptr >> 1) % 8);
}

static int take_name(
	struct go_wanted *wanted, struct rf_str name, uint64_t function, struct rf_err *err)
{
	struct go_symbol symbol;
	bool in_run = wanted->run.len && rf_str_starts(name, wanted->run) &&
		      !memchr(name.ptr + wanted->run.len, '/', name.len - wanted->run.len);
	int rc = RF_OK;

	if (in_run && !wanted->run_wanted)
		return RF_OK;
	if (!go_symbol_parse(name, &symbol))
		return RF_OK;
	if (symbol.package.len + 1 != wanted->run.len || !rf_str_starts(name, wanted->run))
		rc = begin_run(wanted, &symbol, name, err);
	if (rc == RF_OK && wanted->run_wanted)
		note_found(wanted, &symbol, name, function);
	return rc;
}

#define RELEASE_FUNCTIONS 16384 /* whose records lie in some megabytes */

static void release(const struct go_table *table)
{
	if (table->exe)
		go_exe_release(table->exe);
}

/* A filter by address: names of functions are those of the block. */
static bool is_found(const struct go_wanted *wanted, const char *name)
{
	return wanted->marks[((uintptr_t)name >> 1) % MARKS / 8] & 1 << ((uintptr_t)name >> 1) % 8;
}

/* Which functions the names that were found are of. */
static int locate(struct go_wanted *wanted, const struct go_table *table, struct rf_err *err)
{
	AUTO_MAP by_name = {.count = 0};
	uint64_t addr, off;
	uintptr_t index;

	for (size_t i = 0; i < wanted->found.count; i++) {
		const struct go_found *found = &wanted->found.items[i];

		if (found->name.ptr && !rf_map_put(&by_name, found->name, i))
			return rf_err_nomem(err);
	}
	for (uint64_t i = 0; by_name.count && i < table->function_count; i++) {
		struct rf_str name;

		if (i % RELEASE_FUNCTIONS == 0)
			release(table);
		if (!go_table_entry(table, i, &addr, &off) || off >= table->names.len ||
			!is_found(wanted, (const char *)table->names.ptr + off))
			continue;
		if (go_table_function(table, i, &addr, &name) && rf_map_get(&by_name, name, &index))
			wanted->found.items[index].function = i;
	}
	return RF_OK;
}

int go_wanted_search(struct go_wanted *wanted, const struct go_table *table,
	struct rf_str main_path, struct rf_err *err)
{
	struct rf_str name;
	uint64_t addr;
	size_t off = 0, released = 0;
	int rc = RF_OK;

	wanted->main_path = main_path;
	/* The block of names has those that are inlined everywhere, too, and is quickly read. */
	while (rc == RF_OK && table->names_complete && go_table_next_name(table, &off, &name)) {
		rc = take_name(wanted, name, GO_NO_FUNCTION, err);
		if (off - released > GO_RELEASE_BYTES) {
			release(table);
			released = off;
		}
	}
	if (rc == RF_OK && table->names_complete)
		return wanted->key.failed ? rf_err_nomem(err) : locate(wanted, table, err);
	for (uint64_t i = 0; i < table->function_count && rc == RF_OK; i++) {
		if (go_table_function(table, i, &addr, &name))
			rc = take_name(wanted, name, i, err);
	}
	return rc == RF_OK && wanted->key.failed ? rf_err_nomem(err) : rc;
}

bool go_wanted_found(
	struct go_wanted *wanted, struct rf_str package, struct rf_str symbol, struct go_found *ret)
{
	uintptr_t index;

	if (!rf_map_get(&wanted->by_key, key_of(wanted, package, symbol), &index) ||
		!wanted->found.items[index].name.ptr)
		return false;
	*ret = wanted->found.items[index];
	return true;
}

bool go_wanted_has_package(const struct go_wanted *wanted, struct rf_str package)
{
	uintptr_t known;

	return rf_map_get(&wanted->seen, package, &known);
}

bool go_wanted_package(const struct go_wanted *wanted, size_t index, struct rf_str *ret)
{
	if (index >= wanted->packages.count)
		return false;
	*ret = wanted->packages.items[index];
	return true;
}
