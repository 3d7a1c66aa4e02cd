/* Opening, and ages in words. */
#include "cmd/database.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "cmd/state.h"
#include "image/vuln/sign.h"

#define KEY_FILE "signing.pem"

int database_default(struct rf_buf *out, struct rf_err *err)
{
	const char *env = getenv("RINGFENCE_DB");

	if (!env || !env[0])
		return state_path(DATABASE_FILE, "--db", out, err);
	rf_buf_add_c(out, env);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

int database_key_default(struct rf_buf *out, struct rf_err *err)
{
	return state_path(KEY_FILE, "--key", out, err);
}

static int check_signer(const struct vuln_db *db, const char *key, struct rf_err *err)
{
	uint8_t wanted[VULN_KEY_LEN];
	int rc = key ? vuln_key_read(key, wanted, err) : RF_OK;

	if (rc == RF_OK && key && memcmp(wanted, vuln_db_info(db)->key, VULN_KEY_LEN) != 0)
		rc = rf_err_set(err, RF_EDENIED, "it was signed with another key than %s", key);
	return rc;
}

int database_open_fd(int fd, const char *key, struct vuln_db **ret, struct rf_err *err)
{
	AUTO_VULN_DB *db = NULL;
	int rc = vuln_db_open(fd, &db, err);

	if (rc == RF_OK)
		rc = check_signer(db, key, err);
	if (rc == RF_OK)
		*ret = TAKE_PTR(db);
	return rc;
}

int database_open(const char *path, const char *key, struct vuln_db **ret, struct rf_err *err)
{
	AUTO_BUF standard = {0};
	AUTO_FD fd = -1;
	int rc = path ? RF_OK : database_default(&standard, err);

	if (rc < 0)
		return rc;
	path = path ? path : rf_buf_cstr(&standard);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return rf_err_set(err, RF_EABSENT, "%s: there is no vulnerability database", path);
	if (fd < 0)
		return rf_err_sys(err, errno, "%s", path);
	rc = database_open_fd(fd, key, ret, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}

/* --- ages --- */

static const struct {
	char letter;
	uint64_t seconds;
	const char *name;
} units[] = {
	{'w', 7 * 24 * 3600, NULL},
	{'d', 24 * 3600, "day"},
	{'h', 3600, "hour"},
	{'m', 60, "minute"},
	{'s', 1, "second"},
};

const char *database_age(uint64_t age_s, char out[static DATABASE_AGE_SIZE])
{
	for (size_t i = 0; i < RF_ARRAY_LEN(units); i++) {
		uint64_t count = age_s / units[i].seconds;

		if (!units[i].name || (count == 0 && units[i].seconds > 1))
			continue;
		snprintf(out, DATABASE_AGE_SIZE, "%llu %s%s", (unsigned long long)count,
			units[i].name, count == 1 ? "" : "s");
		break;
	}
	return out;
}

bool database_duration(const char *text, uint64_t *ret_s)
{
	struct rf_str number = rf_str_of(text);
	uint64_t seconds = 0, count;

	if (number.len < 2)
		return false;
	number.len--;
	for (size_t i = 0; i < RF_ARRAY_LEN(units); i++) {
		if (units[i].letter == text[number.len])
			seconds = units[i].seconds;
	}
	if (!seconds || !rf_num_u64(number, UINT32_MAX, &count))
		return false;
	*ret_s = count * seconds;
	return true;
}

bool database_max_age(const char *text, uint64_t *ret_s)
{
	return database_duration(text, ret_s) && *ret_s;
}
