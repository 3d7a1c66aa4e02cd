/* Package managers: switches that a build needs, and what they leave behind. */
#include "image/dockerfile/judge_int.h"

/* Commands with one of the arguments must have one of the flags. */
struct needs_flag {
	const char *const *names;
	const char *const *args;
	const char *const *flags;
	const char *mount; /* a cache or tmpfs mounted there will do as well */
};

static bool lacks_flag(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const struct needs_flag *what = spec;

	if (!judge_is_run(instr) || (what->mount && judge_has_mount(instr, what->mount)))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (judge_one_of(cmd->name, what->names) && shell_has_any_arg(cmd, what->args) &&
			!shell_has_flag(cmd, what->flags))
			return true;
	}
	return false;
}

static const struct needs_flag apk_cache = {
	NAMES("apk"), NAMES("add"), NAMES("no-cache"), "/var/cache/apk"};
static const struct needs_flag yum_yes = {NAMES("yum"),
	NAMES("install", "groupinstall", "localinstall"), NAMES("y", "assumeyes"), NULL};
static const struct needs_flag dnf_yes = {NAMES("dnf", "microdnf"),
	NAMES("install", "groupinstall", "localinstall"), NAMES("y", "assumeyes"), NULL};
static const struct needs_flag zypper_yes = {NAMES("zypper"),
	NAMES("install", "in", "remove", "rm", "source-install", "si", "patch"),
	NAMES("non-interactive", "n", "no-confirm", "y"), NULL};

static bool is_apt_install(const struct shell_command *cmd)
{
	return shell_is(cmd, "apt-get") && shell_has_arg(cmd, "install");
}

static bool apt_yes(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (is_apt_install(cmd) &&
			!shell_has_flag(cmd, NAMES("y", "yes", "qq", "assume-yes")) &&
			shell_flag_count(cmd, "q") != 2 && shell_flag_count(cmd, "quiet") != 2 &&
			!shell_has_arg(cmd, "-q=2"))
			return true;
	}
	return false;
}

static bool apt_recommends(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (is_apt_install(cmd) && !shell_flag_count(cmd, "no-install-recommends") &&
			!shell_has_arg(cmd, "APT::Install-Recommends=false"))
			return true;
	}
	return false;
}

/* --- caches --- */

/* Name and arguments of which one must be there. */
struct command_like {
	const char *name;
	const char *const *args;
};

/* The first command that is like one of a list; the script's count when there is none. */
static size_t first_like(const struct shell_script *script, const struct command_like *likes)
{
	for (size_t i = 0; i < script->count; i++) {
		const struct shell_command *cmd = &script->commands[i];

		for (const struct command_like *like = likes; like->name && !cmd->inner; like++) {
			if (shell_is(cmd, like->name) && shell_has_any_arg(cmd, like->args))
				return i;
		}
	}
	return script->count;
}

static bool has_like(const struct shell_script *script, const struct command_like *likes)
{
	return first_like(script, likes) < script->count;
}

/* What is installed must be cleaned behind it in the same RUN. */
struct needs_clean {
	struct command_like install[2], clean[3];
	const char *mounts[2];
};

static bool lacks_clean(const struct judge_instr *item, const struct needs_clean *what)
{
	size_t install = first_like(&item->script, what->install);
	size_t clean = first_like(&item->script, what->clean);

	if (install == item->script.count)
		return false;
	for (size_t i = 0; i < RF_ARRAY_LEN(what->mounts); i++) {
		if (what->mounts[i] && judge_has_mount(item->instr, what->mounts[i]))
			return false;
	}
	return clean == item->script.count || clean <= install;
}

static bool leaves_cache(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	return judge_is_run(instr) && lacks_clean(j->at, spec);
}

static const struct needs_clean yum_clean = {
	.install = {{"yum", NAMES("install")}},
	.clean = {{"yum", NAMES("clean", "all")}, {"rm", NAMES("-rf", "/var/cache/yum/*")}},
};
static const struct needs_clean zypper_clean = {
	.install = {{"zypper", NAMES("install", "in")}},
	.clean = {{"zypper", NAMES("clean", "cc")}},
	.mounts = {"/var/cache/zypp"},
};

#define DNF_INSTALLS \
	NAMES("install", "in", "upgrade", "up", "upgrade-minimal", "up-min", "reinstall", "rei")
#define DNF_CLEAN(name)                                               \
	{                                                             \
		.install = {{name, DNF_INSTALLS}},                    \
		.clean = {{name, NAMES("clean", "all")},              \
			{"rm", NAMES("-rf", "/var/cache/libdnf5*")}}, \
		.mounts = {"/var/cache/libdnf5", ".cache/libdnf5"},   \
	}
static const struct needs_clean dnf_clean[] = {DNF_CLEAN("dnf"), DNF_CLEAN("microdnf")};

static bool leaves_dnf_cache(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	return judge_is_run(instr) &&
	       (lacks_clean(j->at, &dnf_clean[0]) || lacks_clean(j->at, &dnf_clean[1]));
}

/* --- caches that only matter in the stages that are shipped --- */

