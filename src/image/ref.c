/* Cuts a name into host, path, tag and digest, checks each, and puts them together again. */
#include "image/ref.h"

#include <ctype.h>

#include "base/buf.h"
#include "image/digest.h"

struct parts {
	struct rf_str host, path, tag, digest; /* absent: ptr NULL */
};

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* How many bytes of s at i separate two runs of letters: ".", "_", "__" or any number of "-". */
static size_t separator_len(struct rf_str s, size_t i)
{
	size_t len = 0;

	if (s.ptr[i] == '.')
		return 1;
	if (s.ptr[i] == '_')
		return i + 1 < s.len && s.ptr[i + 1] == '_' ? 2 : 1;
	while (i + len < s.len && s.ptr[i + len] == '-')
		len++;
	return len;
}

static bool component_ok(struct rf_str s)
{
	size_t i = 0;

	while (i < s.len && is_lower_alnum(s.ptr[i])) {
		size_t gap;

		while (i < s.len && is_lower_alnum(s.ptr[i]))
			i++;
		if (i == s.len)
			return true;
		gap = separator_len(s, i);
		if (gap == 0)
			return false;
		i += gap;
	}
	return false;
}

static bool path_ok(struct rf_str path)
{
	struct rf_str head, rest = path;

	do {
		rest = rf_str_cut(rest, '/', &head);
		if (!component_ok(head))
			return false;
	} while (rest.ptr);
	return true;
}

static bool all_of(struct rf_str s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_host_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-';
}

static bool is_ipv6_char(char c)
{
	return isxdigit((unsigned char)c) || c == ':';
}

/* A DNS name, an IPv4 address or a bracketed IPv6 address, with a port or without. */
static bool host_ok(struct rf_str host)
{
	struct rf_str name, port;

	if (host.ptr[0] != '[') {
		port = rf_str_cut(host, ':', &name);
		return all_of(name, is_host_char) && name.ptr[0] != '-' && name.ptr[0] != '.' &&
		       (!port.ptr || all_of(port, is_digit));
	}
	port = rf_str_cut((struct rf_str){host.ptr + 1, host.len - 1}, ']', &name);
	if (!port.ptr || !all_of(name, is_ipv6_char))
		return false;
	return port.len == 0 ||
	       (port.ptr[0] == ':' &&
		       all_of((struct rf_str){port.ptr + 1, port.len - 1}, is_digit));
}

static bool tag_ok(struct rf_str tag)
{
	if (tag.len == 0 || tag.len > IMAGE_REF_TAG_MAX || tag.ptr[0] == '.' || tag.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.ptr[i];

		if (!isalnum((unsigned char)c) && c != '_' && c != '.' && c != '-')
			return false;
	}
	return true;
}

static bool is_host(struct rf_str first)
{
	return memchr(first.ptr, '.', first.len) || memchr(first.ptr, ':', first.len) ||
	       rf_str_is(first, "localhost");
}

static struct parts cut_parts(struct rf_str text)
{
	struct parts parts = {.host = RF_STR_NONE};
	struct rf_str name, first, rest;
	const char *colon, *slash;

	parts.digest = rf_str_cut(text, '@', &name);
	colon = name.len ? memrchr(name.ptr, ':', name.len) : NULL;
	slash = name.len ? memrchr(name.ptr, '/', name.len) : NULL;
	if (colon && (!slash || colon > slash)) {
		parts.tag.ptr = colon + 1;
		parts.tag.len = (size_t)(name.ptr + name.len - parts.tag.ptr);
		name.len = (size_t)(colon - name.ptr);
	}
	parts.path = name;
	rest = rf_str_cut(name, '/', &first);
	if (rest.ptr && first.len && is_host(first)) {
		parts.host = first;
		parts.path = rest;
	}
	return parts;
}

static bool is_hub(const struct parts *parts)
{
	return !parts->host.ptr || rf_str_is(parts->host, "docker.io") ||
	       rf_str_is(parts->host, "index.docker.io");
}

static bool is_official(const struct parts *parts)
{
	return is_hub(parts) && !memchr(parts->path.ptr, '/', parts->path.len);
}

/* Of the host and the path, as they will be written. */
static size_t name_len(const struct parts *parts)
{
	return (is_hub(parts) ? strlen("docker.io") : parts->host.len) + 1 + parts->path.len +
	       (is_official(parts) ? strlen("library/") : 0);
}

static int check_parts(struct rf_str text, const struct parts *parts, struct rf_err *err)
{
	struct image_digest digest;
	const char *what = NULL;

	if (parts->host.ptr && !host_ok(parts->host))
		what = "the registry host";
	else if (!path_ok(parts->path))
		what = "the path (lower-case letters, digits and single separators)";
	else if (name_len(parts) > IMAGE_REF_NAME_MAX)
		what = "the length";
	else if (parts->tag.ptr && !tag_ok(parts->tag))
		what = "the tag";
	else if (parts->digest.ptr && !image_digest_parse(parts->digest, &digest))
		what = "the digest (sha256: and 64 hex digits)";
	if (!what)
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "\"" RF_STR_FMT "\" is no image name: %s is wrong",
		(int)(text.len < 300 ? text.len : 300), text.ptr ? text.ptr : "", what);
}

static void join_parts(const struct parts *parts, struct rf_buf *out)
{
	rf_buf_add_str(out, is_hub(parts) ? RF_STR("docker.io") : parts->host);
	rf_buf_add_char(out, '/');
	if (is_official(parts))
		rf_buf_add_c(out, "library/");
	rf_buf_add_str(out, parts->path);
	if (parts->tag.ptr || !parts->digest.ptr) {
		rf_buf_add_char(out, ':');
		rf_buf_add_str(out, parts->tag.ptr ? parts->tag : RF_STR("latest"));
	}
	if (parts->digest.ptr) {
		rf_buf_add_char(out, '@');
		rf_buf_add_str(out, parts->digest);
	}
}

int image_ref_normalise(struct rf_str text, char out[static IMAGE_REF_SIZE], struct rf_err *err)
{
	struct parts parts = cut_parts(text);
	AUTO_BUF name = {.max = IMAGE_REF_SIZE};
	int rc = check_parts(text, &parts, err);

	if (rc < 0)
		return rc;
	join_parts(&parts, &name);
	if (name.failed || !rf_str_copy(rf_buf_str(&name), out, IMAGE_REF_SIZE))
		return rf_err_nomem(err);
	return RF_OK;
}

bool image_ref_is_path(struct rf_str text)
{
	return rf_str_starts(text, RF_STR("/")) || rf_str_starts(text, RF_STR("./")) ||
	       rf_str_starts(text, RF_STR("../"));
}

struct rf_str image_ref_digest(struct rf_str name)
{
	struct rf_str head;

	return rf_str_cut(name, '@', &head);
}
