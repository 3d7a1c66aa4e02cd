/* host/volume.h: files, directories and paths, in a mount namespace of the test. Needs root. */
#include "tests/unit/host/env_fixture.h"
#include "host/volume_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"

#define POD_HEAD                                                           \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: x}}\n" \
	"spec:\n  containers:\n  - {name: c, image: i, volumeMounts: ["
#define MOUNTS_END "]}\n"
#define CONFIG	   "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v, l: w}\n"
#define SECRET	   "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pw: hunter2}\n"

static char top[] = "/tmp/ringfence-volume-XXXXXX";
static char memory_dir[128], disk_dir[128], host_dir[128];
static const struct volume_dirs dirs = {.memory_dir = memory_dir, .disk_dir = disk_dir};
static bool able; /* root, and a mount namespace of our own */

static void set_up_once(void)
{
	able = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdtemp(top) &&
	       mount("tmpfs", top, "tmpfs", 0, "mode=0755") == 0;
	snprintf(memory_dir, sizeof(memory_dir), "%s/memory", top);
	snprintf(disk_dir, sizeof(disk_dir), "%s/disk", top);
	snprintf(host_dir, sizeof(host_dir), "%s/host", top);
	umask(077); /* what is made must not depend on it */
}

struct volumes {
	struct fixture f;
	struct rf_err err;
	int rc;
};

static void volumes_done(struct volumes *v)
{
	struct rf_err err;

	if (v->f.pod.pod)
		volume_release(v->f.pod.pod->spec, &dirs);
	fixture_done(&v->f);
	if (rf_dir_remove(memory_dir, &err) < 0 || rf_dir_remove(disk_dir, &err) < 0 ||
		rf_dir_remove(host_dir, &err) < 0)
		CHECKF(false, "left behind: %s", err.msg);
}
#define VOLUMES CLEANUP(volumes_done) struct volumes

static bool prepare(struct volumes *v, const char *text)
{
	*v = (struct volumes){.rc = RF_EINTERNAL};
	if (!fixture_load(&v->f, text))
		return false;
	v->rc = volume_prepare(&v->f.pod, &dirs, &v->f.diags, &v->err);
	if (v->rc == RF_EIO)
		tap_diag("%s", v->err.msg);
	return true;
}

#define PREPARE(v, text)            \
	VOLUMES v = {.rc = RF_OK};  \
	if (!able)                  \
		SKIP("needs root"); \
	REQUIRE(prepare(&v, text))

/* Replaces the manifests, as `apply` does: the same pod, its volumes refreshed. */
static bool refresh(struct volumes *v, const char *text)
{
	fixture_done(&v->f);
	return prepare(v, text);
}

