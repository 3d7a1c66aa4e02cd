/* A scan under way: the parent's side. */
#ifndef RF_IMAGE_SCAN_SCAN_INT_H
#define RF_IMAGE_SCAN_SCAN_INT_H

#include "image/scan/roles_int.h"
#include "image/scan/scan.h"
#include "image/source_int.h"

struct scan {
	const struct scan_opts *opts;
	struct scan_report *report;
	struct proc_child child;
	struct rf_buf received; /* pieces of the report */
	struct scan_progress progress;
	uint64_t finished_bytes; /* of layers that are done */
	bool starved;		 /* it waits for more of a layer */
	struct rf_str *diff_ids; /* by the config, as text, in the report's arena */
	size_t diff_id_count;
};

void scan_done(struct scan *scan);

/* Starts the child; fds as in SCAN_MSG_START, without the database's. */
int scan_start(struct scan *scan, enum scan_mode mode, const int *fds, size_t fd_count,
	struct rf_err *err) RF_MUST_USE;
/* Sends a message and waits until it is done. */
int scan_tell(struct scan *scan, enum scan_msg type, struct rf_str payload, int fd,
	struct rf_err *err) RF_MUST_USE;
/* Begins with a layer of which so many bytes are there; more are told when it is starved. */
int scan_begin_layer(struct scan *scan, size_t index, const struct image_choice_layer *layer,
	bool by_config, uint64_t there, struct rf_err *err) RF_MUST_USE;
int scan_tell_more(struct scan *scan, uint64_t there, struct rf_err *err) RF_MUST_USE;
/* Takes one message, and waits for it. 1: the layer is done. */
int scan_hear(struct scan *scan, size_t index, const struct image_choice_layer *layer,
	struct rf_err *err) RF_MUST_USE;
/* One layer; fd holds its range. by_config: its diff_id is the one that the config has. */
int scan_tell_layer(struct scan *scan, size_t index, const struct image_choice_layer *layer,
	bool by_config, int fd, struct rf_err *err) RF_MUST_USE;
/* Asks for the report, checks it, adds the database; takes it out of scan. */
int scan_end(struct scan *scan, struct scan_report **ret, struct rf_err *err) RF_MUST_USE;

/* What the config (canonical, from image-scan or the store) says about how the image runs. */
int scan_take_config(struct scan *scan, struct rf_str json, struct rf_err *err) RF_MUST_USE;
/* The layers' digests, for the report. */
int scan_take_layers(struct scan *scan, const struct image_choice_layer *layers, size_t count,
	struct rf_err *err) RF_MUST_USE;
/* "sha256:...", in the report's arena. */
struct rf_str scan_digest_str(struct scan *scan, const struct image_digest *digest);

/* An unlinked file in $TMPDIR, or /var/tmp. */
int scan_open_spool(struct rf_err *err) RF_MUST_USE;

/* An image in a registry: layers are scanned as they come. */
int scan_remote(struct scan *scan, const char *reference, struct scan_report **ret,
	struct rf_err *err) RF_MUST_USE;

#endif
