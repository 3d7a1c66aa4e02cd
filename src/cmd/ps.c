/* `ps`: the pods that run, one line each. */
#include "cmd/live.h"

struct ps_opts {
	struct live_opts live;
	bool json;
};

static const struct opt_row rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct ps_opts, json), NULL,
		"Prints the pods as a JSON array.", NULL},
	LIVE_ROWS(struct ps_opts),
};

static const struct opt_example examples[] = {
	{"the pods and how they are", "ringfence ps"},
};

static const struct opt_usage usage = {
	.verb = "ps",
	.synopsis = "[--json]",
	.summary = "lists the running pods",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
};

/* JSON again, from the tree: what scripts get is what the supervisor said. */
static void write_node(struct json_writer *w, const struct doc_node *node)
{
	switch ((enum doc_type)node->type) {
	case DOC_MAP:
		json_object_begin(w);
		doc_each (child, node) {
			json_key(w, child->key.ptr);
			write_node(w, child);
		}
		json_object_end(w);
		return;
	case DOC_SEQ:
		json_array_begin(w);
		doc_each (child, node)
			write_node(w, child);
		json_array_end(w);
		return;
	case DOC_BOOL: json_bool(w, node->truth); return;
	case DOC_INT: json_int(w, node->number); return;
	case DOC_NULL: json_null(w); return;
	case DOC_STRING:
	case DOC_FLOAT: break;
	}
	json_str(w, node->text);
}

static void add_ips(struct out_table *table, const struct doc_node *pod)
{
	AUTO_BUF text = {0};

	doc_each (ip, doc_get(pod, "ips"))
		rf_buf_addf(&text, "%s" RF_STR_FMT, text.len ? "," : "", RF_STR_ARG(ip->text));
	out_table_add(table, OUT_PLAIN, rf_buf_cstr(&text));
}

static void count_ready(const struct doc_node *pod, unsigned *ret_ready, unsigned *ret_total)
{
	*ret_ready = *ret_total = 0;
	doc_each (c, doc_get(pod, "containers")) {
		if (live_truth(c, "init"))
			continue;
		*ret_total += 1;
		*ret_ready += live_truth(c, "ready");
	}
}

static void add_pod(struct out_table *table, const struct doc_node *pod)
{
	unsigned ready, total;

	count_ready(pod, &ready, &total);
	out_table_add(table, OUT_PLAIN, live_text(pod, "namespace"));
	out_table_add(table, OUT_PLAIN, live_text(pod, "name"));
	out_table_addf(table, ready == total ? OUT_GOOD : OUT_WARN, "%u/%u", ready, total);
	out_table_add(table, OUT_PLAIN, live_text(pod, "phase"));
	out_table_addf(table, OUT_PLAIN, "%lld", (long long)live_number(pod, "restarts"));
	add_ips(table, pod);
	out_table_add(table, OUT_PLAIN, live_text(pod, "reason"));
}

int cmd_ps(int argc, char **argv)
{
	static const char *const heads[] = {
		"NAMESPACE", "POD", "READY", "STATUS", "RESTARTS", "IP", "REASON"};
	CLEANUP(out_table_done) struct out_table table = {.columns = RF_ARRAY_LEN(heads)};
	struct ps_opts opts = {.json = false};
	AUTO_ANSWER status = {.root = NULL};
	struct opt_args args;
	AUTO_BUF out = {0};
	struct json_writer w = {.out = &out, .pretty = true};
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	exit_status = live_ask(&opts.live, RF_STR("{\"verb\":\"status\"}"), &status);
	if (exit_status)
		return exit_status;
	if (opts.json) {
		const struct doc_node *pods = doc_get(status.root, "pods");

		if (pods)
			write_node(&w, pods);
		rf_buf_add_char(&out, '\n');
		return out_result(&out);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(heads); i++)
		out_table_add(&table, OUT_BOLD, heads[i]);
	doc_each (pod, doc_get(status.root, "pods"))
		add_pod(&table, pod);
	out_table_print(&table, out_has_colour(1), &out);
	return out_result(&out);
}
