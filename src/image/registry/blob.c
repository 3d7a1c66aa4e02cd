/*
 * A blob into the parent's file. What the file holds already is hashed and only the rest asked for
 * (Range); a connection that is cut is taken up again where it broke, as long as each attempt
 * brings something. Nothing is said to be done before the digest is right.
 */
#include <errno.h>
#include <unistd.h>

#include "base/num.h"
#include "image/registry/session_int.h"

#define MAX_BARREN    3 /* attempts in a row that brought nothing */
#define MAX_ATTEMPTS  50
#define HASH_BLOCK    ((size_t)64 << 10)
#define PROGRESS_STEP ((uint64_t)256 << 10)

struct download {
	struct session *session;
	struct registry_blob blob;
	int fd;
	uint64_t have; /* bytes in the file, all of them hashed */
	uint64_t told;
	struct image_hash *hash;
	bool resumed; /* the beginning is of an earlier time */
};

static void download_done(struct download *download)
{
	image_hash_free(download->hash);
}

int session_tell_progress(
	struct session *session, uint64_t done, uint64_t total, struct rf_err *err)
{
	AUTO_BUF payload = {.max = 64};

	frame_put_u64(&payload, done);
	frame_put_u64(&payload, total);
	return frame_send(session->channel, FETCH_PROGRESS, rf_buf_str(&payload), err);
}

static int restart(struct download *download, struct rf_err *err)
{
	image_hash_free(download->hash);
	download->hash = image_hash_new();
	download->have = download->told = 0;
	download->resumed = false;
	return download->hash ? RF_OK : rf_err_nomem(err);
}

/* Hashes what is in the file. */
static int take_up(struct download *download, struct rf_err *err)
{
	AUTO_FREE char *block = malloc(HASH_BLOCK);
	off_t len = lseek(download->fd, 0, SEEK_END);
	int rc = restart(download, err);

	if (!block)
		return rf_err_nomem(err);
	if (rc < 0 || len <= 0 || (uint64_t)len > download->blob.size)
		return rc;
	while (download->have < (uint64_t)len) {
		ssize_t got = pread(download->fd, block, HASH_BLOCK, (off_t)download->have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return restart(download, err);
		image_hash_add(download->hash, block, (size_t)got);
		download->have += (uint64_t)got;
	}
	download->resumed = true;
	return RF_OK;
}

/* "bytes 100-199/200" must go on where we are. */
static bool range_fits(const struct http1_head *head, uint64_t from, uint64_t size)
{
	struct rf_str unit, first, last, rest = http1_field(head, "content-range");
	uint64_t begin, end, total;

	rest = rf_str_cut(rest.ptr ? rest : RF_STR(""), ' ', &unit);
	rest = rf_str_cut(rest.ptr ? rest : RF_STR(""), '-', &first);
	rest = rf_str_cut(rest.ptr ? rest : RF_STR(""), '/', &last);
	return rest.ptr && rf_str_is(unit, "bytes") && rf_num_u64(first, UINT64_MAX, &begin) &&
	       rf_num_u64(last, UINT64_MAX, &end) && begin == from && end < size &&
	       (rf_str_is(rest, "*") || (rf_num_u64(rest, UINT64_MAX, &total) && total == size));
}

static int write_at(int fd, const char *data, size_t len, uint64_t at, struct rf_err *err)
{
	while (len > 0) {
		ssize_t put = pwrite(fd, data, len, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			/* Not to be tried again. */
			rf_err_sys(err, errno, "write a blob");
			return RF_EINTERNAL;
		}
		data += put;
		at += (uint64_t)put;
		len -= (size_t)put;
	}
	return RF_OK;
}

static int keep(struct download *download, const void *data, size_t len, struct rf_err *err)
{
	int rc;

	if (len > download->blob.size - download->have)
		return rf_err_set(err, RF_EINPUT,
			"the registry sends more than the %llu bytes "
			"that the manifest says",
			(unsigned long long)download->blob.size);
	rc = write_at(download->fd, data, len, download->have, err);
	if (rc < 0)
		return rc;
	image_hash_add(download->hash, data, len);
	download->have += len;
	if (download->have - download->told < PROGRESS_STEP)
		return RF_OK;
	download->told = download->have;
	return session_tell_progress(download->session, download->have, download->blob.size, err);
}

static int receive(struct download *download, struct rf_err *err)
{
	const void *data;
	ssize_t len;

	while ((len = wire_client_read(download->session->client, &data, err)) > 0) {
		int rc = keep(download, data, (size_t)len, err);

		if (rc < 0)
			return rc;
	}
	if (len == 0 && download->have < download->blob.size)
		return rf_err_set(err, RF_EIO, "the answer ended after %llu of %llu bytes",
			(unsigned long long)download->have,
			(unsigned long long)download->blob.size);
	return (int)len;
}

static int attempt(struct download *download, struct rf_err *err)
{
	struct session *session = download->session;
	char digest[IMAGE_DIGEST_TEXT_SIZE], range[64];
	const struct wire_response *response;
	struct wire_url url;
	struct wire_request request = REQUEST("GET", &url);
	int rc = session_url(
		session, &url, err, "blobs/%s", image_digest_text(&download->blob.digest, digest));

	snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)download->have);
	if (download->have)
		request_add(&request, "Range", range);
	if (rc == RF_OK)
		rc = session_ask(session, &request, &response, err);
	if (rc < 0)
		return rc;
	if (response->head.status == 206 &&
		range_fits(&response->head, download->have, download->blob.size))
		return receive(download, err);
	/* No ranges here, or not this one: from the beginning. */
	if (download->have && (response->head.status == 416 || response->head.status == 206))
		return restart(download, err) < 0
			       ? RF_EINTERNAL
			       : rf_err_set(err, RF_EIO, "the registry refused a range");
	if (response->head.status != 200)
		return session_unexpected(response, digest, err);
	rc = download->have ? restart(download, err) : RF_OK;
	return rc < 0 ? rc : receive(download, err);
}

