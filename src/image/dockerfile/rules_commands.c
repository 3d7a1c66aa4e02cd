/* Commands that have no place in a RUN, or that need a flag there. */
#include "image/dockerfile/judge_int.h"

/* Commands by name, and arguments of which one must be there (NULL: none need be). */
struct forbidden {
	const char *const *names;
	const char *const *args;
};

static bool uses(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const struct forbidden *what = spec;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (judge_one_of(cmd->name, what->names) &&
			(!what->args || shell_has_any_arg(cmd, what->args)))
			return judge_name(j, cmd->name);
	}
	return false;
}

static const struct forbidden pointless = {
	NAMES("free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"), NULL};
static const struct forbidden change_dir = {NAMES("cd"), NULL};
static const struct forbidden sudo = {NAMES("sudo"), NULL};
static const struct forbidden apt = {NAMES("apt"), NULL};
static const struct forbidden zypper_dup = {NAMES("zypper"), NAMES("dist-upgrade", "dup")};
static const struct forbidden link_shell = {NAMES("ln"), NAMES("/bin/sh")};
static const struct forbidden apt_dist_upgrade = {NAMES("apt-get"), NAMES("dist-upgrade")};

/* The argument behind each -u: six digits make /var/log/lastlog a huge sparse file. */
static bool has_long_uid(const struct shell_command *cmd)
{
	for (size_t i = 0; i + 1 < cmd->arg_count; i++) {
		struct shell_command one = {.args = &cmd->args[i], .arg_count = 1};

		if (shell_flag_count(&one, "u") && cmd->args[i + 1].len > 5)
			return true;
	}
	return false;
}

static bool useradd(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (shell_is(cmd, "useradd") && !shell_has_flag(cmd, NAMES("l", "no-log-init")) &&
			shell_has_flag(cmd, NAMES("u", "uid")) && has_long_uid(cmd))
			return true;
	}
	return false;
}

static bool wget_progress(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	static const char *const quiet[] = {"progress", "q", "quiet", "o", "output-file", "a",
		"append-output", "no-verbose", NULL};

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (shell_is(cmd, "wget") && !shell_has_flag(cmd, quiet) &&
			!shell_has_arg(cmd, "-nv"))
			return true;
	}
	return false;
}

/* --- consecutive RUNs --- */

static bool same_flags(const struct dockerfile_instr *a, const struct dockerfile_instr *b)
{
	if (a->flag_count != b->flag_count)
		return false;
	for (size_t i = 0; i < a->flag_count; i++) {
		if (!rf_str_eq(a->flags[i].name, b->flags[i].name) ||
			!rf_str_eq(a->flags[i].value, b->flags[i].value))
			return false;
	}
	return true;
}

static size_t count_commands(const struct shell_script *script)
{
	size_t count = 0;

	judge_each_command(cmd, script) count++;
	return count;
}

/* RUNs of several commands are taken to be apart on purpose. */
static void consecutive(struct judge *j, const void *spec RF_UNUSED)
{
	const struct judge_instr *last = NULL;

	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];

		if (item->instr->kind == DOCKERFILE_COMMENT)
			continue;
		if (!judge_is_run(item->instr)) {
			last = NULL;
			continue;
		}
		if (last && same_flags(last->instr, item->instr) &&
			count_commands(&last->script) < 2 && count_commands(&item->script) < 2)
			judge_report(j, item->instr);
		else
			last = item;
	}
}

/* --- curl and wget --- */

static void curl_and_wget(struct judge *j, const void *spec RF_UNUSED)
{
	bool curl = false, wget = false;

	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];
		bool any = false;

		if (item->instr->kind == DOCKERFILE_FROM)
			curl = wget = false;
		if (!judge_is_run(item->instr))
			continue;
		judge_each_command(cmd, &item->script)
		{
			curl |= shell_is(cmd, "curl");
			wget |= shell_is(cmd, "wget");
			any |= shell_is(cmd, "curl") || shell_is(cmd, "wget");
		}
		if (any && curl && wget)
			judge_report(j, item->instr);
	}
}

/* --- pipes --- */

