/*
 * image/report/report.h: every format of one report. With RF_REPORTS_DIR set, the documents are
 * also left there, one file each, for tests/e2e/schemas to hold against the published schemas.
 */
#include "tests/unit/image/report/sample.h"

#include "base/fd.h"
#include "doc/read.h"

typedef void (*writer)(
	const struct scan_report *r, const struct report_opts *opts, struct rf_buf *out);

static const struct {
	const char *name;
	writer write;
	bool json;
} formats[] = {
	{"json", report_json, true},
	{"sarif", report_sarif, true},
	{"cyclonedx", report_cyclonedx, true},
	{"spdx", report_spdx23, true},
	{"spdx-3", report_spdx30, true},
	{"html", report_html, false},
	{"openvex", report_openvex, true},
	{"cyclonedx-vex", report_cyclonedx_vex, true},
};

static const struct report_opts plain = {.epoch_s = -1};

static const struct doc_node *parse(const struct rf_buf *text, struct rf_arena *arena)
{
	AUTO_DIAGS diags = {.error_count = 0};
	const struct doc_node *root = NULL;

	CHECK(!text->failed);
	if (doc_parse_json(rf_buf_str(text), "x", 1, arena, &diags, &root) < 0)
		CHECKF(false, "not JSON: %s", diags.list.count ? diags.list.items[0].msg : "?");
	return root;
}

/* The node at a path of keys and indexes: "findings/0/id". */
static const struct doc_node *at(const struct doc_node *node, const char *path)
{
	struct rf_str rest = rf_str_of(path);

	while (rest.ptr && node) {
		struct rf_str key;
		char name[64];

		rest = rf_str_cut(rest, '/', &key);
		if (!rf_str_copy(key, name, sizeof(name)))
			return NULL;
		if (node->type == DOC_MAP) {
			node = doc_get(node, name);
			continue;
		}
		node = node->first;
		for (long i = strtol(name, NULL, 10); node && i > 0; i--)
			node = node->next;
	}
	return node;
}

static const char *text_at(const struct doc_node *root, const char *path)
{
	const struct doc_node *node = at(root, path);

	return node && node->text.ptr ? node->text.ptr : "(none)";
}

static void keep(const char *name, const char *variant, const struct rf_buf *text)
{
	const char *dir = getenv("RF_REPORTS_DIR");
	char path[512];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s%s%s", dir, name, *variant ? "." : "", variant);
	CHECK(rf_file_replace(path, text->data, text->len, 0644, false, NULL) == 0);
}

static void write_all(
	const struct scan_report *r, const struct report_opts *opts, const char *variant)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(formats); i++) {
		AUTO_ARENA *arena = rf_arena_new(0);
		AUTO_BUF once = {.len = 0};
		AUTO_BUF twice = {.len = 0};

		formats[i].write(r, opts, &once);
		formats[i].write(r, opts, &twice);
		CHECKF(!once.failed && once.len, "%s", formats[i].name);
		CHECKF(rf_str_eq(rf_buf_str(&once), rf_buf_str(&twice)), "%s twice",
			formats[i].name);
		if (formats[i].json)
			CHECKF(parse(&once, arena), "%s is JSON", formats[i].name);
		keep(formats[i].name, variant, &once);
	}
}

static void every_format_is_well_formed_and_reproducible(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_SCAN_REPORT *again = sample_new();

	write_all(r, &plain, "");
	for (size_t i = 0; i < RF_ARRAY_LEN(formats); i++) {
		AUTO_BUF a = {.len = 0};
		AUTO_BUF b = {.len = 0};

		formats[i].write(r, &plain, &a);
		/* Neither the database's age nor where memory lies shows. */
		again->database.age_s++;
		formats[i].write(again, &plain, &b);
		CHECKF(rf_str_eq(rf_buf_str(&a), rf_buf_str(&b)), "%s", formats[i].name);
	}
}

static void every_format_takes_a_list_of_packages(void)
{
	static const struct report_opts bom = {.epoch_s = 1700000000, .bom_only = true};
	AUTO_SCAN_REPORT *r = sample_new();

	write_all(r, &bom, "bom");
}

static void every_format_takes_an_empty_report(void)
{
	AUTO_SCAN_REPORT *r = scan_report_new();

	REQUIRE(r);
	r->target = RF_STR("rootfs/");
	write_all(r, &plain, "empty");
}

