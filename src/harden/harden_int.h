/*
 * What the files of this folder share: the container being worked on, and how a field is refused.
 * Each file fills in its part of the profile and goes on after an error, so that one run reports
 * everything.
 */
#ifndef RF_HARDEN_HARDEN_INT_H
#define RF_HARDEN_HARDEN_INT_H

#include "harden/profile.h"

struct harden_work {
	const struct kube_pod_spec *pod;
	const struct kube_container *container;
	const struct harden_image_user *user;
	struct harden_profile profile;
	struct rf_diags *diags;
	bool failed;
};

/*
 * Reports an error, once: pods of one template, and containers of one pod, share the fields of the
 * pod, and the same line twice helps nobody.
 */
void harden_refuse(struct harden_work *work, struct rf_pos pos, const char *fmt, ...)
	RF_PRINTF(3, 4);

/* The position of the index-th item of the list under key; of the key when it has fewer. */
struct rf_pos harden_item_pos(const struct doc_node *node, const char *key, size_t index);

/* uid, gid and groups; runAsNonRoot. */
void harden_fill_user(struct harden_work *work);
/* Capability sets, no_new_privileges, privileged. */
void harden_fill_caps(struct harden_work *work);
/* memory, cpu, pids, oom_score_adj. */
void harden_fill_limits(struct harden_work *work);

static inline uint64_t harden_cap_bit(int number)
{
	return (uint64_t)1 << number;
}

#endif