static char *path_of(const char *dir, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static unsigned mode_of(const char *dir, const char *name)
{
	struct stat st;

	return stat(path_of(dir, name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static void file_is(const char *dir, const char *name, const char *want, int line)
{
	AUTO_BUF text = {.data = NULL};
	struct rf_err err;

	if (rf_file_read(path_of(dir, name), &text, &err) < 0)
		tap_check(want == NULL, __FILE__, line, "%s", err.msg);
	else
		tap_check_str(rf_buf_cstr(&text), want ? want : "(no file)", __FILE__, line);
}
#define FILE_IS(name, want) file_is(memory_dir, name, want, __LINE__)

static void put_file(const char *dir, const char *name, size_t len)
{
	AUTO_FD fd = open(path_of(dir, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	AUTO_FREE char *zeros = calloc(1, len + 1);

	CHECK(zeros && write(fd, zeros, len) == (ssize_t)len);
}

static const struct kube_mount *mount_of(const struct volumes *v, size_t i)
{
	const struct kube_mount *mounts = fixture_container(&v->f)->volume_mounts.items;

	return &mounts[i];
}

/* --- files --- */

static void config_maps_and_secrets_are_files_on_a_tmpfs(void)
{
	struct statvfs fs;
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: cm, configMap: {name: m}}, {name: sec, secret: {secretName: "
		"s, defaultMode: 0400}}]\n" CONFIG SECRET);

	CHECK_INT(v.rc, RF_OK);
	FILE_IS("cm/k", "v");
	FILE_IS("cm/l", "w");
	FILE_IS("sec/pw", "hunter2");
	CHECK_INT(mode_of(memory_dir, "cm/k"), 0644);
	CHECK_INT(mode_of(memory_dir, "cm"), 0755);
	CHECK_INT(mode_of(memory_dir, "sec/pw"), 0400);
	CHECK_INT(mode_of(memory_dir, ""), 0711);
	CHECK(statvfs(memory_dir, &fs) == 0);
	CHECK((fs.f_flag & ST_NOSUID) && (fs.f_flag & ST_NODEV) && (fs.f_flag & ST_NOEXEC));
}

static void items_choose_keys_paths_and_modes(void)
{
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: cm, configMap: {name: m, defaultMode: 0444, items: [{key: k, "
		"path: a/b/c}, {key: l, path: ./x, mode: 0500}]}}]\n" CONFIG);

	CHECK_INT(v.rc, RF_OK);
	FILE_IS("cm/a/b/c", "v");
	FILE_IS("cm/x", "w");
	FILE_IS("cm/k", NULL);
	CHECK_INT(mode_of(memory_dir, "cm/a/b/c"), 0444);
	CHECK_INT(mode_of(memory_dir, "cm/x"), 0500);
	CHECK_INT(mode_of(memory_dir, "cm/a/b"), 0755);
}

static void fs_group_may_read_files_and_owns_empty_dirs(void)
{
	struct stat st;
	PREPARE(v, POD_HEAD MOUNTS_END
		"  securityContext: {fsGroup: 2000}\n"
		"  volumes: [{name: sec, secret: {secretName: s, defaultMode: 0400}}, {name: e, "
		"emptyDir: {}}, {name: mem, emptyDir: {medium: Memory}}]\n" SECRET);

	CHECK_INT(v.rc, RF_OK);
	CHECK_INT(mode_of(memory_dir, "sec/pw"), 0440);
	CHECK_INT(mode_of(memory_dir, "sec"), 02755);
	CHECK_INT(mode_of(disk_dir, "e"), 02777);
	CHECK_INT(mode_of(memory_dir, "mem"), 02777);
	CHECK(stat(path_of(memory_dir, "sec/pw"), &st) == 0 && st.st_gid == 2000 && !st.st_uid);
	CHECK(stat(path_of(disk_dir, "e"), &st) == 0 && st.st_gid == 2000);
	CHECK(stat(path_of(memory_dir, "mem"), &st) == 0 && st.st_gid == 2000);
}

static void projected_sources_are_merged(void)
{
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: all, projected: {defaultMode: 0440, sources: [{configMap: "
		"{name: m}}, {secret: {name: s, items: [{key: pw, path: sub/pw}]}}, {downwardAPI: "
		"{items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}]}}]\n" CONFIG
			SECRET);

	CHECK_INT(v.rc, RF_OK);
	FILE_IS("all/k", "v");
	FILE_IS("all/sub/pw", "hunter2");
	FILE_IS("all/labels", "a=\"x\"");
	CHECK_INT(mode_of(memory_dir, "all/labels"), 0440);
}

static void two_files_in_one_place_are_refused(void)
{
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes:\n  - {name: a, projected: {sources: [{configMap: {name: m}},\n"
		"      {secret: {name: s, items: [{key: pw, path: k}]}}]}}\n"
		"  - {name: b, configMap: {name: m, items: [{key: k, path: x},\n"
		"      {key: l, path: x/y}]}}\n" CONFIG SECRET);

	CHECK_INT(v.rc, RF_EINPUT);
	CHECK_STR(fixture_said(&v.f),
		"9 volume \"a\": two files have the same place: give one of them another path "
		"than \"k\"\n"
		"11 volume \"b\": two files have the same place: give one of them another path "
		"than \"x/y\"\n");
}

static void missing_references_are_reported_unless_optional(void)
{
	static const char text[] = POD_HEAD MOUNTS_END
		"  volumes:\n  - {name: a, configMap: {name: none}}\n"
		"  - {name: b, secret: {secretName: s, items: [{key: none, path: x}]}}\n"
		"  - {name: c, secret: {secretName: none, optional: true}}\n"
		"  - {name: d, configMap: {name: m, optional: true, items: [{key: none, path: x},\n"
		"      {key: k, path: k}]}}\n" CONFIG SECRET;
	static const char want[] =
		"8 volume \"a\": there is no ConfigMap \"none\" in namespace \"default\": add it, "
		"or set optional: true\n"
		"9 volume \"b\": Secret \"s\" has no key \"none\": add it, or set optional: "
		"true\n";
	FIXTURE f = {.diags = {.error_count = 0}};
	PREPARE(v, text);

	CHECK_INT(v.rc, RF_EINPUT);
	CHECK_STR(fixture_said(&v.f), want);
	FILE_IS("d/k", "v");
	CHECK_INT(mode_of(memory_dir, "c"), 0755);
	REQUIRE(fixture_load(&f, text));
	CHECK_INT(volume_check(&f.pod, &f.diags), RF_EINPUT);
	CHECK_STR(fixture_said(&f), want);
}

/* Manifests are checked by their loader; here the model itself is bad. */
static void paths_that_lead_out_are_refused_whatever_was_checked_before(void)
{
	static const char *const bad[] = {
		"/etc/passwd", "../x", "a/../../x", "..data", "..", "", ".", "a//../b", "..x/y"};
	FIXTURE f;

	REQUIRE(fixture_load(&f, POD_HEAD MOUNTS_END "  volumes: [{name: a, configMap: {name: m, "
						     "items: [{key: k, path: x}]}}]\n" CONFIG));
	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++) {
		struct kube_volume *volume = f.pod.pod->spec->volumes.items;
		struct kube_key_to_path *item = volume->config_map->items.items;

		item->path = rf_str_of(bad[i]);
		CHECKF(volume_check(&f.pod, &f.diags) == RF_EINPUT, "\"%s\" was accepted", bad[i]);
	}
}

static void a_key_with_a_slash_is_refused_whatever_was_checked_before(void)
{
	FIXTURE f;
	const struct kube_object *object;

	REQUIRE(fixture_load(
		&f, POD_HEAD MOUNTS_END "  volumes: [{name: a, configMap: {name: m}}]\n" CONFIG));
	object = kube_find(&f.set, KUBE_CONFIG_MAP, RF_STR("default"), RF_STR("m"));
	object->data->items[0].key = RF_STR("a/b");
	CHECK_INT(volume_check(&f.pod, &f.diags), RF_EINPUT);
	object->data->items[0].key = RF_STR("..");
	CHECK_INT(volume_check(&f.pod, &f.diags), RF_EINPUT);
}

/* --- refreshing --- */

#define ONE_CONFIG_VOLUME POD_HEAD MOUNTS_END "  volumes: [{name: cm, configMap: {name: m}}]\n"

static void data_link(char out[static 256])
{
	ssize_t len = readlink(path_of(memory_dir, "cm/..data"), out, 255);

	out[len > 0 ? len : 0] = '\0';
}

static void a_change_replaces_all_files_in_one_step(void)
{
	char before[256], after[256];
	AUTO_FD old = -1;
	PREPARE(v, ONE_CONFIG_VOLUME CONFIG);

	data_link(before);
	old = open(path_of(memory_dir, "cm/k"), O_RDONLY | O_CLOEXEC);
	REQUIRE(refresh(&v, ONE_CONFIG_VOLUME "---\napiVersion: v1\nkind: ConfigMap\nmetadata: "
					      "{name: m}\ndata: {k: new, z: x}\n"));
	CHECK_INT(v.rc, RF_OK);
	data_link(after);
	CHECK(strcmp(before, after) != 0);
	FILE_IS("cm/k", "new");
	FILE_IS("cm/z", "x");
	FILE_IS("cm/l", NULL);
	CHECK(lstat(path_of(memory_dir, "cm/l"), &(struct stat){0}) < 0);
	snprintf(after, sizeof(after), "cm/%.200s", before);
	CHECK(access(path_of(memory_dir, after), F_OK) < 0);
}

static void what_is_the_same_is_left_alone(void)
{
	char before[256], after[256];
	PREPARE(v, ONE_CONFIG_VOLUME CONFIG);

	data_link(before);
	REQUIRE(refresh(&v, ONE_CONFIG_VOLUME CONFIG));
	data_link(after);
	CHECK_STR(after, before);
	/* A mode that changed is a change. */
	REQUIRE(refresh(&v, POD_HEAD MOUNTS_END
		"  volumes: [{name: cm, configMap: {name: m, defaultMode: 0400}}]\n" CONFIG));
	data_link(after);
	CHECK(strcmp(after, before) != 0);
	CHECK_INT(mode_of(memory_dir, "cm/k"), 0400);
}

static void a_write_that_fails_leaves_the_old_files(void)
{
	char before[256], after[256];
	AUTO_BUF text = {.data = NULL};
	PREPARE(v, ONE_CONFIG_VOLUME CONFIG);

	data_link(before);
	REQUIRE(mount(NULL, memory_dir, NULL, MS_REMOUNT, "size=64k") == 0);
	rf_buf_addf(&text,
		"%s---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: ",
		ONE_CONFIG_VOLUME);
	for (unsigned i = 0; i < 100000; i++)
		rf_buf_add_char(&text, 'x');
	rf_buf_add_c(&text, "}\n");
	fixture_done(&v.f);
	REQUIRE(fixture_load(&v.f, rf_buf_cstr(&text)));
	CHECK_INT(volume_prepare(&v.f.pod, &dirs, &v.f.diags, &v.err), RF_EIO);
	CHECK_INT(v.err.sys_errno, ENOSPC);
	data_link(after);
	CHECK_STR(after, before);
	FILE_IS("cm/k", "v");
	FILE_IS("cm/l", "w");
}

static void what_a_crash_left_behind_goes_with_the_next_change(void)
{
	PREPARE(v, ONE_CONFIG_VOLUME CONFIG);

	CHECK(mkdir(path_of(memory_dir, "cm/..2020_half"), 0700) == 0);
	put_file(memory_dir, "cm/..2020_half/k", 3);
	CHECK(symlink("nowhere", path_of(memory_dir, "cm/..data_tmp")) == 0);
	REQUIRE(refresh(&v, ONE_CONFIG_VOLUME CONFIG));
	CHECK(access(path_of(memory_dir, "cm/..2020_half"), F_OK) < 0);
	FILE_IS("cm/k", "v");
}

/* --- emptyDir --- */

static void an_empty_dir_is_writable_by_everyone_and_survives_a_refresh(void)
{
	static const char text[] = POD_HEAD MOUNTS_END "  volumes: [{name: e, emptyDir: {}}]\n";
	PREPARE(v, text);

	CHECK_INT(mode_of(disk_dir, "e"), 0777);
	put_file(disk_dir, "e/kept", 1);
	CHECK(chmod(path_of(disk_dir, "e"), 0700) == 0);
	REQUIRE(refresh(&v, text));
	CHECK_INT(v.rc, RF_OK);
	CHECK(access(path_of(disk_dir, "e/kept"), F_OK) == 0);
	CHECK_INT(mode_of(disk_dir, "e"), 0700);
}

static unsigned long long size_of(const char *name)
{
	struct statvfs fs;

	return statvfs(path_of(memory_dir, name), &fs) == 0
		       ? (unsigned long long)fs.f_blocks * fs.f_frsize
		       : 0;
}

static void an_empty_dir_in_memory_has_its_size(void)
{
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 1Mi}}, "
		"{name: b, emptyDir: {medium: Memory}}]\n");

	CHECK_INT(v.rc, RF_OK);
	CHECK_INT(size_of("a"), 1 << 20);
	CHECK_INT(size_of("b"), VOLUME_MEMORY_DEFAULT);
	CHECK_INT(mode_of(memory_dir, "a"), 0777);
}

static void memory_limits_bound_an_empty_dir_in_memory(void)
{
	PREPARE(v, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
		   "  containers:\n  - {name: c, image: i, resources: {limits: {memory: 8Mi}}}\n"
		   "  - {name: d, image: i, resources: {limits: {memory: 4Mi}}}\n"
		   "  volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 1Gi}}, "
		   "{name: b, emptyDir: {medium: Memory}}]\n");

	CHECK_INT(size_of("a"), 12 << 20);
	CHECK_INT(size_of("b"), 12 << 20);
}

static void a_volume_over_its_limit_is_found(void)
{
	const struct kube_volume *over;
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {sizeLimit: 64Ki}}]\n");

	put_file(disk_dir, "a/big", 200000);
	put_file(disk_dir, "b/one", 40000);
	CHECK(link(path_of(disk_dir, "b/one"), "/nowhere/x") < 0);
	CHECK(volume_over_limit(v.f.pod.pod->spec, &dirs) == NULL);
	CHECK(mkdir(path_of(disk_dir, "b/dir"), 0700) == 0);
	put_file(disk_dir, "b/dir/two", 40000);
	over = volume_over_limit(v.f.pod.pod->spec, &dirs);
	CHECK(over && rf_str_is(over->name, "b"));
}

static void names_of_one_file_are_counted_once_and_links_are_not_followed(void)
{
	char target[256];
	PREPARE(v, POD_HEAD MOUNTS_END
		"  volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {sizeLimit: 64Ki}}]\n");

	put_file(disk_dir, "a/big", 200000);
	put_file(disk_dir, "b/one", 40000);
	snprintf(target, sizeof(target), "%s/b/one", disk_dir);
	CHECK(link(target, path_of(disk_dir, "b/again")) == 0);
	CHECK(symlink("../a", path_of(disk_dir, "b/link")) == 0);
	CHECK(volume_over_limit(v.f.pod.pod->spec, &dirs) == NULL);
}

static void a_volume_too_deep_to_measure_counts_as_over(void)
{
	AUTO_FD fd = -1;
	PREPARE(v, POD_HEAD MOUNTS_END "  volumes: [{name: b, emptyDir: {sizeLimit: 1Gi}}]\n");

	fd = open(path_of(disk_dir, "b"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < VOLUME_WALK_DEPTH + 2; i++) {
		int next = mkdirat(fd, "d", 0700) == 0
				   ? openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				   : -1;

		REQUIRE(next >= 0);
		close(fd);
		fd = next;
	}
	CHECK(volume_over_limit(v.f.pod.pod->spec, &dirs) != NULL);
}

/* --- hostPath --- */

static void host_paths_are_of_the_type_that_they_ask_for(void)
{
	AUTO_BUF text = {.data = NULL};

	if (!able)
		SKIP("needs root");
	rf_buf_addf(&text,
		POD_HEAD MOUNTS_END
		"  volumes:\n  - {name: a, hostPath: {path: /dev/null, type: CharDevice}}\n"
		"  - {name: b, hostPath: {path: /etc/passwd, type: File}}\n"
		"  - {name: c, hostPath: {path: /etc, type: Directory}}\n"
		"  - {name: d, hostPath: {path: /dev/null, type: BlockDevice}}\n"
		"  - {name: e, hostPath: {path: /etc, type: File}}\n"
		"  - {name: f, hostPath: {path: /etc, type: Socket}}\n"
		"  - {name: g, hostPath: {path: /no/such, type: \"\"}}\n"
		"  - {name: h, hostPath: {path: %s/d/e, type: DirectoryOrCreate}}\n"
		"  - {name: i, hostPath: {path: %s/file, type: FileOrCreate}}\n",
		host_dir, host_dir);
	PREPARE(v, rf_buf_cstr(&text));
	CHECK_INT(v.rc, RF_EINPUT);
	CHECK_STR(fixture_said(&v.f),
		"11 volume \"d\": hostPath \"/dev/null\" is not of the type that it asks for\n"
		"12 volume \"e\": hostPath \"/etc\" is not of the type that it asks for\n"
		"13 volume \"f\": hostPath \"/etc\" is not of the type that it asks for\n"
		"14 volume \"g\": hostPath \"/no/such\" is not there: make it, or use type "
		"DirectoryOrCreate or FileOrCreate\n");
	CHECK(access(path_of(host_dir, "d/e"), F_OK) == 0);
	CHECK(access(path_of(host_dir, "file"), F_OK) == 0);
}

/* --- subPath --- */

#define SUB_MOUNTS                                                         \
	"{name: e, mountPath: /a, subPath: x/y}, {name: e, mountPath: /b}" \
	", {name: cm, mountPath: /c, subPath: k}"                          \
	", {name: cm, mountPath: /d, subPath: none}"
#define SUB_POD                        \
	POD_HEAD SUB_MOUNTS MOUNTS_END \
		"  volumes: [{name: e, emptyDir: {}}, {name: cm, configMap: {name: m}}]\n" CONFIG

static void a_sub_path_is_made_and_bound(void)
{
	AUTO_FREE char *source = NULL;
	PREPARE(v, SUB_POD);

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &source, &v.err) == RF_OK);
	put_file(source, "inside", 1);
	CHECK(access(path_of(disk_dir, "e/x/y/inside"), F_OK) == 0);
	CHECK_INT(mode_of(disk_dir, "e/x/y"), 0777);
	CHECK_INT(mode_of(disk_dir, "e/x"), 0777);
}

static void a_mount_without_sub_path_is_the_volume(void)
{
	AUTO_FREE char *source = NULL;
	PREPARE(v, SUB_POD);

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 1), &source, &v.err) == RF_OK);
	CHECK_STR(source, path_of(disk_dir, "e"));
}

static void a_file_can_be_a_sub_path_and_a_missing_one_is_not_made(void)
{
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *none = NULL;
	AUTO_BUF text = {.data = NULL};
	PREPARE(v, SUB_POD);

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 2), &source, &v.err) == RF_OK);
	CHECK_INT(rf_file_read(source, &text, &v.err), RF_OK);
	CHECK_STR(rf_buf_cstr(&text), "v");
	CHECK_INT(volume_source(&v.f.pod, &dirs, mount_of(&v, 3), &none, &v.err), RF_EABSENT);
	CHECK_STR(v.err.msg, "subPath \"none\" is not in its volume");
}

