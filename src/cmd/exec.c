/*
 * `exec`: a command in a running container, with the container's own restrictions: its process
 * object is taken from the bundle's config.json and only the arguments are replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/live.h"
#include "host/oci.h"

struct exec_opts {
	struct live_opts live;
	const char *container;
};

static const struct opt_row rows[] = {
	{"container", 'c', OPT_TEXT, offsetof(struct exec_opts, container), "NAME",
		"Which container, instead of the pod's first.", NULL},
	LIVE_ROWS(struct exec_opts),
};

static const struct opt_example examples[] = {
	{"can the frontend reach the database?",
		"ringfence exec production/frontend-app -- /frontend try database-service:5432"},
};

static const struct opt_usage usage = {
	.verb = "exec",
	.synopsis = "[-c CONTAINER] POD -- COMMAND [ARG...]",
	.summary = "runs a command in a container, with no more rights than the container has",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "The command's exit status (128 + N when signal N ended it), 2 on an error.",
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
static int write_process(const char *config_path, char **command, int *ret_fd)
{
	AUTO_BUF config = {.max = 16 << 20};
	AUTO_BUF process = {0};
	AUTO_FD fd = -1;
	struct rf_err err;
	int rc = rf_file_read(config_path, &config, &err);

	if (rc == RF_OK)
		rc = oci_process_from_config(rf_buf_str(&config),
			(const char *const *)(uintptr_t)command, false, &process, &err);
	if (rc < 0)
		return out_error(&err);
	fd = open("/tmp", O_TMPFILE | O_RDWR, 0600); /* inherited by the runtime */
	if (fd < 0 || rf_fd_write_all(fd, process.data, process.len, &err) < 0)
		return out_errorf("cannot write the process description");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- the runtime gets pipes, never our own files: it changes the owner of what is no pipe --- */

struct pump {
	int from, to;
};

static bool pump_once(struct pump *p)
{
	char block[65536];
	ssize_t got = read(p->from, block, sizeof(block));

	if (got < 0 && errno == EINTR)
		return true;
	return got > 0 && rf_fd_write_all(p->to, block, (size_t)got, NULL) == RF_OK;
}

/* Moves data until both outputs are closed; input ends when ours does. */
static void pump_all(struct pump pumps[3])
{
	while (pumps[1].from >= 0 || pumps[2].from >= 0) {
		struct pollfd fds[3];

		for (int i = 0; i < 3; i++)
			fds[i] = (struct pollfd){.fd = pumps[i].from, .events = POLLIN};
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 3; i++) {
			if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)) ||
				pump_once(&pumps[i]))
				continue;
			if (i == 0)
				rf_fd_closep(&pumps[0].to);
			pumps[i].from = -1;
		}
	}
}

static _Noreturn void run_runtime(
	const struct live_answer *target, int process_fd, const int ends[3])
{
	AUTO_FREE char *root = NULL;
	char process[64];

	for (int i = 0; i < 3; i++)
		dup2(ends[i], i);
	snprintf(process, sizeof(process), "/proc/self/fd/%d", process_fd);
	if (asprintf(&root, "--root=%s", live_text(target->root, "root")) < 0)
		_exit(CMD_EXIT_ERROR);
	execl(live_text(target->root, "runtime"), live_text(target->root, "runtime"), root, "exec",
		"--process", process, live_text(target->root, "id"), (char *)NULL);
	_exit(127);
}

static int run(const struct live_answer *target, int process_fd)
{
	struct pump pumps[3];
	int pipes[3][2], ends[3], status = 0;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return out_errorf("pipe: %m");
		ends[i] = pipes[i][i == 0 ? 0 : 1];
	}
	pumps[0] = (struct pump){0, pipes[0][1]};
	pumps[1] = (struct pump){pipes[1][0], 1};
	pumps[2] = (struct pump){pipes[2][0], 2};
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid < 0)
		return out_errorf("fork: %m");
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		run_runtime(target, process_fd, ends);
	}
	for (int i = 0; i < 3; i++)
		close(ends[i]);
	pump_all(pumps);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int cmd_exec(int argc, char **argv)
{
	struct exec_opts opts = {.container = NULL};
	AUTO_ANSWER target = {.root = NULL};
	struct opt_args args;
	AUTO_FD process_fd = -1;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	args.items[args.count] =
		NULL; /* a place that "--" or an option has left, or argv's own end */
	exit_status = ask_target(&opts, args.items[0], &target);
	if (exit_status == 0)
		exit_status = write_process(
			live_text(target.root, "config"), args.items + 1, &process_fd);
	return exit_status ? exit_status : run(&target, process_fd);
}
