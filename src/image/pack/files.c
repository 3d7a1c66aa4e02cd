/*
 * What is in the image beside the program: files and directories of the caller, CA certificates,
 * time zones, passwd and group.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/archive.h"
#include "image/pack/pack_int.h"

/* A directory that is added with what is in it. */
struct walk {
	struct pack_tree *tree;
	const struct pack_entry *like; /* origin and, when not 0, mode of files */
	bool zones_only;
	unsigned depth;
	char source[IMAGE_MAX_PATH + 1], target[IMAGE_MAX_PATH + 1];
};

static void closedir_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Debian's copies of all zones, with and without leap seconds. */
static bool is_zone_copy(const char *name)
{
	return strcmp(name, "posix") == 0 || strcmp(name, "right") == 0;
}

static int add_link(struct walk *walk, int dir_fd, const char *name, struct rf_err *err)
{
	char link[IMAGE_MAX_PATH + 1];
	ssize_t len = readlinkat(dir_fd, name, link, sizeof(link));
	struct pack_entry entry = {.origin = walk->like->origin, .mode = 0777};

	if (len <= 0 || (size_t)len == sizeof(link))
		return rf_err_sys(err, len < 0 ? errno : ENAMETOOLONG, "%.300s", walk->source);
	if (walk->zones_only && link[0] == '/') /* localtime */
		return RF_OK;
	entry.link = (struct rf_str){link, (size_t)len};
	return pack_tree_add(walk->tree, walk->target, &entry, err);
}

static int add_regular(struct walk *walk, int dir_fd, const char *name, struct rf_err *err)
{
	struct pack_entry entry = *walk->like;
	unsigned mode;
	int rc = pack_tree_load(walk->tree, dir_fd, name, &entry.content, &mode, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "%.300s", walk->source);
	if (walk->zones_only && !rf_str_starts(entry.content, RF_STR("TZif")))
		return RF_OK;
	entry.mode = entry.mode ? entry.mode : mode;
	entry.source = rf_str_of(walk->source);
	return pack_tree_add(walk->tree, walk->target, &entry, err);
}

static int walk_dir(struct walk *walk, int fd, struct rf_err *err);

static int walk_entry(struct walk *walk, int dir_fd, const char *name, struct rf_err *err)
{
	struct stat st;
	int fd;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return rf_err_sys(err, errno, "%.300s", walk->source);
	if (S_ISLNK(st.st_mode))
		return add_link(walk, dir_fd, name, err);
	if (S_ISREG(st.st_mode))
		return add_regular(walk, dir_fd, name, err);
	if (!S_ISDIR(st.st_mode))
		return rf_err_set(err, RF_EINPUT, "%.300s: neither a file, a link nor a directory",
			walk->source);
	if (walk->zones_only && is_zone_copy(name))
		return RF_OK;
	if (walk->depth == PACK_MAX_DEPTH)
		return rf_err_set(err, RF_ELIMIT, "%.300s: nested deeper than %d", walk->source,
			PACK_MAX_DEPTH);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return rf_err_sys(err, errno, "%.300s", walk->source);
	return walk_dir(walk, fd, err);
}

static bool extend(char path[static IMAGE_MAX_PATH + 1], size_t len, const char *name)
{
	int more = snprintf(path + len, IMAGE_MAX_PATH + 1 - len, "/%s", name);

	return more > 0 && (size_t)more <= IMAGE_MAX_PATH - len;
}

/* Takes fd. The order of a directory does not matter: all is sorted in the end. */
static int walk_dir(struct walk *walk, int fd, struct rf_err *err)
{
	CLEANUP(closedir_p) DIR *dir = fdopendir(fd);
	size_t source_len = strlen(walk->source), target_len = strlen(walk->target);
	struct pack_entry self = {.origin = walk->like->origin, .mode = 0755, .is_dir = true};
	const struct dirent *it;
	int rc;

	if (!dir) {
		close(fd);
		return rf_err_sys(err, errno, "%.300s", walk->source);
	}
	rc = target_len > 1 ? pack_tree_add(walk->tree, walk->target, &self, err) : RF_OK;
	walk->depth++;
	while (rc == RF_OK && (it = readdir(dir))) {
		if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0)
			continue;
		if (!extend(walk->source, source_len, it->d_name) ||
			!extend(walk->target, target_len > 1 ? target_len : 0, it->d_name))
			rc = rf_err_set(
				err, RF_ELIMIT, "%.300s: the path is too long", walk->source);
		else
			rc = walk_entry(walk, fd, it->d_name, err);
		walk->source[source_len] = walk->target[target_len] = '\0';
	}
	walk->depth--;
	return rc;
}

static int add_tree(struct pack_tree *tree, const char *source, const char *target,
	const struct pack_entry *like, bool zones_only, struct rf_err *err)
{
	struct walk walk = {.tree = tree, .like = like, .zones_only = zones_only};
	int fd;

	if (!rf_str_copy(rf_str_of(source), walk.source, sizeof(walk.source)) ||
		!rf_str_copy(rf_str_of(target), walk.target, sizeof(walk.target)))
		return rf_err_set(err, RF_ELIMIT, "%.300s: the path is too long", source);
	fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "%.300s", source);
	return walk_dir(&walk, fd, err);
}

/* --- SRC:DST[:MODE] --- */

