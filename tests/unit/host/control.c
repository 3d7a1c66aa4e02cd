/*
 * host/control.h over a real socket: the supervisor's side in a loop of this process, clients in
 * processes of their own. Needs root, as clients do.
 */
#include "host/control.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/host/host_fixture.h"

#define FLOOD_LINES 40
#define MIB	    ((size_t)1 << 20)

/* --- verbs of the tests --- */

static void on_echo(
	struct host *host RF_UNUSED, const struct doc_node *request, struct json_writer *w)
{
	const struct doc_node *text = doc_get(request, "text");

	json_object_begin(w);
	json_field_str(w, "echo", text ? text->text : RF_STR_NONE);
	json_object_end(w);
}

static void write_big(struct json_writer *w, size_t len)
{
	AUTO_FREE char *text = malloc(len);

	if (!text)
		abort();
	memset(text, 'x', len);
	json_object_begin(w);
	json_field_str(w, "big", (struct rf_str){text, len});
	json_object_end(w);
}

static void on_big(struct host *host RF_UNUSED, const struct doc_node *request RF_UNUSED,
	struct json_writer *w)
{
	write_big(w, 8 * MIB);
}

static void on_huge(struct host *host RF_UNUSED, const struct doc_node *request RF_UNUSED,
	struct json_writer *w)
{
	write_big(w, 17 * MIB);
}

static void on_flood(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	AUTO_FREE char *line = malloc(MIB);

	if (!line)
		abort();
	memset(line, 'f', MIB);
	for (int i = 0; i < FLOOD_LINES; i++)
		control_broadcast(host->control, (struct rf_str){line, MIB});
	json_object_begin(w);
	json_object_end(w);
}

/* An event while the answer is half written. */
static void on_shout(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	json_object_begin(w);
	json_field_bool(w, "before", true);
	control_broadcast(host->control, RF_STR("{\"event\":\"shout\"}"));
	json_field_bool(w, "after", true);
	json_object_end(w);
}

static const struct control_verb verbs[] = {
	{"echo", on_echo, false},
	{"watch", on_echo, true},
	{"big", on_big, false},
	{"huge", on_huge, false},
	{"flood", on_flood, false},
	{"shout", on_shout, false},
	{NULL, NULL, false},
};

/* --- the supervisor's side --- */

struct served {
	struct machine m;
	bool ok;
};

static struct instance inst; /* the clients' view */

static void served_done(struct served *s)
{
	control_close(s->m.host.control);
	loop_free(s->m.host.loop);
	instance_done(&s->m.host.inst);
	machine_done(&s->m);
}
#define SERVED CLEANUP(served_done) struct served

static void serve(struct served *s, const char *yaml, const struct control_verb *table)
{
	s->ok = machine_load(&s->m, yaml) &&
		instance_init(&s->m.host.inst, machine_dir(&s->m), "/nowhere", &s->m.err) ==
			RF_OK &&
		loop_new(&s->m.host.loop, &s->m.err) == RF_OK &&
		control_open(&s->m.host, table, &s->m.host.control, &s->m.err) == RF_OK;
	inst = s->m.host.inst;
	if (!s->ok)
		tap_diag("%s", s->m.err.msg);
}

#define SERVE(s, yaml, table)                      \
	SERVED s;                                  \
	memset(&s, 0, sizeof(s));                  \
	s.m.host.lock_fd = -1;                     \
	if (geteuid() != 0)                        \
		SKIP("needs root, as clients do"); \
	serve(&s, yaml, table);                    \
	REQUIRE(s.ok)

static void client_ended(void *ctx, unsigned events RF_UNUSED)
{
	loop_stop(ctx);
}

static void too_late(void *ctx)
{
	tap_check(false, __FILE__, __LINE__, "the client did not end in time");
	loop_stop(ctx);
}

