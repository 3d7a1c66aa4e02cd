/*
 * `exec`: a command in a running container, with the container's own restrictions: its process
 * object is taken from the bundle's config.json and only the arguments are replaced. How its
 * input and output get there is in exec_pipes.c and exec_terminal.c.
 */
#include "cmd/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/live.h"
#include "host/oci.h"

#define LOG_MAX ((size_t)1 << 20) /* bytes of the runtime's log */

struct exec_opts {
	struct live_opts live;
	const char *container;
	bool tty, stdin_open;
};

static const struct opt_row rows[] = {
	{"container", 'c', OPT_TEXT, offsetof(struct exec_opts, container), "NAME",
		"Which container, instead of the pod's first.", NULL},
	{"tty", 't', OPT_FLAG, offsetof(struct exec_opts, tty), NULL,
		"Gives the command a terminal, where there is one here.", NULL},
	{"stdin", 'i', OPT_FLAG, offsetof(struct exec_opts, stdin_open), NULL,
		"Passes standard input on, which is done in any case.", NULL},
	LIVE_ROWS(struct exec_opts),
};

static const struct opt_example examples[] = {
	{"can the frontend reach the database?",
		"ringfence exec production/frontend-app -- /frontend try database-service:5432"},
	{"a shell in an image that has one", "ringfence exec -it default/tools -- /bin/sh"},
};

static const struct opt_usage usage = {
	.verb = "exec",
	.synopsis = "[-it] [-c CONTAINER] POD -- COMMAND [ARG...]",
	.summary = "runs a command in a container, with no more rights than the container has",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "The command's exit status (128 + N when signal N ended it), 127 when there is no "
		 "such command, 126 when it cannot be run, 2 on an error.",
	.min_args = 2,
	.max_args = -1,
};

static int ask_target(const struct exec_opts *opts, const char *name, struct live_answer *ret)
{
	AUTO_ANSWER status = {.root = NULL};
	AUTO_BUF request = {0};
	struct json_writer w = {.out = &request};
	const struct doc_node *pod;
	int exit_status = live_ask(&opts->live, RF_STR("{\"verb\":\"status\"}"), &status);

	if (exit_status)
		return exit_status;
	pod = live_find_pod(status.root, name);
	if (!pod)
		return CMD_EXIT_ERROR;
	json_object_begin(&w);
	json_field_c(&w, "verb", "exec");
	json_key(&w, "pod");
	json_strf(&w, "%s/%s", live_text(pod, "namespace"), live_text(pod, "name"));
	json_field_c(&w, "container", opts->container ? opts->container : "");
	json_object_end(&w);
	exit_status = live_ask(&opts->live, rf_buf_str(&request), ret);
	if (exit_status == 0 && doc_get(ret->root, "error"))
		return out_errorf("%s: %s", name, live_text(ret->root, "error"));
	return exit_status;
}

