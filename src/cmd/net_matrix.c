/* `net matrix`: who reaches whom, by workload. */
#include <unistd.h>

#include "cmd/net.h"
#include "policy/matrix.h"

enum format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_CONNLIST,
};

static const char *const formats[] = {
	[FORMAT_TABLE] = "table",
	[FORMAT_JSON] = "json",
	[FORMAT_CONNLIST] = "connlist",
	NULL,
};

struct matrix_opts {
	struct opt_texts files;
	unsigned format;
};

static const struct opt_row rows[] = {
	NET_FILE_ROW(offsetof(struct matrix_opts, files)),
	{"format", 0, OPT_CHOICE, offsetof(struct matrix_opts, format), "FORMAT",
		"table (as it is without this option), json, or connlist: the lines of "
		"netpol-analyzer.",
		formats},
};

static const struct opt_example examples[] = {
	{"who reaches whom in the shop?", "ringfence net matrix -f examples/shop"},
	{"what does a change of the manifests open or close?",
		"diff <(ringfence net matrix -f old/ --format connlist) "
		"<(ringfence net matrix -f new/ --format connlist)"},
};

const struct opt_usage net_matrix_usage = {
	.verb = "net matrix",
	.synopsis = "-f PATH [--format FORMAT]",
	.summary = "lists who reaches whom, by workload, with ports and addresses outside",
	.text = "A pair that is not listed cannot connect. Pods of one workload are one line: what "
		"any of them may do. Addresses outside appear as the ranges that the ipBlocks of "
		"the policies cut; IPv6 ranges only when a policy or a pod speaks IPv6.\n\n"
		"In JSON, each pair is {\"from\":...,\"to\":...,\"connections\":\"TCP 8080\","
		"\"ports\":[{\"protocol\":\"TCP\",\"from\":8080,\"to\":8080}]}; an end is either "
		"{\"namespace\":...,\"kind\":...,\"name\":...} or "
		"{\"first\":\"10.0.0.0\",\"last\":\"10.0.0.255\"}.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
};

struct view {
	const struct policy *policy;
	const struct policy_matrix *matrix;
};

static const struct policy_party *party(const struct view *v, uint32_t index)
{
	return &v->matrix->parties.items[index];
}

static void connlist(const struct view *v, struct rf_buf *out)
{
	rf_vec_each (line, &v->matrix->lines) {
		rf_buf_addf(
			out, "%s => %s : ", party(v, line->from)->label, party(v, line->to)->label);
		policy_ports_text(policy_port_set(v->policy, line->ports), out);
		rf_buf_add_char(out, '\n');
	}
}

static void party_json(const struct policy_party *p, const char *key, struct json_writer *w)
{
	char text[RF_IP_TEXT_SIZE];

	json_key(w, key);
	json_object_begin(w);
	if (!p->external) {
		json_field_str(w, "namespace", p->namespace);
		json_field_str(w, "kind", p->kind);
		json_field_str(w, "name", p->name);
	} else {
		json_field_c(w, "first", rf_ip_text(&p->range.first, text));
		json_field_c(w, "last", rf_ip_text(&p->range.last, text));
	}
	json_object_end(w);
}

static void json(const struct view *v, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_array_begin(&w);
	rf_vec_each (line, &v->matrix->lines) {
		const struct policy_ports *ports = policy_port_set(v->policy, line->ports);
		AUTO_BUF text = {0};

		policy_ports_text(ports, &text);
		json_object_begin(&w);
		party_json(party(v, line->from), "from", &w);
		party_json(party(v, line->to), "to", &w);
		json_field_str(&w, "connections", rf_buf_str(&text));
		json_key(&w, "ports");
		net_ports_json(ports, &w);
		json_object_end(&w);
	}
	json_array_end(&w);
	rf_buf_add_char(out, '\n');
}

/* What a person reads: whole families by name. */
static void add_party_cell(struct out_table *t, const struct policy_party *p, enum out_style style)
{
	if (!p->external)
		out_table_add(t, style, p->label);
	else if (strcmp(p->label, "0.0.0.0-255.255.255.255") == 0)
		out_table_add(t, style, "(outside, IPv4)");
	else if (strcmp(p->label, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == 0)
		out_table_add(t, style, "(outside, IPv6)");
	else
		out_table_addf(t, style, "(outside) %s", p->label);
}

static void table(const struct view *v, struct rf_buf *out)
{
	bool colour = out_has_colour(STDOUT_FILENO);
	struct out_table t = {.columns = 3};
	uint32_t last = UINT32_MAX;

	out_table_add(&t, OUT_FAINT, "FROM");
	out_table_add(&t, OUT_FAINT, "TO");
	out_table_add(&t, OUT_FAINT, "PORTS");
	rf_vec_each (line, &v->matrix->lines) {
		bool all = line->ports == POLICY_PORTS_ALL;
		AUTO_BUF ports = {0};

		if (line->from == last)
			out_table_add(&t, OUT_PLAIN, "");
		else
			add_party_cell(&t, party(v, line->from), OUT_BOLD);
		last = line->from;
		add_party_cell(&t, party(v, line->to), OUT_PLAIN);
		net_ports_words(policy_port_set(v->policy, line->ports), &ports);
		out_table_add(&t, all ? OUT_WARN : OUT_GOOD, rf_buf_cstr(&ports));
	}
	out_table_print(&t, colour, out);
	out_table_done(&t);
	rf_buf_add_char(out, '\n');
	out_style(out, colour, OUT_FAINT, "%s", "What is not listed cannot connect.");
	rf_buf_add_char(out, '\n');
}

static int print(struct net_model *model, unsigned format)
{
	static void (*const printers[])(const struct view *, struct rf_buf *) = {
		[FORMAT_TABLE] = table,
		[FORMAT_JSON] = json,
		[FORMAT_CONNLIST] = connlist,
	};
	struct policy_matrix matrix;
	struct view v = {.policy = model->policy, .matrix = &matrix};
	AUTO_BUF out = {0};
	int code = policy_matrix_build(model->policy, &matrix);

	if (code == RF_OK)
		printers[format](&v, &out);
	policy_matrix_done(&matrix);
	return code == RF_OK ? out_result(&out) : out_errorf("out of memory");
}

static int run(const struct matrix_opts *opts)
{
	AUTO_NET_MODEL model = {.policy = NULL};
	int status = net_model_load(&net_matrix_usage, &opts->files, &model);

	return status ? status : print(&model, opts->format);
}

int net_matrix(int argc, char **argv)
{
	struct matrix_opts opts = {.format = FORMAT_TABLE};
	struct opt_args args;
	int status = opt_parse(&net_matrix_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = run(&opts);
	rf_vec_done(&opts.files);
	return status;
}
