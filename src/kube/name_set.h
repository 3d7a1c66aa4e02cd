/*
 * A set of names that is usually tiny: the first few are compared one by one, more go into a map,
 * so that a manifest with a hundred thousand entries costs no more than its length.
 */
#ifndef RF_KUBE_NAME_SET_H
#define RF_KUBE_NAME_SET_H

#include "base/map.h"

#define NAME_SET_SMALL 8

/* Zeroed memory is an empty set. The names' bytes are the caller's. */
struct name_set {
	struct rf_str small[NAME_SET_SMALL];
	size_t count;
	struct rf_map map; /* in use when count is over NAME_SET_SMALL */
	bool nomem;
};

void name_set_done(struct name_set *set);
/* False when name was there already. */
bool name_set_add(struct name_set *set, struct rf_str name);
bool name_set_has(const struct name_set *set, struct rf_str name);

#define AUTO_NAME_SET CLEANUP(name_set_done) struct name_set

#endif
