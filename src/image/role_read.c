/*
 * The role "image-read": nobody, no capability, no file system, no network. It gets the archive's
 * descriptor, or asks its parent for single files of a layout directory. A compressed archive is
 * written out, unpacked, to a spool file of the parent's, as members are read in another order
 * than they come in.
 */
#include "base/fd.h"
#include "image/roles_int.h"
#include "proc/sandbox.h"

#define READ_CPU_SECONDS  600
#define READ_MEMORY_BYTES ((uint64_t)1 << 30)
#define READ_OPEN_FILES	  16
#define READ_ARENA_BYTES  ((size_t)256 << 20)

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
	struct image_remote remote = {
		.channel = channel, .want = IMAGE_MSG_WANT, .member = IMAGE_MSG_MEMBER, .fd = -1};
	struct image_members members = {.find = image_remote_find, .ctx = &remote};
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
		rc = image_plain_range(frame->fds[0], frame->fds[1], &range, &spooled, err);
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
