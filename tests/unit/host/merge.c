/*
 * host/merge.h: a change from outside. What is refused is refused before the kernel is touched;
 * what is accepted needs a fence, in a network namespace of the test's own, and so root.
 */
#include "host/merge.h"

#include <sched.h>
#include <unistd.h>

#include "doc/read.h"
#include "tests/unit/host/host_fixture.h"

static bool able; /* root, and a network namespace of our own */

#define CONFIG(name, value) \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name "}\ndata: {k: " value "}\n"
#define SERVICE(name, fields)                                              \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n" \
	"spec: {selector: {a: b}, ports: [{port: 80}], " fields "}\n"
#define POLICY                                                                                 \
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\n" \
	"spec: {podSelector: {}}\n"
#define POD(fields)                                                                           \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, " \
	"image: none}], " fields "}\n"

struct merged {
	struct machine m;
	struct rf_arena *arena;
	struct rf_buf text; /* the last answer */
	const struct doc_node *answer;
};

static void free_sets(struct host *host)
{
	rf_vec_each (plan, &host->plans) {
		plan_done(*plan);
		free(*plan);
	}
	rf_vec_done(&host->plans);
	rf_vec_each (set, &host->sets) {
		kube_set_done(*set);
		free(*set);
	}
	rf_vec_done(&host->sets);
}

static void merged_done(struct merged *t)
{
	struct host *host = &t->m.host;

	if (host->fence && fence_remove("ringfence", &t->m.err) < 0)
		CHECKF(false, "%s", t->m.err.msg);
	fence_close(host->fence);
	policy_free(host->policy);
	free_sets(host);
	loop_free(host->loop);
	instance_done(&host->inst);
	rf_buf_done(&t->text);
	rf_arena_free(t->arena);
	machine_done(&t->m);
}
#define MERGED CLEANUP(merged_done) struct merged

/* A machine on which yaml runs; pods are not in it, so that none is started. */
static bool begin(struct merged *t, const char *yaml)
{
	struct host *host = &t->m.host;

	memset(t, 0, sizeof(*t));
	if (!machine_load(&t->m, yaml))
		return false;
	host->dns_dir = (char *)(uintptr_t)machine_dir(&t->m);
	t->arena = rf_arena_new(0);
	return t->arena && loop_new(&host->loop, &t->m.err) == RF_OK &&
	       instance_init(&host->inst, "run", t->m.dir, &t->m.err) == RF_OK;
}

static bool raise_fence(struct merged *t)
{
	struct plan_ranges ranges = machine_ranges();
	struct fence_config config = {.table = "ringfence",
		.link_prefix = "rf",
		.pod_ranges = {ranges.pods[0], ranges.pods[1]},
		.pod_range_count = 2};

	if (fence_open(&config, &t->m.host.fence, &t->m.err) == RF_OK)
		return true;
	tap_diag("%s", t->m.err.msg);
	return false;
}

static bool apply(struct merged *t, const char *text)
{
	struct json_writer w = {.out = &t->text};
	const struct doc_node *request;

	rf_buf_clear(&t->text);
	if (doc_parse_json(rf_str_of(text), "request", 1, t->arena, NULL, &request) < 0)
		return false;
	merge_apply(&t->m.host, request, &w);
	return doc_parse_json(rf_buf_str(&t->text), "answer", 1, t->arena, NULL, &t->answer) ==
	       RF_OK;
}

/* The manifests in yaml by way of "stdin". */
static bool apply_yaml(struct merged *t, const char *yaml, bool prune)
{
	AUTO_BUF request = {.data = NULL};
	struct json_writer w = {.out = &request};

	json_object_begin(&w);
	json_field_c(&w, "stdin", yaml);
	json_field_bool(&w, "prune", prune);
	json_object_end(&w);
	return apply(t, rf_buf_cstr(&request));
}

static const char *field(const struct doc_node *node, const char *key)
{
	const struct doc_node *value = doc_get(node, key);

	return value && value->text.ptr ? value->text.ptr : "(absent)";
}

static bool ok(const struct merged *t)
{
	const struct doc_node *value = doc_get(t->answer, "ok");

	if (!value)
		tap_diag("%s", rf_buf_cstr(&t->text));
	return value && value->truth;
}

/* The names of the plan's Services, each with a space behind. */
static const char *services(const struct merged *t)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	rf_vec_each (service, &t->m.host.plan->services)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, RF_STR_FMT " ", RF_STR_ARG(service->key));
	return text;
}

static const char *config_of(const struct merged *t, const char *name)
{
	const struct kube_object *object =
		kube_find(t->m.host.plan->set, KUBE_CONFIG_MAP, RF_STR("default"), rf_str_of(name));

	return object ? object->data->items[0].value.ptr : "(absent)";
}

/* --- refusals --- */

