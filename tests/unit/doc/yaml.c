/* Reading YAML: structure, positions, bounds, and going on after errors. */
#include <time.h>

#include "tests/unit/doc/doc_test.h"

#define YAML(input, text, said) CHECK_LOAD(doc_read_yaml, input, text, said)

static void a_mapping_keeps_the_order_of_the_file(void)
{
	YAML("b: 1\na: [x, {c: d}]\n", "{b:1 a:['x' {c:'d'}]}", "");
}

static void documents_are_handed_out_one_by_one_and_empty_ones_left_out(void)
{
	YAML("---\n# nothing\n---\na: 1\n---\n---\nnull\n...\n---\n- b\n", "{a:1} ; ['b']", "");
	YAML("", "", "");
	YAML("# only a comment\n", "", "");
	YAML("%YAML 1.1\n---\na: 1\n", "{a:1}", "");
	YAML("\xef\xbb\xbf"
	     "a: 1\n",
		"{a:1}", "");
	YAML("a: 1\r\nb: 2\r\n", "{a:1 b:2}", "");
}

static void positions_count_lines_and_characters_from_one(void)
{
	AUTO_LOAD load;
	const struct doc_node *node;

	load_with(&load, doc_read_yaml, RF_STR("---\na: 1\n---\n# x\n\xc3\xa9: {\xc3\xbc: ok}\n"));
	REQUIRE(load.count == 2);
	node = load.root->first;
	CHECK_INT(node->key_line, 5);
	CHECK_INT(node->key_col, 1);
	CHECK_INT(node->line, 5);
	CHECK_INT(node->col, 4);
	CHECK_INT(node->first->key_col, 5);
	CHECK_INT(node->first->col, 8);
	CHECK_STR(node->file, "test");
	CHECK_INT(doc_key_pos(node).line, 5);
	CHECK_INT(doc_pos(node).col, 4);
}

static void a_byte_order_mark_does_not_shift_columns(void)
{
	YAML("\xef\xbb\xbf"
	     "a: 1\na: 2\n",
		"", "2:1 duplicate key \"a\": it is already at line 1, column 1");
}

static void fields_are_found_and_pointed_at(void)
{
	AUTO_LOAD load;

	load_with(&load, doc_read_yaml, RF_STR("a: 1\nb:\n  c: 2\n"));
	REQUIRE(load.root);
	CHECK_INT(doc_get(doc_get(load.root, "b"), "c")->number, 2);
	CHECK(doc_get(load.root, "zz") == NULL);
	CHECK(doc_get(NULL, "a") == NULL);
	CHECK(doc_get(doc_get(load.root, "a"), "a") == NULL);
	CHECK_INT(doc_field_pos(load.root, "b").line, 2);
	CHECK_INT(doc_field_pos(load.root, "zz").line, 1);
	CHECK_STR(doc_type_name(DOC_NULL), "null");
	CHECK_STR(doc_type_name(DOC_INT), "an integer");
	CHECK_STR(doc_type_name(DOC_SEQ), "a list");
	CHECK_STR(doc_type_name(DOC_MAP), "a map");
}

static void duplicate_keys_are_refused_with_both_positions(void)
{
	YAML("a: 1\nb: 2\na: 3\n", "",
		"3:1 duplicate key \"a\": it is already at line 1, column 1");
	YAML("{\"1\": x, 1: y}", "", "1:10 duplicate key \"1\": it is already at line 1, column 2");
}

static void duplicate_keys_are_found_in_large_mappings_too(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD load;

	for (int i = 0; i < 1000; i++)
		rf_buf_addf(&text, "k%d: %d\n", i, i);
	rf_buf_add_c(&text, "k16: x\nk999: x\nk0: x\nnew: x\n");
	load_with(&load, doc_read_yaml, rf_buf_str(&text));
	CHECK_INT(load.count, 0);
	CHECK_STR(rf_buf_cstr(&load.said),
		"1001:1 duplicate key \"k16\": it is already at line 17, column 1\n"
		"1002:1 duplicate key \"k999\": it is already at line 1000, column 1\n"
		"1003:1 duplicate key \"k0\": it is already at line 1, column 1");
}

