/* The store's inside: paths, references, locking and sweeping. */
#ifndef RF_IMAGE_STORE_INT_H
#define RF_IMAGE_STORE_INT_H

#include "base/buf.h"
#include "image/ref.h"
#include "image/store.h"

struct image_store {
	char *path;
};

/* Heap path: store path and the printf'ed rest; NULL when memory ran out. */
char *store_path(const struct image_store *store, const char *fmt, ...) RF_PRINTF(2, 3) RF_MUST_USE;

/* Waits for and takes the lock: a descriptor to close, or RF_E*. */
int store_lock(struct image_store *store, struct rf_err *err) RF_MUST_USE;

#define STORE_NAME_SIZE	 4096 /* a normalised name, a digest, or an absolute path */
#define STORE_STAMP_SIZE 128

struct store_ref {
	char name[STORE_NAME_SIZE];
	char stamp[STORE_STAMP_SIZE]; /* of a path; "" otherwise */
	struct image_digest digest;
};

/* The name under which text (a name or a path) is filed. */
int store_ref_name(
	const char *text, char out[static STORE_NAME_SIZE], struct rf_err *err) RF_MUST_USE;
/* What tells whether the file at path is still the same; RF_EABSENT when there is none. */
int store_stamp(
	const char *path, char out[static STORE_STAMP_SIZE], struct rf_err *err) RF_MUST_USE;
int store_ref_read(struct image_store *store, const char *name, struct store_ref *ret,
	struct rf_err *err) RF_MUST_USE;
int store_ref_write(
	struct image_store *store, const struct store_ref *ref, struct rf_err *err) RF_MUST_USE;
int store_ref_remove(struct image_store *store, const char *name, struct rf_err *err) RF_MUST_USE;
/* Calls fn for every reference until it returns other than 0, which is passed on. */
int store_refs_each(struct image_store *store,
	int (*fn)(void *ctx, const struct store_ref *ref, struct rf_err *err), void *ctx,
	struct rf_err *err) RF_MUST_USE;

/* Reads an image by digest; name is copied. */
int store_load(struct image_store *store, const struct image_digest *digest, struct rf_str name,
	struct image **ret, struct rf_err *err) RF_MUST_USE;

/* Empties tmp/ and takes away images without a name and layers without an image. Needs the lock. */
int store_sweep(struct image_store *store, struct rf_err *err) RF_MUST_USE;

#endif
