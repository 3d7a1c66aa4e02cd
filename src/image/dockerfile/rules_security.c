/*
 * What only somebody who thinks of attackers sees: downloads that are run, checks that are turned
 * off, bits that give root back.
 */
#include <ctype.h>

#include "image/dockerfile/judge_int.h"

/* --- downloads that are run --- */

static bool is_download(const struct shell_command *cmd)
{
	return shell_base_is(cmd, "curl") || shell_base_is(cmd, "wget") ||
	       shell_base_is(cmd, "fetch");
}

static bool is_interpreter(const struct shell_command *cmd)
{
	static const char *const names[] = {"sh", "bash", "ash", "dash", "zsh", "ksh", "python",
		"python3", "perl", "ruby", "node", "php", NULL};

	if (shell_base_is(cmd, "sudo")) {
		for (size_t i = 0; i < cmd->arg_count; i++) {
			if (judge_one_of(judge_basename(cmd->args[i]), names))
				return true;
		}
		return false;
	}
	return judge_one_of(judge_basename(cmd->name), names) || shell_is(cmd, "eval") ||
	       shell_is(cmd, "source") || shell_is(cmd, ".");
}

/* What a shell is given behind a pipe is run, unless it was given a script to read it with. */
static bool reads_input(const struct shell_command *cmd)
{
	struct rf_str operand;
	size_t at = 0;

	if (shell_has_flag(cmd, NAMES("c", "e")) && !shell_has_flag(cmd, NAMES("s")))
		return false;
	return !shell_next_operand(cmd, NULL, &at, &operand) || rf_str_is(operand, "-") ||
	       shell_has_flag(cmd, NAMES("s")) || shell_base_is(cmd, "sudo");
}

static bool runs_download(const struct shell_script *script, const struct shell_command *download)
{
	judge_all_commands(cmd, script)
	{
		bool pipe = cmd->pipeline == download->pipeline && cmd->stage > download->stage;
		bool inside = download->parent < script->count &&
			      &script->commands[download->parent] == cmd;

		if ((inside || (pipe && reads_input(cmd))) && is_interpreter(cmd))
			return true;
	}
	return false;
}

static bool pipe_to_shell(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		if (is_download(cmd) && runs_download(&j->at->script, cmd))
			return judge_name(j, cmd->name);
	}
	return false;
}

/* --- checks that are turned off --- */

static const struct {
	const char *name;
	const char *const *args;  /* one of them as an argument */
	const char *const *flags; /* or one of them as a flag */
} unchecked[] = {
	{"curl", NULL, (const char *const[]){"k", "insecure", NULL}},
	{"wget", NULL, (const char *const[]){"no-check-certificate", NULL}},
	{"apt-get", NULL,
		(const char *const[]){
			"allow-unauthenticated", "force-yes", "allow-insecure-repositories", NULL}},
	{"apt", NULL, (const char *const[]){"allow-unauthenticated", "force-yes", NULL}},
	{"apk", NULL, (const char *const[]){"allow-untrusted", NULL}},
	{"yum", NULL, (const char *const[]){"nogpgcheck", NULL}},
	{"dnf", NULL, (const char *const[]){"nogpgcheck", NULL}},
	{"microdnf", NULL, (const char *const[]){"nogpgcheck", NULL}},
	{"tdnf", NULL, (const char *const[]){"nogpgcheck", NULL}},
	{"rpm", NULL, (const char *const[]){"nosignature", "nodigest", NULL}},
	{"zypper", NULL, (const char *const[]){"no-gpg-checks", NULL}},
	{"pip", NULL, (const char *const[]){"trusted-host", NULL}},
	{"pip3", NULL, (const char *const[]){"trusted-host", NULL}},
	{"git", (const char *const[]){"http.sslVerify=false", "http.sslverify=false", NULL}, NULL},
};

