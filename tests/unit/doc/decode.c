/* Decoding by tables: every kind of field, every complaint. */
#include "doc/decode.h"
#include "tests/unit/doc/doc_test.h"

struct item {
	const struct doc_node *node;
	struct rf_str name;
	struct doc_int port;
};

struct sample {
	struct rf_str before; /* so that the node is not at offset 0 */
	const struct doc_node *node;
	struct rf_str str, choice;
	struct doc_bool truth;
	struct doc_int number, any_number;
	struct doc_int_or_str port;
	struct item obj, *ptr;
	struct doc_list list;
	struct doc_strs strs;
	struct doc_pairs pairs;
	const struct doc_node *any;
	size_t length; /* custom */
};

static int decode_length(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	if (node->type != DOC_STRING)
		return doc_decode_error(dec, doc_pos(node), "no length for %s",
			doc_type_name((enum doc_type)node->type));
	*(size_t *)field = node->text.len;
	return RF_OK;
}

static const struct doc_field item_rows[] = {
	{.name = "name",
		.kind = DOC_FIELD_STR,
		.offset = offsetof(struct item, name),
		.required = true},
	{.name = "port", .kind = DOC_FIELD_INT, .offset = offsetof(struct item, port)},
};
static const struct doc_schema item_schema = DOC_SCHEMA("Item", struct item, item_rows);

static const char *const choices[] = {"TCP", "UDP", NULL};

#define ROW(field, k, ...)                                                                         \
	{                                                                                          \
		.name = #field, .kind = k, .offset = offsetof(struct sample, field), ##__VA_ARGS__ \
	}
static const struct doc_field sample_rows[] = {
	ROW(str, DOC_FIELD_STR),
	ROW(choice, DOC_FIELD_STR, .one_of = choices),
	ROW(truth, DOC_FIELD_BOOL),
	ROW(number, DOC_FIELD_INT),
	ROW(any_number, DOC_FIELD_INT, .min = INT64_MIN, .max = INT64_MAX),
	ROW(port, DOC_FIELD_INT_STR),
	ROW(obj, DOC_FIELD_OBJ, .sub = &item_schema),
	ROW(ptr, DOC_FIELD_PTR, .sub = &item_schema),
	ROW(list, DOC_FIELD_LIST, .sub = &item_schema),
	ROW(strs, DOC_FIELD_STRS),
	ROW(pairs, DOC_FIELD_PAIRS),
	ROW(any, DOC_FIELD_NODE),
	ROW(length, DOC_FIELD_CUSTOM, .custom = decode_length),
};
static const struct doc_schema sample_schema = DOC_SCHEMA("Sample", struct sample, sample_rows);

struct decoded {
	struct load load;
	struct sample sample;
	int rc;
};

static void decoded_done(struct decoded *d)
{
	load_done(&d->load);
}
#define AUTO_DECODED CLEANUP(decoded_done) struct decoded

static void decode(struct decoded *d, const char *yaml)
{
	struct doc_decoder dec;

	load_with(&d->load, doc_read_yaml, rf_str_of(yaml));
	dec = (struct doc_decoder){.arena = d->load.arena, .diags = &d->load.diags};
	memset(&d->sample, 0xaa, sizeof(d->sample));
	d->rc = RF_EINTERNAL;
	if (d->load.root)
		d->rc = doc_decode(&dec, &sample_schema, d->load.root, &d->sample);
	rf_vec_each (diag, &d->load.diags.list)
		rf_buf_addf(&d->load.said, "%s%u:%u %s", d->load.said.len ? "\n" : "",
			diag->pos.line, diag->pos.col, diag->msg);
}

static void check_said(const char *yaml, const char *said)
{
	AUTO_DECODED d;

	decode(&d, yaml);
	CHECK_INT(d.rc, said[0] ? RF_EINPUT : RF_OK);
	CHECK_STR(rf_buf_cstr(&d.load.said), said);
}

static void scalars_are_decoded(void)
{
	AUTO_DECODED d;

	decode(&d,
		"str: x\nchoice: UDP\ntruth: yes\nnumber: 0x10\nany_number: 1e12\nlength: abc\n");
	CHECK_INT(d.rc, RF_OK);
	CHECK_STR(d.sample.str.ptr, "x");
	CHECK_STR(d.sample.choice.ptr, "UDP");
	CHECK(d.sample.truth.set && d.sample.truth.value);
	CHECK(d.sample.number.set && d.sample.number.value == 16);
	CHECK(d.sample.any_number.value == 1000000000000);
	CHECK_INT(d.sample.length, 3);
	CHECK(d.sample.node == d.load.root);
}

static void absent_and_null_fields_are_not_set(void)
{
	static const char *const texts[] = {"{}",
		"{str: ~, choice: ~, truth: ~, number: ~, any_number: ~, port: ~, obj: ~, ptr: ~, "
		"list: ~, strs: ~, pairs: ~, any: ~, length: ~}"};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++) {
		AUTO_DECODED d;
		struct sample want = {.str = RF_STR_NONE};

		decode(&d, texts[i]);
		CHECK_INT(d.rc, RF_OK);
		want.node = d.load.root;
		CHECK(memcmp(&d.sample, &want, sizeof(want)) == 0);
	}
}

