/* The parent of "image-read": hands out files of a layout directory, takes the answer. */
#include "base/fd.h"
#include "image/import_int.h"
#include "image/tree.h"

#define MAX_REQUESTS 100000 /* files that one image may want looked at */

static int serve_member(
	struct import *import, int channel, const struct frame *frame, struct rf_err *err)
{
	AUTO_FD fd = -1;

	if (!import->is_dir)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	fd = image_open_regular(import->source_fd, rf_buf_cstr(&frame->payload), err);
	if (fd < 0 && fd != RF_EABSENT)
		return fd;
	return frame_send_fds(channel, IMAGE_MSG_MEMBER, RF_STR(""), &fd, fd < 0 ? 0 : 1, err);
}

static int keep_text(
	struct import *import, const struct frame *frame, struct rf_str *ret, struct rf_err *err)
{
	*ret = rf_arena_str(import->arena, rf_buf_str(&frame->payload));
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}

/* 1 when the child has said its last word. */
static int take_message(
	struct import *import, int channel, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	int rc;

	switch ((enum image_msg)frame->type) {
	case IMAGE_MSG_WANT: return serve_member(import, channel, frame, err);
	case IMAGE_MSG_MANIFEST: return keep_text(import, frame, &import->found.manifest, err);
	case IMAGE_MSG_CONFIG: return keep_text(import, frame, &import->found.config_raw, err);
	case IMAGE_MSG_IMAGE:
		rc = image_found_get(reader.rest, import->arena, &import->found, err);
		return rc < 0 ? rc : 1;
	case IMAGE_MSG_FAILED: return frame_get_err(&reader, err);
	case IMAGE_MSG_READ:
	case IMAGE_MSG_MEMBER:
	case IMAGE_MSG_UNPACK:
	case IMAGE_MSG_PROGRESS:
	case IMAGE_MSG_NOTE:
	case IMAGE_MSG_OPAQUE:
	case IMAGE_MSG_DONE: break;
	}
	return rf_err_set(err, RF_EINPUT, "an unexpected message");
}

static int converse(struct import *import, struct proc_child *child, struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;
	int rc = RF_OK;

	for (unsigned i = 0; i < MAX_REQUESTS && rc == RF_OK; i++) {
		rc = frame_recv(child->channel, &frame, err);
		/* It died: how tells more than that the channel is closed. */
		if (rc == RF_EABSENT) {
			rc = proc_child_wait(child, err);
			return rc < 0 ? rc : rf_err_set(err, RF_EINTERNAL, "ended early");
		}
		if (rc == RF_OK)
			rc = take_message(import, child->channel, &frame, err);
	}
	if (rc == RF_OK)
		return rf_err_set(err, RF_ELIMIT, "more than %d files", MAX_REQUESTS);
	return rc < 0 ? rc : proc_child_wait(child, err);
}

static int send_task(struct import *import, int channel, struct rf_err *err)
{
	const struct image_import_opts *opts = import->opts;
	const int fds[2] = {import->source_fd, import->spool_fd};
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};

	frame_put_u64(&payload, import->is_dir ? IMAGE_READ_DIRECTORY : IMAGE_READ_ARCHIVE);
	frame_put_str(&payload, rf_str_of(opts->select ? opts->select : ""));
	frame_put_str(&payload, rf_str_of(opts->name ? opts->name : ""));
	if (payload.failed)
		return rf_err_nomem(err);
	return frame_send_fds(
		channel, IMAGE_MSG_READ, rf_buf_str(&payload), fds, import->is_dir ? 0 : 2, err);
}

int import_read(struct import *import, struct rf_err *err)
{
	AUTO_CHILD child = PROC_CHILD_INIT;
	int rc = image_read_start(&child, err);

	if (rc == RF_OK)
		rc = send_task(import, child.channel, err);
	if (rc == RF_OK)
		rc = converse(import, &child, err);
	return rc;
}
