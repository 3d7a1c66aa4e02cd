/*
 * Logging in: Basic sends what the user has; Bearer takes it to the token service that the
 * registry names, and gets a token for this repository. Without credentials the token is an
 * anonymous one.
 */
#include "image/registry/session_int.h"

#define MAX_TOKEN_ANSWER ((size_t)1 << 20)

/* The best of all WWW-Authenticate fields. */
static int find_challenge(
	const struct http1_head *head, struct registry_challenge *ret, struct rf_err *err)
{
	struct registry_challenge one;
	struct rf_str value;
	size_t index = 0;
	int rc;

	ret->scheme = REGISTRY_NO_SCHEME;
	while ((value = http1_field_next(head, "www-authenticate", &index)).ptr) {
		rc = registry_challenge_parse(value, &one, err);
		if (rc < 0)
			return rc;
		if (one.scheme > ret->scheme)
			*ret = one;
	}
	if (ret->scheme == REGISTRY_NO_SCHEME)
		return rf_err_set(err, RF_EUNSUPPORTED,
			"the registry wants a login, but neither Bearer nor Basic");
	return RF_OK;
}

static void put_scope(const struct session *session, const struct registry_challenge *challenge,
	struct rf_buf *out)
{
	if (session->push)
		rf_buf_addf(out, "repository:%s:pull,push", session->repository);
	else if (challenge->scope[0])
		rf_buf_add_c(out, challenge->scope);
	else
		rf_buf_addf(out, "repository:%s:pull", session->repository);
}

static int add_query(struct wire_url *url, const char *name, const char *value, struct rf_err *err)
{
	return value[0] ? wire_url_add_query(url, name, rf_str_of(value), err) : RF_OK;
}

static int token_url(const struct session *session, const struct registry_challenge *challenge,
	struct wire_url *ret, struct rf_err *err)
{
	int rc = wire_url_parse(rf_str_of(challenge->realm), ret, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "the token service");
	if (session->base.tls && !ret->tls)
		return rf_err_set(
			err, RF_EDENIED, "the token service %s is without TLS", ret->host);
	return RF_OK;
}

/* GET, with Basic when there are credentials. */
static int ask_by_password(struct session *session, const struct registry_challenge *challenge,
	struct wire_url *url, const struct wire_response **ret, struct rf_err *err)
{
	AUTO_BUF scope = {.max = WIRE_URL_MAX};
	AUTO_BUF basic = {.max = (size_t)2 * REGISTRY_SECRET_SIZE};
	struct wire_request request = REQUEST("GET", url);
	int rc;

	put_scope(session, challenge, &scope);
	rc = add_query(url, "service", challenge->service, err);
	if (rc == RF_OK)
		rc = add_query(url, "scope", rf_buf_cstr(&scope), err);
	if (rc == RF_OK && session->mount_from[0]) {
		rf_buf_clear(&scope);
		rf_buf_addf(&scope, "repository:%s:pull", session->mount_from);
		rc = add_query(url, "scope", rf_buf_cstr(&scope), err);
	}
	if (rc < 0)
		return rc;
	if (session->credentials.user[0]) {
		registry_basic_put(&session->credentials, &basic);
		request.authorization = rf_buf_str(&basic);
	}
	return wire_client_ask(session->client, &request, ret, err);
}

/* POST of a form (OAuth 2.0, RFC 6749 section 6), for identity tokens. */
static int ask_by_token(struct session *session, const struct registry_challenge *challenge,
	struct wire_url *url, const struct wire_response **ret, struct rf_err *err)
{
	AUTO_BUF form = {.max = (size_t)8 * REGISTRY_SECRET_SIZE};
	AUTO_BUF scope = {.max = WIRE_URL_MAX};
	struct wire_request request = REQUEST("POST", url);

	put_scope(session, challenge, &scope);
	rf_buf_add_c(&form, "grant_type=refresh_token&client_id=ringfence&service=");
	wire_url_escape(rf_str_of(challenge->service), &form);
	rf_buf_add_c(&form, "&scope=");
	wire_url_escape(rf_buf_str(&scope), &form);
	rf_buf_add_c(&form, "&refresh_token=");
	wire_url_escape(rf_str_of(session->credentials.identity_token), &form);
	if (form.failed || scope.failed)
		return rf_err_nomem(err);
	request_add(&request, "Content-Type", "application/x-www-form-urlencoded");
	request.has_body = true;
	request.body = rf_buf_str(&form);
	return wire_client_ask(session->client, &request, ret, err);
}

static int fetch_token(
	struct session *session, const struct registry_challenge *challenge, struct rf_err *err)
{
	AUTO_BUF answer = {.max = MAX_TOKEN_ANSWER};
	const struct wire_response *response;
	struct wire_url url;
	int rc = token_url(session, challenge, &url, err);

	if (rc < 0)
		return rc;
	if (session->credentials.identity_token[0])
		rc = ask_by_token(session, challenge, &url, &response, err);
	else
		rc = ask_by_password(session, challenge, &url, &response, err);
	if (rc == RF_OK && response->head.status != 200)
		rc = rf_err_set(err, response->head.status >= 500 ? RF_EIO : RF_EDENIED,
			"status %u%s", response->head.status,
			response->head.status == 401 ? ": the credentials are not accepted" : "");
	if (rc == RF_OK)
		rc = wire_client_read_all(session->client, &answer, err);
	if (rc == RF_OK)
		rc = registry_token_put(rf_buf_str(&answer), &session->authorization, err);
	return rc < 0 ? rf_err_wrap(err, rc, "the token service %s", url.host) : RF_OK;
}

int session_login(struct session *session, const struct http1_head *head, struct rf_err *err)
{
	struct registry_challenge challenge;
	int rc = find_challenge(head, &challenge, err);

	rf_buf_clear(&session->authorization);
	if (rc < 0)
		return rc;
	if (challenge.scheme == REGISTRY_BEARER)
		rc = fetch_token(session, &challenge, err);
	else if (session->credentials.user[0])
		registry_basic_put(&session->credentials, &session->authorization);
	if (rc == RF_OK && session->authorization.failed)
		rc = rf_err_nomem(err);
	return rc;
}
