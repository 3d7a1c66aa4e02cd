#include "image/pack/pack.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/members.h"
#include "image/select.h"
#include "tests/unit/image/pack/pack_test.h"

/* A token of the right form, which nobody has; put together so that no scanner finds it here. */
#define TOKEN \
	"ghp" \
	"_x7Kq9ZbT4mVw2LrY8sNc5HjD1pGf6RaE0tXu"

static char root[64];

static const char *path_of(const char *name)
{
	static char paths[32][256];
	static unsigned turn;
	char *path = paths[turn++ % RF_ARRAY_LEN(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static const char *write_file(const char *name, const char *text, size_t len, mode_t mode)
{
	const char *path = path_of(name);

	if (rf_file_replace(path, text, len, mode, false, NULL) < 0)
		abort();
	return path;
}

static const char *program_of(const char *name, const struct test_elf *elf)
{
	AUTO_BUF file = {0};

	test_elf_write(elf, &file);
	return write_file(name, file.data, file.len, 0755);
}

static struct pack_opts options(const char *program)
{
	return (struct pack_opts){.program = program,
		.reference = "shop/app:1.0",
		.user = {.name = "nonroot", .uid = 65532, .gid = 65532}};
}

static struct pack_image *pack(const struct pack_opts *opts)
{
	struct pack_image *image = NULL;
	struct rf_err err;

	if (pack_image_new(opts, &image, &err) < 0)
		tap_diag("%s", err.msg);
	return image;
}

static const char *digest_of(const struct pack_opts *opts)
{
	static char texts[4][IMAGE_DIGEST_TEXT_SIZE];
	static unsigned turn;
	AUTO_PACK_IMAGE *image = pack(opts);

	return image ? image_digest_text(pack_image_digest(image), texts[turn++ % 4]) : "";
}

static void refused(const struct pack_opts *opts, const char *says)
{
	AUTO_PACK_IMAGE *image = NULL;
	struct rf_err err = {.msg = ""};

	CHECK(pack_image_new(opts, &image, &err) < 0);
	CHECKF(strstr(err.msg, says), "\"%s\" does not say \"%s\"", err.msg, says);
}

/* The archive, as the reader of images sees it. */
static void chosen(const struct pack_image *image, struct rf_arena *arena, struct image_choice *ret)
{
	AUTO_FD fd = memfd_create("archive", MFD_CLOEXEC);
	struct image_index *index = NULL;
	struct image_range range = {.fd = fd};
	const struct image_wish wish = {.any_platform = true};
	struct image_members members;
	struct stat st;
	struct rf_err err = {.msg = ""};

	REQUIRE(pack_image_write(image, fd, &err) == RF_OK);
	REQUIRE(fstat(fd, &st) == 0);
	range.len = (uint64_t)st.st_size;
	REQUIRE(image_index_open(&range, &index, &err) == RF_OK);
	members = image_index_members(index);
	CHECKF(image_select(&members, &wish, arena, ret, &err) == RF_OK, "%s", err.msg);
	image_index_free(index);
}

static void an_image_is_what_was_asked_for(void)
{
	static const char *const env[] = {"A=1", "B="}, *const labels[] = {"z=1", "a=2"},
				 *const ports[] = {"8080", "53/udp", "8080/tcp"},
				 *const args[] = {"--verbose"};
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	AUTO_ARENA *arena = rf_arena_new(0);
	struct image_choice choice = {.layer_count = 0};
	AUTO_PACK_IMAGE *image = NULL;

	opts.env = (struct pack_strs){env, 2};
	opts.labels = (struct pack_strs){labels, 2};
	opts.ports = (struct pack_strs){ports, 3};
	opts.args = (struct pack_strs){args, 1};
	image = pack(&opts);
	REQUIRE(image);
	chosen(image, arena, &choice);
	REQUIRE(choice.layer_count == 1 && choice.name_count >= 1);
	CHECK(rf_str_is(choice.names[0], "docker.io/shop/app:1.0"));
	CHECK(image_digest_eq(&choice.digest, pack_image_digest(image)));
	CHECK(rf_str_is(choice.config.user, "65532:65532"));
	CHECK(rf_str_is(choice.config.created, "1970-01-01T00:00:00Z"));
	REQUIRE(choice.config.entrypoint.count == 2 && choice.config.env.count == 2);
	CHECK(rf_str_is(choice.config.entrypoint.items[0], "/app"));
	CHECK(rf_str_is(choice.config.entrypoint.items[1], "--verbose"));
	REQUIRE(choice.config.exposed_ports.count == 2 && choice.config.labels.count == 2);
	CHECK(rf_str_is(choice.config.exposed_ports.items[0], "53/udp"));
	CHECK(rf_str_is(choice.config.labels.items[0].key, "a"));
}

static void what_is_attached_changes_no_image(void)
{
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	AUTO_PACK_IMAGE *image = pack(&opts);
	AUTO_ARENA *arena = rf_arena_new(0);
	struct image_choice choice = {.layer_count = 0};
	struct image_digest before;

	REQUIRE(image);
	before = *pack_image_digest(image);
	REQUIRE(pack_image_attach(image, "application/vnd.cyclonedx+json", RF_STR("{}"), NULL) ==
		RF_OK);
	CHECK(image_digest_eq(&before, pack_image_digest(image)));
	chosen(image, arena, &choice);
	CHECK(image_digest_eq(&before, &choice.digest));
}

static void an_archive_that_gets_its_rest_later_has_the_same_bytes(void)
{
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	CLEANUP(pack_output_done) struct pack_output output = PACK_OUTPUT_INIT;
	AUTO_PACK_IMAGE *image = pack(&opts);
	AUTO_FD whole = memfd_create("whole", MFD_CLOEXEC);
	AUTO_BUF a = {0}, b = {0};

	REQUIRE(image && pack_output_open(&output, path_of("later.tar"), NULL) == RF_OK);
	REQUIRE(pack_image_write(image, output.fd, NULL) == RF_OK);
	CHECK(access(path_of("later.tar"), F_OK) < 0);
	REQUIRE(pack_image_attach(image, "text/x", RF_STR("attached"), NULL) == RF_OK);
	REQUIRE(pack_output_finish(&output, image, NULL) == RF_OK);
	REQUIRE(pack_image_write(image, whole, NULL) == RF_OK);
	REQUIRE(rf_file_read(path_of("later.tar"), &a, NULL) == RF_OK);
	REQUIRE(lseek(whole, 0, SEEK_SET) == 0 && rf_fd_read_all(whole, &b, NULL) == RF_OK);
	CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
}

static void an_archive_that_fails_leaves_nothing(void)
{
	struct pack_output output = PACK_OUTPUT_INIT;
	AUTO_FREE char *part = NULL;

	REQUIRE(pack_output_open(&output, path_of("gone.tar"), NULL) == RF_OK);
	part = strdup(output.part);
	CHECK(access(part, F_OK) == 0);
	pack_output_done(&output);
	CHECK(access(part, F_OK) < 0);
	CHECK(access(path_of("gone.tar"), F_OK) < 0);
}

/* Modes of the files, the umask, the order of the options, the name of the directory. */
static void equal_inputs_give_equal_digests(void)
{
	static const char *one[2], *two[2];
	char first[512], second[512];
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	const char *before, *after;
	mode_t mask;

	snprintf(first, sizeof(first), "%s:/etc/a", write_file("a", "a", 1, 0644));
	snprintf(second, sizeof(second), "%s:/etc/b:600", write_file("b", "b", 1, 0644));
	one[0] = two[1] = first;
	one[1] = two[0] = second;
	opts.files = (struct pack_strs){one, 2};
	before = digest_of(&opts);
	mask = umask(077);
	if (chmod(path_of("a"), 0600) < 0 || mkdir(path_of("elsewhere"), 0700) < 0)
		abort();
	opts.program = program_of("elsewhere/app", &(struct test_elf){0});
	opts.files = (struct pack_strs){two, 2};
	after = digest_of(&opts);
	umask(mask);
	CHECK(before[0]);
	CHECK_STR(after, before);
	opts.epoch_s = 1;
	CHECK(strcmp(digest_of(&opts), before) != 0);
}

static void a_dynamic_program_is_refused_with_its_libraries(void)
{
	static const char *const two[] = {"libm.so.6", "libc.so.6", NULL};
	struct pack_opts opts = options(program_of("dynamic",
		&(struct test_elf){.type = ET_DYN, .loader = "/lib/ld.so", .libraries = two}));

	refused(&opts, "libm.so.6, libc.so.6");
	refused(&opts, "/lib/ld.so");
	refused(&opts, "CGO_ENABLED=0");
}

static void a_program_for_another_platform_is_refused(void)
{
	struct pack_opts opts =
		options(program_of("arm", &(struct test_elf){.machine = EM_AARCH64}));

	opts.platform = "linux/amd64";
	refused(&opts, "linux/arm64, not for linux/amd64");
	opts.platform = "windows/arm64";
	refused(&opts, "only linux");
	opts.platform = "linux/arm64";
	CHECK(digest_of(&opts)[0] != '\0');
}

static void secrets_are_refused_wherever_they_are(void)
{
	static const char *env[1] = {"GITHUB=" TOKEN};
	static const char *files[1];
	char file[512];
	struct pack_opts opts = options(
		program_of("leaky", &(struct test_elf){.content = "capacity" TOKEN "markWorker"}));

	refused(&opts, "github-pat");
	refused(&opts, "leaky at byte");
	opts.program = program_of("app", &(struct test_elf){0});
	opts.env = (struct pack_strs){env, 1};
	refused(&opts, "variable GITHUB");
	opts.env.count = 0;
	snprintf(file, sizeof(file), "%s:/etc/",
		write_file("app.yaml", "a: 1\ntoken: " TOKEN "\n",
			strlen("a: 1\ntoken: " TOKEN "\n"), 0644));
	files[0] = file;
	opts.files = (struct pack_strs){files, 1};
	refused(&opts, "app.yaml, line 2");
}

static void a_secret_that_is_accepted_passes(void)
{
	static const char *const accepted[] = {"github-pat"};
	struct pack_opts opts =
		options(program_of("leaky", &(struct test_elf){.content = " " TOKEN " "}));

	refused(&opts, "github-pat");
	opts.accepted = (struct pack_strs){accepted, 1};
	CHECK(digest_of(&opts)[0] != '\0');
}

/* As a program that knows the prefix of tokens holds it, among its other words. */
static void the_prefix_of_a_token_is_no_secret(void)
{
	struct pack_opts opts = options(program_of("prefix",
		&(struct test_elf){
			.content =
				"gho_ghp_ghs_gopathgohosthalfheadheaphelphighhostidleinfokindlast"
				"AKIAABIAACCAASIAGOODHARDHAVEHEREHIGHHOLDHOMEHOST"
				"-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----"}));

	CHECK(digest_of(&opts)[0] != '\0');
}

static void two_files_of_one_name_are_refused(void)
{
	static const char *files[2];
	char first[512], second[512];
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));

	files[0] = first;
	files[1] = second;
	snprintf(first, sizeof(first), "%s:/etc/passwd", write_file("p", "x", 1, 0644));
	opts.files = (struct pack_strs){files, 1};
	refused(&opts, "/etc/passwd would be in the image twice");
	snprintf(first, sizeof(first), "%s:/x", path_of("p"));
	snprintf(second, sizeof(second), "%s:/x/y", path_of("p"));
	opts.files.count = 2;
	refused(&opts, "as a directory and as a file");
}

static void files_that_make_no_sense_are_refused(void)
{
	static const struct {
		const char *file, *says;
	} rows[] = {{"a", "SRC:DST"}, {":/x", "SRC:DST"}, {"/dev/zero:/x", "not a regular file"},
		{"/nowhere/at/all:/x", "no such file"}, {"/etc/hostname:x", "must be absolute"},
		{"/etc/hostname:/a/../../b", ".."}, {"/etc/hostname:/x:4755", "001 to 777"},
		{"/etc/hostname:/x:rwx", "octal"}};
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const char *file = rows[i].file;

		opts.files = (struct pack_strs){&file, 1};
		refused(&opts, rows[i].says);
	}
}

