/* Service, ServiceAccount, Namespace, ConfigMap, Secret. */
#include "tests/unit/kube/kube_test.h"

static void a_Service_is_ClusterIP_over_TCP_unless_it_says_otherwise(void)
{
	AUTO_LOADED l = loaded_of(SERVICE("selector: {app: a}, ports: [{port: 80}, {name: dns, "
					  "port: 53, protocol: UDP, targetPort: domain}]"));

	REQUIRE(!loaded_first(&l));
	CHECK_STR(rf_buf_cstr(&l.said),
		"4:36 every port needs a name when a Service has more than one\n");
	loaded_done(&l);
	l = loaded_of(SERVICE("selector: {app: a}, ports: [{port: 80}]"));
	REQUIRE(loaded_first(&l));
	CHECK(rf_str_is(loaded_first(&l)->service->type, "ClusterIP"));
	CHECK(rf_str_is(
		((struct kube_service_port *)loaded_first(&l)->service->ports.items)->protocol,
		"TCP"));
	CHECK(!((struct kube_service_port *)loaded_first(&l)->service->ports.items)
			->target_port.set);
	CHECK_INT(loaded_first(&l)->service->selector.count, 1);
}

static void service_ports_are_checked(void)
{
	REFUSES(SERVICE("ports: []"), "needs at least one port");
	LOADS(SERVICE("clusterIP: None"));
	LOADS(SERVICE("type: ExternalName, externalName: db.example.com"));
	REFUSES(SERVICE("ports: [{port: 80, name: a}, {port: 80, name: b}]"),
		"port 80/TCP is given twice");
	LOADS(SERVICE("ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]"));
	REFUSES(SERVICE("ports: [{port: 80, name: a}, {port: 81, name: a}]"), "used twice");
	REFUSES(SERVICE("ports: [{port: 0}]"), "from 1 to 65535");
	REFUSES(SERVICE("ports: [{port: 80, targetPort: 0}]"), "targetPort: expected a port");
	REFUSES(SERVICE("ports: [{port: 80, targetPort: '8080'}]"), "must not be quoted");
	REFUSES(SERVICE("ports: [{port: 80, nodePort: 30000}]"), "needs type NodePort");
	LOADS(SERVICE("type: NodePort, ports: [{port: 80, nodePort: 30000}]"));
	REFUSES(SERVICE("ports: [{port: 80, protocol: TPC}]"), "expected one of TCP, UDP, SCTP");
}

static void service_types_and_addresses_are_checked(void)
{
	REFUSES(SERVICE("type: clusterip, ports: [{port: 1}]"), "expected one of ClusterIP");
	REFUSES(SERVICE("type: ExternalName"), "needs externalName");
	REFUSES(SERVICE("clusterIP: 10.0.0, ports: [{port: 1}]"), "expected an IP address or None");
	REFUSES(SERVICE("clusterIP: None, type: NodePort"), "clusterIP None needs type ClusterIP");
	REFUSES(SERVICE("ipFamilies: [ipv4], ports: [{port: 1}]"), "expected IPv4 and IPv6");
	REFUSES(SERVICE("type: LoadBalancer, loadBalancerSourceRanges: [x], ports: [{port: 1}]"),
		"is not an address block");
	REFUSES(SERVICE("sessionAffinity: Cookie, ports: [{port: 1}]"), "None, ClientIP");
	REFUSES("apiVersion: v1\nkind: Service\nmetadata: {name: 1st}\nspec: {clusterIP: None}\n",
		"\"1st\" is not a name for a Service");
}

static void a_ServiceAccount_is_decoded(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: "
				  "a}\nautomountServiceAccountToken: false\nimagePullSecrets: "
				  "[{name: r}]\nsecrets: [{name: t}]\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK(loaded_first(&l)->service_account->automount_service_account_token.set);
	CHECK(loaded_first(&l)->service_account->secrets != NULL);
	REFUSES("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nimagePullSecrets: "
		"[{nam: r}]\n",
		"did you mean \"name\"?");
}

static void a_Namespace_lies_in_no_namespace(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: "
				  "{finalizers: [kubernetes]}\nstatus: {phase: Active}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	CHECK(kube_find(&l.set, KUBE_NAMESPACE, RF_STR(""), RF_STR("a")) == loaded_first(&l));
	REFUSES("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n",
		"does not lie in a namespace");
	REFUSES("apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n", "not a name for");
}

static struct rf_str value_of(const struct loaded *l, const char *key)
{
	const struct kube_data *data = loaded_first(l) ? loaded_first(l)->data : NULL;

	for (size_t i = 0; data && i < data->count; i++) {
		if (rf_str_is(data->items[i].key, key))
			return data->items[i].value;
	}
	return RF_STR_NONE;
}

