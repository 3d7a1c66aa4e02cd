/* Images into a store, by every way they come, and what a bad one leaves behind: nothing. */
#include "tests/unit/image/image_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "image/import.h"
#include "image/rootfs.h"
#include "proc/role.h"

static struct {
	struct image_store *store;
	struct test_layer layers[3];
	struct rf_err err;
	char notes[1024];
} t;

static void make_layers(const char *filter)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(t.layers); i++) {
		AUTO_BUF tar = {.len = 0};
		char name[32];

		rf_buf_done(&t.layers[i].blob);
		snprintf(name, sizeof(name), "only-%zu", i);
		TAR_OF(&tar, {.name = name, .text = filter ? filter : "plain"},
			{.name = "app", .text = i == 2 ? "third" : "first", .mode = 0755},
			{.name = i == 1 ? "dir/.wh..wh..opq" : "dir/x", .text = ""},
			{.name = "dev/null", .type = '3'});
		layer_make(&t.layers[i], rf_buf_str(&tar), filter);
	}
}

static void fresh_store(void)
{
	static unsigned turn;
	char name[32];

	image_store_free(t.store);
	t.store = NULL;
	snprintf(name, sizeof(name), "store%u", turn++);
	CHECKF(image_store_open(test_path(name), &t.store, &t.err) == RF_OK, "%s", t.err.msg);
	t.notes[0] = '\0';
}

static int count_entries(const char *folder)
{
	char path[512];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", image_store_path(t.store), folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

static bool store_is_empty(void)
{
	return count_entries("refs") + count_entries("images") + count_entries("layers") +
		       count_entries("tmp") ==
	       0;
}

static void on_progress(void *ctx, const struct image_progress *progress)
{
	(void)ctx;
	CHECK(progress->done_bytes <= progress->total_bytes);
	if (progress->stage == IMAGE_STAGE_NOTE)
		snprintf(t.notes, sizeof(t.notes), "%s", progress->text);
}

static int import(const char *path, const char *name, const char *select, struct image **ret)
{
	const struct image_import_opts opts = {
		.name = name, .select = select, .progress = on_progress};

	return image_import(t.store, path, &opts, ret, &t.err);
}

/* Imports and looks at what came of it. */
static void check_import(const char *path, const char *name)
{
	AUTO_IMAGE *image = NULL;
	struct rf_err err;
	AUTO_FD fd = -1;
	char text[8] = "";

	fresh_store();
	CHECKF(import(path, NULL, NULL, NULL) == RF_OK, "%s", t.err.msg);
	CHECKF(image_find(t.store, name, &image, &err) == RF_OK, "%s", err.msg);
	if (!image)
		return;
	CHECK_INT(image->layer_count, 3);
	CHECK(rf_str_is(image->config.user, "web"));
	CHECK(rf_str_is(image->config.entrypoint.items[0], "/app"));
	fd = image_open_file(image, "/app", &err);
	CHECKF(fd >= 0 && read(fd, text, sizeof(text) - 1) == 5, "%s", err.msg);
	CHECK_STR(text, "third");
	CHECK(strstr(t.notes, "dev/null"));
	CHECK_INT(count_entries("tmp"), 0);
}

static const char *const filters[] = {NULL, "gzip", "zstd"};

static void a_layout_directory_comes_in_with_layers_of_every_packing(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(filters); i++) {
		struct member_sink sink = {.dir = test_path("layout")};

		(void)!rf_dir_remove(sink.dir, NULL);
		make_layers(filters[i]);
		layout_put(&sink, t.layers, 3, "shop/app:1.0");
		check_import(test_path("layout"), "shop/app:1.0");
	}
}

