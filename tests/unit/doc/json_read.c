/* Reading JSON: RFC 8259 strictly, with positions and words for what is wrong. */
#include "tests/unit/doc/doc_test.h"

#define JSON(input, text, said) CHECK_LOAD(doc_read_json, input, text, said)

static void values_of_every_type_are_read(void)
{
	JSON("{\"a\": [1, -2, 1.5, true, false, null, \"x\"], \"b\": {}, \"c\": []}",
		"{a:[1 -2 f1.5 true false null 'x'] b:{} c:[]}", "");
	JSON(" 7 ", "7", "");
	JSON("\"y\"", "'y'", "");
}

static void integers_that_do_not_fit_are_numbers_with_their_text(void)
{
	JSON("[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e3, 1.0, -0, 1E+2]",
		"[9223372036854775807 -9223372036854775808 f9223372036854775808 f1e3 f1.0 0 f1E+2]",
		"");
}

static void several_values_are_several_documents(void)
{
	JSON("{\"a\":1}\n{\"a\":2}\n[3] 4", "{a:1} ; {a:2} ; [3] ; 4", "");
	JSON("", "", "");
	JSON(" \r\n\t", "", "");
	JSON("\xef\xbb\xbf[1]", "[1]", "");
}

static void escapes_are_decoded(void)
{
	JSON("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
		"'\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'", "");
	JSON("{\"\\u0061\": 1}", "{a:1}", "");
}

static void wrong_escapes_are_refused(void)
{
	JSON("[\"\\x41\"]", "",
		"1:4 expected one of \" \\ / b f n r t u after a backslash in a string, found 'x'");
	JSON("[\"\\u00g0\"]", "", "1:3 expected four hexadecimal digits after \\u");
	JSON("[\"\\u00\"]", "", "1:3 expected four hexadecimal digits after \\u");
	JSON("[\"\\u0000\"]", "", "1:3 a string must not hold a NUL character");
	JSON("[\"\\ud800\"]", "",
		"1:3 \\ud800 is half of a surrogate pair: the other half is missing");
	JSON("[\"\\udc00\\ud800\"]", "",
		"1:3 \\udc00 is half of a surrogate pair: the other half is missing");
	JSON("[\"\\ud800\\u0041\"]", "",
		"1:3 \\ud800 is half of a surrogate pair: the other half is missing");
}

static void strings_end_on_their_line_and_hold_no_control_characters(void)
{
	JSON("\"abc", "",
		"1:5 expected '\"' at the end of a string, found the end of the text (3 bytes on)");
	JSON("\"abc\\", "",
		"1:6 expected '\"' at the end of a string, found the end of the text (4 bytes on)");
	JSON("\"a\nb\"", "",
		"1:3 expected '\"' before the end of the line (or \\n for a new line)");
	JSON("\"a\tb\"", "", "1:3 control character in a string: write \\u0009");
	JSON("\"a\0b\"", "", "1:3 control character in a string: write \\u0000");
}

static void bytes_that_are_not_utf8_are_refused(void)
{
	JSON("\"\xc3\xa9\xff\"", "", "1:3 byte 0xff is not UTF-8");
	JSON("\"\xed\xa0\x80\"", "", "1:2 byte 0xed is not UTF-8");
	JSON("\"\xf5\x80\x80\x80\"", "", "1:2 byte 0xf5 is not UTF-8");
	JSON("\"\xe2\x82\"", "", "1:2 byte 0xe2 is not UTF-8");
	JSON("\xff", "", "1:1 expected a value, found byte 0xff");
}

