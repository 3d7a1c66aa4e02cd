/*
 * A layer as what it changes: entries added, names taken away (".wh.NAME") and directories whose
 * lower content is hidden (".wh..wh..opq"). OCI image-spec, layer.md. No file system here: the
 * sink decides what becomes of it (unpacking, scanning, counting).
 */
#ifndef RF_IMAGE_LAYER_H
#define RF_IMAGE_LAYER_H

#include "image/archive.h"

enum image_change {
	IMAGE_CHANGE_ADD,
	IMAGE_CHANGE_WHITEOUT, /* entry->path is the name that is hidden */
	IMAGE_CHANGE_OPAQUE,   /* entry->path is the directory */
};

struct image_layer_sink {
	/* 0 or RF_E*, which ends the walk. Content and xattrs are read from archive, if wanted. */
	int (*change)(void *ctx, enum image_change change, const struct image_entry *entry,
		struct image_archive *archive, struct rf_err *err);
	/* An entry that was left out, and why; may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Walks all of a layer's tar. Refused, with the entry's name: device nodes (below dev/ they are
 * left out with a note: every container has its own /dev), whiteouts that are not regular files,
 * paths through a ".wh." component, hard links to one. FIFOs and the metadata of aufs
 * (".wh..wh.*" in the root) are left out with a note.
 */
int image_layer_walk(const struct image_input *input, const struct image_layer_sink *sink,
	struct rf_err *err) RF_MUST_USE;

#endif
