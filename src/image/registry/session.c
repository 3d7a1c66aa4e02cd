/*
 * A request, the login that it may need, and the statuses sorted into what the caller may do about
 * them. Passing failures (a cut connection, 429, 5xx) of GET and HEAD are tried again.
 */
#include "image/registry/session_int.h"

#include <stdarg.h>
#include <time.h>

#include "image/json_int.h"

#define MAX_TRIES     4
#define FIRST_WAIT_MS 200
#define MAX_ERROR     ((size_t)64 << 10) /* bytes of an error's JSON that are looked at */
#define ERROR_ARENA   ((size_t)4 << 20)

/* A socket by the parent's hands. */
static int connect_by_parent(void *ctx, const char *host, uint16_t port, struct rf_err *err)
{
	const struct session *session = ctx;
	AUTO_BUF payload = {.max = 1024};
	AUTO_FRAME frame = FRAME_INIT;
	struct frame_reader reader;
	int rc;

	frame_put_str(&payload, rf_str_of(host));
	frame_put_u64(&payload, port);
	rc = frame_send(session->channel, FETCH_WANT_CONNECT, rf_buf_str(&payload), err);
	if (rc == RF_OK)
		rc = frame_recv(session->channel, &frame, err);
	if (rc < 0)
		return RF_EINTERNAL;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	if (frame.type == FETCH_REFUSED)
		return frame_get_err(&reader, err);
	if (frame.type != FETCH_CONNECTED || frame.fd_count != 1)
		return rf_err_set(err, RF_EINTERNAL, "an unexpected answer");
	return TAKE_FD(frame.fds[0]);
}

static int fill(struct session *session, const struct fetch_setup *setup)
{
	struct registry_credentials *own = &session->credentials;

	session->base.tls = setup->tls != FETCH_HTTP;
	session->probe = setup->tls == FETCH_EITHER;
	session->base.port = setup->port		 ? (uint16_t)setup->port
			     : setup->tls == FETCH_HTTPS ? 443
							 : 80;
	session->base.target[0] = '/';
	session->push = setup->push != 0;
	rf_buf_add_str(&session->authorization, setup->authorization);
	if (!rf_str_copy(setup->host, session->base.host, sizeof(session->base.host)) ||
		!rf_str_copy(setup->repository, session->repository, sizeof(session->repository)) ||
		!rf_str_copy(setup->user, own->user, sizeof(own->user)) ||
		!rf_str_copy(setup->password, own->password, sizeof(own->password)) ||
		!rf_str_copy(
			setup->identity_token, own->identity_token, sizeof(own->identity_token)) ||
		session->authorization.failed)
		return RF_EINTERNAL;
	return RF_OK;
}

int session_init(
	struct session *session, int channel, const struct fetch_setup *setup, struct rf_err *err)
{
	struct wire_client_opts opts = {.connect = connect_by_parent,
		.ctx = session,
		.plain_http = setup->plain_http != 0,
		.idle_ms = (unsigned)setup->idle_ms,
		.agent = "ringfence/" RF_VERSION};
	int rc = RF_OK;

	memset(session, 0, sizeof(*session));
	session->channel = channel;
	session->authorization.max = (size_t)2 * REGISTRY_SECRET_SIZE;
	if (fill(session, setup) < 0)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	if (setup->roots.len)
		rc = wire_tls_client_new(setup->roots, &session->tls, err);
	if (rc < 0)
		return rc;
	opts.tls = session->tls;
	return wire_client_new(&opts, &session->client, err);
}

void session_done(struct session *session)
{
	wire_client_free(session->client);
	wire_tls_ctx_free(session->tls);
	registry_credentials_done(&session->credentials);
	rf_buf_done(&session->authorization);
}

/* A certificate that is not to be trusted is no reason to go on without. */
int session_probe(struct session *session, struct rf_err *err)
{
	const struct wire_response *response;
	struct wire_url url = session->base;
	struct wire_request request = REQUEST("GET", &url);
	int rc;

	if (!session->probe)
		return RF_OK;
	rc = session_url(session, &url, err, "tags/list");
	if (rc == RF_OK)
		rc = wire_client_ask(session->client, &request, &response, err);
	if (rc == RF_EDENIED || rc == RF_EABSENT || rc == RF_EINTERNAL)
		return rc;
	session->probe = false;
	session->base.tls = rc == RF_OK;
	return RF_OK;
}

