/* What the files that build a picture share. */
#ifndef RF_DATAPLANE_DESIRED_INT_H
#define RF_DATAPLANE_DESIRED_INT_H

#include "dataplane/desired.h"
#include "dataplane/table.h"

#define CLASS_UNUSED 0U

/* A class of the policy as the kernel gets it. */
struct desired_class {
	uint32_t id;	   /* CLASS_UNUSED: no address has it */
	bool is_pod;	   /* an address of a pod has it */
	bool used_outside; /* a range of external addresses has it */
	bool bound;	   /* its egress forbids something of what it could ask for */
	const struct picture_chain *source, *dest;
};

struct desired {
	const struct fence_config *config;
	struct policy *policy;
	const struct picture *held;
	struct picture *picture;
	struct fence_stats *stats;
	struct desired_class *classes; /* by class of the policy */
	RF_VEC(uint32_t) used;	       /* classes with a number, in the policy's order */
	/* Of each address of each pod, in their order; POLICY_NO_CLASS: not the pod's own. */
	RF_VEC(uint32_t) address_classes;
	struct rf_map port_sets; /* content -> number, of held and new ones */
	uint32_t last_port_set;	 /* the highest number in use */
	uint32_t *row;		 /* scratch: a port set for each of used */
};

/* classes.c: numbers for the classes in use. RF_OK, RF_ELIMIT, RF_EINTERNAL. */
int desired_number_classes(struct desired *d, struct rf_err *err) RF_MUST_USE;

/* pairs.c: a chain for each class as source and as destination, lists of pairs, port sets. */
void desired_add_pairs(struct desired *d);
/* The chains of a class that nothing binds. */
void desired_add_open_class(struct picture *picture, uint32_t id);

/* addresses.c: what leads from addresses to chains. */
void desired_add_pods(struct desired *d);
/* policy NULL: only the ranges whose addresses are nobody's unless a pod is known there. */
void desired_add_outside(struct picture *picture, const struct fence_config *config,
	const struct desired *d, enum rf_family family);

/* service.c */
void desired_add_services(struct picture *picture, const struct fence_services *services);

static inline struct rf_str desired_ip_key(const struct rf_ip *ip)
{
	return (struct rf_str){(const char *)ip->bytes, rf_family_len(ip->family)};
}

/* The set of a family: IPv6's follows IPv4's. */
static inline enum picture_set_kind desired_kind(enum picture_set_kind v4, enum rf_family family)
{
	return (enum picture_set_kind)((unsigned)v4 + (family == RF_IPV6));
}

#endif
