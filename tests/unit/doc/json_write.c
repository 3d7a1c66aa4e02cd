/* Writing JSON. */
#include "doc/json.h"
#include "tests/lib/tap.h"

static void write_sample(struct json_writer *w)
{
	json_object_begin(w);
	json_field_c(w, "s", "x");
	json_field_int(w, "i", -5);
	json_field_bool(w, "b", true);
	json_field_str(w, "v", RF_STR("view"));
	json_key(w, "list");
	json_array_begin(w);
	json_int(w, INT64_MIN);
	json_null(w);
	json_strf(w, "%d-%s", 7, "\"");
	json_object_begin(w);
	json_object_end(w);
	json_array_begin(w);
	json_array_end(w);
	json_array_end(w);
	json_object_end(w);
}

static void commas_and_nesting_are_kept_by_the_writer(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};

	write_sample(&w);
	CHECK_STR(rf_buf_cstr(&out), "{\"s\":\"x\",\"i\":-5,\"b\":true,\"v\":\"view\",\"list\":"
				     "[-9223372036854775808,null,\"7-\\\"\",{},[]]}");
}

static void tenths_are_exact_numbers(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};

	json_array_begin(&w);
	json_tenths(&w, 98);
	json_tenths(&w, 0);
	json_tenths(&w, 100);
	json_array_end(&w);
	CHECK_STR(rf_buf_cstr(&out), "[9.8,0.0,10.0]");
}

static void pretty_output_is_indented_by_two(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out, .pretty = true};

	write_sample(&w);
	CHECK_STR(rf_buf_cstr(&out), "{\n  \"s\": \"x\",\n  \"i\": -5,\n  \"b\": true,\n"
				     "  \"v\": \"view\",\n  \"list\": [\n"
				     "    -9223372036854775808,\n    null,\n    \"7-\\\"\",\n"
				     "    {},\n    []\n  ]\n}");
}

static void strings_are_escaped(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};

	json_str(&w, RF_STR("\"\\\b\f\n\r\t\x01\x1f\x7f\0/\xc3\xa9"));
	CHECK_STR(rf_buf_cstr(&out),
		"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0000/\xc3\xa9\"");
}

static void bytes_that_are_not_utf8_become_the_replacement_character(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};

	json_str(&w, RF_STR("a\xff"
			    "b\xe2\x82"));
	CHECK_STR(rf_buf_cstr(&out), "\"a\xef\xbf\xbd"
				     "b\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void an_absent_string_is_an_empty_one(void)
{
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};

	json_array_begin(&w);
	json_str(&w, RF_STR_NONE);
	json_c(&w, NULL);
	json_bool(&w, false);
	json_array_end(&w);
	CHECK_STR(rf_buf_cstr(&out), "[\"\",\"\",false]");
}

static void a_writer_may_write_line_after_line(void)
{
	AUTO_BUF out = {.data = NULL};

	for (int i = 0; i < 2; i++) {
		struct json_writer w = {.out = &out};

		json_object_begin(&w);
		json_field_int(&w, "n", i);
		json_object_end(&w);
		rf_buf_add_char(&out, '\n');
	}
	CHECK_STR(rf_buf_cstr(&out), "{\"n\":0}\n{\"n\":1}\n");
}

static void a_full_buffer_is_a_sticky_failure(void)
{
	struct rf_buf out = {.max = 10};
	struct json_writer w = {.out = &out};

	write_sample(&w);
	CHECK(out.failed);
	CHECK(out.len <= 10);
	rf_buf_done(&out);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(commas_and_nesting_are_kept_by_the_writer);
	RUN(tenths_are_exact_numbers);
	RUN(pretty_output_is_indented_by_two);
	RUN(strings_are_escaped);
	RUN(bytes_that_are_not_utf8_become_the_replacement_character);
	RUN(an_absent_string_is_an_empty_one);
	RUN(a_writer_may_write_line_after_line);
	RUN(a_full_buffer_is_a_sticky_failure);
	return TAP_END();
}
