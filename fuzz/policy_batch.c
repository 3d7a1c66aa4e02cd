/*
 * Lines of probes: the scanner of the plain form and the JSON reader must give the same answer, and
 * every answer is one line.
 */
#include "kube/pods.h"
#include "policy/batch.h"

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

static const char model[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\n"
	"spec: {containers: [{name: m, image: m, ports: [{name: http, containerPort: 80}]}]}\n"
	"---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x}\n"
	"spec: {containers: [{name: m, image: m}]}\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	"metadata: {name: p, namespace: x}\n"
	"spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 90}]}]}\n";

static struct kube_set set;
static struct kube_pods pods;
static struct policy *policy;
static struct policy_refs refs;
static struct policy_batch fast, slow;

static void begin(void)
{
	struct rf_err err;

	MUST(kube_set_init(&set, &err) == RF_OK);
	MUST(kube_load_text(&set, rf_str_of(model), "model", NULL, &err) == RF_OK);
	MUST(kube_pods_expand(&set, true, &pods, &err) == RF_OK);
	MUST(policy_compile(&set, &pods, &policy, &err) == RF_OK);
	MUST(policy_refs_init(&refs, policy) == RF_OK);
	MUST(policy_batch_init(&fast, &refs) == RF_OK && policy_batch_init(&slow, &refs) == RF_OK);
	slow.slow_only = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rf_str line = {.ptr = (const char *)data, .len = size};
	AUTO_BUF one = {.max = 0}, other = {.max = 0};
	struct rf_err err;
	int code, code_slow;

	if (!policy)
		begin();
	if (size && memchr(data, '\n', size))
		return 0;
	code = policy_batch_line(&fast, line, &one, &err);
	code_slow = policy_batch_line(&slow, line, &other, &err);
	MUST(code == code_slow && rf_str_eq(rf_buf_str(&one), rf_buf_str(&other)));
	MUST(one.len && memchr(one.data, '\n', one.len) == one.data + one.len - 1);
	return 0;
}
