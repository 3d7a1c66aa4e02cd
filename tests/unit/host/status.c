/* host/status.h: what runs, as JSON; host/requests.h: the requests that are answered from it. */
#include "host/status.h"

#include <unistd.h>

#include "base/num.h"
#include "doc/read.h"
#include "host/requests.h"
#include "tests/unit/host/host_fixture.h"

#define SHOP                                                                                     \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: "  \
	"{replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, " \
	"spec: {initContainers: [{name: i, image: 'setup:1'}], containers: [{name: c, image: "   \
	"'app:1'}, {name: d, image: 'app:2'}]}}}\n"                                              \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, "    \
	"image: i, readinessProbe: {tcpSocket: {port: 1}}, startupProbe: {tcpSocket: {port: "    \
	"1}}}]}\n"                                                                               \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: "     \
	"{selector: {a: b}, ports: [{name: x, port: 80, targetPort: 8080}, {name: z, port: 53, " \
	"protocol: UDP}]}\n"                                                                     \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: none, namespace: shop}\nspec: "    \
	"{selector: {a: b}, ports: [{port: 80}], clusterIP: None}\n"                             \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "          \
	"deny}\nspec: "                                                                          \
	"{podSelector: {}}\n"

struct told {
	struct machine m;
	struct rf_buf text;
	struct rf_arena *arena;
	const struct doc_node *root;
};

static void told_done(struct told *t)
{
	rf_buf_done(&t->text);
	rf_arena_free(t->arena);
	machine_done(&t->m);
}
#define TOLD CLEANUP(told_done) struct told

static bool load(struct told *t)
{
	static char runtime[] = "/usr/bin/crun", node[] = "node-1", run_dir[] = "/run/x";

	memset(t, 0, sizeof(*t));
	if (!machine_load(&t->m, SHOP))
		return false;
	t->m.host.runtime.path = runtime;
	t->m.host.node_name = node;
	t->m.host.inst.run_dir = run_dir;
	t->arena = rf_arena_new(0);
	return t->arena != NULL;
}

/* Reads what was written; it must be one JSON value in one line. */
static bool read_back(struct told *t)
{
	CHECK(t->text.len == 0 || !memchr(t->text.data, '\n', t->text.len));
	return doc_parse_json(rf_buf_str(&t->text), "status", 1, t->arena, NULL, &t->root) == RF_OK;
}

static bool tell(struct told *t)
{
	struct json_writer w = {.out = &t->text};

	rf_buf_clear(&t->text);
	status_write(&t->m.host, &w);
	return read_back(t);
}

/* "pods/0/name": keys and indexes; NULL where there is nothing. */
static const struct doc_node *at(const struct told *t, const char *path)
{
	const struct doc_node *node = t->root;
	struct rf_str rest = rf_str_of(path), part;
	uint64_t index;
	char key[64];

	while (node && rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if (rf_num_u64(part, 1000, &index)) {
			for (node = node->first; node && index; index--)
				node = node->next;
		} else {
			node = rf_str_copy(part, key, sizeof(key)) ? doc_get(node, key) : NULL;
		}
	}
	return node;
}

static const char *text_at(const struct told *t, const char *path)
{
	const struct doc_node *node = at(t, path);

	if (!node)
		return "(absent)";
	if (node->type == DOC_BOOL)
		return node->truth ? "true" : "false";
	return node->text.ptr ? node->text.ptr : "(no text)";
}
#define IS(t, path, want) CHECK_STR(text_at(&(t), path), want)

/* --- status --- */

static void status_says_what_the_machine_is(void)
{
	char pid[16];
	TOLD t;

	REQUIRE(load(&t) && tell(&t));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	IS(t, "pid", pid);
	IS(t, "runtime", "/usr/bin/crun");
	IS(t, "node", "node-1");
	IS(t, "table", "ringfence");
	IS(t, "policies", "1");
	IS(t, "ready", "true");
}

