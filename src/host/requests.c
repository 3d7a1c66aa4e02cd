/* Answers to requests. */
#include "host/requests.h"

#include "host/host.h"
#include "host/merge.h"
#include "host/pod.h"
#include "host/status.h"

static void answer_error(struct json_writer *w, const char *message)
{
	json_object_begin(w);
	json_field_c(w, "error", message);
	json_object_end(w);
}

static void on_status(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	status_write(host, w);
}

static void on_watch(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{

	rf_vec_each (pod, &host->pods) {
		status_pod_event(*pod, w->out);
		rf_buf_add_char(w->out, '\n');
	}
	json_object_begin(w);
	json_field_c(w, "event", "watching");
	json_object_end(w);
}

static void on_apply(struct host *host, const struct doc_node *request, struct json_writer *w)
{
	merge_apply(host, request, w);
}

static void on_down(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	json_object_begin(w);
	json_field_bool(w, "ok", true);
	json_object_end(w);
	host_stop(host);
}

/* The container that "exec" means: the one named, or the pod's first. */
static const struct container *exec_target(
	const struct host *host, const struct doc_node *request, const char **ret_problem)
{
	const struct doc_node *pod_name = doc_get(request, "pod");
	const struct doc_node *name = doc_get(request, "container");
	const struct pod *pod = pod_name ? host_find_pod(host, pod_name->text) : NULL;
	const struct container *c;

	*ret_problem = "no such pod (see `ringfence ps`)";
	if (!pod || pod->container_count == pod->init_count)
		return NULL;
	c = name && name->text.len ? pod_find_container(pod, name->text)
				   : &pod->containers[pod->init_count];
	*ret_problem = "the pod has no such container";
	if (!c)
		return NULL;
	*ret_problem = "the container is not running";
	return c->state == CONTAINER_RUNNING ? c : NULL;
}

static void on_exec(struct host *host, const struct doc_node *request, struct json_writer *w)
{
	const char *problem;
	const struct container *c = exec_target(host, request, &problem);

	if (!c) {
		answer_error(w, problem);
		return;
	}
	json_object_begin(w);
	json_field_c(w, "runtime", host->runtime.path);
	json_key(w, "root");
	json_strf(w, "%s/runtime", host->inst.run_dir);
	json_field_c(w, "id", c->id);
	json_key(w, "config");
	json_strf(w, "%s/config.json", c->dir);
	json_object_end(w);
}

const struct control_verb requests[] = {
	{"status", on_status, false},
	{"watch", on_watch, true},
	{"apply", on_apply, false},
	{"exec", on_exec, false},
	{"down", on_down, false},
	{NULL, NULL, false},
};
