/*
 * The parents of "image-unpack": one child a layer, as many at once as there are processors (four
 * at most), served in one poll loop. When a child is done and dead, its opaque directories get
 * their mark: nobody can move them about any more, and the kernel resolves their paths inside the
 * layer.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/import_int.h"
#include "image/tree.h"

#define MAX_JOBS	4
#define MAX_OPAQUE	100000 /* opaque directories of one layer */
#define MAX_NOTES	100    /* passed on, of one layer; the rest is not */
#define MAX_NOTE_LEN	1024
#define LAYER_ROOT_MODE 0755

struct job {
	struct proc_child child;
	size_t layer;
	int root_fd; /* of the unpacked tree */
	uint64_t done_bytes;
	size_t note_count;
	RF_VEC(char *) opaque;
};

struct jobs {
	struct import *import;
	struct job slots[MAX_JOBS];
	size_t max;
	size_t next_layer;
	uint64_t finished_bytes;
};

static void job_done(struct job *job)
{
	proc_child_kill(&job->child);
	rf_fd_closep(&job->root_fd);
	rf_vec_each (path, &job->opaque)
		free(*path);
	rf_vec_done(&job->opaque);
	*job = (struct job){.child = PROC_CHILD_INIT, .root_fd = -1};
}

static void jobs_done(struct jobs *jobs)
{
	for (size_t i = 0; i < MAX_JOBS; i++)
		job_done(&jobs->slots[i]);
}

char *import_staged_layer(const struct import *import, size_t layer)
{
	AUTO_BUF path = {.max = STORE_NAME_SIZE};

	rf_buf_addf(&path, "%s/layer%zu", import->staging, layer);
	return rf_buf_take(&path);
}

