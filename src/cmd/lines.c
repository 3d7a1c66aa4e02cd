/* Reads blocks, cuts them into lines and writes blocks of answers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/lines.h"
#include "cmd/output.h"

#define BLOCK ((size_t)256 << 10)

struct lines_run {
	const struct lines *lines;
	const char *path;
	int fd;
	struct rf_buf out;
	uint64_t line_count, bad_count, first_bad;
	char first_error[RF_ERR_MSG_SIZE];
	bool skipping; /* in the rest of a line that was too long */
};

static void run_done(struct lines_run *run)
{
	rf_buf_done(&run->out);
	if (run->fd != STDIN_FILENO)
		rf_fd_closep(&run->fd);
}

static int flush(struct lines_run *run)
{
	int status = out_result(&run->out);

	rf_buf_clear(&run->out);
	return status;
}

static int answer(struct lines_run *run, struct rf_str line)
{
	struct rf_err err;
	int code = run->lines->answer(run->lines->ctx, line, &run->out, &err);

	run->line_count++;
	if (code == RF_EINTERNAL)
		return out_error(&err);
	if (code < 0 && run->bad_count++ == 0) {
		run->first_bad = run->line_count;
		memcpy(run->first_error, err.msg, sizeof(run->first_error));
	}
	return run->out.len < BLOCK ? 0 : flush(run);
}

/* Answers all whole lines of text; *ret_rest is what is left of it. */
static int answer_lines(struct lines_run *run, struct rf_str text, struct rf_str *ret_rest)
{
	const char *newline;

	while (text.len && (newline = memchr(text.ptr, '\n', text.len))) {
		struct rf_str line = {text.ptr, (size_t)(newline - text.ptr)};

		text.ptr += line.len + 1;
		text.len -= line.len + 1;
		if (run->skipping)
			run->skipping = false; /* answered when it grew too long */
		else if (answer(run, line))
			return CMD_EXIT_ERROR;
	}
	if (run->skipping)
		text.len = 0;
	if (text.len > run->lines->max_line) {
		run->skipping = true;
		if (answer(run, text))
			return CMD_EXIT_ERROR;
		text.len = 0;
	}
	*ret_rest = text;
	return 0;
}

static bool input_is_ready(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, 0) != 0;
}

/* One block after the held bytes of buf. Bytes read, 0 at the end, -1 after an error was printed.
 */
static ssize_t read_block(struct lines_run *run, char *block, size_t held)
{
	ssize_t got;

	if (run->out.len && !input_is_ready(run->fd) && flush(run))
		return -1;
	do
		got = read(run->fd, block + held, BLOCK);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		out_errorf("%s: %s", run->path, strerror(errno));
	return got;
}

static int answer_all(struct lines_run *run)
{
	/* What is held of a line that goes on is never longer than the longest line. */
	AUTO_FREE char *block = malloc(run->lines->max_line + BLOCK);
	struct rf_str rest = {block, 0};
	ssize_t got;

	if (!block)
		return out_errorf("out of memory");
	while ((got = read_block(run, block, rest.len)) > 0) {
		rest = (struct rf_str){block, rest.len + (size_t)got};
		if (answer_lines(run, rest, &rest))
			return CMD_EXIT_ERROR;
		memmove(block, rest.ptr, rest.len);
	}
	if (got < 0 || (rest.len && answer(run, rest)))
		return CMD_EXIT_ERROR;
	return flush(run);
}

int lines_answer(const struct lines *lines)
{
	bool standard = strcmp(lines->path, "-") == 0;
	CLEANUP(run_done)
	struct lines_run run = {.lines = lines,
		.path = standard ? "standard input" : lines->path,
		.fd = STDIN_FILENO};

	if (!standard)
		run.fd = open(lines->path, O_RDONLY | O_CLOEXEC);
	if (run.fd < 0)
		return out_errorf("%s: %s", lines->path, strerror(errno));
	if (answer_all(&run))
		return CMD_EXIT_ERROR;
	if (run.bad_count)
		return out_errorf("%llu of %llu %s could not be answered; the first is %s:%llu: %s",
			(unsigned long long)run.bad_count, (unsigned long long)run.line_count,
			lines->things, run.path, (unsigned long long)run.first_bad,
			run.first_error);
	return 0;
}
