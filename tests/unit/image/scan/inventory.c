/*
 * What is left of an image's files after all its layers: told event by event, and compared with a
 * slow model that builds each layer as a tree of its own and lays it over what is below.
 */
#include "tests/lib/tap.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "image/scan/inventory_int.h"
#include "image/vuln/build.h"

#define HISTORIES 40000

static struct inventory inv;
static struct rf_err err;

static void open_inventory(struct vuln_db *db)
{
	inventory_done(&inv);
	CHECK_INT(inventory_init(&inv, db, &err), RF_OK);
	inv.layer = 0;
}

/* A secret whose rule is its mark, at the entry that was added last. */
static void fact(const char *path, const char *mark)
{
	const struct rf_str none = RF_STR("");
	const struct scan_secret secret = {
		.rule = rf_str_of(mark), .title = none, .severity = none, .redacted = none};
	size_t place = SIZE_MAX;

	CHECK_INT(inventory_place(&inv, rf_str_of(path), &place, &err), RF_OK);
	CHECK_INT(inventory_add_secret(&inv, place, &secret, &err), RF_OK);
}

static void file(const char *path, const char *mark)
{
	inventory_added(&inv, rf_str_of(path), false);
	if (mark)
		fact(path, mark);
}

static void dir(const char *path, const char *mark)
{
	inventory_added(&inv, rf_str_of(path), true);
	if (mark)
		fact(path, mark);
}

static void gone(const char *path)
{
	inventory_whiteout(&inv, rf_str_of(path));
}

static void opaque(const char *path)
{
	inventory_opaque(&inv, rf_str_of(path));
}

static void hard_link(const char *path, const char *target)
{
	inventory_added(&inv, rf_str_of(path), false);
	CHECK_INT(inventory_linked(&inv, rf_str_of(path), rf_str_of(target), &err), RF_OK);
}

static void layer(uint32_t number)
{
	inv.layer = number;
}

/* "mark@/path ..." in the report's order. */
static const char *seen(void)
{
	static struct rf_buf out;
	AUTO_SCAN_REPORT *report = scan_report_new();

	rf_buf_clear(&out);
	if (!report || inventory_finish(&inv, report, &err) < 0 || scan_report_sort(report) < 0)
		abort();
	for (size_t i = 0; i < report->secret_count; i++) {
		const struct scan_secret *secret = &report->secrets[i];

		if (secret->removed)
			continue;
		rf_buf_addf(&out, "%s" RF_STR_FMT "@" RF_STR_FMT, out.len ? " " : "",
			RF_STR_ARG(secret->rule), RF_STR_ARG(secret->location));
	}
	return rf_buf_cstr(&out);
}

/* --- one event after the other --- */

static void a_file_stays_until_something_takes_it_away(void)
{
	open_inventory(NULL);
	file("a/b", "x");
	layer(1);
	dir("a", NULL);
	file("a/c", NULL);
	CHECK_STR(seen(), "x@/a/b");
}

static void a_later_file_of_that_name_replaces_it(void)
{
	open_inventory(NULL);
	file("a", "old");
	layer(1);
	file("a", "new");
	CHECK_STR(seen(), "new@/a");
	layer(2);
	file("a", NULL);
	CHECK_STR(seen(), "");
}

static void the_last_of_two_entries_in_one_layer_holds(void)
{
	open_inventory(NULL);
	file("a", "first");
	file("a", "second");
	CHECK_STR(seen(), "second@/a");
}

static void a_whiteout_takes_away_what_lower_layers_have_only(void)
{
	open_inventory(NULL);
	file("a", "low");
	layer(1);
	file("a", "high");
	gone("a");
	CHECK_STR(seen(), "high@/a");
	layer(2);
	gone("a");
	CHECK_STR(seen(), "");
	file("a", "again");
	CHECK_STR(seen(), "again@/a");
}

static void a_whiteout_of_a_directory_takes_all_below_it(void)
{
	open_inventory(NULL);
	file("a/b/c/d", "x");
	file("ab", "y");
	layer(1);
	gone("a");
	CHECK_STR(seen(), "y@/ab");
}

static void an_opaque_directory_hides_lower_layers_wherever_the_mark_stands(void)
{
	open_inventory(NULL);
	file("a/low", "x");
	file("b/low", "z");
	layer(1);
	file("a/before", "p");
	opaque("a");
	file("a/behind", "q");
	CHECK_STR(seen(), "p@/a/before q@/a/behind z@/b/low");
	layer(2);
	opaque("");
	CHECK_STR(seen(), "");
}

