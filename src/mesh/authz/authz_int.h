/* The compiled form, shared by compile.c (which makes it) and judge.c (which asks it). */
#ifndef RF_MESH_AUTHZ_AUTHZ_INT_H
#define RF_MESH_AUTHZ_AUTHZ_INT_H

#include "base/arena.h"
#include "base/map.h"
#include "mesh/authz/authz.h"

/* What of a connection is looked at. The first ones are strings, then addresses. */
enum authz_attr {
	AUTHZ_PRINCIPAL, /* without "spiffe://" */
	AUTHZ_NAMESPACE,
	AUTHZ_ACCOUNT, /* "/ns/NAMESPACE/sa/NAME" */
	AUTHZ_TRUST_DOMAIN,
	AUTHZ_SNI,
	AUTHZ_STRING_COUNT,
	AUTHZ_SOURCE_IP = AUTHZ_STRING_COUNT,
	AUTHZ_REMOTE_IP,
	AUTHZ_DESTINATION_IP,
	AUTHZ_IP_END,
	AUTHZ_PORT = AUTHZ_IP_END,
	AUTHZ_NO_ATTR,
};
#define AUTHZ_IP_COUNT (AUTHZ_IP_END - AUTHZ_STRING_COUNT)

/* The attributes that have an index: those below. */
#define AUTHZ_INDEX_COUNT 3

enum authz_pattern_kind {
	AUTHZ_EXACT,
	AUTHZ_PREFIX, /* "p*" */
	AUTHZ_SUFFIX, /* "*s" */
	AUTHZ_ANY,    /* "*": not empty */
};

struct authz_pattern {
	enum authz_pattern_kind kind;
	struct rf_str text; /* without its '*' */
};

/* A list of values; the attribute says which pointer counts. Borrowed from the set or the arena. */
struct authz_values {
	union {
		const struct authz_pattern *patterns;
		const struct rf_cidr *blocks;
		const uint16_t *ports;
	};
	size_t count;
};

/* One of the values and none of the not_values; an empty list asks for nothing. */
struct authz_test {
	enum authz_attr attr;
	struct authz_values values, not_values;
};

/* All of them must hold. */
struct authz_tests {
	struct authz_test *items;
	size_t count;
};

struct authz_rule {
	const struct kube_object *policy;
	uint32_t index; /* within its policy */
	struct rf_pos pos;
	struct authz_tests *operations; /* one of them must hold; count 0: any */
	size_t operation_count;
	struct authz_tests when;
};

/* A source of a rule, which is found by an index or by walking. */
struct authz_candidate {
	const struct authz_rule *rule; /* rules lie in one array: an earlier one is a lower one */
	struct authz_tests source;     /* without what the index has answered */
	const struct authz_candidate *next;
};

/* Policies of one action, in force or under dry-run. */
struct authz_group {
	const struct kube_object *first; /* policy that applies; NULL: none does */
	uint32_t policy_count;
	struct rf_map index[AUTHZ_INDEX_COUNT]; /* value -> first candidate, by rule */
	const struct authz_candidate *others;	/* by rule */
};

struct authz {
	struct rf_arena *arena;
	struct authz_group groups[2][KUBE_AUTHZ_AUDIT + 1]; /* by dry_run and action */
};

#endif
