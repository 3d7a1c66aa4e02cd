/*
 * The role "image-unpack": one layer's bytes and one empty directory. It is root only to give
 * files their owners: chrooted there, without network, and with the capabilities that a file's
 * metadata needs, neither CAP_MKNOD nor CAP_SYS_ADMIN nor CAP_SYS_CHROOT.
 */
#include <linux/capability.h>
#include <sys/stat.h>

#include "image/roles_int.h"
#include "image/unpack.h"
#include "proc/sandbox.h"

#define UNPACK_CPU_SECONDS  3600
#define UNPACK_MEMORY_BYTES ((uint64_t)2 << 30)
#define UNPACK_FILE_BYTES   ((uint64_t)32 << 30)
#define UNPACK_OPEN_FILES   1024
#define PROGRESS_STEP	    ((uint64_t)1 << 20) /* stored bytes between two messages */

#define CAP(name)   ((uint64_t)1 << CAP_##name)
#define UNPACK_CAPS (CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(SETFCAP))

struct unpacker {
	int channel;
	struct image_stream *stream;
	uint64_t told_bytes;
};

static int on_opaque(void *ctx, const char *path, struct rf_err *err)
{
	struct unpacker *self = ctx;

	return frame_send(self->channel, IMAGE_MSG_OPAQUE, rf_str_of(path), err);
}

/* When the parent is gone, the next message that matters finds out. */
static void on_note(void *ctx, const char *text)
{
	struct unpacker *self = ctx;

	(void)!frame_send(self->channel, IMAGE_MSG_NOTE, rf_str_of(text), NULL);
}

static void on_tick(void *ctx)
{
	struct unpacker *self = ctx;
	uint64_t bytes = image_stream_stored_bytes(self->stream);

	if (bytes - self->told_bytes < PROGRESS_STEP)
		return;
	self->told_bytes = bytes;
	(void)!frame_send(self->channel, IMAGE_MSG_PROGRESS,
		(struct rf_str){(const char *)&bytes, sizeof(bytes)}, NULL);
}

static int unpack(int channel, const struct image_choice_layer *layer, int root_fd,
	uint64_t *ret_bytes, struct rf_err *err)
{
	AUTO_STREAM *stream = NULL;
	struct unpacker self = {.channel = channel};
	const struct image_unpack_report report = {
		.opaque = on_opaque, .note = on_note, .tick = on_tick, .ctx = &self};
	struct rf_err damage = {.code = RF_OK};
	struct image_input input;
	int rc = image_stream_open(&layer->range, IMAGE_MAX_LAYER_BYTES, &stream, err);

	if (rc < 0)
		return rc;
	self.stream = stream;
	input = image_stream_input(stream);
	rc = image_unpack(&input, root_fd, IMAGE_MAX_LAYER_BYTES, &report, ret_bytes, err);
	/* Damage shows as a bad tar first; that it is not what was meant says more. */
	if (rc == RF_EINPUT)
		return image_layer_verify(stream, layer, &damage) < 0 && damage.code == RF_EINPUT
			       ? rf_err_set(err, RF_EINPUT, "%s", damage.msg)
			       : rc;
	return rc < 0 ? rc : image_layer_verify(stream, layer, err);
}

static int run_job(int channel, struct frame *frame, struct rf_err *err)
{
	struct image_choice_layer layer;
	const struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE | PROC_CALLS_FILES_WRITE,
		.caps = UNPACK_CAPS,
		.need_root = true,
		.root_fd = frame->fds[1],
		.root_writable = true,
		.cpu_seconds = UNPACK_CPU_SECONDS,
		.memory_bytes = UNPACK_MEMORY_BYTES,
		.file_bytes = UNPACK_FILE_BYTES,
		.open_files = UNPACK_OPEN_FILES,
	};
	uint64_t bytes;
	int rc;

	if (frame->fd_count != 3)
		return rf_err_set(err, RF_EINTERNAL, "a message without its descriptors");
	rc = image_job_get(rf_buf_str(&frame->payload), &layer, err);
	if (rc == RF_OK)
		rc = proc_sandbox_enter(&box, err);
	layer.range.fd = frame->fds[0];
	if (rc == RF_OK)
		rc = unpack(channel, &layer, frame->fds[1], &bytes, err);
	if (rc < 0)
		return rc;
	return frame_send(
		channel, IMAGE_MSG_DONE, (struct rf_str){(const char *)&bytes, sizeof(bytes)}, err);
}

static int run(int channel)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err = {.code = RF_OK};
	int rc = frame_recv(channel, &frame, &err);

	umask(0);
	if (rc == RF_OK)
		rc = run_job(channel, &frame, &err);
	return rc < 0 ? image_role_failed(channel, &err) : 0;
}

PROC_ROLE(unpack_role, "image-unpack", run);

int image_unpack_start(struct proc_child *ret, struct rf_err *err)
{
	return proc_child_start(&unpack_role, ret, err);
}
