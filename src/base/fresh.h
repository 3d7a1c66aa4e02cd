/*
 * A file that takes the place of another in one step, whole or not at all. It is written without a
 * name, so that whoever is killed meanwhile leaves nothing behind. For the moment of the exchange,
 * and from the beginning where a file system has no nameless files, it is called PATH.fresh-XXXXXX,
 * and locked; what a killed process left of these goes when the next one is made for the same path.
 */
#ifndef RF_BASE_FRESH_H
#define RF_BASE_FRESH_H

#include <sys/types.h>

#include "base/err.h"

struct rf_fresh {
	int fd;	    /* for reading and writing; the file's own */
	char *path; /* what it will be */
	char *temp; /* what it is called until then; NULL: it has no name */
};

#define RF_FRESH_INIT ((struct rf_fresh){.fd = -1})

int rf_fresh_open(
	const char *path, mode_t mode, struct rf_fresh *ret, struct rf_err *err) RF_MUST_USE;
/* Writes it through to the disk and puts it in place. */
int rf_fresh_place(struct rf_fresh *fresh, struct rf_err *err) RF_MUST_USE;
/* Away with it, unless it is in place. */
void rf_fresh_done(struct rf_fresh *fresh);
#define AUTO_FRESH CLEANUP(rf_fresh_done) struct rf_fresh

#endif
