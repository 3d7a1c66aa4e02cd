/*
 * gzip (RFC 1952) as a stream: one member after the other; what follows the last one is none of it,
 * as gzip(1) and Go see it.
 */
#ifndef RF_IMAGE_GUNZIP_H
#define RF_IMAGE_GUNZIP_H

#include "image/archive.h"

struct gunzip;

/* packed is copied; what its ctx points to must live as long. */
int gunzip_new(
	const struct image_input *packed, struct gunzip **ret, struct rf_err *err) RF_MUST_USE;
void gunzip_free(struct gunzip *gunzip);

/*
 * The next bytes, which live until the next call; 0 at the end. RF_EINPUT: damaged, cut off, or
 * what is inside is gzip once more.
 */
ssize_t gunzip_next(struct gunzip *gunzip, const void **ret_block, struct rf_err *err) RF_MUST_USE;

#endif