static void every_pod_and_container_is_in_it(void)
{
	TOLD t;

	REQUIRE(load(&t) && tell(&t));
	CHECK_INT(at(&t, "pods")->count, 2);
	IS(t, "pods/0/namespace", "shop");
	IS(t, "pods/0/workload", "Deployment/web");
	IS(t, "pods/0/phase", "Running");
	IS(t, "pods/0/ready", "true");
	IS(t, "pods/0/restarts", "0");
	IS(t, "pods/0/reason", "");
	IS(t, "pods/0/uid", "uid-1");
	IS(t, "pods/0/ips/0", "10.85.0.2");
	IS(t, "pods/0/ips/1", "fd85::2");
	CHECK_INT(at(&t, "pods/0/containers")->count, 3);
	IS(t, "pods/0/containers/0/name", "i");
	IS(t, "pods/0/containers/0/init", "true");
	IS(t, "pods/0/containers/2/name", "d");
	IS(t, "pods/0/containers/2/init", "false");
	IS(t, "pods/0/containers/2/image", "app:2");
	IS(t, "pods/0/containers/2/id", "uid-1-d");
	IS(t, "pods/1/workload", "Pod/p");
	IS(t, "pods/1/name", "p");
}

static void a_pod_that_is_not_ready_says_why(void)
{
	struct pod *pod;
	TOLD t;

	REQUIRE(load(&t));
	pod = machine_pod(&t.m, "default/p");
	pod->ready = pod->containers[0].ready = false;
	REQUIRE(tell(&t));
	IS(t, "ready", "false");
	IS(t, "pods/1/ready", "false");
	IS(t, "pods/1/reason", "its startup probe has not succeeded");
	pod->containers[0].startup_done = true;
	REQUIRE(tell(&t));
	IS(t, "pods/1/reason", "its readiness probe has not succeeded");
	pod->containers[0].state = CONTAINER_WAITING;
	pod->containers[0].starts = 3;
	pod->containers[0].exit_code = 7;
	snprintf(pod->containers[0].reason, sizeof(pod->containers[0].reason), "it \"broke\"\n");
	REQUIRE(tell(&t));
	IS(t, "pods/1/restarts", "2");
	IS(t, "pods/1/reason", "it \"broke\"\n");
	IS(t, "pods/1/containers/0/restarts", "2");
	IS(t, "pods/1/containers/0/exitCode", "7");
}

static void no_probe_is_missed_where_none_is_made(void)
{
	struct pod *pod, *without;
	TOLD t;

	REQUIRE(load(&t));
	pod = machine_pod(&t.m, "default/p");
	pod->ready = pod->containers[0].ready = false;
	pod->phase = POD_STOPPING;
	without = t.m.host.pods.items[0];
	without->ready = without->containers[1].ready = false;
	REQUIRE(tell(&t));
	IS(t, "pods/1/phase", "Terminating");
	IS(t, "pods/1/reason", "");
	IS(t, "pods/0/reason", "");
}

static void an_exit_code_is_there_only_after_an_exit(void)
{
	struct pod *pod;
	TOLD t;

	REQUIRE(load(&t));
	pod = machine_pod(&t.m, "default/p");
	REQUIRE(tell(&t));
	IS(t, "pods/1/containers/0/exitCode", "(absent)");
	IS(t, "pods/0/containers/0/exitCode", "0");
	pod->containers[0].state = CONTAINER_WAITING;
	pod->containers[0].starts = 0;
	REQUIRE(tell(&t));
	IS(t, "pods/1/containers/0/exitCode", "(absent)");
}

static void a_pod_that_has_done_its_work_keeps_nothing_from_being_ready(void)
{
	struct pod *pod;
	TOLD t;

	REQUIRE(load(&t));
	pod = machine_pod(&t.m, "default/p");
	pod->ready = false;
	pod->phase = POD_SUCCEEDED;
	REQUIRE(tell(&t));
	IS(t, "pods/1/phase", "Succeeded");
	IS(t, "ready", "true");
	pod->phase = POD_FAILED;
	REQUIRE(tell(&t));
	IS(t, "pods/1/phase", "Failed");
	IS(t, "ready", "false");
}

