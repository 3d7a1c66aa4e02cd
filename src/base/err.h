/*
 * One error type. Functions that can fail return 0 or a negative enum rf_code; where a person
 * needs words, the last parameter is a struct rf_err that receives them. Callers add context by
 * wrapping. Nothing here allocates.
 */
#ifndef RF_BASE_ERR_H
#define RF_BASE_ERR_H

#include <stdarg.h>

#include "base/attr.h"

/* What the caller may do about it decides the code. rf_code_exit() maps codes to exit statuses. */
enum rf_code {
	RF_OK = 0,
	RF_EINPUT = -1,	 /* the input is wrong: tell its owner where */
	RF_ELIMIT = -2,	 /* a bound was met: size, depth, count, time */
	RF_EDENIED = -3, /* not permitted: privilege or policy */
	RF_EABSENT = -4, /* the thing named does not exist */
	RF_EUNSUPPORTED =
		-5,	   /* understood, but cannot be done on this machine or in this version */
	RF_EIO = -6,	   /* the system refused: errno says why; trying again may help */
	RF_EINTERNAL = -7, /* a defect of Ringfence, or memory ran out */
};

#define RF_ERR_MSG_SIZE 512

struct rf_err {
	enum rf_code code;
	int sys_errno; /* errno of the failed system call, or 0 */
	char msg[RF_ERR_MSG_SIZE];
};

/* Records code and message (replacing what was there); returns code. err may be NULL. */
int rf_err_set(struct rf_err *err, enum rf_code code, const char *fmt, ...) RF_PRINTF(3, 4);

/* Records RF_EIO with ": strerror(sys_errno)" after the message; returns RF_EIO. */
int rf_err_sys(struct rf_err *err, int sys_errno, const char *fmt, ...) RF_PRINTF(3, 4);

/* Puts "context: " before the message; returns the code recorded. err may be NULL. */
int rf_err_wrap(struct rf_err *err, int code, const char *fmt, ...) RF_PRINTF(3, 4);

/* Memory ran out: records RF_EINTERNAL, returns it. */
int rf_err_nomem(struct rf_err *err);

/* The exit status a program ends with for a code: 0 ok, 2 anything else. */
int rf_code_exit(int code);

/* A short name for a code ("input", "limit", ...); never NULL. */
const char *rf_code_name(int code);

#endif
