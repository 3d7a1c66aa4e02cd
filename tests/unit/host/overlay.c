/* host/overlay.h: a container's root out of layers. Needs root and overlayfs. */
#include "host/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

#define MANY 120 /* layers: with names as long as these more than a page of options */

static char top[] = "/tmp/ringfence-overlay-XXXXXX";
static bool able; /* root, a mount namespace of our own, and a tmpfs in it */
static struct rf_err err;

static const char *path_of(const char *name)
{
	static char paths[8][512];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static void put(const char *name, const char *text)
{
	char path[512], *slash;

	snprintf(path, sizeof(path), "%s", path_of(name));
	slash = strrchr(path, '/');
	*slash = '\0';
	CHECK_INT(rf_dir_make(path, 0755, &err), RF_OK);
	*slash = '/';
	CHECK_INT(rf_file_replace(path, text, strlen(text), 0644, false, &err), RF_OK);
}

static void file_is(const char *name, const char *want, int line)
{
	AUTO_BUF text = {.data = NULL};

	if (rf_file_read(path_of(name), &text, &err) < 0)
		tap_check(want == NULL, __FILE__, line, "%s", err.msg);
	else
		tap_check_str(rf_buf_cstr(&text), want ? want : "(no file)", __FILE__, line);
}
#define FILE_IS(name, want) file_is(name, want, __LINE__)

/* Two layers: "below" and "above". */
static struct image two_layers(void)
{
	static char below[128], above[128];
	static struct rf_str dirs[2];

	snprintf(below, sizeof(below), "%s/below", top);
	snprintf(above, sizeof(above), "%s/above", top);
	dirs[0] = rf_str_of(below);
	dirs[1] = rf_str_of(above);
	put("below/etc/a", "a of below");
	put("below/etc/b", "b of below");
	put("below/etc/c", "c of below");
	put("above/etc/b", "b of above");
	CHECK(mknod(path_of("above/etc/c"), S_IFCHR, makedev(0, 0)) == 0); /* a whiteout */
	return (struct image){.name = RF_STR("two"), .layer_dirs = dirs, .layer_count = 2};
}

static int mount_it(const struct image *image)
{
	int rc = overlay_mount(image, path_of("state"), path_of("root"), &err);

	if (rc < 0)
		tap_diag("%s", err.msg);
	return rc;
}

static void clean(int *unused RF_UNUSED)
{
	static const char *const dirs[] = {
		"below", "above", "state", "state, a:b\\c", "root", "many"};

	if (!able)
		return;
	overlay_release(path_of("root"));
	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++)
		CHECKF(rf_dir_remove(path_of(dirs[i]), &err) == RF_OK, "left behind: %s", err.msg);
}

#define BEGIN()                                  \
	CLEANUP(clean) int unused RF_UNUSED = 0; \
	if (!able)                               \
	SKIP("needs root, for a mount namespace")

static void upper_layers_hide_lower_ones(void)
{
	struct image image;
	BEGIN();

	image = two_layers();
	REQUIRE(mount_it(&image) == RF_OK);
	FILE_IS("root/etc/a", "a of below");
	FILE_IS("root/etc/b", "b of above");
	FILE_IS("root/etc/c", NULL);
}

static void what_a_container_writes_stays_out_of_the_image(void)
{
	struct image image;
	BEGIN();

	image = two_layers();
	REQUIRE(mount_it(&image) == RF_OK);
	put("root/etc/a", "changed");
	put("root/new", "new");
	CHECK(unlink(path_of("root/etc/b")) == 0);
	FILE_IS("below/etc/a", "a of below");
	FILE_IS("above/etc/b", "b of above");
	CHECK(access(path_of("below/new"), F_OK) < 0 && access(path_of("above/new"), F_OK) < 0);
	FILE_IS("state/upper/new", "new");
}

