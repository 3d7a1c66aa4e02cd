/*
 * Images that manifests name by the path of an archive or a layout: "/images/app.tar", or
 * "./app.tar" and "../app.tar", which are taken from the manifest's own directory.
 */
#ifndef RF_HOST_IMAGE_PATHS_H
#define RF_HOST_IMAGE_PATHS_H

#include "base/diag.h"
#include "kube/load.h"

struct image_path {
	struct rf_str path; /* absolute, NUL-terminated; in the set's arena */
	struct rf_pos pos;  /* of the image: that names it first */
};

RF_VEC_TYPE(image_paths, struct image_path); /* free with rf_vec_done() */

/*
 * Makes every such image: of the set absolute, and lists each path once. What is not there is an
 * error in diags. To be called where the manifests were read from: relative names of files are
 * taken from the working directory. RF_OK, RF_EINTERNAL.
 */
int image_paths_find(
	struct kube_set *set, struct image_paths *ret, struct rf_diags *diags) RF_MUST_USE;

#endif
