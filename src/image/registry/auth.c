/*
 * A challenge list has commas between challenges and between their parameters: what is followed by
 * '=' is a parameter, what is not begins a challenge.
 */
#include "image/registry/auth.h"

#include <openssl/evp.h>
#include <strings.h>

#include "image/json_int.h"
#include "wire/http1.h"

#define AUTH_ARENA_BYTES ((size_t)64 << 20)

/* --- challenges --- */

struct scan {
	struct rf_str rest;
};

static char peek(const struct scan *scan)
{
	return scan->rest.len ? scan->rest.ptr[0] : '\0';
}

static void advance(struct scan *scan)
{
	scan->rest.ptr++;
	scan->rest.len--;
}

static void skip_any(struct scan *scan, const char *chars)
{
	while (peek(scan) && strchr(chars, peek(scan)))
		advance(scan);
}

static struct rf_str take_token(struct scan *scan)
{
	struct rf_str token = {.ptr = scan->rest.ptr};

	while (scan->rest.len && http1_token_ok((struct rf_str){scan->rest.ptr, 1})) {
		advance(scan);
		token.len++;
	}
	return token;
}

/* A token or a quoted string, its escapes undone. */
static int take_value(struct scan *scan, struct rf_buf *out, struct rf_err *err)
{
	if (peek(scan) != '"') {
		rf_buf_add_str(out, take_token(scan));
		return RF_OK;
	}
	advance(scan);
	while (scan->rest.len && peek(scan) != '"') {
		if (peek(scan) == '\\')
			advance(scan);
		if (!scan->rest.len)
			break;
		rf_buf_add_char(out, peek(scan));
		advance(scan);
	}
	if (!scan->rest.len)
		return rf_err_set(err, RF_EINPUT, "WWW-Authenticate: a quote without its end");
	advance(scan);
	return RF_OK;
}

static bool equals(struct rf_str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

static int keep(struct rf_str name, const struct rf_buf *value, struct registry_challenge *ret,
	struct rf_err *err)
{
	bool fits = !value->failed;

	if (equals(name, "realm"))
		fits = fits && rf_str_copy(rf_buf_str(value), ret->realm, sizeof(ret->realm));
	else if (equals(name, "service"))
		fits = fits && rf_str_copy(rf_buf_str(value), ret->service, sizeof(ret->service));
	else if (equals(name, "scope"))
		fits = fits && rf_str_copy(rf_buf_str(value), ret->scope, sizeof(ret->scope));
	return fits ? RF_OK
		    : rf_err_set(err, RF_ELIMIT, "WWW-Authenticate: \"" RF_STR_FMT "\" is too long",
			      RF_STR_ARG(name));
}

static enum registry_scheme scheme_of(struct rf_str name)
{
	if (equals(name, "bearer"))
		return REGISTRY_BEARER;
	return equals(name, "basic") ? REGISTRY_BASIC : REGISTRY_NO_SCHEME;
}

/* One word of the list: a scheme's name or "name=value". */
static int take_item(struct scan *scan, enum registry_scheme *current,
	struct registry_challenge *ret, struct rf_err *err)
{
	AUTO_BUF value = {.max = WIRE_URL_MAX};
	struct rf_str name = take_token(scan);
	int rc;

	if (name.len == 0)
		return rf_err_set(err, RF_EINPUT, "WWW-Authenticate: a scheme or a name expected");
	skip_any(scan, " \t");
	if (peek(scan) != '=') {
		*current = scheme_of(name);
		if (*current > ret->scheme)
			ret->scheme = *current;
		return RF_OK;
	}
	advance(scan);
	skip_any(scan, " \t");
	rc = take_value(scan, &value, err);
	if (rc < 0 || *current != REGISTRY_BEARER)
		return rc;
	return keep(name, &value, ret, err);
}

int registry_challenge_parse(
	struct rf_str value, struct registry_challenge *ret, struct rf_err *err)
{
	enum registry_scheme current = REGISTRY_NO_SCHEME;
	struct scan scan = {.rest = value};
	int rc = RF_OK;

	ret->scheme = REGISTRY_NO_SCHEME;
	ret->realm[0] = ret->service[0] = ret->scope[0] = '\0';
	skip_any(&scan, " \t,");
	while (rc == RF_OK && scan.rest.len) {
		rc = take_item(&scan, &current, ret, err);
		skip_any(&scan, " \t,");
	}
	if (rc == RF_OK && ret->scheme == REGISTRY_BEARER && !ret->realm[0])
		rc = rf_err_set(err, RF_EINPUT, "WWW-Authenticate: Bearer without a realm");
	return rc;
}

/* --- config.json --- */

void registry_credentials_done(struct registry_credentials *credentials)
{
	explicit_bzero(credentials, sizeof(*credentials));
}

/* "https://host/v1/" and "host" are the same registry; so are Docker Hub's names. */
static struct rf_str host_of(struct rf_str key)
{
	static const char *const schemes[] = {"https://", "http://"};
	struct rf_str host;

	for (size_t i = 0; i < RF_ARRAY_LEN(schemes); i++) {
		struct rf_str scheme = rf_str_of(schemes[i]);

		if (rf_str_starts(key, scheme)) {
			key.ptr += scheme.len;
			key.len -= scheme.len;
		}
	}
	(void)rf_str_cut(key, '/', &host);
	if (rf_str_is(host, "index.docker.io") || rf_str_is(host, "registry-1.docker.io"))
		return RF_STR("docker.io");
	return host;
}

static const struct doc_node *find_host(const struct doc_node *map, const char *host)
{
	doc_each (node, map) {
		if (rf_str_is(host_of(node->key), host))
			return node;
	}
	return NULL;
}

/* Strict: whole groups of four, padding at the end only. Returns the length or -1. */
static int decode_base64(struct rf_str text, char *out, size_t out_size)
{
	size_t pad = 0;
	int len;

	while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < text.len - pad; i++) {
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
			    text.ptr[i]))
			return -1;
	}
	if (text.len % 4 || text.len / 4 * 3 >= out_size)
		return -1;
	len = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text.ptr, (int)text.len);
	return len < (int)pad ? -1 : len - (int)pad;
}

