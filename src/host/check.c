/*
 * Everything that would keep a set of manifests from running here, found before anything starts:
 * fields, images, users, references.
 */
#include "host/check.h"

#include <unistd.h>

#include "host/bundle.h"
#include "host/dns.h"
#include "host/mesh_view.h"
#include "host/filter.h"
#include "host/identity_volume.h"
#include "mesh/authz/authz.h"
#include "mesh/authz/injection.h"

struct check {
	const struct host_config *config;
	struct image_store *images;
	struct plan plan;
	struct rf_diags *diags;
	size_t refused_count; /* of diags: findings from before containers were looked at */
};

static void check_env(const struct check *check, const struct kube_pod *pod,
	const struct kube_container *container)
{
	struct env_pod env = {.plan = &check->plan, .pod = pod, .uid = "", .node = ""};
	CLEANUP(env_list_done) struct env_list list = {0};

	if (env_build(&env, container, NULL, 0, &list, check->diags) < 0)
		return; /* said in diags */
}

/* A Localhost profile is read, and made into a filter, as it will be at the start. */
static int check_filter(const struct check *check, const struct kube_pod *pod,
	const struct kube_container *container, const struct harden_profile *profile,
	struct rf_err *err)
{
	const struct kube_profile *chosen = container->security.seccomp_profile;
	const struct filter_source source = {.root = check->config->seccomp_root};
	AUTO_FREE char *json = NULL;
	int rc;

	if (profile->seccomp != HARDEN_SECCOMP_LOCALHOST)
		return RF_OK;
	if (!chosen)
		chosen = pod->spec->security.seccomp_profile;
	rc = filter_make(&source, profile, &json, err);
	if (rc != RF_EINPUT && rc != RF_EABSENT)
		return rc;
	rf_diag_add(check->diags, RF_ERROR,
		doc_field_pos(chosen ? chosen->node : container->node, "localhostProfile"), "%s",
		err->msg);
	return RF_OK;
}

/* What else the container would not start without. */
static void check_start(const struct check *check, const struct kube_container *container,
	const struct image *image, const struct harden_profile *profile)
{
	unsigned long long missing = oci_missing_caps(profile);

	if (missing)
		rf_diag_add(check->diags, RF_ERROR,
			doc_field_pos(container->security.node, "capabilities"),
			"this machine cannot give the capabilities that are asked for (mask %llx)",
			missing);
	if (!container->command.count && !container->args.count &&
		!image->config.entrypoint.count && !image->config.cmd.count)
		rf_diag_add(check->diags, RF_ERROR, doc_field_pos(container->node, "image"),
			"image " RF_STR_FMT " has no entry point: set command",
			RF_STR_ARG(container->image));
}

/* Whether a finding says nothing new: its field is refused already, or it is of the whole pod. */
static bool is_known(const struct check *check, const struct rf_diag *found)
{
	for (size_t i = 0; i < check->diags->list.count; i++) {
		const struct rf_diag *d = &check->diags->list.items[i];

		if (d->severity == found->severity && d->pos.file == found->pos.file &&
			d->pos.line == found->pos.line && d->pos.col == found->pos.col &&
			(i < check->refused_count || strcmp(d->msg, found->msg) == 0))
			return true;
	}
	return false;
}

static int make_profile(const struct check *check, const struct kube_pod *pod,
	const struct kube_container *container, const struct image *image,
	struct harden_profile *ret, struct rf_err *err)
{
	AUTO_DIAGS found = {.error_count = 0};
	int rc = bundle_profile(image, pod->spec, container, ret, &found, err);

	rf_vec_each (d, &found.list) {
		if (!is_known(check, d))
			rf_diag_add(check->diags, d->severity, d->pos, "%s", d->msg);
	}
	/* What the profile refuses it has said itself; a user that is not there is in err. */
	if (rc == RF_EINPUT && !found.error_count)
		rf_diag_add(check->diags, RF_ERROR, doc_field_pos(container->node, "image"), "%s",
			err->msg);
	return rc;
}

static int check_container(const struct check *check, const struct kube_pod *pod,
	const struct kube_container *container, struct rf_err *err)
{
	struct harden_profile profile;
	AUTO_IMAGE *image = NULL;
	int rc;

	check_env(check, pod, container);
	if (dns_is_image(container->image))
		return RF_OK;
	rc = image_find_kept(check->images, container->image.ptr, &image, err);
	if (rc == RF_EABSENT) {
		rf_diag_add(check->diags, RF_ERROR, doc_field_pos(container->node, "image"),
			"image " RF_STR_FMT " is not on this machine: bring it in with `ringfence "
			"image import FILE --name " RF_STR_FMT "`",
			RF_STR_ARG(container->image), RF_STR_ARG(container->image));
		return RF_OK;
	}
	if (rc == RF_EINPUT)
		rf_diag_add(check->diags, RF_ERROR, doc_field_pos(container->node, "image"), "%s",
			err->msg);
	if (rc < 0)
		return rc == RF_EINPUT ? RF_OK : rc;
	rc = make_profile(check, pod, container, image, &profile, err);
	if (rc == RF_OK) {
		check_start(check, container, image, &profile);
		rc = check_filter(check, pod, container, &profile, err);
	}
	return rc == RF_EINPUT ? RF_OK : rc;
}

