/* What the kernel shall hold, from a compiled policy and Services. */
#ifndef RF_DATAPLANE_DESIRED_H
#define RF_DATAPLANE_DESIRED_H

#include "dataplane/fence.h"
#include "dataplane/picture.h"

/* All borrowed. */
struct desired_input {
	const struct fence_config *config;
	struct policy *policy;
	const struct fence_services *services; /* NULL: none */
	const struct picture *held;
};

/*
 * The picture of a policy and Services. Classes and port sets keep the numbers that they have in
 * held, so that the difference to it is small: a class is known again by its addresses, a port set
 * by its ports. RF_ELIMIT with more than FENCE_MAX_CLASSES classes in use.
 */
int desired_build(const struct desired_input *input, struct picture **ret,
	struct fence_stats *stats, struct rf_err *err) RF_MUST_USE;
/* The picture of the closed table: nothing of the pod ranges passes. NULL without memory. */
struct picture *desired_closed(const struct fence_config *config) RF_MUST_USE;

#endif
