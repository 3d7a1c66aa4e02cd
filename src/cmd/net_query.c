/* `net query`: one connection, and why it is allowed or denied. */
#include <unistd.h>

#include "cmd/mesh.h"
#include "policy/explain.h"

#define EXIT_ALLOWED 0
#define EXIT_DENIED  1

struct query_opts {
	struct opt_texts files;
	const char *port;
	const char *protocol;
	const char *batch;
	const char *trust_domain;
	bool json, all_rings;
};

static const struct opt_row rows[] = {
	NET_FILE_ROW(offsetof(struct query_opts, files)),
	{"port", 'p', OPT_TEXT, offsetof(struct query_opts, port), "PORT",
		"8080, 8080/UDP, or the name of a port of the destination: http, http/TCP. A "
		"number "
		"means TCP unless told otherwise. Without it: is any port open, and which are?",
		NULL},
	{"protocol", 0, OPT_TEXT, offsetof(struct query_opts, protocol), "PROTOCOL",
		"TCP, UDP, SCTP or ICMP.", NULL},
	{"all-rings", 0, OPT_FLAG, offsetof(struct query_opts, all_rings), NULL,
		"Asks the mesh (PeerAuthentication, AuthorizationPolicy) as well: allowed when "
		"both it and the NetworkPolicies allow.",
		NULL},
	MESH_DOMAIN_ROW(offsetof(struct query_opts, trust_domain)),
	{"json", 0, OPT_FLAG, offsetof(struct query_opts, json), NULL,
		"Prints the answer as one JSON object.", NULL},
	{"batch", 0, OPT_TEXT, offsetof(struct query_opts, batch), "FILE",
		"Answers the probes of FILE (- for standard input), one JSON object a line, with "
		"one "
		"line each, in their order; as told above.",
		NULL},
};

static const struct opt_example examples[] = {
	{"may the frontend speak to the app?",
		"ringfence net query -f examples/shop production/frontend-app "
		"production/my-golang-app --port 8080"},
	{"may a workload reach an address outside?",
		"ringfence net query -f k8s/ production/Deployment/frontend-app 8.8.8.8 --port "
		"53/UDP"},
	{"and does the mesh let it through as well?",
		"ringfence net query -f k8s/ production/frontend-app production/my-golang-app "
		"--port 8080 --all-rings"},
	{"the same for a list of probes", "echo '{\"from\":\"x/a\",\"to\":\"y/b\",\"port\":80}' | "
					  "ringfence net query -f k8s/ "
					  "--batch -"},
};

const struct opt_usage net_query_usage = {
	.verb = "net query",
	.synopsis = "-f PATH FROM TO [--port PORT] [--protocol PROTOCOL] [--all-rings] [--json] | "
		    "-f PATH --batch FILE",
	.summary = "says whether one end may connect to another, and why",
	.text = "FROM and TO are namespace/pod, namespace/Kind/name or an IP address. The answer "
		"names the policies and rules that decided, with their file and line, for the way "
		"out of FROM and for the way into TO.\n\n"
		"With --batch, each line is {\"from\":\"x/a\",\"to\":\"y/b\",\"port\":80,"
		"\"protocol\":\"TCP\"} and is answered by {\"allowed\":true,\"egress\":true,"
		"\"ingress\":true}; a line that cannot be answered gives {\"error\":\"...\"}, and "
		"the exit status is then 2. The port may be a name; without a port, any port of "
		"the "
		"protocol is asked for; the protocol is TCP if not said.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 allowed (with --batch: all lines were answered), 1 denied, 2 an error.",
	.max_args = 2,
};

/* A question and all that its answer is made of. */
struct query {
	struct net_model *model;
	const struct query_opts *opts;
	const char *from_text, *to_text;
	struct policy_question asked;
	struct policy_answer answer; /* of the NetworkPolicies */
	struct mesh_answer *mesh;    /* NULL: not asked */
	bool allowed;		     /* by all that were asked */
	struct policy_reach reach;
	struct policy_why why[POLICY_DIR_COUNT];
};