static void every_phase_has_a_name(void)
{
	static const char *const names[] = {[POD_PENDING] = "Pending",
		[POD_STARTING] = "Init",
		[POD_RUNNING] = "Running",
		[POD_SUCCEEDED] = "Succeeded",
		[POD_FAILED] = "Failed",
		[POD_STOPPING] = "Terminating",
		[POD_GONE] = "Gone"};
	TOLD t;

	REQUIRE(load(&t));
	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		machine_pod(&t.m, "default/p")->phase = (enum pod_phase)i;
		REQUIRE(tell(&t));
		IS(t, "pods/1/phase", names[i]);
	}
}

static void services_have_their_ports_and_endpoints(void)
{
	TOLD t;

	REQUIRE(load(&t) && tell(&t));
	CHECK_INT(at(&t, "services")->count, 2);
	IS(t, "services/0/namespace", "shop");
	IS(t, "services/0/name", "web");
	IS(t, "services/0/ips/0", "10.86.0.2");
	CHECK_INT(at(&t, "services/0/ports")->count, 4);
	IS(t, "services/0/ports/0/ip", "10.86.0.2");
	IS(t, "services/0/ports/0/port", "80");
	IS(t, "services/0/ports/0/protocol", "TCP");
	IS(t, "services/0/ports/0/endpoints/0", "10.85.0.2:8080");
	IS(t, "services/0/ports/1/protocol", "UDP");
	IS(t, "services/0/ports/2/ip", "fd86::2");
	IS(t, "services/0/ports/2/endpoints/0", "[fd85::2]:8080");
	IS(t, "services/1/name", "none");
	CHECK_INT(at(&t, "services/1/ips")->count, 0);
	CHECK_INT(at(&t, "services/1/ports")->count, 0);
}

static void without_pods_all_is_ready(void)
{
	TOLD t = {.text = {.len = 0}};

	REQUIRE(machine_load(&t.m, ""));
	t.arena = rf_arena_new(0);
	REQUIRE(t.arena && tell(&t));
	IS(t, "ready", "true");
	CHECK_INT(at(&t, "pods")->count + at(&t, "services")->count, 0);
}

static void an_event_of_a_pod_is_its_object_without_containers(void)
{
	TOLD t;

	REQUIRE(load(&t));
	status_pod_event(machine_pod(&t.m, "default/p"), &t.text);
	REQUIRE(read_back(&t));
	IS(t, "event", "pod");
	IS(t, "name", "p");
	IS(t, "phase", "Running");
	IS(t, "ips/0", "10.85.0.3");
	IS(t, "containers", "(absent)");
}

/* --- requests --- */

/* Asks as the control socket would; the answer is read back. */
static bool ask(struct told *t, const char *text)
{
	struct json_writer w = {.out = &t->text};
	const struct doc_node *request;

	rf_buf_clear(&t->text);
	if (doc_parse_json(rf_str_of(text), "request", 1, t->arena, NULL, &request) < 0)
		return false;
	for (const struct control_verb *v = requests; v->name; v++) {
		if (rf_str_is(doc_get(request, "verb")->text, v->name))
			v->answer(&t->m.host, request, &w);
	}
	return t->text.len && (strstr(text, "watch") || read_back(t));
}

static void each_request_has_one_row(void)
{
	static const char *const names[] = {"status", "watch", "apply", "exec", "down"};

	for (size_t n = 0; n < RF_ARRAY_LEN(names); n++) {
		size_t found = 0;

		for (const struct control_verb *v = requests; v->name; v++) {
			found += strcmp(v->name, names[n]) == 0;
			CHECK(v->answer && v->keeps_watching == (strcmp(v->name, "watch") == 0));
		}
		CHECKF(found == 1, "%s is there %zu times", names[n], found);
	}
}

static void a_request_for_status_is_answered_with_it(void)
{
	TOLD t;

	REQUIRE(load(&t) && ask(&t, "{\"verb\":\"status\"}"));
	IS(t, "pods/1/name", "p");
}

static void a_watcher_first_gets_all_pods_as_they_are(void)
{
	size_t lines = 0;
	struct rf_str rest, line;
	TOLD t;

	REQUIRE(load(&t) && ask(&t, "{\"verb\":\"watch\"}"));
	for (rest = rf_buf_str(&t.text); rest.ptr; lines++) {
		rest = rf_str_cut(rest, '\n', &line);
		CHECK(rf_str_starts(line, lines < 2 ? RF_STR("{\"event\":\"pod\",")
						    : RF_STR("{\"event\":\"watching\"}")));
	}
	CHECK_INT(lines, 3);
}

