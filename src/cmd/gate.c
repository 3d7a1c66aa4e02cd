/* Paths become absolute, since the supervisor lives in another directory. */
#include "cmd/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/database.h"
#include "cmd/output.h"

void gate_setup_done(struct gate_setup *setup)
{
	vuln_db_free(setup->db);
	free(setup->db_path);
	free(setup->ignore);
}

static void tell_scanning(void *ctx, const char *image)
{
	(void)ctx;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "ringfence: judging %s ...\n", image);
}

bool gate_flags_given(const struct gate_flags *flags)
{
	return flags->fail_on || flags->db || flags->ignore || flags->unfixed || flags->max_age;
}

static int set_db_path(
	const struct gate_flags *flags, const struct instance *inst, struct gate_setup *ret)
{
	const char *env = getenv("RINGFENCE_DB");
	const char *named = flags->db ? flags->db : env && *env ? env : NULL;

	if (flags->db_optional) {
		ret->db_path = strdup(flags->db);
		return ret->db_path ? 0 : out_errorf("out of memory");
	}
	ret->config.db_named = named != NULL;
	if (named) {
		ret->db_path = realpath(named, NULL);
		return ret->db_path ? 0 : out_errorf("%s: %s", named, strerror(errno));
	}
	if (asprintf(&ret->db_path, "%s/" DATABASE_FILE, inst->state_dir) < 0) {
		ret->db_path = NULL;
		return out_errorf("out of memory");
	}
	return 0;
}

static int set_ignore(const struct gate_flags *flags, struct gate_setup *ret)
{
	if (!flags->ignore)
		return 0;
	ret->ignore = realpath(flags->ignore, NULL);
	return ret->ignore ? 0 : out_errorf("%s: %s", flags->ignore, strerror(errno));
}

static int set_max_age(
	const struct opt_usage *usage, const struct gate_flags *flags, struct gate_setup *ret)
{
	if (!flags->max_age)
		return 0;
	if (ret->config.off)
		return opt_fail(usage, "--max-age needs a gate, and --fail-on off is none");
	if (!database_max_age(flags->max_age, &ret->config.max_age_s))
		return opt_fail(usage, "--max-age \"%s\": say 7d or 36h", flags->max_age);
	ret->config.max_age = flags->max_age;
	ret->judge.gate.max_age_s = ret->config.max_age_s;
	return 0;
}

int gate_setup(const struct opt_usage *usage, const struct gate_flags *flags,
	const struct instance *inst, struct gate_setup *ret)
{
	struct gate_config *config = &ret->config;
	struct rf_err err;
	int status, rc;

	*ret = (struct gate_setup){.db = NULL};
	config->off = flags->fail_on && strcmp(flags->fail_on, "off") == 0;
	config->unfixed = flags->unfixed;
	config->fail_on = flags->fail_on;
	if (judge_opts_of(config, time(NULL), &ret->judge, &err) < 0)
		return opt_fail(usage, "%s", err.msg);
	ret->judge.scanning = tell_scanning;
	status = set_max_age(usage, flags, ret);
	if (status || config->off)
		return status;
	status = set_db_path(flags, inst, ret);
	if (status == 0)
		status = set_ignore(flags, ret);
	if (status)
		return status;
	config->db = ret->db_path;
	config->ignore = ret->judge.ignore = ret->ignore;
	rc = database_open(ret->db_path, NULL, &ret->db, &err);
	if (rc < 0 && (rc != RF_EABSENT || config->db_named || flags->max_age))
		return out_error(&err);
	ret->judge.db = ret->db;
	return 0;
}
