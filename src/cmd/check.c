/*
 * `check`: what is wrong in Dockerfiles. Files are found, judged one after the other
 * (image/dockerfile/check.h) and printed in one piece by check_print.c.
 */
#include "cmd/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "kube/load.h"

#define MAX_DEPTH    64
#define MAX_MANIFEST ((size_t)1 << 20)
#define MESH_API     "security.istio.io/"

struct check_opts {
	unsigned format;
	unsigned fail_on;
	bool list_rules, strict_labels;
	struct opt_texts enabled, ignored, registries, labels;
};

enum { FAIL_CRITICAL, FAIL_HIGH, FAIL_MEDIUM, FAIL_LOW, FAIL_ANY, FAIL_DEFAULT };

static const char *const formats[] = {"text", "json", "sarif", NULL};
static const char *const levels[] = {"critical", "high", "medium", "low", "any", NULL};

#define AT(field) offsetof(struct check_opts, field)
static const struct opt_row rows[] = {
	{"format", 0, OPT_CHOICE, AT(format), "text|json|sarif",
		"How findings are printed. json is an array of "
		"{\"id\",\"aliases\",\"severity\",\"file\","
		"\"line\",\"column\",\"message\",\"why\",\"fix\"}; sarif is SARIF 2.1.0.",
		formats},
	{"fail-on", 0, OPT_CHOICE, AT(fail_on), "LEVEL",
		"The severity from which on findings make the exit status 1: critical, high (the "
		"default), medium, low or any.",
		levels},
	{"ignore", 0, OPT_TEXTS, AT(ignored), "ID", "Does not report this rule; may be repeated.",
		NULL},
	{"enable", 0, OPT_TEXTS, AT(enabled), "ID",
		"Reports a rule that is off by default; may be repeated.", NULL},
	{"registry", 0, OPT_TEXTS, AT(registries), "HOST",
		"A registry that images may come from, with * at one end; may be repeated.", NULL},
	{"label", 0, OPT_TEXTS, AT(labels), "NAME[:TYPE]",
		"A label that images must have. TYPE is text, url, rfc3339, spdx, hash, semver or "
		"email.",
		NULL},
	{"strict-labels", 0, OPT_FLAG, AT(strict_labels), NULL,
		"Reports labels that are not among those of --label.", NULL},
	{"list-rules", 0, OPT_FLAG, AT(list_rules), NULL, "Prints the rules and ends.", NULL},
};

static const struct opt_example examples[] = {
	{"all Dockerfiles below a directory", "ringfence check ."},
	{"one from standard input, for a program", "ringfence check --format json - < Dockerfile"},
	{"in CI, strictly", "ringfence check --fail-on low --format sarif . > check.sarif"},
};

static const struct opt_usage usage = {
	.verb = "check",
	.synopsis = "PATH... [--format text|json|sarif] [--fail-on LEVEL]",
	.summary = "says what is wrong in Dockerfiles, why, and how to mend it",
	.text = "PATH is a file, a directory or - for a Dockerfile on standard input. In a "
		"directory "
		"the files named Dockerfile*, *.Dockerfile, *.dockerfile and Containerfile* are "
		"judged, and those below it. Of Kubernetes manifests only Istio's policies are "
		"judged yet, by what cannot be enforced or means less than it seems; that the rest "
		"is not is noted once for each.\n\n"
		"A comment \"# ringfence ignore=ID[,ID]\" takes back findings of the instruction "
		"that "
		"follows, \"# ringfence global ignore=ID[,ID]\" those of the file. The comments of "
		"hadolint are understood, too.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when there is no finding of the severity of --fail-on or above, 1 when there "
		 "is, "
		 "2 on errors, a file that is no Dockerfile among them; the other files are judged "
		 "all "
		 "the same.",
	.min_args = 0,
	.max_args = -1,
};

/* What a run carries along. */
struct run {
	struct check_opts opts;
	struct check_options rules;
	RF_VEC(struct check_label) labels;
	struct check_files files;
	bool failed; /* an error was printed */
};

static void fail(struct run *run, const char *path, const struct rf_err *err)
{
	out_errorf("%s: %s", path, err->msg);
	run->failed = true;
}

/* --- which files --- */

static bool ends_with(const char *name, const char *suffix)
{
	return rf_str_ends(rf_str_of(name), rf_str_of(suffix));
}