static bool turns_off(const struct shell_command *cmd)
{
	bool npm = (shell_is(cmd, "npm") || shell_is(cmd, "yarn")) &&
		   (shell_has_args_in_row(cmd, "strict-ssl false") ||
			   shell_has_arg(cmd, "strict-ssl=false"));
	bool git =
		shell_is(cmd, "git") && (shell_has_args_in_row(cmd, "http.sslVerify false") ||
						shell_has_args_in_row(cmd, "http.sslverify false"));

	for (size_t i = 0; i < RF_ARRAY_LEN(unchecked); i++) {
		if (shell_is(cmd, unchecked[i].name) &&
			((unchecked[i].args && shell_has_any_arg(cmd, unchecked[i].args)) ||
				(unchecked[i].flags && shell_has_flag(cmd, unchecked[i].flags))))
			return true;
	}
	return npm || git;
}

static bool env_turns_off(const struct dockerfile_pair *pair)
{
	static const char *const names[][2] = {{"NODE_TLS_REJECT_UNAUTHORIZED", "0"},
		{"PYTHONHTTPSVERIFY", "0"}, {"GIT_SSL_NO_VERIFY", "true"},
		{"GIT_SSL_NO_VERIFY", "1"}, {"NPM_CONFIG_STRICT_SSL", "false"},
		{"npm_config_strict_ssl", "false"}, {"GONOSUMDB", "*"}, {"GONOSUMCHECK", "1"},
		{"GOSUMDB", "off"}, {"GOINSECURE", "*"}};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		if (rf_str_is(pair->name, names[i][0]) && rf_str_is(pair->value, names[i][1]))
			return true;
	}
	return false;
}

static bool no_checks(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	for (size_t i = 0; i < instr->pair_count; i++) {
		if (env_turns_off(&instr->pairs[i]))
			return judge_name(j, instr->pairs[i].name);
	}
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		if (turns_off(cmd))
			return judge_name(j, cmd->name);
	}
	return false;
}

/* --- bits and capabilities --- */

static bool is_octal(struct rf_str mode)
{
	for (size_t i = 0; i < mode.len; i++) {
		if (mode.ptr[i] < '0' || mode.ptr[i] > '7')
			return false;
	}
	return mode.len >= 3;
}

static bool is_setuid(struct rf_str mode)
{
	if (is_octal(mode))
		return mode.len >= 4 && strchr("24675", mode.ptr[mode.len - 4]) &&
		       mode.ptr[mode.len - 4] != '5';
	return mode.len > 1 && memchr(mode.ptr, 's', mode.len) &&
	       (memchr(mode.ptr, '+', mode.len) || memchr(mode.ptr, '=', mode.len)) &&
	       strchr("ugoa+=", mode.ptr[0]);
}

static bool is_world_writable(struct rf_str mode)
{
	if (is_octal(mode)) {
		bool sticky = mode.len >= 4 && ((mode.ptr[mode.len - 4] - '0') & 1);

		return !sticky && ((mode.ptr[mode.len - 1] - '0') & 2);
	}
	return judge_one_of(
		mode, NAMES("a+w", "o+w", "+w", "a+rw", "o+rw", "a+rwx", "o+rwx", "ugo+w", "ugo+rw",
			      "ugo+rwx", "a=rwx", "ugo=rwx", "go+w", "a=rw", "+rwx"));
}

/* The modes that an instruction gives: of chmod in a RUN, of --chmod. */
static bool gives_mode(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	bool (*const *is_bad)(struct rf_str mode) = spec;
	const struct dockerfile_flag *chmod = dockerfile_flag(instr, "chmod");
	struct rf_str mode;

	if (chmod && (*is_bad)(chmod->value))
		return judge_name(j, chmod->value);
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		size_t at = 0;

		if ((shell_base_is(cmd, "chmod") && shell_next_operand(cmd, NULL, &at, &mode) &&
			    (*is_bad)(mode)))
			return judge_name(j, mode);
	}
	return false;
}

static bool (*const setuid_mode)(struct rf_str mode) = is_setuid;
static bool (*const world_mode)(struct rf_str mode) = is_world_writable;

static bool sets_capabilities(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_all_commands(cmd, &j->at->script)
	{
		if (shell_base_is(cmd, "setcap") && cmd->arg_count && !shell_has_arg(cmd, "-r"))
			return judge_name(j, cmd->args[0]);
	}
	return false;
}

