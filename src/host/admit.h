/*
 * What the supervisor lets start. Behind a gate an image is started only when there is a verdict on
 * it that lets it run: by this gate's rule and the database of the moment, remembered by whoever
 * asked (host/judge.h), since the supervisor looks into no image itself. A name then means the
 * image that was admitted by it, whatever it is moved to afterwards.
 */
#ifndef RF_HOST_ADMIT_H
#define RF_HOST_ADMIT_H

#include "host/host_int.h"

/*
 * Admits the images that the first count objects of set name. One that was not judged, or is
 * refused, is an error in diags at the place that names it; one that is not in the store is left to
 * host_check(). RF_E* when the gate itself cannot be asked.
 */
int admit_objects(struct host *host, const struct kube_set *set, size_t count,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/*
 * The image that a container starts from: before, its image of the start before (NULL: the first
 * one), when there is a gate. RF_EDENIED: its name was not admitted.
 */
int admit_find_image(struct host *host, const struct kube_container *spec,
	const struct image *before, struct image **ret, struct rf_err *err) RF_MUST_USE;

void admit_done(struct host *host);

#endif
