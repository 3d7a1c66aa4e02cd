/*
 * One file of an image after the other: what it is, is told by its name and its first bytes; what
 * it tells goes into the inventory. Everything runs in the confined scanner.
 */
#ifndef RF_IMAGE_SCAN_VISIT_INT_H
#define RF_IMAGE_SCAN_VISIT_INT_H

#include "base/buf.h"
#include "image/archive.h"
#include "image/go/exe.h"
#include "image/scan/inventory_int.h"
#include "image/secrets/secrets.h"

#define SCAN_MAX_FILE	  ((uint64_t)1 << 30)	/* bytes of a file that is read as a whole */
#define SCAN_HEAP_FILE	  ((size_t)4 << 20)	/* smaller ones are held in memory */
#define SCAN_SECRET_PIECE ((size_t)1 << 20)	/* text is searched in pieces of this size */
#define SCAN_MAX_TEXT	  ((uint64_t)256 << 20) /* longer texts are not searched */

#define SCAN_MAX_UNPACK	    ((uint64_t)2 << 30)	 /* bytes of all jars' content that is looked at */
#define SCAN_MAX_HOLES	    ((uint64_t)1 << 30)	 /* bytes of the holes in all files that are read */
#define SCAN_MAX_FILE_HOLES ((uint64_t)64 << 20) /* and in one of them */

#define SCAN_MAX_LINKS	    64 /* hard links of a layer that are read by their own name */
#define SCAN_MAX_LINK_WALKS 8  /* over a layer, for all of them */

/* A hard link whose name tells how to read it, and its target's does not. */
struct scan_link {
	char *path, *target;
	uint64_t before; /* the entry of the layer that it is */
	/* The entry that it leads to: 0 until one has been seen, and next where that is a link. */
	uint64_t seen;
	char *next;
	bool seen_file, found, read;
};

struct scan_links {
	RF_VEC(struct scan_link) list;
	uint64_t entry; /* of the layer: how many have come by */
};

struct scanner {
	struct inventory inv;
	bool search_secrets;
	struct secret_rules *rules; /* made when the first text is searched */
	int spool_fd;		    /* an unlinked file for what does not fit into memory */
	struct rf_buf buf;	    /* of the file being read */
	uint64_t unpacked;	    /* of SCAN_MAX_UNPACK */
	uint64_t holes;		    /* of SCAN_MAX_HOLES */
	struct scan_links links;    /* of the layer that is being read */
};

/* A file as a visitor sees it. */
struct scan_input {
	struct rf_str path; /* relative, or absolute for a single file */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size;
	/* A read-only mapping of the whole file, whose pages may be given back; else absent. */
	struct rf_bytes mapped;
	/* Pieces in order, holes left out; as image_archive_read(). */
	ssize_t (*read)(void *ctx, const void **ret_data, uint64_t *ret_offset, struct rf_err *err);
	void *ctx;
	struct rf_str capability; /* security.capability, "" without */
};

/* The rules, made when they are first needed. */
int scan_rules(struct scanner *scanner, struct rf_err *err) RF_MUST_USE;

int scan_visit(
	struct scanner *scanner, const struct scan_input *input, struct rf_err *err) RF_MUST_USE;
/* A directory: only its mode is of interest. */
int scan_visit_dir(struct scanner *scanner, struct rf_str path, mode_t mode, uid_t uid, gid_t gid,
	struct rf_err *err) RF_MUST_USE;

/* A Go program: modules, and which of their vulnerabilities are linked in. Others are no error, but
 * RF_EUNSUPPORTED is one that hides what it is made of. */
int scan_go(struct scanner *scanner, struct rf_str path, size_t *place, const struct go_exe *exe,
	struct rf_err *err) RF_MUST_USE;

/* All of a layer's tar. When there are links afterwards, scan_links_walk() takes the tar again. */
int scan_layer(
	struct scanner *scanner, const struct image_input *tar, struct rf_err *err) RF_MUST_USE;

/* --- hard links that are read by their own name (visit_links.c) --- */

/* An entry that a layer adds; links of that name are void. */
void scan_links_entry(struct scan_links *links, struct rf_str path);
/* The entry is a hard link. */
int scan_links_add(struct scanner *scanner, struct rf_str path, struct rf_str target,
	struct rf_err *err) RF_MUST_USE;
/* Walks the layer once more, and takes links away that are done with. */
int scan_links_walk(
	struct scanner *scanner, const struct image_input *tar, struct rf_err *err) RF_MUST_USE;
/* The layer's end: says what was not read. */
void scan_links_end(struct scanner *scanner);
void scan_links_done(struct scan_links *links);

/*
 * All below dir_fd, which stays the caller's. overlay: the directory is a layer as overlayfs wants
 * it, so devices 0:0 are whiteouts. What is opaque in it has been told before.
 */
int scan_directory(
	struct scanner *scanner, int dir_fd, bool overlay, struct rf_err *err) RF_MUST_USE;

#endif
