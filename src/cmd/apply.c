/* `apply`: a live change. */
#include <unistd.h>

#include "base/fd.h"
#include "cmd/gate.h"
#include "cmd/images.h"
#include "cmd/live.h"

struct apply_opts {
	struct live_opts live;
	struct gate_flags gate;
	bool prune, json;
};

static const struct opt_row rows[] = {
	{"prune", 0, OPT_FLAG, offsetof(struct apply_opts, prune), NULL,
		"Removes what runs and is not in the manifests.", NULL},
	{"json", 0, OPT_FLAG, offsetof(struct apply_opts, json), NULL,
		"Prints the supervisor's answer.", NULL},
	GATE_ROWS(struct apply_opts),
	LIVE_ROWS(struct apply_opts),
};

static const struct opt_example examples[] = {
	{"put a changed policy in force", "ringfence apply policies.yaml"},
	{"make what runs equal to a directory", "ringfence apply --prune examples/shop"},
};

static const struct opt_usage usage = {
	.verb = "apply",
	.synopsis = "[--prune] PATH...",
	.summary = "changes what runs; only what differs is touched",
	.text = "Objects of the manifests replace those of the same kind, namespace and name. "
		"Policies are in force before any pod is started or stopped; connections that "
		"they do not allow any more end. PATH is a file, a directory or - for standard "
		"input. Images are judged by the gate that `up` was given; the options here can "
		"only ask for more.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.min_args = 1,
	.max_args = -1,
};

/* What standard input has, when a path is "-". */
static int read_input(const struct opt_args *args, struct rf_buf *text)
{
	struct rf_err err;

	for (int i = 0; i < args->count; i++) {
		if (strcmp(args->items[i], "-") == 0 && rf_fd_read_all(0, text, &err) < 0)
			return out_error(&err);
	}
	return 0;
}

/* What images have to pass: the gate of `up`, and whatever more is asked for here. */
struct gates {
	struct live_answer told; /* of the supervisor: the flags of `up` are in it */
	struct gate_setup up, own;
	bool has_own;
};

static void gates_done(struct gates *gates)
{
	gate_setup_done(&gates->own);
	gate_setup_done(&gates->up);
	live_answer_done(&gates->told);
}

static const char *told_text(const struct gates *gates, const char *key)
{
	const char *text = live_text(gates->told.root, key);

	return *text ? text : NULL;
}

/* The gate of `up`, where the options of this verb do not say otherwise. */
static struct gate_flags own_flags(const struct gate_flags *of_up, const struct gate_flags *given)
{
	struct gate_flags flags = *given;

	flags.unfixed |= of_up->unfixed;
	if (!flags.fail_on && !(of_up->fail_on && strcmp(of_up->fail_on, "off") == 0))
		flags.fail_on = of_up->fail_on;
	if (!flags.ignore)
		flags.ignore = of_up->ignore;
	if (!flags.max_age)
		flags.max_age = of_up->max_age;
	if (!flags.db) {
		flags.db = of_up->db;
		flags.db_optional = of_up->db_optional;
	}
	return flags;
}

static int ask_for_gates(
	const struct apply_opts *opts, const struct instance *inst, struct gates *ret)
{
	struct gate_flags of_up, own;
	int exit_status = live_ask(&opts->live, RF_STR("{\"verb\":\"gate\"}"), &ret->told);
	bool off;

	if (exit_status)
		return exit_status;
	if (!doc_get(ret->told.root, "off"))
		return out_errorf(
			"the supervisor does not tell its gate: is it of another version?");
	off = live_truth(ret->told.root, "off");
	of_up = (struct gate_flags){.fail_on = off ? "off" : told_text(ret, "failOn"),
		.db = told_text(ret, "db"),
		.db_optional = told_text(ret, "db") && !live_truth(ret->told.root, "dbNamed"),
		.ignore = told_text(ret, "ignore"),
		.max_age = told_text(ret, "maxAge"),
		.unfixed = live_truth(ret->told.root, "unfixed")};
	own = own_flags(&of_up, &opts->gate);
	ret->has_own = gate_flags_given(&opts->gate);
	exit_status = gate_setup(&usage, &of_up, inst, &ret->up);
	if (exit_status == 0 && ret->has_own)
		exit_status = gate_setup(&usage, &own, inst, &ret->own);
	if (exit_status == 0 && ret->own.judge.off && !off)
		return opt_fail(&usage,
			"--fail-on off: the gate is that of `up`, and `apply` can only "
			"ask for more");
	ret->up.judge.mend = "the gate is that of `up`: its --fail-on, --ignore change what is "
			     "refused";
	return exit_status;
}

/* That of `up` comes last: its verdicts are those that the supervisor looks for. */
static int pass_gates(const struct gates *gates, const struct instance *inst,
	const struct kube_set *set, struct rf_diags *diags, struct rf_err *err)
{
	int rc = RF_OK;

	if (gates->has_own && gates->own.judge.db)
		rc = judge_set(inst, set, &gates->own.judge, diags, err);
	if (rc == RF_OK && !diags->error_count)
		rc = judge_set(inst, set, &gates->up.judge, diags, err);
	return rc;
}

