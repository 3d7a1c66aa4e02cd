/* `image judge`: the gate of `up`, for images of this machine. */
#include "cmd/gate.h"
#include "cmd/image.h"
#include "cmd/output.h"

#define EXIT_REFUSED 1

struct judge_verb {
	struct gate_flags gate;
	const char *state_dir;
};

static const struct opt_row rows[] = {
	GATE_ROWS(struct judge_verb),
	{"state-dir", 0, OPT_TEXT, offsetof(struct judge_verb, state_dir), "DIRECTORY",
		"Where images and the database are kept, instead of /var/lib/ringfence.", NULL},
};

static const struct opt_example examples[] = {
	{"would `up` run it?", "ringfence image judge shop/app:1.0"},
};

const struct opt_usage image_judge_usage = {
	.verb = "image judge",
	.synopsis = "IMAGE... [--fail-on LEVEL] [--unfixed] [--ignore FILE] [--db FILE] [--max-age "
		    "AGE]",
	.summary = "tells whether `up` would run images of this machine",
	.text = "Verdicts are remembered by the image's digest and the database's, as for `up`.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when all may run, 1 when one is refused, 2 on an error.",
	.min_args = 1,
	.max_args = -1,
};

static int judge_one(const struct instance *inst, struct image_store *store, const char *name,
	const struct judge_opts *opts, struct rf_buf *out)
{
	CLEANUP(judge_verdict_done) struct judge_verdict verdict = {.pass = true};
	AUTO_IMAGE *image = NULL;
	struct rf_err err;

	if (image_find_kept(store, name, &image, &err) < 0 ||
		judge_image(inst, image, opts, &verdict, &err) < 0)
		return out_error(&err);
	rf_buf_addf(out, "%s: %s%s\n", name,
		verdict.pass ? "may run" : "refused: ", rf_buf_cstr(&verdict.why));
	if (verdict.unjudged.len)
		out_warning(
			"%s was not judged as a whole: %s", name, rf_buf_cstr(&verdict.unjudged));
	return verdict.pass ? 0 : EXIT_REFUSED;
}

static int judge_all(
	const struct instance *inst, const struct opt_args *args, const struct judge_opts *opts)
{
	AUTO_IMAGE_STORE *store = NULL;
	AUTO_BUF out = {0};
	struct rf_err err;
	int worst = 0, status;

	if (opts->off || !opts->db)
		return out_errorf(
			"there is no vulnerability database: `ringfence image db` makes one");
	if (image_store_open(inst->images, &store, &err) < 0)
		return out_error(&err);
	for (int i = 0; i < args->count; i++) {
		status = judge_one(inst, store, args->items[i], opts, &out);
		worst = status > worst ? status : worst;
	}
	status = out_result(&out);
	return status > worst ? status : worst;
}

int image_verb_judge(int argc, char **argv)
{
	struct judge_verb verb = {.state_dir = NULL};
	AUTO_GATE setup = {.db = NULL};
	struct opt_args args;
	struct instance inst;
	struct rf_err err;
	int status = opt_parse(&image_judge_usage, argc, argv, &verb, &args);

	if (status != OPT_GO)
		return status;
	if (instance_init(&inst, NULL, verb.state_dir, &err) < 0)
		return out_error(&err);
	status = gate_setup(&image_judge_usage, &verb.gate, &inst, &setup);
	if (status == 0)
		status = judge_all(&inst, &args, &setup.judge);
	instance_done(&inst);
	return status;
}