static bool is_dockerfile_name(const char *name)
{
	if (ends_with(name, ".dockerignore"))
		return false;
	return strncmp(name, "Dockerfile", 10) == 0 || strncmp(name, "Containerfile", 13) == 0 ||
	       ends_with(name, ".Dockerfile") || ends_with(name, ".dockerfile") ||
	       strcmp(name, "dockerfile") == 0;
}

static bool is_manifest_name(const char *name)
{
	return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

/* A line that begins with kind:, or "kind" in JSON. */
static bool has_kind(struct rf_str text)
{
	struct rf_str line;

	while (text.ptr) {
		text = rf_str_cut(text, '\n', &line);
		while (line.len &&
			(line.ptr[0] == ' ' || line.ptr[0] == '{' || line.ptr[0] == '\t'))
			line = (struct rf_str){line.ptr + 1, line.len - 1};
		if (rf_str_starts(line, RF_STR("kind:")) || rf_str_starts(line, RF_STR("\"kind\"")))
			return true;
	}
	return false;
}

/* What cannot be enforced of the mesh's policies, or means less than it seems (HTTP over TCP). */
static void judge_mesh(struct run *run, const char *path, struct rf_str text)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct kube_set set;
	struct rf_err err;

	if (!memmem(text.ptr, text.len, MESH_API, strlen(MESH_API)))
		return;
	if (kube_set_init(&set, &err) < 0) {
		fail(run, path, &err);
		return;
	}
	if (kube_load_text(&set, text, path, &diags, &err) < 0)
		fail(run, path, &err);
	if (out_diags(&diags))
		run->failed = true;
	kube_set_done(&set);
}

/* True when the file is a manifest, which was noted then. */
static bool note_manifest(struct run *run, const char *path)
{
	AUTO_BUF text = {.max = MAX_MANIFEST};

	if (rf_file_read(path, &text, NULL) < 0 || !has_kind(rf_buf_str(&text)))
		return false;
	judge_mesh(run, path, rf_buf_str(&text));
	fprintf(stderr, "ringfence: note: %s: manifests are not judged yet\n", path);
	return true;
}

/* .dockerignore beside the file, or one of its own. */
static bool has_ignore_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_BUF name = {0};

	rf_buf_addf(&name, "%.*s.dockerignore", slash ? (int)(slash + 1 - path) : 0, path);
	if (access(rf_buf_cstr(&name), F_OK) == 0)
		return true;
	rf_buf_clear(&name);
	rf_buf_addf(&name, "%s.dockerignore", path);
	return access(rf_buf_cstr(&name), F_OK) == 0;
}

/* --- judging --- */

static void judge_text(struct run *run, const char *path, struct rf_str text)
{
	struct check_file *file = rf_vec_add(&run->files.list);
	struct rf_err err;

	if (!file || !(file->path = strdup(path))) {
		rf_err_nomem(&err);
		fail(run, path, &err);
		return;
	}
	if (check_dockerfile(text, &run->rules, &file->findings, &err) < 0)
		fail(run, path, &err);
}

static void judge_file(struct run *run, const char *path)
{
	AUTO_BUF text = {.max = DOCKERFILE_MAX_SIZE + 1};
	struct rf_err err;

	if (rf_file_read(path, &text, &err) < 0) {
		out_error(&err);
		run->failed = true;
		return;
	}
	run->rules.knows_ignore_file = true;
	run->rules.has_ignore_file = has_ignore_file(path);
	judge_text(run, path, rf_buf_str(&text));
}

static void judge_input(struct run *run)
{
	AUTO_BUF text = {.max = DOCKERFILE_MAX_SIZE + 1};
	struct rf_err err;

	run->rules.knows_ignore_file = false;
	if (rf_fd_read_all(STDIN_FILENO, &text, &err) < 0)
		fail(run, "-", &err);
	else
		judge_text(run, "-", rf_buf_str(&text));
}

static void walk(struct run *run, const char *dir, unsigned depth);

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
	       strcmp(entry->d_name, ".git") != 0;
}

