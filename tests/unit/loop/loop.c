/* The event loop: timers, descriptors, signals, children. */
#include "loop/child.h"
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char trail[64];

static void note(char c)
{
	size_t len = strlen(trail);

	if (len + 1 < sizeof(trail)) {
		trail[len] = c;
		trail[len + 1] = '\0';
	}
}

static struct loop *fresh(void)
{
	struct loop *loop = NULL;
	struct rf_err err;

	trail[0] = '\0';
	CHECK(loop_new(&loop, &err) == RF_OK);
	return loop;
}

static void note_a(void *ctx RF_UNUSED)
{
	note('a');
}

static void note_b(void *ctx RF_UNUSED)
{
	note('b');
}

static void stop(void *ctx)
{
	note('.');
	loop_stop(ctx);
}

static void timers_fire_in_the_order_they_are_due(void)
{
	struct loop *loop = fresh();
	struct rf_err err;

	CHECK(loop_timer_add(loop, 20, stop, loop) != NULL);
	CHECK(loop_timer_add(loop, 10, note_b, NULL) != NULL);
	CHECK(loop_timer_add(loop, 1, note_a, NULL) != NULL);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, "ab.");
	loop_free(loop);
}

static void timers_due_at_once_fire_in_the_order_they_were_added(void)
{
	struct loop *loop = fresh();
	struct rf_err err;

	CHECK(loop_timer_add(loop, 0, note_a, NULL) != NULL);
	CHECK(loop_timer_add(loop, 0, note_b, NULL) != NULL);
	CHECK(loop_timer_add(loop, 5, stop, loop) != NULL);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, "ab.");
	loop_free(loop);
}

static void a_deleted_timer_does_not_fire(void)
{
	struct loop *loop = fresh();
	struct loop_timer *timers[50];
	struct rf_err err;

	for (unsigned i = 0; i < RF_ARRAY_LEN(timers); i++)
		timers[i] = loop_timer_add(loop, (i * 7) % 13, note_a, NULL);
	for (unsigned i = 0; i < RF_ARRAY_LEN(timers); i++)
		loop_timer_del(timers[(i * 3) % RF_ARRAY_LEN(timers)]);
	CHECK(loop_timer_add(loop, 20, stop, loop) != NULL);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, ".");
	loop_free(loop);
}

static void a_stop_before_the_run_counts(void)
{
	struct loop *loop = fresh();
	struct rf_err err;

	CHECK(loop_timer_add(loop, 0, note_a, NULL) != NULL);
	loop_stop(loop);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, "");
	CHECK(loop_timer_add(loop, 1, stop, loop) != NULL);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, "a.");
	loop_free(loop);
}

struct pipe_test {
	struct loop *loop;
	struct loop_watch *watch;
	int fd;
};

static void read_one(void *ctx, unsigned events RF_UNUSED)
{
	struct pipe_test *t = ctx;
	char c;

	if (read(t->fd, &c, 1) == 1) {
		note(c);
		return;
	}
	loop_unwatch(t->watch);
	loop_unwatch(t->watch); /* twice is fine */
	loop_stop(t->loop);
}

static void a_descriptor_is_read_until_its_end(void)
{
	struct pipe_test t = {.loop = fresh()};
	struct rf_err err;
	int ends[2];

	REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
	REQUIRE(write(ends[1], "xyz", 3) == 3);
	close(ends[1]);
	t.fd = ends[0];
	t.watch = loop_watch_fd(t.loop, ends[0], LOOP_READ, read_one, &t);
	CHECK_INT(loop_run(t.loop, &err), RF_OK);
	CHECK_STR(trail, "xyz");
	close(ends[0]);
	loop_free(t.loop);
}

static void on_signal(void *ctx, int signo)
{
	note(signo == SIGUSR1 ? 'u' : '?');
	loop_stop(ctx);
}

static void a_signal_reaches_the_loop(void)
{
	static const int signals[] = {SIGUSR1, -1};
	struct loop *loop = fresh();
	struct rf_err err;

	CHECK_INT(loop_signals(loop, signals, on_signal, loop, &err), RF_OK);
	kill(getpid(), SIGUSR1);
	CHECK_INT(loop_run(loop, &err), RF_OK);
	CHECK_STR(trail, "u");
	loop_free(loop);
}

struct child_test {
	struct loop *loop;
	int status;
};

static void child_ended(void *ctx, int status)
{
	struct child_test *t = ctx;

	t->status = status;
	loop_stop(t->loop);
}

static void a_child_gets_its_descriptors_and_its_end_is_reported(void)
{
	struct child_test t = {.loop = fresh()};
	const char *const argv[] = {
		"/bin/sh", "-c", "read line <&5; echo \"$line\" >&7; exit 3", NULL};
	struct child_spec spec = {.argv = argv};
	struct child *child;
	struct rf_err err;
	int in[2], out[2];
	char got[16] = "";

	REQUIRE(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	REQUIRE(write(in[1], "hello\n", 6) == 6);
	spec.fds[0] = (struct child_fd){in[0], 5};
	spec.fds[1] = (struct child_fd){out[1], 7};
	spec.fd_count = 2;
	REQUIRE(child_start(t.loop, &spec, child_ended, &t, &child, &err) == RF_OK);
	CHECK_INT(loop_run(t.loop, &err), RF_OK);
	CHECK_INT(WEXITSTATUS(t.status), 3);
	CHECK(read(out[0], got, sizeof(got) - 1) == 6);
	CHECK_STR(got, "hello\n");
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	loop_free(t.loop);
}

static void a_program_that_is_not_there_is_an_error_at_once(void)
{
	struct loop *loop = fresh();
	const char *const argv[] = {"/nonexistent/program", NULL};
	struct child_spec spec = {.argv = argv};
	struct child *child;
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(child_start(loop, &spec, child_ended, NULL, &child, &err), RF_EIO);
	CHECK_STR(err.msg, "start /nonexistent/program: No such file or directory");
	loop_free(loop);
}

static void output_of_a_short_helper_is_collected(void)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo out; echo err >&2", NULL};
	struct child_spec spec = {.argv = argv};
	AUTO_BUF out = {0};
	struct rf_err err;
	int status;

	CHECK_INT(child_run(&spec, 10000, &out, &status, &err), RF_OK);
	CHECK_INT(status, 0);
	CHECK_STR(rf_buf_cstr(&out), "out\nerr\n");
}

static void a_helper_that_takes_too_long_is_ended(void)
{
	const char *const argv[] = {"/bin/sleep", "100", NULL};
	struct child_spec spec = {.argv = argv};
	AUTO_BUF out = {0};
	struct rf_err err;
	int status;

	CHECK_INT(child_run(&spec, 50, &out, &status, &err), RF_ELIMIT);
	CHECK(WIFSIGNALED(status));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(timers_fire_in_the_order_they_are_due);
	RUN(timers_due_at_once_fire_in_the_order_they_were_added);
	RUN(a_deleted_timer_does_not_fire);
	RUN(a_stop_before_the_run_counts);
	RUN(a_descriptor_is_read_until_its_end);
	RUN(a_signal_reaches_the_loop);
	RUN(a_child_gets_its_descriptors_and_its_end_is_reported);
	RUN(a_program_that_is_not_there_is_an_error_at_once);
	RUN(output_of_a_short_helper_is_collected);
	RUN(a_helper_that_takes_too_long_is_ended);
	return TAP_END();
}