static void a_directory_comes_with_all_that_is_in_it(void)
{
	static const char *files[1];
	char file[512];
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	const char *without = digest_of(&opts), *with;

	if (mkdir(path_of("tree"), 0755) < 0 || mkdir(path_of("tree/sub"), 0700) < 0 ||
		symlink("../x", path_of("tree/sub/link")) < 0)
		abort();
	write_file("tree/sub/x", "x", 1, 0644);
	snprintf(file, sizeof(file), "%s:/srv", path_of("tree"));
	files[0] = file;
	opts.files = (struct pack_strs){files, 1};
	with = digest_of(&opts);
	CHECK(with[0] && strcmp(with, without) != 0);
	if (chmod(path_of("tree/sub"), 0755) < 0)
		abort();
	CHECK_STR(digest_of(&opts), with);
	if (mkfifo(path_of("tree/fifo"), 0600) < 0)
		abort();
	refused(&opts, "neither a file, a link nor a directory");
}

static void users_are_numbers_in_the_end(void)
{
	static const struct {
		const char *text, *name;
		unsigned uid, gid;
	} rows[] = {{"65532", "nonroot", 65532, 65532}, {"1000", "nonroot", 1000, 1000},
		{"1000:2000", "nonroot", 1000, 2000}, {"app", "app", 65532, 65532},
		{"app:1000", "app", 1000, 1000}, {"nonroot:7", "nonroot", 7, 7}};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct pack_user user = {.uid = 0};
		struct rf_err err;

		CHECK_INT(pack_user_parse(rows[i].text, &user, &err), RF_OK);
		CHECK_STR(user.name, rows[i].name);
		CHECK_INT(user.uid, rows[i].uid);
		CHECK_INT(user.gid, rows[i].gid);
	}
}

