/*
 * Which functions a Go program can get to from main.main, as far as its machine code shows: direct
 * calls and jumps to a function's first byte, and addresses taken of functions, closures and
 * tables of methods. amd64 and arm64.
 *
 * What goes through data alone or reflection is not seen, and what is taken is not always called:
 * a path is evidence that a function is reached, its absence is evidence of nothing.
 */
#ifndef RF_IMAGE_GO_CALLS_H
#define RF_IMAGE_GO_CALLS_H

#include "image/go/pclntab.h"

#define GO_MAX_PATH 64 /* functions of a path that is told; longer ones are cut in the middle */

struct go_calls;

/* RF_EUNSUPPORTED: not for this machine, or there is no main.main. */
int go_calls_new(const struct go_exe *exe, const struct go_table *table, struct go_calls **ret,
	struct rf_err *err) RF_MUST_USE;
void go_calls_free(struct go_calls *calls);
void go_calls_freep(struct go_calls **calls);
#define AUTO_GO_CALLS CLEANUP(go_calls_freep) struct go_calls

/* True when function index (of the table) was reached. */
bool go_calls_reach(const struct go_calls *calls, uint64_t index);
/* Indexes from main.main to index, a shortest path; at most max of them. Returns how many. */
size_t go_calls_path(const struct go_calls *calls, uint64_t index, uint64_t *out, size_t max);

#endif