static void every_error_of_every_document_is_reported(void)
{
	YAML("a: [1\n---\nok: 1\n---\nb: \"open\n---\nc: !foo 1\nd: *none\n---\nok: 2\n",
		"{ok:1} ; {ok:2}",
		"2:1 did not find expected ',' or ']', while parsing a flow sequence that begins "
		"at "
		"line 1\n"
		"6:1 found unexpected document indicator, while scanning a quoted scalar that "
		"begins "
		"at line 5\n"
		"7:4 tag !foo is not supported; only !!str, !!int, !!bool, !!float, !!null, !!map, "
		"!!seq and !!binary are\n"
		"8:4 alias *none: no anchor &none before it in this document");
}

static void an_error_on_the_line_of_the_marker_does_not_repeat(void)
{
	YAML("--- ]\n--- ]\n--- a\n", "'a'",
		"1:5 did not find expected node content, while parsing a block node\n"
		"2:5 did not find expected node content, while parsing a block node");
}

static void a_tab_for_indentation_is_explained(void)
{
	YAML("a:\n\tb: 1\n", "",
		"2:1 found character that cannot start any token: YAML is indented with spaces, "
		"found a tab");
}

static void bytes_that_are_not_utf8_are_refused_where_they_stand(void)
{
	YAML("a: 1\n---\nb: \xc3\xa9\xff\n---\nc: 1\n", "{a:1} ; {c:1}",
		"3:5 byte 0xff is not UTF-8");
	YAML("\xff\xfe"
	     "a\0",
		"", "1:1 byte 0xff is not UTF-8");
	YAML("a: \xed\xa0\x80\n", "", "1:4 byte 0xed is not UTF-8");
	YAML("a: \xc0\x80\n", "", "1:4 byte 0xc0 is not UTF-8");
}

static void nul_bytes_and_control_characters_are_refused(void)
{
	YAML("a: b\0c\n", "", "1:5 control character U+0000 is not allowed in YAML");
	YAML("a: \x1b[31m\n", "", "1:4 control character U+001B is not allowed in YAML");
	YAML("a: \"x\\0y\"\n", "", "1:4 a value must not hold a NUL character");
	YAML("\"x\\0\": 1\n---\nb: 1\n", "{b:1}", "1:1 a value must not hold a NUL character");
}

static void keys_must_be_scalars(void)
{
	YAML("? [a]\n: 1\n", "", "1:3 expected a string as key, found a list");
	YAML("? {a: b}\n: 1\n---\nb: 1", "{b:1}", "1:3 expected a string as key, found a map");
	YAML("~: 1\n", "", "1:1 expected a string as key, found null: quote it");
	YAML("1.5: 1\n", "", "1:1 expected a string as key, found a fraction: quote it");
}

static void keys_that_are_numbers_or_booleans_become_text(void)
{
	YAML("{1: a, 0x10: b, on: c, \"on\": d, !!str 0x10: e}",
		"{1:'a' 16:'b' true:'c' on:'d' 0x10:'e'}", "");
}

static void nesting_is_bounded(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD deep, fits;

	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		rf_buf_add_char(&text, '[');
	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		rf_buf_add_char(&text, ']');
	load_with(&fits, doc_read_yaml, rf_buf_str(&text));
	CHECK_INT(fits.count, 1);
	CHECK_INT(fits.diags.error_count, 0);
	rf_buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		rf_buf_add_char(&text, '[');
	load_with(&deep, doc_read_yaml, rf_buf_str(&text));
	CHECK_INT(deep.count, 0);
	CHECK_STR(rf_buf_cstr(&deep.said), "1:65 nested more than 64 levels deep");
}

static void aliases_stand_for_what_they_name(void)
{
	YAML("a: &x {b: [1]}\nc: *x\nd: [*x, &y z, *y]\n",
		"{a:{b:[1]} c:{b:[1]} d:[{b:[1]} 'z' 'z']}", "");
	YAML("&k key: v\nother: {*k : w}\n", "{key:'v' other:{key:'w'}}", "");
	YAML("a: &x 1\nb: &x 2\nc: *x\n", "{a:1 b:2 c:2}", "");
}

static void an_alias_keeps_its_own_key_and_place_in_the_list(void)
{
	AUTO_LOAD load;
	const struct doc_node *node;

	load_with(&load, doc_read_yaml, RF_STR("a: &x {k: 1}\nb: *x\nc: 3\n"));
	REQUIRE(load.root);
	node = doc_get(load.root, "b");
	CHECK_INT(node->key_line, 2);
	CHECK_INT(node->line, 1); /* where the value is written */
	CHECK_STR(node->next->key.ptr, "c");
}

