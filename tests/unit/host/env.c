/* host/env.h: variables, references and the downward API as a kubelet has them. */
#include "tests/unit/host/env_fixture.h"

#include <unistd.h>

#define POD_HEAD                                                                       \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {b: '2', a: \"1\"},\n" \
	"  annotations: {note: \"say \\\"hi\\\"\\n\", plain: x}}\nspec:\n"             \
	"  containers:\n  - name: c\n    image: i\n"
#define CONFIG "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v, l: w}\n"
#define SECRET "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pw: hunter2}\n"

struct built {
	struct fixture f;
	struct env_list list;
	int rc;
};

static void built_done(struct built *b)
{
	env_list_done(&b->list);
	fixture_done(&b->f);
}
#define BUILT CLEANUP(built_done) struct built

static struct built build_with(const char *text, char *const *image, size_t count)
{
	struct built b = {.rc = RF_EINTERNAL};

	if (!fixture_load(&b.f, text))
		return b;
	/* The fixture moves with the return: what points into it is set again. */
	b.f.plan.set = &b.f.set;
	b.f.pod.plan = &b.f.plan;
	b.rc = env_build(&b.f.pod, fixture_container(&b.f), image, count, &b.list, &b.f.diags);
	return b;
}

static struct built build(const char *text)
{
	return build_with(text, NULL, 0);
}

/* NULL when there is none; fails the test when there are two. */
static const char *value_of(const struct built *b, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < b->list.count; i++) {
		const char *item = b->list.items[i];
		size_t len = strlen(name);

		if (strncmp(item, name, len) != 0 || item[len] != '=')
			continue;
		CHECKF(value == NULL, "%s is there twice", name);
		value = item + len + 1;
	}
	return value;
}

#define HAS(b, name, want) CHECK_STR(value_of(&(b), name), want)

static void expand_is(const char *text, const char *want, int line)
{
	char one[] = "VAR=value", two[] = "EMPTY=", image[] = "IMAGE=x";
	char *items[] = {image, one, two};
	struct env_list list = {.items = items, .count = 3, .image_count = 1};
	AUTO_FREE char *got = env_expand(rf_str_of(text), &list);

	tap_check_str(got, want, __FILE__, line);
}