static bool parse_mode(struct rf_str text, unsigned *ret)
{
	unsigned mode = 0;

	if (text.len < 3 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			return false;
		mode = mode << 3 | (unsigned)(text.ptr[i] - '0');
	}
	*ret = mode;
	return mode != 0 && mode <= 0777;
}

struct given {
	char source[IMAGE_MAX_PATH + 1], target[IMAGE_MAX_PATH + 1];
	unsigned mode; /* 0: as the file is */
};

static int parse_given(const char *text, struct given *ret, struct rf_err *err)
{
	struct rf_str source, target, mode, rest = rf_str_cut(rf_str_of(text), ':', &source);
	const char *base;

	ret->mode = 0;
	if (source.len == 0 || rest.len == 0)
		return rf_err_set(err, RF_EINPUT, "\"%.200s\": expected SRC:DST[:MODE]", text);
	mode = rf_str_cut(rest, ':', &target);
	if (mode.ptr && !parse_mode(mode, &ret->mode))
		return rf_err_set(err, RF_EINPUT,
			"\"%.200s\": the mode must be octal, from 001 to 777", text);
	if (!rf_str_copy(source, ret->source, sizeof(ret->source)) ||
		!rf_str_copy(target, ret->target, sizeof(ret->target)))
		return rf_err_set(err, RF_ELIMIT, "\"%.200s\": too long", text);
	if (!rf_str_ends(target, RF_STR("/")))
		return RF_OK;
	base = strrchr(ret->source, '/');
	base = base ? base + 1 : ret->source;
	if ((size_t)snprintf(ret->target + target.len, sizeof(ret->target) - target.len, "%s",
		    base) >= sizeof(ret->target) - target.len)
		return rf_err_set(err, RF_ELIMIT, "\"%.200s\": too long", text);
	return RF_OK;
}

static int add_given(struct pack_tree *tree, const char *text, struct rf_err *err)
{
	struct given given;
	struct pack_entry entry = {.origin = PACK_GIVEN};
	struct stat st;
	unsigned mode;
	int rc = parse_given(text, &given, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "file");
	entry.mode = given.mode;
	if (stat(given.source, &st) == 0 && S_ISDIR(st.st_mode))
		return add_tree(tree, given.source, given.target, &entry, false, err);
	rc = pack_tree_load(tree, AT_FDCWD, given.source, &entry.content, &mode, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "%.300s", given.source);
	entry.mode = given.mode ? given.mode : mode;
	entry.source = rf_str_of(given.source);
	return pack_tree_add(tree, given.target, &entry, err);
}

/* --- what every image has --- */

static int add_text(
	struct pack_tree *tree, const char *path, struct rf_str text, struct rf_err *err)
{
	const struct pack_entry entry = {.content = text, .mode = 0644, .origin = PACK_PUBLIC};

	return text.ptr ? pack_tree_add(tree, path, &entry, err) : rf_err_nomem(err);
}

static int add_users(struct pack_tree *tree, const struct pack_user *user, struct rf_err *err)
{
	int rc = add_text(tree, "/etc/passwd",
		rf_arena_printf(tree->arena,
			"root:x:0:0:root:/root:/sbin/nologin\n%s:x:%u:%u:%s:/:/sbin/nologin\n",
			user->name, user->uid, user->gid, user->name),
		err);

	if (rc < 0)
		return rc;
	return add_text(tree, "/etc/group",
		rf_arena_printf(tree->arena, "root:x:0:\n%s:x:%u:\n", user->name, user->gid), err);
}

static int add_certificates(struct pack_tree *tree, const char *path, struct rf_err *err)
{
	struct rf_str content;
	unsigned mode;
	int rc = pack_tree_load(tree, AT_FDCWD, path, &content, &mode, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "CA certificates: %.300s", path);
	if (!memmem(content.ptr, content.len, "-----BEGIN CERTIFICATE-----", 27) &&
		!memmem(content.ptr, content.len, "-----BEGIN TRUSTED CERTIFICATE-----", 35))
		return rf_err_set(err, RF_EINPUT,
			"CA certificates: %.300s: no certificate (PEM) in it", path);
	if (memmem(content.ptr, content.len, "PRIVATE KEY-----", 16))
		return rf_err_set(err, RF_EDENIED,
			"CA certificates: %.300s: there is a private key in it", path);
	return add_text(tree, PACK_CA_CERTIFICATES, content, err);
}

static int add_zones(struct pack_tree *tree, const char *dir, struct rf_err *err)
{
	const struct pack_entry like = {.origin = PACK_PUBLIC, .mode = 0644};
	size_t before = tree->entries.count;
	int rc = add_tree(tree, dir, PACK_ZONEINFO, &like, true, err);

	if (rc == RF_OK && tree->entries.count == before + 1)
		rc = rf_err_set(err, RF_EABSENT, "%.300s: there are no time zones in it", dir);
	return rc < 0 ? rf_err_wrap(err, rc, "time zones") : RF_OK;
}

int pack_add_files(struct pack_tree *tree, const struct pack_opts *opts, struct rf_err *err)
{
	int rc = add_users(tree, &opts->user, err);

	if (rc == RF_OK && opts->ca_file)
		rc = add_certificates(tree, opts->ca_file, err);
	if (rc == RF_OK && opts->zoneinfo)
		rc = add_zones(tree, opts->zoneinfo, err);
	for (size_t i = 0; i < opts->files.count && rc == RF_OK; i++)
		rc = add_given(tree, opts->files.items[i], err);
	return rc;
}