static void a_sub_path_never_leaves_its_volume(void)
{
	static const char *const targets[] = {"/etc", "../../..", "/proc/self/root", ".."};
	PREPARE(v, SUB_POD);

	CHECK(mkdir(path_of(disk_dir, "e/x"), 0700) == 0);
	for (size_t i = 0; i < RF_ARRAY_LEN(targets); i++) {
		AUTO_FREE char *source = NULL;
		const char *where = strcmp(targets[i], "..") == 0 ? "e/x" : "e/x/y";

		unlink(path_of(disk_dir, "e/x/y"));
		rmdir(path_of(disk_dir, "e/x"));
		if (strcmp(where, "e/x/y") == 0)
			CHECK(mkdir(path_of(disk_dir, "e/x"), 0700) == 0);
		CHECK(symlink(targets[i], path_of(disk_dir, where)) == 0);
		CHECKF(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &source, &v.err) ==
				RF_EDENIED,
			"a link to %s was followed", targets[i]);
	}
}

static void links_that_stay_inside_are_followed(void)
{
	AUTO_FREE char *source = NULL;
	PREPARE(v, SUB_POD);

	CHECK(mkdir(path_of(disk_dir, "e/real"), 0700) == 0);
	CHECK(symlink("real", path_of(disk_dir, "e/x")) == 0);
	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &source, &v.err) == RF_OK);
	CHECK(access(path_of(disk_dir, "e/real/y"), F_OK) == 0);
}