static void an_opaque_mark_does_not_hide_the_directory_itself(void)
{
	open_inventory(NULL);
	dir("a", "writable");
	file("a/b", "x");
	layer(1);
	opaque("a");
	CHECK_STR(seen(), "writable@/a");
}

static void a_file_in_the_place_of_a_directory_covers_what_is_below(void)
{
	open_inventory(NULL);
	file("a/b/c", "x");
	layer(1);
	file("a", "file");
	CHECK_STR(seen(), "file@/a");
	layer(2);
	dir("a", NULL);
	CHECK_STR(seen(), "");
}

static void a_directory_in_the_place_of_a_file_replaces_it(void)
{
	open_inventory(NULL);
	file("a", "x");
	layer(1);
	dir("a", NULL);
	CHECK_STR(seen(), "");
}

static void a_directory_that_is_only_implied_replaces_a_file_too(void)
{
	open_inventory(NULL);
	file("a", "x");
	dir("b", "writable");
	layer(1);
	file("a/b/c", NULL);
	file("b/c", NULL);
	CHECK_STR(seen(), "writable@/b");
}

static void a_hard_link_shows_what_its_target_shows(void)
{
	open_inventory(NULL);
	file("bin/one", "x");
	hard_link("bin/two", "bin/one");
	CHECK_STR(seen(), "x@/bin/one x@/bin/two");
	layer(1);
	gone("bin/one");
	CHECK_STR(seen(), "x@/bin/two");
	hard_link("bin/three", "bin/one");
	CHECK_STR(seen(), "x@/bin/two");
}

static void a_hard_link_to_what_was_replaced_shows_the_replacement(void)
{
	open_inventory(NULL);
	file("a", "old");
	file("a", NULL);
	hard_link("b", "a");
	CHECK_STR(seen(), "");
	file("a", "new");
	hard_link("b", "a");
	hard_link("c", "b");
	CHECK_STR(seen(), "new@/a new@/b new@/c");
}

static void os_release(const char *path, const char *id)
{
	struct pkg_os *os = rf_arena_new_of(inv.arena, struct pkg_os);
	size_t place = SIZE_MAX;

	inventory_added(&inv, rf_str_of(path), false);
	REQUIRE(os && inventory_place(&inv, rf_str_of(path), &place, &err) == RF_OK);
	snprintf(os->id, sizeof(os->id), "%s", id);
	inv.places.items[place].os = os;
}

static const char *os_seen(void)
{
	static char id[64];
	AUTO_SCAN_REPORT *report = scan_report_new();

	if (!report || inventory_finish(&inv, report, &err) < 0)
		abort();
	snprintf(id, sizeof(id), "%s", report->os.id);
	return id;
}

static void etc_os_release_comes_before_the_other_one(void)
{
	open_inventory(NULL);
	os_release("etc/os-release", "etc");
	os_release("usr/lib/os-release", "usr");
	CHECK_STR(os_seen(), "etc");
	layer(1);
	gone("etc/os-release");
	CHECK_STR(os_seen(), "usr");
	os_release("usr/lib/os-release", "usr2");
	CHECK_STR(os_seen(), "usr2");
	os_release("etc/os-release", "");
	CHECK_STR(os_seen(), "usr2");
	hard_link("backup/os-release", "usr/lib/os-release");
	gone("usr");
	layer(2);
	gone("usr");
	CHECK_STR(os_seen(), "");
}

static void a_secret_that_a_higher_layer_removes_is_told_as_such(void)
{
	AUTO_SCAN_REPORT *report = scan_report_new();

	open_inventory(NULL);
	file("app/key", "stays");
	file("tmp/key", "goes");
	layer(1);
	gone("tmp");
	REQUIRE(report && inventory_finish(&inv, report, &err) == RF_OK &&
		scan_report_sort(report) == RF_OK);
	CHECK_INT(report->secret_count, 2);
	CHECK(!report->secrets[0].removed && rf_str_is(report->secrets[0].rule, "stays"));
	CHECK(report->secrets[1].removed && rf_str_is(report->secrets[1].rule, "goes"));
}

