/* The parent of "vuln-build": opens, hands over, signs or looks at the signature. */
#include "image/vuln/confined.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/vuln/build_int.h"
#include "image/vuln/confined_int.h"

#define PROGRESS_STEP 500

struct vuln_job {
	struct proc_child child;
	int out_fd; /* memory that the result is written to */
	void (*progress)(void *ctx, size_t files);
	void *ctx;
	size_t files;
	struct vuln_build_report report;
};

static void job_done(struct vuln_job *job)
{
	proc_child_kill(&job->child);
	rf_fd_closep(&job->out_fd);
	vuln_build_report_done(&job->report);
}

void vuln_job_free(struct vuln_job *job)
{
	if (!job)
		return;
	job_done(job);
	free(job);
}

void vuln_job_freep(struct vuln_job **job)
{
	vuln_job_free(*job);
}

/* --- the conversation --- */

static int await(struct vuln_job *job, struct rf_err *err)
{
	for (;;) {
		AUTO_FRAME frame = FRAME_INIT;
		struct frame_reader reader;
		int rc = frame_recv(job->child.channel, &frame, err);

		/* It died: how tells more than that the channel is closed. */
		if (rc == RF_EABSENT) {
			rc = proc_child_wait(&job->child, err);
			return rc < 0 ? rc : rf_err_set(err, RF_EINTERNAL, "ended early");
		}
		if (rc < 0 || frame.type == JOB_DONE)
			return rc;
		reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
		if (frame.type == JOB_FAILED)
			return frame_get_err(&reader, err);
		rc = frame.type == JOB_REPORT ? job_report_get(reader.rest, &job->report, err)
					      : rf_err_set(err, RF_EINPUT, "an unexpected message");
		if (rc < 0)
			return rc;
	}
}

/* Starts the child, and what its result goes to. */
static int job_begin(struct vuln_job *job, struct rf_err *err)
{
	job->child = (struct proc_child)PROC_CHILD_INIT;
	job->out_fd = memfd_create("database", MFD_CLOEXEC);
	if (job->out_fd < 0)
		return rf_err_sys(err, errno, "memory for the database");
	return job_role_start(&job->child, err);
}

/* What the child, which has ended by then, has written. */
static int take_result(struct vuln_job *job, struct rf_buf *out, struct rf_err *err)
{
	int rc = proc_child_wait(&job->child, err);

	if (rc == RF_OK && lseek(job->out_fd, 0, SEEK_SET) < 0)
		rc = rf_err_sys(err, errno, "read the database");
	rf_buf_clear(out);
	out->max = (size_t)VULN_DB_MAX_BYTES;
	return rc < 0 ? rc : rf_fd_read_all(job->out_fd, out, err);
}

static int tell(
	struct vuln_job *job, enum job_msg type, struct rf_str payload, int fd, struct rf_err *err)
{
	int rc = frame_send_fds(
		job->child.channel, (uint16_t)type, payload, &fd, fd < 0 ? 0 : 1, err);

	return rc < 0 ? rc : await(job, err);
}

int vuln_job_new(void (*progress)(void *ctx, size_t files), void *ctx, struct vuln_job **ret,
	struct rf_err *err)
{
	AUTO_VULN_JOB *job = calloc(1, sizeof(*job));
	int rc;

	if (!job)
		return rf_err_nomem(err);
	job->progress = progress;
	job->ctx = ctx;
	rc = job_begin(job, err);
	if (rc == RF_OK)
		rc = frame_send_fds(
			job->child.channel, JOB_START, RF_STR(""), &job->out_fd, 1, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(job);
	return rc;
}

/* --- sources --- */

static int hand_over(void *ctx, int fd, const struct build_file *file, struct rf_err *err)
{
	struct vuln_job *job = ctx;
	AUTO_BUF payload = {.max = 8192};

	frame_put_str(&payload, file->name);
	frame_put_u64(&payload, (uint64_t)file->mtime_s);
	frame_put_u64(&payload, file->in_directory);
	if (payload.failed)
		return rf_err_nomem(err);
	if (++job->files % PROGRESS_STEP == 0 && job->progress)
		job->progress(job->ctx, job->files);
	return tell(job, JOB_FILE, rf_buf_str(&payload), fd, err);
}

int vuln_job_add(struct vuln_job *job, const char *path, struct rf_err *err)
{
	const struct build_files files = {.take = hand_over, .ctx = job};
	int rc = tell(job, JOB_BEGIN, RF_STR(""), -1, err);

	if (rc == RF_OK)
		rc = build_files_walk(path, &files, err);
	if (rc == RF_OK)
		rc = tell(job, JOB_END, build_source_name(path), -1, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}

int vuln_job_finish(struct vuln_job *job, int64_t built_s, const struct vuln_signer *signer,
	struct rf_buf *out, struct rf_err *err)
{
	AUTO_BUF payload = {.max = 256};
	uint8_t key[VULN_KEY_LEN];
	int rc;

	vuln_signer_key(signer, key);
	frame_put_u64(&payload, (uint64_t)built_s);
	frame_put_str(&payload, (struct rf_str){(const char *)key, sizeof(key)});
	rc = tell(job, JOB_FINISH, rf_buf_str(&payload), -1, err);
	if (rc == RF_OK)
		rc = take_result(job, out, err);
	if (rc == RF_OK && (out->len < DB_HEADER_SIZE || memcmp(out->data, DB_MAGIC, 8) != 0 ||
				   memcmp(out->data + DB_AT_KEY, key, sizeof(key)) != 0))
		rc = rf_err_set(err, RF_EINPUT, "what was built is no database");
	return rc < 0 ? rc : vuln_db_seal(out, signer, err);
}

/* --- deltas --- */

static int send_delta(
	struct vuln_job *job, const struct vuln_db *from, int delta_fd, struct rf_err *err)
{
	const struct image_digest *digest = &vuln_db_info(from)->digest;
	const int fds[JOB_APPLY_FDS] = {[JOB_APPLY_OUT] = job->out_fd,
		[JOB_APPLY_OLD] = vuln_db_fd(from),
		[JOB_APPLY_DELTA] = delta_fd};
	const struct rf_str payload = {(const char *)digest->bytes, sizeof(digest->bytes)};

	return frame_send_fds(job->child.channel, JOB_APPLY, payload, fds, JOB_APPLY_FDS, err);
}

/* The child may be anybody's by now. Its file is nobody's but ours any more. */
static int check_result(const struct vuln_job *job, struct rf_err *err)
{
	AUTO_VULN_DB *db = NULL;
	int rc = vuln_db_open(job->out_fd, &db, err);

	return rc < 0 ? rc : vuln_db_verify(db, err);
}

int vuln_job_apply(const struct vuln_db *from, int delta_fd, struct rf_buf *out, struct rf_err *err)
{
	CLEANUP(job_done) struct vuln_job job = {.out_fd = -1};
	int rc = job_begin(&job, err);

	if (rc == RF_OK)
		rc = send_delta(&job, from, delta_fd, err);
	if (rc == RF_OK)
		rc = await(&job, err);
	if (rc == RF_OK)
		rc = take_result(&job, out, err);
	return rc < 0 ? rc : check_result(&job, err);
}

const struct vuln_build_report *vuln_job_report(const struct vuln_job *job)
{
	return &job->report;
}
