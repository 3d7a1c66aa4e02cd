/* `ca bundle`: the roots to be trusted now. */
#include "base/fd.h"
#include "cmd/ca.h"

struct bundle_opts {
	struct ca_where where;
	const char *out;
	unsigned format;
};

enum bundle_format {
	FORMAT_PEM,
	FORMAT_SPIFFE,
};
static const char *const formats[] = {[FORMAT_PEM] = "pem", [FORMAT_SPIFFE] = "spiffe", NULL};

static const struct opt_row rows[] = {
	CA_DIR_ROW(struct bundle_opts),
	{"format", 'f', OPT_CHOICE, offsetof(struct bundle_opts, format), "FORMAT",
		"pem, or spiffe: a SPIFFE bundle (JWK set).", formats},
	{"output", 'o', OPT_TEXT, offsetof(struct bundle_opts, out), "FILE",
		"Where it goes, in one step, instead of standard output.", NULL},
};

const struct opt_usage ca_bundle_usage = {
	.verb = "ca bundle",
	.synopsis = "[--dir DIRECTORY] [--format pem|spiffe] [-o FILE]",
	.summary = "prints the roots that are to be trusted now",
	.text = "While the root is being replaced these are two: the new one and the old one.",
	OPT_ROWS(rows),
};

static int write_bundle(const struct bundle_opts *opts, const struct ca *ca)
{
	AUTO_BUF out = {0};
	struct rf_err err;
	int rc = opts->format == FORMAT_SPIFFE ? ca_bundle_spiffe(ca, &out, &err)
					       : ca_bundle(ca, &out, &err);

	if (rc == RF_OK && !opts->out)
		return out_result(&out);
	if (rc == RF_OK)
		rc = rf_file_replace(opts->out, out.data, out.len, 0644, true, &err);
	return rc < 0 ? out_error(&err) : 0;
}

int ca_verb_bundle(int argc, char **argv)
{
	struct bundle_opts opts = {.out = NULL};
	struct opt_args args;
	AUTO_CA *ca = NULL;
	int status = opt_parse(&ca_bundle_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = ca_where_open(&opts.where, false, &ca);
	return status == OPT_GO ? write_bundle(&opts, ca) : status;
}