static void a_layout_archive_comes_in_packed_or_not(void)
{
	make_layers("gzip");
	for (size_t i = 0; i < RF_ARRAY_LEN(filters); i++) {
		AUTO_BUF tar = {.len = 0};
		AUTO_BUF packed = {.len = 0};
		struct member_sink sink = {.tar = &tar};

		layout_put(&sink, t.layers, 3, "shop/app:1.0");
		pack(rf_buf_str(&tar), filters[i], &packed);
		file_put(test_path("layout.tar"), rf_buf_str(&packed));
		check_import(test_path("layout.tar"), "docker.io/shop/app:1.0");
	}
}

static void docker_put(struct member_sink *sink, bool old)
{
	AUTO_BUF config = {.len = 0};
	AUTO_BUF manifest = {.len = 0};
	struct image_digest digest;
	char name[128];

	config_text(&config, image_host_architecture(), t.layers, 3);
	CHECK_INT(image_digest_of(rf_buf_str(&config), &digest), RF_OK);
	snprintf(name, sizeof(name), old ? "%s.json" : "blobs/sha256/%s", hex_of(&digest));
	member_put(sink, name, rf_buf_str(&config));
	rf_buf_addf(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":[\"shop/app:1.0\"],\"Layers\":[",
		name);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), old ? "%s/layer.tar" : "blobs/sha256/%s",
			hex_of(&t.layers[i].digest));
		rf_buf_addf(&manifest, "%s\"%s\"", i ? "," : "", name);
		if (old && i == 1) {
			member_put(sink, "shared/layer.tar", rf_buf_str(&t.layers[i].blob));
			tar_put(sink->tar,
				&(struct tar_item){
					.name = name, .type = '2', .link = "../shared/layer.tar"});
		} else {
			member_put(sink, name, rf_buf_str(&t.layers[i].blob));
		}
	}
	rf_buf_add_c(&manifest, "]}]");
	member_put(sink, "manifest.json", rf_buf_str(&manifest));
	tar_end(sink->tar);
}

static void docker_save_archives_of_either_age_come_in(void)
{
	make_layers(NULL);
	for (int old = 0; old < 2; old++) {
		AUTO_BUF tar = {.len = 0};
		struct member_sink sink = {.tar = &tar};

		docker_put(&sink, old);
		file_put(test_path("save.tar"), rf_buf_str(&tar));
		check_import(test_path("save.tar"), "shop/app:1.0");
	}
}

static void an_image_is_found_by_its_path_until_the_file_changes(void)
{
	struct member_sink sink = {.dir = test_path("bypath")};
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	AUTO_IMAGE *image = NULL;
	const char *path = test_path("bypath");

	make_layers(NULL);
	layout_put(&sink, t.layers, 3, NULL);
	fresh_store();
	CHECK_INT(image_find(t.store, path, &image, &t.err), RF_EABSENT);
	CHECK_INT(import(path, NULL, NULL, NULL), RF_OK);
	CHECK_INT(image_find(t.store, path, &image, &t.err), RF_OK);
	image_free(TAKE_PTR(image));
	CHECK(utimensat(AT_FDCWD, test_path("bypath/index.json"), times, 0) == 0);
	CHECK_INT(image_find(t.store, path, &image, &t.err), RF_EABSENT);
}

static void two_images_put(const char *dir)
{
	struct member_sink sink = {.dir = dir};
	AUTO_BUF index = {.len = 0};
	struct image_digest digest;
	size_t size;

	make_layers(NULL);
	rf_buf_add_c(&index, "{\"schemaVersion\":2,\"manifests\":[");
	size = manifest_put(&sink, image_host_architecture(), t.layers, 3, &digest);
	index_entry(&index, &digest, size, "shop/one:1");
	index_entry(&index, &digest, size, "shop/uno:1");
	size = manifest_put(&sink, image_host_architecture(), t.layers, 2, &digest);
	index_entry(&index, &digest, size, "shop/two:1");
	rf_buf_add_c(&index, "]}");
	member_put(&sink, "index.json", rf_buf_str(&index));
}