static bool sets_pipefail(const struct judge_instr *item)
{
	static const char *const foreign[] = {"pwsh", "powershell", "cmd", NULL};

	if (judge_starts_with_one_of(item->script.text, foreign))
		return true;
	judge_each_command(cmd, &item->script)
	{
		if ((shell_base_is(cmd, "bash") || shell_base_is(cmd, "zsh") ||
			    shell_base_is(cmd, "ash")) &&
			shell_flag_count(cmd, "o") && shell_has_arg(cmd, "pipefail"))
			return true;
	}
	return false;
}

static void pipes(struct judge *j, const void *spec RF_UNUSED)
{
	bool safe = false;

	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];

		if (item->instr->kind == DOCKERFILE_FROM)
			safe = false;
		else if (item->instr->kind == DOCKERFILE_SHELL)
			safe = sets_pipefail(item);
		else if (judge_is_run(item->instr) && !safe && item->script.has_pipe)
			judge_report(j, item->instr);
	}
}

static const struct judge_rule rules[] = {
	{.row = {"DL3001", {NULL}, CHECK_LOW, false, "this command makes no sense in a container",
		 "It needs an init system, a terminal or privileges that a build does not have.",
		 "Leave it out; run services as the container's own process."},
		.each = uses,
		.spec = &pointless,
		.onbuild = true},
	{.row = {"DL3003", {"DS-0013"}, CHECK_MEDIUM, false, "WORKDIR changes the directory",
		 "cd lasts to the end of its RUN only; WORKDIR says where everything happens.",
		 "Put WORKDIR with that directory before the RUN."},
		.each = uses,
		.spec = &change_dir},
	{.row = {"DL3004", {"DS-0010"}, CHECK_HIGH, false, "sudo is used",
		 "A build is root until USER says otherwise, and sudo in an image is a way back to "
		 "root for whoever gets into the container.",
		 "Run it before USER, or between USER root and USER with the application's user."},
		.each = uses,
		.spec = &sudo,
		.onbuild = true},
	{.row = {"DL3027", {NULL}, CHECK_MEDIUM, false, "apt is meant for people",
		 "Its command line may change between releases.", "Use apt-get or apt-cache."},
		.each = uses,
		.spec = &apt,
		.onbuild = true},
	{.row = {"DL3035", {NULL}, CHECK_MEDIUM, false, "zypper dist-upgrade is used",
		 "The release that the base image names is no longer what is inside.",
		 "Choose a newer base image."},
		.each = uses,
		.spec = &zypper_dup,
		.onbuild = true},
	{.row = {"DL3046", {NULL}, CHECK_MEDIUM, false, "useradd with a high uid and without -l",
		 "/var/log/lastlog becomes a sparse file of gigabytes, which layers store in full.",
		 "Add -l (--no-log-init)."},
		.each = useradd,
		.onbuild = true},
	{.row = {"DL3047", {NULL}, CHECK_LOW, false, "wget without --progress",
		 "The build log fills with one line for every few kilobytes.",
		 "Add --progress=dot:giga, or -q or -nv."},
		.each = wget_progress,
		.onbuild = true},
	{.row = {"DL3059", {NULL}, CHECK_LOW, false, "several RUN one after the other",
		 "Each is a layer; what one deletes of another stays in the image.",
		 "Join them with && or a heredoc."},
		.whole = consecutive},
	{.row = {"DL4001", {"DS-0014"}, CHECK_MEDIUM, false, "both curl and wget are used",
		 "Two tools for one job are two to keep patched.",
		 "Use one of them throughout the stage."},
		.whole = curl_and_wget,
		.onbuild = true},
	{.row = {"DL4005", {NULL}, CHECK_MEDIUM, false, "the default shell is changed by ln",
		 "Scripts of the base image that need its /bin/sh may break.",
		 "Use SHELL [\"/bin/bash\", \"-c\"]."},
		.each = uses,
		.spec = &link_shell,
		.onbuild = true},
	{.row = {"DL4006", {NULL}, CHECK_MEDIUM, false, "a pipe without pipefail",
		 "Only the last command's status counts, so a failed download goes unnoticed.",
		 "Put SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"] before it (/bin/ash on "
		 "Alpine)."},
		.whole = pipes},
	{.row = {"DS-0024", {NULL}, CHECK_HIGH, false, "apt-get dist-upgrade is used",
		 "The release that the base image names is no longer what is inside.",
		 "Choose a newer base image."},
		.each = uses,
		.spec = &apt_dist_upgrade,
		.onbuild = true},
};

struct judge_rules rules_commands(void)
{
	return JUDGE_RULES(rules);
}
