/*
 * sysctls of a pod: only those that belong to a namespace of the pod's own. Anything else would
 * change the machine.
 */
#include "harden/harden_int.h"

struct sysctl_row {
	const char *prefix;
	bool whole; /* the name itself, not a beginning */
	bool net;   /* of the network namespace; else of the IPC namespace */
};

static const struct sysctl_row sysctl_rows[] = {
	{"net.", false, true},
	{"kernel.shm", false, false},
	{"kernel.msg", false, false},
	{"kernel.sem", true, false},
	{"fs.mqueue.", false, false},
};

#define MAX_NAME 253

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/*
 * The name with dots: the API also takes slashes. An empty part (two separators in a row) is
 * refused, because as a path it would be a way out of /proc/sys ("net/../kernel/core_pattern").
 */
static bool to_dots(struct rf_str name, char out[static MAX_NAME + 1])
{
	bool after_separator = true;

	if (!rf_str_copy(name, out, MAX_NAME + 1) || name.len == 0)
		return false;
	for (char *c = out; *c; c++) {
		bool separator = *c == '.' || *c == '/';

		if ((separator && after_separator) || (!separator && !is_name_char(*c)))
			return false;
		if (separator)
			*c = '.';
		after_separator = separator;
	}
	return !after_separator;
}

static const struct sysctl_row *find_row(const char *name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(sysctl_rows); i++) {
		const struct sysctl_row *row = &sysctl_rows[i];

		if (row->whole ? strcmp(name, row->prefix) == 0
			       : rf_str_starts(rf_str_of(name), rf_str_of(row->prefix)))
			return row;
	}
	return NULL;
}

static void check_one(struct harden_work *work, const struct kube_sysctl *sysctl)
{
	struct rf_pos pos = doc_field_pos(sysctl->node, "name");
	const struct sysctl_row *row;
	char name[MAX_NAME + 1];

	if (!to_dots(sysctl->name, name)) {
		harden_refuse(work, pos, "\"" RF_STR_FMT "\" is not the name of a sysctl",
			RF_STR_ARG(sysctl->name));
		return;
	}
	row = find_row(name);
	if (!row)
		harden_refuse(work, pos,
			"sysctl %s does not belong to a pod and would change the machine; allowed "
			"are net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.*",
			name);
	else if (row->net && work->pod->host_network.value)
		harden_refuse(work, pos,
			"sysctl %s would change the machine, because hostNetwork is true", name);
	else if (!row->net && work->pod->host_ipc.value)
		harden_refuse(work, pos,
			"sysctl %s would change the machine, because hostIPC is true", name);
}

int harden_check_sysctls(const struct kube_pod_spec *pod, struct rf_diags *diags)
{
	struct harden_work work = {.pod = pod, .diags = diags};
	const struct kube_sysctl *sysctls = pod->security.sysctls.items;

	for (size_t i = 0; i < pod->security.sysctls.count; i++)
		check_one(&work, &sysctls[i]);
	return work.failed ? RF_EINPUT : RF_OK;
}
