/* What random pods and random policies have in common: their words. */
#ifndef TESTS_LIB_RANDOM_INT_H
#define TESTS_LIB_RANDOM_INT_H

#include "tests/lib/random_model.h"

#define COUNT(a) ((unsigned)RF_ARRAY_LEN(a))

/* Where keys and values of labels and selectors come from; entries repeat to be frequent. */
struct random_words {
	const char *const *keys, *const *values;
	unsigned key_count, value_count;
};

extern const struct random_words random_pod_words, random_namespace_words;
extern const char *const random_namespaces[3], *const random_port_names[3],
						       *const random_protocols[3];
extern const uint16_t random_port_numbers[10];

const char *random_key(struct rng *rng, const struct random_words *words);
const char *random_value(struct rng *rng, const struct random_words *words);
/* Begins an object and its metadata; both are still open. */
void random_object_begin(
	struct json_writer *w, const char *api_version, const char *kind, const char *name);
void random_list_begin(struct json_writer *w);
/* One to shape->policy_count NetworkPolicies. */
void random_policy_items(struct rng *rng, struct json_writer *w, const struct random_shape *shape);

#endif
