/* Reports on their way from the scanner: what is sent arrives, what is hostile does no harm. */
#include "tests/lib/tap.h"

#include <stdio.h>

#include "doc/utf8.h"
#include "image/scan/codec_int.h"
#include "proc/frame.h"

#define MUTATIONS 200000

static struct rf_err err;
static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned chance(unsigned below)
{
	return (unsigned)(next() >> 33) % below;
}

/* --- reports --- */

static struct rf_str word(struct scan_report *report)
{
	static const char *const words[] = {"", "a", "openssl", "1.2.3-4", "/usr/lib/x", "Größe",
		"CVE-2026-1", "日本", "pkg:deb/debian/x@1"};

	return rf_arena_printf(
		report->arena, "%s%u", words[chance(RF_ARRAY_LEN(words))], chance(9));
}

static struct scan_strs words(struct scan_report *report)
{
	struct scan_strs list = {.count = chance(4)};

	list.items = rf_arena_array(report->arena, list.count + 1, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = word(report);
	return list;
}

static struct scan_package random_package(struct scan_report *r)
{
	return (struct scan_package){.type = (enum pkg_type)chance(PKG_TYPE_COUNT),
		.role = (enum scan_package_role)chance(SCAN_PACKAGE_STDLIB + 1),
		.layer = chance(2) ? SCAN_NO_LAYER : chance(5),
		.ecosystem = word(r),
		.name = word(r),
		.version = word(r),
		.arch = word(r),
		.source = word(r),
		.source_version = word(r),
		.license = word(r),
		.checksum = word(r),
		.location = word(r),
		.replaces = word(r)};
}

static struct scan_finding random_finding(struct scan_report *r)
{
	return (struct scan_finding){.id = word(r),
		.summary = word(r),
		.vector = word(r),
		.package = chance((unsigned)r->package_count),
		.tier = (enum scan_tier)chance(SCAN_TIER_UNKNOWN + 1),
		.level = (enum vuln_level)chance(VULN_LEVEL_CRITICAL + 1),
		.score_tenths = chance(101),
		.known_exploited = chance(2),
		.aliases = words(r),
		.symbols = words(r),
		.path = words(r),
		.fixed = words(r)};
}

static struct scan_secret random_secret(struct scan_report *r)
{
	return (struct scan_secret){.rule = word(r),
		.title = word(r),
		.severity = word(r),
		.location = word(r),
		.redacted = word(r),
		.line = (uint32_t)next(),
		.column = (uint32_t)next(),
		.layer = (uint32_t)next()};
}

static struct scan_file random_file(struct scan_report *r)
{
	return (struct scan_file){.kind = (enum scan_file_kind)chance(SCAN_FILE_LAST + 1),
		.location = word(r),
		.detail = word(r),
		.layer = (uint32_t)next(),
		.mode = chance(010000),
		.uid = (uint32_t)next(),
		.gid = (uint32_t)next()};
}

#define FILL(report, list, count_field, make)                                                 \
	do {                                                                                  \
		size_t count_ = chance(4);                                                    \
		(report)->list =                                                              \
			rf_arena_array((report)->arena, count_ + 1, sizeof(*(report)->list)); \
		for ((report)->count_field = 0; (report)->count_field < count_;)              \
			(report)->list[(report)->count_field++] = make(report);               \
	} while (0)

static struct scan_layer random_layer(struct scan_report *r)
{
	return (struct scan_layer){.created_by = word(r)};
}

static struct scan_report *random_report(void)
{
	struct scan_report *report = scan_report_new();