static int take_pair(struct rf_str auth, struct registry_credentials *ret, struct rf_err *err)
{
	char plain[REGISTRY_SECRET_SIZE];
	struct rf_str user, password = RF_STR_NONE;
	int len = decode_base64(auth, plain, sizeof(plain));
	bool good = false;

	if (len >= 0) {
		password = rf_str_cut((struct rf_str){plain, (size_t)len}, ':', &user);
		good = password.ptr && rf_str_copy(user, ret->user, sizeof(ret->user)) &&
		       rf_str_copy(password, ret->password, sizeof(ret->password));
	}
	explicit_bzero(plain, sizeof(plain));
	return good ? RF_OK : rf_err_set(err, RF_EINPUT, "\"auth\" is no base64 of USER:PASSWORD");
}

static int take_entry(
	const struct doc_node *entry, struct registry_credentials *ret, struct rf_err *err)
{
	struct rf_str auth, user, password, token;
	int rc = image_json_str(entry, "auth", &auth, err);

	if (rc == RF_OK)
		rc = image_json_str(entry, "username", &user, err);
	if (rc == RF_OK)
		rc = image_json_str(entry, "password", &password, err);
	if (rc == RF_OK)
		rc = image_json_str(entry, "identitytoken", &token, err);
	if (rc < 0)
		return rc;
	if (auth.len)
		rc = take_pair(auth, ret, err);
	else if (!rf_str_copy(user, ret->user, sizeof(ret->user)) ||
		 !rf_str_copy(password, ret->password, sizeof(ret->password)))
		rc = rf_err_set(err, RF_ELIMIT, "a user or password that is too long");
	if (rc == RF_OK && !rf_str_copy(token, ret->identity_token, sizeof(ret->identity_token)))
		rc = rf_err_set(err, RF_ELIMIT, "a token that is too long");
	if (rc == RF_OK && !ret->user[0] && !ret->identity_token[0])
		rc = rf_err_set(err, RF_EABSENT, "no credentials");
	return rc;
}