/* process.json in an unlinked file, named by its descriptor. */
static int write_process(
	const char *config_path, char **command, const struct oci_console *console, int *ret_fd)
{
	AUTO_BUF config = {.max = 16 << 20};
	AUTO_BUF process = {0};
	AUTO_FD fd = -1;
	struct rf_err err;
	int rc = rf_file_read(config_path, &config, &err);

	if (rc == RF_OK)
		rc = oci_process_from_config(rf_buf_str(&config),
			(const char *const *)(uintptr_t)command, console, &process, &err);
	if (rc < 0)
		return out_error(&err);
	fd = open("/tmp", O_TMPFILE | O_RDWR, 0600); /* inherited by the runtime */
	if (fd < 0 || rf_fd_write_all(fd, process.data, process.len, &err) < 0)
		return out_errorf("cannot write the process description");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- the runtime --- */

void exec_runtime(const struct exec_target *target, const int ends[3], const char *const *more)
{
	const char *argv[24] = {target->runtime};
	AUTO_FREE char *root = NULL;
	char process[64], log[64];
	size_t count = 1;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 3; i++)
		dup2(ends[i], i);
	snprintf(process, sizeof(process), "/proc/self/fd/%d", target->process_fd);
	snprintf(log, sizeof(log), "/proc/self/fd/%d", target->log_fd);
	if (asprintf(&root, "--root=%s", target->root) < 0)
		_exit(CMD_EXIT_ERROR);
	argv[count++] = root;
	argv[count++] = "--log-format=json";
	argv[count++] = "--log";
	argv[count++] = log;
	argv[count++] = "exec";
	for (; *more && count < RF_ARRAY_LEN(argv) - 4; more++)
		argv[count++] = *more;
	argv[count++] = "--process";
	argv[count++] = process;
	argv[count++] = target->id;
	execv(target->runtime, (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* The last line of the runtime's log that is an error. */
static const char *last_error(struct rf_str log, struct rf_arena *arena)
{
	const char *found = NULL;
	struct rf_str line;

	while (log.ptr) {
		const struct doc_node *root;

		log = rf_str_cut(log, '\n', &line);
		if (!line.len || doc_parse_json(line, "log", 1, arena, NULL, &root) < 0)
			continue;
		if (strcmp(live_text(root, "level"), "error") == 0)
			found = live_text(root, "msg");
	}
	return found;
}

/* As shells and Docker have it: 127 not there, 126 there but not to be run. */
static int failure_status(const char *message)
{
	if (strcasestr(message, "not found") || strcasestr(message, "no such file"))
		return 127;
	if (strcasestr(message, "permission denied") || strcasestr(message, "exec format") ||
		strcasestr(message, "is a directory"))
		return 126;
	return CMD_EXIT_ERROR;
}

int exec_exit(const struct exec_target *target, int status)
{
	AUTO_ARENA *arena = rf_arena_new(1 << 20);
	AUTO_BUF log = {.max = LOG_MAX};
	const char *message;

	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	if (WEXITSTATUS(status) == 0 || !arena || lseek(target->log_fd, 0, SEEK_SET) < 0 ||
		rf_fd_read_all(target->log_fd, &log, NULL) < 0)
		return WEXITSTATUS(status);
	message = last_error(rf_buf_str(&log), arena);
	if (!message)
		return WEXITSTATUS(status);
	out_errorf("cannot run %s: %s", target->command, message);
	return failure_status(message);
}

/* A terminal is asked for, and there is one. */
static bool wants_terminal(const struct exec_opts *opts)
{
	if (!opts->tty || (isatty(0) && isatty(1)))
		return opts->tty;
	fputs("ringfence: note: standard input or output is no terminal, so that the command gets "
	      "none either\n",
		stderr);
	return false;
}

static int exec_command(
	const struct exec_opts *opts, const struct live_answer *answer, char **command)
{
	AUTO_FD process_fd = -1;
	AUTO_FD log_fd = memfd_create("log", 0);
	struct exec_target target = {.runtime = live_text(answer->root, "runtime"),
		.root = live_text(answer->root, "root"),
		.id = live_text(answer->root, "id"),
		.command = command[0]};
	struct oci_console console = {.columns = 0};
	bool terminal = wants_terminal(opts);
	struct winsize size;
	int exit_status;

	if (terminal && ioctl(0, TIOCGWINSZ, &size) == 0)
		console = (struct oci_console){size.ws_col, size.ws_row};
	exit_status = write_process(live_text(answer->root, "config"), command,
		terminal ? &console : NULL, &process_fd);
	if (exit_status)
		return exit_status;
	if (log_fd < 0)
		return out_errorf("memfd_create: %m");
	target.process_fd = process_fd;
	target.log_fd = log_fd;
	return terminal ? exec_on_terminal(&target) : exec_on_pipes(&target);
}

int cmd_exec(int argc, char **argv)
{
	struct exec_opts opts = {.container = NULL};
	AUTO_ANSWER answer = {.root = NULL};
	struct opt_args args;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	args.items[args.count] =
		NULL; /* a place that "--" or an option has left, or argv's own end */
	exit_status = ask_target(&opts, args.items[0], &answer);
	return exit_status ? exit_status : exec_command(&opts, &answer, args.items + 1);
}
