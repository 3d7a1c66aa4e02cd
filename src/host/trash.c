/* STATE/trash: numbered entries, each with a process that removes it. */
#include "host/trash.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"

#define RM "/bin/rm"

static void removed(void *ctx RF_UNUSED, int status RF_UNUSED)
{
	/* What it could not remove, the sweep will. */
}

static int start_removal(struct host *host, const char *path, struct rf_err *err)
{
	struct child_spec spec = {.own_session = true};
	struct child *child;

	spec.argv = (const char *const[]){
		RM, "-rf", "--one-file-system", "--preserve-root", "--", path, NULL};
	return child_start(host->loop, &spec, removed, NULL, &child, err);
}

static int move_aside(struct host *host, const char *path, char **ret, struct rf_err *err)
{
	AUTO_FREE char *aside = NULL;
	int rc = rf_dir_make(host->inst.trash, 0700, err);

	if (rc < 0)
		return rc;
	if (asprintf(&aside, "%s/%d.%u", host->inst.trash, (int)getpid(), host->trash_count++) <
		0) {
		aside = NULL;
		return rf_err_nomem(err);
	}
	if (rename(path, aside) == 0) {
		*ret = TAKE_PTR(aside);
		return RF_OK;
	}
	return errno == ENOENT ? RF_EABSENT : rf_err_sys(err, errno, "move %s aside", path);
}

int trash_put(struct host *host, const char *path, struct rf_err *err)
{
	AUTO_FREE char *aside = NULL;
	int rc;

	if (host->stopping)
		return rf_dir_remove(path, err);
	rc = move_aside(host, path, &aside, err);
	if (rc < 0)
		return rc == RF_EABSENT ? RF_OK : rc;
	return start_removal(host, aside, err);
}
