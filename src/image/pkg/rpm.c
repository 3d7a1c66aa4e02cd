/* RPM databases, told by their first bytes. */
#include "image/pkg/rpm_int.h"

struct format {
	bool (*is)(struct rf_bytes file);
	int (*read)(struct rpm_reading *reading, struct rf_err *err);
};

static const struct format formats[] = {
	{rpm_is_sqlite, rpm_sqlite_read},
	{rpm_is_ndb, rpm_ndb_read},
	{rpm_is_bdb, rpm_bdb_read},
};

int rpm_charge(struct rpm_reading *reading, size_t len, struct rf_err *err)
{
	if (len > RPM_MAX_HEADER)
		return rf_err_set(err, RF_ELIMIT, "a header of %zu bytes", len);
	if (len > reading->budget)
		return rf_err_set(err, RF_EINPUT, "headers overlap, or are larger than the file");
	reading->budget -= len;
	return RF_OK;
}

int pkg_rpm_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct rpm_reading reading = {.out.sink = sink, .file = file, .budget = file.len};

	if (file.len == 0)
		return RF_OK;
	if (file.len > PKG_MAX_FILE_SIZE)
		return rf_err_set(
			err, RF_ELIMIT, "RPM database: larger than %zu bytes", PKG_MAX_FILE_SIZE);
	for (size_t i = 0; i < RF_ARRAY_LEN(formats); i++) {
		int rc;

		if (!formats[i].is(file))
			continue;
		rc = formats[i].read(&reading, err);
		return rc < 0 && !reading.out.stopped ? rf_err_wrap(err, rc, "RPM database") : rc;
	}
	return rf_err_set(err, RF_EINPUT, "RPM database: neither SQLite nor ndb nor Berkeley DB");
}
