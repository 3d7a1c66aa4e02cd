/*
 * How a confined child gets at the files of an image: out of an archive whose descriptor it was
 * given (unpacked to a spool file when it is compressed, as members are read in another order than
 * they come in), or one by one from its parent.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/roles_int.h"

/* By lseek: fstat(3) is a call that names files, which this process may not make. */
static int file_range(int fd, struct image_range *ret, struct rf_err *err)
{
	off_t len = lseek(fd, 0, SEEK_END);

	if (len < 0)
		return rf_err_sys(err, errno, "measure the archive");
	*ret = (struct image_range){.fd = fd, .len = (uint64_t)len};
	return RF_OK;
}

int image_remote_find(void *ctx, const char *name, struct image_range *ret, struct rf_err *err)
{
	struct image_remote *remote = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	int rc = frame_send(remote->channel, remote->want, rf_str_of(name), err);

	if (rc == RF_OK)
		rc = frame_recv(remote->channel, &frame, err);
	if (rc < 0)
		return rc;
	if (frame.type != remote->member || frame.fd_count > 1)
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

int image_plain_range(int archive_fd, int spool_fd, struct image_range *ret, bool *ret_spooled,
	struct rf_err *err)
{
	AUTO_STREAM *stream = NULL;
	int rc = file_range(archive_fd, ret, err);

	if (rc == RF_OK)
		rc = image_stream_open(ret, IMAGE_MAX_LAYER_BYTES, &stream, err);
	if (rc < 0)
		return rc;
	*ret_spooled = image_stream_is_compressed(stream);
	if (!*ret_spooled)
		return RF_OK;
	rc = spool(stream, spool_fd, err);
	return rc < 0 ? rc : file_range(spool_fd, ret, err);
}
