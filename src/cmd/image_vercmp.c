/* `image vercmp`: which of two versions is the newer one, as their packaging system has it. */
#include "cmd/image.h"
#include "cmd/lines.h"
#include "image/vuln/version.h"

struct vercmp_opts {
	bool batch;
};

static const struct opt_row rows[] = {
	{"batch", 0, OPT_FLAG, offsetof(struct vercmp_opts, batch), NULL,
		"Compares the two versions of every line of FILE (- or nothing: standard input), "
		"with a tab between them, one line of output each, in their order.",
		NULL},
};

static const struct opt_example examples[] = {
	{"is the pre-release the newer one?", "ringfence image vercmp Go v1.2.0-rc.1 v1.2.0"},
	{"a list of pairs", "printf '1.0~rc1\\t1.0\\n' | ringfence image vercmp Debian:12 --batch"},
};

const struct opt_usage image_vercmp_usage = {
	.verb = "image vercmp",
	.synopsis = "ECOSYSTEM A B | ECOSYSTEM --batch [FILE]",
	.summary = "compares two versions as their packaging system does",
	.text = "Prints -1 when A is the older version, 0 when they are equal, 1 when A is the "
		"newer one. ECOSYSTEM is named as OSV names it, in any case, with or without a "
		"release: Go, npm, PyPI, Maven, crates.io, Debian:12, Ubuntu, Alpine:v3.20, "
		"AlmaLinux:9, Red Hat, SUSE, ...; or semver, rpm, apk, dpkg.\n\n"
		"With --batch, a line that cannot be compared is answered with \"error: \" and "
		"what is wrong with it, so that lines stay in step, and the exit status is 2.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.min_args = 1,
	.max_args = 3,
};

static int compare(enum vuln_scheme scheme, struct rf_str a, struct rf_str b, struct rf_buf *out,
	struct rf_err *err)
{
	int order, code = vuln_version_compare(scheme, a, b, &order, err);

	if (code == RF_OK)
		rf_buf_addf(out, "%d\n", order);
	return code;
}

static int answer(void *ctx, struct rf_str line, struct rf_buf *out, struct rf_err *err)
{
	struct rf_str a, b = rf_str_cut(line, '\t', &a);
	int code;

	if (b.ptr)
		code = compare(*(const enum vuln_scheme *)ctx, a, b, out, err);
	else
		code = rf_err_set(err, RF_EINPUT, "no tab between two versions");
	if (code < 0)
		rf_buf_addf(out, "error: %s\n", err->msg);
	return code;
}

static int batch(enum vuln_scheme scheme, const char *path)
{
	const struct lines lines = {
		.path = path,
		.things = "lines",
		.max_line = (size_t)2 * VULN_VERSION_MAX + 1,
		.answer = answer,
		.ctx = &scheme,
	};

	return lines_answer(&lines);
}

int image_verb_vercmp(int argc, char **argv)
{
	struct vercmp_opts opts = {.batch = false};
	enum vuln_scheme scheme;
	struct opt_args args;
	AUTO_BUF out = {0};
	struct rf_err err;
	int status = opt_parse(&image_vercmp_usage, argc, argv, &opts, &args);

	if (status != OPT_GO)
		return status;
	if (!vuln_scheme_find(rf_str_of(args.items[0]), &scheme))
		return opt_fail(&image_vercmp_usage,
			"\"%s\" is no ecosystem whose versions are known here", args.items[0]);
	if (opts.batch && args.count == 3)
		return opt_fail(&image_vercmp_usage, "--batch takes its versions from FILE: leave "
						     "A and B out");
	if (opts.batch)
		return batch(scheme, args.count == 2 ? args.items[1] : "-");
	if (args.count != 3)
		return opt_fail(&image_vercmp_usage, "want two versions, A and B");
	if (compare(scheme, rf_str_of(args.items[1]), rf_str_of(args.items[2]), &out, &err) < 0)
		return out_error(&err);
	return out_result(&out);
}
