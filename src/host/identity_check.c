/*
 * What a pod asks for, and whether it can have it. Whoever may read the key follows from fsGroup or
 * from the users that the containers run as; modes are such that libpq and others that look at
 * them take the key.
 */
#include <limits.h>

#include "host/bundle.h"
#include "host/identity_volume_int.h"
#include "kube/selector.h"

#define NOTE_OFF "false"
#define NOTE_ON	 "true"

static const struct kube_meta *meta_of(const struct kube_pod *kube)
{
	return kube_kind_is_workload(kube->owner->kind) ? &kube->owner->workload->template_meta
							: &kube->owner->meta;
}

struct rf_str identity_volume_dir(const struct kube_pod *kube)
{
	struct rf_str value = kube_label(&meta_of(kube)->annotations, RF_STR(IDENTITY_NOTE));

	if (!value.ptr || rf_str_is(value, NOTE_OFF))
		return RF_STR_NONE;
	return rf_str_is(value, NOTE_ON) ? RF_STR(IDENTITY_DEFAULT_DIR) : value;
}

const struct kube_volume *identity_volume_first(const struct kube_pod_spec *spec)
{
	const struct kube_volume *volumes = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		if (volume_is_identity(&volumes[i]))
			return &volumes[i];
	}
	return NULL;
}

/* --- whose the files are --- */

/* The user of one container, where it is not root, which reads everything. */
static int add_user(struct image_store *images, const struct kube_pod *kube,
	const struct kube_container *container, struct identity_owner *owner, struct rf_err *err)
{
	AUTO_FREE struct harden_profile *profile = calloc(1, sizeof(*profile));
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_IMAGE *image = NULL;
	int rc;

	if (!profile)
		return rf_err_nomem(err);
	rc = image_find_kept(images, container->image.ptr, &image, err);
	if (rc == RF_OK)
		rc = bundle_profile(image, kube->spec, container, profile, &diags, err);
	if (rc < 0)
		return rc;
	if (owner->uid && profile->uid && owner->uid != profile->uid)
		return rf_err_set(err, RF_EDENIED,
			"containers run as users %u and %u: set fsGroup for the key to be readable "
			"by both and by nobody else",
			owner->uid, profile->uid);
	if (profile->uid)
		owner->uid = profile->uid;
	return RF_OK;
}

static int add_users(struct image_store *images, const struct kube_pod *kube,
	const struct doc_list *list, struct identity_owner *owner, struct rf_err *err)
{
	const struct kube_container *containers = list->items;
	int rc = RF_OK;

	for (size_t i = 0; i < list->count && rc == RF_OK; i++)
		rc = add_user(images, kube, &containers[i], owner, err);
	return rc;
}

int identity_owner_find(struct image_store *images, const struct kube_pod *kube,
	struct identity_owner *ret, struct rf_err *err)
{
	const struct doc_int *group = &kube->spec->security.fs_group;
	int rc;

	if (group->set) {
		*ret = (struct identity_owner){
			.gid = (gid_t)group->value, .key_mode = 0640, .more = 0440};
		return RF_OK;
	}
	*ret = (struct identity_owner){.key_mode = 0400};
	rc = add_users(images, kube, &kube->spec->init_containers, ret, err);
	return rc == RF_OK ? add_users(images, kube, &kube->spec->containers, ret, err) : rc;
}

/* --- checks --- */

static bool is_beneath(struct rf_str path, struct rf_str dir)
{
	return rf_str_starts(path, dir) && (path.len == dir.len || path.ptr[dir.len] == '/');
}

static bool is_good_dir(struct rf_str dir)
{
	struct rf_str part, rest;

	if (dir.len < 2 || dir.len >= PATH_MAX || dir.ptr[0] != '/' ||
		memchr(dir.ptr, '\0', dir.len))
		return false;
	for (rest = (struct rf_str){dir.ptr + 1, dir.len - 1}; rest.ptr;) {
		rest = rf_str_cut(rest, '/', &part);
		if (part.len == 0 || rf_str_is(part, ".") || rf_str_is(part, ".."))
			return false;
	}
	return true;
}

static struct rf_pos note_pos(const struct kube_pod *kube)
{
	return doc_field_pos(doc_get(meta_of(kube)->node, "annotations"), IDENTITY_NOTE);
}

static int check_mounts(const struct kube_pod *kube, const struct doc_list *list, struct rf_str dir,
	struct rf_diags *diags)
{
	const struct kube_container *containers = list->items;
	int rc = RF_OK;

	for (size_t i = 0; i < list->count; i++) {
		const struct kube_mount *mounts = containers[i].volume_mounts.items;

		for (size_t j = 0; j < containers[i].volume_mounts.count; j++) {
			if (is_beneath(mounts[j].mount_path, dir))
				rc = rf_diag_add(diags, RF_ERROR, note_pos(kube),
					IDENTITY_NOTE ": container " RF_STR_FMT
						      " has a volume at " RF_STR_FMT " already",
					RF_STR_ARG(containers[i].name),
					RF_STR_ARG(mounts[j].mount_path));
		}
	}
	return rc;
}

static int check_dir(const struct kube_pod *kube, struct rf_str dir, struct rf_diags *diags)
{
	const struct doc_list *const lists[] = {
		&kube->spec->init_containers, &kube->spec->containers};
	int rc = RF_OK;

	if (!is_good_dir(dir))
		return rf_diag_add(diags, RF_ERROR, note_pos(kube),
			IDENTITY_NOTE ": expected \"true\" or the absolute path of a directory "
				      "in the containers, found \"" RF_STR_FMT "\"",
			RF_STR_ARG(dir));
	for (size_t i = 0; i < RF_ARRAY_LEN(lists); i++) {
		if (check_mounts(kube, lists[i], dir, diags) < 0 ||
			check_mounts(kube, lists[i], RF_STR(IDENTITY_API_DIR), diags) < 0)
			rc = RF_EINPUT;
	}
	return rc;
}

int identity_volume_check(
	struct image_store *images, const struct kube_pod *kube, struct rf_diags *diags)
{
	struct rf_str dir = identity_volume_dir(kube);
	const struct kube_volume *volume = identity_volume_first(kube->spec);
	struct rf_pos pos = dir.ptr || !volume ? note_pos(kube) : doc_pos(volume->node);
	struct identity_owner owner;
	struct rf_err err;

	if (!dir.ptr && !volume)
		return RF_OK;
	if (kube->spec->host_network.value)
		return rf_diag_add(diags, RF_ERROR, pos,
			"a pod with hostNetwork: true is the machine itself and has no identity of "
			"its own");
	if (dir.ptr && check_dir(kube, dir, diags) < 0)
		return RF_EINPUT;
	/* What else is wrong with images and users was said where containers were looked at. */
	if (identity_owner_find(images, kube, &owner, &err) == RF_EDENIED)
		return rf_diag_add(diags, RF_ERROR, pos, "%s", err.msg);
	return RF_OK;
}
