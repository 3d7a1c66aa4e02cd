/* cmd/live.h: log files as they grow, in lines that begin with the pod. */
#include "cmd/live.h"

#include "tests/unit/cmd/captured.h"

#define AT "2024-01-01T00:00:00.0+00:00 stdout "

struct logs {
	char paths[2][32];
	int fds[2];
	struct log_follow *follow;
};

static void logs_done(struct logs *l)
{
	for (int i = 0; i < 2; i++) {
		close(l->fds[i]);
		unlink(l->paths[i]);
	}
	log_follow_free(l->follow);
}
#define LOGS CLEANUP(logs_done) struct logs

static bool logs_init(struct logs *l)
{
	static const char *const prefixes[] = {"n/a", "n/b"};

	*l = (struct logs){.fds = {-1, -1}, .follow = log_follow_new(false)};
	for (int i = 0; i < 2; i++) {
		snprintf(l->paths[i], sizeof(l->paths[i]), "/tmp/rf-logs-XXXXXX");
		l->fds[i] = mkstemp(l->paths[i]);
		if (!l->follow || l->fds[i] < 0 ||
			log_follow_add(l->follow, l->paths[i], prefixes[i], true) < 0)
			return false;
	}
	return true;
}

static void put(const struct logs *l, int file, const char *text)
{
	CHECK(rf_fd_write_all(l->fds[file], text, strlen(text), NULL) == RF_OK);
}

static void lines_begin_with_the_pod(void)
{
	LOGS l;

	REQUIRE(logs_init(&l));
	put(&l, 0, AT "F one\n" AT "F two\n");
	put(&l, 1, AT "F three\n" AT "F not compl");
	CAPTURE(c, log_follow_poll(l.follow));
	CHECK_STR(rf_buf_cstr(&c.out), "n/a one\nn/a two\nn/b three\n");
}

static void parts_of_a_line_are_joined(void)
{
	LOGS l;

	REQUIRE(logs_init(&l));
	put(&l, 0, AT "P one, \n" AT "F two\n");
	CAPTURE(c, log_follow_poll(l.follow));
	CHECK_STR(rf_buf_cstr(&c.out), "n/a one, two\n");
}

static void a_line_of_another_pod_does_not_go_on_with_it(void)
{
	LOGS l;

	REQUIRE(logs_init(&l));
	put(&l, 0, AT "P one, \n");
	put(&l, 1, AT "F three\n");
	CAPTURE(c, log_follow_poll(l.follow));
	CHECK_STR(rf_buf_cstr(&c.out), "n/a one, \nn/b three\n");
}

static void a_line_can_be_ended_for_something_else(void)
{
	LOGS l;

	REQUIRE(logs_init(&l));
	put(&l, 0, AT "P one, \n");
	CAPTURED c = capture_begin();
	log_follow_end_line(l.follow);
	log_follow_poll(l.follow);
	log_follow_end_line(l.follow);
	log_follow_end_line(l.follow);
	put(&l, 0, AT "F two\n");
	log_follow_poll(l.follow);
	capture_end(&c);
	CHECK_STR(rf_buf_cstr(&c.out), "n/a one, \nn/a two\n");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(lines_begin_with_the_pod);
	RUN(parts_of_a_line_are_joined);
	RUN(a_line_of_another_pod_does_not_go_on_with_it);
	RUN(a_line_can_be_ended_for_something_else);
	return TAP_END();
}