/* A helper of this host, or the one for all. */
static int take_helper(
	const struct doc_node *config, const char *host, char ret[static 64], struct rf_err *err)
{
	const struct doc_node *helpers, *own;
	struct rf_str name;
	int rc = image_json_child(config, "credHelpers", DOC_MAP, &helpers, err);

	if (rc == RF_OK)
		rc = image_json_str(config, "credsStore", &name, err);
	if (rc < 0)
		return rc;
	own = find_host(helpers, host);
	if (own)
		rc = image_json_text(own, "credHelpers", &name, err);
	if (rc == RF_OK && (!rf_str_copy(name, ret, 64) || strchr(ret, '/')))
		rc = rf_err_set(err, RF_EINPUT, "a credential helper's name that is none");
	return rc;
}

int registry_credentials_find(struct rf_str config_json, const char *host,
	struct registry_credentials *ret, char ret_helper[static 64], struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(AUTH_ARENA_BYTES);
	const struct doc_node *config = NULL, *auths, *entry;
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret_helper[0] = '\0';
	if (!arena)
		return rf_err_nomem(err);
	rc = image_json_parse(config_json, "config.json", arena, &config, err);
	if (rc == RF_OK)
		rc = take_helper(config, host, ret_helper, err);
	if (rc == RF_OK)
		rc = image_json_child(config, "auths", DOC_MAP, &auths, err);
	if (rc < 0)
		return rc;
	entry = find_host(auths, host);
	if (!entry || entry->type != DOC_MAP)
		return rf_err_set(err, RF_EABSENT, "no credentials");
	return take_entry(entry, ret, err);
}

int registry_helper_answer(
	struct rf_str answer_json, struct registry_credentials *ret, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(AUTH_ARENA_BYTES);
	const struct doc_node *answer = NULL;
	struct rf_str user, secret;
	bool token;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	rc = image_json_parse(answer_json, "the helper's answer", arena, &answer, err);
	if (rc == RF_OK)
		rc = image_json_str(answer, "Username", &user, err);
	if (rc == RF_OK)
		rc = image_json_str(answer, "Secret", &secret, err);
	if (rc < 0)
		return rc;
	token = rf_str_is(user, "<token>");
	memset(ret, 0, sizeof(*ret));
	if (!rf_str_copy(token ? RF_STR("") : user, ret->user, sizeof(ret->user)) ||
		!rf_str_copy(
			secret, token ? ret->identity_token : ret->password, REGISTRY_SECRET_SIZE))
		return rf_err_set(err, RF_ELIMIT, "a user or password that is too long");
	return RF_OK;
}

/* --- what is sent --- */

void registry_basic_put(const struct registry_credentials *credentials, struct rf_buf *out)
{
	AUTO_BUF pair = {.max = (size_t)2 * REGISTRY_SECRET_SIZE};
	char *room;

	rf_buf_addf(&pair, "%s:%s", credentials->user, credentials->password);
	rf_buf_add_c(out, "Basic ");
	room = pair.failed ? NULL : rf_buf_reserve(out, pair.len / 3 * 4 + 5);
	if (!room) {
		out->failed = true;
		return;
	}
	out->len += (size_t)EVP_EncodeBlock(
		(unsigned char *)room, (const unsigned char *)pair.data, (int)pair.len);
	explicit_bzero(pair.data, pair.len);
}

int registry_token_put(struct rf_str answer_json, struct rf_buf *out, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(AUTH_ARENA_BYTES);
	const struct doc_node *answer = NULL;
	struct rf_str token;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	rc = image_json_parse(answer_json, "the token service's answer", arena, &answer, err);
	if (rc == RF_OK)
		rc = image_json_str(answer, "token", &token, err);
	if (rc == RF_OK && token.len == 0)
		rc = image_json_str(answer, "access_token", &token, err);
	if (rc < 0)
		return rc;
	if (token.len == 0 || token.len >= REGISTRY_SECRET_SIZE || !http1_value_ok(token))
		return rf_err_set(err, RF_EINPUT, "the token service's answer holds no token");
	rf_buf_add_c(out, "Bearer ");
	rf_buf_add_str(out, token);
	return RF_OK;
}
