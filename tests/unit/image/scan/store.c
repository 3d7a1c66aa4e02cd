/* An image of the store, scanned from its unpacked layers, says what its archive says. */
#include "tests/unit/image/image_test.h"

#include "image/import.h"
#include "image/scan/scan.h"
#include "proc/role.h"

static struct rf_err err;

/* Made up of parts, so that no scanner takes this file for a leak. */
#define SECRET                 \
	"ghp_"                 \
	"x7Kq2mZ9vB4nR8tW1cY6" \
	"pL3sD5fG0hJaQeUi"

/* "kind@location layer ..." of files, "rule@location layer ..." of secrets. */
static const char *told(const struct scan_report *report)
{
	static struct rf_buf out;

	rf_buf_clear(&out);
	for (size_t i = 0; i < report->file_count; i++)
		rf_buf_addf(&out, "%s@" RF_STR_FMT " %d\n",
			scan_file_kind_name(report->files[i].kind),
			RF_STR_ARG(report->files[i].location), (int)report->files[i].layer);
	for (size_t i = 0; i < report->secret_count; i++)
		rf_buf_addf(&out, "secret@" RF_STR_FMT ":%u %d\n",
			RF_STR_ARG(report->secrets[i].location), report->secrets[i].line,
			(int)report->secrets[i].layer);
	return rf_buf_cstr(&out);
}

static const char want[] = "setuid@/bin/kept 0\n"
			   "setuid@/dir/high 1\n"
			   "setuid@/dir/high-link 1\n"
			   "setuid@/root-only/x 0\n"
			   "secret@/srv/settings.ini:2 1\n";

static void make_layers(struct test_layer layers[static 2])
{
	static const char text[] = "[main]\ntoken = " SECRET "\n";
	AUTO_BUF low = {.len = 0}, high = {.len = 0};

	TAR_OF(&low, {.name = "bin/kept", .text = "x", .mode = 04755},
		{.name = "bin/gone", .text = "x", .mode = 04755},
		{.name = "dir/low", .text = "x", .mode = 04755},
		{.name = "dir/sub/low", .text = "x", .mode = 04755},
		{.name = "root-only", .type = '5', .mode = 0700},
		{.name = "root-only/x", .text = "x", .mode = 04700});
	TAR_OF(&high, {.name = "bin/.wh.gone", .text = ""}, {.name = "dir", .type = '5'},
		{.name = "dir/.wh..wh..opq", .text = ""},
		{.name = "dir/high", .text = "x", .mode = 04755},
		{.name = "dir/high-link", .type = '1', .link = "dir/high", .mode = 04755},
		{.name = "srv/settings.ini", .text = text});
	layer_make(&layers[0], rf_buf_str(&low), NULL);
	layer_make(&layers[1], rf_buf_str(&high), "gzip");
}

static void an_image_of_the_store_says_what_its_archive_says(void)
{
	const struct scan_opts opts = {.db = NULL};
	struct test_layer layers[2] = {{.media_type = NULL}};
	struct member_sink sink = {.dir = test_path("layout")};
	AUTO_SCAN_REPORT *archive = NULL, *stored = NULL;
	AUTO_IMAGE_STORE *store = NULL;
	AUTO_IMAGE *image = NULL;

	make_layers(layers);
	layout_put(&sink, layers, 2, "shop/app:1");
	CHECKF(scan_target(sink.dir, &opts, &archive, &err) == RF_OK, "%s", err.msg);
	REQUIRE(archive != NULL);
	CHECK_STR(told(archive), want);
	REQUIRE(image_store_open(test_path("store"), &store, &err) == RF_OK);
	CHECKF(image_import(store, sink.dir, NULL, &image, &err) == RF_OK, "%s", err.msg);
	REQUIRE(image != NULL);
	CHECKF(scan_image(image, "shop/app:1", &opts, &stored, &err) == RF_OK, "%s", err.msg);
	REQUIRE(stored != NULL);
	CHECK_STR(told(stored), want);
	CHECK(rf_str_eq(stored->digest, archive->digest));
	CHECK_INT(stored->layer_count, 2);
	CHECK(rf_str_eq(stored->layers[1].diff_id, archive->layers[1].diff_id));
	CHECK(rf_str_is(stored->config.user, "web"));
	for (size_t i = 0; i < RF_ARRAY_LEN(layers); i++)
		rf_buf_done(&layers[i].blob);
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
	RUN(an_image_of_the_store_says_what_its_archive_says);
	test_root_close();
	return TAP_END();
}
