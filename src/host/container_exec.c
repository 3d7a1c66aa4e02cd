/* Commands in a running container, and their end: of what runs inside, not of the runtime alone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "host/container.h"

#define CHILDREN_MAX 65536 /* bytes of the kernel's list */

/* Descriptors that the runtime may take over: it changes the owner of what is no pipe. */
static int exec_pipes(struct child_spec *spec, int held[3], struct rf_err *err)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return rf_err_sys(err, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return rf_err_sys(err, errno, "pipe");
	}
	close(in[1]); /* the command reads end of file */
	held[0] = in[0];
	held[1] = out[0];
	held[2] = out[1];
	spec->fds[0] = (struct child_fd){in[0], 0};
	spec->fds[1] = (struct child_fd){out[1], 1};
	spec->fds[2] = (struct child_fd){out[1], 2};
	/* The runtime itself holds the reading end: a command that prints gets no SIGPIPE. */
	spec->fds[3] = (struct child_fd){out[0], 3};
	spec->fd_count = 4;
	return RF_OK;
}

/*
 * The description of the command's process, in memory only: it holds the container's environment,
 * and probes of one container run side by side.
 */
static int process_file(
	struct container *c, const struct doc_strs *command, int *ret_fd, struct rf_err *err)
{
	AUTO_FREE const char **args = calloc(command->count + 1, sizeof(*args));
	AUTO_BUF text = {0};
	AUTO_FD fd = memfd_create("process", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "memfd_create");
	if (!args)
		return rf_err_nomem(err);
	for (size_t i = 0; i < command->count; i++)
		args[i] = command->items[i].ptr;
	rc = oci_process_write(&c->oci, args, false, &text);
	if (rc < 0 || text.failed)
		return rf_err_nomem(err);
	rc = rf_fd_write_all(fd, text.data, text.len, err);
	if (rc == RF_OK)
		*ret_fd = TAKE_FD(fd);
	return rc;
}

int container_exec(struct container *c, const struct doc_strs *command, child_exit_fn fn, void *ctx,
	struct child **ret, struct rf_err *err)
{
	struct host *host = c->pod->host;
	struct child_spec spec = {.cwd = "/", .own_session = true};
	AUTO_FREE char *root = NULL;
	AUTO_FD process = -1;
	int held[3] = {-1, -1, -1}, rc = process_file(c, command, &process, err);

	if (rc < 0)
		return rc;
	if (asprintf(&root, "--root=%s/runtime", host->inst.run_dir) < 0) {
		root = NULL;
		return rf_err_nomem(err);
	}
	rc = exec_pipes(&spec, held, err);
	if (rc < 0)
		return rc;
	spec.fds[spec.fd_count++] = (struct child_fd){process, 4};
	spec.argv = (const char *const[]){
		host->runtime.path, root, "exec", "--process", "/proc/self/fd/4", c->id, NULL};
	rc = child_start(host->loop, &spec, fn, ctx, ret, err);
	for (unsigned i = 0; i < RF_ARRAY_LEN(held); i++)
		close(held[i]);
	return rc;
}

/* What the runtime waits for: as long as it stands still, none of these pids can be another's. */
static void kill_children(pid_t pid)
{
	AUTO_BUF list = {.max = CHILDREN_MAX};
	struct rf_str rest, word;
	char path[64];
	uint64_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (rf_file_read(path, &list, NULL) < 0)
		return;
	for (rest = rf_buf_str(&list); rest.ptr && rest.len;) {
		rest = rf_str_cut(rest, ' ', &word);
		if (rf_num_u64(word, INT32_MAX, &child) && child > 1)
			kill((pid_t)child, SIGKILL);
	}
}

void container_exec_kill(struct child *command)
{
	child_detach(command);
	child_kill(command, SIGSTOP);
	kill_children(child_pid(command));
	child_kill(command, SIGKILL);
}