static void swapping_the_directory_afterwards_changes_nothing(void)
{
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *again = NULL;
	char from[256];
	PREPARE(v, SUB_POD);

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &source, &v.err) == RF_OK);
	snprintf(from, sizeof(from), "%s/e/x", disk_dir);
	CHECK(rename(from, path_of(disk_dir, "e/moved")) == 0);
	CHECK(symlink("/etc", from) == 0);
	CHECK(access(path_of(source, "passwd"), F_OK) < 0);
	put_file(source, "inside", 1);
	CHECK(access(path_of(disk_dir, "e/moved/y/inside"), F_OK) == 0);
	CHECK_INT(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &again, &v.err), RF_EDENIED);
}

static void a_restart_binds_the_sub_path_again(void)
{
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *two = NULL;
	PREPARE(v, SUB_POD);

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &one, &v.err) == RF_OK);
	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &two, &v.err) == RF_OK);
	CHECK_STR(two, one);
	CHECK(umount2(two, MNT_DETACH) == 0);
	CHECK(umount2(two, MNT_DETACH) < 0 && errno == EINVAL);
}

static void release_leaves_no_mount(void)
{
	AUTO_FREE char *source = NULL;
	AUTO_BUF mounts = {.data = NULL};
	PREPARE(v, POD_HEAD
		"{name: e, mountPath: /a, subPath: x}" MOUNTS_END
		"  volumes: [{name: e, emptyDir: {}}, {name: mem, emptyDir: {medium: Memory}}]\n");

	REQUIRE(volume_source(&v.f.pod, &dirs, mount_of(&v, 0), &source, &v.err) == RF_OK);
	volume_release(v.f.pod.pod->spec, &dirs);
	CHECK_INT(rf_file_read("/proc/self/mountinfo", &mounts, &v.err), RF_OK);
	CHECK(!strstr(rf_buf_cstr(&mounts), memory_dir) && !strstr(rf_buf_cstr(&mounts), disk_dir));
}