/*
 * Archives that the manifests name, and the gates; what else is wrong with the manifests, the
 * supervisor says.
 */
static int bring_images(const struct instance *inst, const struct gates *gates,
	const struct opt_args *args, struct rf_str text)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct kube_set set;
	struct rf_err err;
	int exit_status, rc = kube_set_init(&set, &err);

	if (rc < 0)
		return out_error(&err);
	for (int i = 0; i < args->count && rc == RF_OK; i++) {
		if (strcmp(args->items[i], "-") != 0)
			rc = kube_load_path(&set, args->items[i], &diags, &err);
	}
	if (rc == RF_OK && text.len)
		rc = kube_load_text(&set, text, "<stdin>", &diags, &err);
	rf_diags_done(&diags);
	diags = (struct rf_diags){.error_count = 0};
	if (rc == RF_OK)
		rc = images_bring(&set, inst, &diags, &err);
	if (rc == RF_OK && !diags.error_count)
		rc = pass_gates(gates, inst, &set, &diags, &err);
	exit_status = rc < 0 ? out_error(&err) : out_diags(&diags);
	kube_set_done(&set);
	return exit_status;
}

static int write_request(const struct apply_opts *opts, const struct opt_args *args,
	struct rf_str text, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_c(&w, "verb", "apply");
	json_field_bool(&w, "prune", opts->prune);
	json_key(&w, "paths");
	json_array_begin(&w);
	for (int i = 0; i < args->count; i++) {
		AUTO_FREE char *path = NULL;

		if (strcmp(args->items[i], "-") == 0)
			continue;
		path = realpath(args->items[i], NULL);
		if (!path)
			return out_errorf("%s: no such file or directory", args->items[i]);
		json_c(&w, path);
	}
	json_array_end(&w);
	json_field_str(&w, "stdin", text);
	json_object_end(&w);
	return out->failed ? out_errorf("out of memory") : 0;
}

static void print_diags(const struct doc_node *answer)
{
	doc_each (d, doc_get(answer, "diags"))
		fprintf(stderr, "%s:%lld:%lld: %s: %s\n", live_text(d, "file"),
			(long long)live_number(d, "line"), (long long)live_number(d, "column"),
			live_text(d, "severity"), live_text(d, "message"));
}

static int print_answer(const struct apply_opts *opts, const struct live_answer *answer)
{
	const struct doc_node *fence = doc_get(answer->root, "fence");
	bool ok = live_truth(answer->root, "ok");
	AUTO_BUF out = {0};
	int exit_status;

	if (opts->json) {
		rf_buf_addf(&out, RF_STR_FMT "\n", RF_STR_ARG(rf_buf_str(&answer->text)));
		exit_status = out_result(&out);
		return exit_status ? exit_status : (ok ? 0 : CMD_EXIT_ERROR);
	}
	print_diags(answer->root);
	if (!ok)
		return out_errorf("%s; nothing was changed", live_text(answer->root, "error"));
	rf_buf_addf(&out,
		"applied: %lld pods started, %lld stopped, %lld kept; fence: %lld elements added, "
		"%lld removed in %.1f ms\n",
		(long long)live_number(answer->root, "started"),
		(long long)live_number(answer->root, "stopped"),
		(long long)live_number(answer->root, "kept"),
		(long long)live_number(fence, "added"), (long long)live_number(fence, "removed"),
		(double)live_number(fence, "usec") / 1000);
	return out_result(&out);
}

static int apply(const struct apply_opts *opts, const struct opt_args *args)
{
	AUTO_ANSWER answer = {.root = NULL};
	AUTO_BUF request = {.max = CONTROL_MAX_LINE};
	AUTO_BUF text = {.max = CONTROL_MAX_LINE / 2};
	CLEANUP(gates_done) struct gates gates = {.has_own = false};
	struct instance inst;
	struct rf_err err;
	int exit_status = read_input(args, &text);

	if (exit_status == 0 &&
		instance_init(&inst, opts->live.run_dir, opts->live.state_dir, &err) < 0)
		exit_status = out_error(&err);
	if (exit_status == 0) {
		exit_status = ask_for_gates(opts, &inst, &gates);
		if (exit_status == 0)
			exit_status = bring_images(&inst, &gates, args, rf_buf_str(&text));
		instance_done(&inst);
	}
	if (exit_status == 0)
		exit_status = write_request(opts, args, rf_buf_str(&text), &request);
	if (exit_status == 0)
		exit_status = live_ask(&opts->live, rf_buf_str(&request), &answer);
	return exit_status ? exit_status : print_answer(opts, &answer);
}

int cmd_apply(int argc, char **argv)
{
	struct apply_opts opts = {.prune = false};
	struct opt_args args;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	return exit_status == OPT_GO ? apply(&opts, &args) : exit_status;
}
