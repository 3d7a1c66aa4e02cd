/*
 * The role "image-fetch": nobody, no capability, no files, and a network namespace with nothing in
 * it. Its sockets come from its parent, connected; what it is given to write, too.
 */
#include <openssl/crypto.h>

#include "image/registry/session_int.h"
#include "proc/sandbox.h"

#define FETCH_CPU_SECONDS  7200
#define FETCH_MEMORY_BYTES ((uint64_t)1 << 30)
#define FETCH_OPEN_FILES   32

static int tell_failed(int channel, const struct rf_err *err)
{
	AUTO_BUF payload = {.max = 4096};

	frame_put_err(&payload, err);
	return frame_send(channel, FETCH_FAILED, rf_buf_str(&payload), NULL);
}

static int tell_done(int channel, const struct image_digest *digest, struct rf_err *err)
{
	AUTO_BUF payload = {.max = 4096};
	char text[IMAGE_DIGEST_TEXT_SIZE];

	frame_put_str(&payload, rf_str_of(digest ? image_digest_text(digest, text) : ""));
	return frame_send(channel, FETCH_DONE, rf_buf_str(&payload), err);
}

static int run_task(struct session *session, struct frame *frame, struct rf_err *err)
{
	struct image_digest digest;
	bool pushed = frame->type == FETCH_PUSH;
	int rc = session_probe(session, err);

	if (rc < 0)
		return tell_failed(session->channel, err);
	switch (frame->type) {
	case FETCH_RESOLVE: rc = task_resolve(session, frame, err); break;
	case FETCH_BLOB: rc = task_blob(session, frame, err); break;
	case FETCH_FILE: rc = task_file(session, frame, err); break;
	case FETCH_REFERRERS: rc = task_referrers(session, frame, err); break;
	case FETCH_PUSH: rc = task_push(session, frame, &digest, err); break;
	default: rc = rf_err_set(err, RF_EINTERNAL, "an unexpected message"); break;
	}
	if (rc < 0)
		return tell_failed(session->channel, err);
	return tell_done(session->channel, pushed ? &digest : NULL, err);
}

/* One task after the other, until the parent closes the channel. */
static int serve(struct session *session)
{
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err;

	for (;;) {
		int rc = frame_recv(session->channel, &frame, &err);

		if (rc == RF_EABSENT)
			return 0;
		if (rc == RF_OK)
			rc = run_task(session, &frame, &err);
		if (rc < 0)
			return 1;
	}
}

static int run(int channel)
{
	const struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE,
		.as_nobody = true,
		.root_fd = -1,
		.cpu_seconds = FETCH_CPU_SECONDS,
		.memory_bytes = FETCH_MEMORY_BYTES,
		.open_files = FETCH_OPEN_FILES,
	};
	static struct session session;
	AUTO_FRAME frame = FRAME_INIT;
	struct fetch_setup setup;
	struct rf_err err = {.code = RF_OK};
	int rc = frame_recv(channel, &frame, &err), status = 0;

	if (rc == RF_OK && frame.type != FETCH_SETUP)
		rc = rf_err_set(&err, RF_EINTERNAL, "an unexpected message");
	if (rc == RF_OK)
		rc = fetch_setup_get(rf_buf_str(&frame.payload), &setup, &err);
	/* Now, while files can still be opened; without openssl.cnf, which may load anything. */
	if (rc == RF_OK && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		rc = rf_err_nomem(&err);
	if (rc == RF_OK)
		rc = proc_sandbox_enter(&box, &err);
	if (rc == RF_OK)
		rc = session_init(&session, channel, &setup, &err);
	if (frame.payload.len)
		explicit_bzero(frame.payload.data, frame.payload.len);
	if (rc == RF_OK)
		status = serve(&session);
	else
		(void)!tell_failed(channel, &err);
	session_done(&session);
	return status;
}

PROC_ROLE(fetch_role, "image-fetch", run);

int fetch_child_start(struct proc_child *ret, struct rf_err *err)
{
	return proc_child_start(&fetch_role, ret, err);
}