static void errors_say_what_was_expected_and_found(void)
{
	JSON("{\"a\" 1}", "", "1:6 expected ':' after a key, found '1'");
	JSON("{\"a\": 1 x}", "", "1:9 expected ',' or '}' after a member, found 'x'");
	JSON("{\"a\": 1", "", "1:8 expected ',' or '}' after a member, found the end of the text");
	JSON("{\"a\": 1,}", "", "1:9 expected a key in double quotes, found '}'");
	JSON("{a: 1}", "", "1:2 expected a key in double quotes, or '}', found 'a'");
	JSON("[1 2]", "", "1:4 expected ',' or ']' after an item, found '2'");
	JSON("[1,]", "", "1:4 expected a value, found ']'");
	JSON("[,]", "", "1:2 expected a value, found ','");
	JSON("[", "", "1:2 expected a value, found the end of the text");
	JSON("[True]", "", "1:2 expected a value, found True: strings are in double quotes");
	JSON("['a']", "", "1:2 expected a value, found '''");
	JSON("[// no\n1]", "", "1:2 expected a value, found '/'");
}

static void numbers_are_written_as_the_rfc_has_them(void)
{
	JSON("[01]", "", "1:2 a number must not begin with 0: write it without, or quote it");
	JSON("[-]", "", "1:3 expected a digit after '-', found ']'");
	JSON("[1.]", "", "1:4 expected a digit after '.', found ']'");
	JSON("[1e+]", "", "1:5 expected a digit in the exponent, found ']'");
	JSON("[.5]", "", "1:2 expected a value, found '.'");
	JSON("[+5]", "", "1:2 expected a value, found '+'");
	JSON("[0x10]", "", "1:3 expected ',' or ']' after an item, found 'x'");
	JSON("[NaN]", "", "1:2 expected a value, found NaN: strings are in double quotes");
}

static void duplicate_keys_are_refused_with_both_positions(void)
{
	JSON("{\"a\": 1,\n \"\\u0061\": 2}", "",
		"2:2 duplicate key \"a\": it is already at line 1, column 2");
}

static void columns_count_characters(void)
{
	AUTO_LOAD load;

	load_with(&load, doc_read_json,
		RF_STR("{\"\xc3\xa9\xe2\x82\xac\":\n  \"\xc3\xa9\", \"b\": 1}"));
	REQUIRE(load.root);
	CHECK_INT(load.root->first->key_col, 2);
	CHECK_INT(load.root->first->line, 2);
	CHECK_INT(load.root->first->col, 3);
	CHECK_INT(load.root->first->next->key_col, 8);
	CHECK_INT(load.root->first->next->col, 13);
}

static void nesting_is_bounded(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD deep, fits;

	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		rf_buf_add_char(&text, '[');
	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		rf_buf_add_char(&text, ']');
	load_with(&fits, doc_read_json, rf_buf_str(&text));
	CHECK_INT(fits.count, 1);
	rf_buf_clear(&text);
	for (int i = 0; i < 1000000; i++)
		rf_buf_add_char(&text, '[');
	load_with(&deep, doc_read_json, rf_buf_str(&text));
	CHECK_STR(rf_buf_cstr(&deep.said), "1:65 nested more than 64 levels deep");
}

static void reading_goes_on_at_the_next_line_with_a_bracket(void)
{
	JSON("{\"a\": tru}\n{\"b\": 1}\n{\"c\"\n  : oops,\n  \"d\": 1\n}\n{\"e\": 1}\n",
		"{b:1} ; {e:1}",
		"1:7 expected a value, found tru: strings are in double quotes\n"
		"4:5 expected a value, found oops: strings are in double quotes");
}

static void strings_and_documents_are_bounded(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD long_string, documents;

	rf_buf_add_c(&text, "[\"");
	for (size_t i = 0; i <= DOC_MAX_SCALAR; i++)
		rf_buf_add_char(&text, 'x');
	rf_buf_add_c(&text, "\"]");
	load_with(&long_string, doc_read_json, rf_buf_str(&text));
	CHECK_STR(rf_buf_cstr(&long_string.said), "1:2 a string of more than 8388608 bytes");
	rf_buf_clear(&text);
	for (int i = 0; i <= DOC_MAX_DOCUMENTS; i++)
		rf_buf_add_c(&text, "1 ");
	load_with(&documents, doc_read_json, rf_buf_str(&text));
	CHECK_INT(documents.count, DOC_MAX_DOCUMENTS);
	CHECK_STR(rf_buf_cstr(&documents.said), "1:400001 more than 200000 documents");
}