static void query_done(struct query *q)
{
	free(q->mesh);
	for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++)
		policy_why_done(&q->why[dir]);
}

/* --- the answer --- */

/* Both rings over the same pair of addresses. */
static int find_joint(struct query *q, const struct policy_question *numbered)
{
	const struct mesh_query query = {.from_text = q->from_text,
		.to_text = q->to_text,
		.question = *numbered,
		.trust_domain = q->opts->trust_domain,
		.both_rings = true};
	int status;

	q->mesh = calloc(1, sizeof(*q->mesh));
	if (!q->mesh)
		return out_errorf("out of memory");
	status = mesh_answer_find(q->model, &query, q->mesh);
	q->answer = (struct policy_answer){.verdict = q->mesh->network, .ends = q->mesh->ends};
	q->allowed = q->mesh->allowed;
	return status;
}

static int find_network(struct query *q, const struct policy_question *numbered)
{
	struct rf_err err;

	if (policy_ref_judge(q->model->policy, numbered, &q->answer, &err) < 0)
		return out_errorf("%s to %s: %s", q->from_text, q->to_text, err.msg);
	q->allowed = q->answer.verdict.allowed;
	return 0;
}

static int find_answer(struct query *q)
{
	struct policy_question numbered = q->asked;
	int status;

	numbered.ask.name = RF_STR_NONE; /* it has been given its number */
	status = q->opts->all_rings ? find_joint(q, &numbered) : find_network(q, &numbered);
	if (status)
		return status;
	q->reach = policy_reach_of(q->model->policy, &q->answer.ends.from, &q->answer.ends.to);
	for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++) {
		if (policy_explain(q->model->policy, &q->answer.ends, &numbered.ask,
			    (enum policy_dir)dir, &q->why[dir]) < 0)
			return out_errorf("out of memory");
	}
	return 0;
}

static void ask_words(const struct query *q, struct rf_buf *out)
{
	const struct policy_ports *both = policy_port_set(q->model->policy, q->reach.both);
	const char *proto = policy_proto_name(q->asked.ask.proto);

	if (!q->asked.ask.any_proto && q->asked.ask.proto == POLICY_OTHER)
		rf_buf_add_c(out, proto);
	else if (!q->asked.ask.any_port && q->asked.ask.name.ptr)
		rf_buf_addf(out, "%s %u (" RF_STR_FMT ")", proto, q->asked.ask.port,
			RF_STR_ARG(q->asked.ask.name));
	else if (!q->asked.ask.any_port)
		rf_buf_addf(out, "%s %u", proto, q->asked.ask.port);
	else if (q->asked.ask.any_proto && q->answer.verdict.allowed)
		net_ports_words(both, out);
	else if (q->answer.verdict.allowed) {
		rf_buf_addf(out, "%s ", proto);
		net_proto_words(both, q->asked.ask.proto, out);
	} else {
		rf_buf_addf(out, "every %s%sport", q->asked.ask.any_proto ? "" : proto,
			q->asked.ask.any_proto ? "" : " ");
	}
}

static void reason_text(
	const struct policy_reason *reason, enum policy_dir dir, bool colour, struct rf_buf *out)
{
	static const char *const before[] = {
		[POLICY_ALLOWS] = "allowed by ",
		[POLICY_ISOLATES] = "isolated by ",
		[POLICY_PEER_ONLY] = "",
	};

	rf_buf_addf(out, "    %spolicy " RF_STR_FMT "/" RF_STR_FMT, before[reason->kind],
		RF_STR_ARG(reason->policy->meta.namespace), RF_STR_ARG(reason->policy->meta.name));
	if (reason->rule != UINT32_MAX)
		rf_buf_addf(out, " %s rule %u", policy_dir_name(dir), reason->rule);
	if (reason->kind == POLICY_PEER_ONLY)
		rf_buf_add_c(out, " finds the peer, but not the port");
	net_pos_text(reason->pos, colour, out);
	rf_buf_add_char(out, '\n');
}

