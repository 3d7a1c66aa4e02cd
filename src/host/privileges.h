/*
 * The supervisor's capabilities: what it uses itself, and what its pods may be given, and no more.
 * A runtime that it starts can never hand out what was cut.
 */
#ifndef RF_HOST_PRIVILEGES_H
#define RF_HOST_PRIVILEGES_H

#include "harden/profile.h"

/*
 * Bits of the capabilities to keep for a set of pods: the supervisor's own, the defaults of
 * containers and everything that a container of the set names; all of them when one is privileged.
 */
uint64_t privileges_needed(const struct kube_set *set);
/* Cuts the bounding set to keep, for good; children inherit that. */
int privileges_cut(uint64_t keep, struct rf_err *err) RF_MUST_USE;
/* This process's bounding set. */
uint64_t privileges_bounding(void);

#endif
