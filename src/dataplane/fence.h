/*
 * The fence: the compiled policy as an nftables table of our own, over netlink. Nothing else on
 * the machine is flushed or re-marked; one change is one atomic batch, and only what differs from
 * what the kernel holds is sent.
 *
 * Shape of the table (docs/architecture.md has the figures): pod addresses are looked up in
 * verdict maps that lead to a chain of their class; the source's chain puts its class into bits of
 * the packet mark within FENCE_MARK_MASK, the destination's chain looks that mark up. Verdicts are
 * taken on the connection's own addresses (conntrack), so both directions of a flow get the same
 * one, and a flow remembers the generation of the policy that let it pass in bits of its
 * connection mark: after a change, every flow is judged once more.
 *
 * Source: linux/netfilter/nf_tables.h.
 */
#ifndef RF_DATAPLANE_FENCE_H
#define RF_DATAPLANE_FENCE_H

#include "policy/verdict.h"

struct fence;

/* Bits of the packet mark and of the connection mark that are ours. The others are kept. */
#define FENCE_MARK_MASK	  0x3fff0000U
#define FENCE_MAX_CLASSES 16383U
#define FENCE_NFLOG_GROUP 77U

struct fence_config {
	const char *table;	      /* "ringfence" */
	const char *link_prefix;      /* names of pods' host-side links begin so: "rf" */
	struct rf_cidr pod_ranges[2]; /* addresses of these ranges without a class are dropped */
	unsigned pod_range_count;
};

/* A Service's port with a ClusterIP. No endpoints: connections are refused. */
struct fence_endpoint {
	struct rf_ip ip;
	uint16_t port;
};

struct fence_service {
	struct rf_ip ip;
	enum policy_proto proto;
	uint16_t port;
	const struct fence_endpoint *endpoints;
	size_t endpoint_count;
};

struct fence_services {
	const struct fence_service *items;
	size_t count;
};

/* What a change cost. */
struct fence_stats {
	unsigned classes, pairs, elements_added, elements_removed, chains_changed;
	bool replaced; /* the table was not what we had left: all of it was made anew */
	uint64_t usec;
};

/*
 * Opens netlink and replaces any table of that name with one that lets nothing of the pod ranges
 * pass. RF_EDENIED without CAP_NET_ADMIN, RF_EUNSUPPORTED when the kernel lacks something (named).
 */
int fence_open(
	const struct fence_config *config, struct fence **ret, struct rf_err *err) RF_MUST_USE;
/* Closes; the table stays and keeps enforcing. NULL is accepted. */
void fence_close(struct fence *fence);

/*
 * Makes the kernel hold policy and services: the pods' addresses are those of policy_pods(). On
 * failure the kernel still holds what it held before.
 */
int fence_apply(struct fence *fence, struct policy *policy, const struct fence_services *services,
	struct fence_stats *ret, struct rf_err *err) RF_MUST_USE;

/*
 * Somebody else may take the table away or change it (`nft flush ruleset`): the descriptor is then
 * readable. True when that has happened; the next fence_apply() makes the whole table anew.
 */
int fence_watch_fd(const struct fence *fence);
bool fence_check(struct fence *fence);

/* Deletes the table of that name; absent is fine. */
int fence_remove(const char *table, struct rf_err *err) RF_MUST_USE;
bool fence_exists(const char *table);

#endif
