/* `image cvss`: base scores of CVSS vectors. */
#include "cmd/image.h"
#include "doc/json.h"
#include "image/vuln/cvss.h"

struct cvss_opts {
	bool json;
};

static const struct opt_row rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct cvss_opts, json), NULL,
		"Prints an array of {\"vector\",\"version\",\"score\",\"level\"}.", NULL},
};

static const struct opt_example examples[] = {
	{"how bad is it?", "ringfence image cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
};

const struct opt_usage image_cvss_usage = {
	.verb = "image cvss",
	.synopsis = "VECTOR... [--json]",
	.summary = "computes the base scores of CVSS vectors",
	.text = "VECTOR is of CVSS 2.0, 3.0, 3.1 or 4.0; there is one line of output each. The "
		"metrics of all other groups are checked and do not count.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.min_args = 1,
	.max_args = -1,
};

static void text_row(const struct cvss *cvss, struct rf_buf *out)
{
	rf_buf_addf(out, "%u.%u\n", cvss->base_tenths / 10, cvss->base_tenths % 10);
}

static void json_row(const char *vector, const struct cvss *cvss, struct json_writer *w)
{
	json_object_begin(w);
	json_field_c(w, "vector", vector);
	json_key(w, "version");
	json_strf(w, "%u.%u", cvss->version / 10, cvss->version % 10);
	json_key(w, "score");
	json_tenths(w, cvss->base_tenths);
	json_field_c(w, "level", vuln_level_name(cvss->level));
	json_object_end(w);
}

int image_verb_cvss(int argc, char **argv)
{
	struct cvss_opts opts = {.json = false};
	struct opt_args args;
	AUTO_BUF out = {0};
	struct json_writer w = {.out = &out, .pretty = true};
	int status = opt_parse(&image_cvss_usage, argc, argv, &opts, &args);

	if (status != OPT_GO)
		return status;
	if (opts.json)
		json_array_begin(&w);
	for (int i = 0; i < args.count; i++) {
		struct cvss cvss;
		struct rf_err err;

		if (cvss_parse(rf_str_of(args.items[i]), &cvss, &err) < 0)
			return out_error(&err);
		if (opts.json)
			json_row(args.items[i], &cvss, &w);
		else
			text_row(&cvss, &out);
	}
	if (opts.json) {
		json_array_end(&w);
		rf_buf_add_char(&out, '\n');
	}
	return out_result(&out);
}
