/*
 * The role "image-read": nobody, no capability, no file system, no network. It gets the archive's
 * descriptor, or asks its parent for single files of a layout directory. A compressed archive is
 * written out, unpacked, to a spool file of the parent's, as members are read in another order
 * than they come in.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/roles_int.h"
#include "proc/sandbox.h"

#define READ_CPU_SECONDS  600
#define READ_MEMORY_BYTES ((uint64_t)1 << 30)
#define READ_OPEN_FILES	  16
#define READ_ARENA_BYTES  ((size_t)256 << 20)

/* Members of a directory, through the parent. */
struct remote {
	int channel;
	int fd; /* of the member found last */
};

/* By lseek: fstat(3) is a call that names files, which this process may not make. */
static int file_range(int fd, struct image_range *ret, struct rf_err *err)
{
	off_t len = lseek(fd, 0, SEEK_END);

	if (len < 0)
		return rf_err_sys(err, errno, "measure the archive");
	*ret = (struct image_range){.fd = fd, .len = (uint64_t)len};
	return RF_OK;
}

static int remote_find(void *ctx, const char *name, struct image_range *ret, struct rf_err *err)
{
	struct remote *remote = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	int rc = frame_send(remote->channel, IMAGE_MSG_WANT, rf_str_of(name), err);

	if (rc == RF_OK)
		rc = frame_recv(remote->channel, &frame, err);
	if (rc < 0)
		return rc;
	if (frame.type != IMAGE_MSG_MEMBER || frame.fd_count > 1)
		return rf_err_set(err, RF_EINTERNAL, "an unexpected answer");
	if (frame.fd_count == 0)
		return rf_err_set(err, RF_EABSENT, "the directory has no \"%.200s\"", name);
	rf_fd_closep(&remote->fd);
	remote->fd = TAKE_FD(frame.fds[0]);
	return file_range(remote->fd, ret, err);
}

static int spool(struct image_stream *stream, int spool_fd, struct rf_err *err)
{
	struct image_input input = image_stream_input(stream);
	const void *block;
	ssize_t got;

	while ((got = input.next(input.ctx, &block, err)) > 0) {
		int rc = rf_fd_write_all(spool_fd, block, (size_t)got, err);

		if (rc < 0)
			return rf_err_wrap(err, rc, "unpack the archive");
	}
	return (int)got;
}

/* The range of a plain tar: the archive itself, or the spool. */
static int plain_range(
	const struct frame *frame, struct image_range *ret, bool *ret_spooled, struct rf_err *err)
{
	AUTO_STREAM *stream = NULL;
	int rc = file_range(frame->fds[0], ret, err);

	if (rc == RF_OK)
		rc = image_stream_open(ret, IMAGE_MAX_LAYER_BYTES, &stream, err);
	if (rc < 0)
		return rc;
	*ret_spooled = image_stream_is_compressed(stream);
	if (!*ret_spooled)
		return RF_OK;
	rc = spool(stream, frame->fds[1], err);
	return rc < 0 ? rc : file_range(frame->fds[1], ret, err);
}

static int answer(int channel, const struct image_choice *choice, bool spooled, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	int rc;

	image_choice_put(&payload, choice, spooled);
	if (payload.failed)
		return rf_err_set(err, RF_ELIMIT, "the image's config is too large");
	rc = frame_send(channel, IMAGE_MSG_MANIFEST, choice->manifest, err);
	if (rc == RF_OK)
		rc = frame_send(channel, IMAGE_MSG_CONFIG, choice->config_raw, err);
	if (rc == RF_OK)
		rc = frame_send(channel, IMAGE_MSG_IMAGE, rf_buf_str(&payload), err);
	return rc;
}

static int choose(int channel, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t mode = frame_get_u64(&reader);
	struct rf_str select = frame_get_str(&reader), prefer = frame_get_str(&reader);
	struct rf_str platform = frame_get_str(&reader);
	bool any_platform = frame_get_u64(&reader) != 0;
	AUTO_ARENA *arena = rf_arena_new(READ_ARENA_BYTES);
	CLEANUP(image_index_freep) struct image_index *index = NULL;
	struct remote remote = {.channel = channel, .fd = -1};
	struct image_members members = {.find = remote_find, .ctx = &remote};
	struct image_choice choice;
	struct image_range range;
	struct image_wish wish;
	bool spooled = false;
	int rc = RF_OK;

	if (!frame_reader_ok(&reader) || !arena)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	wish.select = select.len ? rf_arena_str(arena, select).ptr : NULL;
	wish.prefer = prefer.len ? rf_arena_str(arena, prefer).ptr : NULL;
	wish.platform = platform.len ? rf_arena_str(arena, platform).ptr : NULL;
	wish.any_platform = any_platform;
	if (mode == IMAGE_READ_ARCHIVE) {
		rc = plain_range(frame, &range, &spooled, err);
		if (rc == RF_OK)
			rc = image_index_open(&range, &index, err);
		if (rc < 0)
			return rc;
		members = image_index_members(index);
	}
	rc = image_select(&members, &wish, arena, &choice, err);
	if (rc == RF_OK)
		rc = answer(channel, &choice, spooled, err);
	rf_fd_closep(&remote.fd);
	return rc;
}

static int run(int channel)
{
	const struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE,
		.as_nobody = true,
		.root_fd = -1,
		.cpu_seconds = READ_CPU_SECONDS,
		.memory_bytes = READ_MEMORY_BYTES,
		.open_files = READ_OPEN_FILES,
	};
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err = {.code = RF_OK};
	int rc = frame_recv(channel, &frame, &err);

	if (rc == RF_OK)
		rc = proc_sandbox_enter(&box, &err);
	if (rc == RF_OK)
		rc = choose(channel, &frame, &err);
	return rc < 0 ? image_role_failed(channel, &err) : 0;
}

PROC_ROLE(read_role, "image-read", run);

int image_read_start(struct proc_child *ret, struct rf_err *err)
{
	return proc_child_start(&read_role, ret, err);
}
