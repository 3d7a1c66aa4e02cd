/*
 * What names say: of variables, whether a secret is likely behind them; of files, whether they
 * are worth searching, are tests or are program text.
 */
#include "image/secrets/secrets_int.h"

/* Words that say that the value is about a secret, not one: token_url, secret-name, key_id. */
static const char *const about_words[] = {
	"id", "ids", "name", "names", "url", "uri", "urls", "path", "paths", "file", "files",
	"filename", "dir", "directory", "endpoint", "type", "types", "size", "length", "len",
	"count", "version", "ttl", "expiry", "expires", "expiration", "format", "header", "headers",
	"regex", "pattern", "field", "label", "hint", "help", "ref", "arn", "alg", "algorithm",
	"provider", "kind", "index", "issuer", "class", "env", "prefix", "suffix", "mode", "enabled",
	"required", "timeout", "policy", "hash", "digest", "fingerprint", "thumbprint", "checksum",
	"sum", "signature", "host", "port", "server", "scope", "scopes", "audience", "event", "row",
	"column", "code", "codes", "status", "error", "message", "msg", "description", "title", "text",
	"placeholder", "method", "function", "usage", "store", "keystore", "manager", "service",
	"namespace", "selector", "format", "attribute", "attributes", "source", "location", "command",
	"program", "helper", "cmd", "callback", "handler", "question", "reset", "input", "output",
	"confirm", "confirmation", "strength", "limit", "max", "min", "age", "date", "time", "lifetime",
	"duration", "algo", "curve", "bits", "usages", "spec", "info", "state", "list", "map", "set",
	"verifier", "challenge", "nonce", "iv", "salt", "oid", "guid", "uuid", "vault", "ring",
};

/* Words that make it no secret wherever they stand. */
static const char *const open_words[] = {
	"public", "pub", "authenticity", "unpublished", "pubkey", "publickey", "csrf", "xsrf", "keyboard", "keyword", "keywords",
	"primary", "foreign", "partition", "sort", "cache", "cursor", "next", "page", "pagination",
	"continuation", "continue", "sequence", "schema", "bucket", "idx", "natural", "hotkey",
	"monkey", "turkey", "example", "sample", "dummy", "mock", "fake", "author", "authors",
	"integrity", "site", "accessibility", "accessor", "typekit", "recaptcha", "captcha",
	"publishable", "tokenizer", "lexer", "known", "expected", "want", "cancellation", "sri",
	"uuid", "guid", "etag", "nonce", "commit", "revision", "sha", "sha1", "sha256", "md5",
};

static const char *const password_words[] = {
	"password", "passwd", "passwort", "passphrase", "pwd", "passcode", "pass", "pw", "dbpassword",
	"dbpass", "userpassword", "passw", "rootpassword",
};

/* "key" and "auth" say little alone; after one of these they do. */
static const char *const key_owners[] = {
	"api", "access", "secret", "private", "priv", "encryption", "encrypt", "crypt", "crypto", "signing", "sign", "auth",
	"account", "storage", "master", "session", "license", "service", "deploy", "client", "app",
	"application", "admin", "hmac", "aes", "jwt", "shared", "user", "bot", "webhook", "consumer", "dev", "developer",
	"integration", "ingest", "write", "subscription", "functions", "host", "registration", "token", "x", "cookie", "django", "flask", "rails", "base", "authorization", "stream", "rest", "sdk", "prod", "production", "live",
};

struct words {
	struct rf_str words[12];
	unsigned count;
};

/* camelCase, snake_case, kebab-case, dotted, and HTTPServer as HTTP and Server. */
static void split(struct rf_str name, struct words *ret)
{
	size_t begin = 0;

	ret->count = 0;
	for (size_t i = 0; i <= name.len; i++) {
		const bool end = i == name.len || !secret_char_is(name.ptr[i], C_ALNUM);
		const bool hump = !end && i > begin && secret_char_is(name.ptr[i], C_UPPER) &&
				  (secret_char_is(name.ptr[i - 1], C_LOWER | C_DIGIT) ||
					  (i + 1 < name.len && secret_char_is(name.ptr[i + 1], C_LOWER)));

		if (!end && !hump)
			continue;
		if (i > begin) {
			if (ret->count == RF_ARRAY_LEN(ret->words)) {
				memmove(ret->words, ret->words + 1,
					sizeof(ret->words) - sizeof(ret->words[0]));
				ret->count--;
			}
			ret->words[ret->count++] =
				(struct rf_str){name.ptr + begin, i - begin};
		}
		begin = hump ? i : i + 1;
	}
}

