/* A program as the scanner reads it: its build information, names, calls; all within the file. */
#include "image/go/buildinfo.h"
#include "image/go/calls.h"
#include "image/go/symbol.h"
#include "image/go/wanted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_build(const struct go_exe *exe)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)64 << 20);
	struct go_build build;
	bool guessed;

	if (!arena || go_build_read(exe, arena, &build, NULL) < 0)
		return;
	if (build.dep_count > GO_MAX_MODULES)
		abort();
	(void)go_main_version(&build, arena, &guessed);
}

static void search_symbols(const struct go_table *table)
{
	AUTO_GO_WANTED *wanted = NULL;
	struct go_found found;

	if (go_wanted_new(&wanted, NULL) < 0 ||
		go_wanted_add(wanted, RF_STR("main"), RF_STR("main"), NULL) < 0 ||
		go_wanted_add(wanted, RF_STR("net/http"), RF_STR("Server.Serve"), NULL) < 0 ||
		go_wanted_search(wanted, table, RF_STR("example.org/app"), NULL) < 0)
		return;
	if (go_wanted_found(wanted, RF_STR("main"), RF_STR("main"), &found))
		abort(); /* it has the path of the main package */
}

static void walk_calls(const struct go_exe *exe, const struct go_table *table)
{
	AUTO_GO_CALLS *calls = NULL;
	uint64_t path[GO_MAX_PATH];

	if (go_calls_new(exe, table, &calls, NULL) < 0)
		return;
	for (uint64_t i = 0; i < table->function_count && i < 64; i++) {
		size_t len = go_calls_path(calls, i, path, GO_MAX_PATH);

		if ((len > 0) != go_calls_reach(calls, i) || len > GO_MAX_PATH)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_exe exe;
	struct go_table table;

	if (go_exe_open((struct rf_bytes){data, size}, &exe, NULL) < 0)
		return 0;
	read_build(&exe);
	if (go_table_find(&exe, &table, NULL) < 0)
		return 0;
	search_symbols(&table);
	walk_calls(&exe, &table);
	return 0;
}
