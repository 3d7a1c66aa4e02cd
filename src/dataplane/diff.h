/* The difference of two pictures as a batch. */
#ifndef RF_DATAPLANE_DIFF_H
#define RF_DATAPLANE_DIFF_H

#include "dataplane/fence.h"
#include "dataplane/picture.h"

/*
 * Appends what turns held into wanted; held NULL: the table is new (its fixed sets are there,
 * empty). *ret counts; the return value is true when connections that passed before may have to be
 * judged again: anything but Services and new addresses within the pod ranges of config.
 */
bool diff_pictures(struct nft_batch *batch, const struct picture *held,
	const struct picture *wanted, const struct fence_config *config, struct fence_stats *ret);

#endif