static void one_of_several_images_is_chosen_by_name_or_the_names_are_listed(void)
{
	AUTO_IMAGE *image = NULL;
	const char *dir = test_path("several");

	two_images_put(dir);
	fresh_store();
	CHECK_INT(import(dir, NULL, NULL, NULL), RF_EINPUT);
	CHECK(strstr(t.err.msg, "shop/one:1") && strstr(t.err.msg, "shop/two:1"));
	CHECK_INT(import(dir, NULL, "shop/three", NULL), RF_EINPUT);
	CHECK(store_is_empty());
	CHECK_INT(import(dir, NULL, "shop/one:1", NULL), RF_OK);
	CHECK_INT(image_find(t.store, "shop/uno:1", &image, &t.err), RF_OK);
	image_free(TAKE_PTR(image));
	CHECK_INT(image_find(t.store, "shop/two:1", &image, &t.err), RF_EABSENT);
	CHECK_INT(import(dir, "docker.io/shop/two:1", NULL, &image), RF_OK);
	CHECK_INT(image ? image->layer_count : 0, 2);
	image_free(TAKE_PTR(image));
	CHECK_INT(import(dir, "mine", "shop/two:1", &image), RF_OK);
	CHECK(image && rf_str_is(image->name, "docker.io/library/mine:latest"));
}

static void an_index_yields_the_image_for_this_machine(void)
{
	struct member_sink sink = {.dir = test_path("multi")};
	AUTO_BUF nested = {.len = 0};
	AUTO_BUF index = {.len = 0};
	struct image_digest ours, theirs, list;
	size_t our_size, their_size;

	make_layers("zstd");
	our_size = manifest_put(&sink, image_host_architecture(), t.layers, 3, &ours);
	their_size = manifest_put(&sink, "sparc", t.layers, 2, &theirs);
	rf_buf_addf(&nested,
		"{\"manifests\":["
		"{\"digest\":\"sha256:%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"sparc\"}},"
		"{\"digest\":\"sha256:%s\",\"size\":1,\"platform\":{\"os\":\"unknown\","
		"\"architecture\":\"unknown\"},\"annotations\":{\"vnd.docker.reference.type\":"
		"\"attestation-manifest\"}},"
		"{\"digest\":\"sha256:%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"%s\"}}]}",
		hex_of(&theirs), their_size, hex_of(&theirs), hex_of(&ours), our_size,
		image_host_architecture());
	blob_put(&sink, rf_buf_str(&nested), &list);
	rf_buf_addf(&index,
		"{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"digest\":\"sha256:%s\",\"size\":%zu,\"annotations\":{"
		"\"io.containerd.image.name\":\"docker.io/shop/app:1.0\","
		"\"org.opencontainers.image.ref.name\":\"1.0\"}}]}",
		hex_of(&list), nested.len);
	member_put(&sink, "index.json", rf_buf_str(&index));
	check_import(test_path("multi"), "shop/app:1.0");
}

static void an_image_for_another_machine_is_refused(void)
{
	struct member_sink sink = {.dir = test_path("foreign")};
	AUTO_BUF index = {.len = 0};
	struct image_digest digest;
	size_t size;

	make_layers(NULL);
	rf_buf_add_c(&index, "{\"manifests\":[");
	size = manifest_put(&sink, "sparc", t.layers, 1, &digest);
	index_entry(&index, &digest, size, "a/b");
	rf_buf_add_c(&index, "]}");
	member_put(&sink, "index.json", rf_buf_str(&index));
	fresh_store();
	CHECK_INT(import(test_path("foreign"), NULL, NULL, NULL), RF_EUNSUPPORTED);
	CHECK(strstr(t.err.msg, "linux/sparc"));
	CHECK(store_is_empty());
}

