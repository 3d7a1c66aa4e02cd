/* Paths by who asks. */
#include "cmd/state.h"

#include <stdlib.h>
#include <unistd.h>

#include "host/instance.h"

static int in_home(const char *name, const char *option, struct rf_buf *out, struct rf_err *err)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && data[0] == '/')
		rf_buf_addf(out, "%s/ringfence/%s", data, name);
	else if (home && home[0] == '/')
		rf_buf_addf(out, "%s/.local/share/ringfence/%s", home, name);
	else
		return rf_err_set(err, RF_EABSENT, "HOME is not set: say where with %s", option);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

int state_path(const char *name, const char *option, struct rf_buf *out, struct rf_err *err)
{
	struct instance inst;
	int rc;

	if (geteuid() != 0)
		return in_home(name, option, out, err);
	rc = instance_init(&inst, NULL, NULL, err);
	if (rc < 0)
		return rc;
	rf_buf_addf(out, "%s/%s", inst.state_dir, name);
	instance_done(&inst);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}
