/* Names as Go's linkers write them, from programs of Go 1.15 to 1.27. */
#include "tests/lib/tap.h"

#include "image/go/symbol.h"

static const struct {
	const char *text, *package, *symbol; /* symbol NULL: no function of a package */
} rows[] = {
	{"main.main", "main", "main"},
	{"net/http.Get", "net/http", "Get"},
	{"net/http.(*Server).Serve", "net/http", "Server.Serve"},
	{"net/http.Header.Get", "net/http", "Header.Get"},
	{"golang.org/x/net/html.Parse", "golang.org/x/net/html", "Parse"},
	/* Dots in the last element of a path are escaped; those before it are not. */
	{"gopkg.in/yaml%2ev2.Unmarshal", "gopkg.in/yaml.v2", "Unmarshal"},
	{"gopkg.in/yaml%2ev2.(*decoder).document", "gopkg.in/yaml.v2", "decoder.document"},
	{"github.com/a/b%2ego.F", "github.com/a/b.go", "F"},
	{"example%2eorg.F", "example.org", "F"},
	{"a/b%25c.F", "a/b%c", "F"},
	{"a/b%zz.F", "a/b%zz", "F"},
	{"a/b%2.F", "a/b%2", "F"},
	/* "go." begins paths, too. */
	{"go.uber.org/zap.New", "go.uber.org/zap", "New"},
	{"go.uber.org/zap.(*Logger).Info", "go.uber.org/zap", "Logger.Info"},
	{"go/parser.ParseFile", "go/parser", "ParseFile"},
	{"type/x.F", "type/x", "F"},
	{"typ.F", "typ", "F"},
	/* Vendored by the standard library, and by GOPATH programs. */
	{"vendor/golang.org/x/net/http/httpguts.HeaderValuesContainsToken",
		"vendor/golang.org/x/net/http/httpguts", "HeaderValuesContainsToken"},
	{"github.com/a/b/vendor/golang.org/x/text/language.Parse",
		"github.com/a/b/vendor/golang.org/x/text/language", "Parse"},
	/* Type arguments, before Go 1.21 and since. */
	{"slices.Sort[...]", "slices", "Sort"},
	{"slices.Sort[go.shape.[]int,go.shape.int]", "slices", "Sort"},
	{"a/b.(*T[...]).M", "a/b", "T.M"},
	{"a/b.T[...].M", "a/b", "T.M"},
	{"a/b.(*T[go.shape.*c/d.E_0]).M", "a/b", "T.M"},
	{"a/b.F[c/d.E]", "a/b", "F"},
	{"a/b.F[c/d.E[x/y.Z]]", "a/b", "F"},
	{"main.F[github.com/a/b%2ev2.T]", "main", "F"},
	{"sync/atomic.(*Pointer[go.shape.struct { a/b.c int }]).Load", "sync/atomic",
		"Pointer.Load"},
	/* Closures and method values have names that no advisory has. */
	{"net/http.(*Server).Serve.func1", "net/http", "Server).Serve.func1"},
	{"net/http.HandleFunc.func1", "net/http", "HandleFunc.func1"},
	{"net/http.init.0", "net/http", "init.0"},
	{"net/http.(*Server).Serve-fm", "net/http", "Server.Serve-fm"},
	{"main.glob..func1", "main", "glob..func1"},
	/* What the compiler and the linker made up. */
	{"type..eq.net/http.Header", NULL, NULL},
	{"type:.eq.net/http.Header", NULL, NULL},
	{"type..hash.[2]string", NULL, NULL},
	{"go:buildid", NULL, NULL},
	{"go:struct { a/b.C }.D", NULL, NULL},
	{"", NULL, NULL},
	{"_rt0_amd64_linux", NULL, NULL},
	{"_cgo_init", NULL, NULL},
	{"callRet", NULL, NULL},
	{".F", NULL, NULL},
	{"a/b", NULL, NULL},
	{"a/b.", NULL, NULL},
	{"a.[...]", NULL, NULL},
};

static void names_become_packages_and_symbols(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF package = {0}, name = {0};
		struct go_symbol symbol;
		bool parsed = go_symbol_parse(rf_str_of(rows[i].text), &symbol);

		CHECKF(parsed == (rows[i].symbol != NULL), "\"%s\"", rows[i].text);
		if (!parsed || !rows[i].symbol)
			continue;
		go_symbol_add_package(&symbol, &package);
		go_symbol_add_name(&symbol, &name);
		CHECK_STR(rf_buf_cstr(&package), rows[i].package);
		CHECK_STR(rf_buf_cstr(&name), rows[i].symbol);
	}
}

/* Nothing may be read behind a name, wherever it ends. */
static void every_beginning_of_a_name_is_read_within_its_bounds(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		size_t whole = strlen(rows[i].text);

		for (size_t len = 0; len <= whole; len++) {
			AUTO_FREE char *exact = malloc(len + !len);
			AUTO_BUF out = {0};
			struct go_symbol symbol;

			REQUIRE(exact);
			memcpy(exact, rows[i].text, len);
			if (go_symbol_parse((struct rf_str){exact, len}, &symbol)) {
				go_symbol_add_package(&symbol, &out);
				go_symbol_add_name(&symbol, &out);
			}
			go_symbol_add_display((struct rf_str){exact, len}, &out);
			CHECK(!out.failed);
		}
	}
}

static void people_see_names_without_escapes(void)
{
	static const char *const shown[][2] = {
		{"gopkg.in/yaml%2ev2.(*decoder).document", "gopkg.in/yaml.v2.(*decoder).document"},
		{"net/http.(*Server).Serve", "net/http.(*Server).Serve"},
		{"type..eq.T", "type..eq.T"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(shown); i++) {
		AUTO_BUF out = {0};

		go_symbol_add_display(rf_str_of(shown[i][0]), &out);
		CHECK_STR(rf_buf_cstr(&out), shown[i][1]);
	}
}

static void packages_lie_in_modules_by_whole_elements(void)
{
	CHECK(go_package_in_module(RF_STR("a.b/c/d"), RF_STR("a.b/c")));
	CHECK(go_package_in_module(RF_STR("a.b/c"), RF_STR("a.b/c")));
	CHECK(!go_package_in_module(RF_STR("a.b/cd"), RF_STR("a.b/c")));
	CHECK(!go_package_in_module(RF_STR("a.b"), RF_STR("a.b/c")));
}

static void the_standard_library_has_no_dot_in_its_first_element(void)
{
	CHECK(go_package_is_std(RF_STR("net/http")));
	CHECK(go_package_is_std(RF_STR("vendor/golang.org/x/net/idna")));
	CHECK(!go_package_is_std(RF_STR("golang.org/x/net/idna")));
	CHECK(!go_package_is_std(RF_STR("")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(names_become_packages_and_symbols);
	RUN(every_beginning_of_a_name_is_read_within_its_bounds);
	RUN(people_see_names_without_escapes);
	RUN(packages_lie_in_modules_by_whole_elements);
	RUN(the_standard_library_has_no_dot_in_its_first_element);
	return TAP_END();
}