static void aliases_end_with_their_document(void)
{
	YAML("a: &x 1\n---\nb: *x\n", "{a:1}",
		"3:4 alias *x: no anchor &x before it in this document");
}

static void an_alias_inside_of_its_anchor_is_refused(void)
{
	YAML("a: &x [1, *x]\n", "", "1:11 alias *x stands inside of what it names");
	YAML("&x a: 1\nb: &y {c: {d: *y}}\n", "", "2:15 alias *y stands inside of what it names");
}

static void a_billion_laughs_are_refused_at_once(void)
{
	AUTO_BUF text = {.data = NULL};
	struct timespec start, stop;
	AUTO_LOAD load;
	double ms;

	rf_buf_add_c(&text, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 40; i++) {
		rf_buf_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			rf_buf_addf(&text, "%s*a%d", j ? ", " : "", i - 1);
		rf_buf_add_c(&text, "]\n");
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	load_with(&load, doc_read_yaml, rf_buf_str(&text));
	clock_gettime(CLOCK_MONOTONIC, &stop);
	ms = (double)(stop.tv_sec - start.tv_sec) * 1e3 +
	     (double)(stop.tv_nsec - start.tv_nsec) / 1e6;
	CHECK_INT(load.count, 0);
	CHECK_STR(rf_buf_cstr(&load.said),
		"4:45 aliases stand for more than 10000 values, or nest more than 64 levels deep");
	CHECKF(ms < 100, "took %.1f ms", ms);
	CHECK(rf_arena_used(load.arena) < 1 << 20);
}

static void aliases_cannot_nest_deeper_than_the_bound(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD load;

	rf_buf_add_c(&text, "- &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		rf_buf_addf(&text, "- &a%d [*a%d]\n", i, i - 1);
	load_with(&load, doc_read_yaml, rf_buf_str(&text));
	CHECK_INT(load.count, 0);
	CHECK_STR(rf_buf_cstr(&load.said),
		"64:9 aliases stand for more than 10000 values, or nest more than 64 levels deep");
}

static void merge_keys_bring_what_is_not_written(void)
{
	YAML("b: &b {x: 1, z: 2}\nc: {<<: *b, x: 3}\n", "{b:{x:1 z:2} c:{x:3 z:2}}", "");
	YAML("- &a {x: 1}\n- &b {x: 2, z: 2}\n- {<<: [*a, *b]}\n", "[{x:1} {x:2 z:2} {x:1 z:2}]",
		"");
	YAML("<<: {a: 1}\nb: 2\n", "{b:2 a:1}", "");
	YAML("\"<<\": 1\n", "{<<:1}", "");
}

static void merge_keys_that_would_mean_two_things_are_refused(void)
{
	YAML("a: 1\n<<: {a: 2}\n", "",
		"2:1 \"<<\" brings the key \"a\", which is already at line 1, column 1: put \"<<\" "
		"before the keys that override it");
	YAML("<<: 1\n", "", "1:1 \"<<\" takes a map or a list of maps, found an integer");
	YAML("<<: [{a: 1}, b]\n", "", "1:1 \"<<\" takes a map or a list of maps, found a string");
	YAML("<<: {a: 1}\n<<: {b: 1}\n", "",
		"2:1 duplicate key \"<<\": it is already at line 1, column 1; merge several maps "
		"with a list, <<: [*a, *b]");
}

static int stopping_sink(void *ctx, const struct doc_node *root)
{
	(void)root;
	return ++*(int *)ctx == 2 ? -42 : RF_OK;
}

static void the_sink_can_stop_the_reading(void)
{
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_DIAGS diags = {.error_count = 0};
	int calls = 0;

	CHECK_INT(doc_read_yaml(RF_STR("a\n---\nb\n---\nc\n---\n]"), "f", arena, &diags,
			  stopping_sink, &calls),
		-42);
	CHECK_INT(calls, 2);
	CHECK_INT(diags.error_count, 0);
}

static void running_out_of_memory_is_said(void)
{
	for (size_t max = 1; max < 4000; max += 97) {
		AUTO_ARENA *arena = rf_arena_new(max);
		AUTO_DIAGS diags = {.error_count = 0};
		int calls = 0;

		CHECK_INT(doc_read_yaml(RF_STR("a: &x {b: [1, 0x10, !!binary aGk=]}\n"
					       "c: {<<: *x, d: *x}\n&k e: f\nl: [1, 2, 3, 4, 5, 6, "
					       "7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]\n"
					       "m: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\n"),
				  "f", arena, &diags, stopping_sink, &calls),
			RF_EINTERNAL);
		CHECK_INT(calls, 0);
	}
}

static void sizes_and_counts_are_bounded(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD long_scalar, documents;

	rf_buf_add_c(&text, "a: ");
	for (size_t i = 0; i <= DOC_MAX_SCALAR; i++)
		rf_buf_add_char(&text, 'x');
	rf_buf_add_c(&text, "\n---\nb: 1\n");
	load_with(&long_scalar, doc_read_yaml, rf_buf_str(&text));
	CHECK_STR(rf_buf_cstr(&long_scalar.text), "{b:1}");
	CHECK_STR(rf_buf_cstr(&long_scalar.said), "1:4 a value of more than 8388608 bytes");
	rf_buf_clear(&text);
	for (int i = 0; i <= DOC_MAX_DOCUMENTS + 5; i++)
		rf_buf_add_c(&text, "--- ~\n");
	load_with(&documents, doc_read_yaml, rf_buf_str(&text));
	CHECK_STR(rf_buf_cstr(&documents.said), "200001:1 more than 200000 documents");
}

static void reading_stops_after_many_broken_documents(void)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_LOAD load;

	for (int i = 0; i < DOC_MAX_BROKEN + 50; i++)
		rf_buf_add_c(&text, i % 2 ? "--- ]\n" : "--- \xff\n");
	rf_buf_add_c(&text, "--- a\n");
	load_with(&load, doc_read_yaml, rf_buf_str(&text));
	CHECK_INT(load.rc, RF_OK);
	CHECK_INT(load.count, 0);
	CHECK_INT(load.diags.error_count, DOC_MAX_BROKEN + 1);
}

static void an_input_over_the_bound_is_refused_unread(void)
{
	struct rf_str huge = {.ptr = "", .len = DOC_MAX_INPUT + 1};
	AUTO_LOAD yaml, json;

	load_with(&yaml, doc_read_yaml, huge);
	CHECK_STR(rf_buf_cstr(&yaml.said), "0:0 larger than 1073741824 bytes");
	load_with(&json, doc_read_json, huge);
	CHECK_STR(rf_buf_cstr(&json.said), "0:0 larger than 1073741824 bytes");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_mapping_keeps_the_order_of_the_file);
	RUN(documents_are_handed_out_one_by_one_and_empty_ones_left_out);
	RUN(positions_count_lines_and_characters_from_one);
	RUN(a_byte_order_mark_does_not_shift_columns);
	RUN(fields_are_found_and_pointed_at);
	RUN(duplicate_keys_are_refused_with_both_positions);
	RUN(duplicate_keys_are_found_in_large_mappings_too);
	RUN(every_error_of_every_document_is_reported);
	RUN(an_error_on_the_line_of_the_marker_does_not_repeat);
	RUN(a_tab_for_indentation_is_explained);
	RUN(bytes_that_are_not_utf8_are_refused_where_they_stand);
	RUN(nul_bytes_and_control_characters_are_refused);
	RUN(keys_must_be_scalars);
	RUN(keys_that_are_numbers_or_booleans_become_text);
	RUN(nesting_is_bounded);
	RUN(aliases_stand_for_what_they_name);
	RUN(an_alias_keeps_its_own_key_and_place_in_the_list);
	RUN(aliases_end_with_their_document);
	RUN(an_alias_inside_of_its_anchor_is_refused);
	RUN(a_billion_laughs_are_refused_at_once);
	RUN(aliases_cannot_nest_deeper_than_the_bound);
	RUN(merge_keys_bring_what_is_not_written);
	RUN(merge_keys_that_would_mean_two_things_are_refused);
	RUN(the_sink_can_stop_the_reading);
	RUN(running_out_of_memory_is_said);
	RUN(sizes_and_counts_are_bounded);
	RUN(reading_stops_after_many_broken_documents);
	RUN(an_input_over_the_bound_is_refused_unread);
	return TAP_END();
}
