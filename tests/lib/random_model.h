/*
 * Random manifests for comparing verdicts: few labels, few ports and few addresses, so that
 * selectors, rules and blocks meet often. The text is JSON (one List) and goes through the real
 * loader, so that absent, null and empty fields get their real defaults.
 *
 * Addresses: pods 10.0.0.1-9 and fd00::1-9, nodes 10.0.0.12-14 and fd00::c-e; further addresses
 * that nobody holds are in random_model_outside().
 */
#ifndef TESTS_LIB_RANDOM_MODEL_H
#define TESTS_LIB_RANDOM_MODEL_H

#include "base/ip.h"
#include "doc/json.h"

/* --- numbers --- */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0..n-1; n must not be 0. */
unsigned rng_below(struct rng *rng, unsigned n);
bool rng_chance(struct rng *rng, unsigned percent);
/* RF_SEED of the environment, or one from the clock; says which on standard output. */
uint64_t rng_seed(void);

/* --- models --- */

struct random_shape {
	unsigned pod_count;    /* 1..9 */
	unsigned policy_count; /* most policies */
	bool plain_pods;       /* every pod runs, with both addresses, in its own network */
	bool no_sctp;	       /* ports of pods: TCP and UDP only */
};

/* Appends {"apiVersion":"v1","kind":"List","items":[...]}. */
void random_model(struct rng *rng, const struct random_shape *shape, struct rf_buf *out);
/* The same, policies only. */
void random_policies(struct rng *rng, const struct random_shape *shape, struct rf_buf *out);

/* Addresses that no pod holds; *ret_count receives their number. */
const struct rf_ip *random_model_outside(size_t *ret_count);
/* Ports worth asking for; *ret_count receives their number. */
const uint16_t *random_model_ports(size_t *ret_count);

#endif
