/* A container's root: the image's layers below, a writable directory of its own above. */
#ifndef RF_HOST_OVERLAY_H
#define RF_HOST_OVERLAY_H

#include "image/store.h"

/*
 * Mounts at merged (made when absent). upper_dir holds "upper" and "work", made fresh: what an
 * earlier run wrote is removed, as a restarted container starts from its image.
 */
int overlay_mount(const struct image *image, const char *upper_dir, const char *merged,
	struct rf_err *err) RF_MUST_USE;
void overlay_release(const char *merged);

#endif
