/* What a call writes to standard output and standard error, in files without names. */
#ifndef TESTS_UNIT_CMD_CAPTURED_H
#define TESTS_UNIT_CMD_CAPTURED_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

struct captured {
	int saved[2], files[2]; /* of descriptors 1 and 2 */
	struct rf_buf out, err;
};

static inline struct captured capture_begin(void)
{
	struct captured c = {.out = {.len = 0}};

	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		c.saved[i] = dup(i + 1);
		c.files[i] = memfd_create("captured", MFD_CLOEXEC);
		if (c.saved[i] < 0 || c.files[i] < 0 || dup2(c.files[i], i + 1) < 0)
			abort();
	}
	return c;
}

static inline void capture_end(struct captured *c)
{
	struct rf_buf *const texts[] = {&c->out, &c->err};

	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(c->saved[i], i + 1);
		close(c->saved[i]);
		if (lseek(c->files[i], 0, SEEK_SET) < 0 ||
			rf_fd_read_all(c->files[i], texts[i], NULL) < 0)
			abort();
		close(c->files[i]);
	}
}

static inline void captured_done(struct captured *c)
{
	rf_buf_done(&c->out);
	rf_buf_done(&c->err);
}
#define CAPTURED CLEANUP(captured_done) struct captured

/* Runs call between the two. */
#define CAPTURE(c, call)              \
	CAPTURED c = capture_begin(); \
	call;                         \
	capture_end(&c)

#endif
