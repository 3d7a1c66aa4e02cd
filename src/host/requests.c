/* Answers to requests. */
#include "host/requests.h"

#include "host/container.h"
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

static void on_gate(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	const struct gate_config *gate = &host->config.gate;

	json_object_begin(w);
	json_field_bool(w, "off", gate->off);
	json_field_bool(w, "unfixed", gate->unfixed);
	json_field_bool(w, "dbNamed", gate->db_named);
	json_field_c(w, "db", gate->db ? gate->db : "");
	json_field_c(w, "ignore", gate->ignore ? gate->ignore : "");
	json_field_c(w, "failOn", gate->fail_on ? gate->fail_on : "");
	json_field_c(w, "maxAge", gate->max_age ? gate->max_age : "");
	json_object_end(w);
}

static void on_down(
	struct host *host, const struct doc_node *request RF_UNUSED, struct json_writer *w)
{
	json_object_begin(w);
	json_field_bool(w, "ok", true);
	json_object_end(w);
	host_stop(host);
}

/* Says which containers the pod has, and how they are. */
static void name_containers(const struct pod *pod, const char *what, struct rf_buf *problem)
{
	rf_buf_add_c(problem, what);
	for (size_t i = 0; i < pod->container_count; i++)
		rf_buf_addf(problem, "%s" RF_STR_FMT " (%s)", i ? ", " : "",
			RF_STR_ARG(pod->containers[i].spec->name),
			container_state_name(pod->containers[i].state));
}

/* The container that "exec" means: the one named, or the pod's first. */
static const struct container *exec_target(
	const struct host *host, const struct doc_node *request, struct rf_buf *problem)
{
	const struct doc_node *pod_name = doc_get(request, "pod");
	const struct doc_node *name = doc_get(request, "container");
	const struct pod *pod = pod_name ? host_find_pod(host, pod_name->text) : NULL;
	const struct container *c;

	if (!pod || pod->container_count == pod->init_count) {
		rf_buf_add_c(problem, "no such pod (see `ringfence ps`)");
		return NULL;
	}
	c = name && name->text.len ? pod_find_container(pod, name->text)
				   : &pod->containers[pod->init_count];
	if (c && c->state == CONTAINER_RUNNING)
		return c;
	name_containers(pod,
		c ? "the container is not running; the pod has "
		  : "the pod has no such container; it has ",
		problem);
	return NULL;
}

static void on_exec(struct host *host, const struct doc_node *request, struct json_writer *w)
{
	AUTO_BUF problem = {0};
	const struct container *c = exec_target(host, request, &problem);

	if (!c) {
		answer_error(w, problem.failed ? "out of memory" : rf_buf_cstr(&problem));
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
	{"gate", on_gate, false},
	{"exec", on_exec, false},
	{"down", on_down, false},
	{NULL, NULL, false},
};
