/*
 * `proxy server --policy`: AuthorizationPolicies for a program that is no pod. Its namespace is that
 * of its own certificate's ID, its labels those of --label.
 */
#include "base/fd.h"
#include "cmd/proxy.h"
#include "mesh/cert.h"
#include "mesh/proxy/rules.h"

#define MAX_LABELS 64

struct subject {
	struct doc_pair labels[MAX_LABELS];
	struct doc_pairs pairs;
	char namespace[256], trust_domain[IDENTITY_DOMAIN_MAX + 1];
};

static int compare(const void *a, const void *b)
{
	const struct doc_pair *left = a, *right = b;

	return rf_str_cmp(left->key, right->key);
}

static int read_labels(const struct proxy_args *args, struct subject *ret, struct rf_err *err)
{
	if (args->labels.count > MAX_LABELS)
		return rf_err_set(err, RF_ELIMIT, "more than %d times --label", MAX_LABELS);
	rf_vec_each (text, &args->labels) {
		struct doc_pair *pair = &ret->labels[ret->pairs.count++];

		pair->value = rf_str_cut(rf_str_of(*text), '=', &pair->key);
		if (!pair->value.ptr || pair->key.len == 0)
			return rf_err_set(err, RF_EINPUT, "--label \"%s\": say KEY=VALUE", *text);
	}
	ret->pairs.items = ret->labels;
	qsort(ret->labels, ret->pairs.count, sizeof(ret->labels[0]), compare);
	return RF_OK;
}

/* "default" for a certificate whose ID is of another form, or that has none. */
static int read_identity(const struct proxy_args *args, struct subject *ret, struct rf_err *err)
{
	struct rf_str namespace = RF_STR("default"), account;
	AUTO_BUF text = {.max = CERT_MAX_BYTES};
	AUTO_CERTS *list = NULL;
	struct identity identity;
	int rc = rf_file_read(args->cert, &text, err);

	if (rc == RF_OK)
		rc = cert_read((struct rf_bytes){(const uint8_t *)rf_buf_cstr(&text), text.len},
			&list, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list->items[0].name_count; i++) {
		struct rf_str name = list->items[0].names[i].text;

		if (list->items[0].names[i].type != CERT_NAME_URI ||
			identity_parse(name, &identity, err) < 0)
			continue;
		(void)!rf_str_copy(
			identity.trust_domain, ret->trust_domain, sizeof(ret->trust_domain));
		(void)!identity_workload(&identity, &namespace, &account);
		break;
	}
	return rf_str_copy(namespace, ret->namespace, sizeof(ret->namespace))
		       ? RF_OK
		       : rf_err_set(err, RF_EINPUT, "the namespace of the certificate's ID");
}

static int load(const struct proxy_args *args, struct kube_set *set, struct rf_err *err)
{
	AUTO_DIAGS diags = {.error_count = 0};
	int rc = RF_OK;

	rf_vec_each (path, &args->policies) {
		if (rc == RF_OK)
			rc = kube_load_path(set, *path, &diags, err);
	}
	if (out_diags(&diags) && rc == RF_OK)
		rc = rf_err_set(err, RF_EINPUT, "--policy: nothing of it is in force");
	if (rc < 0)
		return rc;
	rf_vec_each (object, &set->objects) {
		if ((*object)->kind == KUBE_AUTHORIZATION_POLICY)
			return RF_OK;
	}
	/* A file that is just being written, or another one than was meant, lets nobody in. */
	return rf_err_set(err, RF_EINPUT, "--policy: there is no AuthorizationPolicy in it");
}

int proxy_give_policy(const struct proxy_args *args, struct proxy *proxy, struct rf_err *err)
{
	struct subject subject = {.namespace = ""};
	struct authz_workload workload;
	AUTO_BUF payload = {0};
	struct kube_set set;
	int rc = read_labels(args, &subject, err);

	if (rc == RF_OK)
		rc = read_identity(args, &subject, err);
	if (rc < 0)
		return rc;
	rc = kube_set_init(&set, err);
	if (rc < 0)
		return rc;
	rc = load(args, &set, err);
	workload = (struct authz_workload){.namespace = rf_str_of(subject.namespace),
		.labels = &subject.pairs,
		.trust_domain = rf_str_of(subject.trust_domain)};
	if (rc == RF_OK)
		proxy_policy_write(&set, &workload, &payload);
	if (rc == RF_OK)
		rc = payload.failed ? rf_err_nomem(err)
				    : proxy_set_policy(proxy, rf_buf_str(&payload), err);
	kube_set_done(&set);
	return rc;
}
