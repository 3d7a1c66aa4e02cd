/* File descriptors and small files. Descriptors start at -1 and are close-on-exec. */
#ifndef RF_BASE_FD_H
#define RF_BASE_FD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Closes *fd when it is not negative; for CLEANUP. */
void rf_fd_closep(int *fd);
#define AUTO_FD CLEANUP(rf_fd_closep) int

/* All of fd into buf until end of file, honouring buf->max (RF_ELIMIT). */
int rf_fd_read_all(int fd, struct rf_buf *buf, struct rf_err *err) RF_MUST_USE;
/* All of data, whatever the number of writes it takes. Blocking descriptors only. */
int rf_fd_write_all(int fd, const void *data, size_t len, struct rf_err *err) RF_MUST_USE;

/* A whole file into buf; at most buf->max bytes (RF_ELIMIT). RF_EABSENT when there is none. */
int rf_file_read(const char *path, struct rf_buf *buf, struct rf_err *err) RF_MUST_USE;
/* True for what is there and is no file to be replaced: a device, a FIFO (/dev/stdout). */
bool rf_path_is_special(const char *path);
/*
 * Replaces path in one step (temporary file beside it, fsync when durable, rename). What is special
 * is written to instead.
 */
int rf_file_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable,
	struct rf_err *err) RF_MUST_USE;
/* Writes to an existing file (a sysctl, a cgroup control) in one write. */
int rf_file_write(const char *path, const char *text, struct rf_err *err) RF_MUST_USE;

/* mkdir -p: existing directories are fine. */
int rf_dir_make(const char *path, mode_t mode, struct rf_err *err) RF_MUST_USE;
/* rm -r, never crossing a mount and never following a symbolic link. Absent is fine. */
int rf_dir_remove(const char *path, struct rf_err *err) RF_MUST_USE;
/* The same for one name in an open directory. */
int rf_dir_remove_at(int dir_fd, const char *name, struct rf_err *err) RF_MUST_USE;

#endif
