/* From a logged packet back to the policy: the same compiled form that denied it explains it. */
#include "host/denials.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/control.h"
#include "host/notes.h"
#include "policy/explain.h"

static void write_end(struct json_writer *w, const struct host *host, const char *key,
	const struct policy_end *end)
{
	char text[RF_IP_TEXT_SIZE];

	json_key(w, key);
	if (end->pod == POLICY_NO_POD) {
		json_c(w, rf_ip_text(&end->ip, text));
	} else {
		const struct kube_pod *pod = &host->plan->pods.list.items[end->pod];

		json_strf(w, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(pod->namespace),
			RF_STR_ARG(pod->name));
	}
}

static void write_policies(struct json_writer *w, const struct policy_why *why)
{
	json_key(w, "policies");
	json_array_begin(w);
	for (size_t i = 0; i < why->reasons.count; i++) {
		const struct policy_reason *reason = &why->reasons.items[i];

		if (reason->kind == POLICY_ISOLATES)
			json_strf(w, RF_STR_FMT "/" RF_STR_FMT " (%s:%u)",
				RF_STR_ARG(reason->policy->meta.namespace),
				RF_STR_ARG(reason->policy->meta.name),
				reason->pos.file ? reason->pos.file : "", reason->pos.line);
	}
	json_array_end(w);
}

/* The direction that denies, egress first; "policy" has since changed when neither does. */
static void write_reasons(struct json_writer *w, struct host *host, const struct policy_ends *ends,
	const struct policy_ask *ask)
{
	static const enum policy_dir dirs[] = {POLICY_EGRESS, POLICY_INGRESS};

	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++) {
		struct policy_why why;
		bool denies;

		if (policy_explain(host->policy, ends, ask, dirs[i], &why) < 0)
			return;
		denies = !why.allowed;
		if (denies) {
			json_field_c(w, "direction", policy_dir_name(dirs[i]));
			write_policies(w, &why);
		}
		policy_why_done(&why);
		if (denies)
			return;
	}
}

/*
 * The kernel judges connections, so the packet that it logged may be an answer: then who asked is
 * its destination, and the port asked for is the one it came from.
 */
static void turn_reply(struct host *host, const struct denial *denial, struct policy_ends *ends,
	struct policy_ask *ask)
{
	if (!policy_judge(host->policy, &ends->from, &ends->to, ask->proto, ask->port).allowed ||
		policy_judge(host->policy, &ends->to, &ends->from, ask->proto, denial->from_port)
			.allowed)
		return;
	*ends = (struct policy_ends){.from = ends->to, .to = ends->from};
	ask->port = denial->from_port;
}

static void on_denial(void *ctx, const struct denial *denial)
{
	struct host *host = ctx;
	struct policy_ends ends;
	struct policy_ask ask = {.proto = denial->proto, .port = denial->to_port};
	AUTO_BUF line = {0};
	struct json_writer w = {.out = &line};

	if (!host->policy)
		return;
	ends.from = policy_end_of_ip(host->policy, &denial->from);
	ends.to = policy_end_of_ip(host->policy, &denial->to);
	turn_reply(host, denial, &ends, &ask);
	json_object_begin(&w);
	json_field_c(&w, "event", "denied");
	json_field_int(&w, "time", (int64_t)time(NULL));
	write_end(&w, host, "from", &ends.from);
	write_end(&w, host, "to", &ends.to);
	json_field_c(&w, "protocol", policy_proto_name(denial->proto));
	if (denial->proto != POLICY_OTHER)
		json_field_int(&w, "port", ask.port);
	write_reasons(&w, host, &ends, &ask);
	json_object_end(&w);
	if (line.failed)
		return;
	control_broadcast(host->control, rf_buf_str(&line));
	rf_buf_add_char(&line, '\n');
	host_log(host, "denials.log", rf_buf_str(&line));
}

static void readable(void *ctx, unsigned events RF_UNUSED)
{
	struct host *host = ctx;
	struct rf_err err;
	unsigned lost = 0;

	if (denial_read(host->denials, on_denial, host, &lost, &err) < 0)
		host_note(host, "the kernel's log of denials: %s", err.msg);
	if (lost)
		host_note(host, "%u denials were not logged: they came too fast", lost);
}

int denials_watch(struct host *host, struct rf_err *err)
{
	int rc = denial_open(FENCE_NFLOG_GROUP, &host->denials, err);

	if (rc < 0)
		return rc;
	host->denial_watch =
		loop_watch_fd(host->loop, denial_fd(host->denials), LOOP_READ, readable, host);
	return host->denial_watch ? RF_OK : rf_err_nomem(err);
}
