/* Where manifests come from, what is an object, and what a run says about all of it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/kube/kube_test.h"

#define CONFIG_MAP(name) "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name "}\n"

/* --- one text --- */

static void an_object_is_found_by_kind_namespace_and_name(void)
{
	AUTO_LOADED l = loaded_of(CONFIG_MAP("a") "---\napiVersion: v1\nkind: Secret\nmetadata: "
						  "{name: a, namespace: x}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 2);
	CHECK(kube_find(&l.set, KUBE_CONFIG_MAP, RF_STR("default"), RF_STR("a")) ==
		loaded_first(&l));
	CHECK(kube_find(&l.set, KUBE_SECRET, RF_STR("x"), RF_STR("a")) == l.set.objects.items[1]);
	CHECK(!kube_find(&l.set, KUBE_SECRET, RF_STR("default"), RF_STR("a")));
	CHECK_INT(l.set.objects.items[1]->pos.line, 5);
	CHECK_STR(l.set.objects.items[1]->pos.file, "test.yaml");
}

static void a_document_needs_apiVersion_and_kind(void)
{
	SAYS("metadata: {name: a}\n",
		"1:1 expected a Kubernetes object: the field \"apiVersion\" is missing\n"
		"1:1 expected a Kubernetes object: the field \"kind\" is missing\n");
	REFUSES("apiVersion: v1\nmetadata: {name: a}\n", "the field \"kind\" is missing");
	REFUSES("apiVersion: 1\nkind: Pod\n", "1:1 expected a Kubernetes object: the field "
					      "\"apiVersion\" is not a string");
	REFUSES("- a\n", "1:1 expected a Kubernetes object");
	REFUSES("hello\n", "expected a Kubernetes object");
}

static void empty_documents_are_nothing(void)
{
	AUTO_LOADED l = loaded_of("---\n# nothing\n---\n---\n" CONFIG_MAP("a") "---\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 1);
}

static void a_name_is_required_and_checked(void)
{
	SAYS("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
		"3:11 ConfigMap needs metadata.name\n");
	REFUSES("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n",
		"generateName alone does not name it");
	REFUSES("apiVersion: v1\nkind: ConfigMap\n", "ConfigMap needs the field \"metadata\"");
	SAYS("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}\n",
		"3:12 \"A_b\" is not a name for a ConfigMap: expected at most 253 of a-z, 0-9, '-' "
		"and '.', a letter or digit at both ends\n");
	REFUSES("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: a.b}\n",
		"is not the name of a namespace");
	REFUSES("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 12}\n", "quote it");
}

static void metadata_of_a_live_object_is_taken(void)
{
	AUTO_LOADED l = loaded_of(
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  uid: u-1\n"
		"  resourceVersion: \"77\"\n  generation: 3\n  creationTimestamp: null\n"
		"  selfLink: /x\n  deletionGracePeriodSeconds: 0\n  finalizers: [a/b]\n"
		"  managedFields:\n  - {manager: kubectl, operation: Apply, apiVersion: v1, time: "
		"\"2024-01-01T00:00:00Z\", fieldsType: FieldsV1, fieldsV1: {f:data: {}}}\n"
		"  ownerReferences:\n  - {apiVersion: v1, kind: Pod, name: p, uid: q, controller: "
		"true}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK(rf_str_is(loaded_first(&l)->meta.uid, "u-1"));
	CHECK(rf_str_is(loaded_first(&l)->meta.resource_version, "77"));
	CHECK_INT(loaded_first(&l)->meta.owner_references.count, 1);
}

static void metadata_is_checked(void)
{
#define META(fields) "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, " fields "}\n"
	REFUSES(META("labels: {'a b': x}"), "\"a b\" is not a label key");
	REFUSES(META("labels: {a: 'x y'}"), "\"x y\" is not a label value");
	REFUSES(META("labels: {version: 1.0}"), "quote it");
	REFUSES(META("annotations: {'a b': x}"), "\"a b\" is not an annotation key");
	LOADS(META("annotations: {a: 'any text at all: [{'}"));
	REFUSES(META("label: {a: b}"), "did you mean \"labels\"?");
	REFUSES(META("managedFields: [{manger: x}]"), "did you mean \"manager\"?");
	REFUSES(META("ownerReferences: [{kind: Pod, name: p, uid: q}]"),
		"OwnerReference needs the field \"apiVersion\"");
}

static void unknown_top_level_fields_are_errors(void)
{
	REFUSES(CONFIG_MAP("a") "dta: {a: b}\n", "4:1 unknown field \"dta\" in ConfigMap");
	REFUSES(CONFIG_MAP("a") "spec: {}\n", "unknown field \"spec\"");
}

static void a_known_kind_in_another_version_says_which_to_use(void)
{
	SAYS("apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n",
		"1:1 apiVersion extensions/v1beta1 of Deployment is not served: use apps/v1\n");
	REFUSES("apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n", "use batch/v1");
	REFUSES("apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: a}\n",
		"use networking.k8s.io/v1");
	REFUSES("apiVersion: apps/v1\nkind: Service\nmetadata: {name: a}\n", "use v1");
}

static void kinds_that_are_not_known_are_noted_once_each(void)
{
	SAYS("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n---\n"
	     "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: b}\n---\n"
	     "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: b}\n---\n"
	     "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: b}\n",
		"note 2:1 skipped: Ingress networking.k8s.io/v1 is not known to Ringfence\n"
		"note 10:1 skipped: Service serving.knative.dev/v1 is not known to Ringfence\n"
		"note 14:1 skipped: NetworkPolicy projectcalico.org/v3 is not known to "
		"Ringfence\n");
}

static void lists_are_unwrapped(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: List\nmetadata: {resourceVersion: "
				  "''}\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: "
				  "{name: a}}\n- apiVersion: v1\n  kind: List\n  items: "
				  "[{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]\n");
	AUTO_LOADED m = loaded_of("apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: "
				  "a}}, {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 2);
	CHECK_STR(rf_buf_cstr(&m.said), "");
	CHECK_INT(m.set.objects.count, 2);
	LOADS("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: []\n");
	LOADS("apiVersion: v1\nkind: List\nitems: null\n");
	REFUSES("apiVersion: v1\nkind: List\nitems: {}\n", "items: expected a list");
	REFUSES("apiVersion: v1\nkind: List\nitms: []\n", "did you mean \"items\"?");
	REFUSES("apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}, apiVersion: v1}]\n",
		"the field \"kind\" is missing");
	REFUSES("apiVersion: extensions/v1beta1\nkind: DeploymentList\nitems: []\n", "use apps/v1");
}

static void an_object_defined_twice_names_both_places(void)
{
	AUTO_LOADED l = loaded_of(CONFIG_MAP("a"));

	loaded_add(&l, "# again\n" CONFIG_MAP("a") "data: {a: b}\n", "other.yaml");
	CHECK_STR(rf_buf_cstr(&l.said),
		"2:1 ConfigMap default/a is defined twice, first at test.yaml:1:1\n");
	CHECK_STR(l.diags.list.items[0].pos.file, "other.yaml");
	CHECK_INT(l.set.objects.count, 1);
}

static void json_is_taken_by_its_name_or_first_character(void)
{
	AUTO_LOADED l = loaded_of("");

	loaded_add(&l,
		"{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": "
		"\"a\"}}",
		"a.json");
	loaded_add(&l,
		" \n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": "
		"{\"name\": \"b\"}}",
		"<stdin>");
	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 2);
	loaded_add(&l,
		"{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n \"metadata\": "
		"{\"name\": 7}}",
		"c.json");
	CHECK(strstr(rf_buf_cstr(&l.said), "2:23 field \"name\" of ObjectMeta") != NULL);
}

static void all_errors_are_reported_in_the_order_of_the_file(void)
{
	SAYS(CONFIG_MAP("a") "dta: {}\nimutable: true\n---\n- x\n---\n" CONFIG_MAP(
		     "b") "---\napiVersion: "
			  "v2\nkind: Pod\n",
		"4:1 unknown field \"dta\" in ConfigMap; did you mean \"data\"?\n"
		"5:1 unknown field \"imutable\" in ConfigMap; did you mean \"immutable\"?\n"
		"7:1 expected a Kubernetes object (a map with apiVersion and kind), found a list\n"
		"13:1 apiVersion v2 of Pod is not served: use v1\n");
}

static void an_object_with_an_error_does_not_enter_the_set(void)
{
	AUTO_LOADED l = loaded_of(CONFIG_MAP("a") "dta: {}\n---\n" CONFIG_MAP("b"));

	CHECK_INT(l.set.objects.count, 1);
	CHECK(rf_str_is(loaded_first(&l)->meta.name, "b"));
}

static void findings_may_be_thrown_away(void)
{
	struct rf_err err = {.code = RF_OK};
	struct kube_set set;

	REQUIRE(kube_set_init(&set, &err) == RF_OK);
	CHECK_INT(kube_load_text(&set, RF_STR(CONFIG_MAP("a") "x: y\n---\n" CONFIG_MAP("b")), "t",
			  NULL, &err),
		RF_OK);
	CHECK_INT(set.objects.count, 1);
	kube_set_done(&set);
}

static void very_many_objects_are_loaded(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOADED l = loaded_of("");

	for (int i = 0; i < 20000; i++)
		rf_buf_addf(
			&text, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m%d}\n", i);
	loaded_add(&l, rf_buf_cstr(&text), "many.yaml");
	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 20000);
	CHECK(kube_find(&l.set, KUBE_CONFIG_MAP, RF_STR("default"), RF_STR("m19999")) != NULL);
}

static void very_many_containers_cost_no_more_than_their_length(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOADED l = loaded_of("");

	rf_buf_add_c(
		&text, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n");
	for (int i = 0; i < 20000; i++)
		rf_buf_addf(&text, "  - {name: c%d, image: i}\n", i);
	loaded_add(&l, rf_buf_cstr(&text), "wide.yaml");
	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 1);
}

static void kinds_are_known_by_many_names(void)
{
	enum kube_kind kind = KUBE_NAMESPACE;

	CHECK(kube_kind_parse(RF_STR("deploy"), &kind) && kind == KUBE_DEPLOYMENT);
	CHECK(kube_kind_parse(RF_STR("STATEFULSETS"), &kind) && kind == KUBE_STATEFUL_SET);
	CHECK(kube_kind_parse(RF_STR("NetworkPolicy"), &kind) && kind == KUBE_NETWORK_POLICY);
	CHECK(kube_kind_parse(RF_STR("po"), &kind) && kind == KUBE_POD);
	CHECK(!kube_kind_parse(RF_STR("ingress"), &kind));
	CHECK(!kube_kind_parse(RF_STR(""), &kind));
	CHECK_STR(kube_kind_name(KUBE_CRON_JOB), "CronJob");
	CHECK(kube_kind_is_workload(KUBE_POD) && !kube_kind_is_workload(KUBE_SERVICE));
}

/* --- files and directories --- */

static char *temporary(void)
{
	char path[] = "/tmp/kube-load-XXXXXX";

	return strdup(mkdtemp(path) ? path : "");
}

static void put(const char *dir, const char *name, const char *text)
{
	AUTO_BUF path = {.data = NULL};
	struct rf_err err = {.code = RF_OK};

	rf_buf_addf(&path, "%s/%s", dir, name);
	CHECK_INT(
		rf_file_replace(rf_buf_cstr(&path), text, strlen(text), 0600, false, &err), RF_OK);
}

static void make_dir(const char *dir, const char *name)
{
	AUTO_BUF path = {.data = NULL};

	rf_buf_addf(&path, "%s/%s", dir, name);
	CHECK_INT(mkdir(rf_buf_cstr(&path), 0700), 0);
}

static void link_to(const char *target, const char *dir, const char *name)
{
	AUTO_BUF path = {.data = NULL};

	rf_buf_addf(&path, "%s/%s", dir, name);
	CHECK_INT(symlink(target, rf_buf_cstr(&path)), 0);
}

static void load_path(struct loaded *l, const char *path)
{
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(kube_load_path(&l->set, path, &l->diags, &err), RF_OK);
	loaded_say(l);
}

static void a_directory_is_read_whole_and_in_order(void)
{
	AUTO_FREE char *dir = temporary();
	AUTO_LOADED l = loaded_of("");
	struct rf_err err = {.code = RF_OK};

	make_dir(dir, "b");
	put(dir, "z.yaml", CONFIG_MAP("last"));
	put(dir, "a.yml", CONFIG_MAP("first"));
	put(dir, "b/c.json",
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
		"\"name\":\"middle\"}}");
	put(dir, "README.md", "not a manifest");
	load_path(&l, dir);
	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(l.set.objects.count == 3);
	CHECK(rf_str_is(l.set.objects.items[0]->meta.name, "first"));
	CHECK(rf_str_is(l.set.objects.items[1]->meta.name, "middle"));
	CHECK(rf_str_is(l.set.objects.items[2]->meta.name, "last"));
	CHECK(rf_dir_remove(dir, &err) == RF_OK);
}

static void links_are_followed_and_loops_come_to_an_end(void)
{
	AUTO_FREE char *dir = temporary();
	AUTO_LOADED l = loaded_of("");
	struct rf_err err = {.code = RF_OK};

	make_dir(dir, "d");
	put(dir, "d/real.txt", CONFIG_MAP("a"));
	link_to("d/real.txt", dir, "a.yaml");
	link_to("..", dir, "d/up");
	link_to("nowhere", dir, "gone.yaml");
	load_path(&l, dir);
	CHECK_INT(l.set.objects.count, 1);
	CHECK_STR(rf_buf_cstr(&l.said),
		"note 0:0 skipped: a link back to a directory that is being "
		"read\n0:0 cannot be read: No such file or directory\n");
	CHECK(rf_dir_remove(dir, &err) == RF_OK);
}

static void a_mounted_ConfigMap_is_read_once(void)
{
	AUTO_FREE char *dir = temporary();
	AUTO_LOADED l = loaded_of("");
	struct rf_err err = {.code = RF_OK};

	make_dir(dir, "..2024");
	put(dir, "..2024/a.yaml", CONFIG_MAP("a"));
	link_to("..2024", dir, "..data");
	link_to("..data/a.yaml", dir, "a.yaml");
	load_path(&l, dir);
	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK_INT(l.set.objects.count, 1);
	CHECK(rf_dir_remove(dir, &err) == RF_OK);
}

static void a_directory_without_manifests_is_an_error(void)
{
	AUTO_FREE char *dir = temporary();
	AUTO_LOADED l = loaded_of("");
	struct rf_err err = {.code = RF_OK};

	load_path(&l, dir);
	CHECK_INT(l.diags.error_count, 1);
	CHECK(strstr(rf_buf_cstr(&l.said), "no manifests in this directory") != NULL);
	CHECK_STR(l.diags.list.items[0].pos.file, dir);
	CHECK(rf_dir_remove(dir, &err) == RF_OK);
}

static void a_path_that_is_not_there_is_absent(void)
{
	AUTO_LOADED l = loaded_of("");
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(kube_load_path(&l.set, "/nowhere/at/all", &l.diags, &err), RF_EABSENT);
	CHECK(strstr(err.msg, "/nowhere/at/all") != NULL);
}

static void standard_input_is_a_dash(void)
{
	AUTO_LOADED l = loaded_of("");
	static const char text[] = CONFIG_MAP("a") "x: y\n";
	int fds[2], saved = dup(STDIN_FILENO);

	REQUIRE(pipe(fds) == 0 && saved >= 0);
	CHECK(write(fds[1], text, strlen(text)) == (ssize_t)strlen(text));
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	load_path(&l, "-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fds[0]);
	REQUIRE(l.diags.list.count == 1);
	CHECK_STR(l.diags.list.items[0].pos.file, "<stdin>");
	CHECK_INT(l.diags.list.items[0].pos.line, 4);
}

static void the_shop_loads_without_a_word(void)
{
	AUTO_LOADED l = loaded_of("");
	struct stat st;

	if (stat("examples/shop", &st) < 0)
		SKIP("examples/shop is not below the working directory");
	load_path(&l, "examples/shop");
	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK(kube_find(&l.set, KUBE_DEPLOYMENT, RF_STR("production"), RF_STR("my-golang-app")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_object_is_found_by_kind_namespace_and_name);
	RUN(a_document_needs_apiVersion_and_kind);
	RUN(empty_documents_are_nothing);
	RUN(a_name_is_required_and_checked);
	RUN(metadata_of_a_live_object_is_taken);
	RUN(metadata_is_checked);
	RUN(unknown_top_level_fields_are_errors);
	RUN(a_known_kind_in_another_version_says_which_to_use);
	RUN(kinds_that_are_not_known_are_noted_once_each);
	RUN(lists_are_unwrapped);
	RUN(an_object_defined_twice_names_both_places);
	RUN(json_is_taken_by_its_name_or_first_character);
	RUN(all_errors_are_reported_in_the_order_of_the_file);
	RUN(an_object_with_an_error_does_not_enter_the_set);
	RUN(findings_may_be_thrown_away);
	RUN(very_many_objects_are_loaded);
	RUN(very_many_containers_cost_no_more_than_their_length);
	RUN(kinds_are_known_by_many_names);
	RUN(a_directory_is_read_whole_and_in_order);
	RUN(links_are_followed_and_loops_come_to_an_end);
	RUN(a_mounted_ConfigMap_is_read_once);
	RUN(a_directory_without_manifests_is_an_error);
	RUN(a_path_that_is_not_there_is_absent);
	RUN(standard_input_is_a_dash);
	RUN(the_shop_loads_without_a_word);
	return TAP_END();
}