/* A flag of RUN with that value. */
struct run_flag {
	const char *name, *value;
};

static bool has_run_flag(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const struct run_flag *what = spec;

	(void)j;
	for (size_t i = 0; judge_is_run(instr) && i < instr->flag_count; i++) {
		if (rf_str_is(instr->flags[i].name, what->name) &&
			rf_str_is(instr->flags[i].value, what->value))
			return true;
	}
	return false;
}

static const struct run_flag insecure = {"security", "insecure"}, host_net = {"network", "host"};

static bool docker_socket(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	(void)j;
	return instr->kind == DOCKERFILE_VOLUME && judge_contains(instr->args, "docker.sock");
}

/* A directory of PATH that is relative, or empty, is the current one. */
static bool relative_path(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	for (size_t i = 0; instr->kind == DOCKERFILE_ENV && i < instr->pair_count; i++) {
		struct rf_str dir, rest = instr->pairs[i].value;

		if (!rf_str_is(instr->pairs[i].name, "PATH"))
			continue;
		while (rest.ptr) {
			rest = rf_str_cut(rest, ':', &dir);
			if (!dir.len || dir.ptr[0] == '.')
				return true;
		}
	}
	(void)j;
	return false;
}

static const struct judge_rule rules[] = {
	{.row = {"RF-D007", {"CIS-4.11"}, CHECK_HIGH, false, "a download is run unseen",
		 "Whoever serves it at build time decides what is in the image.",
		 "Download to a file, compare its digest (sha256sum -c), then run it."},
		.each = pipe_to_shell,
		.onbuild = true},
	{.row = {"RF-D008", {"CIS-4.8"}, CHECK_MEDIUM, false, "a setuid or setgid bit is set",
		 "The program runs with its owner's rights for whoever gets into the container.",
		 "Leave the bit out."},
		.each = gives_mode,
		.spec = &setuid_mode,
		.onbuild = true},
	{.row = {"RF-D012", {NULL}, CHECK_MEDIUM, false, "a file is made writable for everybody",
		 "Whoever gets into the process can change it.",
		 "Give it to the user that needs it: --chown, and a mode such as 0755."},
		.each = gives_mode,
		.spec = &world_mode,
		.onbuild = true},
	{.row = {"RF-D013", {NULL}, CHECK_HIGH, false, "RUN without the build's sandbox",
		 "Commands of the build are root on the build machine.",
		 "Leave --security=insecure out."},
		.each = has_run_flag,
		.spec = &insecure,
		.onbuild = true},
	{.row = {"RF-D014", {NULL}, CHECK_MEDIUM, false, "RUN in the host's network",
		 "Commands of the build reach what listens on the build machine.",
		 "Leave --network=host out."},
		.each = has_run_flag,
		.spec = &host_net,
		.onbuild = true},
	{.row = {"RF-D015", {"CIS-4.11"}, CHECK_HIGH, false, "a check of origin is turned off",
		 "Anybody on the way can exchange what is downloaded.",
		 "Leave the option out; add the missing certificate or key instead."},
		.each = no_checks,
		.onbuild = true},
	{.row = {"RF-D018", {NULL}, CHECK_MEDIUM, false, "a file is given capabilities",
		 "The program gets them whoever runs it, and does not start where they are "
		 "dropped.",
		 "Add the capability to the pod, or listen on a port above 1023."},
		.each = sets_capabilities,
		.onbuild = true},
	{.row = {"RF-D019", {NULL}, CHECK_MEDIUM, false, "PATH has a relative directory",
		 "What lies in the current directory is run instead of the command that was meant.",
		 "Write absolute directories only."},
		.each = relative_path,
		.onbuild = true},
	{.row = {"RF-D020", {"CIS-5.32"}, CHECK_HIGH, false, "the socket of Docker is a volume",
		 "Whoever can write to it is root on the host.", "Leave it out."},
		.each = docker_socket,
		.onbuild = true},
};

struct judge_rules rules_security(void)
{
	return JUDGE_RULES(rules);
}