/* Serves until the client, a process that runs client(), has ended. Its checks count. */
static void with_client(struct served *s, void (*client)(void))
{
	struct loop_timer *timer;
	struct loop_watch *watch;
	AUTO_FD fd = -1;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		client();
		_exit(tap_failed() ? 1 : 0);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	watch = loop_watch_fd(s->m.host.loop, fd, LOOP_READ, client_ended, s->m.host.loop);
	timer = loop_timer_add(s->m.host.loop, 60000, too_late, s->m.host.loop);
	CHECK(pid > 0 && watch && timer);
	CHECK_INT(loop_run(s->m.host.loop, &s->m.err), RF_OK);
	if (!tap_failed())
		loop_timer_del(timer);
	loop_unwatch(watch);
	if (tap_failed())
		kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- the clients' side --- */

struct client {
	int fd;
	struct rf_buf carry, line;
	struct rf_err err;
};

static void client_done(struct client *c)
{
	rf_fd_closep(&c->fd);
	rf_buf_done(&c->carry);
	rf_buf_done(&c->line);
}
#define CLIENT CLEANUP(client_done) struct client

static struct client client_open(void)
{
	struct client c = {.carry = {.len = 0}};

	c.fd = control_connect(&inst, &c.err);
	CHECKF(c.fd >= 0, "%s", c.err.msg);
	return c;
}

static void say(struct client *c, const char *text)
{
	CHECK_INT(rf_fd_write_all(c->fd, text, strlen(text), &c->err), RF_OK);
}

/* The next line; "end" when the session is over. */
static const char *hear(struct client *c)
{
	int rc = control_read_line(c->fd, &c->carry, &c->line, &c->err);

	return rc == RF_EABSENT ? "end" : rc < 0 ? c->err.msg : rf_buf_cstr(&c->line);
}

/* A new session: what text is answered with, and its end. */
static void answers(const char *text, const char *want, int line)
{
	CLIENT c = client_open();

	say(&c, text);
	tap_check_str(hear(&c), want, __FILE__, line);
	tap_check_str(hear(&c), "end", __FILE__, line);
}
#define ANSWERS(text, want) answers(text, want, __LINE__)

/* --- requests --- */

static void ask_once(void)
{
	AUTO_BUF out = {.data = NULL};
	struct rf_err err;

	ANSWERS("{\"verb\":\"echo\",\"text\":\"hi\"}\n", "{\"echo\":\"hi\"}");
	CHECK_INT(control_ask(&inst, RF_STR("{\"verb\":\"echo\",\"text\":\"a\"}"), &out, &err),
		RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "{\"echo\":\"a\"}");
}

static void a_request_is_answered_with_one_line(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_once);
}

static void ask_in_pieces(void)
{
	static const char *const pieces[] = {
		"{\"ve", "rb\":\"echo\",", "\"text\":\"", "é\"}", "\n"};
	CLIENT c = client_open();

	for (size_t i = 0; i < RF_ARRAY_LEN(pieces); i++) {
		say(&c, pieces[i]);
		usleep(2000);
	}
	CHECK_STR(hear(&c), "{\"echo\":\"é\"}");
}

static void a_request_in_pieces_is_put_together(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_in_pieces);
}

static void ask_twice(void)
{
	ANSWERS("{\"verb\":\"echo\",\"text\":\"1\"}\n{\"verb\":\"echo\",\"text\":\"2\"}\n",
		"{\"echo\":\"1\"}");
}

static void a_session_ends_with_its_first_answer(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_twice);
}

static void watch_and_ask(void)
{
	CLIENT c = client_open();

	say(&c, "{\"verb\":\"watch\"}\n{\"verb\":\"echo\",\"text\":\"2\"}\n");
	CHECK_STR(hear(&c), "{\"echo\":\"\"}");
	CHECK_STR(hear(&c), "{\"echo\":\"2\"}");
	say(&c, "{\"verb\":\"echo\",\"text\":\"3\"}\n");
	CHECK_STR(hear(&c), "{\"echo\":\"3\"}");
	say(&c, "{\"verb\":\"nothing\"}\n");
	CHECK_STR(hear(&c), "{\"error\":\"the request names no known verb\"}");
	CHECK_STR(hear(&c), "end");
}

static void a_watcher_may_ask_more(void)
{
	SERVE(s, "", verbs);
	with_client(&s, watch_and_ask);
}

static void ask_wrongly(void)
{
	static const char *const not_objects[] = {"\n", "hello\n", "[]\n", "\"echo\"\n", "{\n",
		"{\"verb\":\"echo\"} x\n", "{\"verb\":\"echo\",\"verb\":\"echo\"}\n",
		"\xff\xfe{}\n", "GET / HTTP/1.1\r\n\r\n", "null\n"};
	static const char *const not_verbs[] = {"{}\n", "{\"verb\":\"\"}\n", "{\"verb\":null}\n",
		"{\"verb\":7}\n", "{\"verb\":[\"echo\"]}\n", "{\"verb\":\"ech\"}\n",
		"{\"verb\":\"echoo\"}\n"};

	for (size_t i = 0; i < RF_ARRAY_LEN(not_objects); i++)
		ANSWERS(not_objects[i], "{\"error\":\"the request is not a JSON object\"}");
	for (size_t i = 0; i < RF_ARRAY_LEN(not_verbs); i++)
		ANSWERS(not_verbs[i], "{\"error\":\"the request names no known verb\"}");
}

static void what_is_no_request_gets_an_error_and_ends_its_session(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_wrongly);
}