/* The cases of kubernetes third_party/forked/golang/expansion/expand_test.go. */
static void references_expand_as_in_kubernetes(void)
{
	static const char *const cases[][2] = {
		{"$(VAR)", "value"},
		{"x$(VAR)y$(VAR)z", "xvalueyvaluez"},
		{"$(EMPTY)", ""},
		{"$$(VAR)", "$(VAR)"},
		{"$$$(VAR)", "$value"},
		{"$$$$(VAR)", "$$(VAR)"},
		{"$$", "$"},
		{"$", "$"},
		{"a$", "a$"},
		{"$VAR", "$VAR"},
		{"$(VAR", "$(VAR"},
		{"$(VAR$(VAR)", "$(VAR$(VAR)"},
		{"$()", "$()"},
		{"$(NONE)", "$(NONE)"},
		{"$(IMAGE)", "$(IMAGE)"},
		{"$?_$(VAR)", "$?_value"},
		{"$$((VAR))", "$((VAR))"},
		{"\n", "\n"},
		{"", ""},
		{"foo$$var$(VAR)", "foo$varvalue"},
		{"$(VAR)$(NONE)$", "value$(NONE)$"},
		{"${VAR}$(VAR)", "${VAR}value"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(cases); i++)
		expand_is(cases[i][0], cases[i][1], __LINE__);
}

static void an_expansion_that_grows_without_end_is_refused(void)
{
	AUTO_BUF text = {.data = NULL};
	BUILT b;

	rf_buf_addf(&text, POD_HEAD "    env:\n    - {name: A0, value: 'xxxxxxxxxxxxxxxx'}\n");
	for (unsigned i = 1; i < 20; i++)
		rf_buf_addf(&text, "    - {name: A%u, value: '$(A%u)$(A%u)$(A%u)$(A%u)'}\n", i,
			i - 1, i - 1, i - 1, i - 1);
	b = build(rf_buf_cstr(&text));
	CHECK_INT(b.rc, RF_EINPUT);
	CHECK(strstr(fixture_said(&b.f), "longer than 128 KiB"));
}

static void later_sources_win_and_each_name_is_there_once(void)
{
	char path[] = "PATH=/image", k[] = "k=image", own[] = "OWN=image", bad[] = "nonsense";
	char *image[] = {path, k, own, bad};
	BUILT b = build_with(POD_HEAD
		"    envFrom: [{configMapRef: {name: m}}, {secretRef: "
		"{name: s}, prefix: S_}]\n"
		"    env: [{name: OWN, value: mine}, {name: l, value: own}]\n" CONFIG SECRET,
		image, RF_ARRAY_LEN(image));

	CHECK_INT(b.rc, RF_OK);
	HAS(b, "PATH", "/image");
	HAS(b, "k", "v");
	HAS(b, "l", "own");
	HAS(b, "OWN", "mine");
	HAS(b, "S_pw", "hunter2");
	HAS(b, "HOSTNAME", "p");
	CHECK_INT(b.list.image_count, 2);
}

static void path_has_a_default_and_the_image_is_out_of_sight_of_references(void)
{
	BUILT b = build(POD_HEAD "    env: [{name: A, value: '$(PATH):$(HOSTNAME)'}]\n");

	HAS(b, "PATH", ENV_DEFAULT_PATH);
	HAS(b, "A", "$(PATH):$(HOSTNAME)");
}

static void env_sees_what_comes_before_it_only(void)
{
	BUILT b = build(POD_HEAD "    env: [{name: A, value: $(B)}, {name: B, value: $(k)},\n"
				 "      {name: k, value: 'now $(k)'}, {name: C, value: $(k)}]\n"
				 "    envFrom: [{configMapRef: {name: m}}]\n" CONFIG);

	HAS(b, "A", "$(B)");
	HAS(b, "B", "v");
	HAS(b, "k", "now v");
	HAS(b, "C", "now v");
}

static void keys_come_from_config_maps_and_secrets(void)
{
	BUILT b = build(POD_HEAD
		"    env:\n"
		"    - {name: A, valueFrom: {configMapKeyRef: {name: m, key: k}}}\n"
		"    - {name: B, valueFrom: {secretKeyRef: {name: s, key: pw}}}\n"
		"    - {name: C, valueFrom: {secretKeyRef: {name: s, key: absent, optional: "
		"true}}}\n"
		"    - {name: D, valueFrom: {secretKeyRef: {name: absent, key: absent, optional: "
		"true}}}\n" CONFIG SECRET);

	CHECK_INT(b.rc, RF_OK);
	HAS(b, "A", "v");
	HAS(b, "B", "hunter2");
	CHECK(!value_of(&b, "C"));
	CHECK(!value_of(&b, "D"));
}

static void everything_that_is_missing_is_reported_where_it_is_named(void)
{
	BUILT b = build(
		POD_HEAD "    env:\n"
			 "    - {name: A, valueFrom: {configMapKeyRef: {name: m, key: nokey}}}\n"
			 "    - {name: B, valueFrom: {secretKeyRef: {name: nosecret, key: pw}}}\n"
			 "    envFrom:\n    - {configMapRef: {name: nomap}}\n"
			 "    - {configMapRef: {name: nomap, optional: true}}\n" CONFIG);

	CHECK_INT(b.rc, RF_EINPUT);
	CHECK_INT(b.list.count, 0);
	CHECK_STR(fixture_said(&b.f),
		"13 container \"c\": there is no ConfigMap \"nomap\" in namespace \"default\": "
		"add it, or set optional: true\n"
		"10 container \"c\": ConfigMap \"m\" has no key \"nokey\": add it, or set "
		"optional: true\n"
		"11 container \"c\": there is no Secret \"nosecret\" in namespace \"default\": "
		"add it, or set optional: true\n");
}

static void a_value_with_a_nul_byte_is_refused(void)
{
	BUILT b = build(POD_HEAD
		"    env: [{name: A, valueFrom: {secretKeyRef: {name: b, key: k}}}]\n"
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata: {k: YQBi}\n");

	CHECK_INT(b.rc, RF_EINPUT);
	CHECK(strstr(fixture_said(&b.f), "holds a NUL byte"));
}

#define SERVICES                                                                               \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: my-db}\nspec:\n"                 \
	"  clusterIP: 10.86.0.5\n  selector: {a: b}\n"                                         \
	"  ports: [{name: sql, port: 5432}, {name: stat-s, port: 99, protocol: UDP}]\n"        \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: six}\nspec:\n"                   \
	"  clusterIP: 'fd86::5'\n  selector: {a: b}\n  ports: [{port: 80}]\n"                  \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: headless}\nspec:\n"              \
	"  clusterIP: None\n  selector: {a: b}\n  ports: [{port: 80}]\n"                       \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: far, namespace: other}\nspec:\n" \
	"  clusterIP: 10.86.0.6\n  selector: {a: b}\n  ports: [{port: 80}]\n"

