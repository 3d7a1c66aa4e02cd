/*
 * Sessions of the control socket. Verbs are rows of a table that the caller gives; an answer is
 * queued and written as the socket takes it, so that a slow reader holds nobody up.
 */
#include "host/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"

/* A watcher that does not read is dropped at this backlog. */
#define OUT_MAX ((size_t)16 << 20)

struct session {
	struct control *control;
	struct session *next, **link;
	int fd;
	struct loop_watch *watch;
	struct rf_buf in, out;
	size_t searched; /* bytes of in that hold no newline */
	bool watching, closing;
};

struct control {
	struct host *host;
	const struct control_verb *verbs;
	int fd;
	struct loop_watch *watch;
	struct session *sessions;
	unsigned count;
};

static void session_free(struct session *s)
{
	loop_unwatch(s->watch);
	rf_fd_closep(&s->fd);
	rf_buf_done(&s->in);
	rf_buf_done(&s->out);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	s->control->count--;
	free(s);
}

/* Writes what is queued; false when the session is over. */
static bool flush(struct session *s)
{
	while (s->out.len) {
		ssize_t put = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN) {
			/* What comes after the last request, an end too, waits for its answer. */
			loop_watch_set(s->watch, s->closing ? LOOP_WRITE : LOOP_READ | LOOP_WRITE);
			return true;
		}
		if (put < 0)
			return false;
		memmove(s->out.data, s->out.data + put, s->out.len - (size_t)put);
		s->out.len -= (size_t)put;
	}
	loop_watch_set(s->watch, LOOP_READ);
	return !s->closing;
}

static void answer_error(struct rf_buf *out, const char *message)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_c(&w, "error", message);
	json_object_end(&w);
}

static const struct control_verb *find_verb(
	const struct control *control, const struct doc_node *request)
{
	const struct doc_node *name = doc_get(request, "verb");

	for (const struct control_verb *v = control->verbs; name && v->name; v++) {
		if (rf_str_is(name->text, v->name))
			return v;
	}
	return NULL;
}

/* An answer is made apart: events may reach the session's own queue meanwhile. */
static void answer(struct session *s, struct rf_str line)
{
	AUTO_ARENA *arena = rf_arena_new(4 * CONTROL_MAX_LINE);
	AUTO_BUF out = {.max = OUT_MAX};
	struct json_writer w = {.out = &out};
	const struct control_verb *verb = NULL;
	const struct doc_node *request;

	if (!arena || doc_parse_json(line, "request", 1, arena, NULL, &request) < 0 ||
		request->type != DOC_MAP)
		answer_error(&out, "the request is not a JSON object");
	else if (!(verb = find_verb(s->control, request)))
		answer_error(&out, "the request names no known verb");
	else
		verb->answer(s->control->host, request, &w);
	rf_buf_add_char(&out, '\n');
	rf_buf_add_str(&s->out, rf_buf_str(&out));
	s->out.failed = s->out.failed || out.failed;
	s->watching = s->watching || (verb && verb->keeps_watching);
	s->closing = !verb || !s->watching;
}

/* The next newline of in; each byte is looked at once, however long the line. */
static char *line_end(struct session *s)
{
	char *end = s->in.len > s->searched
			    ? memchr(s->in.data + s->searched, '\n', s->in.len - s->searched)
			    : NULL;

	s->searched = end ? 0 : s->in.len;
	return end;
}

static void take_lines(struct session *s)
{
	char *end;

	while (!s->closing && (end = line_end(s))) {
		size_t used = (size_t)(end - s->in.data) + 1;

		answer(s, (struct rf_str){s->in.data, used - 1});
		memmove(s->in.data, s->in.data + used, s->in.len - used);
		s->in.len -= used;
	}
}

static void session_ready(void *ctx, unsigned events)
{
	struct session *s = ctx;
	char *room;
	ssize_t got;

	if (events & LOOP_READ) {
		room = rf_buf_reserve(&s->in, 65536);
		got = room ? recv(s->fd, room, 65536, MSG_DONTWAIT) : 0;
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
			session_free(s);
			return;
		}
		if (got > 0)
			s->in.len += (size_t)got;
		take_lines(s);
	}
	if (s->out.failed || !flush(s))
		session_free(s);
}

static bool peer_is_root(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == 0;
}

