/*
 * Packs a program that needs nothing beside it into an image FROM scratch: the program, passwd and
 * group with its user, CA certificates, and what the caller adds. What would make a bad image is
 * refused: a dynamically linked program, root, secrets.
 *
 * Equal inputs give equal bytes, whoever packs, where and when: entries are sorted and belong to
 * 0:0, modes do not follow the umask, times are one number of the caller's, and the layer is stored
 * as it is, because compressed bytes depend on the compressor's version.
 *
 * All is kept in memory: what was judged is what is written, and a layer is hashed once.
 */
#ifndef RF_IMAGE_PACK_PACK_H
#define RF_IMAGE_PACK_PACK_H

#include "base/err.h"
#include "image/digest.h"

#define PACK_MAX_BYTES ((uint64_t)4 << 30) /* of all content */
#define PACK_MAX_FILES 100000
#define PACK_MAX_DEPTH 64 /* directories in directories that are added */
#define PACK_MAX_ID    4294967294U

#define PACK_CA_CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"
#define PACK_ZONEINFO	     "/usr/share/zoneinfo"

struct pack_strs {
	const char *const *items;
	size_t count;
};

struct pack_user {
	char name[33];
	uint32_t uid, gid;
};

/* All strings are the caller's, for the call only. */
struct pack_opts {
	const char *program;   /* a path on this machine */
	const char *path;      /* where it goes in the image; NULL: "/" and its own name */
	const char *reference; /* "shop/app:1.0"; NULL: the image gets no name */
	const char *platform;  /* "linux/arm/v7" must be what the program is for; NULL: any */
	struct pack_user user;
	const char *ca_file;	     /* PEM certificates; NULL: none */
	const char *zoneinfo;	     /* a directory of time zones; NULL: none */
	struct pack_strs files;	     /* "SRC:DST[:MODE]"; directories with all that is in them */
	struct pack_strs env;	     /* "NAME=value" */
	struct pack_strs labels;     /* "key=value" */
	struct pack_strs entrypoint; /* words; none: the program */
	struct pack_strs args;	     /* follow the entrypoint */
	struct pack_strs cmd;	     /* default arguments */
	struct pack_strs ports;	     /* "8080", "53/udp" */
	struct pack_strs volumes;    /* absolute paths */
	const char *workdir;	     /* NULL: "/" */
	const char *stop_signal;     /* may be NULL */
	struct pack_strs accepted;   /* rules of secrets that are no reason to refuse */
	int64_t epoch_s;	     /* the time of everything; not negative */
};

/* "65532", "1000:2000", "app" (which gets 65532), "app:1000": never root. */
int pack_user_parse(const char *text, struct pack_user *ret, struct rf_err *err) RF_MUST_USE;

struct pack_image;

/*
 * RF_EINPUT or RF_EDENIED with the reason when it is refused; RF_EABSENT for a file that is not
 * there. Messages name the file.
 */
int pack_image_new(
	const struct pack_opts *opts, struct pack_image **ret, struct rf_err *err) RF_MUST_USE;
void pack_image_free(struct pack_image *image);
void pack_image_freep(struct pack_image **image);
#define AUTO_PACK_IMAGE CLEANUP(pack_image_freep) struct pack_image

/* Of the manifest. */
const struct image_digest *pack_image_digest(const struct pack_image *image);
/* Bytes of the layer. */
uint64_t pack_image_size(const struct pack_image *image);

/*
 * Adds a document that refers to the image by its subject (image-spec 1.1): type is the media type
 * of content, which is copied, and the artifact's type. The image's own digest stays what it is.
 */
int pack_image_attach(struct pack_image *image, const char *type, struct rf_str content,
	struct rf_err *err) RF_MUST_USE;

/*
 * A tar that is an OCI layout and a docker save archive at once, so that every tool reads it. fd
 * may be a pipe.
 */
int pack_image_write(const struct pack_image *image, int fd, struct rf_err *err) RF_MUST_USE;
/*
 * The same as files in a directory, which is made or must be empty or a layout: its index is
 * replaced, other blobs in it stay.
 */
int pack_image_write_dir(
	const struct pack_image *image, const char *dir, struct rf_err *err) RF_MUST_USE;

/* A file that gets its name when it is complete. */
struct pack_output {
	int fd;
	char *part;
	const char *path; /* the caller's */
};
#define PACK_OUTPUT_INIT \
	{                \
		.fd = -1 \
	}

/* path NULL: a file in memory. */
int pack_output_open(struct pack_output *output, const char *path, struct rf_err *err) RF_MUST_USE;
/*
 * fd must hold what pack_image_write() wrote of the image; adds what was attached since, and gives
 * the file its name.
 */
int pack_output_finish(
	struct pack_output *output, const struct pack_image *image, struct rf_err *err) RF_MUST_USE;
/* Removes the file unless it is complete. */
void pack_output_done(struct pack_output *output);

#endif
