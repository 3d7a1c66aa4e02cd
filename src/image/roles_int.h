/*
 * The two confined children of an import, and what they say. "image-read" sees the archive and
 * answers with the image chosen; "image-unpack" sees one layer's bytes and one empty directory.
 */
#ifndef RF_IMAGE_ROLES_INT_H
#define RF_IMAGE_ROLES_INT_H

#include "image/select.h"
#include "proc/frame.h"
#include "proc/role.h"

enum image_msg {
	/* to image-read: u64 enum image_read_mode, str select, str prefer, str platform ("" is
	 * none), u64 any platform;
	 * descriptors: archive and spool file (IMAGE_READ_ARCHIVE only) */
	IMAGE_MSG_READ = 1,
	/* from image-read: str name of a file of the layout, wanted for reading */
	IMAGE_MSG_WANT,
	/* to image-read: the file's descriptor; or none, when there is no such file */
	IMAGE_MSG_MEMBER,
	IMAGE_MSG_MANIFEST, /* from image-read: raw bytes */
	IMAGE_MSG_CONFIG,   /* from image-read: raw bytes */
	IMAGE_MSG_IMAGE,    /* from image-read: see image_choice_put(); the last */
	/* to image-unpack: see image_job_put(); descriptors: the bytes, the directory, the lock */
	IMAGE_MSG_UNPACK,
	IMAGE_MSG_PROGRESS, /* from image-unpack: u64 stored bytes read */
	IMAGE_MSG_NOTE,	    /* from image-unpack: str */
	IMAGE_MSG_OPAQUE,   /* from image-unpack: str path of a directory */
	IMAGE_MSG_DONE,	    /* from image-unpack: u64 bytes of files; the last */
	IMAGE_MSG_FAILED,   /* from either: an error; the last */
};

enum image_read_mode {
	IMAGE_READ_ARCHIVE,
	IMAGE_READ_DIRECTORY,
};

/* What image-read found, as the parent needs it. Names and layers live in an arena. */
struct image_found {
	bool spooled; /* offsets are into the spool file: the archive was compressed */
	struct image_digest digest;
	struct rf_str manifest, config_raw, config_json;
	struct rf_str *names;
	size_t name_count;
	struct image_choice_layer *layers; /* range.fd is not set */
	size_t layer_count;
};

void image_choice_put(struct rf_buf *buf, const struct image_choice *choice, bool spooled);
/* Checks everything: the sender has read hostile bytes. */
int image_found_get(struct rf_str payload, struct rf_arena *arena, struct image_found *ret,
	struct rf_err *err) RF_MUST_USE;

void image_job_put(struct rf_buf *buf, const struct image_choice_layer *layer);
int image_job_get(
	struct rf_str payload, struct image_choice_layer *ret, struct rf_err *err) RF_MUST_USE;

/* Reads the stream to its end and compares the digests: RF_EINPUT when one is another. */
int image_layer_verify(struct image_stream *stream, const struct image_choice_layer *layer,
	struct rf_err *err) RF_MUST_USE;

int image_read_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;
int image_unpack_start(struct proc_child *ret, struct rf_err *err) RF_MUST_USE;

/* Members of a directory, through the parent: the find of struct image_members, with its ctx. */
struct image_remote {
	int channel;
	uint16_t want, member; /* the messages that ask and answer */
	int fd;		       /* of the member found last; -1: none */
};
int image_remote_find(
	void *ctx, const char *name, struct image_range *ret, struct rf_err *err) RF_MUST_USE;
/* The range of a plain tar: the archive itself, or the spool that it was unpacked to. */
int image_plain_range(int archive_fd, int spool_fd, struct image_range *ret, bool *ret_spooled,
	struct rf_err *err) RF_MUST_USE;

/* Tells the parent; for the end of a role. Returns the role's exit status, 0. */
int image_role_failed(int channel, const struct rf_err *err);

#endif