int session_url(const struct session *session, struct wire_url *ret, struct rf_err *err,
	const char *fmt, ...)
{
	va_list ap;
	int len, more;

	*ret = session->base;
	len = snprintf(ret->target, sizeof(ret->target), "/v2/%s/", session->repository);
	va_start(ap, fmt);
	more = vsnprintf(ret->target + len, sizeof(ret->target) - (size_t)len, fmt, ap);
	va_end(ap);
	if (more < 0 || (size_t)len + (size_t)more >= sizeof(ret->target))
		return rf_err_set(err, RF_ELIMIT, "a URL of more than %d bytes", WIRE_URL_MAX);
	return RF_OK;
}

void request_add(struct wire_request *request, const char *name, const char *value)
{
	if (request->field_count < WIRE_REQUEST_FIELDS)
		request->fields[request->field_count++] =
			(struct http1_field){rf_str_of(name), rf_str_of(value)};
}

void session_pause(unsigned attempt)
{
	uint64_t ms = (uint64_t)FIRST_WAIT_MS << (attempt < 5 ? attempt - 1 : 4);
	struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	nanosleep(&time, NULL);
}

/* {"errors": [{"code", "message"}]}: what the registry itself says, or "". */
static void read_reason(struct session *session, char *out, size_t size)
{
	AUTO_ARENA *arena = rf_arena_new(ERROR_ARENA);
	AUTO_BUF text = {.max = MAX_ERROR};
	const struct doc_node *node = NULL, *list;
	struct rf_str code, message;

	out[0] = '\0';
	if (!arena || wire_client_read_all(session->client, &text, NULL) < 0 ||
		image_json_parse(rf_buf_str(&text), "error", arena, &node, NULL) < 0)
		return;
	list = doc_get(node, "errors");
	if (!list || !list->first || image_json_str(list->first, "code", &code, NULL) < 0 ||
		image_json_str(list->first, "message", &message, NULL) < 0)
		return;
	snprintf(out, size, ": %.60s (%.160s)", message.ptr, code.ptr);
}

static int status_error(struct session *session, const struct wire_request *request,
	const struct wire_response *response, struct rf_err *err)
{
	unsigned status = response->head.status;
	enum rf_code code = RF_EINPUT;
	const char *what = "refused the request";
	char reason[256];

	if (status == 401) {
		code = RF_EDENIED;
		what = session->credentials.user[0] || session->credentials.identity_token[0]
			       ? "did not accept the credentials (docker login)"
			       : "wants credentials (docker login)";
	} else if (status == 403) {
		code = RF_EDENIED;
		what = "does not allow it";
	} else if (status == 429) {
		code = RF_EIO;
		what = "had too many requests";
	} else if (status >= 500) {
		code = RF_EIO;
		what = "failed";
	}
	read_reason(session, reason, sizeof(reason));
	return rf_err_set(err, code, "the registry %s: %s %.200s: status %u%s", what,
		request->method, request->url->target, status, reason);
}

int session_unexpected(const struct wire_response *response, const char *what, struct rf_err *err)
{
	return rf_err_set(err, response->head.status == 404 ? RF_EABSENT : RF_EINPUT,
		"%s: status %u of the registry", what, response->head.status);
}

/* The authorization is the registry's; an upload's URL may be elsewhere. */
static int ask_once(struct session *session, struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err)
{
	bool own = wire_url_same_origin(request->url, &session->base);

	if (session->base.tls && !request->url->tls)
		return rf_err_set(err, RF_EDENIED, "a place of the registry without TLS");
	request->authorization = own && session->authorization.len
					 ? rf_buf_str(&session->authorization)
					 : RF_STR_NONE;
	return wire_client_ask(session->client, request, ret, err);
}

static int ask_authorised(struct session *session, struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err)
{
	int rc = ask_once(session, request, ret, err);

	if (rc < 0 || (*ret)->head.status != 401 ||
		!wire_url_same_origin(&(*ret)->url, &session->base))
		return rc;
	rc = session_login(session, &(*ret)->head, err);
	return rc < 0 ? rc : ask_once(session, request, ret, err);
}

int session_ask(struct session *session, struct wire_request *request,
	const struct wire_response **ret, struct rf_err *err)
{
	bool safe = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
	int rc = RF_OK;

	for (unsigned attempt = 1; attempt <= MAX_TRIES; attempt++) {
		rc = ask_authorised(session, request, ret, err);
		if (rc == RF_OK && ((*ret)->head.status < 400 || (*ret)->head.status == 404 ||
					   (*ret)->head.status == 416))
			return RF_OK;
		if (rc == RF_OK)
			rc = status_error(session, request, *ret, err);
		if (rc != RF_EIO || !safe || attempt == MAX_TRIES)
			break;
		session_pause(attempt);
	}
	return rc;
}
