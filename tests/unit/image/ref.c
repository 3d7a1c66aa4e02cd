/* Names of images and digests. */
#include "tests/lib/tap.h"

#include "image/digest.h"
#include "image/ref.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void names_normalise_as_docker_has_it(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"shop/app:1.0", "docker.io/shop/app:1.0"},
		{"docker.io/nginx", "docker.io/library/nginx:latest"},
		{"index.docker.io/shop/app", "docker.io/shop/app:latest"},
		{"localhost/app", "localhost/app:latest"},
		{"localhost:5000/a/b:v1", "localhost:5000/a/b:v1"},
		{"registry.example.com/team/app", "registry.example.com/team/app:latest"},
		{"10.0.0.1:5000/app", "10.0.0.1:5000/app:latest"},
		{"[::1]:5000/app", "[::1]:5000/app:latest"},
		{"app@sha256:" HEX, "docker.io/library/app@sha256:" HEX},
		{"quay.io/a/b:1@sha256:" HEX, "quay.io/a/b:1@sha256:" HEX},
		{"a__b/c-d.e---f", "docker.io/a__b/c-d.e---f:latest"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		char out[IMAGE_REF_SIZE] = "", again[IMAGE_REF_SIZE] = "";

		CHECKF(image_ref_normalise(rf_str_of(rows[i].text), out, NULL) == RF_OK, "%s",
			rows[i].text);
		CHECK_STR(out, rows[i].want);
		CHECK_INT(image_ref_normalise(rf_str_of(out), again, NULL), RF_OK);
		CHECK_STR(again, out);
	}
}

static void what_is_no_name_is_refused(void)
{
	static const char *const rows[] = {"", ":", "@", "/", "Nginx", "a//b", "a/", "/a",
		"a:", "a:-x", "a:b:c", "a@sha256:123", ("a@md5:" HEX), "a b", "a/../b", "_a", "a_",
		"a___b", "a..b", "-host.x/a", "a:t/b", "\xc3\xa4"};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		char out[IMAGE_REF_SIZE];

		CHECKF(image_ref_normalise(rf_str_of(rows[i]), out, NULL) == RF_EINPUT, "\"%s\"",
			rows[i]);
	}
}

static void a_name_that_is_too_long_is_refused(void)
{
	char text[1024], out[IMAGE_REF_SIZE];

	memset(text, 'a', sizeof(text));
	CHECK_INT(image_ref_normalise((struct rf_str){text, 300}, out, NULL), RF_EINPUT);
	CHECK_INT(image_ref_normalise((struct rf_str){text, 200}, out, NULL), RF_OK);
	CHECK_INT(image_ref_normalise((struct rf_str){text, 237}, out, NULL), RF_OK);
	CHECK_INT(image_ref_normalise(rf_str_of(out), out, NULL), RF_OK);
	CHECK_INT(image_ref_normalise((struct rf_str){text, 238}, out, NULL), RF_EINPUT);
	text[1] = ':';
	CHECK_INT(image_ref_normalise((struct rf_str){text, 200}, out, NULL), RF_EINPUT);
}

static void paths_are_told_from_names(void)
{
	CHECK(image_ref_is_path(RF_STR("/a")));
	CHECK(image_ref_is_path(RF_STR("./a")));
	CHECK(image_ref_is_path(RF_STR("../a")));
	CHECK(!image_ref_is_path(RF_STR("a/b")));
	CHECK(!image_ref_is_path(RF_STR(".a")));
}

static void digests_read_and_write(void)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest digest, empty;

	REQUIRE(image_digest_parse(RF_STR("sha256:" HEX), &digest));
	CHECK_STR(image_digest_text(&digest, text), "sha256:" HEX);
	CHECK_STR(image_digest_file(&digest, text), "sha256-" HEX);
	CHECK_INT(image_digest_of(RF_STR(""), &empty), RF_OK);
	CHECK(image_digest_eq(&digest, &empty));
	CHECK(!image_digest_parse(RF_STR(HEX), &digest));
	CHECK(!image_digest_parse(RF_STR("sha256:E" HEX), &digest));
	CHECK(!image_digest_parse(RF_STR("sha512:" HEX), &digest));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(names_normalise_as_docker_has_it);
	RUN(what_is_no_name_is_refused);
	RUN(a_name_that_is_too_long_is_refused);
	RUN(paths_are_told_from_names);
	RUN(digests_read_and_write);
	return TAP_END();
}
