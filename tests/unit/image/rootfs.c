/* The merged root without a mount, and users in it. */
#include "tests/unit/image/image_test.h"

#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/rootfs.h"
#include "image/users.h"

#define LAYERS 3

static struct image image;
static struct rf_str dirs[LAYERS];
static struct rf_err err;

/* A file of layer i; missing directories are made. */
static void put(unsigned layer, const char *name, const char *text)
{
	char path[1024], *slash;

	snprintf(path, sizeof(path), "%s/%s", dirs[layer].ptr, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	CHECK_INT(rf_dir_make(path, 0755, &err), RF_OK);
	*slash = '/';
	CHECK_INT(rf_file_replace(path, text, strlen(text), 0644, false, &err), RF_OK);
}

static const char *in_layer(unsigned layer, const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dirs[layer].ptr, name);
	return path;
}

static void link_to(unsigned layer, const char *name, const char *target)
{
	CHECK(symlink(target, in_layer(layer, name)) == 0);
}

static const char *read_of(const char *path)
{
	static char text[128];
	AUTO_FD fd = image_open_file(&image, path, &err);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		return rf_code_name(fd);
	text[len] = '\0';
	return text;
}

static void make_layers(void)
{
	static char paths[LAYERS][128];

	for (unsigned i = 0; i < LAYERS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/layer%u", test_root, i);
		dirs[i] = rf_str_of(paths[i]);
		CHECK(mkdir(paths[i], 0755) == 0);
	}
	image = (struct image){.layer_dirs = dirs, .layer_count = LAYERS};
}

static void the_topmost_file_is_the_one_that_opens(void)
{
	put(0, "a/file", "bottom");
	put(1, "a/file", "middle");
	put(0, "a/low", "low");
	put(2, "a/top", "top");
	CHECK_STR(read_of("/a/file"), "middle");
	CHECK_STR(read_of("a//./low"), "low");
	CHECK_STR(read_of("/a/top"), "top");
	CHECK_STR(read_of("/a/none"), "absent");
	CHECK_STR(read_of("/a"), "input");
	CHECK_STR(read_of("/a/top/x"), "absent");
	CHECK_STR(read_of("/"), "input");
}

static void a_file_hides_a_directory_below_it_and_what_it_held(void)
{
	put(0, "swap/inner", "x");
	put(1, "swap", "file now");
	CHECK_STR(read_of("swap"), "file now");
	CHECK_STR(read_of("swap/inner"), "absent");
	put(0, "pws", "file");
	put(1, "pws/inner", "in a directory now");
	CHECK_STR(read_of("pws/inner"), "in a directory now");
	put(0, "mid/low", "x");
	put(1, "mid", "file between");
	put(2, "mid/high", "y");
	CHECK_STR(read_of("mid/high"), "y");
	CHECK_STR(read_of("mid/low"), "absent");
}

static void whiteouts_and_opaque_directories_hide_what_is_below(void)
{
	if (geteuid() != 0)
		SKIP("needs root: trusted attributes");
	put(0, "w/gone", "x");
	put(0, "w/dir/x", "x");
	put(1, "w/stay", "y");
	CHECK(mknod(in_layer(1, "w/gone"), S_IFCHR, 0) == 0);
	CHECK(mknod(in_layer(1, "w/dir"), S_IFCHR, 0) == 0);
	CHECK_STR(read_of("w/gone"), "absent");
	CHECK_STR(read_of("w/dir/x"), "absent");
	CHECK_STR(read_of("w/stay"), "y");
	put(2, "w/dir/new", "n");
	CHECK_STR(read_of("w/dir/new"), "n");
	CHECK_STR(read_of("w/dir/x"), "absent");
	put(0, "o/low", "x");
	put(1, "o/high", "y");
	CHECK(setxattr(in_layer(1, "o"), "trusted.overlay.opaque", "y", 1, 0) == 0);
	CHECK_STR(read_of("o/high"), "y");
	CHECK_STR(read_of("o/low"), "absent");
}

static void links_are_followed_through_layers_and_never_out(void)
{
	put(0, "usr/lib/os-release", "os");
	link_to(1, "lib", "usr/lib");
	link_to(2, "rel", "../../../../lib/os-release");
	link_to(2, "abs", "/lib/os-release");
	link_to(2, "hostname", "/etc/hostname");
	link_to(2, "loop", "loop");
	link_to(0, "usr/lib/up", "../../a/../lib/./os-release");
	CHECK_STR(read_of("lib/os-release"), "os");
	CHECK_STR(read_of("rel"), "os");
	CHECK_STR(read_of("abs"), "os");
	CHECK_STR(read_of("lib/up"), "os");
	CHECK_STR(read_of("../../lib/os-release"), "os");
	CHECK_STR(read_of("hostname"), "absent");
	CHECK_STR(read_of("loop"), "input");
}

static void what_is_no_regular_file_does_not_open(void)
{
	CHECK(mkfifo(in_layer(2, "fifo"), 0644) == 0);
	CHECK_STR(read_of("fifo"), "input");
}

