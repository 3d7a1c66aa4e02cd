/* Messages between processes: what is sent arrives, what is malformed is refused. */
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/frame.h"

struct raw_header {
	uint32_t len;
	uint16_t type;
	uint16_t fd_count;
};

static int ends[2] = {-1, -1};

static void open_ends(void)
{
	rf_fd_closep(&ends[0]);
	rf_fd_closep(&ends[1]);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
}

static void a_message_arrives_as_it_was_sent(void)
{
	AUTO_FRAME frame = FRAME_INIT;

	open_ends();
	CHECK_INT(frame_send(ends[0], 7, RF_STR("hello"), NULL), RF_OK);
	CHECK_INT(frame_send(ends[0], 8, RF_STR(""), NULL), RF_OK);
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_OK);
	CHECK_INT(frame.type, 7);
	CHECK_STR(rf_buf_cstr(&frame.payload), "hello");
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_OK);
	CHECK_INT(frame.type, 8);
	CHECK_INT(frame.payload.len, 0);
}

static void descriptors_travel_and_close_with_their_frame(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept;

	open_ends();
	{
		AUTO_FRAME frame = FRAME_INIT;

		CHECK_INT(frame_send_fds(ends[0], 1, RF_STR("x"), &fd, 1, NULL), RF_OK);
		REQUIRE(frame_recv(ends[1], &frame, NULL) == RF_OK);
		REQUIRE(frame.fd_count == 1);
		kept = frame.fds[0];
		CHECK(fcntl(kept, F_GETFD) & FD_CLOEXEC);
	}
	CHECK(fcntl(kept, F_GETFD) < 0);
	close(fd);
}

static void a_closed_channel_is_told_from_a_broken_message(void)
{
	const struct raw_header header = {.len = 100, .type = 1};
	AUTO_FRAME frame = FRAME_INIT;

	open_ends();
	rf_fd_closep(&ends[0]);
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_EABSENT);
	open_ends();
	CHECK(write(ends[0], &header, 5) == 5);
	rf_fd_closep(&ends[0]);
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_EINPUT);
	open_ends();
	CHECK(write(ends[0], &header, sizeof(header)) == sizeof(header));
	CHECK(write(ends[0], "short", 5) == 5);
	rf_fd_closep(&ends[0]);
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_EINPUT);
}

static void a_length_beyond_the_limit_is_refused_before_memory_is_taken(void)
{
	const struct raw_header header = {.len = UINT32_MAX, .type = 1};
	AUTO_FRAME frame = FRAME_INIT;

	open_ends();
	CHECK(write(ends[0], &header, sizeof(header)) == sizeof(header));
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_EINPUT);
	CHECK(frame.payload.data == NULL);
}

static void descriptors_that_the_header_does_not_announce_are_refused_and_closed(void)
{
	const struct raw_header header = {.len = 0, .type = 1, .fd_count = 2};
	AUTO_FRAME frame = FRAME_INIT;

	open_ends();
	CHECK(write(ends[0], &header, sizeof(header)) == sizeof(header));
	CHECK_INT(frame_recv(ends[1], &frame, NULL), RF_EINPUT);
}

static void a_sender_whose_receiver_is_gone_gets_an_error_and_no_signal(void)
{
	open_ends();
	rf_fd_closep(&ends[1]);
	CHECK_INT(frame_send(ends[0], 1, RF_STR("x"), NULL), RF_EIO);
}

static void fields_come_back_in_order_and_a_short_payload_fails_for_good(void)
{
	AUTO_BUF buf = {.len = 0};
	struct frame_reader reader;

	frame_put_u64(&buf, 42);
	frame_put_str(&buf, RF_STR("abc"));
	reader = (struct frame_reader){.rest = rf_buf_str(&buf)};
	CHECK_INT(frame_get_u64(&reader), 42);
	CHECK(rf_str_is(frame_get_str(&reader), "abc"));
	CHECK(frame_reader_ok(&reader));
	CHECK(frame_get_str(&reader).ptr == NULL);
	CHECK(!frame_reader_ok(&reader));
	reader = (struct frame_reader){.rest = {buf.data, buf.len - 1}};
	(void)frame_get_u64(&reader);
	CHECK(frame_get_str(&reader).ptr == NULL);
	CHECK(!frame_reader_ok(&reader));
}

