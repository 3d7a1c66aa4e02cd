/* Which module a package of a Go program belongs to: what advisories without symbols go by. */
#include "tests/unit/image/go/table_test.h"
#include "tests/unit/image/vuln/vuln_test.h"

#include <time.h>

#include "image/scan/visit_int.h"

#define ABOUT(id, module)                                                                     \
	"{\"id\":\"" id                                                                       \
	"\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":" \
	"\"Go\",\"name\":\"" module "\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":["       \
	"{\"introduced\":\"0\"}]}]}]}"

static const char *const texts[] = {
	"[" ABOUT("G-OUTER", "example.com/a") "," ABOUT("G-INNER", "example.com/a/b") "]",
	"[" ABOUT("G-OTHER", "example.com/other") "," ABOUT("G-LOCAL", "shop") "]",
	ABOUT("G-STD", "stdlib"),
};

static struct scanner scanner;
static struct rf_err err;

static void put_string(struct rf_buf *out, struct rf_str s)
{
	size_t len = s.len;

	for (; len >= 0x80; len >>= 7)
		rf_buf_add_char(out, (char)(len | 0x80));
	rf_buf_add_char(out, (char)len);
	rf_buf_add_str(out, s);
}

/* deps: a module a line; NULL: no build information. names: of functions, a NUL behind each. */
static void make_program(const struct rf_buf *deps, struct rf_str names, struct rf_buf *out)
{
	static const char frame[] = "0123456789abcdef";
	const struct table_function main_function = {"main.main", 0x401000};
	AUTO_BUF info = {.len = 0}, blob = {.len = 0}, table = {.len = 0};
	struct test_part parts[] = {{".go.buildinfo", RF_STR(""), 0x500000, PF_R | PF_W},
		{".gopclntab", RF_STR(""), 0x8000000, PF_R}};
	AUTO_BUF all = {.len = 0};

	rf_buf_addf(&info, "%spath\texample.com/main\n", frame);
	if (deps)
		rf_buf_add_str(&info, rf_buf_str(deps));
	rf_buf_add_c(&info, frame);
	rf_buf_add(&blob, "\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
	put_string(&blob, RF_STR("go1.22.0"));
	put_string(&blob, rf_buf_str(&info));
	/* The names go where the one that is inlined stands; it is made as long. */
	rf_buf_add_str(&all, names);
	for (size_t i = 0; i + 1 < all.len; i++)
		all.data[i] = all.data[i] ? all.data[i] : '\1';
	table_make(&table, &test_shapes[0], TABLE_120, &main_function, 1, rf_buf_cstr(&all));
	for (size_t i = 0; i < table.len; i++) {
		if (i >= 72 && i < 72 + 11 + all.len && table.data[i] == '\1')
			table.data[i] = '\0';
	}
	if (!deps)
		blob.data[0] = 'x';
	parts[0].bytes = rf_buf_str(&blob);
	parts[1].bytes = rf_buf_str(&table);
	test_elf(out, &test_shapes[0], parts, 2, true);
}

static int scan_file(struct vuln_db *db, const struct rf_buf *file)
{
	size_t place = SIZE_MAX;
	struct go_exe exe;

	if (go_exe_open((struct rf_bytes){(const uint8_t *)file->data, file->len}, &exe, &err) < 0)
		return RF_EINTERNAL;
	inventory_done(&scanner.inv);
	if (inventory_init(&scanner.inv, db, &err) < 0)
		abort();
	inventory_added(&scanner.inv, RF_STR("app"), false);
	return scan_go(&scanner, RF_STR("app"), &place, &exe, &err);
}

static void scan(struct vuln_db *db, const struct rf_buf *deps, struct rf_str names)
{
	AUTO_BUF file = {.len = 0};

	make_program(deps, names, &file);
	CHECKF(scan_file(db, &file) == RF_OK, "%s", err.msg);
}

/* "ID tier ..." in the order of modules. */
static const char *told(void)
{
	static struct rf_buf out;

	rf_buf_clear(&out);
	rf_vec_each (it, &scanner.inv.findings)
		rf_buf_addf(&out, "%s" RF_STR_FMT " %s", out.len ? " " : "",
			RF_STR_ARG(it->finding.id), scan_tier_name(it->finding.tier));
	return rf_buf_cstr(&out);
}

#define NAMES(text) ((struct rf_str){(text), sizeof(text)})

static void a_package_belongs_to_the_longest_module(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);
	AUTO_BUF deps = {.len = 0};

	rf_buf_add_c(&deps, "dep\texample.com/a\tv1.0.0\ndep\texample.com/a/b\tv1.0.0\n"
			    "dep\tshop\tv1.0.0\ndep\texample.com/other\tv1.0.0\n");
	scan(db, &deps, NAMES("example.com/a/b/c.F\0example.com/others.F\0"));
	CHECK_STR(told(), "G-STD absent G-OUTER absent G-INNER linked G-LOCAL absent "
			  "G-OTHER absent");
	scan(db, &deps, NAMES("example.com/a.F\0os/exec.F\0"));
	CHECK_STR(told(), "G-STD linked G-OUTER linked G-INNER absent G-LOCAL absent "
			  "G-OTHER absent");
	scan(db, &deps, NAMES("shop/cart.F\0example.com/abc.F\0"));
	CHECK_STR(told(), "G-STD absent G-OUTER absent G-INNER absent G-LOCAL linked "
			  "G-OTHER absent");
}

/* Each of many packages was compared with each of many modules. */
static void many_packages_of_many_modules_take_a_bounded_time(void)
{
	AUTO_VULN_DB *db = test_db(texts, 3);
	AUTO_BUF deps = {.len = 0}, names = {.len = 0};
	struct timespec from, to;

	for (unsigned i = 0; i < 20000; i++)
		rf_buf_addf(&deps, "dep\tm%u.example.com/a/module\tv1.0.0\n", i);
	for (unsigned i = 0; i < 200000; i++) {
		rf_buf_addf(&names, "m%u.e/%u.F", i % 9, i);
		rf_buf_add_char(&names, '\0');
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	scan(db, &deps, rf_buf_str(&names));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	CHECKF(to.tv_sec - from.tv_sec < 5, "%lld s", (long long)(to.tv_sec - from.tv_sec));
}

#define SYMBOL(id, path, symbol)                                                                   \
	"{\"id\":\"" id "\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"    \
	"\"ecosystem\":\"Go\",\"name\":\"stdlib\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{" \
	"\"introduced\":\"0\"},{\"fixed\":\"1.2.0\"}]}],\"ecosystem_specific\":{\"imports\":[{"    \
	"\"path\":\"" path "\",\"symbols\":[\"" symbol "\"]}]}}]}"

/* Whatever its version is: what is linked may be what is known to be bad. */
static void without_build_information_all_that_is_linked_of_the_standard_library_counts(void)
{
	static const char *const about[] = {"[" SYMBOL("G-HERE", "os/exec", "Command") "," SYMBOL(
		"G-NOT", "net/http", "Get") "]"};
	AUTO_VULN_DB *db = test_db(about, 1);
	AUTO_BUF file = {.len = 0};

	make_program(NULL, NAMES("runtime.mstart\0os/exec.Command\0"), &file);
	CHECK_INT(scan_file(db, &file), RF_EUNSUPPORTED);
	CHECKF(strstr(err.msg, "a Go program without build information"), "%s", err.msg);
	CHECK_STR(told(), "G-NOT absent G-HERE unknown");
	REQUIRE(scanner.inv.packages.count == 1 && scanner.inv.findings.count == 2);
	CHECK(rf_str_is(scanner.inv.packages.items[0].package.name, "stdlib") &&
		scanner.inv.packages.items[0].package.version.len == 0);
	CHECK_INT(scanner.inv.findings.items[0].finding.fixed.count, 1);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(a_package_belongs_to_the_longest_module);
	RUN(without_build_information_all_that_is_linked_of_the_standard_library_counts);
	RUN(many_packages_of_many_modules_take_a_bounded_time);
	inventory_done(&scanner.inv);
	test_close();
	return TAP_END();
}
