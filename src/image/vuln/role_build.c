/* The role "vuln-build": nobody, no files, no network; see confined.h. */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/vuln/build_int.h"
#include "image/vuln/confined_int.h"
#include "image/vuln/delta.h"
#include "proc/sandbox.h"

/* A child that builds reads all that there is in the world; one that applies a delta, two files. */
#define BUILD_CPU_SECONDS  3600
#define BUILD_MEMORY_BYTES ((uint64_t)16 << 30)
#define BUILD_OPEN_FILES   32
#define APPLY_CPU_SECONDS  300
#define APPLY_MEMORY_BYTES ((uint64_t)8 << 30)

struct role {
	int channel;
	int out_fd;
	struct vuln_builder *builder;
};

static int take_file(struct role *role, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct build_file file = {.name = frame_get_str(&reader)};

	file.mtime_s = (int64_t)frame_get_u64(&reader);
	file.in_directory = frame_get_u64(&reader) != 0;
	if (!frame_reader_ok(&reader) || frame->fd_count != 1)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	return build_source_take(role->builder, frame->fds[0], &file, err);
}

static int send_report(struct role *role, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};

	job_report_put(&payload, vuln_builder_report(role->builder));
	if (payload.failed)
		return rf_err_set(err, RF_ELIMIT, "more was left out than can be told");
	return frame_send(role->channel, JOB_REPORT, rf_buf_str(&payload), err);
}

static int take_finish(struct role *role, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	int64_t built_s = (int64_t)frame_get_u64(&reader);
	struct rf_str key = frame_get_str(&reader);
	AUTO_BUF file = {.max = (size_t)VULN_DB_MAX_BYTES};
	int rc;

	if (!frame_reader_ok(&reader) || key.len != VULN_KEY_LEN)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	rc = build_assemble(role->builder, built_s, (const uint8_t *)key.ptr, &file, err);
	if (rc == RF_OK)
		rc = rf_fd_write_all(role->out_fd, file.data, file.len, err);
	return rc < 0 ? rc : send_report(role, err);
}

static int take_message(struct role *role, const struct frame *frame, struct rf_err *err)
{
	switch ((enum job_msg)frame->type) {
	case JOB_BEGIN: build_source_begin(role->builder); return RF_OK;
	case JOB_FILE: return take_file(role, frame, err);
	case JOB_END: return build_source_end(role->builder, rf_buf_str(&frame->payload), err);
	case JOB_FINISH: return take_finish(role, frame, err);
	case JOB_START:
	case JOB_DONE:
	case JOB_REPORT:
	case JOB_FAILED:
	case JOB_APPLY: break;
	}
	return rf_err_set(err, RF_EINTERNAL, "an unexpected message");
}

static int serve(struct role *role, struct rf_err *err)
{
	for (;;) {
		AUTO_FRAME frame = FRAME_INIT;
		int rc = frame_recv(role->channel, &frame, err);

		if (rc == RF_EABSENT)
			return RF_OK; /* the parent is done */
		if (rc == RF_OK)
			rc = take_message(role, &frame, err);
		if (rc == RF_OK)
			rc = frame_send(role->channel, JOB_DONE, RF_STR(""), err);
		if (rc < 0)
			return rc;
	}
}

/* --- a delta --- */

static int apply(int channel, const struct frame *frame, struct rf_err *err)
{
	AUTO_BUF delta = {.max = (size_t)VULN_DELTA_MAX_BYTES};
	AUTO_BUF file = {.max = (size_t)VULN_DB_MAX_BYTES};
	AUTO_VULN_DB *from = NULL;
	struct image_digest digest;
	int rc = job_apply_get(rf_buf_str(&frame->payload), frame->fd_count, &digest, err);

	if (rc == RF_OK)
		rc = vuln_db_open_known(frame->fds[JOB_APPLY_OLD], &digest, &from, err);
	if (rc == RF_OK)
		rc = rf_fd_read_all(frame->fds[JOB_APPLY_DELTA], &delta, err);
	if (rc == RF_OK)
		rc = vuln_delta_apply(
			from, (struct rf_bytes){(uint8_t *)delta.data, delta.len}, &file, err);
	if (rc == RF_OK)
		rc = rf_fd_write_all(frame->fds[JOB_APPLY_OUT], file.data, file.len, err);
	return rc < 0 ? rc : frame_send(channel, JOB_DONE, RF_STR(""), err);
}

/* --- the process --- */

int job_confine(enum job_msg first, struct rf_err *err)
{
	bool applies = first == JOB_APPLY;
	const struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE,
		.as_nobody = true,
		.root_fd = -1,
		.cpu_seconds = applies ? APPLY_CPU_SECONDS : BUILD_CPU_SECONDS,
		.memory_bytes = applies ? APPLY_MEMORY_BYTES : BUILD_MEMORY_BYTES,
		.file_bytes = VULN_DB_MAX_BYTES,
		.open_files = BUILD_OPEN_FILES,
	};

	return proc_sandbox_enter(&box, err);
}

static int build(int channel, const struct frame *frame, struct rf_err *err)
{
	AUTO_VULN_BUILDER *builder = NULL;
	struct role role = {.channel = channel, .out_fd = frame->fds[0]};
	int rc = frame->fd_count == 1 ? vuln_builder_new(&builder, err)
				      : rf_err_set(err, RF_EINTERNAL, "a malformed message");

	role.builder = builder;
	return rc < 0 ? rc : serve(&role, err);
}

static int run(int channel)
{
	AUTO_FRAME frame = FRAME_INIT; /* keeps its descriptors open to the end */
	AUTO_BUF payload = {.max = 4096};
	struct rf_err err = {.code = RF_OK};
	int rc = frame_recv(channel, &frame, &err);

	if (rc == RF_OK && frame.type != JOB_START && frame.type != JOB_APPLY)
		rc = rf_err_set(&err, RF_EINTERNAL, "an unexpected message");
	if (rc == RF_OK)
		rc = job_confine((enum job_msg)frame.type, &err);
	if (rc == RF_OK)
		rc = frame.type == JOB_APPLY ? apply(channel, &frame, &err)
					     : build(channel, &frame, &err);
	if (rc == RF_OK)
		return 0;
	frame_put_err(&payload, &err);
	(void)!frame_send(channel, JOB_FAILED, rf_buf_str(&payload), NULL);
	return 0;
}

PROC_ROLE(build_role, "vuln-build", run);

int job_role_start(struct proc_child *ret, struct rf_err *err)
{
	return proc_child_start(&build_role, ret, err);
}
