/*
 * A Go program: its modules are packages; what is known about their versions are candidates; the
 * names of its functions decide which candidates are linked in, and a walk along its calls which
 * of those main gets to.
 */
#include "image/go/buildinfo.h"
#include "image/go/calls.h"
#include "image/go/symbol.h"
#include "image/go/wanted.h"
#include "image/scan/visit_int.h"
#include "image/vuln/match.h"

#define GO_ARENA_BYTES	 ((size_t)64 << 20)
#define MAX_CANDIDATES	 20000
#define MAX_TOLD_SYMBOLS 64   /* of one finding */
#define MAX_PACKAGE_PATH 1024 /* bytes */

/* A module as advisories call it, and as package paths in the program begin. */
struct module {
	struct rf_str in_program; /* "" is the standard library */
	struct vuln_subject subject;
	uint32_t package; /* index in the inventory */
	bool linked;	  /* some package of it is in the program */
};

/* An entry of the database that speaks of a module in its version. */
struct candidate {
	struct vuln_affected affected;
	size_t module;
	bool unsure; /* the version could not be read */
};

struct go_scan {
	struct scanner *scanner;
	struct rf_arena *arena; /* for this program */
	const struct go_exe *exe;
	size_t place;
	struct go_build build;
	struct go_table table;
	bool has_table;
	struct go_wanted *wanted;
	struct go_calls *calls; /* NULL: calls cannot be followed */
	bool calls_tried;
	RF_VEC(struct module) modules;
	struct rf_map by_path; /* modules by their path in the program, once all are known */
	RF_VEC(struct candidate) candidates;
	bool unsure; /* of the module that is being matched */
};

static void go_scan_done(struct go_scan *scan)
{
	rf_vec_done(&scan->modules);
	rf_map_done(&scan->by_path);
	rf_vec_done(&scan->candidates);
	go_wanted_free(scan->wanted);
	go_calls_free(scan->calls);
	rf_arena_free(scan->arena);
}

static struct rf_str or_empty(struct rf_str s)
{
	return s.ptr ? s : RF_STR("");
}

/* --- modules --- */

static struct scan_package package_of(
	enum scan_package_role role, struct rf_str name, struct rf_str version, struct rf_str sum)
{
	const struct rf_str none = RF_STR("");

	return (struct scan_package){.type = PKG_GO,
		.role = role,
		.ecosystem = RF_STR("Go"),
		.name = name,
		.version = or_empty(version),
		.arch = none,
		.source = none,
		.source_version = none,
		.license = none,
		.checksum = or_empty(sum),
		.replaces = none};
}

static int add_module(struct go_scan *scan, const struct scan_package *package,
	struct rf_str in_program, struct rf_str version, struct rf_err *err)
{
	struct module module = {
		.in_program = in_program,
		.subject = {.ecosystem = RF_STR("Go"),
			.name = package->name,
			.version = version,
			.goos = scan->build.goos,
			.goarch = scan->build.goarch},
	};
	int rc = inventory_add_package(
		&scan->scanner->inv, scan->place, package, &module.package, err);

	if (rc == RF_OK && !rf_vec_push(&scan->modules, module))
		rc = rf_err_nomem(err);
	return rc;
}

static int add_dependency(struct go_scan *scan, const struct go_module *dep, struct rf_err *err)
{
	struct scan_package package =
		package_of(SCAN_PACKAGE_MODULE, dep->path, dep->version, dep->sum);

	if (dep->replace_path.len) {
		package = package_of(SCAN_PACKAGE_MODULE, dep->replace_path, dep->replace_version,
			dep->replace_sum);
		package.replaces = dep->path;
	}
	return add_module(scan, &package, dep->path, package.version, err);
}

static int add_main(struct go_scan *scan, struct rf_err *err)
{
	const struct go_module *main = &scan->build.main;
	struct scan_package package;
	struct rf_str version;
	bool guessed;

	if (!main->path.len)
		return RF_OK;
	version = go_main_version(&scan->build, scan->arena, &guessed);
	package = package_of(SCAN_PACKAGE_MAIN, main->path, version, main->sum);
	return add_module(scan, &package, main->path, guessed ? RF_STR("") : package.version, err);
}

