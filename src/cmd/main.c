/* The program: a table of verbs, and help made from it. */
#include <signal.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "proc/role.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct verb verbs[] = {
	{"net", cmd_net, "who may talk to whom: query, matrix, explain"},
	{"mesh", cmd_mesh, "who speaks with which identity, and which policy lets it: explain"},
	{"image", cmd_image, "images: scan, sbom, pack, push, import, list, remove, databases"},
	{"check", cmd_check, "says what is wrong in Dockerfiles, why, and how to mend it"},
	{"ca", cmd_ca, "who is who: certificate authority, certificates, what is wrong with one"},
	{"proxy", cmd_proxy, "TLS with certificates on both sides, in front of a program"},
	{"up", cmd_up, "runs manifests on this machine, fenced by their policies"},
	{"apply", cmd_apply, "changes what runs; only what differs is touched"},
	{"ps", cmd_ps, "lists the running pods"},
	{"logs", cmd_logs, "prints what a pod's containers have printed"},
	{"exec", cmd_exec, "runs a command in a container, with its own restrictions"},
	{"status", cmd_status, "says whether everything runs as it should"},
	{"down", cmd_down, "stops everything and leaves nothing behind"},
};

static void write_usage(struct rf_buf *out)
{
	rf_buf_add_c(out, "usage: ringfence VERB [ARGUMENTS]\n\nverbs:\n");
	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		rf_buf_addf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	rf_buf_add_c(out, "  help       about a verb: ringfence help VERB\n"
			  "\n`ringfence VERB --help` tells all about one; "
			  "`ringfence --version` tells which this is.\n");
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static int unknown_verb(const char *name)
{
	const char *names[RF_ARRAY_LEN(verbs)], *near;

	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		names[i] = verbs[i].name;
	near = opt_similar(name, names, RF_ARRAY_LEN(names));
	if (near)
		return out_errorf("there is no verb \"%s\": did you mean \"%s\"?", name, near);
	return out_errorf("there is no verb \"%s\": `ringfence help` lists them", name);
}

/* ringfence(1): the table of verbs as a man page. */
static int man_of_program(void)
{
	AUTO_BUF out = {0};

	opt_man_head("ringfence", "fences containers from their Kubernetes manifests", &out);
	rf_buf_add_c(&out, ".Sh SYNOPSIS\n.Nm\n.Ar verb\n.Op Ar arguments\n.Nm\n.Cm help\n"
			   ".Op Ar verb\n.Nm\n.Fl Fl version\n"
			   ".Sh DESCRIPTION\n.Nm\n"
			   "reads Kubernetes manifests and enforces, explains or checks what they\n"
			   "say about security, on one machine and without a cluster.\n"
			   ".Pp\nThe verbs are:\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		rf_buf_addf(&out, ".It Xr ringfence-%s 1\n%s\n", verbs[i].name, verbs[i].summary);
	rf_buf_add_c(&out,
		".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev NO_COLOR\n"
		"When set and not empty, nothing is coloured.\n"
		".It Ev RINGFENCE_RUN_DIR , RINGFENCE_STATE_DIR\n"
		"Other directories than those below.\n.El\n"
		".Sh FILES\n.Bl -tag -width Ds\n.It Pa /run/ringfence\n"
		"The socket, the lock and the pods of what runs; gone after\n.Cm down .\n"
		".It Pa /var/lib/ringfence\nImages, logs and writable layers.\n.El\n"
		".Sh EXIT STATUS\n0 is success and 2 an error, which is printed with what, where\n"
		"and what to do about it.\n"
		".Cm net query\nanswers with 0 for allowed and 1 for denied.\n");
	return out_result(&out);
}

static int help(int argc, char **argv)
{
	bool man = argc > 1 && strcmp(argv[1], "--man") == 0;
	const char *name = argc > 1 + man ? argv[1 + man] : NULL;
	char *args[] = {NULL, man ? (char[]){"--man"} : (char[]){"--help"}, NULL};
	const struct verb *verb;
	AUTO_BUF out = {0};

	if (!name && man)
		return man_of_program();
	if (!name) {
		write_usage(&out);
		return out_result(&out);
	}
	verb = find_verb(name);
	if (!verb)
		return unknown_verb(name);
	args[0] = argv[1 + man];
	return verb->run(2, args);
}

static int version(void)
{
	AUTO_BUF out = {0};

	rf_buf_add_c(&out, "ringfence " RF_VERSION "\n");
	return out_result(&out);
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	AUTO_BUF usage = {0};

	proc_role_main(argc, argv);
	signal(SIGCHLD, SIG_DFL); /* where the caller ignores it, nobody can be waited for */
	if (argc < 2) {
		write_usage(&usage);
		fputs(rf_buf_cstr(&usage), stderr);
		return CMD_EXIT_ERROR;
	}
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(1, argv);
	if (strcmp(argv[1], "--version") == 0)
		return version();
	verb = find_verb(argv[1]);
	return verb ? verb->run(argc - 1, argv + 1) : unknown_verb(argv[1]);
}
