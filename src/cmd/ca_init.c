/* `ca init`, `ca renew`, `ca rotate-root`: what opens the root's key. */
#include <time.h>

#include "cmd/ca.h"

struct init_opts {
	struct ca_where where;
	const char *trust_domain;
	bool drop_old, force;
};

static const struct opt_row init_rows[] = {
	CA_DIR_ROW(struct init_opts),
	{"trust-domain", 0, OPT_TEXT, offsetof(struct init_opts, trust_domain), "NAME",
		"Whose identities it signs; " CA_TRUST_DOMAIN " unless said otherwise.", NULL},
	CA_SECRET_ROWS(struct init_opts),
};
static const struct opt_row renew_rows[] = {
	CA_DIR_ROW(struct init_opts),
	CA_SECRET_ROWS(struct init_opts),
};
static const struct opt_row rotate_rows[] = {
	CA_DIR_ROW(struct init_opts),
	CA_SECRET_ROWS(struct init_opts),
	{"drop-old", 0, OPT_FLAG, offsetof(struct init_opts, drop_old), NULL,
		"Ends the rotation: the old root is no longer in the bundle. Refused while a "
		"certificate below it is valid.",
		NULL},
	{"force", 0, OPT_FLAG, offsetof(struct init_opts, force), NULL,
		"Drops the old root although certificates below it are valid.", NULL},
};

static const struct opt_example init_examples[] = {
	{"for this machine", "sudo ringfence ca init"},
	{"the root's sealing key on a stick, from the beginning",
		"ringfence ca init --trust-domain prod.example --sealing-key "
		"/media/stick/prod.key"},
};
static const struct opt_example rotate_examples[] = {
	{"a new root; hand the bundle out after it", "ringfence ca rotate-root"},
	{"when the old certificates have expired", "ringfence ca rotate-root --drop-old"},
};

const struct opt_usage ca_init_usage = {
	.verb = "ca init",
	.synopsis = "[--dir DIRECTORY] [--trust-domain NAME] [--passphrase-file FILE]",
	.summary = "makes a certificate authority: a root and an intermediate",
	.text = "Keys are ECDSA P-256; the root is valid for ten years, the intermediate for 90 "
		"days. The root's key is sealed (AES-256-GCM): with a random key in sealing.key "
		"in the directory, which can be moved away so that the root is offline, or with a "
		"passphrase. An authority that is there already is never touched.",
	OPT_ROWS(init_rows),
	OPT_EXAMPLES(init_examples),
};

const struct opt_usage ca_renew_usage = {
	.verb = "ca renew",
	.synopsis = "[--dir DIRECTORY] [--passphrase-file FILE | --sealing-key FILE]",
	.summary = "makes a new intermediate of the same root",
	.text = "Certificates of the intermediate before it stay valid: they bring it along.",
	OPT_ROWS(renew_rows),
};

const struct opt_usage ca_rotate_usage = {
	.verb = "ca rotate-root",
	.synopsis = "[--dir DIRECTORY] [--drop-old [--force]]",
	.summary = "replaces the root, without a moment in which somebody is refused",
	.text = "Makes a new root and a new intermediate. The old root signs the new one, and new "
		"certificates bring that along: who has only the old bundle verifies them. The "
		"bundle has both roots: who takes it verifies old certificates and new ones. "
		"When everybody has it and the old certificates have expired, --drop-old ends the "
		"rotation.",
	OPT_ROWS(rotate_rows),
	OPT_EXAMPLES(rotate_examples),
};

static int init(const struct init_opts *opts)
{
	const char *domain = opts->trust_domain ? opts->trust_domain : CA_TRUST_DOMAIN;
	AUTO_BUF path = {0};
	struct rf_err err;
	int status;

	if (opts->where.secret.passphrase_file && opts->where.secret.key_file)
		return opt_fail(
			&ca_init_usage, "--passphrase-file and --sealing-key exclude each other");
	status = ca_where_path(&opts->where, &path);
	if (status != OPT_GO)
		return status;
	if (ca_init(path.data, rf_str_of(domain), &opts->where.secret, time(NULL), &err) < 0)
		return out_error(&err);
	fprintf(stderr, "ringfence: the authority of %s is in %s\n", domain, path.data);
	if (!opts->where.secret.passphrase_file && !opts->where.secret.key_file)
		fprintf(stderr,
			"ringfence: note: move %s/sealing.key away to take the root offline\n",
			path.data);
	return 0;
}

int ca_verb_init(int argc, char **argv)
{
	struct init_opts opts = {.trust_domain = NULL};
	struct opt_args args;
	int status = opt_parse(&ca_init_usage, argc, argv, &opts, &args);

	return status == OPT_GO ? init(&opts) : status;
}

int ca_verb_renew(int argc, char **argv)
{
	struct init_opts opts = {.trust_domain = NULL};
	struct opt_args args;
	AUTO_CA *ca = NULL;
	struct rf_err err;
	int status = opt_parse(&ca_renew_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = ca_where_open(&opts.where, true, &ca);
	if (status != OPT_GO)
		return status;
	return ca_renew(ca, &opts.where.secret, time(NULL), &err) < 0 ? out_error(&err) : 0;
}

static int rotate(const struct init_opts *opts, struct ca *ca, struct rf_err *err)
{
	if (opts->drop_old)
		return ca_drop_old(ca, time(NULL), opts->force, err);
	return ca_rotate(ca, &opts->where.secret, time(NULL), err);
}

int ca_verb_rotate(int argc, char **argv)
{
	struct init_opts opts = {.trust_domain = NULL};
	struct opt_args args;
	AUTO_CA *ca = NULL;
	struct rf_err err;
	int status = opt_parse(&ca_rotate_usage, argc, argv, &opts, &args);

	if (status != OPT_GO)
		return status;
	if (opts.force && !opts.drop_old)
		return opt_fail(&ca_rotate_usage, "--force goes with --drop-old");
	status = ca_where_open(&opts.where, true, &ca);
	if (status != OPT_GO)
		return status;
	if (rotate(&opts, ca, &err) < 0)
		return out_error(&err);
	fprintf(stderr,
		opts.drop_old
			? "ringfence: the old root is no longer trusted: hand the bundle out\n"
			: "ringfence: hand the bundle out, issue certificates anew, then "
			  "`ringfence ca rotate-root --drop-old`\n");
	return 0;
}
