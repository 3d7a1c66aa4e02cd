/*
 * Deltas applied by "vuln-build": what it answers, what the parent believes of it, and what a child
 * that a delta has taken over could do. Each attempt of that is made by a role that is confined in
 * the same way.
 */
#include "tests/unit/image/vuln/delta_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "image/vuln/confined.h"
#include "image/vuln/confined_int.h"
#include "proc/sandbox.h"

/* --- attempts --- */

enum attempt {
	TRY_NOTHING,
	TRY_OPEN,
	TRY_CREATE,
	TRY_UNLINK,
	TRY_MEMFD,
	TRY_SOCKET,
	TRY_UNIX_SOCKET,
	TRY_EXEC,
	TRY_FORK,
	TRY_KILL,
	TRY_PTRACE,
	TRY_UNSHARE,
	TRY_FILE_SIZE,
};

/* System calls themselves, as the library would go around some. */
static long try_it(enum attempt attempt)
{
	char *empty[] = {NULL};

	switch (attempt) {
	case TRY_NOTHING: return 0;
	case TRY_OPEN: return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
	case TRY_CREATE: return syscall(SYS_openat, AT_FDCWD, "/tmp/x", O_CREAT | O_WRONLY, 0600);
	case TRY_UNLINK: return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/x", 0);
	case TRY_MEMFD: return syscall(SYS_memfd_create, "x", 0);
	case TRY_SOCKET: return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	case TRY_UNIX_SOCKET: return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	case TRY_EXEC: return syscall(SYS_execve, "/bin/true", empty, empty);
	case TRY_FORK: return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case TRY_KILL: return syscall(SYS_kill, -1, SIGKILL);
	case TRY_PTRACE: return syscall(SYS_ptrace, 0, 0, 0, 0);
	case TRY_UNSHARE: return syscall(SYS_unshare, CLONE_NEWUSER);
	case TRY_FILE_SIZE: break;
	}
	return -1;
}

static int run(int channel)
{
	AUTO_FRAME frame = FRAME_INIT;
	enum attempt attempt;
	long rc;

	if (frame_recv(channel, &frame, NULL) < 0 || frame.payload.len != sizeof(attempt))
		return 1;
	memcpy(&attempt, frame.payload.data, sizeof(attempt));
	if (job_confine(JOB_APPLY, NULL) < 0)
		return 2;
	if (attempt == TRY_FILE_SIZE)
		rc = pwrite(frame.fds[0], "x", 1, (off_t)VULN_DB_MAX_BYTES);
	else
		rc = try_it(attempt);
	if (frame_send(channel, 2, rf_str_of(rc < 0 ? strerrorname_np(errno) : "done"), NULL) < 0)
		return 1;
	return frame_recv(channel, &frame, NULL) != RF_EABSENT; /* who asked has a look, too */
}

PROC_ROLE(tester, "vuln-tester", run);

/* Lines of /proc/PID/status that say what a process may do. */
static void look_at(pid_t pid, struct rf_buf *out)
{
	static const char *const names[] = {
		"Uid:", "Groups:", "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:"};
	AUTO_BUF text = {0};
	struct rf_str rest, line;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (rf_file_read(path, &text, NULL) < 0)
		return;
	for (rest = rf_buf_str(&text); rest.ptr;) {
		rest = rf_str_cut(rest, '\n', &line);
		for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
			if (rf_str_starts(line, rf_str_of(names[i])))
				rf_buf_addf(out, RF_STR_FMT "\n", RF_STR_ARG(line));
		}
	}
}

/* Its answer, or how it ended; in status (may be NULL) what it may do. */
static const char *outcome(enum attempt attempt, struct rf_buf *status)
{
	static char out[RF_ERR_MSG_SIZE];
	const struct rf_str payload = {(const char *)&attempt, sizeof(attempt)};
	AUTO_FD file = test_file("", 0);
	AUTO_CHILD child = PROC_CHILD_INIT;
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err = {.code = RF_OK};

	snprintf(out, sizeof(out), "not started");
	if (proc_child_start(&tester, &child, &err) < 0 ||
		frame_send_fds(child.channel, 1, payload, &file, 1, &err) < 0)
		return out;
	if (frame_recv(child.channel, &frame, &err) == RF_OK)
		snprintf(out, sizeof(out), "%s", rf_buf_cstr(&frame.payload));
	if (status)
		look_at(child.pid, status);
	if (proc_child_wait(&child, &err) < 0)
		snprintf(out, sizeof(out), "%s", err.msg);
	return out;
}

#define KILLED "made a forbidden system call"

