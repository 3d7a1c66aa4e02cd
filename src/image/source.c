/* Opening an archive or layout, and the parent of "image-read": hands out files, takes the answer.
 */
#include "image/source_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/tree.h"

#define MAX_REQUESTS	   100000 /* files that one image may want looked at */
#define SOURCE_ARENA_BYTES ((size_t)64 << 20)

int image_source_open(struct image_source *source, const char *path, struct rf_err *err)
{
	struct stat st;

	source->arena = rf_arena_new(SOURCE_ARENA_BYTES);
	if (!source->arena)
		return rf_err_nomem(err);
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (source->fd < 0 || fstat(source->fd, &st) < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	source->is_dir = S_ISDIR(st.st_mode);
	if (!source->is_dir && !S_ISREG(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "%.300s: neither a file nor a directory", path);
	return RF_OK;
}

void image_source_done(struct image_source *source)
{
	rf_fd_closep(&source->fd);
	rf_fd_closep(&source->spool_fd);
	rf_arena_free(source->arena);
	source->arena = NULL;
}

static int serve_member(
	struct image_source *source, int channel, const struct frame *frame, struct rf_err *err)
{
	AUTO_FD fd = -1;

	if (!source->is_dir)
		return rf_err_set(err, RF_EINPUT, "an unexpected message");
	fd = image_open_regular(source->fd, rf_buf_cstr(&frame->payload), err);
	if (fd < 0 && fd != RF_EABSENT)
		return fd;
	return frame_send_fds(channel, IMAGE_MSG_MEMBER, RF_STR(""), &fd, fd < 0 ? 0 : 1, err);
}

static int keep_text(struct image_source *source, const struct frame *frame, struct rf_str *ret,
	struct rf_err *err)
{
	*ret = rf_arena_str(source->arena, rf_buf_str(&frame->payload));
	return ret->ptr ? RF_OK : rf_err_nomem(err);
}

/* 1 when the child has said its last word. */
static int take_message(
	struct image_source *source, int channel, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	int rc;

	switch ((enum image_msg)frame->type) {
	case IMAGE_MSG_WANT: return serve_member(source, channel, frame, err);
	case IMAGE_MSG_MANIFEST: return keep_text(source, frame, &source->found.manifest, err);
	case IMAGE_MSG_CONFIG: return keep_text(source, frame, &source->found.config_raw, err);
	case IMAGE_MSG_IMAGE:
		rc = image_found_get(reader.rest, source->arena, &source->found, err);
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

static int converse(struct image_source *source, struct proc_child *child, struct rf_err *err)
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
			rc = take_message(source, child->channel, &frame, err);
	}
	if (rc == RF_OK)
		return rf_err_set(err, RF_ELIMIT, "more than %d files", MAX_REQUESTS);
	return rc < 0 ? rc : proc_child_wait(child, err);
}

static int send_task(
	struct image_source *source, const struct image_wish *wish, int channel, struct rf_err *err)
{
	const int fds[2] = {source->fd, source->spool_fd};
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};

	frame_put_u64(&payload, source->is_dir ? IMAGE_READ_DIRECTORY : IMAGE_READ_ARCHIVE);
	frame_put_str(&payload, rf_str_of(wish->select ? wish->select : ""));
	frame_put_str(&payload, rf_str_of(wish->prefer ? wish->prefer : ""));
	frame_put_str(&payload, rf_str_of(wish->platform ? wish->platform : ""));
	frame_put_u64(&payload, wish->any_platform);
	if (payload.failed)
		return rf_err_nomem(err);
	return frame_send_fds(
		channel, IMAGE_MSG_READ, rf_buf_str(&payload), fds, source->is_dir ? 0 : 2, err);
}

int image_source_read(
	struct image_source *source, const struct image_wish *wish, struct rf_err *err)
{
	AUTO_CHILD child = PROC_CHILD_INIT;
	int rc = image_read_start(&child, err);

	if (rc == RF_OK)
		rc = send_task(source, wish, child.channel, err);
	if (rc == RF_OK)
		rc = converse(source, &child, err);
	return rc;
}

int image_source_layer(
	struct image_source *source, size_t layer, int *ret_owned, struct rf_err *err)
{
	*ret_owned = -1;
	if (!source->is_dir)
		return source->found.spooled ? source->spool_fd : source->fd;
	*ret_owned = image_open_regular(source->fd, source->found.layers[layer].member, err);
	return *ret_owned;
}