static int check_list(const struct check *check, const struct kube_pod *pod,
	const struct doc_list *list, struct rf_err *err)
{
	const struct kube_container *containers = list->items;

	for (size_t i = 0; i < list->count; i++) {
		int rc = check_container(check, pod, &containers[i], err);

		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static bool is_meshed(const struct check *check, const struct kube_pod *pod)
{
	return mesh_has_pod(check->plan.set, pod, check->config->mesh);
}

/* Annotations that only the mesh reads. */
static void check_mesh(const struct check *check, const struct kube_pod *pod)
{
	struct sidecar_faults faults;
	struct rf_err err;

	if (is_meshed(check, pod) && mesh_view_faults(pod, &faults, &err) < 0)
		rf_diag_add(check->diags, RF_ERROR, pod->owner->pos, "%s", err.msg);
}

static int check_pod(const struct check *check, const struct kube_pod *pod, struct rf_err *err)
{
	struct env_pod env = {.plan = &check->plan, .pod = pod, .uid = "", .node = ""};
	int rc = check_list(check, pod, &pod->spec->init_containers, err);

	if (rc == RF_OK)
		rc = check_list(check, pod, &pod->spec->containers, err);
	if (rc == RF_OK)
		rc = volume_check(&env, check->diags);
	if (rc == RF_OK || rc == RF_EINPUT) {
		int identity = identity_volume_check(check->images, pod, check->diags);

		rc = identity < 0 ? identity : rc;
	}
	check_mesh(check, pod);
	return rc == RF_EINPUT ? RF_OK : rc;
}

static int check_all(struct check *check, struct rf_err *err)
{
	rf_vec_each (pod, &check->plan.pods.list) {
		/* Pods of one workload are alike. */
		int rc = pod->ordinal ? RF_OK : check_pod(check, pod, err);

		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

static bool is_mesh_policy(const struct kube_object *object)
{
	return object->kind == KUBE_AUTHORIZATION_POLICY ||
	       object->kind == KUBE_PEER_AUTHENTICATION;
}

/* Whether some pod that the policy may be about is in the mesh. */
static bool has_meshed_pod(const struct check *check, const struct kube_object *policy)
{
	bool everywhere = rf_str_is(policy->meta.namespace, AUTHZ_ROOT_NAMESPACE);

	rf_vec_each (pod, &check->plan.pods.list) {
		if ((everywhere || rf_str_eq(pod->namespace, policy->meta.namespace)) &&
			is_meshed(check, pod))
			return true;
	}
	return false;
}

/* A policy that nobody enforces must not look as if it were in force. */
static void warn_of_mesh(const struct check *check, const struct kube_set *set)
{
	rf_vec_each (it, &set->objects) {
		if (!is_mesh_policy(*it) || has_meshed_pod(check, *it))
			continue;
		rf_diag_add(check->diags, RF_WARNING, (*it)->pos,
			"%s " RF_STR_FMT " is enforced nowhere: no pod of its namespace is in the "
			"mesh (label the namespace istio-injection: enabled, or run up --mesh)",
			kube_kind_name((*it)->kind), RF_STR_ARG((*it)->meta.name));
	}
}

int host_check(const struct host_config *config, const struct instance *inst, struct kube_set *set,
	struct rf_diags *diags, struct rf_err *err)
{
	struct check check = {.config = config, .diags = diags};
	struct plan_addresses addresses = {.arena = NULL};
	int rc = image_store_open(inst->images, &check.images, err);

	if (rc < 0)
		return rc;
	rc = plan_addresses_init(&addresses) < 0
		     ? rf_err_nomem(err)
		     : plan_make(set, &config->ranges, &addresses, &check.plan, diags, err);
	check.refused_count = diags->list.count;
	if (rc == RF_OK || (rc == RF_EINPUT && diags->error_count))
		rc = check_all(&check, err);
	warn_of_mesh(&check, set);
	plan_done(&check.plan);
	plan_addresses_done(&addresses);
	image_store_free(check.images);
	return rc;
}

int host_add_dns(struct kube_set *set, struct rf_diags *diags, struct rf_err *err)
{
	if (kube_find(set, KUBE_SERVICE, RF_STR("kube-system"), RF_STR("kube-dns")))
		return RF_OK;
	return kube_load_text(set, rf_str_of(dns_manifest), "<built-in DNS>", diags, err);
}
