/* `ca issue`: a certificate for what is outside, with its key and the bundle, in one directory. */
#include <time.h>

#include "base/fd.h"
#include "cmd/ca.h"
#include "cmd/database.h"
#include "mesh/identity.h"
#include "mesh/payload.h"

struct issue_opts {
	struct ca_where where;
	const char *id, *namespace, *account, *common_name, *ttl, *csr, *out;
	struct opt_texts dns, ips;
};

static const struct opt_row rows[] = {
	CA_DIR_ROW(struct issue_opts),
	{"output", 'o', OPT_TEXT, offsetof(struct issue_opts, out), "DIRECTORY",
		"Where tls.crt, tls.key and ca.crt go. They are links that change together when "
		"another certificate is put there.",
		NULL},
	{"id", 0, OPT_TEXT, offsetof(struct issue_opts, id), "ID",
		"The identity: spiffe://TRUST-DOMAIN/PATH.", NULL},
	{"namespace", 'n', OPT_TEXT, offsetof(struct issue_opts, namespace), "NAME",
		"With --service-account, the identity of a workload; \"default\" unless said "
		"otherwise.",
		NULL},
	{"service-account", 's', OPT_TEXT, offsetof(struct issue_opts, account), "NAME",
		"The identity is spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME.", NULL},
	{"dns", 0, OPT_TEXTS, offsetof(struct issue_opts, dns), "NAME",
		"A DNS name, by which ordinary TLS clients know a server; may be repeated.", NULL},
	{"ip", 0, OPT_TEXTS, offsetof(struct issue_opts, ips), "ADDRESS", "An address, likewise.",
		NULL},
	{"common-name", 0, OPT_TEXT, offsetof(struct issue_opts, common_name), "TEXT",
		"A subject, for programs that look at it (PostgreSQL's users); none unless said.",
		NULL},
	{"ttl", 0, OPT_TEXT, offsetof(struct issue_opts, ttl), "DURATION",
		"How long it is valid: 90m, 24h, 7d; 24h unless said otherwise, and no longer "
		"than the intermediate is.",
		NULL},
	{"csr", 0, OPT_TEXT, offsetof(struct issue_opts, csr), "FILE",
		"Signs the key of a certificate request (PEM or DER); its names are not taken. No "
		"tls.key is written.",
		NULL},
};

static const struct opt_example examples[] = {
	{"for a database",
		"ringfence ca issue -n production -s database --dns db.example -o /etc/db/tls"},
	{"for a key that stays where it is",
		"ringfence ca issue -s laptop --csr laptop.csr -o ./laptop"},
};

const struct opt_usage ca_issue_usage = {
	.verb = "ca issue",
	.synopsis = "-o DIRECTORY (--id ID | -s NAME [-n NAME]) [--dns NAME]... [--ttl DURATION]",
	.summary = "issues a certificate with a SPIFFE identity and DNS names",
	.text = "In tls.crt is the certificate with what leads to the root, in ca.crt every root "
		"to be trusted now. A certificate without --dns and --ip is for clients: plain Go "
		"programs refuse a server that has only a URI.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
};

struct wanted {
	struct ca_request request;
	char id[IDENTITY_MAX + 1];
	RF_VEC(struct rf_str) dns;
	RF_VEC(struct rf_ip) ips;
	struct rf_buf csr;
};

static void wanted_done(struct wanted *wanted)
{
	rf_vec_done(&wanted->dns);
	rf_vec_done(&wanted->ips);
	rf_buf_done(&wanted->csr);
}

static int read_id(const struct issue_opts *opts, const struct ca *ca, struct wanted *ret)
{
	const char *namespace = opts->namespace ? opts->namespace : "default";
	struct rf_err err;

	if (opts->id) {
		ret->request.id = rf_str_of(opts->id);
		return OPT_GO;
	}
	if (identity_make(ca_info(ca)->trust_domain, rf_str_of(namespace), rf_str_of(opts->account),
		    ret->id, &err) < 0)
		return out_error(&err);
	ret->request.id = rf_str_of(ret->id);
	return OPT_GO;
}

