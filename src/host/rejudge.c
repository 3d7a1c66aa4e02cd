/* The database is replaced by renaming, so another inode or time is another database. */
#include "host/rejudge.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/dns.h"
#include "host/notes.h"

#define LOOK_MS	   5000
#define MAX_IMAGES 256
#define MAX_TEXT   ((size_t)1 << 20)

struct rejudge {
	struct host *host;
	struct loop_timer *timer;
	struct child *child;
	int out_fd; /* what the child prints; -1: none */
	struct stat seen;
	size_t image_count;
	bool too_many; /* images: only the first were judged */
};

static bool is_other(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_dev != b->st_dev ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static void look(void *ctx);

static void look_later(struct rejudge *self)
{
	self->timer = loop_timer_add(self->host->loop, LOOK_MS, look, self);
}

/* --- the answer --- */

/* "IMAGE: refused: WHY" lines; the others may run, unless one could not be judged. */
static void tell(struct rejudge *self, bool all_judged)
{
	AUTO_BUF text = {.max = MAX_TEXT};
	struct rf_str line, rest;
	size_t refused = 0;

	if (lseek(self->out_fd, 0, SEEK_SET) < 0 || rf_fd_read_all(self->out_fd, &text, NULL) < 0)
		return;
	rest = rf_buf_str(&text);
	while (rest.ptr) {
		rest = rf_str_cut(rest, '\n', &line);
		if (!line.len || !memmem(line.ptr, line.len, ": refused: ", 11))
			continue;
		refused++;
		host_note(self->host, "a newer vulnerability database: " RF_STR_FMT,
			RF_STR_ARG(line));
	}
	if (!refused && all_judged)
		host_note(self->host,
			"a newer vulnerability database: all images of running pods (%zu) may go "
			"on",
			self->image_count);
}

static void on_exit_of_child(void *ctx, int status)
{
	struct rejudge *self = ctx;
	char text[48];
	bool all_judged = WIFEXITED(status) && WEXITSTATUS(status) < 2 && !self->too_many;

	self->child = NULL;
	/* What is refused is said, also when another image could not be judged. */
	tell(self, all_judged);
	if (self->too_many)
		host_note(self->host,
			"a newer vulnerability database: only the first %d images of running pods "
			"were judged",
			MAX_IMAGES);
	else if (!all_judged)
		host_note(self->host,
			"images could not be judged by the newer vulnerability database: %s",
			child_status_text(status, text));
	rf_fd_closep(&self->out_fd);
	self->out_fd = -1;
	look_later(self);
}

/* --- the question --- */

static bool is_listed(const char *const *argv, size_t from, size_t count, const char *image)
{
	for (size_t i = from; i < count; i++) {
		if (strcmp(argv[i], image) == 0)
			return true;
	}
	return false;
}

/* Every image of a running pod once, behind argv's first count. Returns the new count. */
static size_t add_images(struct rejudge *self, const char **argv, size_t count)
{
	const struct host *host = self->host;
	size_t from = count;

	rf_vec_each (pod, &host->pods) {
		for (size_t i = 0; i < (*pod)->container_count; i++) {
			struct rf_str image = (*pod)->containers[i].spec->image;

			if ((*pod)->phase >= POD_STOPPING || dns_is_image(image) ||
				is_listed(argv, from, count, image.ptr))
				continue;
			if (count - from == MAX_IMAGES) {
				self->too_many = true;
				return count;
			}
			argv[count++] = image.ptr;
		}
	}
	return count;
}

static int start_child(struct rejudge *self, struct rf_err *err)
{
	const struct gate_config *gate = &self->host->config.gate;
	const char *argv[MAX_IMAGES + 16] = {"/proc/self/exe", "image", "judge", "--state-dir",
		self->host->inst.state_dir, "--db", gate->db};
	struct child_spec spec = {.argv = argv};
	size_t count = 7, before;

	if (gate->ignore) {
		argv[count++] = "--ignore";
		argv[count++] = gate->ignore;
	}
	if (gate->fail_on) {
		argv[count++] = "--fail-on";
		argv[count++] = gate->fail_on;
	}
	if (gate->max_age) {
		argv[count++] = "--max-age";
		argv[count++] = gate->max_age;
	}
	if (gate->unfixed)
		argv[count++] = "--unfixed";
	before = count;
	self->too_many = false;
	count = add_images(self, argv, count);
	self->image_count = count - before;
	if (!self->image_count)
		return RF_EABSENT;
	self->out_fd = memfd_create("judge", MFD_CLOEXEC);
	if (self->out_fd < 0)
		return RF_EIO;
	spec.fds[spec.fd_count++] = (struct child_fd){self->out_fd, 1};
	return child_start(self->host->loop, &spec, on_exit_of_child, self, &self->child, err);
}

static void look(void *ctx)
{
	struct rejudge *self = ctx;
	struct rf_err err;
	struct stat now;

	self->timer = NULL;
	if (stat(self->host->config.gate.db, &now) < 0 || !is_other(&now, &self->seen)) {
		look_later(self);
		return;
	}
	self->seen = now;
	if (start_child(self, &err) < 0) {
		rf_fd_closep(&self->out_fd);
		self->out_fd = -1;
		look_later(self);
	}
}

void rejudge_watch(struct host *host)
{
	struct rejudge *self;

	if (host->config.gate.off || !host->config.gate.db)
		return;
	self = calloc(1, sizeof(*self));
	if (!self)
		return;
	self->host = host;
	self->out_fd = -1;
	if (stat(host->config.gate.db, &self->seen) < 0)
		self->seen.st_ino = 0; /* the first one is a newer one */
	host->rejudge = self;
	look_later(self);
}

void rejudge_done(struct host *host)
{
	struct rejudge *self = host->rejudge;

	if (!self)
		return;
	if (self->child) {
		child_kill(self->child, SIGKILL);
		child_detach(self->child);
	}
	rf_fd_closep(&self->out_fd);
	free(self);
	host->rejudge = NULL;
}