static bool version_readable(const struct go_build *build)
{
	return build->go_release.len && vuln_version_valid(VULN_SCHEME_GO, build->go_release);
}

static int add_stdlib(struct go_scan *scan, struct rf_err *err)
{
	const struct go_build *build = &scan->build;
	struct scan_package package = package_of(SCAN_PACKAGE_STDLIB, RF_STR("stdlib"),
		version_readable(build) ? build->go_release : build->go_version, RF_STR(""));

	if (build->go_version.len && !version_readable(build))
		inventory_note(&scan->scanner->inv,
			RF_STR_FMT ": the version of Go in \"%.100s\" cannot be read: what is "
				   "known about the standard library is taken to apply",
			RF_STR_ARG(scan->scanner->inv.places.items[scan->place].path),
			rf_arena_str(scan->arena, build->go_version).ptr);
	return add_module(scan, &package, RF_STR(""), build->go_release, err);
}

static int add_modules(struct go_scan *scan, struct rf_err *err)
{
	int rc = add_main(scan, err);

	if (rc == RF_OK)
		rc = add_stdlib(scan, err);
	for (size_t i = 0; i < scan->build.dep_count && rc == RF_OK; i++)
		rc = add_dependency(scan, &scan->build.deps[i], err);
	return rc;
}

/* --- candidates --- */

static int take_candidate(void *ctx, const struct vuln_affected *affected, struct rf_err *err)
{
	struct go_scan *scan = ctx;
	struct candidate candidate = {
		.affected = *affected, .module = scan->modules.count, .unsure = scan->unsure};

	(void)err;
	if (scan->candidates.count >= MAX_CANDIDATES)
		return rf_err_set(err, RF_ELIMIT, "more than %d candidates", MAX_CANDIDATES);
	return rf_vec_push(&scan->candidates, candidate) ? RF_OK : rf_err_nomem(err);
}

/* All entries of the module: nobody knows which do not apply. */
static int match_any_version(struct go_scan *scan, const struct module *module, struct rf_err *err)
{
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	int rc = vuln_affected_find(
		scan->scanner->inv.db, module->subject.ecosystem, module->subject.name, &iter, err);

	if (rc == RF_EABSENT)
		return RF_OK;
	while (rc >= 0 && (rc = vuln_affected_next(&iter, &affected, err)) > 0)
		rc = take_candidate(scan, &affected, err);
	return rc;
}

/*
 * A version that is there and is none: nobody knows what does not apply. A module without one is
 * another matter, and in no range.
 */
static bool version_hidden(const struct go_scan *scan, const struct module *module)
{
	struct rf_str version = module->subject.version;

	if (!module->in_program.len)
		return !version_readable(&scan->build);
	return version.len && !rf_str_is(version, "(devel)") &&
	       !vuln_version_valid(VULN_SCHEME_GO, version);
}

static int match_modules(struct go_scan *scan, struct rf_err *err)
{
	const struct vuln_match_sink sink = {.hit = take_candidate, .ctx = scan};
	int rc = RF_OK;

	for (size_t i = 0; i < scan->modules.count && rc == RF_OK; i++) {
		const struct module *module = &scan->modules.items[i];
		size_t before = scan->candidates.count;

		scan->unsure = version_hidden(scan, module);
		if (scan->unsure)
			rc = match_any_version(scan, module, err);
		else
			rc = vuln_match(scan->scanner->inv.db, &module->subject, &sink, err);
		for (size_t c = before; c < scan->candidates.count; c++)
			scan->candidates.items[c].module = i;
	}
	return rc;
}

/* --- symbols --- */

/* The path that a package of an advisory has in the program: replaced modules keep their name. */
static struct rf_str path_in_program(
	struct go_scan *scan, const struct module *module, struct rf_str path)
{
	struct rf_str name = module->subject.name;

	if (!module->in_program.len || rf_str_eq(module->in_program, name) ||
		!go_package_in_module(path, name))
		return path;
	return rf_arena_printf(scan->arena, RF_STR_FMT RF_STR_FMT, RF_STR_ARG(module->in_program),
		(int)(path.len - name.len), path.ptr + name.len);
}