static int read_names(const struct issue_opts *opts, struct wanted *ret)
{
	struct rf_ip ip;

	rf_vec_each (name, &opts->dns) {
		if (!rf_vec_push(&ret->dns, rf_str_of(*name)))
			return out_errorf("out of memory");
	}
	rf_vec_each (text, &opts->ips) {
		if (!rf_ip_parse(rf_str_of(*text), &ip))
			return opt_fail(&ca_issue_usage, "\"%s\" is no IP address", *text);
		if (!rf_vec_push(&ret->ips, ip))
			return out_errorf("out of memory");
	}
	ret->request.dns = ret->dns.items;
	ret->request.dns_count = ret->dns.count;
	ret->request.ips = ret->ips.items;
	ret->request.ip_count = ret->ips.count;
	return OPT_GO;
}

static int read_ttl(const struct issue_opts *opts, struct wanted *ret)
{
	uint64_t ttl_s = (uint64_t)CA_LEAF_S;

	if (opts->ttl && !database_duration(opts->ttl, &ttl_s))
		return opt_fail(
			&ca_issue_usage, "\"%s\" is no duration such as 24h, 90m or 7d", opts->ttl);
	ret->request.ttl_s = (int64_t)ttl_s;
	ret->request.now_s = time(NULL);
	return OPT_GO;
}

static int read_csr(const struct issue_opts *opts, struct wanted *ret)
{
	struct rf_err err;

	if (!opts->csr)
		return OPT_GO;
	ret->csr.max = CA_MAX_CSR;
	if (rf_file_read(opts->csr, &ret->csr, &err) < 0)
		return out_error(&err);
	ret->request.csr = (struct rf_bytes){(const uint8_t *)rf_buf_cstr(&ret->csr), ret->csr.len};
	return OPT_GO;
}

static int read_request(const struct issue_opts *opts, const struct ca *ca, struct wanted *ret)
{
	int status = read_id(opts, ca, ret);

	if (status == OPT_GO)
		status = read_names(opts, ret);
	if (status == OPT_GO)
		status = read_ttl(opts, ret);
	if (status == OPT_GO)
		status = read_csr(opts, ret);
	if (opts->common_name)
		ret->request.common_name = rf_str_of(opts->common_name);
	return status;
}

static int write_leaf(const char *out, const struct ca_leaf *leaf, struct rf_err *err)
{
	const struct payload_file files[] = {
		{.name = "tls.crt", .data = rf_buf_str(&leaf->cert), .mode = 0644},
		{.name = "ca.crt", .data = rf_buf_str(&leaf->roots), .mode = 0644},
		{.name = "tls.key", .data = rf_buf_str(&leaf->key), .mode = 0600},
	};

	return payload_write(out, files, leaf->key.len ? 3 : 2, err);
}

static int issue(const struct issue_opts *opts)
{
	CLEANUP(wanted_done) struct wanted wanted = {.id = ""};
	AUTO_LEAF leaf = {.until_s = 0};
	char date[CA_DATE_SIZE];
	AUTO_CA *ca = NULL;
	struct rf_err err;
	int status = ca_where_open(&opts->where, true, &ca);

	if (status == OPT_GO)
		status = read_request(opts, ca, &wanted);
	if (status != OPT_GO)
		return status;
	if (ca_issue(ca, &wanted.request, &leaf, &err) < 0 ||
		write_leaf(opts->out, &leaf, &err) < 0)
		return out_error(&err);
	fprintf(stderr, "ringfence: " RF_STR_FMT " in %s, valid until %s\n",
		RF_STR_ARG(wanted.request.id), opts->out, ca_date(leaf.until_s, date));
	return 0;
}

static int check(const struct issue_opts *opts)
{
	if (!opts->out)
		return opt_fail(&ca_issue_usage, "where to? Say -o DIRECTORY");
	if (!opts->id && !opts->account)
		return opt_fail(&ca_issue_usage, "for whom? Say --service-account or --id");
	if (opts->id && (opts->account || opts->namespace))
		return opt_fail(&ca_issue_usage,
			"--id excludes --namespace and --service-account: it names all of it");
	return issue(opts);
}

int ca_verb_issue(int argc, char **argv)
{
	struct issue_opts opts = {.id = NULL};
	struct opt_args args;
	int status = opt_parse(&ca_issue_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = check(&opts);
	rf_vec_done(&opts.dns);
	rf_vec_done(&opts.ips);
	return status;
}
