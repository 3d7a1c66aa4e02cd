/* One file a setting. */
#include "dataplane/sysctl.h"

#include <limits.h>
#include <stdio.h>

#include "base/fd.h"

static void path_of(
	char out[static PATH_MAX], enum rf_family family, const char *link, const char *name)
{
	snprintf(out, PATH_MAX, "/proc/sys/net/ipv%d/conf/%s/%s", family == RF_IPV6 ? 6 : 4, link,
		name);
}

int sysctl_set(enum rf_family family, const char *link, const char *name, const char *value,
	struct rf_err *err)
{
	char path[PATH_MAX];

	path_of(path, family, link, name);
	return rf_file_write(path, value, err);
}

int sysctl_get(enum rf_family family, const char *link, const char *name)
{
	AUTO_BUF text = {.max = 64};
	char path[PATH_MAX];

	path_of(path, family, link, name);
	if (rf_file_read(path, &text, NULL) < 0 || text.len == 0 || text.data[0] < '0' ||
		text.data[0] > '9')
		return -1;
	return text.data[0] - '0';
}

int sysctl_set_all(
	const char *link, const struct sysctl_row *rows, size_t count, struct rf_err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct rf_err cause = {.code = RF_OK};
		int rc = sysctl_set(rows[i].family, link, rows[i].name, rows[i].value, &cause);

		if (rc == RF_OK || (rows[i].optional && rc == RF_EABSENT))
			continue;
		if (err)
			*err = cause;
		return rc;
	}
	return RF_OK;
}
