/* UTF-8, text in messages, and how alike two words are. */
#include "doc/similar.h"
#include <stdio.h>

#include "doc/utf8.h"
#include "tests/lib/tap.h"

static void every_rune_survives_encoding_and_decoding(void)
{
	for (uint32_t rune = 0; rune <= 0x10ffff; rune++) {
		char text[4];
		uint32_t back = 0;
		size_t len;

		if (rune >= 0xd800 && rune <= 0xdfff)
			continue;
		len = doc_utf8_encode(rune, text);
		if (doc_utf8_decode((struct rf_str){.ptr = text, .len = len}, &back) != len ||
			back != rune) {
			CHECKF(false, "U+%04X", (unsigned)rune);
			return;
		}
		if (len > 1)
			CHECK(doc_utf8_decode(
				      (struct rf_str){.ptr = text, .len = len - 1}, &back) == 0);
	}
}

static void malformed_sequences_are_not_decoded(void)
{
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3\x28",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82\x28", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", ""};
	uint32_t rune;

	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(doc_utf8_decode(rf_str_of(bad[i]), &rune) == 0, "row %zu", i);
}

static void the_span_ends_at_what_yaml_does_not_allow(void)
{
	CHECK_INT(doc_utf8_span(RF_STR("plain text\twith\r\nlines \xc3\xa9")), 25);
	CHECK_INT(doc_utf8_span(RF_STR("abc\x01")), 3);
	CHECK_INT(doc_utf8_span(RF_STR("abcdefghijkl\x7f")), 12);
	CHECK_INT(doc_utf8_span(RF_STR("\xc2\x85\xc2\x84")), 2);
	CHECK_INT(doc_utf8_span(RF_STR("\xef\xbf\xbe")), 0);
	CHECK_INT(doc_utf8_span(RF_STR("")), 0);
	CHECK_INT(doc_utf8_count(RF_STR("a\xc3\xa9\xf0\x9f\x98\x80")), 3);
}

static void shown_text_cannot_drive_a_terminal(void)
{
	char out[DOC_SHOW_SIZE];

	CHECK_STR(doc_show(RF_STR("a\x1b[31m\n\t\"\\\x7f\xff\xc2\x9b\xc3\xa9"), out),
		"a\\x1b[31m\\n\\t\\\"\\\\\\x7f\\xff\\u009b\xc3\xa9");
	CHECK_STR(doc_show(RF_STR_NONE, out), "");
}

static void shown_text_is_cut(void)
{
	char out[DOC_SHOW_SIZE], text[1000];

	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'x', len);
		doc_show((struct rf_str){.ptr = text, .len = len}, out);
		CHECK(strlen(out) < DOC_SHOW_SIZE);
		if (len <= DOC_SHOW_SIZE - 4)
			CHECK_INT(strlen(out), len);
	}
	CHECK(strcmp(out + strlen(out) - 4, "x...") == 0);
}

static const char *cleaned(const char *text)
{
	static char out[64];

	snprintf(out, sizeof(out), "%s", text);
	doc_utf8_clean(out, strlen(out));
	return out;
}

static void cleaned_text_cannot_drive_a_terminal(void)
{
	CHECK_STR(cleaned("plain \xc3\xa9 \xe6\x97\xa5"), "plain \xc3\xa9 \xe6\x97\xa5");
	CHECK_STR(cleaned("\033[31m\r\n\t\x7f"), "?[31m????");
	CHECK_STR(cleaned("\xc2\x9b\xc2\xa0"), "??\xc2\xa0");
	CHECK_STR(cleaned("\xff\xc0\xaf\xed\xa0\x80\xe6\x97"), "????????");
}

static unsigned distance(const char *a, const char *b)
{
	return doc_similar_distance(rf_str_of(a), rf_str_of(b));
}

static void distance_counts_letters(void)
{
	CHECK_INT(distance("", ""), 0);
	CHECK_INT(distance("abc", ""), 3);
	CHECK_INT(distance("", "abc"), 3);
	CHECK_INT(distance("Image", "image"), 0);
	CHECK_INT(distance("imgae", "image"), 1);
	CHECK_INT(distance("imag", "image"), 1);
	CHECK_INT(distance("kitten", "sitting"), 3);
	CHECK(distance("0123456789012345678901234567890123456789x", "0") > 1000);
	CHECK_INT(distance("0123456789012345678901234567890123456789",
			  "0123456789012345678901234567890123456789"),
		0);
}

static void only_near_words_are_suggested(void)
{
	CHECK(doc_similar_enough(1, 3));
	CHECK(!doc_similar_enough(1, 1));
	CHECK(!doc_similar_enough(2, 3));
	CHECK(doc_similar_enough(3, 12));
	CHECK(!doc_similar_enough(4, 30));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_rune_survives_encoding_and_decoding);
	RUN(malformed_sequences_are_not_decoded);
	RUN(the_span_ends_at_what_yaml_does_not_allow);
	RUN(shown_text_cannot_drive_a_terminal);
	RUN(shown_text_is_cut);
	RUN(cleaned_text_cannot_drive_a_terminal);
	RUN(distance_counts_letters);
	RUN(only_near_words_are_suggested);
	return TAP_END();
}