static void root_is_refused_by_any_name(void)
{
	static const char *const rows[] = {"0", "root", "0:1000", "1000:0", "00", "app:0",
		"root:1000", "", ":", "a b", "4294967295", "-1", "1000:", "1000:x"};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct pack_user user;
		struct rf_err err;

		CHECKF(pack_user_parse(rows[i], &user, &err) < 0, "\"%s\" passes", rows[i]);
	}
}

static void a_directory_that_is_no_layout_is_not_written_to(void)
{
	struct pack_opts opts = options(program_of("app", &(struct test_elf){0}));
	AUTO_PACK_IMAGE *image = pack(&opts);

	REQUIRE(image);
	CHECK(pack_image_write_dir(image, root, NULL) == RF_EINPUT);
	CHECK_INT(pack_image_write_dir(image, path_of("layout"), NULL), RF_OK);
	CHECK_INT(pack_image_write_dir(image, path_of("layout"), NULL), RF_OK);
	CHECK(access(path_of("layout/index.json"), R_OK) == 0);
}

int main(int argc, char **argv)
{
	snprintf(root, sizeof(root), "/tmp/rf-pack-XXXXXX");
	if (!mkdtemp(root))
		return 2;
	TAP_BEGIN(argc, argv);
	RUN(an_image_is_what_was_asked_for);
	RUN(what_is_attached_changes_no_image);
	RUN(an_archive_that_gets_its_rest_later_has_the_same_bytes);
	RUN(an_archive_that_fails_leaves_nothing);
	RUN(equal_inputs_give_equal_digests);
	RUN(a_dynamic_program_is_refused_with_its_libraries);
	RUN(a_program_for_another_platform_is_refused);
	RUN(secrets_are_refused_wherever_they_are);
	RUN(a_secret_that_is_accepted_passes);
	RUN(the_prefix_of_a_token_is_no_secret);
	RUN(two_files_of_one_name_are_refused);
	RUN(files_that_make_no_sense_are_refused);
	RUN(a_directory_comes_with_all_that_is_in_it);
	RUN(users_are_numbers_in_the_end);
	RUN(root_is_refused_by_any_name);
	RUN(a_directory_that_is_no_layout_is_not_written_to);
	(void)!rf_dir_remove(root, NULL);
	return TAP_END();
}