/* Why a direction stands open without any policy having been asked. */
static const char *open_words(const struct query *q, enum policy_dir dir)
{
	const struct policy_end *end =
		dir == POLICY_INGRESS ? &q->answer.ends.to : &q->answer.ends.from;

	if (q->why[dir].always)
		return q->answer.ends.from.pod == q->answer.ends.to.pod
			       ? "a pod always reaches itself"
			       : "a pod's own node always reaches it";
	if (end->node)
		return "not isolated: a hostNetwork pod is its node, which no policy selects";
	if (end->pod == POLICY_NO_POD)
		return "not isolated: an address outside the cluster, which no policy selects";
	return "not isolated: no policy selects it";
}

static void direction_text(
	const struct query *q, enum policy_dir dir, bool colour, struct rf_buf *out)
{
	const struct policy_why *why = &q->why[dir];

	rf_buf_addf(out, "\n  %s %s: ", dir == POLICY_INGRESS ? "ingress of" : "egress of",
		dir == POLICY_INGRESS ? q->to_text : q->from_text);
	out_style(out, colour, why->allowed ? OUT_GOOD : OUT_BAD, "%s",
		why->allowed ? "allowed" : "denied");
	rf_buf_add_char(out, '\n');
	if (why->always || !why->isolated) {
		rf_buf_addf(out, "    %s\n", open_words(q, dir));
		return;
	}
	rf_vec_each (reason, &why->reasons) {
		if (!why->allowed || reason->kind == POLICY_ALLOWS)
			reason_text(reason, dir, colour, out);
	}
	if (!why->allowed)
		rf_buf_add_c(out, "    no rule of these policies lets it through\n");
}

static void mesh_text(const struct query *q, bool colour, struct rf_buf *out)
{
	const struct mesh_words words = {.from = q->from_text, .to = q->to_text, .colour = colour};

	if (q->mesh->tcp)
		mesh_reach_text(&q->mesh->reach, &words, out);
	else
		rf_buf_add_c(out, "\n  the mesh carries TCP only: it is not asked\n");
}

static void print_text(const struct query *q, struct rf_buf *out)
{
	bool colour = out_has_colour(STDOUT_FILENO);
	const struct policy_verdict *v = &q->answer.verdict;

	out_style(out, colour, q->allowed ? OUT_GOOD : OUT_BAD,
		"%s:", q->allowed ? "allowed" : "denied");
	rf_buf_addf(out, " %s → %s ", q->from_text, q->to_text);
	ask_words(q, out);
	rf_buf_add_char(out, '\n');
	direction_text(q, POLICY_EGRESS, colour, out);
	direction_text(q, POLICY_INGRESS, colour, out);
	if (!v->allowed && v->egress && v->ingress)
		rf_buf_add_c(out, "\n  each way some ports are open, but none of them both ways\n");
	if (q->mesh)
		mesh_text(q, colour, out);
}

