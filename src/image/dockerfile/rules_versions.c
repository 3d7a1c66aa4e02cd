/* Packages without a version: the same Dockerfile builds something else tomorrow. */
#include <ctype.h>

#include "image/dockerfile/judge_int.h"

#define MAX_LOOK_BACK 2000 /* instructions in which a variable's definition is looked for */

/* What is the same for apt-get, apk and zypper: verbs, flags with values, signs of a version. */
struct installer {
	const char *name;
	const char *const *verbs;
	const char *const *with_values;
	const char *const *signs; /* somewhere in the name */
	const char *suffix;	  /* a file */
};

static const struct installer apt_get = {
	"apt-get", NAMES("install"), NAMES("t", "target-release"), NAMES("=", "/"), ".deb"};
static const struct installer apk = {"apk", NAMES("add"), NAMES("t", "virtual", "repository", "X"),
	NAMES("=", "~", ">", "<"), ".apk"};
static const struct installer zypper = {
	"zypper", NAMES("install", "in"), NULL, NAMES("=", ">", "<"), ".rpm"};

static bool has_sign(struct rf_str package, const char *const *signs)
{
	for (; *signs; signs++) {
		if (judge_contains(package, *signs))
			return true;
	}
	return false;
}

static bool installs_any_version(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const struct installer *what = spec;
	struct rf_str package;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		size_t at = 0;

		if (!shell_is(cmd, what->name) || !shell_has_any_arg(cmd, what->verbs))
			continue;
		while (shell_next_operand(cmd, what->with_values, &at, &package)) {
			if (!judge_one_of(package, what->verbs) &&
				!has_sign(package, what->signs) &&
				!rf_str_ends(package, rf_str_of(what->suffix)))
				return judge_name(j, package);
		}
	}
	return false;
}

/* --- pip --- */

static bool is_vcs(struct rf_str package)
{
	static const char *const schemes[] = {"git", "hg+file", "hg+http", "hg+ssh",
		"hg+static-http", "svn", "bzr+http", "bzr+ssh", "bzr+sftp", "bzr+ftp", "bzr+lp",
		NULL};

	return judge_starts_with_one_of(package, schemes);
}

static bool pip_fixed(struct rf_str package)
{
	if (has_sign(package, NAMES("==", ">", "<", "!=", "~=")))
		return true;
	if (judge_ends_with_one_of(package, NAMES(".whl", ".tar.gz")))
		return true;
	return is_vcs(package) ? judge_contains(package, "@") : judge_contains(package, "/");
}

static const char *const pip_values[] = {"abi", "b", "build", "e", "editable", "extra-index-url",
	"f", "find-links", "i", "index-url", "implementation", "no-binary", "only-binary",
	"platform", "prefix", "progress-bar", "proxy", "python", "python-version", "root",
	"root-user-action", "src", "t", "target", "trusted-host", "upgrade-strategy", NULL};

/* Operands behind the first "install"; false when all of them are fixed. */
static bool find_loose(const struct shell_command *cmd, const char *const *with_values,
	bool (*fixed)(struct rf_str package), struct rf_str *ret)
{
	bool installing = false, first = true;
	size_t at = 0;

	while (shell_next_operand(cmd, with_values, &at, ret)) {
		if (!installing) {
			installing = rf_str_is(*ret, "install");
			continue;
		}
		if (first && rf_str_is(*ret, "install"))
			continue;
		first = false;
		if (!fixed(*ret))
			return true;
	}
	return false;
}

static bool pip(struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str package;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (judge_is_pip_install(cmd) && !shell_has_flag(cmd, NAMES("constraint", "c")) &&
			!shell_has_any_arg(cmd, NAMES("--requirement", "-r", ".")) &&
			find_loose(cmd, pip_values, pip_fixed, &package))
			return judge_name(j, package);
	}
	return false;
}

/* --- npm --- */

static bool npm_fixed(struct rf_str package)
{
	static const char *const git[] = {
		"git://", "git+ssh://", "git+http://", "git+https://", NULL};
	static const char *const paths[] = {"/", "./", "../", "~/", NULL};

	if (judge_starts_with_one_of(package, git))
		return judge_contains(package, "#");
	if (judge_ends_with_one_of(package, NAMES(".tar", ".tar.gz", ".tgz")) ||
		judge_starts_with_one_of(package, paths))
		return true;
	/* A scope is cut off as far as hadolint does: characters behind the slash in ASCII. */
	if (package.len && package.ptr[0] == '@') {
		while (package.len && (unsigned char)package.ptr[0] > '/')
			package = (struct rf_str){package.ptr + 1, package.len - 1};
	}
	return judge_contains(package, "@");
}

