/* One pass over the segments; what the standard does not list is refused, never mended. */
#include "mesh/identity.h"

#include "kube/names.h"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_mark(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool is_domain_char(char c)
{
	return is_lower_or_digit(c) || is_mark(c);
}

static bool is_path_char(char c)
{
	return is_domain_char(c) || (c >= 'A' && c <= 'Z');
}

bool identity_is_spiffe(struct rf_str text)
{
	return text.len >= 7 && strncasecmp(text.ptr, "spiffe:", 7) == 0;
}

/* A byte in words: what is not printable must not reach a terminal. */
static const char *char_text(char c, char out[static 8])
{
	if (c > ' ' && c <= '~')
		snprintf(out, 8, "'%c'", c);
	else
		snprintf(out, 8, "0x%02x", (unsigned char)c);
	return out;
}

int identity_check_domain(struct rf_str domain, struct rf_err *err)
{
	char shown[8];

	if (domain.len == 0)
		return rf_err_set(err, RF_EINPUT, "the trust domain is empty");
	if (domain.len > IDENTITY_DOMAIN_MAX)
		return rf_err_set(err, RF_EINPUT, "the trust domain is longer than %d bytes",
			IDENTITY_DOMAIN_MAX);
	for (size_t i = 0; i < domain.len; i++) {
		if (is_domain_char(domain.ptr[i]))
			continue;
		return rf_err_set(err, RF_EINPUT,
			"%s is not allowed in a trust domain: only a-z, 0-9, '.', '-' and '_' are",
			char_text(domain.ptr[i], shown));
	}
	return RF_OK;
}

static int check_segment(struct rf_str segment, struct rf_err *err)
{
	char shown[8];

	if (segment.len == 0)
		return rf_err_set(err, RF_EINPUT,
			"the path has an empty segment (\"//\", or '/' at the end)");
	if (rf_str_is(segment, ".") || rf_str_is(segment, ".."))
		return rf_err_set(
			err, RF_EINPUT, "the path has a segment \".\" or \"..\", which is refused");
	for (size_t i = 0; i < segment.len; i++) {
		if (is_path_char(segment.ptr[i]))
			continue;
		return rf_err_set(err, RF_EINPUT,
			"%s is not allowed in a path: only letters, digits, '.', '-' and '_' are",
			char_text(segment.ptr[i], shown));
	}
	return RF_OK;
}

/* path is empty or begins with '/'. */
static int check_path(struct rf_str path, struct rf_err *err)
{
	struct rf_str rest = path, segment;

	if (path.len == 0)
		return RF_OK;
	rest.ptr++;
	rest.len--;
	while (rest.ptr) {
		int rc;

		rest = rf_str_cut(rest, '/', &segment);
		rc = check_segment(segment, err);
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

int identity_parse(struct rf_str text, struct identity *ret, struct rf_err *err)
{
	const size_t scheme = sizeof(IDENTITY_SCHEME) - 1;
	struct identity id = {.text = text};
	int rc;

	if (!rf_str_starts(text, RF_STR(IDENTITY_SCHEME)))
		return rf_err_set(err, RF_EINPUT, "it does not begin with " IDENTITY_SCHEME);
	if (text.len > IDENTITY_MAX)
		return rf_err_set(err, RF_EINPUT, "it is longer than %d bytes", IDENTITY_MAX);
	id.trust_domain = (struct rf_str){text.ptr + scheme, 0};
	while (scheme + id.trust_domain.len < text.len &&
		text.ptr[scheme + id.trust_domain.len] != '/')
		id.trust_domain.len++;
	id.path = (struct rf_str){
		id.trust_domain.ptr + id.trust_domain.len, text.len - scheme - id.trust_domain.len};
	rc = identity_check_domain(id.trust_domain, err);
	if (rc == RF_OK)
		rc = check_path(id.path, err);
	if (rc == RF_OK)
		*ret = id;
	return rc;
}

int identity_make(struct rf_str trust_domain, struct rf_str namespace,
	struct rf_str service_account, char out[static IDENTITY_MAX + 1], struct rf_err *err)
{
	int rc = identity_check_domain(trust_domain, err);

	if (rc < 0)
		return rc;
	if (!kube_is_dns_label(namespace))
		return rf_err_set(err, RF_EINPUT, "\"" RF_STR_FMT "\" is no name of a namespace",
			RF_STR_ARG(namespace));
	if (!kube_is_dns_subdomain(service_account))
		return rf_err_set(err, RF_EINPUT,
			"\"" RF_STR_FMT "\" is no name of a service account",
			RF_STR_ARG(service_account));
	snprintf(out, IDENTITY_MAX + 1,
		IDENTITY_SCHEME RF_STR_FMT "/ns/" RF_STR_FMT "/sa/" RF_STR_FMT,
		RF_STR_ARG(trust_domain), RF_STR_ARG(namespace), RF_STR_ARG(service_account));
	return RF_OK;
}

bool identity_workload(
	const struct identity *id, struct rf_str *ret_namespace, struct rf_str *ret_service_account)
{
	struct rf_str part, namespace, account, rest;

	if (!rf_str_starts(id->path, RF_STR("/ns/")))
		return false;
	rest = (struct rf_str){id->path.ptr + 4, id->path.len - 4};
	rest = rf_str_cut(rest, '/', &namespace);
	rest = rf_str_cut(rest, '/', &part);
	rest = rf_str_cut(rest, '/', &account);
	if (!rf_str_is(part, "sa") || rest.ptr || !kube_is_dns_label(namespace) ||
		!kube_is_dns_subdomain(account))
		return false;
	*ret_namespace = namespace;
	*ret_service_account = account;
	return true;
}