	if (!report)
		abort();
	snprintf(report->os.id, sizeof(report->os.id), "debian");
	snprintf(report->os.version, sizeof(report->os.version), "%u", chance(20));
	snprintf(report->os.ecosystem, sizeof(report->os.ecosystem), "Debian:%u", chance(20));
	FILL(report, packages, package_count, random_package);
	if (report->package_count)
		FILL(report, findings, finding_count, random_finding);
	FILL(report, secrets, secret_count, random_secret);
	FILL(report, files, file_count, random_file);
	FILL(report, layers, layer_count, random_layer);
	report->notes = words(report);
	return report;
}

/* --- what a reader may rely on --- */

static bool text_is_clean(struct rf_str s)
{
	if (!s.ptr || s.ptr[s.len] != '\0')
		return false;
	for (size_t i = 0; i < s.len;) {
		uint32_t rune = 0;
		size_t len = doc_utf8_decode((struct rf_str){s.ptr + i, s.len - i}, &rune);

		if (len == 0 || rune < ' ' || (rune >= 0x7f && rune < 0xa0))
			return false;
		i += len;
	}
	return true;
}

static bool list_is_clean(const struct scan_strs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!text_is_clean(list->items[i]))
			return false;
	}
	return true;
}

static bool package_is_sound(const struct scan_package *p)
{
	const struct rf_str texts[] = {p->ecosystem, p->name, p->version, p->arch, p->source,
		p->source_version, p->license, p->checksum, p->location, p->replaces};

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++) {
		if (!text_is_clean(texts[i]))
			return false;
	}
	return (unsigned)p->type < PKG_TYPE_COUNT && (unsigned)p->role <= SCAN_PACKAGE_STDLIB;
}

static bool finding_is_sound(const struct scan_report *report, const struct scan_finding *f)
{
	return text_is_clean(f->id) && text_is_clean(f->summary) && text_is_clean(f->vector) &&
	       list_is_clean(&f->aliases) && list_is_clean(&f->symbols) &&
	       list_is_clean(&f->path) && list_is_clean(&f->fixed) && f->suppressed.len == 0 &&
	       f->package < report->package_count && (unsigned)f->tier <= SCAN_TIER_UNKNOWN &&
	       (unsigned)f->level <= VULN_LEVEL_CRITICAL && f->score_tenths <= 100;
}

static bool is_sound(const struct scan_report *report)
{
	bool ok = list_is_clean(&report->notes);

	for (size_t i = 0; i < report->package_count && ok; i++)
		ok = package_is_sound(&report->packages[i]);
	for (size_t i = 0; i < report->finding_count && ok; i++)
		ok = finding_is_sound(report, &report->findings[i]);
	for (size_t i = 0; i < report->secret_count && ok; i++)
		ok = text_is_clean(report->secrets[i].rule) &&
		     text_is_clean(report->secrets[i].title) &&
		     text_is_clean(report->secrets[i].severity) &&
		     text_is_clean(report->secrets[i].location) &&
		     text_is_clean(report->secrets[i].redacted);
	for (size_t i = 0; i < report->file_count && ok; i++)
		ok = text_is_clean(report->files[i].location) &&
		     text_is_clean(report->files[i].detail) && report->files[i].mode <= 07777 &&
		     (unsigned)report->files[i].kind <= SCAN_FILE_LAST;
	for (size_t i = 0; i < report->layer_count && ok; i++)
		ok = text_is_clean(report->layers[i].created_by);
	return ok;
}

/* Reads bytes that end where their memory ends. */
static int get_copy(struct rf_str payload, struct scan_report *report)
{
	AUTO_FREE char *copy = malloc(payload.len ? payload.len : 1);

	if (!copy)
		abort();
	memcpy(copy, payload.ptr, payload.len);
	err = (struct rf_err){.code = RF_OK};
	return scan_report_get((struct rf_str){copy, payload.len}, report, &err);
}

/* --- tests --- */

static void what_was_put_is_what_is_got(void)
{
	for (int i = 0; i < 2000; i++) {
		AUTO_SCAN_REPORT *sent = random_report();
		AUTO_SCAN_REPORT *got = scan_report_new();
		AUTO_BUF first = {.len = 0}, second = {.len = 0};

		scan_report_put(sent, NULL, &first);
		REQUIRE(got && get_copy(rf_buf_str(&first), got) == RF_OK);
		REQUIRE(is_sound(got));
		scan_report_put(got, NULL, &second);
		REQUIRE(rf_str_eq(rf_buf_str(&first), rf_buf_str(&second)));
	}
}

