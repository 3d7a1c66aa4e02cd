/* `mesh explain`: one connection, the identities at its ends, and who lets it through. */
#include <unistd.h>

#include "cmd/mesh.h"

#define EXIT_ALLOWED 0
#define EXIT_DENIED  1

struct explain_opts {
	struct opt_texts files;
	const char *port;
	const char *trust_domain;
	bool json;
};

static const struct opt_row rows[] = {
	NET_FILE_ROW(offsetof(struct explain_opts, files)),
	{"port", 'p', OPT_TEXT, offsetof(struct explain_opts, port), "PORT",
		"8080, or the name of a port of the destination's pod. The pod's own, not that of "
		"a Service.",
		NULL},
	MESH_DOMAIN_ROW(offsetof(struct explain_opts, trust_domain)),
	{"json", 0, OPT_FLAG, offsetof(struct explain_opts, json), NULL,
		"Prints the answer as one JSON object.", NULL},
};

static const struct opt_example examples[] = {
	{"who lets the frontend speak to the app, and as whom does it come?",
		"ringfence mesh explain -f k8s/ production/frontend-app production/my-golang-app "
		"--port 8080"},
};

const struct opt_usage mesh_explain_usage = {
	.verb = "mesh explain",
	.synopsis = "-f PATH FROM TO --port PORT [--trust-domain DOMAIN] [--json]",
	.summary = "says which policy of the mesh decides about a connection, and why",
	.text = "FROM and TO are as in `ringfence net query`. The answer has the identities of "
		"both "
		"ends, the mTLS mode at TO's port with the PeerAuthentication that says so, and "
		"the "
		"AuthorizationPolicy and rule that decide, with their file and line. "
		"NetworkPolicies are not asked: `ringfence net query --all-rings` asks both. "
		"Where the mode is DISABLE or the source is not in the mesh, policies see a peer "
		"without identity; a destination that is not in the mesh has no proxy that would "
		"ask them.\n\n"
		"Fields of HTTP (methods, paths, hosts, request.headers) count as matched in DENY "
		"and AUDIT, and a rule of an ALLOW policy that has any never matches: there are no "
		"requests on a TCP connection.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 allowed, 1 denied, 2 an error.",
	.max_args = 2,
};

struct explanation {
	struct mesh_query query;
	struct mesh_answer answer;
};

static void print_text(const struct explanation *e, struct rf_buf *out)
{
	const struct mesh_words words = {.from = e->query.from_text,
		.to = e->query.to_text,
		.colour = out_has_colour(STDOUT_FILENO)};
	bool allowed = e->answer.allowed;

	out_style(out, words.colour, allowed ? OUT_GOOD : OUT_BAD,
		"%s:", allowed ? "allowed" : "denied");
	rf_buf_addf(out, " %s → %s TCP %u", e->query.from_text, e->query.to_text,
		e->query.question.ask.port);
	if (e->query.question.ask.name.ptr)
		rf_buf_addf(out, " (" RF_STR_FMT ")", RF_STR_ARG(e->query.question.ask.name));
	rf_buf_add_char(out, '\n');
	mesh_reach_text(&e->answer.reach, &words, out);
}

static void print_json(const struct explanation *e, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	json_object_begin(&w);
	json_field_bool(&w, "allowed", e->answer.allowed);
	json_field_c(&w, "from", e->query.from_text);
	json_field_c(&w, "to", e->query.to_text);
	json_field_int(&w, "port", e->query.question.ask.port);
	if (e->query.question.ask.name.ptr)
		json_field_str(&w, "portName", e->query.question.ask.name);
	json_field_c(&w, "protocol", "TCP");
	json_key(&w, "mesh");
	mesh_reach_json(&e->answer.reach, &w);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

/* A port of TCP, told by number or by name. */
static int parse_port(const struct explain_opts *opts, struct policy_ask *ask)
{
	int status;

	if (!opts->port)
		return opt_fail(
			&mesh_explain_usage, "--port is missing: policies judge a port of TO");
	status = net_ask_parse(&mesh_explain_usage, opts->port, NULL, ask);
	if (!status && (ask->any_port || (!ask->any_proto && ask->proto != POLICY_TCP)))
		return opt_fail(&mesh_explain_usage, "the mesh carries TCP only, not %s",
			policy_proto_name(ask->proto));
	ask->any_proto = false;
	ask->proto = POLICY_TCP;
	return status;
}

static int find(struct net_model *model, struct explanation *e)
{
	int status = net_ref(model, e->query.from_text, &e->query.question.from);

	if (!status)
		status = net_ref(model, e->query.to_text, &e->query.question.to);
	if (!status)
		status = net_ask_resolve(
			model, e->query.to_text, &e->query.question.to, &e->query.question.ask);
	return status ? status : mesh_answer_find(model, &e->query, &e->answer);
}

static int run(const struct explain_opts *opts, const struct opt_args *args)
{
	AUTO_NET_MODEL model = {.policy = NULL};
	AUTO_FREE struct explanation *e = calloc(1, sizeof(*e));
	AUTO_BUF out = {0};
	int status;

	if (!e)
		return out_errorf("out of memory");
	if (args->count < 2)
		return opt_fail(
			&mesh_explain_usage, "FROM and TO are missing: who connects to whom?");
	status = parse_port(opts, &e->query.question.ask);
	if (!status)
		status = net_model_load(&mesh_explain_usage, &opts->files, &model);
	if (status)
		return status;
	e->query.from_text = args->items[0];
	e->query.to_text = args->items[1];
	e->query.trust_domain = opts->trust_domain;
	status = find(&model, e);
	if (status)
		return status;
	if (opts->json)
		print_json(e, &out);
	else
		print_text(e, &out);
	status = out_result(&out);
	return status ? status : e->answer.allowed ? EXIT_ALLOWED : EXIT_DENIED;
}

int mesh_explain(int argc, char **argv)
{
	struct explain_opts opts = {.port = NULL};
	struct opt_args args;
	int status = opt_parse(&mesh_explain_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = run(&opts, &args);
	rf_vec_done(&opts.files);
	return status;
}
