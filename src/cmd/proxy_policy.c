/*
 * `proxy server --policy`: AuthorizationPolicies for a program that is no pod. Its namespace is
 * that of its own certificate's ID, its labels those of --label.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/map.h"
#include "cmd/proxy.h"
#include "mesh/cert.h"
#include "mesh/proxy/rules.h"

#define MAX_LABELS 64
#define MAX_DEPTH  32 /* of directories whose files are looked at */

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
	if (rc < 0 || !list)
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

struct directory {
	const struct directory *parent;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

static uint64_t stamp_of(const char *path, const struct directory *parent);

/* Of the files in it that kube_load_path() reads, in any order. */
static uint64_t stamp_below(const char *path, const struct directory *here)
{
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	for (const struct directory *d = here->parent; d; d = d->parent) {
		if (d->dev == here->dev && d->ino == here->ino)
			return 0; /* a link back */
	}
	dir = here->depth < MAX_DEPTH ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *child = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strncmp(entry->d_name, "..", 2) == 0)
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			child = NULL;
		else
			sum += stamp_of(child, here);
	}
	if (dir)
		closedir(dir);
	return sum;
}

static uint64_t stamp_of(const char *path, const struct directory *parent)
{
	struct rf_str name = rf_str_of(path);
	struct directory here = {.parent = parent, .depth = parent ? parent->depth + 1 : 0};
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	here.dev = st.st_dev;
	here.ino = st.st_ino;
	if (S_ISDIR(st.st_mode))
		return stamp_below(path, &here);
	if (parent && !rf_str_ends(name, RF_STR(".yaml")) && !rf_str_ends(name, RF_STR(".yml")) &&
		!rf_str_ends(name, RF_STR(".json")))
		return 0;
	return rf_hash(&(const uint64_t[]){st.st_dev, st.st_ino, (uint64_t)st.st_size,
			       (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec},
		5 * sizeof(uint64_t));
}

uint64_t proxy_policy_stamp(const struct proxy_args *args)
{
	uint64_t sum = 0;

	rf_vec_each (path, &args->policies)
		sum += stamp_of(*path, NULL);
	return sum;
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