static int want_candidate(
	struct go_scan *scan, const struct candidate *candidate, struct rf_err *err)
{
	const struct module *module = &scan->modules.items[candidate->module];
	struct rf_bytes imports = candidate->affected.imports;
	struct vuln_import import;
	int rc = RF_OK;

	while (rc == RF_OK && vuln_import_next(&imports, &import)) {
		struct rf_str path = path_in_program(scan, module, import.path), symbol;

		if (!path.ptr)
			return rf_err_nomem(err);
		while (rc == RF_OK && vuln_list_next(&import.symbols, &symbol))
			rc = go_wanted_add(scan->wanted, path, symbol, err);
	}
	return rc;
}

static bool index_modules(struct go_scan *scan)
{
	rf_vec_each (module, &scan->modules) {
		if (!rf_map_get_ptr(&scan->by_path, module->in_program) &&
			!rf_map_put_ptr(&scan->by_path, module->in_program, module))
			return false;
	}
	return true;
}

/* A package belongs to the module with the longest path that it lies in, else to the standard
 * library when its path looks like that. */
static void link_package(struct go_scan *scan, struct rf_str path)
{
	struct rf_str above = path;
	struct module *owner = NULL;

	/* No package's. Whose, is not worth the time that it could take. */
	if (path.len > MAX_PACKAGE_PATH) {
		rf_vec_each (module, &scan->modules)
			module->linked = true;
		return;
	}
	while (!owner && above.len) {
		const char *slash = memrchr(above.ptr, '/', above.len);

		owner = rf_map_get_ptr(&scan->by_path, above);
		above.len = slash ? (size_t)(slash - above.ptr) : 0;
	}
	if (!owner && go_package_is_std(path))
		owner = rf_map_get_ptr(&scan->by_path, RF_STR(""));
	if (owner)
		owner->linked = true;
}

static int search_symbols(struct go_scan *scan, struct rf_err *err)
{
	struct rf_str path;
	int rc = go_wanted_new(&scan->wanted, err);

	if (rc == RF_OK && !index_modules(scan))
		return rf_err_nomem(err);
	for (size_t i = 0; i < scan->candidates.count && rc == RF_OK; i++)
		rc = want_candidate(scan, &scan->candidates.items[i], err);
	if (rc == RF_OK)
		rc = go_wanted_search(scan->wanted, &scan->table, or_empty(scan->build.path), err);
	for (size_t i = 0; rc == RF_OK && go_wanted_package(scan->wanted, i, &path); i++)
		link_package(scan, path);
	return rc;
}

/* --- verdicts --- */

struct verdict {
	struct inventory_evidence evidence;
	bool linked;
	uint64_t reached; /* a function that main gets to; GO_NO_FUNCTION: none */
};

static bool shown_name(struct go_scan *scan, struct rf_str name, struct rf_str *ret)
{
	AUTO_BUF shown = {.max = 65536};

	go_symbol_add_display(name, &shown);
	*ret = rf_arena_str(scan->scanner->inv.arena, rf_buf_str(&shown));
	return !shown.failed && ret->ptr;
}

static const struct go_calls *calls_of(struct go_scan *scan)
{
	if (!scan->calls_tried && go_calls_new(scan->exe, &scan->table, &scan->calls, NULL) < 0)
		scan->calls = NULL;
	scan->calls_tried = true;
	return scan->calls;
}

static int take_symbol(struct go_scan *scan, const struct go_found *found, struct verdict *verdict,
	struct rf_err *err)
{
	const struct go_calls *calls = calls_of(scan);

	verdict->linked = true;
	if (verdict->reached == GO_NO_FUNCTION && calls && go_calls_reach(calls, found->function))
		verdict->reached = found->function;
	if (verdict->evidence.symbols.count == MAX_TOLD_SYMBOLS)
		return RF_OK;
	return shown_name(scan, found->name,
		       &verdict->evidence.symbols.items[verdict->evidence.symbols.count++])
		       ? RF_OK
		       : rf_err_nomem(err);
}