static void exec_names_the_container_that_is_meant(void)
{
	char key[128], text[256];
	TOLD t;

	REQUIRE(load(&t));
	t.m.host.pods.items[0]->containers[1].dir = (char[]){"/run/x/pods/u/c/c"};
	t.m.host.pods.items[0]->containers[2].dir = (char[]){"/run/x/pods/u/c/d"};
	snprintf(key, sizeof(key), "%s", t.m.host.pods.items[0]->key);
	snprintf(text, sizeof(text), "{\"verb\":\"exec\",\"pod\":\"%s\"}", key);
	REQUIRE(ask(&t, text));
	IS(t, "runtime", "/usr/bin/crun");
	IS(t, "root", "/run/x/runtime");
	IS(t, "id", "uid-1-c");
	IS(t, "config", "/run/x/pods/u/c/c/config.json");
	snprintf(text, sizeof(text), "{\"verb\":\"exec\",\"pod\":\"%s\",\"container\":\"d\"}", key);
	REQUIRE(ask(&t, text));
	IS(t, "id", "uid-1-d");
}

static void exec_of_what_is_not_there_is_an_error(void)
{
	static const char *const cases[][2] = {
		{"{\"verb\":\"exec\"}", "no such pod (see `ringfence ps`)"},
		{"{\"verb\":\"exec\",\"pod\":7}", "no such pod (see `ringfence ps`)"},
		{"{\"verb\":\"exec\",\"pod\":[]}", "no such pod (see `ringfence ps`)"},
		{"{\"verb\":\"exec\",\"pod\":\"p\"}", "no such pod (see `ringfence ps`)"},
		{"{\"verb\":\"exec\",\"pod\":\"default/p\",\"container\":\"x\"}",
			"the pod has no such container"},
		{"{\"verb\":\"exec\",\"pod\":\"default/p\",\"container\":\"c\"}",
			"the container is not running"},
	};
	TOLD t;

	REQUIRE(load(&t));
	machine_pod(&t.m, "default/p")->containers[0].state = CONTAINER_EXITED;
	for (size_t i = 0; i < RF_ARRAY_LEN(cases); i++) {
		REQUIRE(ask(&t, cases[i][0]));
		CHECKF(rf_str_starts(rf_str_of(text_at(&t, "error")), rf_str_of(cases[i][1])),
			"%s: got \"%s\"", cases[i][0], text_at(&t, "error"));
		IS(t, "id", "(absent)");
	}
}

static void down_is_answered_and_stops_the_machine(void)
{
	TOLD t = {.text = {.len = 0}};

	REQUIRE(machine_load(&t.m, "") && loop_new(&t.m.host.loop, &t.m.err) == RF_OK);
	t.arena = rf_arena_new(0);
	REQUIRE(t.arena && ask(&t, "{\"verb\":\"down\"}"));
	IS(t, "ok", "true");
	CHECK(t.m.host.stopping);
	loop_free(t.m.host.loop);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(status_says_what_the_machine_is);
	RUN(every_pod_and_container_is_in_it);
	RUN(a_pod_that_is_not_ready_says_why);
	RUN(no_probe_is_missed_where_none_is_made);
	RUN(an_exit_code_is_there_only_after_an_exit);
	RUN(a_pod_that_has_done_its_work_keeps_nothing_from_being_ready);
	RUN(every_phase_has_a_name);
	RUN(services_have_their_ports_and_endpoints);
	RUN(without_pods_all_is_ready);
	RUN(an_event_of_a_pod_is_its_object_without_containers);
	RUN(each_request_has_one_row);
	RUN(a_request_for_status_is_answered_with_it);
	RUN(a_watcher_first_gets_all_pods_as_they_are);
	RUN(exec_names_the_container_that_is_meant);
	RUN(exec_of_what_is_not_there_is_an_error);
	RUN(down_is_answered_and_stops_the_machine);
	return TAP_END();
}