static bool take_piece(void *ctx, struct rf_str piece)
{
	rf_buf_add_str(ctx, piece);
	return true;
}

static bool take_nothing(void *ctx, struct rf_str piece)
{
	(void)piece;
	++*(unsigned *)ctx;
	return false;
}

static void a_large_report_goes_out_in_pieces(void)
{
	AUTO_SCAN_REPORT *report = random_report();
	struct scan_package packages[2000];
	AUTO_BUF whole = {.len = 0}, pieces = {.len = 0}, rest = {.len = 0}, kept = {.len = 0};
	const struct scan_report_flush flush = {.piece = take_piece, .ctx = &pieces};
	unsigned refusals = 0;
	const struct scan_report_flush refuse = {.piece = take_nothing, .ctx = &refusals};
	const struct rf_str none = RF_STR("");

	for (size_t i = 0; i < RF_ARRAY_LEN(packages); i++)
		packages[i] = (struct scan_package){.ecosystem = none,
			.name = RF_STR("a package of a file"),
			.version = none,
			.arch = none,
			.source = none,
			.source_version = none,
			.license = none,
			.checksum = none,
			.location = RF_STR("/a/file/with/many"),
			.replaces = none};
	report->packages = packages;
	report->package_count = RF_ARRAY_LEN(packages);
	scan_report_put(report, NULL, &whole);
	scan_report_put(report, &flush, &rest);
	CHECK(pieces.len >= SCAN_REPORT_PIECE && rest.len < 2 * SCAN_REPORT_PIECE);
	rf_buf_add_str(&pieces, rf_buf_str(&rest));
	CHECK(rf_str_eq(rf_buf_str(&pieces), rf_buf_str(&whole)));
	scan_report_put(report, &refuse, &kept);
	CHECK(refusals > 0 && rf_str_eq(rf_buf_str(&kept), rf_buf_str(&whole)));
}

static void a_report_that_is_cut_anywhere_is_refused(void)
{
	AUTO_BUF whole = {.len = 0};
	AUTO_SCAN_REPORT *sent = NULL;

	while (!sent || sent->finding_count < 2 || sent->file_count < 2 || sent->layer_count < 2) {
		scan_report_free(sent);
		sent = random_report();
	}
	scan_report_put(sent, NULL, &whole);
	for (size_t len = 0; len < whole.len; len++) {
		AUTO_SCAN_REPORT *got = scan_report_new();

		REQUIRE(got && get_copy((struct rf_str){whole.data, len}, got) == RF_EINPUT);
	}
	rf_buf_add_char(&whole, '\0');
	{
		AUTO_SCAN_REPORT *got = scan_report_new();

		CHECK_INT(get_copy(rf_buf_str(&whole), got), RF_EINPUT);
	}
}

static void mutate(struct rf_buf *buf)
{
	static const uint64_t numbers[] = {0, 1, 255, 100000, 100001, 1000000, 1000001, UINT32_MAX,
		(uint64_t)1 << 32, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX - 7};

	for (unsigned n = 1 + chance(3); n; n--) {
		size_t at = chance((unsigned)buf->len);
		uint64_t number = numbers[chance(RF_ARRAY_LEN(numbers))];

		if (chance(2) && buf->len - at >= sizeof(number))
			memcpy(buf->data + at, &number, sizeof(number));
		else
			buf->data[at] = (char)next();
	}
}

