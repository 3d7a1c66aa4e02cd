/* What the name of a variable says: whether a secret is likely behind it. */
#include "image/secrets/secrets_int.h"

/* Words that say that the value is about a secret, not one: token_url, secret-name, key_id. */
static const char *const about_words[] = {"id", "ids", "name", "names", "url", "uri", "urls",
	"path", "paths", "file", "files", "filename", "dir", "directory", "endpoint", "type",
	"types", "size", "length", "len", "count", "version", "ttl", "expiry", "expires",
	"expiration", "format", "header", "headers", "regex", "pattern", "field", "label", "hint",
	"help", "ref", "arn", "alg", "algorithm", "provider", "kind", "index", "issuer", "class",
	"env", "prefix", "suffix", "mode", "enabled", "required", "timeout", "policy", "hash",
	"digest", "fingerprint", "thumbprint", "checksum", "sum", "signature", "host", "port",
	"server", "scope", "scopes", "audience", "event", "row", "column", "code", "codes",
	"status", "error", "message", "msg", "description", "title", "text", "placeholder",
	"method", "function", "usage", "store", "keystore", "manager", "service", "namespace",
	"selector", "format", "attribute", "attributes", "source", "location", "command", "program",
	"helper", "cmd", "callback", "handler", "question", "reset", "input", "output", "confirm",
	"confirmation", "strength", "limit", "max", "min", "age", "date", "time", "lifetime",
	"duration", "algo", "curve", "bits", "usages", "spec", "info", "state", "list", "map",
	"set", "verifier", "challenge", "nonce", "iv", "salt", "oid", "guid", "uuid", "vault",
	"ring"};

/* Words that make it no secret wherever they stand. */
static const char *const open_words[] = {"public", "pub", "authenticity", "unpublished", "pubkey",
	"publickey", "csrf", "xsrf", "keyboard", "keyword", "keywords", "primary", "foreign",
	"partition", "sort", "cache", "cursor", "next", "page", "pagination", "continuation",
	"continue", "sequence", "schema", "bucket", "idx", "natural", "hotkey", "monkey", "turkey",
	"example", "sample", "dummy", "mock", "fake", "author", "authors", "integrity", "site",
	"accessibility", "accessor", "typekit", "recaptcha", "captcha", "publishable", "tokenizer",
	"lexer", "known", "expected", "want", "cancellation", "sri", "uuid", "guid", "etag",
	"nonce", "commit", "revision", "sha", "sha1", "sha256", "md5"};

static const char *const password_words[] = {"password", "passwd", "passwort", "passphrase", "pwd",
	"passcode", "pass", "pw", "dbpassword", "dbpass", "userpassword", "passw", "rootpassword"};

/* "key" and "auth" say little alone; after one of these they do. */
static const char *const key_owners[] = {"api", "access", "secret", "private", "priv", "encryption",
	"encrypt", "crypt", "crypto", "signing", "sign", "auth", "account", "storage", "master",
	"session", "license", "service", "deploy", "client", "app", "application", "admin", "hmac",
	"aes", "jwt", "shared", "user", "bot", "webhook", "consumer", "dev", "developer",
	"integration", "ingest", "write", "subscription", "functions", "host", "registration",
	"token", "x", "cookie", "django", "flask", "rails", "base", "authorization", "stream",
	"rest", "sdk", "prod", "production", "live"};

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
		const bool hump =
			!end && i > begin && secret_char_is(name.ptr[i], C_UPPER) &&
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
			ret->words[ret->count++] = (struct rf_str){name.ptr + begin, i - begin};
		}
		begin = hump ? i : i + 1;
	}
}

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
		secret_equals(word, "accesskey") || secret_equals(word, "privatekey") ||
		secret_equals(word, "accountkey"))
		return true;
	if (secret_equals(word, "key") || secret_equals(word, "keys"))
		return i > 0 && SECRET_IS_ONE_OF(w->words[i - 1], key_owners);
	return secret_equals(word, "auth") && i + 1 == w->count;
}

enum secret_name secret_name_kind(struct rf_str name)
{
	enum secret_name kind = SECRET_NAME_NONE;
	struct words w;

	split(name, &w);
	while (w.count && is_number(w.words[w.count - 1]))
		w.count--;
	if (w.count == 0 || SECRET_IS_ONE_OF(w.words[w.count - 1], about_words))
		return SECRET_NAME_NONE;
	for (unsigned i = 0; i < w.count; i++) {
		if (SECRET_IS_ONE_OF(w.words[i], open_words))
			return SECRET_NAME_NONE;
		if (SECRET_IS_ONE_OF(w.words[i], password_words) ||
			secret_contains(w.words[i], "password"))
			kind = SECRET_NAME_PASSWORD;
		else if (kind == SECRET_NAME_NONE && is_key_word(&w, i))
			kind = SECRET_NAME_KEY;
	}
	return kind;
}