static void a_restarted_container_begins_with_its_image(void)
{
	struct image image;
	BEGIN();

	image = two_layers();
	REQUIRE(mount_it(&image) == RF_OK);
	put("root/etc/a", "changed");
	overlay_release(path_of("root"));
	REQUIRE(mount_it(&image) == RF_OK);
	FILE_IS("root/etc/a", "a of below");
}

static void everyone_may_look_into_the_root(void)
{
	struct image image;
	struct stat st;
	BEGIN();

	image = two_layers();
	REQUIRE(mount_it(&image) == RF_OK);
	CHECK(stat(path_of("root"), &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0755);
}

static void many_layers_with_long_names_fit(void)
{
	static char names[MANY][256];
	static struct rf_str dirs[MANY];
	struct image image = {.name = RF_STR("many"), .layer_dirs = dirs, .layer_count = MANY};
	BEGIN();

	for (int i = 0; i < MANY; i++) {
		char file[300];

		snprintf(file, sizeof(file), "many/sha256-%064d/fs/f%d", i, i);
		put(file, "x");
		snprintf(names[i], sizeof(names[i]), "%s/many/sha256-%064d/fs", top, i);
		dirs[i] = rf_str_of(names[i]);
	}
	REQUIRE(mount_it(&image) == RF_OK);
	FILE_IS("root/f0", "x");
	FILE_IS("root/f119", "x");
}

/* Commas part options, colons layers, and a backslash escapes. */
static void names_of_directories_may_hold_any_character(void)
{
	struct image image;
	BEGIN();

	image = two_layers();
	CHECKF(overlay_mount(&image, path_of("state, a:b\\c"), path_of("root"), &err) == RF_OK,
		"%s", err.msg);
	FILE_IS("root/etc/a", "a of below");
	put("root/new", "new");
	FILE_IS("state, a:b\\c/upper/new", "new");
}

static void a_layer_that_is_gone_is_named_and_nothing_is_mounted(void)
{
	struct image image;
	BEGIN();

	image = two_layers();
	CHECK_INT(rf_dir_remove(path_of("above"), &err), RF_OK);
	CHECK_INT(overlay_mount(&image, path_of("state"), path_of("root"), &err), RF_EIO);
	CHECK(strstr(err.msg, "/above"));
	CHECK(umount2(path_of("root"), MNT_DETACH) < 0);
}

static void release_leaves_no_mount_and_can_be_done_twice(void)
{
	AUTO_BUF mounts = {.data = NULL};
	struct image image;
	BEGIN();

	image = two_layers();
	REQUIRE(mount_it(&image) == RF_OK);
	overlay_release(path_of("root"));
	overlay_release(path_of("root"));
	CHECK_INT(rf_file_read("/proc/self/mountinfo", &mounts, &err), RF_OK);
	CHECK(!strstr(rf_buf_cstr(&mounts), path_of("root")));
}

static void no_descriptor_stays_open(void)
{
	struct image image;
	int before, after;
	BEGIN();

	image = two_layers();
	before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(before);
	REQUIRE(mount_it(&image) == RF_OK);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(after);
	CHECK_INT(after, before);
}

int main(int argc, char **argv)
{
	int rc;

	able = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdtemp(top) &&
	       mount("tmpfs", top, "tmpfs", 0, "mode=0755") == 0;
	umask(022);
	TAP_BEGIN(argc, argv);
	RUN(upper_layers_hide_lower_ones);
	RUN(what_a_container_writes_stays_out_of_the_image);
	RUN(a_restarted_container_begins_with_its_image);
	RUN(everyone_may_look_into_the_root);
	RUN(many_layers_with_long_names_fit);
	RUN(names_of_directories_may_hold_any_character);
	RUN(a_layer_that_is_gone_is_named_and_nothing_is_mounted);
	RUN(release_leaves_no_mount_and_can_be_done_twice);
	RUN(no_descriptor_stays_open);
	rc = TAP_END();
	if (able && (umount2(top, MNT_DETACH) < 0 || rmdir(top) < 0))
		return 1;
	return rc;
}