static int judge_imports(struct go_scan *scan, const struct candidate *candidate,
	struct verdict *verdict, struct rf_err *err)
{
	const struct module *module = &scan->modules.items[candidate->module];
	struct rf_bytes imports = candidate->affected.imports;
	struct vuln_import import;
	struct rf_str symbol;
	struct go_found found;
	int rc = RF_OK;

	/* No package named: any package of the module will do. */
	verdict->linked = imports.len == 0 && module->linked;
	while (rc == RF_OK && vuln_import_next(&imports, &import)) {
		struct rf_str path = path_in_program(scan, module, import.path);

		if (!vuln_import_applies(&import, scan->build.goos, scan->build.goarch))
			continue;
		if (!path.ptr)
			return rf_err_nomem(err);
		/* No symbol named: the package will do. */
		verdict->linked |=
			import.symbols.len == 0 && go_wanted_has_package(scan->wanted, path);
		while (rc == RF_OK && vuln_list_next(&import.symbols, &symbol)) {
			if (go_wanted_found(scan->wanted, path, symbol, &found))
				rc = take_symbol(scan, &found, verdict, err);
		}
	}
	return rc;
}

static int tell_path(struct go_scan *scan, struct verdict *verdict, struct rf_err *err)
{
	uint64_t functions[GO_MAX_PATH], addr;
	size_t count =
		go_calls_path(scan->calls, verdict->reached, functions, RF_ARRAY_LEN(functions));
	struct rf_str name;

	verdict->evidence.path.items = rf_arena_array(
		scan->scanner->inv.arena, count + 1, sizeof(*verdict->evidence.path.items));
	if (!verdict->evidence.path.items)
		return rf_err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (!go_table_function(&scan->table, functions[i], &addr, &name) ||
			!shown_name(scan, name,
				&verdict->evidence.path.items[verdict->evidence.path.count++]))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

/*
 * Symbols decide when they can be read. Before Go 1.16 what was inlined cannot be, so that a symbol
 * which is not found may be there all the same.
 */
static enum scan_tier tier_of(const struct go_scan *scan, const struct candidate *candidate,
	const struct verdict *verdict)
{
	if (!scan->has_table)
		return SCAN_TIER_UNKNOWN;
	if (!verdict->linked)
		return scan->table.names_complete ? SCAN_TIER_ABSENT : SCAN_TIER_UNKNOWN;
	if (candidate->unsure)
		return SCAN_TIER_UNKNOWN;
	return verdict->reached != GO_NO_FUNCTION ? SCAN_TIER_PATH : SCAN_TIER_LINKED;
}

static int judge(struct go_scan *scan, const struct candidate *candidate, struct rf_err *err)
{
	const struct module *module = &scan->modules.items[candidate->module];
	struct verdict verdict = {.reached = GO_NO_FUNCTION};
	int rc = RF_OK;

	verdict.evidence.symbols.items = rf_arena_array(scan->scanner->inv.arena, MAX_TOLD_SYMBOLS,
		sizeof(*verdict.evidence.symbols.items));
	if (!verdict.evidence.symbols.items)
		return rf_err_nomem(err);
	if (scan->has_table)
		rc = judge_imports(scan, candidate, &verdict, err);
	verdict.evidence.tier = tier_of(scan, candidate, &verdict);
	if (rc == RF_OK && verdict.evidence.tier == SCAN_TIER_PATH)
		rc = tell_path(scan, &verdict, err);
	if (rc < 0)
		return rc;
	return inventory_match(&scan->scanner->inv, module->package, &module->subject,
		&candidate->affected, &verdict.evidence, err);
}

static int match_and_judge(struct go_scan *scan, struct rf_err *err)
{
	int rc = match_modules(scan, err);

	if (rc == RF_OK && scan->has_table && scan->candidates.count)
		rc = search_symbols(scan, err);
	for (size_t i = 0; i < scan->candidates.count && rc == RF_OK; i++)
		rc = judge(scan, &scan->candidates.items[i], err);
	/* It is the database that is damaged, not the program. */
	if (rc == RF_EINPUT && err)
		err->code = RF_EIO;
	return rc == RF_EINPUT ? RF_EIO : rc;
}

/* --- programs --- */

/* GOARCH of what a program says of itself; "" for what is not known well. */
static struct rf_str goarch_of(enum go_machine machine)
{
	switch (machine) {
	case GO_MACHINE_AMD64: return RF_STR("amd64");
	case GO_MACHINE_ARM64: return RF_STR("arm64");
	case GO_MACHINE_386: return RF_STR("386");
	case GO_MACHINE_ARM: return RF_STR("arm");
	case GO_MACHINE_OTHER: break;
	}
	return RF_STR("");
}

/* Other programs may hold what looks like a table; only those of Go have its runtime. */
static bool has_runtime(const struct go_table *table)
{
	struct rf_str name;
	uint64_t addr;

	for (uint64_t i = 0; i < table->function_count; i++) {
		if (go_table_function(table, i, &addr, &name) &&
			rf_str_starts(name, RF_STR("runtime.")))
			return true;
	}
	return false;
}

/*
 * Not a Go program, or one whose build information was taken away: then its functions are there all
 * the same, and of its standard library everything may apply, whatever the version is.
 */
static int read_without_build(struct go_scan *scan, struct rf_str path, struct rf_err *err)
{
	bool named = scan->exe->pclntab.ptr != NULL;
	int rc;

	scan->has_table = go_table_find(scan->exe, &scan->table, NULL) == RF_OK;
	scan->has_table = scan->has_table && (named || has_runtime(&scan->table));
	if (!scan->has_table && !named)
		return RF_OK;
	scan->build = (struct go_build){.go_version = RF_STR(""),
		.go_release = RF_STR(""),
		.goos = RF_STR("linux"),
		.goarch = goarch_of(scan->exe->machine),
		.ldflags = RF_STR("")};
	rc = inventory_place(&scan->scanner->inv, path, &scan->place, err);
	if (rc == RF_OK)
		rc = add_stdlib(scan, err);
	if (rc == RF_OK && scan->scanner->inv.db)
		rc = match_and_judge(scan, err);
	if (rc < 0)
		return rc;
	return rf_err_set(err, RF_EUNSUPPORTED,
		"a Go program without build information: which modules it is made of cannot be "
		"told, and what is known about the standard library is taken to apply");
}

/* GOPATH builds name no modules; what they hold besides the standard library cannot be judged. */
static void note_unversioned(struct go_scan *scan, struct rf_str path)
{
	if (!scan->build.dep_count && !scan->build.main.path.len)
		inventory_note(&scan->scanner->inv,
			RF_STR_FMT ": built without module information: only the standard "
				   "library can be judged",
			RF_STR_ARG(path));
}

static int read_program(struct go_scan *scan, struct rf_str path, struct rf_err *err)
{
	int rc = go_build_read(scan->exe, scan->arena, &scan->build, err);

	if (rc == RF_EABSENT || rc == RF_EINPUT) {
		int without = read_without_build(scan, path, err);

		return without < 0 || rc == RF_EABSENT ? without : rc;
	}
	if (rc == RF_OK)
		rc = inventory_place(&scan->scanner->inv, path, &scan->place, err);
	if (rc < 0)
		return rc;
	note_unversioned(scan, path);
	scan->has_table = go_table_find(scan->exe, &scan->table, NULL) == RF_OK;
	rc = add_modules(scan, err);
	return rc == RF_OK && scan->scanner->inv.db ? match_and_judge(scan, err) : rc;
}

int scan_go(struct scanner *scanner, struct rf_str path, size_t *place, const struct go_exe *exe,
	struct rf_err *err)
{
	CLEANUP(go_scan_done)
	struct go_scan scan = {.scanner = scanner, .place = *place, .exe = exe};
	int rc;

	scan.arena = rf_arena_new(GO_ARENA_BYTES);
	if (!scan.arena)
		return rf_err_nomem(err);
	rc = read_program(&scan, path, err);
	*place = scan.place;
	return rc;
}
