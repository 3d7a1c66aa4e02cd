/* Paths and names of an instance, and its lock. Sweeping is in sweep.c. */
#include "host/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

/* A sweep takes the lock's file with it: whoever gets that one tries again. */
#define LOCK_TRIES     100
#define CLAIM_TRIES    20
#define CLAIM_PAUSE_NS 20000000L
#define SOCKET_MAX     100U /* bytes of its path; sockaddr_un takes 107 */

/* "//", "/./" and a "/" at the end are taken out: one directory has one name, and one hash. */
static void tidy(char *path)
{
	char *out = path;

	for (const char *in = path; *in;) {
		size_t len = strcspn(in + 1, "/") + 1; /* "/word" */

		if (len > 1 && !(len == 2 && in[1] == '.')) {
			memmove(out, in, len);
			out += len;
		}
		in += len;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

static char *absolute(const char *given, const char *env_name, const char *fallback)
{
	const char *path = given ? given : getenv(env_name);
	AUTO_FREE char *cwd = NULL;
	char *joined;

	if (!path || !*path)
		path = fallback;
	cwd = *path == '/' ? strdup("") : getcwd(NULL, 0);
	if (!cwd || asprintf(&joined, "%s/%s", cwd, path) < 0)
		return NULL;
	tidy(joined);
	return joined;
}

/* FNV-1a: the name must be the same in every process, so the seeded hash will not do. */
static uint32_t path_hash(const char *path)
{
	uint32_t h = 2166136261U;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 16777619U;
	return h;
}

static bool join(char **out, const char *dir, const char *name)
{
	if (asprintf(out, "%s/%s", dir, name) >= 0)
		return true;
	*out = NULL;
	return false;
}

int instance_init(
	struct instance *inst, const char *run_dir, const char *state_dir, struct rf_err *err)
{
	*inst = (struct instance){.run_dir = NULL};
	inst->run_dir = absolute(run_dir, "RINGFENCE_RUN_DIR", INSTANCE_RUN_DIR);
	inst->state_dir = absolute(state_dir, "RINGFENCE_STATE_DIR", INSTANCE_STATE_DIR);
	if (!inst->run_dir || !inst->state_dir || !join(&inst->pods_run, inst->run_dir, "pods") ||
		!join(&inst->pods_state, inst->state_dir, "pods") ||
		!join(&inst->trash, inst->state_dir, "trash") ||
		!join(&inst->logs, inst->state_dir, "logs") ||
		!join(&inst->images, inst->state_dir, "images") ||
		!join(&inst->socket, inst->run_dir, "control.sock") ||
		asprintf(&inst->cgroup, "/ringfence-%08x", path_hash(inst->run_dir)) < 0) {
		instance_done(inst);
		return rf_err_nomem(err);
	}
	if (strlen(inst->socket) > SOCKET_MAX) {
		rf_err_set(
			err, RF_EINPUT, "%s: the run directory's name is too long", inst->run_dir);
		instance_done(inst);
		return RF_EINPUT;
	}
	return RF_OK;
}

void instance_done(struct instance *inst)
{
	free(inst->run_dir);
	free(inst->state_dir);
	free(inst->pods_run);
	free(inst->pods_state);
	free(inst->trash);
	free(inst->logs);
	free(inst->images);
	free(inst->socket);
	free(inst->cgroup);
	*inst = (struct instance){.run_dir = NULL};
}

int instance_make_dirs(const struct instance *inst, struct rf_err *err)
{
	const char *const dirs[] = {inst->run_dir, inst->state_dir, inst->pods_run,
		inst->pods_state, inst->logs, inst->images};

	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++) {
		int rc = rf_dir_make(dirs[i], 0700, err);

		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* The lock that path names now, or RF_EABSENT: somebody has just taken the file away. */
static int lock_once(const char *path, struct rf_err *err)
{
	struct stat ours, named;
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT)
		return RF_EABSENT;
	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return rf_err_set(err, RF_EDENIED,
			"Ringfence is running already (%s is locked): use `ringfence apply` to "
			"change it or `ringfence down` to stop it",
			path);
	if (fstat(fd, &ours) < 0 || stat(path, &named) < 0 || ours.st_ino != named.st_ino)
		return RF_EABSENT;
	return TAKE_FD(fd);
}

int instance_lock(const struct instance *inst, struct rf_err *err)
{
	AUTO_FREE char *path = NULL;

	if (!join(&path, inst->run_dir, "lock"))
		return rf_err_nomem(err);
	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		int fd = rf_dir_make(inst->run_dir, 0700, err);

		if (fd == RF_OK)
			fd = lock_once(path, err);
		if (fd != RF_EABSENT)
			return fd;
	}
	return rf_err_set(err, RF_EIO, "%s comes and goes: is `ringfence down` at work?", path);
}

void instance_leave(const struct instance *inst)
{
	AUTO_FREE char *path = NULL;

	if (join(&path, inst->run_dir, "lock") && unlink(path) == 0)
		rmdir(inst->run_dir);
}

/* --- the network namespace --- */

/* An abstract address: there is one of that name in each network namespace. */
static const struct sockaddr_un claim_address = {.sun_family = AF_UNIX, .sun_path = "\0ringfence"};
#define CLAIM_LEN (offsetof(struct sockaddr_un, sun_path) + sizeof("\0ringfence") - 1)

static int claimed_by_other(struct rf_err *err)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&claim_address, CLAIM_LEN) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		peer.pid = 0;
	return rf_err_set(err, RF_EDENIED,
		"another Ringfence (process %d) has this network namespace, with a run directory "
		"of its own: end it with `ringfence down --run-dir` and that directory, or use "
		"another network namespace",
		(int)peer.pid);
}

int instance_claim(struct rf_err *err)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* One that has just been killed lets go of its lock a moment before this. */
	for (unsigned tries = 0; fd >= 0 && tries < CLAIM_TRIES; tries++) {
		if (bind(fd, (const struct sockaddr *)&claim_address, CLAIM_LEN) == 0 &&
			listen(fd, 1) == 0)
			return TAKE_FD(fd);
		if (errno != EADDRINUSE)
			break;
		nanosleep(&(struct timespec){.tv_nsec = CLAIM_PAUSE_NS}, NULL);
	}
	if (fd >= 0 && errno == EADDRINUSE)
		return claimed_by_other(err);
	return rf_err_sys(err, errno, "claim the network namespace");
}