static void direction_json(const struct query *q, enum policy_dir dir, struct json_writer *w)
{
	static const char *const kinds[] = {
		[POLICY_ALLOWS] = "allows",
		[POLICY_ISOLATES] = "isolates",
		[POLICY_PEER_ONLY] = "peer-only",
	};
	const struct policy_why *why = &q->why[dir];

	json_key(w, policy_dir_name(dir));
	json_object_begin(w);
	json_field_bool(w, "allowed", why->allowed);
	json_field_bool(w, "isolated", why->isolated);
	json_key(w, "reasons");
	json_array_begin(w);
	rf_vec_each (reason, &why->reasons) {
		json_object_begin(w);
		json_field_c(w, "kind", kinds[reason->kind]);
		net_object_json(reason->policy, "policy", w);
		if (reason->rule != UINT32_MAX)
			json_field_int(w, "rule", reason->rule);
		net_pos_json(reason->pos, w);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
}

static void print_json(const struct query *q, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_bool(&w, "allowed", q->allowed);
	json_field_c(&w, "from", q->from_text);
	json_field_c(&w, "to", q->to_text);
	json_key(&w, "port");
	if (q->asked.ask.any_port)
		json_null(&w);
	else
		json_int(&w, q->asked.ask.port);
	if (q->asked.ask.name.ptr)
		json_field_str(&w, "portName", q->asked.ask.name);
	json_key(&w, "protocol");
	if (q->asked.ask.any_proto)
		json_null(&w);
	else
		json_c(&w, policy_proto_name(q->asked.ask.proto));
	direction_json(q, POLICY_EGRESS, &w);
	direction_json(q, POLICY_INGRESS, &w);
	json_key(&w, "ports");
	net_ports_json(policy_port_set(q->model->policy, q->reach.both), &w);
	if (q->mesh) {
		json_field_bool(&w, "network", q->answer.verdict.allowed);
		json_key(&w, "mesh");
		if (q->mesh->tcp)
			mesh_reach_json(&q->mesh->reach, &w);
		else
			json_null(&w);
	}
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

static int ask_one(struct net_model *model, const struct query_opts *opts, char **ends)
{
	CLEANUP(query_done)
	struct query q = {.model = model, .opts = opts, .from_text = ends[0], .to_text = ends[1]};
	AUTO_BUF out = {0};
	int status = net_ask_parse(&net_query_usage, opts->port, opts->protocol, &q.asked.ask);

	if (!status)
		status = net_ref(model, q.from_text, &q.asked.from);
	if (!status)
		status = net_ref(model, q.to_text, &q.asked.to);
	if (!status)
		status = net_ask_resolve(model, q.to_text, &q.asked.to, &q.asked.ask);
	if (!status)
		status = find_answer(&q);
	if (status)
		return status;
	if (opts->json)
		print_json(&q, &out);
	else
		print_text(&q, &out);
	status = out_result(&out);
	return status ? status : q.allowed ? EXIT_ALLOWED : EXIT_DENIED;
}

static int check_batch(const struct query_opts *opts, const struct opt_args *args)
{
	if (args->count || opts->port || opts->protocol || opts->json || opts->all_rings ||
		opts->trust_domain)
		return opt_fail(&net_query_usage,
			"--batch takes its probes from FILE: leave FROM, TO, --port, --protocol, "
			"--all-rings, --trust-domain and --json out");
	for (size_t i = 0; i < opts->files.count; i++) {
		if (strcmp(opts->batch, "-") == 0 && strcmp(opts->files.items[i], "-") == 0)
			return opt_fail(&net_query_usage,
				"standard input cannot be both manifests and probes");
	}
	return 0;
}

/* What does not go together is said before the manifests are read. */
static int check_opts(const struct query_opts *opts, const struct opt_args *args)
{
	struct policy_ask ask;
	int status;

	if (opts->batch)
		return check_batch(opts, args);
	if (args->count < 2)
		return opt_fail(&net_query_usage, "FROM and TO are missing: who connects to whom?");
	status = net_ask_parse(&net_query_usage, opts->port, opts->protocol, &ask);
	if (!status && opts->all_rings && ask.any_port &&
		(ask.any_proto || ask.proto == POLICY_TCP))
		return opt_fail(&net_query_usage,
			"--all-rings needs --port: policies of the mesh judge a port of TO");
	if (!status && opts->trust_domain && !opts->all_rings)
		return opt_fail(&net_query_usage, "--trust-domain is for --all-rings");
	return status;
}

static int run(const struct query_opts *opts, const struct opt_args *args)
{
	AUTO_NET_MODEL model = {.policy = NULL};
	int status = check_opts(opts, args);

	if (!status)
		status = net_model_load(&net_query_usage, &opts->files, &model);
	if (status)
		return status;
	if (opts->batch)
		return net_batch(&model, opts->batch);
	return ask_one(&model, opts, args->items);
}

int net_query(int argc, char **argv)
{
	struct query_opts opts = {.port = NULL};
	struct opt_args args;
	int status = opt_parse(&net_query_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = run(&opts, &args);
	rf_vec_done(&opts.files);
	return status;
}