static void options_are_as_tight_as_the_volume_allows(void)
{
	static const char *const want[] = {"bind,rprivate,ro,nosuid,nodev,noexec",
		"bind,rprivate,ro,nosuid,nodev,exec", "bind,rprivate,rw,nosuid,nodev",
		"bind,rprivate,ro,nosuid,nodev", "rbind,rprivate,ro", "rbind,rprivate,rw"};
	FIXTURE f;
	const struct kube_mount *mounts;

	REQUIRE(fixture_load(&f, POD_HEAD
		"{name: cm, mountPath: /a}, {name: run, mountPath: /b}, {name: e, mountPath: /c}, "
		"{name: e, mountPath: /d, readOnly: true}, {name: h, mountPath: /e, readOnly: "
		"true}, {name: h, mountPath: /f}" MOUNTS_END
		"  volumes: [{name: cm, configMap: {name: m}}, {name: run, configMap: {name: m, "
		"defaultMode: 0755}}, {name: e, emptyDir: {}}, {name: h, hostPath: {path: "
		"/etc}}]\n" CONFIG));
	mounts = fixture_container(&f)->volume_mounts.items;
	for (size_t i = 0; i < RF_ARRAY_LEN(want); i++)
		CHECK_STR(volume_mount_options(&f.pod, &mounts[i]), want[i]);
}

