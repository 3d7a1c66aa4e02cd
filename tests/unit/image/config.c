/* Image configs: read, refused, written back. */
#include "tests/lib/tap.h"

#include "base/buf.h"
#include "image/config.h"

#define HEX    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]}"

static struct rf_arena *arena;
static struct rf_err err;

static int parse(const char *json, struct image_config *config)
{
	rf_arena_free(arena);
	arena = rf_arena_new(0);
	return image_config_parse(rf_str_of(json), arena, config, &err);
}

static const char full[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2024-01-02T03:04:05Z\","
	"\"history\":[{\"x\":1}],\"config\":{\"User\":\"1000:50\",\"WorkingDir\":\"srv\","
	"\"StopSignal\":\"SIGINT\",\"Env\":[\"A=1\",\"B=x=y\"],\"Entrypoint\":[\"/e\",\"\"],"
	"\"Cmd\":[\"c\"],\"Volumes\":{\"/v\":{},\"/a\":{}},\"ExposedPorts\":{\"80/tcp\":{}},"
	"\"Labels\":{\"z\":\"1\",\"a\":\"\\\"q\\\"\"}}," ROOTFS "}";

static void every_field_is_read(void)
{
	struct image_config config;

	REQUIRE(parse(full, &config) == RF_OK);
	CHECK(rf_str_is(config.architecture, "amd64"));
	CHECK(rf_str_is(config.os, "linux"));
	CHECK(rf_str_is(config.user, "1000:50"));
	CHECK(rf_str_is(config.working_dir, "/srv"));
	CHECK(rf_str_is(config.stop_signal, "SIGINT"));
	REQUIRE(config.env.count == 2 && config.entrypoint.count == 2 && config.cmd.count == 1);
	CHECK(rf_str_is(config.env.items[1], "B=x=y"));
	CHECK(rf_str_is(config.entrypoint.items[1], ""));
	REQUIRE(config.volumes.count == 2 && config.labels.count == 2);
	CHECK(rf_str_is(config.volumes.items[0], "/a"));
	CHECK(rf_str_is(config.labels.items[0].key, "a"));
	CHECK(rf_str_is(config.labels.items[0].value, "\"q\""));
	CHECK_INT(config.diff_id_count, 1);
}

static void what_is_written_reads_back_the_same(void)
{
	struct image_config config;
	AUTO_BUF first = {.len = 0};
	AUTO_BUF second = {.len = 0};

	REQUIRE(parse(full, &config) == RF_OK);
	image_config_write(&config, &first);
	REQUIRE(parse(rf_buf_cstr(&first), &config) == RF_OK);
	image_config_write(&config, &second);
	CHECK_STR(rf_buf_cstr(&second), rf_buf_cstr(&first));
}

static void null_and_absent_fields_are_empty(void)
{
	struct image_config config;

	REQUIRE(parse("{\"config\":{\"Env\":null,\"User\":null,\"Volumes\":null}," ROOTFS "}",
			&config) == RF_OK);
	CHECK_INT(config.env.count, 0);
	CHECK(rf_str_is(config.user, ""));
	REQUIRE(parse("{" ROOTFS "}", &config) == RF_OK);
	CHECK_INT(config.cmd.count, 0);
}

static void a_wrong_type_is_refused_by_the_name_of_the_field(void)
{
	static const struct {
		const char *json, *field;
	} rows[] = {
		{"{\"config\":{\"User\":1}," ROOTFS "}", "User"},
		{"{\"config\":{\"Env\":\"A=1\"}," ROOTFS "}", "Env"},
		{"{\"config\":{\"Env\":[1]}," ROOTFS "}", "Env"},
		{"{\"config\":{\"Env\":[\"A\"]}," ROOTFS "}", "Env"},
		{"{\"config\":{\"Env\":[\"=A\"]}," ROOTFS "}", "Env"},
		{"{\"config\":{\"Cmd\":[\"a\\u0000b\"]}," ROOTFS "}", "NUL"},
		{"{\"config\":{\"Labels\":{\"a\":1}}," ROOTFS "}", "Labels"},
		{"{\"config\":{\"Volumes\":[\"/v\"]}," ROOTFS "}", "Volumes"},
		{"{\"config\":[]," ROOTFS "}", "config"},
		{"{}", "rootfs.diff_ids"},
		{"{\"rootfs\":{\"diff_ids\":[\"x\"]}}", "rootfs.diff_ids"},
		{"{\"rootfs\":{\"diff_ids\":[7]}}", "rootfs.diff_ids"},
		{"[]", "object"},
		{"{\"os\":\"linux\",\"os\":\"linux\"," ROOTFS "}", "os"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct image_config config;

		CHECKF(parse(rows[i].json, &config) == RF_EINPUT, "%s", rows[i].json);
		CHECKF(strstr(err.msg, rows[i].field) != NULL, "\"%s\" does not name %s", err.msg,
			rows[i].field);
	}
}

static void more_layers_than_the_limit_are_refused(void)
{
	AUTO_BUF json = {.len = 0};
	struct image_config config;

	rf_buf_add_c(&json, "{\"rootfs\":{\"diff_ids\":[");
	for (int i = 0; i <= IMAGE_MAX_LAYERS; i++)
		rf_buf_addf(&json, "%s\"sha256:" HEX "\"", i ? "," : "");
	rf_buf_add_c(&json, "]}}");
	CHECK_INT(parse(rf_buf_cstr(&json), &config), RF_ELIMIT);
}

static void volumes_are_absolute_sorted_and_each_once(void)
{
	struct image_config config;

	REQUIRE(parse("{\"config\":{\"Volumes\":{\"/v\":{},\"a\":{},\"/a\":{}}}," ROOTFS "}",
			&config) == RF_OK);
	REQUIRE(config.volumes.count == 2);
	CHECK(rf_str_is(config.volumes.items[0], "/a"));
	CHECK(rf_str_is(config.volumes.items[1], "/v"));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_field_is_read);
	RUN(what_is_written_reads_back_the_same);
	RUN(null_and_absent_fields_are_empty);
	RUN(a_wrong_type_is_refused_by_the_name_of_the_field);
	RUN(volumes_are_absolute_sorted_and_each_once);
	RUN(more_layers_than_the_limit_are_refused);
	rf_arena_free(arena);
	return TAP_END();
}