static bool is_one_of(struct rf_str word, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (secret_equals(word, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(word, list) is_one_of(word, list, RF_ARRAY_LEN(list))

static bool is_number(struct rf_str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!secret_char_is(word.ptr[i], C_DIGIT))
			return false;
	return true;
}

static bool is_key_word(const struct words *w, unsigned i)
{
	const struct rf_str word = w->words[i];

	if (secret_contains(word, "secret") || secret_contains(word, "token") ||
		secret_contains(word, "apikey") || secret_contains(word, "credential") ||
		secret_equals(word, "creds") || secret_equals(word, "authkey") ||
		secret_equals(word, "accesskey") || secret_equals(word, "privatekey") || secret_equals(word, "accountkey"))
		return true;
	if (secret_equals(word, "key") || secret_equals(word, "keys"))
		return i > 0 && IS_ONE_OF(w->words[i - 1], key_owners);
	return secret_equals(word, "auth") && i + 1 == w->count;
}

enum secret_name secret_name_kind(struct rf_str name)
{
	enum secret_name kind = SECRET_NAME_NONE;
	struct words w;

	split(name, &w);
	while (w.count && is_number(w.words[w.count - 1]))
		w.count--;
	if (w.count == 0 || IS_ONE_OF(w.words[w.count - 1], about_words))
		return SECRET_NAME_NONE;
	for (unsigned i = 0; i < w.count; i++) {
		if (IS_ONE_OF(w.words[i], open_words))
			return SECRET_NAME_NONE;
		if (IS_ONE_OF(w.words[i], password_words) || secret_contains(w.words[i], "password"))
			kind = SECRET_NAME_PASSWORD;
		else if (kind == SECRET_NAME_NONE && is_key_word(&w, i))
			kind = SECRET_NAME_KEY;
	}
	return kind;
}

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

static const char *const unwanted_suffixes[] = {
	".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".ico", ".webp", ".tiff", ".tif", ".psd",
	".woff", ".woff2", ".ttf", ".otf", ".eot", ".afm", ".pfb", ".mp3", ".mp4", ".ogg", ".wav",
	".webm", ".avi", ".mov", ".pdf", ".ps", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx",
	".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".7z", ".rar", ".jar", ".war", ".deb",
	".rpm", ".apk", ".whl", ".gem", ".so", ".a", ".o", ".pyc", ".pyo", ".class", ".dll", ".exe",
	".dylib", ".wasm", ".mo", ".po", ".pot", ".gmo", ".min.js", ".min.css", ".map", ".css",
	".lock", ".sum", ".md5sums", ".list", ".crt", ".cer", ".der", ".crl", ".pub", ".dat", ".bin",
	".ts.map", ".tzdata", ".hyb", ".dic", ".aff", ".tfm", ".vim",
};

static const char *const unwanted_names[] = {
	"go.sum", "go.mod", "modules.txt", "package-lock.json", "npm-shrinkwrap.json",
	"pnpm-lock.yaml", "deno.lock", "gradlew", "mvnw", "record", "pkg-info", "metadata", "license", "copying", "changelog",
};

static const char *const unwanted_parts[] = {
	"usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/i18n/",
	"usr/share/zoneinfo/", "usr/share/fonts/", "usr/share/icons/", "usr/share/mime/",
	"usr/share/ca-certificates/", "usr/share/terminfo/", "usr/lib/locale/", "usr/share/perl/",
	"usr/share/unicode/", "usr/share/misc/", "usr/share/common-licenses/", "var/lib/dpkg/",
	"lib/apk/db/", "var/lib/rpm/", "usr/share/lintian/", "usr/share/bash-completion/",
	"usr/share/zsh/", "usr/share/vim/", "usr/include/", "usr/share/gtk-doc/", "var/cache/apt/",
	"var/lib/apt/lists/", "etc/ssl/certs/", "usr/share/pki/", "usr/share/X11/", "/.git/objects/",
};

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
	if (IS_ONE_OF(base, unwanted_names))
		return false;
	for (size_t i = 0; i < RF_ARRAY_LEN(unwanted_parts); i++)
		if (has_part(path, unwanted_parts[i]))
			return false;
	/* The tests of Python itself come with certificates and keys of their own. */
	return !(has_part(path, "lib/python") && has_part(path, "/test/"));
}

static const char *const test_parts[] = {
	"testdata", "test", "tests", "__tests__", "spec", "specs", "fixture", "fixtures", "mock",
	"mocks", "__mocks__", "example", "examples", "samples", "doc", "docs", "documentation",
	"testing", "test-data", "test_data", "testcases", "testsuite", "e2e",
};

static const char *const test_suffixes[] = {
	"_test.go", ".test.js", ".test.ts", ".test.tsx", ".spec.js", ".spec.ts", "_test.py",
	"_spec.rb", "_test.rb", "test.java", "tests.java", "test.php", "_test.c", "_test.cc", ".md",
	".rst", ".adoc", ".html", ".htm", ".example", ".sample", ".tmpl.txt", ".dist", ".pod",
};

bool secret_path_is_test(struct rf_str path)
{
	struct rf_str rest = path;

	for (size_t i = 0; i < RF_ARRAY_LEN(test_suffixes); i++)
		if (has_suffix(path, test_suffixes[i]))
			return true;
	while (rest.ptr && rest.len) {
		struct rf_str part;

		rest = rf_str_cut(rest, '/', &part);
		if (rest.ptr && IS_ONE_OF(part, test_parts))
			return true;
		if (!rest.ptr && rf_str_starts(part, RF_STR("test_")))
			return true;
		/* fips140test, httptest */
		if (rest.ptr && part.len > 4 && has_suffix(part, "test"))
			return true;
	}
	return false;
}

static const char *const program_suffixes[] = {
	".go", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".py", ".js", ".jsx", ".ts", ".tsx", ".mjs",
	".java", ".kt", ".scala", ".rb", ".php", ".rs", ".cs", ".swift", ".m", ".pl", ".pm", ".lua",
	".s", ".ex", ".exs", ".erl", ".hs", ".ml", ".dart", ".groovy", ".vue", ".svelte", ".el",
};

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