static void an_error_from_another_process_cannot_print_control_characters(void)
{
	struct rf_err sent, got = {.code = RF_OK};
	AUTO_BUF buf = {.len = 0};
	struct frame_reader reader;

	rf_err_set(&sent, RF_ELIMIT, "bad \033[31mname\n");
	frame_put_err(&buf, &sent);
	reader = (struct frame_reader){.rest = rf_buf_str(&buf)};
	CHECK_INT(frame_get_err(&reader, &got), RF_ELIMIT);
	CHECK_STR(got.msg, "bad ?[31mname?");
	rf_err_set(&sent, RF_ELIMIT,
		"bad \xc2\x9b"
		"31m \xff name \xc3\xa9");
	rf_buf_clear(&buf);
	frame_put_err(&buf, &sent);
	reader = (struct frame_reader){.rest = rf_buf_str(&buf)};
	CHECK_INT(frame_get_err(&reader, &got), RF_ELIMIT);
	CHECK_STR(got.msg, "bad ??31m ? name \xc3\xa9");
}

static void an_error_that_claims_success_is_a_defect(void)
{
	AUTO_BUF buf = {.len = 0};
	struct frame_reader reader;
	struct rf_err got;

	frame_put_u64(&buf, 0);
	frame_put_u64(&buf, 0);
	frame_put_str(&buf, RF_STR("fine"));
	reader = (struct frame_reader){.rest = rf_buf_str(&buf)};
	CHECK_INT(frame_get_err(&reader, &got), RF_EINTERNAL);
}

/* A byte every 30 ms: each of them in time, all of them never. */
static void drip(int fd)
{
	while (send(fd, "", 1, MSG_NOSIGNAL) == 1)
		usleep(30000);
}

static void a_message_that_drips_is_not_waited_for(void)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct raw_header header = {.len = 1000000, .type = 1};
	struct rf_err got;
	pid_t pid;

	open_ends();
	CHECK(write(ends[0], &header, sizeof(header)) == (ssize_t)sizeof(header));
	pid = fork();
	if (pid == 0) {
		alarm(20);
		drip(ends[0]);
		_exit(0);
	}
	CHECK_INT(frame_recv_within(ends[1], 200, &frame, &got), RF_EIO);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_receiver_that_does_not_read_is_not_waited_for(void)
{
	static char large[4 << 20];
	const struct frame_out out = {.type = 1, .payload = {large, sizeof(large)}};
	struct rf_err got;

	open_ends();
	CHECK_INT(frame_send_within(ends[0], 200, &out, &got), RF_EIO);
}

static void a_message_in_time_arrives_as_any_other(void)
{
	const struct frame_out out = {.type = 9, .payload = RF_STR("now")};
	AUTO_FRAME frame = FRAME_INIT;

	open_ends();
	CHECK_INT(frame_send_within(ends[0], 1000, &out, NULL), RF_OK);
	CHECK_INT(frame_recv_within(ends[1], 1000, &frame, NULL), RF_OK);
	CHECK_INT(frame.type, 9);
	CHECK_STR(rf_buf_cstr(&frame.payload), "now");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_message_arrives_as_it_was_sent);
	RUN(descriptors_travel_and_close_with_their_frame);
	RUN(a_closed_channel_is_told_from_a_broken_message);
	RUN(a_length_beyond_the_limit_is_refused_before_memory_is_taken);
	RUN(descriptors_that_the_header_does_not_announce_are_refused_and_closed);
	RUN(a_sender_whose_receiver_is_gone_gets_an_error_and_no_signal);
	RUN(fields_come_back_in_order_and_a_short_payload_fails_for_good);
	RUN(an_error_from_another_process_cannot_print_control_characters);
	RUN(an_error_that_claims_success_is_a_defect);
	RUN(a_message_that_drips_is_not_waited_for);
	RUN(a_receiver_that_does_not_read_is_not_waited_for);
	RUN(a_message_in_time_arrives_as_any_other);
	rf_fd_closep(&ends[0]);
	rf_fd_closep(&ends[1]);
	return TAP_END();
}