static void refused(const char *request, const char *error, int line)
{
	MERGED t;

	if (!begin(&t, SERVICE("old", "")) || !apply(&t, request)) {
		tap_check(false, __FILE__, line, "no answer: %s", rf_buf_cstr(&t.text));
		return;
	}
	tap_check_str(field(t.answer, "error"), error, __FILE__, line);
	tap_check(!doc_get(t.answer, "ok"), __FILE__, line, "and yet ok");
	tap_check(t.m.host.plan == &t.m.plan && t.m.host.sets.count == 0, __FILE__, line,
		"something has changed");
}
#define REFUSED(request, error) refused(request, error, __LINE__)

static void requests_of_the_wrong_types_are_refused(void)
{
	REFUSED("{\"paths\":\"/etc\"}", "the request's paths are not a list");
	REFUSED("{\"paths\":{}}", "the request's paths are not a list");
	REFUSED("{\"stdin\":7}", "the request's stdin is not a string");
	REFUSED("{\"stdin\":null}", "the request's stdin is not a string");
	REFUSED("{\"prune\":\"yes\"}", "the request's prune is not true or false");
}

static void paths_are_absolute_or_refused(void)
{
	static const char *const paths[] = {
		"{}", "null", "7", "[]", "\"\"", "\"-\"", "\"a.yaml\"", "\"/tmp\", \"../x\""};

	for (size_t i = 0; i < RF_ARRAY_LEN(paths); i++) {
		char text[128];

		snprintf(text, sizeof(text), "{\"paths\":[%s]}", paths[i]);
		REFUSED(text, "one of the request's paths is not an absolute path");
	}
}

static void a_path_that_is_not_there_is_named(void)
{
	REFUSED("{\"paths\":[\"/nowhere/x.yaml\"]}", "/nowhere/x.yaml: no such file or directory");
}

/* What is wrong with the manifests, and where. */
static void finding(const char *yaml, const char *error, const char *at, const char *part)
{
	const struct doc_node *d;
	char place[64];
	MERGED t;

	REQUIRE(begin(&t, SERVICE("old", "")) && apply_yaml(&t, yaml, false));
	CHECK_STR(field(t.answer, "error"), error);
	CHECK(t.m.host.plan == &t.m.plan);
	d = doc_get(t.answer, "diags")->first;
	REQUIRE(d);
	snprintf(place, sizeof(place), "%s:%s:%s", field(d, "file"), field(d, "line"),
		field(d, "column"));
	CHECK_STR(place, at);
	CHECK_STR(field(d, "severity"), "error");
	CHECKF(strstr(field(d, "message"), part), "\"%s\"", field(d, "message"));
}

static void errors_of_manifests_are_answered_with_their_places(void)
{
	finding("kind: [", "the manifests have errors", "<stdin>:2:1", "");
	finding("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [], no: 1}\n",
		"the manifests have errors", "<stdin>:4:24", "no");
}

static void what_cannot_run_here_is_answered_with_its_place(void)
{
	finding(SERVICE("s", "\n  type: NodePort"), "the manifests cannot run here", "<stdin>:6:3",
		"NodePort");
	finding(SERVICE("s", "\n  clusterIP: 192.0.2.1"), "the manifests cannot run here",
		"<stdin>:6:3", "outside the range");
	finding(POD(""), "the manifests cannot run here", "<stdin>:5:31", "image none");
}

static void objects_that_stay_are_part_of_the_question(void)
{
	MERGED t;

	REQUIRE(begin(&t, SERVICE("old", "clusterIP: 10.86.0.9")));
	REQUIRE(apply_yaml(&t, SERVICE("new", "clusterIP: 10.86.0.9"), false));
	CHECK_STR(field(t.answer, "error"), "the manifests cannot run here");
	CHECKF(strstr(rf_buf_cstr(&t.text), "10.86.0.9 is that of Service default/new"), "%s",
		rf_buf_cstr(&t.text));
}

/* --- changes --- */

#define BEGIN(t, yaml)                                                  \
	MERGED t;                                                       \
	memset(&t, 0, sizeof(t));                                       \
	if (!able)                                                      \
		SKIP("needs root, for a network namespace of its own"); \
	REQUIRE(begin(&t, yaml) && raise_fence(&t))

static void new_objects_come_and_the_others_stay(void)
{
	BEGIN(t, SERVICE("old", "") CONFIG("m", "one"));

	REQUIRE(apply_yaml(&t, SERVICE("new", ""), false) && ok(&t));
	CHECK_STR(services(&t), "default/new default/old ");
	CHECK_STR(config_of(&t, "m"), "one");
}

static void an_object_of_the_same_name_is_replaced(void)
{
	BEGIN(t, CONFIG("m", "one") CONFIG("other", "x"));

	REQUIRE(apply_yaml(&t, CONFIG("m", "two"), false) && ok(&t));
	CHECK_STR(config_of(&t, "m"), "two");
	CHECK_STR(config_of(&t, "other"), "x");
	REQUIRE(apply_yaml(&t, CONFIG("m", "three"), false) && ok(&t));
	CHECK_STR(config_of(&t, "m"), "three");
	CHECK_STR(config_of(&t, "other"), "x");
	CHECK_INT(t.m.host.plan->set->objects.count, 2);
}

