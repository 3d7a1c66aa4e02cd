/* What identity_*.c share. */
#ifndef RF_HOST_IDENTITY_VOLUME_INT_H
#define RF_HOST_IDENTITY_VOLUME_INT_H

#include "host/identity_volume.h"
#include "host/volume_int.h"

/* The first volume with a certificate or roots of the pod's; NULL: there is none. */
const struct kube_volume *identity_volume_first(const struct kube_pod_spec *spec);

/* Whose the files are. */
struct identity_owner {
	uid_t uid;
	gid_t gid;
	mode_t key_mode, more; /* more: or-ed to the modes of other files */
};

/*
 * RF_EDENIED when there is no such owner; else what is wrong with an image or its user, which is
 * said where containers are looked at.
 */
int identity_owner_find(struct image_store *images, const struct kube_pod *kube,
	struct identity_owner *ret, struct rf_err *err) RF_MUST_USE;

#endif