static void a_report_that_was_tampered_with_is_refused_or_sound(void)
{
	AUTO_BUF whole = {.len = 0}, bytes = {.len = 0};
	size_t refused = 0, taken = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		AUTO_SCAN_REPORT *got = scan_report_new();

		if (i % 1000 == 0) {
			AUTO_SCAN_REPORT *sent = random_report();

			rf_buf_clear(&whole);
			scan_report_put(sent, NULL, &whole);
		}
		rf_buf_clear(&bytes);
		rf_buf_add_str(&bytes, rf_buf_str(&whole));
		mutate(&bytes);
		if (get_copy(rf_buf_str(&bytes), got) < 0) {
			refused++;
			REQUIRE(err.code == RF_EINPUT);
		} else {
			taken++;
			REQUIRE(is_sound(got));
		}
	}
	CHECKF(refused > 1000 && taken > 1000, "refused %zu, taken %zu", refused, taken);
}

/* A count that there are no bytes for takes no memory. */
static void a_count_without_its_items_is_refused(void)
{
	static const uint64_t counts[] = {1, 1000000, 1000001, UINT32_MAX, UINT64_MAX};

	for (size_t i = 0; i < RF_ARRAY_LEN(counts); i++) {
		AUTO_SCAN_REPORT *got = scan_report_new();
		AUTO_BUF bytes = {.len = 0};

		for (int s = 0; s < 4; s++)
			frame_put_str(&bytes, RF_STR(""));
		frame_put_u64(&bytes, counts[i]);
		CHECK_INT(get_copy(rf_buf_str(&bytes), got), RF_EINPUT);
		CHECK_INT(got->package_count <= 1, true);
	}
}

static const char *cleaned(const char *text, size_t len)
{
	static char out[64];
	AUTO_SCAN_REPORT *sent = scan_report_new(), *got = scan_report_new();
	AUTO_BUF bytes = {.len = 0};
	struct rf_str note = {text, len};

	sent->notes = (struct scan_strs){.items = &note, .count = 1};
	scan_report_put(sent, NULL, &bytes);
	if (scan_report_get(rf_buf_str(&bytes), got, &err) < 0 || got->notes.count != 1)
		return "refused";
	snprintf(out, sizeof(out), "%s", got->notes.items[0].ptr);
	return out;
}

static void text_loses_control_characters_and_what_is_no_utf8(void)
{
	static const struct {
		const char *sent, *want;
	} rows[] = {
		{"plain", "plain"}, {"Größe 日本 😀", "Größe 日本 😀"}, {"a\033[31mb", "a?[31mb"},
		{"a\r\n\tb\x7f", "a???b?"},
		{"a\xc2\x9b"
		 "31mb",
			"a??31mb"}, /* C1: one-byte CSI */
		{"a\xc2\x80\xc2\x9f\xc2\xa0", "a????\xc2\xa0"}, {"\xff\xfe", "??"},
		{"\xc0\xaf", "??"},	       /* overlong */
		{"\xed\xa0\x80", "???"},       /* a surrogate */
		{"\xf4\x90\x80\x80", "????"},  /* beyond Unicode */
		{"a\xe6\x97", "a??"},	       /* cut */
		{"\xe6\x97\033[2J", "???[2J"}, /* a control character within a sequence */
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECK_STR(cleaned(rows[i].sent, strlen(rows[i].sent)), rows[i].want);
	CHECK_STR(cleaned("a\0b", 3), "a?b");
}

static void a_text_that_is_too_long_is_cut_and_loses_nothing_else(void)
{
	static char text[300000];

	memset(text, 'x', sizeof(text) - 1);
	text[3] = '\n';
	CHECK(strncmp(cleaned(text, sizeof(text) - 1), "xxx?xxx", 7) == 0);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(what_was_put_is_what_is_got);
	RUN(a_large_report_goes_out_in_pieces);
	RUN(a_report_that_is_cut_anywhere_is_refused);
	RUN(a_report_that_was_tampered_with_is_refused_or_sound);
	RUN(a_count_without_its_items_is_refused);
	RUN(text_loses_control_characters_and_what_is_no_utf8);
	RUN(a_text_that_is_too_long_is_cut_and_loses_nothing_else);
	return TAP_END();
}
