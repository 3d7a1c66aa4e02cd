/* An image under construction: what goes into its layer, and the blobs that come of it. */
#ifndef RF_IMAGE_PACK_PACK_INT_H
#define RF_IMAGE_PACK_PACK_INT_H

#include "image/pack/pack.h"
#include "image/pack/tar_int.h"

/* Who put it there decides how it is judged. */
enum pack_origin {
	PACK_PROGRAM, /* the program itself */
	PACK_GIVEN,   /* a file that the caller named */
	PACK_PUBLIC,  /* made here, certificates, time zones: no secrets are looked for */
};

struct pack_entry {
	struct rf_str path; /* in the image, relative and clean */
	struct rf_str content;
	struct rf_str link;   /* of a symbolic link; "" for others */
	struct rf_str source; /* for messages; "" when it comes from nowhere */
	unsigned mode;
	enum pack_origin origin;
	bool is_dir;
};

struct pack_tree {
	struct rf_arena *arena; /* for names and small content */
	RF_VEC(struct pack_entry) entries;
	RF_VEC(char *) loaded; /* content of files */
	uint64_t bytes;
};

void pack_tree_done(struct pack_tree *tree);
/* path as the user wrote it. Everything is copied but content, which must live as long. */
int pack_tree_add(struct pack_tree *tree, const char *path, const struct pack_entry *entry,
	struct rf_err *err) RF_MUST_USE;
/* A whole regular file; the content is the tree's. */
int pack_tree_load(struct pack_tree *tree, int dir_fd, const char *path, struct rf_str *ret,
	unsigned *ret_mode, struct rf_err *err) RF_MUST_USE;
/* Adds the directories that entries are in, sorts, refuses what is there twice. */
int pack_tree_finish(struct pack_tree *tree, struct rf_err *err) RF_MUST_USE;
void pack_tree_write(const struct pack_tree *tree, struct pack_tar *tar);

/* The files of the options: SRC:DST[:MODE], certificates, time zones, passwd and group. */
int pack_add_files(
	struct pack_tree *tree, const struct pack_opts *opts, struct rf_err *err) RF_MUST_USE;

/* Refuses secrets in what was given and in the environment. RF_EDENIED says which, and where. */
int pack_check_secrets(
	const struct pack_tree *tree, const struct pack_opts *opts, struct rf_err *err) RF_MUST_USE;
/* Refuses a program that cannot run alone or is for another platform. */
int pack_check_program(const char *name, struct rf_str content, const char *platform,
	const char **ret_architecture, struct rf_err *err) RF_MUST_USE;

#endif
