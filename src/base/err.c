/* Errors by value: a code, an errno and one line for a person. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	int exit_status;
	const char *name;
} code_rows[] = {
	{RF_OK, 0, "ok"},
	{RF_EINPUT, 2, "input"},
	{RF_ELIMIT, 2, "limit"},
	{RF_EDENIED, 2, "denied"},
	{RF_EABSENT, 2, "absent"},
	{RF_EUNSUPPORTED, 2, "unsupported"},
	{RF_EIO, 2, "io"},
	{RF_EINTERNAL, 2, "internal"},
};

int rf_err_set(struct rf_err *err, enum rf_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int rf_err_sys(struct rf_err *err, int sys_errno, const char *fmt, ...)
{
	char reason[128] = "";
	va_list ap;
	int len;

	if (!err)
		return RF_EIO;
	err->code = RF_EIO;
	err->sys_errno = sys_errno;
	va_start(ap, fmt);
	len = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(err->msg))
		return RF_EIO;
	snprintf(err->msg + len, sizeof(err->msg) - (size_t)len, ": %s",
		strerror_r(sys_errno, reason, sizeof(reason)));
	return RF_EIO;
}

int rf_err_wrap(struct rf_err *err, int code, const char *fmt, ...)
{
	char inner[RF_ERR_MSG_SIZE];
	va_list ap;
	int len;

	if (!err)
		return code;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	len = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(err->msg))
		snprintf(err->msg + len, sizeof(err->msg) - (size_t)len, ": %s", inner);
	return code;
}

int rf_err_nomem(struct rf_err *err)
{
	return rf_err_set(err, RF_EINTERNAL, "out of memory");
}

int rf_code_exit(int code)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(code_rows); i++) {
		if (code_rows[i].code == code)
			return code_rows[i].exit_status;
	}
	return 2;
}

const char *rf_code_name(int code)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(code_rows); i++) {
		if (code_rows[i].code == code)
			return code_rows[i].name;
	}
	return "internal";
}
