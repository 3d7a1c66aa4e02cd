/*
 * Images on this machine. A store is a directory:
 *
 *	lock                        flock: held while somebody imports or removes
 *	refs/HEX.json               one a name: {"name", "digest", "stamp"}; HEX is the SHA-256 of
 *	                            the name; stamp tells a path's file as it was
 *	images/sha256-HEX/          config.json (canonical), config.raw and manifest.raw (as came)
 *	layers/sha256-DIFFID/       fs/: a layer unpacked, in overlayfs form, shared by images;
 *	                            bytes: the sum of its file sizes, as text; opaque: its opaque
 *	                            directories, each with a NUL (no such file: none)
 *	tmp/                        an import under way; emptied by the next one
 *
 * The store is 0700: layers hold setuid files that nobody on this machine should run.
 *
 * Everything is complete before a rename makes it visible; names come last. A process that dies at
 * any moment leaves the old state or the new one, and rubbish in tmp/ or unreferenced layers and
 * images that the next import or removal takes away. An image whose last name moves to another
 * image stays, named by its digest, as containers may run from it, until it is removed.
 */
#ifndef RF_IMAGE_STORE_H
#define RF_IMAGE_STORE_H

#include "base/vec.h"
#include "image/config.h"

#define IMAGE_OPAQUE_LIST   "opaque"
#define IMAGE_STORE_DEFAULT "/var/lib/ringfence/images"

struct image_store;

/* Opens, and makes when it is not there. path may be NULL: IMAGE_STORE_DEFAULT. */
int image_store_open(const char *path, struct image_store **ret, struct rf_err *err) RF_MUST_USE;
void image_store_free(struct image_store *store);
void image_store_freep(struct image_store **store);
#define AUTO_IMAGE_STORE CLEANUP(image_store_freep) struct image_store
/* Absolute. */
const char *image_store_path(const struct image_store *store);

struct image {
	struct rf_arena *arena; /* owns everything below */
	struct rf_str name;	/* the normalised name it was found by, or the absolute path */
	struct rf_str
		digest; /* "sha256:..." of the manifest, or of the config where there is none */
	struct image_config config;
	/* Absolute, bottom first, NUL-terminated. A layer that occurs more than once is listed at
	 * its topmost place only, which gives the same files (overlayfs takes none twice). */
	struct rf_str *layer_dirs;
	size_t layer_count;
	uint64_t unpacked_bytes; /* of all its layers */
};

void image_free(struct image *image);
void image_freep(struct image **image);
#define AUTO_IMAGE CLEANUP(image_freep) struct image

/*
 * Finds by name (normalised first), by "sha256:..." digest or, for what image_ref_is_path(), by
 * the file it was imported from, as long as that has not changed since. RF_EABSENT: import it.
 */
int image_find(struct image_store *store, const char *name_or_path, struct image **ret,
	struct rf_err *err) RF_MUST_USE;

/* The same, for an absolute path also when its file has changed or gone: what was imported last. */
int image_find_kept(struct image_store *store, const char *name_or_path, struct image **ret,
	struct rf_err *err) RF_MUST_USE;

/*
 * Whether the store has something under the name, path or digest, sound or not. What is known and
 * not found is damaged.
 */
bool image_is_known(struct image_store *store, const char *name_or_path);

struct image_row {
	char *name; /* normalised, or an absolute path */
	char *digest;
	char *created; /* RFC 3339 as the image says, or "" */
	size_t layer_count;
	uint64_t unpacked_bytes;
};

struct image_rows {
	RF_VEC(struct image_row) list; /* sorted by name */
};

void image_rows_done(struct image_rows *rows);
/* One row a name. */
int image_list(struct image_store *store, struct image_rows *ret, struct rf_err *err) RF_MUST_USE;

/*
 * Removes a name or path (a digest: all names of that image); the image goes with its last name,
 * layers with their last image. The caller makes sure that nothing runs from it. RF_EABSENT when
 * there is no such name.
 */
int image_remove(
	struct image_store *store, const char *name_or_path, struct rf_err *err) RF_MUST_USE;

#endif
