/*
 * Secrets that take more than a pattern: what stands around them decides. Each function is given
 * the place of a keyword and reads a bounded stretch around it.
 */
#include "image/secrets/secrets_int.h"

#define PEM_MIN	      64   /* characters of a key's body */
#define CURL_REACH    1024 /* bytes from "curl" to its -u */
#define CURL_LINES    6
#define AUTHORITY_MAX 512

static struct rf_str slice(struct rf_str text, size_t begin, size_t end)
{
	return (struct rf_str){.ptr = text.ptr + begin, .len = end - begin};
}

static size_t bounded_end(const struct secret_site *site, size_t begin, size_t reach)
{
	return site->text.len - begin > reach ? begin + reach : site->text.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A body is base64 over lines, or with the \n, quotes and pluses of a program's string. */
static size_t pem_body(struct rf_str text, size_t at, size_t end, size_t *ret_end)
{
	size_t count = 0;

	for (; at < end; at++) {
		const char c = text.ptr[at];

		if (c == '\\' && at + 1 < end && strchr("nrt", text.ptr[at + 1]))
			at++;
		else if (secret_char_is(c, C_B64 | C_EQUALS))
			count++;
		else if (c == '-' && (at + 1 == end || text.ptr[at + 1] == '-'))
			break;
		else if (!c || !strchr(" \t\r\n\"'`\\,:;().-<>@", c))
			break;
	}
	*ret_end = at;
	return count;
}

/* keyword: "private key" */
bool secret_find_pem(const struct secret_site *site, struct rf_str *ret)
{
	static const char opening[] = "-----BEGIN ";
	const size_t window = site->at > 48 ? site->at - 48 : 0;
	const struct rf_str before = slice(site->text, window, site->at);
	size_t at = site->end, end, limit;
	const char *begin = memmem(before.ptr, before.len, opening, sizeof(opening) - 1);

	if (!begin || memchr(begin, '\n', (size_t)(site->text.ptr + site->at - begin)))
		return false;
	if (rf_str_starts(slice(site->text, at, site->text.len), RF_STR(" BLOCK")))
		at += 6;
	if (!rf_str_starts(slice(site->text, at, site->text.len), RF_STR("-----")))
		return false;
	at += 5;
	limit = bounded_end(site, at, SECRET_MAX_MATCH - 128);
	if (pem_body(site->text, at, limit, &end) < PEM_MIN)
		return false;
	*ret = slice(site->text, (size_t)(begin - site->text.ptr), end);
	return !secret_contains(*ret, "example") && !secret_contains(*ret, "...") &&
	       !secret_contains(*ret, "xxxx") && secret_entropy(*ret) >= 45;
}

/* Is it a password that somebody uses? */
static bool is_literal(struct rf_str s, size_t min)
{
	const char *dollar = s.len ? memchr(s.ptr, '$', s.len - 1) : NULL;

	return s.len >= min && !secret_is_placeholder(s, false) && !secret_is_common_word(s) &&
	       !memchr(s.ptr, '{', s.len) &&
	       !(dollar && secret_char_is(dollar[1], C_LOWER | C_UPPER | C_UNDERSCORE | C_OTHER));
}

static bool is_nobodys_host(struct rf_str host)
{
	static const char *const hosts[] = {"host", "hostname", "server", "localhost", "domain",
		"proxy", "example", "foo", "bar", "test", "127.0.0.1", "1.2.3.4", "0.0.0.0", "ip",
		"myhost", "site", "address", "www.bogus.net"};
	struct rf_str name = host;

	rf_str_cut(host, ':', &name);
	for (size_t i = 0; i < RF_ARRAY_LEN(hosts); i++)
		if (secret_equals(name, hosts[i]))
			return true;
	return name.len < 2 || secret_contains(name, "example") || secret_contains(name, ".test") ||
	       secret_contains(name, "domain.") || secret_contains(name, "host.") ||
	       memchr(name.ptr, '<', name.len) || memchr(name.ptr, '[', name.len);
}

/* keyword: "://", before a user:password@ */
bool secret_find_url(const struct secret_site *site, struct rf_str *ret)
{
	const size_t limit = bounded_end(site, site->end, AUTHORITY_MAX);
	size_t end = site->end, at = 0;
	struct rf_str userinfo, user, host;

	for (; end < limit; end++) {
		const char c = site->text.ptr[end];

		if (c == '@')
			at = end;
		else if ((uint8_t)c <= ' ' || strchr("/?#\"'`\\<>()|,", c))
			break;
	}
	if (!at || site->at == 0 || !secret_char_is(site->text.ptr[site->at - 1], C_ALNUM))
		return false;
	userinfo = slice(site->text, site->end, at);
	host = slice(site->text, at + 1, end);
	*ret = rf_str_cut(userinfo, ':', &user);
	return ret->ptr && is_literal(*ret, 6) && !rf_str_eq(*ret, user) &&
	       !is_nobodys_host(host) && !secret_contains(*ret, "pass") &&
	       !secret_contains(*ret, "secret") && !secret_contains(*ret, "token") &&
	       !secret_contains(user, "example") && !secret_equals(user, "user") &&
	       !secret_equals(user, "username");
}

/* "user:password", 'user:password', user:'password' as a shell's word. */
static bool read_user_password(struct rf_str s, struct rf_str *ret)
{
	char quote = s.len && (s.ptr[0] == '"' || s.ptr[0] == '\'') ? s.ptr[0] : '\0';
	size_t end = quote ? 1 : 0;
	struct rf_str user;

	while (end < s.len && (quote ? s.ptr[end] != quote : (uint8_t)s.ptr[end] > ' ')) {
		if (s.ptr[end] == '\n')
			return false;
		end++;
	}
	s = slice(s, quote ? 1 : 0, end);
	*ret = rf_str_cut(s, ':', &user);
	if (!ret->ptr)
		return false;
	while (ret->len && strchr("\"'", ret->ptr[0]))
		*ret = slice(*ret, 1, ret->len);
	while (ret->len && strchr("\"',;)`", ret->ptr[ret->len - 1]))
		ret->len--;
	/* A key as user with no password, and the other way round. */
	if (ret->len == 0 && user.len >= 8 && secret_is_mixed(user))
		*ret = user;
	return is_literal(*ret, 3) && ret->ptr[0] != '[' && !secret_equals(user, "xxx") &&
	       !(ret->len < 8 && !secret_is_mixed(*ret) && secret_entropy(*ret) < 20) &&
	       !secret_contains(*ret, "password");
}

/* A command's line goes on where it ends in a backslash. */
static struct rf_str whole_command(struct rf_str text)
{
	size_t end = 0;

	for (unsigned lines = 0; lines < CURL_LINES; lines++) {
		const char *newline = memchr(text.ptr + end, '\n', text.len - end);

		if (!newline)
			return text;
		end = (size_t)(newline - text.ptr);
		if (end == 0 || (newline[-1] != '\\' && newline[-1] != '\r'))
			break;
		end++;
	}
	return slice(text, 0, end);
}

/* keyword: "curl", before its -u or --user */
bool secret_find_curl(const struct secret_site *site, struct rf_str *ret)
{
	static const char *const options[] = {" -u ", " --user ", " -u=", " --user=", "\t-u "};
	const struct rf_str command = whole_command(
		slice(site->text, site->end, bounded_end(site, site->end, CURL_REACH)));

	for (size_t i = 0; i < RF_ARRAY_LEN(options); i++) {
		size_t at;
		const char *option =
			memmem(command.ptr, command.len, options[i], strlen(options[i]));

		if (!option)
			continue;
		at = (size_t)(option - command.ptr) + strlen(options[i]);
		while (at < command.len && is_blank(command.ptr[at]))
			at++;
		return read_user_password(slice(command, at, command.len), ret);
	}
	return false;
}

static bool is_basic(struct rf_str s)
{
	char plain[256];
	struct rf_str user, password;
	const size_t len = secret_decode(s, plain, sizeof(plain));

	password = rf_str_cut((struct rf_str){plain, len}, ':', &user);
	return len && password.ptr && len > 4 && !secret_is_placeholder(s, false) &&
	       !(password.len &&
		       (secret_is_common_word(password) || secret_is_placeholder(password, false)));
}

static bool is_bearer(struct rf_str s)
{
	return s.len >= 14 && !secret_is_placeholder(s, true) && secret_is_mixed(s) &&
	       secret_is_random(s) && secret_entropy(s) >= 28;
}

static struct rf_str next_word(struct rf_str *s)
{
	size_t begin = 0, end;

	while (begin < s->len && is_blank(s->ptr[begin]))
		begin++;
	end = begin;
	while (end < s->len && secret_char_is(s->ptr[end], C_TOKEN | C_TILDE))
		end++;
	struct rf_str word = slice(*s, begin, end);

	*s = slice(*s, end, s->len);
	return word;
}

/* keyword: "authorization", "x-api-key": a header with what it carries */
bool secret_find_header(const struct secret_site *site, struct rf_str *ret)
{
	static const char *const schemes[] = {"bearer", "token", "api-token", "apitoken", "apikey"};
	struct rf_str rest = slice(site->text, site->end, bounded_end(site, site->end, 2048)), word;
	bool known = false;

	while (rest.len && strchr("\"'` ", rest.ptr[0]))
		rest = slice(rest, 1, rest.len);
	if (rest.len == 0 || !strchr(":=,", rest.ptr[0]))
		return false;
	rest = slice(rest, 1, rest.len);
	while (rest.len && strchr("\"'` ", rest.ptr[0]))
		rest = slice(rest, 1, rest.len);
	word = next_word(&rest);
	if (secret_equals(word, "basic")) {
		*ret = next_word(&rest);
		return is_basic(*ret) || (ret->len >= 40 && is_bearer(*ret));
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(schemes) && !known; i++)
		known = secret_equals(word, schemes[i]);
	*ret = known ? next_word(&rest) : word;
	return is_bearer(*ret) && (rest.len == 0 || strchr("\"'`\\ \r\n,;", rest.ptr[0]));
}

/* keyword: "\"auth\"" of ~/.docker/config.json: base64 of user:password */
bool secret_find_docker_auth(const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;
	struct secret_site inner = *site;

	inner.at++;
	inner.end--;
	if (!secret_assignment_read(&inner, &a) || !a.quoted)
		return false;
	*ret = a.value;
	return a.value.len >= 8 && is_basic(a.value);
}

static struct rf_str next_field(struct rf_str *s)
{
	size_t begin = 0, end;

	while (begin < s->len && strchr(" \t\r\n", s->ptr[begin]))
		begin++;
	for (end = begin; end < s->len && (uint8_t)s->ptr[end] > ' ';)
		end++;
	const struct rf_str field = slice(*s, begin, end);

	*s = slice(*s, end, s->len);
	return field;
}

/* keyword: "login", of machine HOST login USER password SECRET in a .netrc */
bool secret_find_netrc(const struct secret_site *site, struct rf_str *ret)
{
	struct rf_str rest = slice(site->text, site->end, bounded_end(site, site->end, 512));
	const size_t window = site->at > 300 ? site->at - 300 : 0;
	const struct rf_str before = slice(site->text, window, site->at);

	if (rest.len == 0 || (uint8_t)rest.ptr[0] > ' ' ||
		!(secret_contains(before, "machine ") || secret_contains(before, "default")))
		return false;
	next_field(&rest);
	if (!rf_str_is(next_field(&rest), "password"))
		return false;
	*ret = next_field(&rest);
	return is_literal(*ret, 4);
}

/* keywords: "$6$" and its like, in NAME:$6$salt$hash: of shadow and htpasswd */
bool secret_find_crypt(const struct secret_site *site, struct rf_str *ret)
{
	size_t begin = site->at, end = site->end;

	if (begin == 0 || site->text.ptr[begin - 1] != ':' || site->is_program)
		return false;
	while (end < site->text.len && end - begin < 256 &&
		secret_char_is(site->text.ptr[end], C_B64 | C_DOT | C_EQUALS | C_OTHER) &&
		site->text.ptr[end] != ':')
		end++;
	*ret = slice(site->text, begin, end);
	return ret->len >= 30 && secret_entropy(*ret) >= 35 &&
	       !secret_is_placeholder(slice(*ret, 1, ret->len), false);
}

/* keywords: "accountkey=", "password=", "pwd=" of a connection string: k=v;k=v */
bool secret_find_connection(const struct secret_site *site, struct rf_str *ret)
{
	size_t end = site->end;
	const size_t limit = bounded_end(site, end, SECRET_MAX_VALUE);
	const size_t window = site->at > 300 ? site->at - 300 : 0;
	struct rf_str before = slice(site->text, window, site->at);
	const char *line = before.len ? memrchr(before.ptr, '\n', before.len) : NULL;

	if (line)
		before = slice(before, (size_t)(line - before.ptr), before.len);
	if (before.len == 0 || !memchr(before.ptr, ';', before.len) ||
		!(secret_contains(before, "server=") || secret_contains(before, "data source=") ||
			secret_contains(before, "endpoint") || secret_contains(before, "host=") ||
			secret_contains(before, "user id=") || secret_contains(before, "uid=")))
		return false;
	while (end < limit && (uint8_t)site->text.ptr[end] > ' ' &&
		!strchr(";\"'`\\<", site->text.ptr[end]))
		end++;
	*ret = slice(site->text, site->end, end);
	return is_literal(*ret, 4);
}