/* Imports a layout in which layer 1 was spoilt by the caller. */
static void check_refused(const char *dir, int code, const char *word)
{
	struct member_sink sink = {.dir = dir};

	layout_put(&sink, t.layers, 3, "shop/app:1.0");
	fresh_store();
	CHECK_INT(import(dir, NULL, NULL, NULL), code);
	CHECKF(strstr(t.err.msg, word), "\"%s\" does not say \"%s\"", t.err.msg, word);
	CHECK(store_is_empty());
}

static void a_layer_that_is_not_what_its_digests_say_refuses_the_whole_image(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(filters); i++) {
		make_layers(filters[i]);
		t.layers[1].diff_id.bytes[5] ^= 1;
		check_refused(test_path("bad-diff"), RF_EINPUT, "instead of");
		make_layers(filters[i]);
		t.layers[1].digest.bytes[5] ^= 1;
		check_refused(test_path("bad-digest"), RF_EINPUT, "instead of");
		make_layers(filters[i]);
		t.layers[1].blob.data[t.layers[1].blob.len / 2] ^= 1;
		check_refused(test_path("bad-bytes"), RF_EINPUT, "layer 2");
		make_layers(filters[i]);
		rf_buf_add_c(&t.layers[1].blob, "trailing");
		check_refused(test_path("bad-tail"), RF_EINPUT, "layer 2");
	}
}

static void sizes_that_differ_from_the_descriptor_are_refused(void)
{
	struct member_sink sink = {.dir = test_path("size")};
	char path[256];

	make_layers(NULL);
	layout_put(&sink, t.layers, 3, "a/b");
	snprintf(path, sizeof(path), "%s/blobs/sha256/%s", sink.dir, hex_of(&t.layers[0].digest));
	CHECK(truncate(path, 512) == 0);
	fresh_store();
	CHECK_INT(import(test_path("size"), NULL, NULL, NULL), RF_EINPUT);
	CHECK(strstr(t.err.msg, "the descriptor says"));
}

static void a_layer_packed_twice_is_no_layer(void)
{
	AUTO_BUF tar = {.len = 0};
	AUTO_BUF once = {.len = 0};

	make_layers(NULL);
	TAR_OF(&tar, {.name = "x", .text = "x"});
	pack(rf_buf_str(&tar), "gzip", &once);
	rf_buf_done(&t.layers[1].blob);
	layer_make(&t.layers[1], rf_buf_str(&once), "gzip");
	check_refused(test_path("twice"), RF_EINPUT, "layer 2");
}

static void a_hostile_layer_refuses_the_import_by_the_name_of_the_entry(void)
{
	AUTO_BUF tar = {.len = 0};

	make_layers(NULL);
	TAR_OF(&tar, {.name = "../../escape\033[2J", .text = "x"});
	rf_buf_done(&t.layers[1].blob);
	layer_make(&t.layers[1], rf_buf_str(&tar), "zstd");
	check_refused(test_path("hostile"), RF_EINPUT, "../../escape?[2J");
}

static void members_outside_of_a_layout_directory_are_not_read(void)
{
	struct member_sink sink = {.dir = test_path("links")};

	make_layers(NULL);
	layout_put(&sink, t.layers, 3, "a/b");
	CHECK(unlink(test_path("links/index.json")) == 0);
	CHECK(symlink("/etc/hostname", test_path("links/index.json")) == 0);
	fresh_store();
	CHECK_INT(import(test_path("links"), NULL, NULL, NULL), RF_EINPUT);
	CHECK(strstr(t.err.msg, "neither"));
}

