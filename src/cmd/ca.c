/* `ca`: an authority of one's own, certificates of it, and what is wrong with any certificate. */
#include "cmd/ca.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "cmd/database.h"
#include "cmd/state.h"

struct ca_verb {
	const struct opt_usage *usage;
	int (*run)(int argc, char **argv);
};

static const struct ca_verb verbs[] = {
	{&ca_init_usage, ca_verb_init},
	{&ca_issue_usage, ca_verb_issue},
	{&ca_inspect_usage, ca_verb_inspect},
	{&ca_status_usage, ca_verb_status},
	{&ca_watch_usage, ca_verb_watch},
	{&ca_bundle_usage, ca_verb_bundle},
	{&ca_renew_usage, ca_verb_renew},
	{&ca_rotate_usage, ca_verb_rotate},
};

int cmd_ca(int argc, char **argv)
{
	const struct opt_usage *usages[RF_ARRAY_LEN(verbs)];
	const struct opt_group group = {
		.verb = "ca",
		.summary =
			"a certificate authority of one's own, and what is wrong with certificates",
		.text = "A root signs intermediates, which sign certificates with SPIFFE "
			"identities (spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICEACCOUNT) and "
			"DNS names, so that OpenSSL, Go's crypto/tls and SPIFFE programs verify "
			"them. The root's key is sealed on the disk and opened only to sign an "
			"intermediate or the next root. The authority may sign URIs of its trust "
			"domain only.",
		.usages = usages,
		.usage_count = RF_ARRAY_LEN(verbs),
	};
	size_t index;
	int status;

	for (size_t i = 0; i < RF_ARRAY_LEN(verbs); i++)
		usages[i] = verbs[i].usage;
	status = opt_group(&group, argc, argv, &index);
	return status == OPT_GO ? verbs[index].run(argc - 1, argv + 1) : status;
}

int ca_where_path(const struct ca_where *where, struct rf_buf *out)
{
	struct rf_err err;
	int rc = RF_OK;

	if (where->dir)
		rf_buf_add_c(out, where->dir);
	else
		rc = state_path("ca", "--dir", out, &err);
	if (rc < 0)
		return out_error(&err);
	/* Keys must not get to a core file, nor to who may trace this process. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	return out->failed ? out_errorf("out of memory") : OPT_GO;
}

int ca_where_open(const struct ca_where *where, bool write, struct ca **ret)
{
	AUTO_BUF path = {0};
	struct rf_err err;
	int status = ca_where_path(where, &path);

	if (status == OPT_GO && ca_open(path.data, write, ret, &err) < 0)
		status = out_error(&err);
	return status;
}

const char *ca_left(int64_t left_s, char out[static CA_LEFT_SIZE])
{
	char age[DATABASE_AGE_SIZE];

	if (left_s <= 0)
		snprintf(out, CA_LEFT_SIZE, "expired");
	else
		snprintf(out, CA_LEFT_SIZE, "%s left", database_age((uint64_t)left_s, age));
	return out;
}

const char *ca_date(int64_t at_s, char out[static CA_DATE_SIZE])
{
	time_t time = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(out, CA_DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, CA_DATE_SIZE, "%lld", (long long)at_s);
	return out;
}