/* RUNs that leave something, with the FROM they belong to. */
struct leftover {
	const struct dockerfile_instr *run, *from;
};

static bool is_base_of_another(struct judge *j, const struct dockerfile_instr *from)
{
	struct judge_image image = judge_image_of(from);

	for (size_t i = 0; image.alias.ptr && i < j->list->count; i++) {
		const struct dockerfile_instr *other = j->list->items[i].instr;

		if (other->kind == DOCKERFILE_FROM &&
			rf_str_eq(judge_image_of(other).name, image.alias))
			return true;
	}
	return false;
}

/* Reports those in the last stage, and in stages that others build on. */
static void leftovers(struct judge *j, bool (*leaves)(const struct judge_instr *item))
{
	const struct dockerfile_instr *from = NULL, *last = NULL, *asked = NULL;
	bool reported = false;

	for (size_t i = 0; i < j->list->count; i++) {
		if (j->list->items[i].instr->kind == DOCKERFILE_FROM)
			last = j->list->items[i].instr;
	}
	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];

		if (item->instr->kind == DOCKERFILE_FROM)
			from = item->instr;
		if (!judge_is_run(item->instr) || !leaves(item))
			continue;
		if (asked != from || !from)
			reported = !from || judge_same_image(from, last) ||
				   is_base_of_another(j, from);
		asked = from;
		if (reported)
			judge_report(j, item->instr);
	}
}

static const struct command_like apt_update[] = {{"apt", NAMES("update")},
	{"apt-get", NAMES("update")}, {"aptitude", NAMES("update")}, {NULL, NULL}};
static const struct command_like apt_clean[] = {
	{"rm", NAMES("-rf", "/var/lib/apt/lists/*")}, {NULL, NULL}};
static const struct command_like yarn_install[] = {{"yarn", NAMES("install")}, {NULL, NULL}};
static const struct command_like yarn_clean[] = {{"yarn", NAMES("cache", "clean")}, {NULL, NULL}};

static bool leaves_apt_lists(const struct judge_instr *item)
{
	return has_like(&item->script, apt_update) && !has_like(&item->script, apt_clean) &&
	       !judge_has_mount(item->instr, "/var/lib/apt/lists") &&
	       !(judge_has_mount(item->instr, "/var/lib/apt") &&
		       judge_has_mount(item->instr, "/var/cache/apt"));
}

static bool leaves_yarn_cache(const struct judge_instr *item)
{
	size_t install_at = first_like(&item->script, yarn_install);
	size_t clean_at = first_like(&item->script, yarn_clean);

	if (install_at == item->script.count)
		return false;
	if (clean_at == item->script.count)
		return !judge_has_mount(item->instr, ".cache/yarn");
	return clean_at < install_at;
}

static void apt_lists(struct judge *j, const void *spec RF_UNUSED)
{
	leftovers(j, leaves_apt_lists);
}

static void yarn_cache(struct judge *j, const void *spec RF_UNUSED)
{
	leftovers(j, leaves_yarn_cache);
}

/* --- pip --- */

static const char *const truthy[] = {
	"1", "true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES", NULL};

static bool is_pip_wrapper(const struct shell_command *cmd)
{
	bool python = rf_str_starts(cmd->name, RF_STR("python"));

	return judge_contains(cmd->name, "pipx") || judge_contains(cmd->name, "pipenv") ||
	       (python && (shell_has_args_in_row(cmd, "-m pipx") ||
				  shell_has_args_in_row(cmd, "-m pipenv")));
}

static bool caches_pip(const struct judge_instr *item)
{
	struct rf_str text = item->script.text;
	const char *set = text.len ? memmem(text.ptr, text.len, "PIP_NO_CACHE_DIR=", 17) : NULL;

	if (set && judge_starts_with_one_of(
			   (struct rf_str){set + 17, text.len - (size_t)(set + 17 - text.ptr)},
			   truthy))
		return false;
	if (judge_has_mount(item->instr, ".cache/pip"))
		return false;
	judge_each_command(cmd, &item->script)
	{
		if (judge_is_pip_install(cmd) && !shell_has_arg(cmd, "--no-cache-dir") &&
			!is_pip_wrapper(cmd))
			return true;
	}
	return false;
}

/* The first PIP_NO_CACHE_DIR of an ENV counts. */
static bool turns_cache_off(const struct dockerfile_instr *env)
{
	for (size_t i = 0; i < env->pair_count; i++) {
		if (rf_str_is(env->pairs[i].name, "PIP_NO_CACHE_DIR"))
			return judge_one_of(env->pairs[i].value, truthy);
	}
	return false;
}

static void pip_cache(struct judge *j, const void *spec RF_UNUSED)
{
	struct judge_marks off = {0};

	for (size_t i = 0; i < j->list->count; i++) {
		const struct judge_instr *item = &j->list->items[i];
		bool ok = true;

		if (item->instr->kind == DOCKERFILE_FROM)
			ok = judge_marks_enter(&off, item->instr);
		else if (item->instr->kind == DOCKERFILE_ENV && turns_cache_off(item->instr))
			ok = judge_marks_set(&off);
		else if (judge_is_run(item->instr) && !judge_marks_get(&off) && caches_pip(item))
			judge_report(j, item->instr);
		j->nomem |= !ok;
	}
	rf_vec_done(&off.list);
}