static int download_run(struct download *download, struct rf_err *err)
{
	unsigned barren = 0;
	int rc = RF_OK;

	for (unsigned i = 0; i < MAX_ATTEMPTS && download->have < download->blob.size; i++) {
		uint64_t before = download->have;

		rc = attempt(download, err);
		if (rc != RF_EIO && rc != RF_ELIMIT)
			return rc;
		barren = download->have > before ? 0 : barren + 1;
		if (barren == MAX_BARREN)
			return rc;
		session_pause(barren + 1);
	}
	return download->have == download->blob.size ? RF_OK : rc;
}

static int check(struct download *download, bool *ret_right, struct rf_err *err)
{
	struct image_digest got;

	if (image_hash_end(download->hash, &got) < 0)
		return rf_err_nomem(err);
	*ret_right = image_digest_eq(&got, &download->blob.digest);
	if (*ret_right)
		return RF_OK;
	return rf_err_set(err, RF_EINPUT, "the content of the blob has another digest");
}

int task_blob(struct session *session, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	CLEANUP(download_done) struct download download = {.session = session};
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	bool right = false, resumed;
	int rc;

	fetch_digest_get(&reader, &download.blob.digest);
	download.blob.size = frame_get_u64(&reader);
	if (!frame_reader_ok(&reader) || frame->fd_count != 1)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	download.fd = frame->fds[0];
	rc = take_up(&download, err);
	if (rc == RF_OK)
		rc = download_run(&download, err);
	resumed = download.resumed;
	if (rc == RF_OK)
		rc = check(&download, &right, err);
	/* A beginning that was not what it should have been: once more without it. */
	if (rc == RF_EINPUT && resumed && !right) {
		rc = restart(&download, err);
		if (rc == RF_OK)
			rc = download_run(&download, err);
		if (rc == RF_OK)
			rc = check(&download, &right, err);
	}
	if (rc < 0)
		return rf_err_wrap(err, rc, "%s", image_digest_text(&download.blob.digest, digest));
	return RF_OK;
}