int main(int argc, char **argv)
{
	int rc;

	set_up_once();
	TAP_BEGIN(argc, argv);
	RUN(config_maps_and_secrets_are_files_on_a_tmpfs);
	RUN(items_choose_keys_paths_and_modes);
	RUN(fs_group_may_read_files_and_owns_empty_dirs);
	RUN(projected_sources_are_merged);
	RUN(two_files_in_one_place_are_refused);
	RUN(missing_references_are_reported_unless_optional);
	RUN(paths_that_lead_out_are_refused_whatever_was_checked_before);
	RUN(a_key_with_a_slash_is_refused_whatever_was_checked_before);
	RUN(a_change_replaces_all_files_in_one_step);
	RUN(what_is_the_same_is_left_alone);
	RUN(a_write_that_fails_leaves_the_old_files);
	RUN(what_a_crash_left_behind_goes_with_the_next_change);
	RUN(an_empty_dir_is_writable_by_everyone_and_survives_a_refresh);
	RUN(an_empty_dir_in_memory_has_its_size);
	RUN(memory_limits_bound_an_empty_dir_in_memory);
	RUN(a_volume_over_its_limit_is_found);
	RUN(names_of_one_file_are_counted_once_and_links_are_not_followed);
	RUN(a_volume_too_deep_to_measure_counts_as_over);
	RUN(host_paths_are_of_the_type_that_they_ask_for);
	RUN(a_sub_path_is_made_and_bound);
	RUN(a_mount_without_sub_path_is_the_volume);
	RUN(a_file_can_be_a_sub_path_and_a_missing_one_is_not_made);
	RUN(a_sub_path_never_leaves_its_volume);
	RUN(links_that_stay_inside_are_followed);
	RUN(swapping_the_directory_afterwards_changes_nothing);
	RUN(a_restart_binds_the_sub_path_again);
	RUN(release_leaves_no_mount);
	RUN(options_are_as_tight_as_the_volume_allows);
	rc = TAP_END();
	if (able && umount2(top, MNT_DETACH) == 0)
		rmdir(top);
	return rc;
}
