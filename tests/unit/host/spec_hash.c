/* What makes `apply` start a pod anew. */
#include "host/pod.h"
#include "tests/lib/tap.h"

/* A bare Pod keeps its name whatever is in it, so that only the hash can tell. */
static uint64_t hash_of(const char *labels, const char *spec)
{
	struct kube_set set;
	struct kube_pods pods = {.list = {.count = 0}};
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_err err = {.msg = ""};
	AUTO_BUF text = {0};
	uint64_t hash = 0;

	rf_buf_addf(&text,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {%s}}\nspec: %s\n", labels,
		spec);
	if (kube_set_init(&set, &err) < 0)
		return 0;
	if (kube_load_text(&set, rf_buf_str(&text), "t", &diags, &err) == RF_OK &&
		kube_pods_expand(&set, false, &pods, &err) == RF_OK && pods.list.count == 1)
		hash = pod_spec_hash(&pods.list.items[0]);
	CHECKF(hash != 0, "%s", diags.list.count ? diags.list.items[0].msg : err.msg);
	kube_pods_done(&pods);
	kube_set_done(&set);
	return hash;
}

#define ONE "{containers: [{name: c, image: i}]}"

static void equal_pods_are_equal(void)
{
	CHECK(hash_of("a: b", ONE) == hash_of("a: b", ONE));
}

static void a_changed_spec_is_told(void)
{
	CHECK(hash_of("a: b", ONE) != hash_of("a: b", "{containers: [{name: c, image: j}]}"));
}

static void a_field_of_the_container_is_not_one_of_the_pod(void)
{
	CHECK(hash_of("a: b", "{containers: [{name: c, image: i}], "
			      "securityContext: {runAsUser: 5}}") !=
		hash_of("a: b", "{containers: [{name: c, image: i, "
				"securityContext: {runAsUser: 5}}]}"));
}

static void keys_and_values_of_labels_are_told(void)
{
	CHECK(hash_of("a: b", ONE) != hash_of("a: c", ONE));
	CHECK(hash_of("a: b", ONE) != hash_of("c: b", ONE));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(equal_pods_are_equal);
	RUN(a_changed_spec_is_told);
	RUN(a_field_of_the_container_is_not_one_of_the_pod);
	RUN(keys_and_values_of_labels_are_told);
	return TAP_END();
}