static void accept_session(void *ctx, unsigned events RF_UNUSED)
{
	struct control *control = ctx;
	AUTO_FD fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct session *s;

	if (fd < 0 || control->count >= CONTROL_MAX_CLIENTS || !peer_is_root(fd))
		return;
	s = calloc(1, sizeof(*s));
	if (!s)
		return;
	*s = (struct session){.control = control, .fd = TAKE_FD(fd)};
	s->in.max = CONTROL_MAX_LINE;
	s->out.max = OUT_MAX;
	s->next = control->sessions;
	s->link = &control->sessions;
	if (s->next)
		s->next->link = &s->next;
	control->sessions = s;
	control->count++;
	s->watch = loop_watch_fd(control->host->loop, s->fd, LOOP_READ, session_ready, s);
	if (!s->watch)
		session_free(s);
}

static int unix_address(const struct instance *inst, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	return rf_str_copy(rf_str_of(inst->socket), ret->sun_path, sizeof(ret->sun_path))
		       ? RF_OK
		       : RF_EINPUT;
}

int control_open(struct host *host, const struct control_verb *verbs, struct control **ret,
	struct rf_err *err)
{
	struct control *control = calloc(1, sizeof(*control));
	struct sockaddr_un address;

	if (!control || unix_address(&host->inst, &address) < 0) {
		free(control);
		return rf_err_nomem(err);
	}
	control->host = host;
	control->verbs = verbs;
	unlink(host->inst.socket); /* of an earlier one: we hold the lock */
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd >= 0 &&
		bind(control->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		chmod(host->inst.socket, 0600) == 0 && listen(control->fd, 16) == 0)
		control->watch =
			loop_watch_fd(host->loop, control->fd, LOOP_READ, accept_session, control);
	if (!control->watch) {
		rf_err_sys(err, errno, "listen on %s", host->inst.socket);
		control_close(control);
		return RF_EIO;
	}
	*ret = control;
	return RF_OK;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->sessions) {
		flush(control->sessions);
		session_free(control->sessions);
	}
	loop_unwatch(control->watch);
	rf_fd_closep(&control->fd);
	free(control);
}

void control_broadcast(struct control *control, struct rf_str line)
{
	for (struct session *s = control ? control->sessions : NULL; s; s = s->next) {
		if (!s->watching)
			continue;
		rf_buf_add_str(&s->out, line);
		rf_buf_add_char(&s->out, '\n');
		/* The session may be in the middle of a request: its own event ends it. */
		if (s->out.failed || !flush(s))
			shutdown(s->fd, SHUT_RDWR);
	}
}

/* --- the other side --- */

int control_connect(const struct instance *inst, struct rf_err *err)
{
	struct sockaddr_un address;
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || unix_address(inst, &address) < 0)
		return rf_err_sys(err, errno, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EACCES)
			return rf_err_set(err, RF_EDENIED,
				"%s can be reached by root only: run this as root", inst->socket);
		return rf_err_set(err, RF_EABSENT,
			"no Ringfence is running (nobody listens on %s): start one with "
			"`ringfence up`",
			inst->socket);
	}
	return TAKE_FD(fd);
}

int control_read_line(int fd, struct rf_buf *carry, struct rf_buf *out, struct rf_err *err)
{
	size_t searched = 0;

	carry->max = CONTROL_MAX_LINE;
	rf_buf_clear(out);
	for (;;) {
		char *end = carry->len > searched
				    ? memchr(carry->data + searched, '\n', carry->len - searched)
				    : NULL;
		char *room;
		ssize_t got;

		if (end) {
			size_t used = (size_t)(end - carry->data);

			rf_buf_add(out, carry->data, used);
			memmove(carry->data, end + 1, carry->len - used - 1);
			carry->len -= used + 1;
			return out->failed ? rf_err_nomem(err) : RF_OK;
		}
		searched = carry->len;
		room = rf_buf_reserve(carry, 65536);
		if (!room)
			return rf_err_set(err, RF_ELIMIT, "the answer is too long");
		got = read(fd, room, 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rf_err_sys(err, errno, "read from the supervisor");
		if (got == 0)
			return rf_err_set(err, RF_EABSENT, "the supervisor has closed");
		carry->len += (size_t)got;
	}
}

int control_ask(
	const struct instance *inst, struct rf_str request, struct rf_buf *out, struct rf_err *err)
{
	AUTO_BUF carry = {0};
	AUTO_FD fd = control_connect(inst, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = rf_fd_write_all(fd, request.ptr, request.len, err);
	if (rc == RF_OK)
		rc = rf_fd_write_all(fd, "\n", 1, err);
	return rc < 0 ? rc : control_read_line(fd, &carry, out, err);
}