static void one_name_in_another_kind_or_namespace_is_another_object(void)
{
	BEGIN(t, SERVICE("x", "") CONFIG("x", "one"));

	REQUIRE(apply_yaml(&t,
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: other}\n"
			"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n",
			false) &&
		ok(&t));
	CHECK_STR(services(&t), "default/x ");
	CHECK_STR(config_of(&t, "x"), "one");
	CHECK_INT(t.m.host.plan->set->objects.count, 4);
}

static void pruning_takes_away_what_is_not_named(void)
{
	BEGIN(t, SERVICE("old", "") CONFIG("m", "one"));

	REQUIRE(apply_yaml(&t, SERVICE("new", ""), true) && ok(&t));
	CHECK_STR(services(&t), "default/new ");
	CHECK_STR(config_of(&t, "m"), "(absent)");
}

static void a_service_keeps_its_address_through_changes(void)
{
	struct rf_ip before;
	BEGIN(t, SERVICE("old", ""));

	before = t.m.plan.services.items[0].ips[0];
	REQUIRE(apply_yaml(&t, SERVICE("new", "") SERVICE("old", "publishNotReadyAddresses: true"),
			false) &&
		ok(&t));
	REQUIRE(plan_find_service(t.m.host.plan, RF_STR("default/old")));
	CHECK(rf_ip_eq(&plan_find_service(t.m.host.plan, RF_STR("default/old"))->ips[0], &before));
}

static void files_and_standard_input_are_one_change(void)
{
	char path[128], text[512];
	BEGIN(t, "");

	snprintf(path, sizeof(path), "%s/a.yaml", t.m.dir);
	CHECK_INT(rf_file_replace(path, CONFIG("a", "file"), strlen(CONFIG("a", "file")), 0600,
			  false, &t.m.err),
		RF_OK);
	snprintf(text, sizeof(text),
		"{\"paths\":[\"%s\"],\"stdin\":\"apiVersion: v1\\nkind: ConfigMap\\nmetadata: "
		"{name: b}\\ndata: {k: stdin}\\n\"}",
		path);
	REQUIRE(apply(&t, text) && ok(&t));
	CHECK_STR(config_of(&t, "a"), "file");
	CHECK_STR(config_of(&t, "b"), "stdin");
}

static void the_answer_says_what_has_changed(void)
{
	BEGIN(t, "");

	REQUIRE(apply_yaml(&t, SERVICE("a", "") POLICY, false) && ok(&t));
	CHECK_STR(field(t.answer, "started"), "0");
	CHECK_STR(field(t.answer, "stopped"), "0");
	CHECK_STR(field(t.answer, "kept"), "0");
	CHECK(doc_get(doc_get(t.answer, "fence"), "usec"));
	CHECK_INT(doc_get(t.answer, "diags")->count, 0);
}

static void an_empty_request_changes_nothing(void)
{
	BEGIN(t, SERVICE("old", ""));

	REQUIRE(apply(&t, "{}") && ok(&t));
	CHECK_STR(services(&t), "default/old ");
}

static void after_a_refusal_the_next_change_goes_on_from_what_runs(void)
{
	BEGIN(t, SERVICE("old", ""));

	REQUIRE(apply_yaml(&t, SERVICE("new", "type: NodePort"), false) &&
		!doc_get(t.answer, "ok"));
	CHECK_STR(services(&t), "default/old ");
	REQUIRE(apply_yaml(&t, SERVICE("new", ""), false) && ok(&t));
	CHECK_STR(services(&t), "default/new default/old ");
}

int main(int argc, char **argv)
{
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	TAP_BEGIN(argc, argv);
	RUN(requests_of_the_wrong_types_are_refused);
	RUN(paths_are_absolute_or_refused);
	RUN(a_path_that_is_not_there_is_named);
	RUN(errors_of_manifests_are_answered_with_their_places);
	RUN(what_cannot_run_here_is_answered_with_its_place);
	RUN(objects_that_stay_are_part_of_the_question);
	RUN(new_objects_come_and_the_others_stay);
	RUN(an_object_of_the_same_name_is_replaced);
	RUN(one_name_in_another_kind_or_namespace_is_another_object);
	RUN(pruning_takes_away_what_is_not_named);
	RUN(a_service_keeps_its_address_through_changes);
	RUN(files_and_standard_input_are_one_change);
	RUN(the_answer_says_what_has_changed);
	RUN(an_empty_request_changes_nothing);
	RUN(after_a_refusal_the_next_change_goes_on_from_what_runs);
	return TAP_END();
}
