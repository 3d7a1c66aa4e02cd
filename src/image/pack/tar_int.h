/*
 * Writes a tar as a list of pieces: headers of its own, and content where the caller has it, which
 * is neither copied nor changed. ustar, with a pax header where a name does not fit (POSIX.1-2017,
 * pax, "ustar Interchange Format").
 */
#ifndef RF_IMAGE_PACK_TAR_INT_H
#define RF_IMAGE_PACK_TAR_INT_H

#include "base/arena.h"
#include "base/vec.h"

RF_VEC_TYPE(tar_pieces, struct rf_str);

struct tar {
	struct rf_arena *arena; /* for headers */
	struct tar_pieces pieces;
	uint64_t size;
	int64_t mtime_s; /* of every entry */
	bool failed;	 /* memory ran out, or a file is too large; later calls do nothing */
};

void tar_done(struct tar *tar);

/* A directory; path is relative and has no '/' at its end. */
void tar_add_dir(struct tar *tar, struct rf_str path, unsigned mode);
void tar_add_symlink(struct tar *tar, struct rf_str path, struct rf_str link);
/* A file of one piece, or of several: their bytes stay the caller's, as long as the pieces. */
void tar_add_file(struct tar *tar, struct rf_str path, unsigned mode, struct rf_str content);
void tar_add_pieces(struct tar *tar, struct rf_str path, unsigned mode,
	const struct tar_pieces *content, uint64_t size);
/* The two empty blocks. */
void tar_end(struct tar *tar);

#endif