/* --- update alone --- */

static bool updates_alone(const struct shell_script *script, const char *const *managers)
{
	static const char *const update[] = {"update", "up", NULL};
	static const char *const install[] = {"upgrade", "install", "source-install", "reinstall",
		"groupinstall", "localinstall", "add", NULL};
	bool updated = false, installed = false;

	judge_each_command(cmd, script)
	{
		if (!judge_one_of(cmd->name, managers))
			continue;
		installed |= updated && shell_has_any_arg(cmd, install);
		updated |= shell_has_any_arg(cmd, update);
	}
	return updated && !installed;
}

static bool update_alone(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	static const char *const managers[][3] = {{"apt-get", "apt", NULL}, {"yum", NULL},
		{"apk", NULL}, {"dnf", NULL}, {"zypper", NULL}};

	if (!judge_is_run(instr))
		return false;
	for (size_t i = 0; i < RF_ARRAY_LEN(managers); i++) {
		if (updates_alone(&j->at->script, managers[i]))
			return judge_say(j, "%s", managers[i][0]);
	}
	return false;
}

static const char cache_why[] = "The index and the packages stay in the layer for nothing.";

static const struct judge_rule rules[] = {
	{.row = {"DL3009", {NULL}, CHECK_LOW, false, "the apt lists are not deleted", cache_why,
		 "End the RUN with && rm -rf /var/lib/apt/lists/*, or use a cache mount."},
		.whole = apt_lists,
		.onbuild = true},
	{.row = {"DL3014", {"DS-0021"}, CHECK_MEDIUM, false, "apt-get install without -y",
		 "The build waits for an answer, and fails.", "Add -y."},
		.each = apt_yes,
		.onbuild = true},
	{.row = {"DL3015", {"DS-0029", "CIS-4.3"}, CHECK_LOW, false,
		 "apt-get install without --no-install-recommends",
		 "Packages that nothing needs are attack surface and bytes.",
		 "Add --no-install-recommends."},
		.each = apt_recommends,
		.onbuild = true},
	{.row = {"DL3019", {"DS-0025"}, CHECK_LOW, false, "apk add without --no-cache", cache_why,
		 "Add --no-cache, or use a cache mount at /var/cache/apk."},
		.each = lacks_flag,
		.spec = &apk_cache,
		.onbuild = true},
	{.row = {"DL3030", {NULL}, CHECK_MEDIUM, false, "yum install without -y",
		 "The build waits for an answer, and fails.", "Add -y."},
		.each = lacks_flag,
		.spec = &yum_yes,
		.onbuild = true},
	{.row = {"DL3032", {"DS-0015"}, CHECK_MEDIUM, false, "yum clean all is missing", cache_why,
		 "End the RUN with && yum clean all."},
		.each = leaves_cache,
		.spec = &yum_clean,
		.onbuild = true},
	{.row = {"DL3034", {NULL}, CHECK_MEDIUM, false, "zypper without -y or --non-interactive",
		 "The build waits for an answer, and fails.", "Add --non-interactive or -y."},
		.each = lacks_flag,
		.spec = &zypper_yes,
		.onbuild = true},
	{.row = {"DL3036", {"DS-0020"}, CHECK_MEDIUM, false, "zypper clean is missing", cache_why,
		 "End the RUN with && zypper clean."},
		.each = leaves_cache,
		.spec = &zypper_clean,
		.onbuild = true},
	{.row = {"DL3038", {NULL}, CHECK_MEDIUM, false, "dnf install without -y",
		 "The build waits for an answer, and fails.", "Add -y."},
		.each = lacks_flag,
		.spec = &dnf_yes,
		.onbuild = true},
	{.row = {"DL3040", {"DS-0019", "DS-0027"}, CHECK_MEDIUM, false, "dnf clean all is missing",
		 cache_why, "End the RUN with && dnf clean all (microdnf clean all)."},
		.each = leaves_dnf_cache,
		.onbuild = true},
	{.row = {"DL3042", {NULL}, CHECK_MEDIUM, false, "pip install keeps its cache", cache_why,
		 "Add --no-cache-dir, or use a cache mount at /root/.cache/pip."},
		.whole = pip_cache,
		.onbuild = true},
	{.row = {"DL3060", {NULL}, CHECK_LOW, false, "yarn cache clean is missing", cache_why,
		 "End the RUN with && yarn cache clean, or use a cache mount."},
		.whole = yarn_cache,
		.onbuild = true},
	{.row = {"DS-0017", {"CIS-4.7"}, CHECK_HIGH, false,
		 "an update without an install behind it",
		 "The layer is cached: later installs use the old index, and miss security fixes.",
		 "Put update and install into one RUN."},
		.each = update_alone,
		.onbuild = true},
};

struct judge_rules rules_packages(void)
{
	return JUDGE_RULES(rules);
}