static void int_or_string_is_either(void)
{
	AUTO_DECODED number, text;

	decode(&number, "port: 80");
	CHECK(number.sample.port.set && number.sample.port.number == 80);
	CHECK(number.sample.port.text.ptr == NULL);
	decode(&text, "port: http");
	CHECK(text.sample.port.set && rf_str_is(text.sample.port.text, "http"));
	check_said("port: [1]",
		"1:7 field \"port\" of Sample: expected an integer or a string, found a list");
	check_said("port: 3000000000", "1:7 field \"port\" of Sample: expected an integer from "
				       "-2147483648 to 2147483647, found 3000000000");
}

static void objects_and_lists_are_decoded(void)
{
	AUTO_DECODED d;
	const struct item *items;

	decode(&d, "obj: {name: a}\nptr: {name: b, port: 1}\nlist: [{name: c}, {name: d}]\n"
		   "strs: [x, \"1\"]\npairs: {b: \"2\", a: \"1\", ab: \"\"}\nany: [1]\n");
	REQUIRE(d.rc == RF_OK);
	CHECK_STR(d.sample.obj.name.ptr, "a");
	CHECK(d.sample.obj.node == doc_get(d.load.root, "obj"));
	CHECK_STR(d.sample.ptr->name.ptr, "b");
	CHECK_INT(d.sample.ptr->port.value, 1);
	items = d.sample.list.items;
	CHECK_INT(d.sample.list.count, 2);
	CHECK_STR(items[1].name.ptr, "d");
	CHECK_INT(items[1].node->line, 3);
	CHECK_INT(d.sample.strs.count, 2);
	CHECK_STR(d.sample.strs.items[1].ptr, "1");
	CHECK_INT(d.sample.any->count, 1);
}

static void maps_of_strings_are_sorted_by_key(void)
{
	AUTO_DECODED d;

	decode(&d, "pairs: {b: \"2\", ab: \"\", a: \"1\"}\n");
	REQUIRE(d.rc == RF_OK && d.sample.pairs.count == 3);
	CHECK_STR(d.sample.pairs.items[0].key.ptr, "a");
	CHECK_STR(d.sample.pairs.items[0].value.ptr, "1");
	CHECK_STR(d.sample.pairs.items[1].key.ptr, "ab");
	CHECK_STR(d.sample.pairs.items[2].key.ptr, "b");
}

static void empty_lists_and_maps_are_empty(void)
{
	AUTO_DECODED d;

	decode(&d, "list: []\nstrs: []\npairs: {}\n");
	CHECK_INT(d.rc, RF_OK);
	CHECK_INT(d.sample.list.count + d.sample.strs.count + d.sample.pairs.count, 0);
}

static void an_unknown_field_is_an_error_with_a_suggestion(void)
{
	check_said("strr: x", "1:1 unknown field \"strr\" in Sample; did you mean \"str\"?");
	check_said("Str: x", "1:1 unknown field \"Str\" in Sample; did you mean \"str\"?");
	check_said("anynumber: 1",
		"1:1 unknown field \"anynumber\" in Sample; did you mean \"any_number\"?");
	check_said("hcoice: x", "1:1 unknown field \"hcoice\" in Sample; did you mean \"choice\"?");
	check_said("somethingElse: x", "1:1 unknown field \"somethingElse\" in Sample");
	check_said("\"a\\e[31m\": x", "1:1 unknown field \"a\\x1b[31m\" in Sample");
	check_said("unknown: ~", "1:1 unknown field \"unknown\" in Sample");
}

static void a_wrong_type_says_how_to_write_it(void)
{
	check_said("number: \"3\"", "1:9 field \"number\" of Sample: expected an integer, found a "
				    "string (\"3\"): write it without quotes");
	check_said("number: x",
		"1:9 field \"number\" of Sample: expected an integer, found a string (\"x\")");
	check_said("number: 1.5",
		"1:9 field \"number\" of Sample: expected an integer, found a number (1.5)");
	check_said("truth: \"true\"", "1:8 field \"truth\" of Sample: expected a boolean, found a "
				      "string (\"true\"): write it without quotes");
	check_said("truth: 1", "1:8 field \"truth\" of Sample: expected a boolean, found an "
			       "integer (1)");
	check_said("str: 8080", "1:6 field \"str\" of Sample: expected a string, found an integer "
				"(8080): quote it");
	check_said("str: on", "1:6 field \"str\" of Sample: expected a string, found a boolean "
			      "(on): quote it");
	check_said("str: [a]", "1:6 field \"str\" of Sample: expected a string, found a list");
	check_said("obj: 1", "1:6 field \"obj\" of Sample: expected a map, found an integer (1)");
	check_said("ptr: [1]", "1:6 field \"ptr\" of Sample: expected a map, found a list");
	check_said("list: {}", "1:7 field \"list\" of Sample: expected a list, found a map");
	check_said("strs: a", "1:7 field \"strs\" of Sample: expected a list of strings, found a "
			      "string (\"a\")");
	check_said("pairs: []", "1:8 field \"pairs\" of Sample: expected a map of strings, found "
				"a list");
	check_said("length: 1", "1:9 no length for an integer");
}