static bool npm(struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	static const char *const values[] = {"loglevel", "registry", NULL};
	struct rf_str package;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		size_t at = 0;

		if (!shell_is(cmd, "npm") || !shell_has_arg(cmd, "install") ||
			!shell_next_operand(cmd, values, &at, &package) ||
			!rf_str_is(package, "install"))
			continue;
		if (find_loose(cmd, values, npm_fixed, &package))
			return judge_name(j, package);
	}
	return false;
}

/* --- gem --- */

static bool names_version(const struct shell_command *cmd)
{
	for (size_t i = 0; i < cmd->arg_count; i++) {
		if (rf_str_starts(cmd->args[i], RF_STR("--version=")))
			return true;
	}
	return shell_has_any_arg(cmd, NAMES("-v", "--version"));
}

/* Every option is taken to have a value. */
static bool find_gem(const struct shell_command *cmd, struct rf_str *ret)
{
	for (size_t i = 0; i < cmd->arg_count; i++) {
		struct rf_str arg = cmd->args[i];

		if (rf_str_is(arg, "--"))
			return false;
		if (arg.len && arg.ptr[0] == '-') {
			i++;
			if (i < cmd->arg_count && rf_str_is(cmd->args[i], "--"))
				return false;
		} else if (!judge_one_of(arg, NAMES("install", "i")) && !judge_contains(arg, ":")) {
			*ret = arg;
			return true;
		}
	}
	return false;
}

static bool gem(struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str package;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (shell_is(cmd, "gem") && shell_has_any_arg(cmd, NAMES("install", "i")) &&
			!names_version(cmd) && find_gem(cmd, &package))
			return judge_name(j, package);
	}
	return false;
}

/* --- yum and dnf --- */

/* The stage and those it builds on. */
static bool is_ancestor(const struct judge *j, size_t stage, size_t of)
{
	while (of != DOCKERFILE_NO_STAGE && of != stage)
		of = of < j->stages->count ? j->stages->items[of].parent : DOCKERFILE_NO_STAGE;
	return of == stage;
}

static bool defines(const struct dockerfile_instr *instr, struct rf_str name)
{
	for (size_t i = 0; i < instr->pair_count; i++) {
		if (rf_str_eq(instr->pairs[i].name, name))
			return true;
	}
	return false;
}

static bool is_defined(const struct judge *j, struct rf_str name)
{
	size_t here = (size_t)(j->at - j->list->items);

	for (size_t i = here; i-- > 0 && here - i < MAX_LOOK_BACK;) {
		const struct judge_instr *item = &j->list->items[i];

		if (item->instr->kind == DOCKERFILE_ARG && defines(item->instr, name))
			return true;
		if (item->instr->kind == DOCKERFILE_ENV &&
			is_ancestor(j, item->stage, j->at->stage) && defines(item->instr, name))
			return true;
	}
	return false;
}

/* A ${NAME} in it that an ARG or ENV defines. */
static bool has_defined_variable(const struct judge *j, struct rf_str package)
{
	for (size_t i = 0; i + 1 < package.len; i++) {
		size_t end = i + 2;

		if (package.ptr[i] != '$' || package.ptr[i + 1] != '{')
			continue;
		while (end < package.len && package.ptr[end] != '}')
			end++;
		if (end < package.len &&
			is_defined(j, (struct rf_str){package.ptr + i + 2, end - i - 2}))
			return true;
	}
	return false;
}

/* name-1.2: every part behind the first is made of version characters, one begins with a digit. */
static bool looks_like_version(struct rf_str package)
{
	struct rf_str part, rest = rf_str_cut(package, '-', &part);
	bool digit = false;

	if (!rest.ptr)
		return false;
	while (rest.ptr) {
		rest = rf_str_cut(rest, '-', &part);
		for (size_t i = 0; i < part.len; i++) {
			if (!isalnum((unsigned char)part.ptr[i]) && !strchr(".~^_:+", part.ptr[i]))
				return false;
		}
		digit |= part.len && isdigit((unsigned char)part.ptr[0]);
	}
	return digit;
}

static bool rpm_fixed(const struct judge *j, struct rf_str package)
{
	if (!judge_contains(package, "-"))
		return false;
	if (rf_str_ends(package, RF_STR(".rpm")))
		return true;
	if (judge_contains(package, "$"))
		return has_defined_variable(j, package);
	return looks_like_version(package);
}

struct rpm_installer {
	const char *const *names;
	const char *const *not_packages; /* with these arguments, it is no package that is named */
};

static const struct rpm_installer yum = {NAMES("yum"), NAMES("module")};
static const struct rpm_installer dnf = {NAMES("dnf", "microdnf"), NAMES("module", "group")};

