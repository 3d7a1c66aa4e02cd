/* Who is in the mesh: label, annotation, namespace, in this order. */
#include "mesh/authz/injection.h"

#include "tests/unit/kube/kube_test.h"

#define NAMESPACE(label)                                                        \
	"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: " \
	"{istio-injection: " label "}}\n"
#define POD_WITH(meta, spec)                                                       \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop" meta \
	"}\nspec: {" spec "containers: [{name: c, image: i}]}\n"
#define LABEL(value)	  ", labels: {sidecar.istio.io/inject: " value "}"
#define ANNOTATION(value) ", annotations: {sidecar.istio.io/inject: " value "}"
#define PLAIN		  POD_WITH("", "")

static bool injected(const char *text)
{
	AUTO_LOADED l = loaded_of(text);
	struct kube_pods pods;
	bool in = false;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	if (kube_pods_expand(&l.set, true, &pods, NULL) == RF_OK && pods.list.count)
		in = mesh_injected(&l.set, &pods.list.items[0]);
	kube_pods_done(&pods);
	return in;
}

static void a_namespace_takes_its_pods_into_the_mesh(void)
{
	CHECK(!injected(PLAIN));
	CHECK(injected(NAMESPACE("enabled") PLAIN));
	CHECK(!injected(NAMESPACE("disabled") PLAIN));
	CHECK(!injected(NAMESPACE("'true'") PLAIN));
}

static void a_pods_label_overrides_its_namespace(void)
{
	CHECK(injected(POD_WITH(LABEL("'true'"), "")));
	CHECK(!injected(NAMESPACE("enabled") POD_WITH(LABEL("'false'"), "")));
	CHECK(injected(NAMESPACE("disabled") POD_WITH(LABEL("'true'"), "")));
}

static void an_annotation_counts_where_there_is_no_label(void)
{
	CHECK(injected(POD_WITH(ANNOTATION("'true'"), "")));
	CHECK(!injected(NAMESPACE("enabled") POD_WITH(ANNOTATION("'false'"), "")));
	CHECK(!injected(POD_WITH(LABEL("'false'") ANNOTATION("'true'"), "")));
}

static void yes_has_four_forms_and_empty_says_nothing(void)
{
	CHECK(injected(POD_WITH(LABEL("'y'"), "")) && injected(POD_WITH(LABEL("'ON'"), "")));
	CHECK(injected(POD_WITH(LABEL("'Yes'"), "")) && injected(POD_WITH(LABEL("'True'"), "")));
	CHECK(!injected(NAMESPACE("enabled") POD_WITH(LABEL("perhaps"), "")));
	CHECK(injected(NAMESPACE("enabled") POD_WITH(LABEL("''"), "")));
}

static void a_hostNetwork_pod_is_never_in_the_mesh(void)
{
	CHECK(!injected(NAMESPACE("enabled") POD_WITH(LABEL("'true'"), "hostNetwork: true, ")));
}

static void the_template_of_a_workload_decides_for_its_pods(void)
{
	CHECK(injected(
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {selector: "
		"{matchLabels: {app: a}}, template: {metadata: {labels: {app: a}, "
		"annotations: {sidecar.istio.io/inject: 'true'}}, spec: {containers: "
		"[{name: c, image: i}]}}}\n"));
}

static void a_pod_without_a_service_account_has_the_default_one(void)
{
	struct kube_pod_spec spec = {.node = NULL};
	struct kube_pod pod = {.spec = &spec};

	CHECK(rf_str_is(mesh_service_account(&pod), "default"));
	spec.service_account = RF_STR("old");
	CHECK(rf_str_is(mesh_service_account(&pod), "old"));
	spec.service_account_name = RF_STR("web");
	CHECK(rf_str_is(mesh_service_account(&pod), "web"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_namespace_takes_its_pods_into_the_mesh);
	RUN(a_pods_label_overrides_its_namespace);
	RUN(an_annotation_counts_where_there_is_no_label);
	RUN(yes_has_four_forms_and_empty_says_nothing);
	RUN(a_hostNetwork_pod_is_never_in_the_mesh);
	RUN(the_template_of_a_workload_decides_for_its_pods);
	RUN(a_pod_without_a_service_account_has_the_default_one);
	return TAP_END();
}
