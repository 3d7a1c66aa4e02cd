/* Cuts a URL into scheme, host, port and target by the characters that may be in each. */
#include "wire/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#include "base/num.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443

static int bad(struct rf_err *err, const char *what)
{
	return rf_err_set(err, RF_EINPUT, "a URL with %s", what);
}

static bool is_host_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

static bool starts_with_case(struct rf_str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

static struct rf_str skip(struct rf_str s, size_t len)
{
	return (struct rf_str){.ptr = s.ptr + len, .len = s.len - len};
}

static bool copy_lower(struct rf_str s, char out[static WIRE_HOST_SIZE])
{
	if (s.len == 0 || !rf_str_copy(s, out, WIRE_HOST_SIZE))
		return false;
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return true;
}

/* host as it stands in the authority; *ret_rest is what follows it (":port" or nothing). */
static bool take_host(struct rf_str authority, struct wire_url *url, struct rf_str *ret_rest)
{
	struct in6_addr address;
	size_t len = 0;

	if (authority.len && authority.ptr[0] == '[') {
		const char *end = memchr(authority.ptr, ']', authority.len);

		if (!end)
			return false;
		len = (size_t)(end - authority.ptr);
		*ret_rest = skip(authority, len + 1);
		return copy_lower((struct rf_str){authority.ptr + 1, len - 1}, url->host) &&
		       inet_pton(AF_INET6, url->host, &address) == 1;
	}
	while (len < authority.len && is_host_char(authority.ptr[len]))
		len++;
	*ret_rest = skip(authority, len);
	return copy_lower((struct rf_str){authority.ptr, len}, url->host) && url->host[0] != '-' &&
	       url->host[0] != '.';
}

static int take_authority(struct rf_str authority, struct wire_url *url, struct rf_err *err)
{
	struct rf_str rest;
	uint64_t port;

	if (!take_host(authority, url, &rest))
		return bad(err, "no host, a user name in it, or a host that is none");
	url->port = url->tls ? PORT_HTTPS : PORT_HTTP;
	if (rest.len == 0)
		return RF_OK;
	if (rest.ptr[0] != ':' || !rf_num_u64(skip(rest, 1), UINT16_MAX, &port) || port == 0)
		return bad(err, "a port that is none");
	url->port = (uint16_t)port;
	return RF_OK;
}

static int take_target(
	struct rf_str before, struct rf_str text, struct wire_url *url, struct rf_err *err)
{
	const char *fragment = text.len ? memchr(text.ptr, '#', text.len) : NULL;
	size_t at = before.len;

	if (fragment)
		text.len = (size_t)(fragment - text.ptr);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return bad(err, "a space, a control character or a byte above ASCII");
	}
	if (before.len + 1 + text.len >= sizeof(url->target))
		return rf_err_set(err, RF_ELIMIT, "a URL of more than %d bytes", WIRE_URL_MAX);
	if (before.len)
		memmove(url->target, before.ptr, before.len);
	if (at == 0 && (text.len == 0 || text.ptr[0] != '/'))
		url->target[at++] = '/';
	if (text.len)
		memcpy(url->target + at, text.ptr, text.len);
	url->target[at + text.len] = '\0';
	return RF_OK;
}

static int take_after_scheme(struct rf_str rest, struct wire_url *url, struct rf_err *err)
{
	size_t len = 0;
	int rc;

	while (len < rest.len && !strchr("/?#", rest.ptr[len]))
		len++;
	rc = take_authority((struct rf_str){rest.ptr, len}, url, err);
	return rc < 0 ? rc : take_target(RF_STR(""), skip(rest, len), url, err);
}

int wire_url_parse(struct rf_str text, struct wire_url *ret, struct rf_err *err)
{
	if (text.len >= WIRE_URL_MAX)
		return rf_err_set(err, RF_ELIMIT, "a URL of more than %d bytes", WIRE_URL_MAX);
	ret->tls = starts_with_case(text, "https://");
	if (!ret->tls && !starts_with_case(text, "http://"))
		return bad(err, "another scheme than http and https");
	return take_after_scheme(skip(text, strlen(ret->tls ? "https://" : "http://")), ret, err);
}

/* The path of base up to and with its last '/'. */
static struct rf_str folder_of(const struct wire_url *base)
{
	size_t len = strcspn(base->target, "?");

	while (len > 0 && base->target[len - 1] != '/')
		len--;
	return (struct rf_str){.ptr = base->target, .len = len};
}

/* A ':' before anything that begins a path, a query or a fragment. */
static bool has_scheme(struct rf_str location)
{
	for (size_t i = 0; i < location.len && !strchr("/?#", location.ptr[i]); i++) {
		if (location.ptr[i] == ':')
			return true;
	}
	return false;
}

int wire_url_resolve(const struct wire_url *base, struct rf_str location, struct wire_url *ret,
	struct rf_err *err)
{
	struct wire_url url;
	int rc;

	if (has_scheme(location))
		return wire_url_parse(location, ret, err);
	if (location.len >= WIRE_URL_MAX)
		return rf_err_set(err, RF_ELIMIT, "a URL of more than %d bytes", WIRE_URL_MAX);
	url = *base;
	if (rf_str_starts(location, RF_STR("//")))
		rc = take_after_scheme(skip(location, 2), &url, err);
	else if (location.len && location.ptr[0] == '/')
		rc = take_target(RF_STR(""), location, &url, err);
	else
		rc = take_target(folder_of(base), location, &url, err);
	if (rc == RF_OK)
		*ret = url;
	return rc;
}

bool wire_url_same_origin(const struct wire_url *a, const struct wire_url *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

void wire_url_put_host(const struct wire_url *url, struct rf_buf *out)
{
	bool ipv6 = strchr(url->host, ':') != NULL;

	rf_buf_addf(out, ipv6 ? "[%s]" : "%s", url->host);
	if (url->port != (url->tls ? PORT_HTTPS : PORT_HTTP))
		rf_buf_addf(out, ":%u", url->port);
}

void wire_url_escape(struct rf_str value, struct rf_buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (isalnum(c) || (c && strchr("-._~", c)))
			rf_buf_add_char(out, (char)c);
		else
			rf_buf_addf(out, "%%%02X", c);
	}
}

int wire_url_add_query(
	struct wire_url *url, const char *name, struct rf_str value, struct rf_err *err)
{
	AUTO_BUF target = {.max = WIRE_URL_MAX};

	rf_buf_addf(&target, "%s%c%s=", url->target, strchr(url->target, '?') ? '&' : '?', name);
	wire_url_escape(value, &target);
	if (target.failed || !rf_str_copy(rf_buf_str(&target), url->target, sizeof(url->target)))
		return rf_err_set(err, RF_ELIMIT, "a URL of more than %d bytes", WIRE_URL_MAX);
	return RF_OK;
}

bool wire_host_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcmp(host, "localhost") == 0;
}