static void ask_deeply(void)
{
	AUTO_BUF text = {.data = NULL};

	for (int i = 0; i < 100000; i++)
		rf_buf_add_char(&text, '[');
	rf_buf_add_char(&text, '\n');
	ANSWERS(rf_buf_cstr(&text), "{\"error\":\"the request is not a JSON object\"}");
}

static void a_request_without_end_in_depth_is_refused(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_deeply);
}

static void ask_without_end(void)
{
	CLIENT c = client_open();
	AUTO_FREE char *zeros = calloc(1, MIB);
	size_t sent = 0;

	while (zeros && sent <= CONTROL_MAX_LINE + MIB) {
		ssize_t put = send(c.fd, zeros, MIB, MSG_NOSIGNAL);

		if (put < 0)
			break;
		sent += (size_t)put;
	}
	CHECKF(sent <= CONTROL_MAX_LINE + MIB, "%zu bytes of one line were taken", sent);
	ANSWERS("{\"verb\":\"echo\",\"text\":\"on\"}\n", "{\"echo\":\"on\"}");
}

static void a_line_without_end_ends_its_session_and_no_other(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_without_end);
}

/* --- peers that come and go --- */

static void leave_early(void)
{
	static const char *const parting[] = {"", "{\"verb\":", "{\"verb\":\"big\"}\n",
		"{\"verb\":\"watch\"}\n", "{\"verb\":\"flood\"}\n"};

	for (size_t i = 0; i < RF_ARRAY_LEN(parting); i++) {
		CLIENT c = client_open();

		say(&c, parting[i]);
	}
	ANSWERS("{\"verb\":\"flood\"}\n", "{}");
}

static void peers_that_close_at_any_time_do_no_harm(void)
{
	SERVE(s, "", verbs);
	with_client(&s, leave_early);
}

static void ask_and_shut(void)
{
	CLIENT c = client_open();

	say(&c, "{\"verb\":\"big\"}\n");
	CHECK(shutdown(c.fd, SHUT_WR) == 0);
	usleep(20000);
	CHECK_INT(strlen(hear(&c)), 8 * MIB + strlen("{\"big\":\"\"}"));
	CHECK_STR(hear(&c), "end");
}

static void a_peer_that_has_shut_its_side_gets_the_whole_answer(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_and_shut);
}

static void ask_for_too_much(void)
{
	CLIENT c = client_open();

	say(&c, "{\"verb\":\"huge\"}\n");
	CHECK_STR(hear(&c), "end");
	ANSWERS("{\"verb\":\"echo\"}\n", "{\"echo\":\"\"}");
}

static void an_answer_over_the_limit_ends_the_session(void)
{
	SERVE(s, "", verbs);
	with_client(&s, ask_for_too_much);
}

static void come_in_crowds(void)
{
	struct client clients[CONTROL_MAX_CLIENTS + 1];

	for (size_t i = 0; i <= CONTROL_MAX_CLIENTS; i++)
		clients[i] = client_open();
	CHECK_STR(hear(&clients[CONTROL_MAX_CLIENTS]), "end");
	client_done(&clients[0]);
	usleep(20000);
	ANSWERS("{\"verb\":\"echo\"}\n", "{\"echo\":\"\"}");
	for (size_t i = 1; i <= CONTROL_MAX_CLIENTS; i++)
		client_done(&clients[i]);
}

static void one_client_too_many_is_turned_away_until_another_leaves(void)
{
	SERVE(s, "", verbs);
	with_client(&s, come_in_crowds);
}

static void come_as_nobody(void)
{
	CLIENT c = {.fd = -1};

	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	c.fd = control_connect(&inst, &c.err);
	CHECK_INT(c.fd, RF_EDENIED);
	CHECK(strstr(c.err.msg, "run this as root"));
}

static void come_as_nobody_by_an_open_door(void)
{
	CLIENT c = {.fd = -1};

	CHECK(chmod(inst.run_dir, 0755) == 0 && chmod(inst.socket, 0666) == 0);
	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	c.fd = control_connect(&inst, &c.err);
	CHECK(c.fd >= 0);
	CHECK_STR(hear(&c), "end");
}

static void only_root_is_heard(void)
{
	struct stat st;
	SERVE(s, "", verbs);

	CHECK(stat(s.m.host.inst.socket, &st) == 0 && (st.st_mode & 0777) == 0600);
	with_client(&s, come_as_nobody);
	with_client(&s, come_as_nobody_by_an_open_door);
}

/* --- events --- */

