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

/* As if there were no such image, the registry of its name would be asked. */
static void a_damaged_image_of_the_store_is_said_to_be_damaged(void)
{
	struct test_layer layers[2] = {{.media_type = NULL}};
	struct member_sink sink = {.dir = test_path("layout")};
	struct scan_opts opts = {.db = NULL};
	AUTO_SCAN_REPORT *report = NULL;
	AUTO_IMAGE_STORE *store = NULL;
	AUTO_IMAGE *image = NULL;

	make_layers(layers);
	layout_put(&sink, layers, 2, "shop/app:1");
	REQUIRE(image_store_open(test_path("store"), &store, &err) == RF_OK);
	REQUIRE(image_import(store, sink.dir, NULL, &image, &err) == RF_OK);
	opts.store = store;
	CHECK(image_is_known(store, "shop/app:1") && !image_is_known(store, "shop/other:1"));
	CHECK(rename(image->layer_dirs[1].ptr, test_path("moved")) == 0);
	CHECK_INT(scan_target("shop/app:1", &opts, &report, &err), RF_EINPUT);
	CHECKF(strstr(err.msg, "shop/app:1: the image in the store is damaged") &&
			strstr(err.msg, " is gone"),
		"%s", err.msg);
	CHECK_INT(scan_target(image->digest.ptr, &opts, &report, &err), RF_EINPUT);
	for (size_t i = 0; i < RF_ARRAY_LEN(layers); i++)
		rf_buf_done(&layers[i].blob);
}

#define STATUS(name) "Package: " name "\nStatus: install ok installed\nVersion: 1\n"

/* "name@location ..." of packages, then notes, of an image of one layer. */
static const char *packages_of(const struct rf_buf *tar, const char *filter)
{
	static struct rf_buf out;
	struct test_layer layer = {.media_type = NULL};
	struct member_sink sink = {.dir = test_path("links")};
	const struct scan_opts opts = {.db = NULL};
	AUTO_SCAN_REPORT *report = NULL;

	layer_make(&layer, rf_buf_str(tar), filter);
	layout_put(&sink, &layer, 1, "shop/app:1");
	rf_buf_done(&layer.blob);
	rf_buf_clear(&out);
	if (scan_target(sink.dir, &opts, &report, &err) < 0)
		return err.msg;
	for (size_t i = 0; i < report->package_count; i++)
		rf_buf_addf(&out, RF_STR_FMT "@" RF_STR_FMT " ",
			RF_STR_ARG(report->packages[i].name),
			RF_STR_ARG(report->packages[i].location));
	for (size_t i = 0; i < report->notes.count; i++)
		rf_buf_addf(&out, RF_STR_FMT ";", RF_STR_ARG(report->notes.items[i]));
	return rf_buf_cstr(&out);
}

#define UNKNOWN "1 packages of a distribution that is not known (no os-release) are not judged;"
#define DPKG	"var/lib/dpkg/status"

static void a_hard_link_is_read_by_its_own_name(void)
{
	AUTO_BUF tar = {.len = 0}, again = {.len = 0}, chain = {.len = 0};

	TAR_OF(&tar, {.name = "x/data", .text = STATUS("bad")},
		{.name = DPKG, .type = '1', .link = "x/data"}, {.name = "end", .type = '5'});
	CHECK_STR(packages_of(&tar, NULL), "bad@/" DPKG " " UNKNOWN);
	CHECK_STR(packages_of(&tar, "gzip"), "bad@/" DPKG " " UNKNOWN);
	/* The link leads to what was there before it. */
	TAR_OF(&again, {.name = "x", .text = STATUS("first")}, {.name = "x", .text = STATUS("bad")},
		{.name = DPKG, .type = '1', .link = "x"}, {.name = "x", .text = STATUS("late")});
	CHECK_STR(packages_of(&again, NULL), "bad@/" DPKG " " UNKNOWN);
	TAR_OF(&chain, {.name = "a", .text = STATUS("bad")},
		{.name = "b", .type = '1', .link = "a"}, {.name = "c", .type = '1', .link = "b"},
		{.name = DPKG, .type = '1', .link = "c"},
		{.name = "lib/apk/db/installed", .type = '1', .link = "c"},
		{.name = "a", .text = STATUS("late")});
	CHECK_STR(packages_of(&chain, NULL), "bad@/" DPKG " " UNKNOWN);
}

static void a_hard_link_that_is_replaced_or_leads_out_of_its_layer_is_not_read(void)
{
	AUTO_BUF replaced = {.len = 0}, out = {.len = 0}, many = {.len = 0}, ring = {.len = 0};

	TAR_OF(&replaced, {.name = "x", .text = STATUS("bad")},
		{.name = DPKG, .type = '1', .link = "x"}, {.name = DPKG, .text = STATUS("good")});
	CHECK_STR(packages_of(&replaced, NULL), "good@/" DPKG " " UNKNOWN);
	TAR_OF(&out, {.name = DPKG, .type = '1', .link = "x"});
	CHECK_STR(packages_of(&out, NULL),
		"/" DPKG ": a hard link to /x, which is not in its layer: it was not read;");
	TAR_OF(&many, {.name = "0", .text = STATUS("bad")}, {.name = "1", .type = '1', .link = "0"},
		{.name = "2", .type = '1', .link = "1"}, {.name = "3", .type = '1', .link = "2"},
		{.name = "4", .type = '1', .link = "3"}, {.name = "5", .type = '1', .link = "4"},
		{.name = "6", .type = '1', .link = "5"}, {.name = "7", .type = '1', .link = "6"},
		{.name = "8", .type = '1', .link = "7"}, {.name = DPKG, .type = '1', .link = "8"});
	CHECK_STR(packages_of(&many, NULL), "/" DPKG ": a hard link by way of too many, not read;");
	TAR_OF(&ring, {.name = DPKG, .type = '1', .link = DPKG});
	CHECK_STR(packages_of(&ring, NULL), "");
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
	RUN(a_hard_link_is_read_by_its_own_name);
	RUN(a_hard_link_that_is_replaced_or_leads_out_of_its_layer_is_not_read);
	RUN(a_damaged_image_of_the_store_is_said_to_be_damaged);
	test_root_close();
	return TAP_END();
}
