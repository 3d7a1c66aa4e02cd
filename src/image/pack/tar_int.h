/*
 * Writes a tar as a list of pieces: headers of its own, and content where the caller has it, which
 * is neither copied nor changed. ustar, with a pax header where a name does not fit (POSIX.1-2017,
 * pax, "ustar Interchange Format").
 */
#ifndef RF_IMAGE_PACK_TAR_INT_H
#define RF_IMAGE_PACK_TAR_INT_H

#include "base/arena.h"
#include "base/vec.h"

RF_VEC_TYPE(pack_pieces, struct rf_str);

struct pack_tar {
	struct rf_arena *arena; /* for headers */
	struct pack_pieces pieces;
	uint64_t size;
	int64_t mtime_s; /* of every entry */
	bool failed;	 /* memory ran out, or a file is too large; later calls do nothing */
};

void pack_tar_done(struct pack_tar *tar);

/* A directory; path is relative and has no '/' at its end. */
void pack_tar_add_dir(struct pack_tar *tar, struct rf_str path, unsigned mode);
void pack_tar_add_symlink(struct pack_tar *tar, struct rf_str path, struct rf_str link);
/* A file of one piece, or of several: their bytes stay the caller's, as long as the pieces. */
void pack_tar_add_file(
	struct pack_tar *tar, struct rf_str path, unsigned mode, struct rf_str content);
void pack_tar_add_pieces(struct pack_tar *tar, struct rf_str path, unsigned mode,
	const struct pack_pieces *content, uint64_t size);
/* The two empty blocks. */
void pack_tar_end(struct pack_tar *tar);

#endif
