/* The fence itself, for fence.c and its tests. */
#ifndef RF_DATAPLANE_FENCE_INT_H
#define RF_DATAPLANE_FENCE_INT_H

#include "dataplane/fence.h"
#include "dataplane/picture.h"

struct fence {
	struct fence_config config;
	char *table, *link_prefix; /* what config's strings point at */
	struct mnl_socket *socket;
	struct mnl_socket *guard; /* hears of changes of nftables */
	struct picture *held;
	uint32_t generation; /* 0: closed */
	bool damaged;	     /* somebody else has changed the table */
	bool stale_marks;    /* connections may still carry numbers from before the last wrap */
};

/* guard.c */
int guard_open(struct mnl_socket **ret, struct rf_err *err) RF_MUST_USE;

/* The whole table anew from a picture, in the place of one of the same name. */
int fence_replace_table(struct fence *fence, const struct picture *picture, uint32_t generation,
	struct fence_stats *stats, struct rf_err *err) RF_MUST_USE;

#endif