bool import_has_layer(const struct import *import, size_t layer)
{
	const struct image_choice_layer *layers = import->source.found.layers;
	char file[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_FREE char *path = NULL;

	for (size_t i = 0; i < layer; i++) {
		if (image_digest_eq(&layers[i].diff_id, &layers[layer].diff_id))
			return true;
	}
	path = store_path(
		import->store, "layers/%s", image_digest_file(&layers[layer].diff_id, file));
	return path && access(path, F_OK) == 0;
}

static int make_root(struct import *import, size_t layer, struct rf_err *err)
{
	AUTO_FREE char *dir = import_staged_layer(import, layer);
	AUTO_FREE char *root = NULL;
	int fd;

	if (!dir || asprintf(&root, "%s/fs", dir) < 0) {
		root = NULL;
		return rf_err_nomem(err);
	}
	if (mkdir(dir, 0700) < 0 || mkdir(root, LAYER_ROOT_MODE) < 0 ||
		chmod(root, LAYER_ROOT_MODE) < 0)
		return rf_err_sys(err, errno, "make %s", root);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? rf_err_sys(err, errno, "open %s", root) : fd;
}

static int send_task(struct import *import, struct job *job, struct rf_err *err)
{
	const struct image_choice_layer *layer = &import->source.found.layers[job->layer];
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	AUTO_FD owned = -1;
	/* With the lock's descriptor the child holds the lock, too: should this process be killed,
	 * nobody sweeps the store before the child is gone. */
	int fds[3] = {-1, job->root_fd, import->lock_fd};

	fds[0] = image_source_layer(&import->source, job->layer, &owned, err);
	if (fds[0] < 0)
		return fds[0];
	image_job_put(&payload, layer);
	if (payload.failed)
		return rf_err_nomem(err);
	return frame_send_fds(
		job->child.channel, IMAGE_MSG_UNPACK, rf_buf_str(&payload), fds, 3, err);
}

static int job_start(struct jobs *jobs, struct job *job, size_t layer, struct rf_err *err)
{
	int rc;

	job->layer = layer;
	rc = make_root(jobs->import, layer, err);
	if (rc < 0)
		return rc;
	job->root_fd = rc;
	rc = image_unpack_start(&job->child, err);
	return rc < 0 ? rc : send_task(jobs->import, job, err);
}

static void tell_progress(struct jobs *jobs)
{
	struct import *import = jobs->import;

	import->progress.done_bytes = jobs->finished_bytes;
	for (size_t i = 0; i < jobs->max; i++)
		import->progress.done_bytes += jobs->slots[i].done_bytes;
	import_tell(import, IMAGE_STAGE_UNPACK, NULL);
}

static int take_progress(struct jobs *jobs, struct job *job, uint64_t bytes)
{
	uint64_t len = jobs->import->source.found.layers[job->layer].range.len;

	job->done_bytes = bytes < len ? bytes : len;
	tell_progress(jobs);
	return RF_OK;
}

static int take_note(struct jobs *jobs, struct job *job, struct rf_str text)
{
	char note[MAX_NOTE_LEN];

	if (job->note_count++ >= MAX_NOTES || !rf_str_copy(text, note, sizeof(note)))
		return RF_OK;
	for (char *p = note; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	import_tell(jobs->import, IMAGE_STAGE_NOTE, note);
	return RF_OK;
}

static int take_opaque(struct job *job, struct rf_str path, struct rf_err *err)
{
	char *copy;

	if (path.len > IMAGE_MAX_PATH || job->opaque.count >= MAX_OPAQUE)
		return rf_err_set(err, RF_ELIMIT, "more than %d opaque directories", MAX_OPAQUE);
	copy = rf_str_dup(path);
	if (copy && rf_vec_push(&job->opaque, copy))
		return RF_OK;
	free(copy);
	return rf_err_nomem(err);
}

static int mark_opaque(const struct job *job, struct rf_err *err)
{
	rf_vec_each (path, &job->opaque) {
		AUTO_FD fd = image_open_in_root(
			job->root_fd, (*path)[0] ? *path : ".", O_RDONLY | O_DIRECTORY);

		if (fd < 0)
			return rf_err_sys(err, errno, "opaque directory \"%.200s\"", *path);
		if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
			return rf_err_sys(err, errno, "mark \"%.200s\" opaque", *path);
	}
	return RF_OK;
}

static int write_bytes(struct import *import, size_t layer, uint64_t bytes, struct rf_err *err)
{
	AUTO_FREE char *dir = import_staged_layer(import, layer);
	AUTO_FREE char *path = NULL;
	char text[24];

	if (!dir || asprintf(&path, "%s/bytes", dir) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	return rf_file_replace(path, text, strlen(text), 0600, false, err);
}

/* The marks of overlayfs are for root's eyes only, and the scanner is nobody: they are listed, too.
 */
static int write_opaque(const struct job *job, struct import *import, struct rf_err *err)
{
	AUTO_FREE char *dir = import_staged_layer(import, job->layer);
	AUTO_FREE char *path = NULL;
	AUTO_BUF list = {.len = 0};

	if (job->opaque.count == 0)
		return RF_OK;
	if (!dir || asprintf(&path, "%s/" IMAGE_OPAQUE_LIST, dir) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	rf_vec_each (it, &job->opaque)
		rf_buf_add(&list, *it, strlen(*it) + 1);
	if (list.failed)
		return rf_err_nomem(err);
	return rf_file_replace(path, list.data, list.len, 0600, false, err);
}

static int job_finish(struct jobs *jobs, struct job *job, uint64_t bytes, struct rf_err *err)
{
	struct import *import = jobs->import;
	int rc = proc_child_wait(&job->child, err);

	if (rc == RF_OK)
		rc = mark_opaque(job, err);
	if (rc == RF_OK)
		rc = write_opaque(job, import, err);
	if (rc == RF_OK)
		rc = write_bytes(import, job->layer, bytes, err);
	if (rc < 0)
		return rc;
	jobs->finished_bytes += import->source.found.layers[job->layer].range.len;
	import->progress.layer++;
	job_done(job);
	tell_progress(jobs);
	return RF_OK;
}

static uint64_t get_number(struct frame_reader *reader, int *rc, struct rf_err *err)
{
	uint64_t number = frame_get_u64(reader);

	if (!frame_reader_ok(reader))
		*rc = rf_err_set(err, RF_EINPUT, "a malformed message");
	return number;
}

static int take_message(
	struct jobs *jobs, struct job *job, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t number;
	int rc = RF_OK;

	switch ((enum image_msg)frame->type) {
	case IMAGE_MSG_PROGRESS:
		number = get_number(&reader, &rc, err);
		return rc < 0 ? rc : take_progress(jobs, job, number);
	case IMAGE_MSG_NOTE: return take_note(jobs, job, reader.rest);
	case IMAGE_MSG_OPAQUE: return take_opaque(job, reader.rest, err);
	case IMAGE_MSG_DONE:
		number = get_number(&reader, &rc, err);
		return rc < 0 ? rc : job_finish(jobs, job, number, err);
	case IMAGE_MSG_FAILED: return frame_get_err(&reader, err);
	case IMAGE_MSG_READ:
	case IMAGE_MSG_WANT:
	case IMAGE_MSG_MEMBER:
	case IMAGE_MSG_MANIFEST:
	case IMAGE_MSG_CONFIG:
	case IMAGE_MSG_IMAGE:
	case IMAGE_MSG_UNPACK: break;
	}
	return rf_err_set(err, RF_EINPUT, "an unexpected message");
}

static int job_hear(struct jobs *jobs, struct job *job, struct rf_err *err)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];
	const struct image_digest *diff_id = &jobs->import->source.found.layers[job->layer].diff_id;
	AUTO_FRAME frame = FRAME_INIT;
	size_t layer = job->layer;
	int rc = frame_recv(job->child.channel, &frame, err);

	if (rc == RF_OK) {
		rc = take_message(jobs, job, &frame, err);
	} else if (rc == RF_EABSENT) {
		rc = proc_child_wait(&job->child, err);
		if (rc == RF_OK)
			rc = rf_err_set(err, RF_EINTERNAL, "ended early");
	}
	if (rc < 0)
		rf_err_wrap(err, rc, "layer %zu (%s)", layer + 1, image_digest_text(diff_id, text));
	return rc;
}

/* Fills free slots with layers that are still to do. */
static int start_more(struct jobs *jobs, size_t *ret_running, struct rf_err *err)
{
	struct import *import = jobs->import;
	int rc = RF_OK;

	*ret_running = 0;
	for (size_t i = 0; i < jobs->max && rc == RF_OK; i++) {
		struct job *job = &jobs->slots[i];

		while (!job->child.pid && jobs->next_layer < import->source.found.layer_count) {
			size_t layer = jobs->next_layer++;

			if (import_has_layer(import, layer))
				continue;
			rc = job_start(jobs, job, layer, err);
			if (rc < 0)
				return rc;
		}
		*ret_running += job->child.pid != 0;
	}
	return rc;
}

static int hear_some(struct jobs *jobs, struct rf_err *err)
{
	struct pollfd polls[MAX_JOBS];
	int rc = RF_OK;

	for (size_t i = 0; i < jobs->max; i++)
		polls[i] = (struct pollfd){.fd = jobs->slots[i].child.channel, .events = POLLIN};
	if (poll(polls, jobs->max, -1) < 0)
		return errno == EINTR ? RF_OK : rf_err_sys(err, errno, "poll");
	for (size_t i = 0; i < jobs->max && rc == RF_OK; i++) {
		if (polls[i].fd >= 0 && polls[i].revents)
			rc = job_hear(jobs, &jobs->slots[i], err);
	}
	return rc;
}

static void count_work(struct import *import)
{
	for (size_t i = 0; i < import->source.found.layer_count; i++) {
		if (import_has_layer(import, i))
			continue;
		import->progress.layer_count++;
		import->progress.total_bytes += import->source.found.layers[i].range.len;
	}
}

int import_unpack(struct import *import, struct rf_err *err)
{
	CLEANUP(jobs_done) struct jobs jobs = {.import = import};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t running;
	int rc;

	jobs.max = processors < 1 ? 1 : processors > MAX_JOBS ? MAX_JOBS : (size_t)processors;
	for (size_t i = 0; i < MAX_JOBS; i++)
		jobs.slots[i] = (struct job){.child = PROC_CHILD_INIT, .root_fd = -1};
	count_work(import);
	tell_progress(&jobs);
	while ((rc = start_more(&jobs, &running, err)) == RF_OK && running) {
		rc = hear_some(&jobs, err);
		if (rc < 0)
			break;
	}
	return rc;
}
