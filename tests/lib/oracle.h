/*
 * A slow reference of NetworkPolicy, for comparison with src/policy: nested loops over policies,
 * rules, peers and ports, written from the API's documentation and sharing nothing with the engine
 * but the decoded objects. Selectors, labels of namespaces, named ports and address blocks are
 * worked out here again, in the plainest way.
 *
 * Source: k8s.io/api networking/v1 types.go; kubernetes.io, "Network Policies".
 */
#ifndef TESTS_LIB_ORACLE_H
#define TESTS_LIB_ORACLE_H

#include "kube/pods.h"

enum oracle_proto {
	ORACLE_TCP,
	ORACLE_UDP,
	ORACLE_SCTP,
	ORACLE_ICMP, /* and whatever else has no ports */
	ORACLE_PROTO_COUNT,
};

struct oracle {
	const struct kube_set *set;   /* borrowed */
	const struct kube_pods *pods; /* borrowed */
};

/* One end of a connection. */
struct oracle_end {
	const struct kube_pod *pod; /* NULL: nobody that we know */
	struct rf_ip ip;	    /* family RF_FAMILY_NONE: not known */
};

struct oracle_verdict {
	bool allowed, egress, ingress;
};

/*
 * Who holds an address: a pod that has not finished, or somebody outside. A node is told by the way
 * its packets come, so its bare address is an address outside.
 */
struct oracle_end oracle_end_of_ip(const struct oracle *oracle, const struct rf_ip *ip);

/* "May a connection go from here to there?" port is ignored for ORACLE_ICMP. */
struct oracle_question {
	struct oracle_end from, to;
	enum oracle_proto proto;
	uint16_t port;
};

struct oracle_verdict oracle_judge(
	const struct oracle *oracle, const struct oracle_question *question);

/* True when the policy isolates the end in that direction. */
bool oracle_policy_isolates(
	const struct kube_object *policy, const struct oracle_end *end, bool ingress);
/* True when some policy does. */
bool oracle_isolated(const struct oracle *oracle, const struct oracle_end *end, bool ingress);
/* True when one rule of a policy, by its index in ingress or egress, lets the connection pass. */
bool oracle_rule_allows(const struct oracle *oracle, const struct oracle_question *question,
	const struct kube_object *policy, bool ingress, size_t rule);

/* The API's name: "TCP", "UDP", "SCTP"; "ICMP". */
const char *oracle_proto_name(enum oracle_proto proto);

#endif
