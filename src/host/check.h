/* What can be known before anything starts. */
#ifndef RF_HOST_CHECK_H
#define RF_HOST_CHECK_H

#include "host/host_int.h"

/*
 * Loads nothing, changes nothing, says in diags all that would keep the set from running here:
 * fields, images, users, references. RF_OK also when something was found: see diags->error_count.
 */
int host_check(const struct host_config *config, const struct instance *inst, struct kube_set *set,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/* Adds the built-in DNS when the set has no Service kube-system/kube-dns. */
int host_add_dns(struct kube_set *set, struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

#endif