static bool rpm_command(struct judge *j, const struct shell_command *cmd,
	const struct rpm_installer *what, struct rf_str *ret)
{
	bool module = shell_has_arg(cmd, "module");
	size_t at = 0;

	if (!shell_has_arg(cmd, "install") ||
		(!module && shell_has_any_arg(cmd, what->not_packages)))
		return false;
	while (shell_next_operand(cmd, NULL, &at, ret)) {
		if (judge_one_of(*ret, NAMES("install", "module")))
			continue;
		if (module ? !judge_contains(*ret, ":") : !rpm_fixed(j, *ret))
			return true;
	}
	return false;
}

static bool rpms(struct judge *j, const struct dockerfile_instr *instr, const void *spec)
{
	const struct rpm_installer *what = spec;
	struct rf_str package;

	if (!judge_is_run(instr))
		return false;
	judge_each_command(cmd, &j->at->script)
	{
		if (judge_one_of(cmd->name, what->names) && rpm_command(j, cmd, what, &package))
			return judge_name(j, package);
	}
	return false;
}

/* --- go --- */

static bool go_fixed(struct rf_str package)
{
	if (package.len && (package.ptr[0] == '/' || package.ptr[0] == '.'))
		return true;
	return judge_contains(package, "@") &&
	       !judge_ends_with_one_of(package, NAMES("@latest", "@none"));
}

/* Of `go run`, what follows the package belongs to the program. Counts what it looked at. */
static bool go_command(const struct shell_command *cmd, bool run, size_t *count, struct rf_str *ret)
{
	static const char *const verbs[] = {"install", "get", "tool", NULL};
	size_t at = 0, index = 0;

	for (; shell_next_operand(cmd, NULL, &at, ret); index++) {
		if (run && index > 1)
			return false;
		if (run ? rf_str_is(*ret, "run") : judge_one_of(*ret, verbs))
			continue;
		++*count;
		if (!go_fixed(*ret))
			return true;
	}
	return false;
}

static bool go_packages(
	struct judge *j, const struct dockerfile_instr *instr, const void *spec RF_UNUSED)
{
	struct rf_str package;
	size_t count = 0;

	for (int run = 1; judge_is_run(instr) && run >= 0 && !count; run--) {
		judge_each_command(cmd, &j->at->script)
		{
			if (!shell_is(cmd, "go") ||
				!shell_has_any_arg(
					cmd, run ? NAMES("run") : NAMES("install", "get")))
				continue;
			if (go_command(cmd, run, &count, &package))
				return judge_name(j, package);
		}
	}
	return false;
}

static const char why[] =
	"Each build takes what is newest then: it cannot be repeated, and a bad release gets in.";

static const struct judge_rule rules[] = {
	{.row = {"DL3008", {NULL}, CHECK_MEDIUM, false, "apt-get install without a version", why,
		 "Write package=version."},
		.each = installs_any_version,
		.spec = &apt_get,
		.onbuild = true},
	{.row = {"DL3013", {NULL}, CHECK_MEDIUM, false, "pip install without a version", why,
		 "Write package==version, or use --requirement with a file that has them."},
		.each = pip,
		.onbuild = true},
	{.row = {"DL3016", {NULL}, CHECK_MEDIUM, false, "npm install without a version", why,
		 "Write package@version, or use npm ci with a lock file."},
		.each = npm,
		.onbuild = true},
	{.row = {"DL3018", {NULL}, CHECK_MEDIUM, false, "apk add without a version", why,
		 "Write package=version (or package~version)."},
		.each = installs_any_version,
		.spec = &apk,
		.onbuild = true},
	{.row = {"DL3028", {NULL}, CHECK_MEDIUM, false, "gem install without a version", why,
		 "Write gem:version."},
		.each = gem,
		.onbuild = true},
	{.row = {"DL3033", {NULL}, CHECK_MEDIUM, false, "yum install without a version", why,
		 "Write package-version."},
		.each = rpms,
		.spec = &yum,
		.onbuild = true},
	{.row = {"DL3037", {NULL}, CHECK_MEDIUM, false, "zypper install without a version", why,
		 "Write package=version."},
		.each = installs_any_version,
		.spec = &zypper,
		.onbuild = true},
	{.row = {"DL3041", {NULL}, CHECK_MEDIUM, false, "dnf install without a version", why,
		 "Write package-version."},
		.each = rpms,
		.spec = &dnf,
		.onbuild = true},
	{.row = {"DL3062", {NULL}, CHECK_MEDIUM, false, "go install without a version", why,
		 "Write package@version."},
		.each = go_packages,
		.onbuild = true},
};

struct judge_rules rules_versions(void)
{
	return JUDGE_RULES(rules);
}