static void a_ConfigMap_has_text_and_bytes_sorted_by_key(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {z: "
				  "'1', app.conf: \"x\\ny\\n\", empty: ''}\nbinaryData: {b: "
				  "AAH/}\nimmutable: true\n");
	const struct kube_data *data;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	data = loaded_first(&l)->data;
	CHECK(data->count == 4 && data->immutable.value);
	CHECK(rf_str_is(data->items[0].key, "app.conf") && rf_str_is(data->items[3].key, "z"));
	CHECK(rf_str_is(value_of(&l, "app.conf"), "x\ny\n"));
	CHECK(value_of(&l, "empty").ptr && value_of(&l, "empty").len == 0);
	CHECK(value_of(&l, "b").len == 3 && memcmp(value_of(&l, "b").ptr, "\0\1\377", 3) == 0);
}

static void ConfigMap_values_are_strings_under_good_keys(void)
{
#define CONFIG_MAP(data) "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n" data "\n"
	SAYS(CONFIG_MAP("data: {port: 80, on: yes}"),
		"4:14 \"port\": expected a string, found an integer: quote it\n"
		"4:22 \"true\": expected a string, found a boolean: quote it\n");
	REFUSES(CONFIG_MAP("data: {port: 80}"), "quote it");
	REFUSES(CONFIG_MAP("data: {a/b: x}"), "\"a/b\" is not a key");
	REFUSES(CONFIG_MAP("data: {a: x}\nbinaryData: {a: eA==}"), "\"a\" is in data as well");
	REFUSES(CONFIG_MAP("data: [a]"), "expected a map");
	REFUSES(CONFIG_MAP("stringData: {a: x}"), "unknown field \"stringData\"");
}

static void Secret_data_is_base64_and_stringData_wins(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: "
				  "Opaque\ndata: {a: eA==, b: 'aGVsbG8=', c: '', d: "
				  "\"aGVs\\nbG8=\\n\"}\nstringData: {a: plain}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	CHECK(rf_str_is(value_of(&l, "a"), "plain"));
	CHECK(rf_str_is(value_of(&l, "b"), "hello"));
	CHECK(rf_str_is(value_of(&l, "d"), "hello"));
	CHECK(value_of(&l, "c").ptr && value_of(&l, "c").len == 0);
	CHECK(loaded_first(&l) && loaded_first(&l)->data->count == 4);
}

static void what_is_not_base64_is_refused(void)
{
#define SECRET(data) "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" data "\n"
	static const char *const bad[] = {"plain text", "eA",
		"eA=", "eA===", "e===", "eA==eA==", "eA=A", "e-A_", "=", "====", "A"};

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++) {
		AUTO_BUF text = {.data = NULL};

		rf_buf_addf(&text, SECRET("data: {a: '%s'}"), bad[i]);
		REFUSES(rf_buf_cstr(&text), "is not base64");
	}
}

static void a_message_never_shows_a_secret(void)
{
	AUTO_LOADED l = loaded_of(SECRET("data: {password: 'hunter2!'}"));
	AUTO_LOADED m = loaded_of(SECRET("stringData: {password: 4711}"));

	CHECK(l.diags.error_count == 1 && !strstr(rf_buf_cstr(&l.said), "hunter2"));
	CHECK(m.diags.error_count == 1 && !strstr(rf_buf_cstr(&m.said), "4711"));
}

static void types_of_Secrets_need_their_keys(void)
{
	LOADS(SECRET("type: kubernetes.io/tls\nstringData: {tls.crt: a, tls.key: b}"));
	REFUSES(SECRET("type: kubernetes.io/tls\nstringData: {tls.crt: a}"),
		"needs the key tls.key");
}

static void more_than_a_mebibyte_is_refused(void)
{
	AUTO_BUF text = {.data = NULL};

	rf_buf_add_c(&text, CONFIG_MAP("data:\n  a: \""));
	text.len--;
	for (int i = 0; i < (1 << 20) + 1; i++)
		rf_buf_add_char(&text, 'x');
	rf_buf_add_c(&text, "\"\n");
	REFUSES(rf_buf_cstr(&text), "at most 1048576 are allowed");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_Service_is_ClusterIP_over_TCP_unless_it_says_otherwise);
	RUN(service_ports_are_checked);
	RUN(service_types_and_addresses_are_checked);
	RUN(a_ServiceAccount_is_decoded);
	RUN(a_Namespace_lies_in_no_namespace);
	RUN(a_ConfigMap_has_text_and_bytes_sorted_by_key);
	RUN(ConfigMap_values_are_strings_under_good_keys);
	RUN(Secret_data_is_base64_and_stringData_wins);
	RUN(what_is_not_base64_is_refused);
	RUN(a_message_never_shows_a_secret);
	RUN(types_of_Secrets_need_their_keys);
	RUN(more_than_a_mebibyte_is_refused);
	return TAP_END();
}
