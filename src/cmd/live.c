/* Asking the supervisor, and reading its answers. */
#include "cmd/live.h"

void live_answer_done(struct live_answer *answer)
{
	rf_buf_done(&answer->text);
	rf_arena_free(answer->arena);
	answer->arena = NULL;
}

static bool parse_own_text(struct live_answer *answer)
{
	answer->arena = rf_arena_new(1 << 30);
	return answer->arena && doc_parse_json(rf_buf_str(&answer->text), "answer", 1,
					answer->arena, NULL, &answer->root) == RF_OK;
}

bool live_parse(struct rf_str line, struct live_answer *ret)
{
	*ret = (struct live_answer){.root = NULL};
	rf_buf_add_str(&ret->text, line);
	return !ret->text.failed && parse_own_text(ret);
}

int live_ask(const struct live_opts *opts, struct rf_str request, struct live_answer *ret)
{
	struct instance inst;
	struct rf_err err;
	int rc = instance_init(&inst, opts->run_dir, opts->state_dir, &err);

	*ret = (struct live_answer){.text = {.max = CONTROL_MAX_LINE}};
	if (rc == RF_OK)
		rc = control_ask(&inst, request, &ret->text, &err);
	instance_done(&inst);
	if (rc < 0)
		return out_error(&err);
	if (!parse_own_text(ret))
		return out_errorf("the supervisor's answer is not JSON");
	return 0;
}

const char *live_text(const struct doc_node *node, const char *key)
{
	const struct doc_node *value = doc_get(node, key);

	return value && value->text.ptr ? value->text.ptr : "";
}

int64_t live_number(const struct doc_node *node, const char *key)
{
	const struct doc_node *value = doc_get(node, key);

	return value && value->type == DOC_INT ? value->number : 0;
}

bool live_truth(const struct doc_node *node, const char *key)
{
	const struct doc_node *value = doc_get(node, key);

	return value && value->type == DOC_BOOL && value->truth;
}

/* 2: by its own name; 1: by its workload's ("name" or "Kind/name"); 0: another pod. */
static int pod_match(const struct doc_node *pod, struct rf_str namespace, struct rf_str name)
{
	struct rf_str workload = rf_str_of(live_text(pod, "workload")), kind;
	struct rf_str workload_name = rf_str_cut(workload, '/', &kind);

	if (!rf_str_is(namespace, live_text(pod, "namespace")))
		return 0;
	if (rf_str_is(name, live_text(pod, "name")))
		return 2;
	return rf_str_eq(name, workload) || rf_str_eq(name, workload_name) ? 1 : 0;
}

const struct doc_node *live_find_pod(const struct doc_node *status, const char *name)
{
	struct rf_str namespace, rest = rf_str_cut(rf_str_of(name), '/', &namespace);
	const struct doc_node *by_workload = NULL;
	unsigned count = 0;

	if (!rest.ptr) {
		rest = namespace;
		namespace = RF_STR("default");
	}
	doc_each (pod, doc_get(status, "pods")) {
		int match = pod_match(pod, namespace, rest);

		if (match == 2)
			return pod;
		if (match == 1) {
			by_workload = by_workload ? by_workload : pod;
			count++;
		}
	}
	if (count == 1)
		return by_workload;
	if (count > 1)
		out_errorf("%s has %u pods: name one of them (see `ringfence ps`)", name, count);
	else
		out_errorf("there is no pod %s: `ringfence ps` lists them (a name without "
			   "namespace is looked up in default)",
			name);
	return NULL;
}