static void layers_are_shared_and_go_with_their_last_image(void)
{
	const char *dir = test_path("shared");
	struct image_rows rows;

	two_images_put(dir);
	fresh_store();
	CHECK_INT(import(dir, "one", "shop/one:1", NULL), RF_OK);
	CHECK_INT(import(dir, "two", "shop/two:1", NULL), RF_OK);
	CHECK_INT(count_entries("layers"), 3);
	REQUIRE(image_list(t.store, &rows, &t.err) == RF_OK);
	REQUIRE(rows.list.count == 2);
	CHECK_STR(rows.list.items[0].name, "docker.io/library/one:latest");
	CHECK_INT(rows.list.items[1].layer_count, 2);
	CHECK_STR(rows.list.items[1].created, "2024-01-02T03:04:05Z");
	CHECK(rows.list.items[1].unpacked_bytes > 0);
	image_rows_done(&rows);
	CHECK_INT(image_remove(t.store, "one", &t.err), RF_OK);
	CHECK_INT(count_entries("layers"), 2);
	CHECK_INT(image_remove(t.store, "one", &t.err), RF_EABSENT);
	CHECK_INT(image_remove(t.store, "two", &t.err), RF_OK);
	CHECK(store_is_empty());
}

static void an_image_that_loses_its_name_stays_under_its_digest(void)
{
	const char *dir = test_path("renamed");
	AUTO_IMAGE *one = NULL;
	AUTO_IMAGE *former = NULL;

	two_images_put(dir);
	fresh_store();
	CHECK_INT(import(dir, "app", "shop/one:1", &one), RF_OK);
	CHECK_INT(import(dir, "app", "shop/two:1", NULL), RF_OK);
	REQUIRE(one);
	CHECK_INT(count_entries("images"), 2);
	CHECK_INT(image_find(t.store, one->digest.ptr, &former, &t.err), RF_OK);
	CHECK_INT(image_remove(t.store, one->digest.ptr, &t.err), RF_OK);
	CHECK_INT(count_entries("images"), 1);
}

static void opaque_directories_carry_the_mark_of_overlayfs(void)
{
	struct member_sink sink = {.dir = test_path("opaque")};
	AUTO_IMAGE *image = NULL;
	char value = 0, path[512];

	make_layers(NULL);
	layout_put(&sink, t.layers, 3, "a/b");
	fresh_store();
	REQUIRE(import(test_path("opaque"), NULL, NULL, &image) == RF_OK);
	snprintf(path, sizeof(path), "%s/dir", image->layer_dirs[1].ptr);
	CHECK_INT(getxattr(path, "trusted.overlay.opaque", &value, 1), 1);
	CHECK_INT(value, 'y');
}

static void what_is_no_image_is_refused_in_words(void)
{
	AUTO_BUF tar = {.len = 0};

	fresh_store();
	file_put(test_path("text"), RF_STR("this is not a tar archive at all\n"));
	CHECK_INT(import(test_path("text"), NULL, NULL, NULL), RF_EINPUT);
	TAR_OF(&tar, {.name = "hello", .text = "x"});
	file_put(test_path("other.tar"), rf_buf_str(&tar));
	CHECK_INT(import(test_path("other.tar"), NULL, NULL, NULL), RF_EINPUT);
	CHECK(strstr(t.err.msg, "neither an OCI image layout"));
	CHECK_INT(import(test_path("absent"), NULL, NULL, NULL), RF_EABSENT);
	CHECK_INT(import("/dev/null", NULL, NULL, NULL), RF_EINPUT);
	CHECK(store_is_empty());
}

/* A layer that takes a while, so that a kill meets every part of an import. */
static void big_layout_put(const char *dir)
{
	struct member_sink sink = {.dir = dir};

	for (size_t i = 0; i < RF_ARRAY_LEN(t.layers); i++) {
		AUTO_BUF tar = {.len = 0};

		rf_buf_done(&t.layers[i].blob);
		for (unsigned k = 0; k < 1500; k++) {
			char name[64];

			snprintf(name, sizeof(name), "d%zu/%u/file%u", i, k % 40, k);
			tar_put(&tar, &(struct tar_item){.name = name, .text = name});
		}
		tar_end(&tar);
		layer_make(&t.layers[i], rf_buf_str(&tar), "zstd");
	}
	layout_put(&sink, t.layers, 3, "shop/big:1");
}