static void a_full_buffer_is_a_failure(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	for (size_t i = 0; i < RF_ARRAY_LEN(formats); i++) {
		AUTO_BUF out = {.max = 3000};

		formats[i].write(r, &plain, &out);
		CHECKF(out.failed, "%s", formats[i].name);
	}
}

/* --- JSON --- */

static void check_keys(const struct doc_node *map, const char *want)
{
	AUTO_BUF keys = {.len = 0};

	doc_each (child, map)
		rf_buf_addf(&keys, "%s%s", keys.len ? " " : "", child->key.ptr);
	CHECKF(rf_str_starts(rf_buf_str(&keys), rf_str_of(want)), "%s does not begin with %s",
		rf_buf_cstr(&keys), want);
}

static void the_stable_form_has_its_keys_in_order(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	report_json(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	check_keys(root, "target digest database findings secrets files config");
	check_keys(at(root, "database"), "built sources");
	check_keys(at(root, "findings/0"),
		"id aliases package location layer tier symbols fixed severity");
	check_keys(at(root, "findings/0/package"), "ecosystem name version");
	check_keys(at(root, "findings/0/severity"), "level score vector");
}

static void the_stable_form_says_what_was_found(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	report_json(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	CHECK_STR(text_at(root, "findings/1/id"), "GO-2024-2687");
	CHECK_STR(text_at(root, "findings/1/aliases/0"), "CVE-2023-45288");
	CHECK_STR(text_at(root, "findings/1/location"), "/app");
	CHECK_STR(text_at(root, "findings/1/layer"), SAMPLE_LAYER1);
	CHECK_STR(text_at(root, "findings/1/tier"), "path");
	CHECK_STR(text_at(root, "findings/1/severity/score"), "7.5");
	CHECK(at(root, "findings/1/severity/score")->type == DOC_FLOAT);
	CHECK_STR(text_at(root, "findings/1/advice"),
		"go get golang.org/x/net@v0.23.0 && go mod tidy");
	CHECK(at(root, "findings/5/layer")->type == DOC_NULL);
	CHECK_STR(text_at(root, "findings/6/severity/level"), "unrated");
	CHECK(at(root, "findings/6/severity/score")->type == DOC_NULL);
	CHECK(at(root, "findings/6/severity/vector")->type == DOC_NULL);
	CHECK_STR(
		text_at(root, "findings/4/suppressed"), "ignored until 2027-01-31: not reachable");
	CHECK_STR(text_at(root, "files/1/mode"), "4755");
	CHECK(at(root, "secrets/1/layer")->type == DOC_NULL);
}

static void hostile_text_comes_back_from_json_as_it_was(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	report_json(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	CHECK_STR(text_at(root, "findings/5/package/name"), SAMPLE_EVIL);
	CHECK_STR(text_at(root, "findings/5/summary"), SAMPLE_EVIL);
	CHECK_STR(text_at(root, "findings/5/id"), "GHSA-<b>\"'&");
}

/* --- the others --- */

static void html_lets_no_markup_through(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	r->target = RF_STR(SAMPLE_EVIL);
	report_html(r, &plain, &out);
	CHECK(!strstr(rf_buf_cstr(&out), "<script"));
	CHECK(!strstr(rf_buf_cstr(&out), "<b>"));
	CHECK(!strstr(rf_buf_cstr(&out), "<access>"));
	CHECK(!strstr(rf_buf_cstr(&out), "\xe2\x80\xae")); /* turns the text around */
	CHECK(strstr(rf_buf_cstr(&out), "&#60;script&#62;alert(&#39;&#34;&#38;&#39;)"));
	CHECK(strstr(rf_buf_cstr(&out), "\xf0\x9f\x92\xa3"));
	CHECK(strstr(rf_buf_cstr(&out), "default-src 'none'"));
}

static void identifiers_depend_on_the_content(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF one = {.len = 0};
	AUTO_BUF other = {.len = 0};
	const struct doc_node *a, *b;

	report_cyclonedx(r, &plain, &one);
	r->findings[0].tier = SCAN_TIER_LINKED;
	report_cyclonedx(r, &plain, &other);
	a = parse(&one, arena);
	b = parse(&other, arena);
	CHECK(strcmp(text_at(a, "serialNumber"), text_at(b, "serialNumber")) != 0);
}

static void the_time_is_never_that_of_the_run(void)
{
	static const struct report_opts dated = {.epoch_s = 1700000000};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF image = {.len = 0};
	AUTO_BUF epoch = {.len = 0};
	AUTO_BUF database = {.len = 0};
	AUTO_BUF none = {.len = 0};

	report_spdx23(r, &plain, &image);
	CHECK_STR(text_at(parse(&image, arena), "creationInfo/created"), "2026-11-01T10:00:00Z");
	report_spdx23(r, &dated, &epoch);
	CHECK_STR(text_at(parse(&epoch, arena), "creationInfo/created"), "2023-11-14T22:13:20Z");
	r->config.created = RF_STR("yesterday");
	report_spdx23(r, &plain, &database);
	CHECK_STR(text_at(parse(&database, arena), "creationInfo/created"), "2026-11-20T06:00:00Z");
	report_cyclonedx(r, &plain, &none);
	CHECK(!at(parse(&none, arena), "metadata/timestamp"));
}

/* Packages that nothing tells apart still get names of their own. */
static void equal_packages_have_names_of_their_own(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	for (size_t i = 1; i < r->package_count; i++)
		r->packages[i] = r->packages[0];
	REQUIRE(scan_report_sort(r) == RF_OK);
	report_cyclonedx(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	doc_each (a, at(root, "components")) {
		for (const struct doc_node *b = a->next; b; b = b->next)
			CHECK(strcmp(text_at(a, "bom-ref"), text_at(b, "bom-ref")) != 0);
	}
}

static void a_main_module_depends_on_what_is_linked_with_it(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	report_cyclonedx(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	CHECK_STR(text_at(root, "dependencies/0/ref"),
		"pkg:oci/app@sha256%3A1111111111111111111111111111111111111111111111111111111111111"
		"111");
	CHECK_INT(at(root, "dependencies/0/dependsOn")->count, 4);
	CHECK_STR(
		text_at(root, "dependencies/1/ref"), "pkg:golang/example.com/shop/app@v1.4.0#/app");
	CHECK_INT(at(root, "dependencies/1/dependsOn")->count, 2);
	CHECK_STR(text_at(root, "dependencies/2/dependsOn/0"), "pkg:golang/stdlib@1.21.1#/tool");
}

static void sarif_marks_what_does_not_count(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF out = {.len = 0};
	const struct doc_node *root;

	report_sarif(r, &plain, &out);
	root = parse(&out, arena);
	REQUIRE(root);
	CHECK_STR(text_at(root, "runs/0/results/0/kind"), "notApplicable");
	CHECK_STR(text_at(root, "runs/0/results/0/level"), "none");
	CHECK_STR(text_at(root, "runs/0/results/1/level"), "error");
	CHECK_STR(text_at(root, "runs/0/results/4/suppressions/0/justification"),
		"ignored until 2027-01-31: not reachable");
	/* One rule a vulnerability, however often it was found. */
	CHECK_INT(at(root, "runs/0/tool/driver/rules")->count, 6 + 2 + 3 + 1);
	CHECK_STR(text_at(root, "runs/0/results/3/ruleIndex"), "2");
}

static void advice_is_fit_for_copying(void)
{
	static const struct {
		struct scan_package package;
		const char *fixed, *want;
	} rows[] = {
		{{.type = PKG_GO, .role = SCAN_PACKAGE_MODULE, .name = RF_STR("golang.org/x/net")},
			"0.23.0", "go get golang.org/x/net@v0.23.0 && go mod tidy"},
		{{.type = PKG_GO, .role = SCAN_PACKAGE_MODULE, .name = RF_STR("golang.org/x/net")},
			"v0.23.0", "go get golang.org/x/net@v0.23.0 && go mod tidy"},
		{{.type = PKG_GO,
			 .role = SCAN_PACKAGE_MODULE,
			 .name = RF_STR("example.com/fork"),
			 .replaces = RF_STR("golang.org/x/net")},
			"1.2.3",
			"go mod edit -replace golang.org/x/net=example.com/fork@v1.2.3 && go mod "
			"tidy"},
		{{.type = PKG_GO, .role = SCAN_PACKAGE_STDLIB, .name = RF_STR("stdlib")}, "1.21.9",
			"build with Go 1.21.9 or later (FROM golang:1.21.9)"},
		{{.type = PKG_GO, .role = SCAN_PACKAGE_STDLIB, .name = RF_STR("stdlib")}, "",
			"no Go release fixes it yet"},
		{{.type = PKG_DPKG, .name = RF_STR("libssl3")}, "3.0.13-1~deb12u1",
			"RUN apt-get update && apt-get install -y --only-upgrade libssl3 "
			"(3.0.13-1~deb12u1 or later), or rebuild FROM an updated base"},
		{{.type = PKG_APK, .name = RF_STR("musl")}, "1.2.4-r3",
			"RUN apk upgrade --no-cache musl (1.2.4-r3 or later), or rebuild FROM an "
			"updated base"},
		{{.type = PKG_NPM, .name = RF_STR("@angular/cli")}, "17.0.1",
			"npm install @angular/cli@17.0.1"},
		{{.type = PKG_PYPI, .name = RF_STR("requests")}, "2.31.0",
			"pip install 'requests>=2.31.0'"},
		{{.type = PKG_CARGO, .name = RF_STR("time")}, "0.2.23",
			"cargo update -p time --precise 0.2.23"},
		{{.type = PKG_MAVEN, .name = RF_STR("org.yaml:snakeyaml")}, "2.0",
			"set the version of org.yaml:snakeyaml to 2.0 in pom.xml"},
		{{.type = PKG_NPM, .name = RF_STR("x; rm -rf ~")}, "1.0.0",
			"update the package to a fixed version"},
		{{.type = PKG_NPM, .name = RF_STR("--global")}, "1.0.0",
			"update the package to a fixed version"},
		{{.type = PKG_NPM, .name = RF_STR("x")}, "$(reboot)",
			"update the package to a fixed version"},
		{{.type = PKG_PYPI, .name = RF_STR("x'y")}, "1",
			"update the package to a fixed version"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF out = {.len = 0};

		report_advice_for(&rows[i].package, rf_str_of(rows[i].fixed), &out);
		CHECK_STR(rf_buf_cstr(&out), rows[i].want);
	}
}

/* Fixes of several branches: "a,b" is the list of one finding. */
static void one_version_mends_all_findings_of_a_package(void)
{
	static const struct {
		const char *fixes[3], *want;
	} rows[] = {
		{{"1.21.9,1.22.2"}, "1.21.9"},
		{{"1.21.9,1.22.2", "1.21.8,1.22.1"}, "1.21.9"},
		{{"1.21.9,1.22.2", "1.22.1"}, "1.22.2"},
		{{"1.22.1", "1.21.9,1.22.2"}, "1.22.2"},
		{{"1.21.9,1.22.2", "1.23.0"}, "1.23.0"},
		{{"", "1.21.9"}, "1.21.9"},
		{{""}, ""},
		{{"1.9.0", "1.10.0"}, "1.10.0"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();
		size_t findings[3], count = 0;
		struct rf_str got;

		for (; count < 3 && rows[i].fixes[count]; count++) {
			struct rf_str rest = rf_str_of(rows[i].fixes[count]);
			struct scan_finding *f = &r->findings[count];

			findings[count] = count;
			f->fixed = (struct scan_strs){
				.items = rf_arena_array(r->arena, 4, sizeof(struct rf_str))};
			while (rest.len)
				rest = rf_str_cut(rest, ',', &f->fixed.items[f->fixed.count++]);
		}
		got = report_mend(r, findings, count);
		CHECKF(rf_str_is(got, rows[i].want), "%zu: %.*s is not %s", i, RF_STR_ARG(got),
			rows[i].want);
	}
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_format_is_well_formed_and_reproducible);
	RUN(every_format_takes_a_list_of_packages);
	RUN(every_format_takes_an_empty_report);
	RUN(a_full_buffer_is_a_failure);
	RUN(the_stable_form_has_its_keys_in_order);
	RUN(the_stable_form_says_what_was_found);
	RUN(hostile_text_comes_back_from_json_as_it_was);
	RUN(html_lets_no_markup_through);
	RUN(identifiers_depend_on_the_content);
	RUN(the_time_is_never_that_of_the_run);
	RUN(equal_packages_have_names_of_their_own);
	RUN(a_main_module_depends_on_what_is_linked_with_it);
	RUN(sarif_marks_what_does_not_count);
	RUN(advice_is_fit_for_copying);
	RUN(one_version_mends_all_findings_of_a_package);
	return TAP_END();
}