static void services_of_the_namespace_are_linked(void)
{
	BUILT b = build(POD_HEAD "    env: [{name: URL, value: '$(MY_DB_PORT)'}]\n" SERVICES);

	CHECK_INT(b.rc, RF_OK);
	HAS(b, "MY_DB_SERVICE_HOST", "10.86.0.5");
	HAS(b, "MY_DB_SERVICE_PORT", "5432");
	HAS(b, "MY_DB_SERVICE_PORT_SQL", "5432");
	HAS(b, "MY_DB_SERVICE_PORT_STAT_S", "99");
	HAS(b, "MY_DB_PORT", "tcp://10.86.0.5:5432");
	HAS(b, "MY_DB_PORT_5432_TCP", "tcp://10.86.0.5:5432");
	HAS(b, "MY_DB_PORT_5432_TCP_PROTO", "tcp");
	HAS(b, "MY_DB_PORT_5432_TCP_PORT", "5432");
	HAS(b, "MY_DB_PORT_5432_TCP_ADDR", "10.86.0.5");
	HAS(b, "MY_DB_PORT_99_UDP", "udp://10.86.0.5:99");
	HAS(b, "SIX_PORT", "tcp://[fd86::5]:80");
	HAS(b, "SIX_PORT_80_TCP_ADDR", "fd86::5");
	CHECK(!value_of(&b, "HEADLESS_SERVICE_HOST"));
	CHECK(!value_of(&b, "FAR_SERVICE_HOST"));
	HAS(b, "URL", "tcp://10.86.0.5:5432");
}

static void service_links_can_be_turned_off(void)
{
	BUILT b = build(POD_HEAD "  enableServiceLinks: false\n" SERVICES);

	CHECK_INT(b.rc, RF_OK);
	CHECK_INT(b.list.count, 2);
}

static void field_is(const struct fixture *f, const char *path, const char *want)
{
	struct kube_field_ref ref = {.field_path = rf_str_of(path)};
	AUTO_BUF out = {.data = NULL};

	CHECK_INT(env_field(&f->pod, &ref, &out, NULL), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), want);
}

static void fields_of_the_pod_are_text(void)
{
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD));
	f.plan.pods.list.items[0].ip_count = 2;
	REQUIRE(rf_ip_parse(RF_STR("10.85.0.2"), &f.plan.pods.list.items[0].ips[0]));
	REQUIRE(rf_ip_parse(RF_STR("fd85::2"), &f.plan.pods.list.items[0].ips[1]));
	field_is(&f, "metadata.name", "p");
	field_is(&f, "metadata.namespace", "default");
	field_is(&f, "metadata.uid", "uid-1");
	field_is(&f, "metadata.labels['a']", "1");
	field_is(&f, "metadata.labels['none']", "");
	field_is(&f, "metadata.annotations['plain']", "x");
	field_is(&f, "metadata.labels", "a=\"1\"\nb=\"2\"");
	field_is(&f, "metadata.annotations", "note=\"say \\\"hi\\\"\\n\"\nplain=\"x\"");
	field_is(&f, "spec.nodeName", "node-1");
	field_is(&f, "spec.serviceAccountName", "default");
	field_is(&f, "status.hostIP", "192.0.2.1");
	field_is(&f, "status.podIP", "10.85.0.2");
	field_is(&f, "status.podIPs", "10.85.0.2,fd85::2");
}

