/* What the path of a file says: whether it is worth searching, a test, program text. */
#include "image/secrets/secrets_int.h"

static bool has_suffix(struct rf_str path, const char *suffix)
{
	const size_t len = strlen(suffix);

	return path.len >= len &&
	       secret_equals((struct rf_str){path.ptr + path.len - len, len}, suffix);
}

static struct rf_str base_of(struct rf_str path)
{
	while (true) {
		struct rf_str head, rest = rf_str_cut(path, '/', &head);

		if (!rest.ptr)
			return path;
		path = rest;
	}
}

static const char *const unwanted_suffixes[] = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp",
	".ico", ".webp", ".tiff", ".tif", ".psd", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".afm",
	".pfb", ".mp3", ".mp4", ".ogg", ".wav", ".webm", ".avi", ".mov", ".pdf", ".ps", ".doc",
	".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".gz", ".bz2", ".xz", ".zst", ".zip", ".tar",
	".tgz", ".7z", ".rar", ".jar", ".war", ".deb", ".rpm", ".apk", ".whl", ".gem", ".so", ".a",
	".o", ".pyc", ".pyo", ".class", ".dll", ".exe", ".dylib", ".wasm", ".mo", ".po", ".pot",
	".gmo", ".min.js", ".min.css", ".map", ".css", ".lock", ".sum", ".md5sums", ".list", ".crt",
	".cer", ".der", ".crl", ".pub", ".dat", ".bin", ".ts.map", ".tzdata", ".hyb", ".dic",
	".aff", ".tfm", ".vim"};

static const char *const unwanted_names[] = {"go.sum", "go.mod", "modules.txt", "package-lock.json",
	"npm-shrinkwrap.json", "pnpm-lock.yaml", "deno.lock", "gradlew", "mvnw", "record",
	"pkg-info", "metadata", "license", "copying", "changelog"};

static const char *const unwanted_parts[] = {"usr/share/doc/", "usr/share/man/", "usr/share/info/",
	"usr/share/locale/", "usr/share/i18n/", "usr/share/zoneinfo/", "usr/share/fonts/",
	"usr/share/icons/", "usr/share/mime/", "usr/share/ca-certificates/", "usr/share/terminfo/",
	"usr/lib/locale/", "usr/share/perl/", "usr/share/unicode/", "usr/share/misc/",
	"usr/share/common-licenses/", "var/lib/dpkg/", "lib/apk/db/", "var/lib/rpm/",
	"usr/share/lintian/", "usr/share/bash-completion/", "usr/share/zsh/", "usr/share/vim/",
	"usr/include/", "usr/share/gtk-doc/", "var/cache/apt/", "var/lib/apt/lists/",
	"etc/ssl/certs/", "usr/share/pki/", "usr/share/X11/", "/.git/objects/"};

static bool has_part(struct rf_str path, const char *part)
{
	return path.len && memmem(path.ptr, path.len, part, strlen(part));
}

bool secret_path_wanted(struct rf_str path)
{
	const struct rf_str base = base_of(path);

	for (size_t i = 0; i < RF_ARRAY_LEN(unwanted_suffixes); i++)
		if (has_suffix(base, unwanted_suffixes[i]))
			return false;
	if (SECRET_IS_ONE_OF(base, unwanted_names))
		return false;
	for (size_t i = 0; i < RF_ARRAY_LEN(unwanted_parts); i++)
		if (has_part(path, unwanted_parts[i]))
			return false;
	/* The tests of Python itself come with certificates and keys of their own. */
	return !(has_part(path, "lib/python") && has_part(path, "/test/"));
}

static const char *const test_parts[] = {"testdata", "test", "tests", "__tests__", "spec", "specs",
	"fixture", "fixtures", "mock", "mocks", "__mocks__", "example", "examples", "samples",
	"doc", "docs", "documentation", "testing", "test-data", "test_data", "testcases",
	"testsuite", "e2e"};

static const char *const test_suffixes[] = {"_test.go", ".test.js", ".test.ts", ".test.tsx",
	".spec.js", ".spec.ts", "_test.py", "_spec.rb", "_test.rb", "test.java", "tests.java",
	"test.php", "_test.c", "_test.cc", ".md", ".rst", ".adoc", ".html", ".htm", ".example",
	".sample", ".tmpl.txt", ".dist", ".pod"};

bool secret_path_is_test(struct rf_str path)
{
	struct rf_str rest = path;

	for (size_t i = 0; i < RF_ARRAY_LEN(test_suffixes); i++)
		if (has_suffix(path, test_suffixes[i]))
			return true;
	while (rest.ptr && rest.len) {
		struct rf_str part;

		rest = rf_str_cut(rest, '/', &part);
		if (rest.ptr && SECRET_IS_ONE_OF(part, test_parts))
			return true;
		if (!rest.ptr && rf_str_starts(part, RF_STR("test_")))
			return true;
		/* fips140test, httptest */
		if (rest.ptr && part.len > 4 && has_suffix(part, "test"))
			return true;
	}
	return false;
}

static const char *const program_suffixes[] = {".go", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp",
	".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".java", ".kt", ".scala", ".rb", ".php", ".rs",
	".cs", ".swift", ".m", ".pl", ".pm", ".lua", ".s", ".ex", ".exs", ".erl", ".hs", ".ml",
	".dart", ".groovy", ".vue", ".svelte", ".el"};

bool secret_path_is_program(struct rf_str path)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(program_suffixes); i++)
		if (has_suffix(path, program_suffixes[i]))
			return true;
	return false;
}

/* Text has no NUL and hardly any other control characters. */
bool secret_is_text(struct rf_bytes head)
{
	size_t strange = 0;
	const size_t len = head.len < 4096 ? head.len : 4096;

	if (len == 0 || memchr(head.ptr, 0, len))
		return false;
	for (size_t i = 0; i < len; i++)
		strange += head.ptr[i] < 9 || (head.ptr[i] > 13 && head.ptr[i] < 27) ||
			   (head.ptr[i] > 27 && head.ptr[i] < 32);
	return strange * 100 <= len;
}