static void a_value_out_of_bounds_says_the_bounds(void)
{
	check_said("number: 2147483648", "1:9 field \"number\" of Sample: expected an integer from "
					 "-2147483648 to 2147483647, found 2147483648");
	check_said("number: -2147483648", "");
	check_said("choice: SCTP",
		"1:9 field \"choice\" of Sample: expected one of TCP, UDP, found \"SCTP\"");
}

static void items_of_lists_must_not_be_null(void)
{
	check_said("list: [~]", "1:8 field \"list\" of Sample: expected a map, found null");
	check_said("strs: [a, ~, 1]",
		"1:11 field \"strs\" of Sample: expected a string, found null\n"
		"1:14 field \"strs\" of Sample: expected a string, found an integer (1): quote it");
}

static void a_null_value_of_a_map_of_strings_is_empty(void)
{
	AUTO_DECODED d;

	decode(&d, "pairs:\n  b: ~\n  a:\n");
	REQUIRE(d.rc == RF_OK && d.sample.pairs.count == 2);
	CHECK_STR(d.sample.pairs.items[0].key.ptr, "a");
	CHECK_STR(d.sample.pairs.items[0].value.ptr, "");
	CHECK_INT(d.sample.pairs.items[1].value.len, 0);
}

static void values_of_a_map_of_strings_must_be_strings(void)
{
	check_said("pairs: {a: 1, b: x, c: true, d: [x]}",
		"1:12 \"a\" in field \"pairs\" of Sample: expected a string, found an integer (1): "
		"quote it\n"
		"1:24 \"c\" in field \"pairs\" of Sample: expected a string, found a boolean "
		"(true): quote it\n"
		"1:33 \"d\" in field \"pairs\" of Sample: expected a string, found a list");
}

static void a_missing_required_field_points_at_the_object(void)
{
	check_said("obj: {port: 1}", "1:6 Item needs the field \"name\"");
	check_said("list:\n- name: a\n- port: 1\n", "3:3 Item needs the field \"name\"");
	check_said("ptr: {name: ~}", "1:6 Item needs the field \"name\"");
}

static void all_errors_of_an_object_are_reported(void)
{
	check_said("str: 1\nnope: 1\nlist: [{name: 1}, {prot: 2}]\nnumber: x\n",
		"1:6 field \"str\" of Sample: expected a string, found an integer (1): quote it\n"
		"2:1 unknown field \"nope\" in Sample\n"
		"3:15 field \"name\" of Item: expected a string, found an integer (1): quote it\n"
		"3:20 unknown field \"prot\" in Item; did you mean \"port\"?\n"
		"3:19 Item needs the field \"name\"\n"
		"4:9 field \"number\" of Sample: expected an integer, found a string (\"x\")");
}

static void the_root_must_be_a_map(void)
{
	check_said("[1]", "1:1 expected a map (Sample), found a list");
}

static void running_out_of_memory_is_said_in_the_decoder(void)
{
	AUTO_LOAD load;
	AUTO_ARENA *small = rf_arena_new(8);
	struct doc_decoder dec = {.arena = small, .diags = &load.diags};
	struct sample sample;

	load_with(&load, doc_read_yaml, RF_STR("ptr: {name: a}\nlist: [{name: b}]\nstrs: [a]\n"));
	REQUIRE(load.root);
	CHECK_INT(doc_decode(&dec, &sample_schema, load.root, &sample), RF_EINTERNAL);
	CHECK(dec.nomem);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(scalars_are_decoded);
	RUN(absent_and_null_fields_are_not_set);
	RUN(int_or_string_is_either);
	RUN(objects_and_lists_are_decoded);
	RUN(maps_of_strings_are_sorted_by_key);
	RUN(empty_lists_and_maps_are_empty);
	RUN(an_unknown_field_is_an_error_with_a_suggestion);
	RUN(a_wrong_type_says_how_to_write_it);
	RUN(a_value_out_of_bounds_says_the_bounds);
	RUN(items_of_lists_must_not_be_null);
	RUN(a_null_value_of_a_map_of_strings_is_empty);
	RUN(values_of_a_map_of_strings_must_be_strings);
	RUN(a_missing_required_field_points_at_the_object);
	RUN(all_errors_of_an_object_are_reported);
	RUN(the_root_must_be_a_map);
	RUN(running_out_of_memory_is_said_in_the_decoder);
	return TAP_END();
}