static void watch_a_shout(void)
{
	CLIENT watcher = client_open();
	CLIENT other = client_open();

	say(&watcher, "{\"verb\":\"watch\"}\n");
	CHECK_STR(hear(&watcher), "{\"echo\":\"\"}");
	say(&other, "{\"verb\":\"shout\"}\n");
	CHECK_STR(hear(&other), "{\"before\":true,\"after\":true}");
	CHECK_STR(hear(&other), "end");
	CHECK_STR(hear(&watcher), "{\"event\":\"shout\"}");
}

static void watchers_get_events_and_others_do_not(void)
{
	SERVE(s, "", verbs);
	with_client(&s, watch_a_shout);
}

static void shout_and_watch(void)
{
	CLIENT c = client_open();

	say(&c, "{\"verb\":\"watch\"}\n{\"verb\":\"shout\"}\n");
	CHECK_STR(hear(&c), "{\"echo\":\"\"}");
	CHECK_STR(hear(&c), "{\"event\":\"shout\"}");
	CHECK_STR(hear(&c), "{\"before\":true,\"after\":true}");
}

static void an_event_never_falls_into_an_answer(void)
{
	SERVE(s, "", verbs);
	with_client(&s, shout_and_watch);
}

static void read_slowly(void)
{
	CLIENT slow = client_open();
	CLIENT loud = client_open();
	size_t count = 0;

	say(&slow, "{\"verb\":\"watch\"}\n");
	CHECK_STR(hear(&slow), "{\"echo\":\"\"}");
	say(&loud, "{\"verb\":\"flood\"}\n");
	CHECK_STR(hear(&loud), "{}");
	while (strcmp(hear(&slow), "end") != 0)
		count++;
	CHECKF(count < FLOOD_LINES, "all %zu lines were kept for it", count);
	ANSWERS("{\"verb\":\"echo\"}\n", "{\"echo\":\"\"}");
}

static void a_watcher_that_does_not_read_is_dropped(void)
{
	SERVE(s, "", verbs);
	with_client(&s, read_slowly);
}

/* --- opening and connecting --- */

static void a_socket_left_by_a_crash_is_replaced(void)
{
	struct control *second = NULL;
	SERVE(s, "", verbs);

	CHECK_INT(control_open(&s.m.host, verbs, &second, &s.m.err), RF_OK);
	with_client(&s, ask_once);
	control_close(second);
	control_close(NULL);
	control_broadcast(NULL, RF_STR("{}"));
}

static void where_nobody_listens_that_is_what_is_said(void)
{
	struct instance nobody;
	struct rf_err err;

	REQUIRE(instance_init(&nobody, "/nowhere/run", "/nowhere/state", &err) == RF_OK);
	CHECK_INT(control_connect(&nobody, &err), RF_EABSENT);
	CHECK(strstr(err.msg, "/nowhere/run/control.sock") && strstr(err.msg, "ringfence up"));
	instance_done(&nobody);
}

static void lines_are_read_one_at_a_time(void)
{
	AUTO_BUF carry = {.data = NULL};
	AUTO_BUF out = {.data = NULL};
	struct rf_err err;
	int ends[2];

	REQUIRE(pipe(ends) == 0);
	CHECK(write(ends[1], "one\n\ntwo\nrest", 13) == 13);
	close(ends[1]);
	CHECK_INT(control_read_line(ends[0], &carry, &out, &err), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "one");
	CHECK_INT(control_read_line(ends[0], &carry, &out, &err), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "");
	CHECK_INT(control_read_line(ends[0], &carry, &out, &err), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "two");
	CHECK_INT(control_read_line(ends[0], &carry, &out, &err), RF_EABSENT);
	close(ends[0]);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_request_is_answered_with_one_line);
	RUN(a_request_in_pieces_is_put_together);
	RUN(a_session_ends_with_its_first_answer);
	RUN(a_watcher_may_ask_more);
	RUN(what_is_no_request_gets_an_error_and_ends_its_session);
	RUN(a_request_without_end_in_depth_is_refused);
	RUN(a_line_without_end_ends_its_session_and_no_other);
	RUN(peers_that_close_at_any_time_do_no_harm);
	RUN(a_peer_that_has_shut_its_side_gets_the_whole_answer);
	RUN(an_answer_over_the_limit_ends_the_session);
	RUN(one_client_too_many_is_turned_away_until_another_leaves);
	RUN(only_root_is_heard);
	RUN(watchers_get_events_and_others_do_not);
	RUN(an_event_never_falls_into_an_answer);
	RUN(a_watcher_that_does_not_read_is_dropped);
	RUN(a_socket_left_by_a_crash_is_replaced);
	RUN(where_nobody_listens_that_is_what_is_said);
	RUN(lines_are_read_one_at_a_time);
	return TAP_END();
}
