/* `status`: what runs and how it is, as a summary or whole as JSON. */
#include "cmd/live.h"

struct status_opts {
	struct live_opts live;
	bool json;
};

static const struct opt_row rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct status_opts, json), NULL,
		"Prints everything: pods, containers, Services and their endpoints.", NULL},
	LIVE_ROWS(struct status_opts),
};

static const struct opt_example examples[] = {
	{"is everything ready?", "ringfence status"},
	{"the addresses of a Service's endpoints",
		"ringfence status --json | jq '.services[].ports'"},
};

static const struct opt_usage usage = {
	.verb = "status",
	.synopsis = "[--json]",
	.summary = "says whether everything runs as it should",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when every pod is ready or done, 1 when one is not, 2 on an error.",
};

static void print_summary(const struct doc_node *status, struct rf_buf *out)
{
	bool colour = out_has_colour(1);
	unsigned ready = 0, total = 0;

	doc_each (pod, doc_get(status, "pods")) {
		total++;
		ready += live_truth(pod, "ready") ||
			 strcmp(live_text(pod, "phase"), "Succeeded") == 0;
	}
	out_style(out, colour, ready == total ? OUT_GOOD : OUT_WARN, "%u of %u pods ready", ready,
		total);
	rf_buf_addf(out, ", %lld policies in table inet %s, supervisor %lld, runtime %s\n",
		(long long)live_number(status, "policies"), live_text(status, "table"),
		(long long)live_number(status, "pid"), live_text(status, "runtime"));
	doc_each (pod, doc_get(status, "pods")) {
		if (live_truth(pod, "ready") || strcmp(live_text(pod, "phase"), "Succeeded") == 0)
			continue;
		rf_buf_addf(out, "  %s/%s: %s%s%s\n", live_text(pod, "namespace"),
			live_text(pod, "name"), live_text(pod, "phase"),
			*live_text(pod, "reason") ? ": " : "", live_text(pod, "reason"));
	}
}

/* Faults that somebody has asked for must not be looked for elsewhere. */
static void print_faults(const struct doc_node *status, struct rf_buf *out)
{
	doc_each (pod, doc_get(status, "pods")) {
		const struct doc_node *faults = doc_get(doc_get(pod, "mesh"), "faults");

		if (!faults)
			continue;
		out_style(out, out_has_colour(1), OUT_BAD,
			"  FAULTS ON PURPOSE in %s/%s: delay %lld ms, %lld %% resets, %lld bytes/s "
			"(0: no limit)",
			live_text(pod, "namespace"), live_text(pod, "name"),
			(long long)live_number(faults, "delayMs"),
			(long long)live_number(faults, "resetPercent"),
			(long long)live_number(faults, "bytesPerSecond"));
		rf_buf_add_char(out, '\n');
	}
}

int cmd_status(int argc, char **argv)
{
	struct status_opts opts = {.json = false};
	AUTO_ANSWER status = {.root = NULL};
	struct opt_args args;
	AUTO_BUF out = {0};
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	exit_status = live_ask(&opts.live, RF_STR("{\"verb\":\"status\"}"), &status);
	if (exit_status)
		return exit_status;
	if (opts.json) {
		rf_buf_addf(&out, RF_STR_FMT "\n", RF_STR_ARG(rf_buf_str(&status.text)));
	} else {
		print_summary(status.root, &out);
		print_faults(status.root, &out);
	}
	exit_status = out_result(&out);
	return exit_status ? exit_status : !live_truth(status.root, "ready");
}