/* One value by doc_parse_json: its text, or what was said. */
static void check_parse(const char *input, int want_rc, const char *want)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_BUF got = {.data = NULL};
	const struct doc_node *root = NULL;

	CHECK_INT(doc_parse_json(rf_str_of(input), "batch", 12, arena, &diags, &root), want_rc);
	if (root)
		show_node(&got, root);
	rf_vec_each (d, &diags.list)
		rf_buf_addf(&got, "%s:%u:%u %s", d->pos.file, d->pos.line, d->pos.col, d->msg);
	CHECK_STR(rf_buf_cstr(&got), want);
}

static void one_value_is_parsed_with_the_line_of_its_file(void)
{
	check_parse(" {\"a\": 1}\n", RF_OK, "{a:1}");
	check_parse("{\"a\" 1}", RF_EINPUT, "batch:12:6 expected ':' after a key, found '1'");
	check_parse("[1,\n x]", RF_EINPUT,
		"batch:13:2 expected a value, found x: strings are in double quotes");
}

static void what_follows_the_one_value_is_refused(void)
{
	check_parse("{} {}", RF_EINPUT,
		"batch:12:4 expected the end of the text after the value, found '{'");
	check_parse("1]", RF_EINPUT,
		"batch:12:2 expected the end of the text after the value, found ']'");
	check_parse("", RF_EINPUT, "batch:12:1 expected a value, found the end of the text");
	check_parse("{\"a\":1,\"a\":1}", RF_EINPUT,
		"batch:12:8 duplicate key \"a\": it is already at line 12, column 2");
}

static void running_out_of_memory_is_said(void)
{
	static const char text[] = "{\"a\": [1, 2.5, \"x\\ny\", \"z\"], \"b\": {\"c\": true}}";

	for (size_t max = 1; max < 600; max += 13) {
		AUTO_ARENA *arena = rf_arena_new(max);
		AUTO_DIAGS diags = {.error_count = 0};
		const struct doc_node *root = NULL;

		CHECK_INT(doc_parse_json(RF_STR(text), "f", 1, arena, &diags, &root), RF_EINTERNAL);
		CHECK(root == NULL);
	}
}

static int refusing_sink(void *ctx, const struct doc_node *root)
{
	(void)root;
	++*(int *)ctx;
	return -42;
}

static void the_sink_can_stop_the_reading(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_DIAGS diags = {.error_count = 0};
	int calls = 0;

	CHECK_INT(doc_read_json(RF_STR("1 2 ]"), "f", arena, &diags, refusing_sink, &calls), -42);
	CHECK_INT(calls, 1);
	CHECK_INT(diags.error_count, 0);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(values_of_every_type_are_read);
	RUN(integers_that_do_not_fit_are_numbers_with_their_text);
	RUN(several_values_are_several_documents);
	RUN(escapes_are_decoded);
	RUN(wrong_escapes_are_refused);
	RUN(strings_end_on_their_line_and_hold_no_control_characters);
	RUN(bytes_that_are_not_utf8_are_refused);
	RUN(errors_say_what_was_expected_and_found);
	RUN(numbers_are_written_as_the_rfc_has_them);
	RUN(duplicate_keys_are_refused_with_both_positions);
	RUN(columns_count_characters);
	RUN(nesting_is_bounded);
	RUN(reading_goes_on_at_the_next_line_with_a_bracket);
	RUN(strings_and_documents_are_bounded);
	RUN(one_value_is_parsed_with_the_line_of_its_file);
	RUN(what_follows_the_one_value_is_refused);
	RUN(running_out_of_memory_is_said);
	RUN(the_sink_can_stop_the_reading);
	return TAP_END();
}