static void facts_have_a_limit_that_is_an_error(void)
{
	const struct rf_str none = RF_STR("");
	const struct scan_secret secret = {
		.rule = none, .title = none, .severity = none, .redacted = none};
	size_t place = SIZE_MAX;
	int rc = RF_OK;

	open_inventory(NULL);
	inventory_added(&inv, RF_STR("a"), false);
	CHECK_INT(inventory_place(&inv, RF_STR("a"), &place, &err), RF_OK);
	for (size_t i = 0; i <= INVENTORY_MAX_FACTS && rc == RF_OK; i++)
		rc = inventory_add_secret(&inv, place, &secret, &err);
	CHECK_INT(rc, RF_ELIMIT);
	CHECK_INT(inv.secrets.count, INVENTORY_MAX_FACTS);
	for (int i = 0; i < INVENTORY_MAX_NOTES + 7; i++)
		inventory_note(&inv, "note %d", i);
	CHECK_INT(inv.notes.count, INVENTORY_MAX_NOTES);
	CHECK_INT(inv.notes_hidden, 7);
}

/* --- against a model --- */

#define MAX_NODES 512

struct node {
	char path[16];
	bool is_dir;
	unsigned mark; /* 0: nothing of note */
};

struct tree {
	struct node nodes[MAX_NODES];
	size_t count;
};

static uint64_t seed = 88172645463325252u;

static unsigned chance(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return len == 0 ? path[0] != '\0' : strncmp(path, top, len) == 0 && path[len] == '/';
}

static struct node *find(struct tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (strcmp(tree->nodes[i].path, path) == 0)
			return &tree->nodes[i];
	}
	return NULL;
}

/* Removes what is below path, and path itself if asked. */
static void prune(struct tree *tree, const char *path, bool itself)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->count; i++) {
		if (is_below(tree->nodes[i].path, path) ||
			(itself && strcmp(tree->nodes[i].path, path) == 0))
			continue;
		tree->nodes[kept++] = tree->nodes[i];
	}
	tree->count = kept;
}

/* A directory keeps what is below it; what is no directory does not. */
static void plant(struct tree *tree, const char *path, bool is_dir, unsigned mark, bool implied)
{
	struct node *old = find(tree, path);

	if (old && old->is_dir && is_dir) {
		old->mark = implied ? old->mark : mark;
		return;
	}
	prune(tree, path, true);
	if (tree->count == MAX_NODES)
		abort();
	tree->nodes[tree->count] = (struct node){.is_dir = is_dir, .mark = mark};
	snprintf(tree->nodes[tree->count++].path, sizeof(old->path), "%s", path);
}

static void plant_with_dirs(struct tree *tree, const char *path, bool is_dir, unsigned mark)
{
	char above[16];

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(above, sizeof(above), "%.*s", (int)i, path);
		plant(tree, above, true, 0, true);
	}
	plant(tree, path, is_dir, mark, false);
}

/* A layer as it is being written, and what it takes away. */
struct overlay {
	struct tree own;
	bool told[MAX_NODES]; /* of own: a directory that has an entry */
	char gone[16][16], opaque[16][16];
	size_t gone_count, opaque_count;
};

static void random_path(char out[16])
{
	unsigned depth = 1 + chance(4);
	size_t len = 0;

	for (unsigned i = 0; i < depth; i++) {
		if (i)
			out[len++] = '/';
		out[len++] = (char)('a' + chance(3));
	}
	out[len] = '\0';
}

/* Directories that were told again lose their old mark, others keep it. */
static void lay_over(struct tree *merged, const struct overlay *over)
{
	for (size_t i = 0; i < over->gone_count; i++)
		prune(merged, over->gone[i], true);
	for (size_t i = 0; i < over->opaque_count; i++)
		prune(merged, over->opaque[i], false);
	for (size_t i = 0; i < over->own.count; i++) {
		const struct node *node = &over->own.nodes[i];

		plant(merged, node->path, node->is_dir, node->mark,
			node->is_dir && node->mark == 0);
	}
}

static void tell_entry(struct overlay *over, const char *path, unsigned *marks)
{
	bool is_dir = chance(3) == 0;
	/* A directory always has a mark, so that the model need not know which are told. */
	unsigned mark = is_dir || chance(2) ? ++*marks : 0;
	char text[16];

	snprintf(text, sizeof(text), "%u", mark);
	if (is_dir)
		dir(path, mark ? text : NULL);
	else
		file(path, mark ? text : NULL);
	plant_with_dirs(&over->own, path, is_dir, mark);
}

static void tell_link(struct overlay *over, const char *path)
{
	char to[16];
	struct node *target;

	random_path(to);
	target = find(&over->own, to);
	if (!target || target->is_dir || strcmp(path, to) == 0 || is_below(to, path) ||
		is_below(path, to))
		return;
	hard_link(path, to);
	plant_with_dirs(&over->own, path, false, target->mark);
}

