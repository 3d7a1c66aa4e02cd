/* Manifests as a text, loaded and compiled: what most tests of policies begin with. */
#ifndef TESTS_LIB_WORLD_H
#define TESTS_LIB_WORLD_H

#include "policy/ref.h"

struct world {
	struct kube_set set;
	struct kube_pods pods;
	struct policy *policy;
	struct rf_diags diags;
	struct rf_err err;
};

/*
 * Loads text (name decides whether as YAML or JSON), expands and compiles. False when any of it
 * fails, or the text has errors: see diags and err. world_done() is due either way.
 */
bool world_load(struct world *world, struct rf_str text, const char *name) RF_MUST_USE;
void world_done(struct world *world);
#define AUTO_WORLD CLEANUP(world_done) struct world

/* Writes findings and error as TAP diagnostics. */
void world_say(const struct world *world);
/* Index of "namespace/name", or POLICY_NO_POD. */
uint32_t world_pod(const struct world *world, const char *name);

#endif