static void a_field_that_is_not_known_is_an_error(void)
{
	static const char *const paths[] = {"metadata.labels['", "metadata.labels['']",
		"metadata.labels[a]", "status.phase", "metadata.labelsx['a']", ""};
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD "    env: [{name: A, valueFrom: {fieldRef: {fieldPath: "
					  "metadata.name}}}]\n"));
	for (size_t i = 0; i < RF_ARRAY_LEN(paths); i++) {
		const struct kube_env *env = fixture_container(&f)->env.items;
		struct kube_field_ref ref = *env->value_from->field_ref;
		AUTO_BUF out = {.data = NULL};

		ref.field_path = rf_str_of(paths[i]);
		CHECK_INT(env_field(&f.pod, &ref, &out, &f.diags), RF_EINPUT);
	}
	CHECK_INT(f.diags.error_count, RF_ARRAY_LEN(paths));
	CHECK_INT(f.diags.list.items[0].pos.line, 9);
}

static void host_network_pods_have_the_nodes_name_and_address(void)
{
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD "  hostNetwork: true\n"));
	field_is(&f, "status.podIP", "192.0.2.1");
	CHECK(rf_str_is(env_hostname(&f.pod), "node-1"));
}

static void long_host_names_are_cut_to_63_without_a_dash_at_the_end(void)
{
	FIXTURE f;

	REQUIRE(fixture_load(&f,
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa--bbb\n"
		"spec: {containers: [{name: c, image: i}]}\n"));
	CHECK_INT(env_hostname(&f.pod).len, 61);
}

static void resource_is(
	const struct fixture *f, const char *resource, const char *divisor, const char *want)
{
	struct kube_resource_ref ref = {.resource = rf_str_of(resource)};
	AUTO_BUF out = {.data = NULL};

	if (divisor) {
		ref.divisor.set = true;
		ref.divisor.milli = strcmp(divisor, "1m") == 0 ? 1 : INT64_C(1048576000);
	}
	CHECK_INT(env_resource(&f->pod, &ref, fixture_container(f), &out, NULL), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), want);
}

static void resources_are_divided_and_rounded_up(void)
{
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD "    resources: {limits: {cpu: 1500m, memory: 100M}, "
					  "requests: {cpu: 250m}}\n"));
	resource_is(&f, "limits.cpu", NULL, "2");
	resource_is(&f, "limits.cpu", "1m", "1500");
	resource_is(&f, "requests.cpu", NULL, "1");
	resource_is(&f, "limits.memory", NULL, "100000000");
	resource_is(&f, "limits.memory", "1Mi", "96");
	resource_is(&f, "requests.memory", NULL, "100000000"); /* the limit stands in */
}

static void limits_that_are_unset_are_the_machines(void)
{
	char cpus[32];
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD));
	snprintf(cpus, sizeof(cpus), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	resource_is(&f, "limits.cpu", NULL, cpus);
	resource_is(&f, "requests.cpu", NULL, "0");
	resource_is(&f, "requests.memory", NULL, "0");
}

static void a_resource_of_another_container_is_named(void)
{
	BUILT b = build(POD_HEAD
		"    env:\n"
		"    - {name: A, valueFrom: {resourceFieldRef: {containerName: d, resource: "
		"limits.cpu}}}\n"
		"    - {name: B, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}\n");

	CHECK_INT(b.rc, RF_EINPUT);
	CHECK(strstr(fixture_said(&b.f), "10 resourceFieldRef: expected containerName"));
	CHECK(strstr(fixture_said(&b.f), "11 resource \"limits.gpu\" is not known here"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(references_expand_as_in_kubernetes);
	RUN(an_expansion_that_grows_without_end_is_refused);
	RUN(later_sources_win_and_each_name_is_there_once);
	RUN(path_has_a_default_and_the_image_is_out_of_sight_of_references);
	RUN(env_sees_what_comes_before_it_only);
	RUN(keys_come_from_config_maps_and_secrets);
	RUN(everything_that_is_missing_is_reported_where_it_is_named);
	RUN(a_value_with_a_nul_byte_is_refused);
	RUN(services_of_the_namespace_are_linked);
	RUN(service_links_can_be_turned_off);
	RUN(fields_of_the_pod_are_text);
	RUN(a_field_that_is_not_known_is_an_error);
	RUN(host_network_pods_have_the_nodes_name_and_address);
	RUN(long_host_names_are_cut_to_63_without_a_dash_at_the_end);
	RUN(resources_are_divided_and_rounded_up);
	RUN(limits_that_are_unset_are_the_machines);
	RUN(a_resource_of_another_container_is_named);
	return TAP_END();
}
