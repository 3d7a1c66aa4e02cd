/* What the files of `exec` share: the runtime is started in two ways. */
#ifndef RF_CMD_EXEC_H
#define RF_CMD_EXEC_H

/* A container, as the OCI runtime knows it, and what shall run in it. All borrowed. */
struct exec_target {
	const char *runtime; /* path of crun or runc */
	const char *root;    /* its --root */
	const char *id;
	const char *command; /* its name, for messages */
	int process_fd;	     /* process.json; not close-on-exec, nor is the next one */
	int log_fd;	     /* what the runtime itself has to say */
};

/*
 * Becomes the runtime, with ends as descriptors 0, 1 and 2; more are options of its exec, ended by
 * NULL. For a child.
 */
_Noreturn void exec_runtime(
	const struct exec_target *target, const int ends[3], const char *const *more);
/*
 * The exit status for what waitpid() said of the runtime. Where the runtime could not start the
 * command, its error is printed: 127 no such command, 126 it cannot be run, 2 anything else.
 */
int exec_exit(const struct exec_target *target, int status);

/*
 * Both run the process until it ends, and return its exit status, 128 + N for signal N; 2 after an
 * error was printed. On pipes: descriptors 0, 1 and 2 are passed on. On a terminal: one of its own,
 * joined to ours (descriptors 0 and 1), which is as before afterwards; process.json must ask for
 * it.
 */
int exec_on_pipes(const struct exec_target *target);
int exec_on_terminal(const struct exec_target *target);

#endif