static void who_applies_a_delta_can_open_neither_file_nor_socket(void)
{
	static const struct {
		enum attempt attempt;
		const char *want;
	} rows[] = {
		{TRY_NOTHING, "done"},
		{TRY_OPEN, "EPERM"},
		{TRY_CREATE, "EPERM"},
		{TRY_UNLINK, KILLED},
		{TRY_MEMFD, KILLED},
		{TRY_SOCKET, KILLED},
		{TRY_UNIX_SOCKET, KILLED},
		{TRY_EXEC, KILLED},
		{TRY_FORK, KILLED},
		{TRY_KILL, KILLED},
		{TRY_PTRACE, KILLED},
		{TRY_UNSHARE, KILLED},
		{TRY_FILE_SIZE, "met its limit of file size"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const char *got = outcome(rows[i].attempt, NULL);

		CHECKF(strcmp(got, rows[i].want) == 0, "row %zu: %s", i, got);
	}
}

static void who_applies_a_delta_is_nobody(void)
{
	AUTO_BUF status = {0};

	if (geteuid() != 0)
		SKIP("needs root to become another");
	CHECK_STR(outcome(TRY_NOTHING, &status), "done");
	CHECK_STR(rf_buf_cstr(&status), "Uid:\t65534\t65534\t65534\t65534\nGroups:\t \n"
					"CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
					"NoNewPrivs:\t1\nSeccomp:\t2\n");
}

/* --- deltas --- */

static const char *const before[] = {
	"{\"id\":\"A-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"npm\",\"name\":\"m\"},\"versions\":[\"1.0.0\"]}]}"};
static const char *const after[] = {
	"{\"id\":\"B-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{"
	"\"ecosystem\":\"npm\",\"name\":\"m\"},\"versions\":[\"2.0.0\"]}]}"};

static int apply(const struct rf_buf *from, const struct rf_buf *delta, struct rf_buf *out,
	struct rf_err *err)
{
	AUTO_FD fd = test_file(delta->data, delta->len);
	AUTO_VULN_DB *old = NULL;

	if (test_open_bytes(from->data, from->len, &old, NULL) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return vuln_job_apply(old, fd, out, err);
}

static void a_confined_child_gives_the_very_bytes_of_the_new_file(void)
{
	AUTO_BUF from = {0}, to = {0}, delta = {0}, made = {0};
	struct rf_err err = {.code = RF_OK};

	test_build(before, 1, &from);
	test_build(after, 1, &to);
	make_delta(&from, &to, &delta);
	CHECKF(apply(&from, &delta, &made, &err) == RF_OK, "%s", err.msg);
	CHECK(rf_str_eq(rf_buf_str(&made), rf_buf_str(&to)));
}

static void what_the_child_says_is_an_error_of_its_kind(void)
{
	AUTO_BUF from = {0}, to = {0}, delta = {0}, made = {0};
	struct rf_err err = {.code = RF_OK};

	test_build(before, 1, &from);
	test_build(after, 1, &to);
	make_delta(&to, &from, &delta);
	CHECK_INT(apply(&from, &delta, &made, &err), RF_EABSENT);
	CHECK_STR(err.msg, "the delta is for another database");
	delta.len /= 2;
	CHECK_INT(apply(&from, &delta, &made, &err), RF_EINPUT);
	CHECK_STR(err.msg, "the delta is damaged");
	delta.len = 0;
	CHECK_INT(apply(&from, &delta, &made, &err), RF_EINPUT);
	CHECK_STR(err.msg, "not a delta of vulnerability databases");
}

/* The child does what the delta says; the parent sees that nobody has signed that. */
static void what_nobody_has_signed_is_denied(void)
{
	AUTO_BUF from = {0}, to = {0}, delta = {0}, plain = {0}, made = {0};
	struct rf_err err = {.code = RF_OK};

	test_build(before, 1, &from);
	test_build(after, 1, &to);
	make_delta(&from, &to, &delta);
	unpack(&delta, &plain);
	plain.data[IMAGE_DIGEST_LEN + DB_AT_SIGNATURE] ^= 1;
	pack(&plain, &delta);
	CHECK_INT(apply(&from, &delta, &made, &err), RF_EDENIED);
	CHECK_STR(err.msg, "the signature of the vulnerability database is not good");
}

/* Lists that say they are longer than all there is, one after the other. */
static void lengths_beyond_the_end_are_damage(void)
{
	static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";

	for (size_t lists = 0; lists < 5; lists++) {
		AUTO_BUF from = {0}, delta = {0}, plain = {0}, made = {0};
		struct rf_err err = {.code = RF_OK};
		struct image_digest digest;

		test_build(before, 1, &from);
		REQUIRE(image_digest_of((struct rf_str){from.data, DB_HEADER_SIZE}, &digest) ==
			RF_OK);
		rf_buf_add(&plain, digest.bytes, sizeof(digest.bytes));
		rf_buf_add(&plain, from.data, DB_HEADER_SIZE);
		for (size_t i = 0; i < lists; i++)
			rf_buf_add_char(&plain, '\0');
		rf_buf_add(&plain, huge, sizeof(huge) - 1);
		pack(&plain, &delta);
		CHECK_INT(apply(&from, &delta, &made, &err), RF_EINPUT);
		CHECK_STR(err.msg, "the delta is damaged");
	}
}

int main(int argc, char **argv)
{
	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	test_open();
	RUN(who_applies_a_delta_can_open_neither_file_nor_socket);
	RUN(who_applies_a_delta_is_nobody);
	RUN(a_confined_child_gives_the_very_bytes_of_the_new_file);
	RUN(what_the_child_says_is_an_error_of_its_kind);
	RUN(what_nobody_has_signed_is_denied);
	RUN(lengths_beyond_the_end_are_damage);
	test_close();
	return TAP_END();
}