static void kill_one_import(const char *dir, unsigned after_us)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		_exit(import(dir, NULL, NULL, NULL) == RF_OK ? 0 : 1);
	}
	usleep(after_us);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* Either nothing is visible or all of it. */
static void check_whole_or_absent(void)
{
	AUTO_IMAGE *image = NULL;
	int rc = image_find(t.store, "shop/big:1", &image, &t.err);

	CHECKF(rc == RF_OK || rc == RF_EABSENT, "%s", t.err.msg);
	if (rc != RF_OK)
		return;
	for (unsigned k = 0; k < 1500; k += 7) {
		char name[64], text[64] = "";
		AUTO_FD fd = -1;

		snprintf(name, sizeof(name), "d2/%u/file%u", k % 40, k);
		fd = image_open_file(image, name, &t.err);
		CHECKF(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, "%s", t.err.msg);
		CHECK_STR(text, name);
	}
}

static void an_import_killed_at_any_moment_leaves_all_or_nothing(void)
{
	const char *dir = test_path("big");

	big_layout_put(dir);
	fresh_store();
	srand((unsigned)getpid());
	for (unsigned i = 0; i < 25; i++) {
		kill_one_import(dir, (unsigned)rand() % 200000);
		check_whole_or_absent();
		if (i % 5 == 4)
			(void)!image_remove(t.store, "shop/big:1", NULL);
	}
	CHECKF(import(dir, NULL, NULL, NULL) == RF_OK, "%s", t.err.msg);
	check_whole_or_absent();
	CHECK_INT(count_entries("images"), 1);
	CHECK_INT(count_entries("layers"), 3);
	CHECK_INT(count_entries("tmp"), 0);
	CHECK_INT(count_entries("refs"), 2);
}

static void imports_at_the_same_time_wait_for_each_other(void)
{
	const char *dir = test_path("big");
	pid_t pids[3];
	int status;

	fresh_store();
	for (size_t i = 0; i < RF_ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(import(dir, NULL, NULL, NULL) == RF_OK ? 0 : 1);
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(pids); i++) {
		waitpid(pids[i], &status, 0);
		CHECK_INT(status, 0);
	}
	CHECK_INT(count_entries("layers"), 3);
	CHECK_INT(count_entries("tmp"), 0);
}

int main(int argc, char **argv)
{
	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root: files keep their owners\n");
		return 0;
	}
	test_root_open();
	RUN(a_layout_directory_comes_in_with_layers_of_every_packing);
	RUN(a_layout_archive_comes_in_packed_or_not);
	RUN(docker_save_archives_of_either_age_come_in);
	RUN(an_image_is_found_by_its_path_until_the_file_changes);
	RUN(one_of_several_images_is_chosen_by_name_or_the_names_are_listed);
	RUN(an_index_yields_the_image_for_this_machine);
	RUN(an_image_for_another_machine_is_refused);
	RUN(a_layer_that_is_not_what_its_digests_say_refuses_the_whole_image);
	RUN(sizes_that_differ_from_the_descriptor_are_refused);
	RUN(a_layer_packed_twice_is_no_layer);
	RUN(a_hostile_layer_refuses_the_import_by_the_name_of_the_entry);
	RUN(members_outside_of_a_layout_directory_are_not_read);
	RUN(layers_are_shared_and_go_with_their_last_image);
	RUN(an_image_that_loses_its_name_stays_under_its_digest);
	RUN(opaque_directories_carry_the_mark_of_overlayfs);
	RUN(what_is_no_image_is_refused_in_words);
	RUN(an_import_killed_at_any_moment_leaves_all_or_nothing);
	RUN(imports_at_the_same_time_wait_for_each_other);
	image_store_free(t.store);
	for (size_t i = 0; i < RF_ARRAY_LEN(t.layers); i++)
		rf_buf_done(&t.layers[i].blob);
	test_root_close();
	return TAP_END();
}