/* Links are not followed: what they point to is found where it lies, or lies outside. */
static void visit(struct run *run, const char *dir, const char *name, unsigned depth)
{
	AUTO_BUF path = {0};
	struct stat st;

	rf_buf_addf(&path, "%s%s%s", strcmp(dir, ".") == 0 ? "" : dir,
		strcmp(dir, ".") == 0 || ends_with(dir, "/") ? "" : "/", name);
	if (lstat(rf_buf_cstr(&path), &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		walk(run, rf_buf_cstr(&path), depth + 1);
	else if (!S_ISREG(st.st_mode))
		return;
	else if (is_dockerfile_name(name))
		judge_file(run, rf_buf_cstr(&path));
	else if (is_manifest_name(name))
		note_manifest(run, rf_buf_cstr(&path));
}

static void walk(struct run *run, const char *dir, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = depth > MAX_DEPTH ? 0 : scandir(dir, &entries, not_dots, by_name);

	if (count < 0) {
		out_errorf("%s: %s", dir, strerror(errno));
		run->failed = true;
	}
	for (int i = 0; i < count; i++) {
		visit(run, dir, entries[i]->d_name, depth);
		free(entries[i]);
	}
	free(entries);
}

static void judge_path(struct run *run, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (strcmp(path, "-") == 0) {
		judge_input(run);
	} else if (stat(path, &st) < 0) {
		out_errorf("%s: %s", path, strerror(errno));
		run->failed = true;
	} else if (S_ISDIR(st.st_mode)) {
		walk(run, path, 0);
	} else if (!is_manifest_name(slash ? slash + 1 : path) || !note_manifest(run, path)) {
		judge_file(run, path);
	}
}

/* --- options --- */

static bool set_labels(struct run *run)
{
	for (size_t i = 0; i < run->opts.labels.count; i++) {
		struct check_label label;
		struct rf_str type =
			rf_str_cut(rf_str_of(run->opts.labels.items[i]), ':', &label.name);

		if (!check_label_type_find(type, &label.type)) {
			opt_fail(&usage, "--label: \"%s\": there is no such type",
				run->opts.labels.items[i]);
			return false;
		}
		if (!rf_vec_push(&run->labels, label))
			return false;
	}
	return true;
}

static bool check_ids(const struct opt_texts *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		if (check_rule_find(rf_str_of(ids->items[i])))
			continue;
		opt_fail(&usage, "there is no rule \"%s\": --list-rules lists them", ids->items[i]);
		return false;
	}
	return true;
}

static bool prepare(struct run *run)
{
	const struct check_opts *opts = &run->opts;

	if (!set_labels(run) || !check_ids(&opts->enabled) || !check_ids(&opts->ignored))
		return false;
	run->rules = (struct check_options){
		.enabled = opts->enabled.items,
		.enabled_count = opts->enabled.count,
		.ignored = opts->ignored.items,
		.ignored_count = opts->ignored.count,
		.registries = opts->registries.items,
		.registry_count = opts->registries.count,
		.labels = run->labels.items,
		.label_count = run->labels.count,
		.strict_labels = opts->strict_labels,
	};
	return true;
}

static bool reaches(const struct check_files *files, unsigned fail_on)
{
	static const enum check_severity least[] = {[FAIL_CRITICAL] = CHECK_CRITICAL,
		[FAIL_HIGH] = CHECK_HIGH,
		[FAIL_MEDIUM] = CHECK_MEDIUM,
		[FAIL_LOW] = CHECK_LOW,
		[FAIL_ANY] = CHECK_LOW,
		[FAIL_DEFAULT] = CHECK_HIGH};

	rf_vec_each (file, &files->list) {
		rf_vec_each (finding, &file->findings.list) {
			if (finding->rule->severity >= least[fail_on])
				return true;
		}
	}
	return false;
}

static int judge_all(struct run *run, const struct opt_args *args)
{
	int status;

	for (int i = 0; i < args->count; i++)
		judge_path(run, args->items[i]);
	status = check_print(&run->files, run->opts.format);
	if (status)
		return status;
	if (run->failed)
		return CMD_EXIT_ERROR;
	return reaches(&run->files, run->opts.fail_on);
}

static void run_done(struct run *run)
{
	rf_vec_each (file, &run->files.list) {
		free(file->path);
		check_findings_done(&file->findings);
	}
	rf_vec_done(&run->files.list);
	rf_vec_done(&run->labels);
	rf_vec_done(&run->opts.enabled);
	rf_vec_done(&run->opts.ignored);
	rf_vec_done(&run->opts.registries);
	rf_vec_done(&run->opts.labels);
}

int cmd_check(int argc, char **argv)
{
	struct run run = {.opts = {.fail_on = FAIL_DEFAULT}};
	struct opt_args args;
	int status = opt_parse(&usage, argc, argv, &run.opts, &args);

	if (status == OPT_GO && run.opts.list_rules)
		status = check_print_rules(run.opts.format);
	else if (status == OPT_GO && !args.count)
		status = opt_fail(&usage, "an argument is missing");
	else if (status == OPT_GO)
		status = prepare(&run) ? judge_all(&run, &args) : CMD_EXIT_ERROR;
	run_done(&run);
	return status;
}
