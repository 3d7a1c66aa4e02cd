/*
 * Names of images, normalised as Docker does: `nginx` is `docker.io/library/nginx:latest`,
 * `shop/app:1.0` is `docker.io/shop/app:1.0`, `localhost:5000/a@sha256:...` keeps its host. The
 * first part is a host when it has a '.' or ':' or is "localhost". Grammar and lengths:
 * github.com/distribution/reference.
 */
#ifndef RF_IMAGE_REF_H
#define RF_IMAGE_REF_H

#include "base/err.h"
#include "base/str.h"

#define IMAGE_REF_SIZE	   512 /* a normalised name with its NUL */
#define IMAGE_REF_NAME_MAX 255 /* host and path */
#define IMAGE_REF_TAG_MAX  128

/* Writes the normalised name to out. RF_EINPUT, saying what is wrong, for what is no name. */
int image_ref_normalise(
	struct rf_str text, char out[static IMAGE_REF_SIZE], struct rf_err *err) RF_MUST_USE;

/* True for what is meant as a path: it begins with '/', './' or '../'. */
bool image_ref_is_path(struct rf_str text);

/* The "@sha256:..." of a normalised name, or an absent view. */
struct rf_str image_ref_digest(struct rf_str name);

#endif