static void the_option_of_overlayfs_lists_the_top_first_and_escapes(void)
{
	struct rf_str odd[2] = {RF_STR("/a:b"), RF_STR("/c\\d")};
	const struct image other = {.layer_dirs = odd, .layer_count = 2};
	AUTO_BUF out = {.len = 0};

	image_lowerdirs(&other, &out);
	CHECK_STR(rf_buf_cstr(&out), "/c\\\\d:/a\\:b");
}

static void overlayfs_itself_shows_the_same(void)
{
	static const char *const names[] = {"a/file", "a/low", "a/top", "a/none", "swap",
		"pws/inner", "mid/high", "mid/low", "w/gone", "w/dir/x", "w/dir/new", "w/stay",
		"o/low", "o/high"};
	const char *root = test_path("mnt");
	AUTO_BUF options = {.len = 0};

	rf_buf_add_c(&options, "lowerdir=");
	image_lowerdirs(&image, &options);
	CHECK(mkdir(root, 0755) == 0);
	if (geteuid() != 0 || mount("overlay", root, "overlay", MS_RDONLY, rf_buf_cstr(&options)))
		SKIP("needs root and overlayfs");
	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		AUTO_BUF content = {.len = 0};
		char path[256];
		int rc;

		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		rc = rf_file_read(path, &content, NULL);
		CHECKF(strcmp(read_of(names[i]), rc < 0 ? "absent" : rf_buf_cstr(&content)) == 0,
			"%s: ours is \"%s\", overlayfs has \"%s\"", names[i], read_of(names[i]),
			rf_buf_cstr(&content));
	}
	CHECK(umount2(root, MNT_DETACH) == 0);
}

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "huge:x:99999999999:0::/:\n"
			     "postgres:x:999:998::/var/lib/postgresql:/bin/sh\n"
			     "nohome:x:5:6";
static const char group[] = "root:x:0:\npostgres:x:998:\nssl-cert:x:101:other,postgres\n"
			    "wheel:x:10:postgres\ndup:x:998:postgres\n:x:1:postgres\n";

static int find(const char *user, struct image_user *ret)
{
	return image_users_find(rf_str_of(passwd), rf_str_of(group), rf_str_of(user), ret, &err);
}

static void users_resolve_as_docker_resolves_them(void)
{
	static const struct {
		const char *user;
		uid_t uid;
		gid_t gid;
		size_t gid_count;
		const char *home;
	} rows[] = {
		{"", 0, 0, 0, "/root"},
		{"postgres", 999, 998, 2, "/var/lib/postgresql"},
		{"999", 999, 998, 2, "/var/lib/postgresql"},
		{"postgres:wheel", 999, 10, 0, "/var/lib/postgresql"},
		{"postgres:7", 999, 7, 0, "/var/lib/postgresql"},
		{"65532:65532", 65532, 65532, 0, "/"},
		{"65532", 65532, 0, 0, "/"},
		{"nohome", 5, 6, 0, "/"},
		{":wheel", 0, 10, 0, "/root"},
	};
	struct image_user user;

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		CHECKF(find(rows[i].user, &user) == RF_OK, "%s: %s", rows[i].user, err.msg);
		CHECK_INT(user.uid, rows[i].uid);
		CHECK_INT(user.gid, rows[i].gid);
		CHECK_INT(user.gid_count, rows[i].gid_count);
		CHECK_STR(user.home, rows[i].home);
	}
	CHECK_INT(find("postgres", &user), RF_OK);
	CHECK(user.gids[0] == 101 && user.gids[1] == 10);
	CHECK_STR(user.name, "postgres");
}

static void users_that_the_image_lacks_are_refused(void)
{
	static const char *const rows[] = {
		"nobody", "huge", "postgres:none", "-1", "4294967295", "99999999999", "a b"};
	struct image_user user;

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECKF(find(rows[i], &user) == RF_EINPUT, "%s", rows[i]);
}

static void the_files_of_an_image_may_be_links_inside_it(void)
{
	struct image_user user;

	put(0, "real/passwd", "app:x:7:8::/app:\n");
	put(1, "etc/hosts", "");
	link_to(1, "etc/passwd", "/real/passwd");
	link_to(1, "etc/group", "../../../../../etc/group");
	CHECK_INT(image_user_resolve(&image, RF_STR("app"), &user, &err), RF_EINPUT);
	CHECK(unlink(in_layer(1, "etc/group")) == 0);
	CHECK_INT(image_user_resolve(&image, RF_STR("app"), &user, &err), RF_OK);
	CHECK_INT(user.uid, 7);
	CHECK_STR(user.home, "/app");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	test_root_open();
	make_layers();
	RUN(the_topmost_file_is_the_one_that_opens);
	RUN(a_file_hides_a_directory_below_it_and_what_it_held);
	RUN(whiteouts_and_opaque_directories_hide_what_is_below);
	RUN(links_are_followed_through_layers_and_never_out);
	RUN(what_is_no_regular_file_does_not_open);
	RUN(the_option_of_overlayfs_lists_the_top_first_and_escapes);
	RUN(overlayfs_itself_shows_the_same);
	RUN(users_resolve_as_docker_resolves_them);
	RUN(users_that_the_image_lacks_are_refused);
	RUN(the_files_of_an_image_may_be_links_inside_it);
	test_root_close();
	return TAP_END();
}