static void tell_something(struct overlay *over, unsigned *marks)
{
	char path[16];

	random_path(path);
	switch (chance(8)) {
	case 0:
		gone(path);
		snprintf(over->gone[over->gone_count++], 16, "%s", path);
		return;
	case 1:
		if (chance(16) == 0)
			path[0] = '\0';
		opaque(path);
		snprintf(over->opaque[over->opaque_count++], 16, "%s", path);
		return;
	case 2: tell_link(over, path); return;
	default: tell_entry(over, path, marks);
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

static const char *expected(struct tree *merged)
{
	static struct rf_buf out;

	rf_buf_clear(&out);
	qsort(merged->nodes, merged->count, sizeof(merged->nodes[0]), by_path);
	for (size_t i = 0; i < merged->count; i++) {
		const struct node *node = &merged->nodes[i];

		if (node->mark)
			rf_buf_addf(&out, "%s%u@/%s", out.len ? " " : "", node->mark, node->path);
	}
	return rf_buf_cstr(&out);
}

static bool history_holds(void)
{
	static struct tree merged;
	static struct overlay over;
	unsigned layers = 1 + chance(5), marks = 0;
	const char *want;

	merged.count = 0;
	open_inventory(NULL);
	for (unsigned i = 0; i < layers; i++) {
		over.own.count = over.gone_count = over.opaque_count = 0;
		layer(i);
		for (unsigned events = chance(14); events; events--)
			tell_something(&over, &marks);
		lay_over(&merged, &over);
	}
	want = expected(&merged);
	if (strcmp(seen(), want) == 0)
		return true;
	tap_diag("seen: %s", seen());
	tap_diag("want: %s", want);
	return false;
}

static void random_histories_leave_what_the_model_leaves(void)
{
	for (int i = 0; i < HISTORIES; i++) {
		uint64_t before = seed;

		if (!history_holds()) {
			CHECKF(false, "history %d, seed %llu", i, (unsigned long long)before);
			return;
		}
	}
	CHECK(true);
}

/* --- merging --- */

static const char *const advisories[] = {
	"{\"id\":\"GHSA-b\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"CVE-1\"],"
	"\"summary\":\"one\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
	"{\"id\":\"CVE-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"severity\":[{\"type\":\"CVSS_"
	"V3\","
	"\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],"
	"\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"2.0.0\"}]"
	"}]}"
	"]}",
	/* Meets the others through a third name only. */
	"{\"id\":\"SNYK-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"CVE-1\",\"X-9\"],"
	"\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
	"{\"id\":\"AAA-9\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"X-9\"],"
	"\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
	"{\"id\":\"CVE-2\",\"modified\":\"2026-01-01T00:00:00Z\","
	"\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"p\"},"
	"\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
};

static struct vuln_db *make_database(void)
{
	char key[] = "/tmp/rf-inventory-XXXXXX";
	AUTO_VULN_BUILDER *builder = NULL;
	AUTO_SIGNER *signer = NULL;
	struct vuln_db *db = NULL;
	AUTO_FD fd = memfd_create("db", MFD_CLOEXEC);
	AUTO_BUF out = {.len = 0};
	char path[64];

	CHECK(mkdtemp(key) != NULL);
	snprintf(path, sizeof(path), "%s/key.pem", key);
	CHECK_INT(vuln_signer_make(path, &signer, &err), RF_OK);
	CHECK_INT(vuln_builder_new(&builder, &err), RF_OK);
	for (size_t i = 0; i < RF_ARRAY_LEN(advisories); i++)
		CHECK_INT(vuln_builder_add_document(
				  builder, RF_STR("test"), rf_str_of(advisories[i]), &err),
			RF_OK);
	CHECK_INT(vuln_builder_finish(builder, 1, signer, &out, &err), RF_OK);
	CHECK(write(fd, out.data, out.len) == (ssize_t)out.len);
	CHECK_INT(vuln_db_open(fd, &db, &err), RF_OK);
	(void)!rf_dir_remove(key, NULL);
	return db;
}

static void package(const char *path, const char *name, const char *version)
{
	const struct rf_str none = RF_STR("");
	const struct scan_package package = {.type = PKG_NPM,
		.role = SCAN_PACKAGE_LIBRARY,
		.ecosystem = RF_STR("npm"),
		.name = rf_str_of(name),
		.version = rf_str_of(version),
		.arch = none,
		.source = none,
		.source_version = none,
		.license = none,
		.checksum = none,
		.replaces = none};
	size_t place = SIZE_MAX;

	inventory_added(&inv, rf_str_of(path), false);
	CHECK_INT(inventory_place(&inv, rf_str_of(path), &place, &err), RF_OK);
	CHECK_INT(inventory_add_package(&inv, place, &package, NULL, &err), RF_OK);
}

static void findings_with_a_name_in_common_are_one_however_far_the_chain(void)
{
	AUTO_VULN_DB *db = make_database();
	AUTO_SCAN_REPORT *report = scan_report_new();
	AUTO_BUF out = {.len = 0};

	REQUIRE(db && report);
	open_inventory(db);
	package("a/package-lock.json", "p", "1.0.0");
	package("b/package-lock.json", "p", "1.0.0");
	hard_link("c/package-lock.json", "b/package-lock.json");
	layer(1);
	gone("b");
	REQUIRE(inventory_finish(&inv, report, &err) == RF_OK);
	REQUIRE(scan_report_sort(report) == RF_OK);
	CHECK_INT(report->package_count, 2);
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct scan_finding *f = &report->findings[i];

		rf_buf_addf(&out, RF_STR_FMT "[", RF_STR_ARG(f->id));
		for (size_t a = 0; a < f->aliases.count; a++)
			rf_buf_addf(&out, "%s" RF_STR_FMT, a ? "," : "",
				RF_STR_ARG(f->aliases.items[a]));
		rf_buf_addf(&out, "]%s@%u ", vuln_level_name(f->level), f->package);
	}
	CHECK_STR(rf_buf_cstr(&out),
		"AAA-9[CVE-1,GHSA-b,SNYK-1,X-9]critical@0 AAA-9[CVE-1,GHSA-b,SNYK-1,X-9]critical@1 "
		"CVE-2[]unrated@0 CVE-2[]unrated@1 ");
	if (report->finding_count) {
		CHECK_INT(report->findings[0].fixed.count, 1);
		CHECK_STR(report->findings[0].fixed.items[0].ptr, "2.0.0");
		CHECK_STR(report->findings[0].summary.ptr, "one");
	}
}

static void a_version_that_cannot_be_compared_is_taken_to_be_affected(void)
{
	AUTO_VULN_DB *db = make_database();
	AUTO_SCAN_REPORT *report = scan_report_new();

	REQUIRE(db && report);
	open_inventory(db);
	package("a/package-lock.json", "p", "one.two");
	package("b/package-lock.json", "p", "");
	REQUIRE(inventory_finish(&inv, report, &err) == RF_OK);
	REQUIRE(scan_report_sort(report) == RF_OK);
	REQUIRE(report->finding_count > 0);
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct scan_finding *f = &report->findings[i];

		CHECK_STR(report->packages[f->package].location.ptr, "/a/package-lock.json");
		CHECK_INT(f->tier, SCAN_TIER_UNKNOWN);
	}
	/* A gate that asks for a fix counts it. */
	CHECK_INT(report->findings[0].fixed.count, 1);
	REQUIRE(report->notes.count == 2);
	CHECK_STR(report->notes.items[0].ptr,
		"/a/package-lock.json: p: \"one.two\" is no version of npm");
	CHECK_STR(report->notes.items[1].ptr,
		"/b/package-lock.json: p: not judged, \"\" is no version of npm");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_file_stays_until_something_takes_it_away);
	RUN(a_later_file_of_that_name_replaces_it);
	RUN(the_last_of_two_entries_in_one_layer_holds);
	RUN(a_whiteout_takes_away_what_lower_layers_have_only);
	RUN(a_whiteout_of_a_directory_takes_all_below_it);
	RUN(an_opaque_directory_hides_lower_layers_wherever_the_mark_stands);
	RUN(an_opaque_mark_does_not_hide_the_directory_itself);
	RUN(a_file_in_the_place_of_a_directory_covers_what_is_below);
	RUN(a_directory_in_the_place_of_a_file_replaces_it);
	RUN(a_directory_that_is_only_implied_replaces_a_file_too);
	RUN(a_hard_link_shows_what_its_target_shows);
	RUN(a_hard_link_to_what_was_replaced_shows_the_replacement);
	RUN(etc_os_release_comes_before_the_other_one);
	RUN(a_secret_that_a_higher_layer_removes_is_told_as_such);
	RUN(facts_have_a_limit_that_is_an_error);
	RUN(random_histories_leave_what_the_model_leaves);
	RUN(findings_with_a_name_in_common_are_one_however_far_the_chain);
	RUN(a_version_that_cannot_be_compared_is_taken_to_be_affected);
	inventory_done(&inv);
	return TAP_END();
}
