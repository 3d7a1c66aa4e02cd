/* cmd/scan_print.h: the table that a person reads, and formats by name. */
#include "cmd/scan_print.h"

#include "cmd/output.h"
#include "image/report/report.h"
#include "tests/unit/image/report/sample.h"

static const char *table(const struct scan_report *r, bool all, struct rf_buf *out)
{
	scan_table(r, all, false, out);
	CHECK(!out->failed);
	return rf_buf_cstr(out);
}

/* True when parts come in this order. */
static bool in_order(const char *text, const char *const *parts)
{
	for (; *parts && text; parts++)
		text = strstr(text, *parts);
	return text != NULL;
}

static void places_come_worst_first_with_what_mends_them(void)
{
	static const char *const parts[] = {"registry.example/shop/App:1.2",
		"Debian GNU/Linux 12 (bookworm)", "\n/app, layer 2 of 2 (COPY app /app)\n",
		"high 7.5 exploited!", "GO-2024-2687", "path", "golang.org/x/net", "v0.17.0",
		"0.23.0", "HTTP/2 CONTINUATION flood",
		"fix: go get golang.org/x/net@v0.23.0 && go mod tidy",
		"\n/tool, layer 2 of 2 (COPY app /app)\n", "medium 5.3", "GO-2024-2599",
		"fix: build with Go 1.21.8 or later (FROM golang:1.21.8)", "package-lock.json\n",
		"fix: update the package to a fixed version",
		"\n/var/lib/dpkg/status, layer 1 of 2 (ADD rootfs.tar /)\n", "unrated",
		"CVE-2024-0727", "no fix", NULL};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	CHECKF(in_order(table(r, false, &out), parts), "%s", rf_buf_cstr(&out));
}

/* Packages of one database may come from several layers. */
static void one_place_in_two_layers_is_two_sections(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	r->findings[4].suppressed = RF_STR("");
	r->packages[r->package_count - 1].location = RF_STR("/app");
	CHECK(strstr(table(r, false, &out), "\n/app, layer 2 of 2"));
	CHECK(strstr(rf_buf_cstr(&out), "\n/app, layer 1 of 2"));
}

static void the_end_sums_up(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	table(r, false, &out);
	CHECK(strstr(rf_buf_cstr(&out),
		"2 known vulnerabilities of packages in here: the vulnerable code is not linked in "
		"(--all lists them).\n"
		"1 suppressed by VEX statements or the ignore file (--all lists them).\n"
		"4 vulnerabilities: 1 high, 1 medium, 1 low, 1 unrated; 2 unknown, 1 path, 1 "
		"linked. 2 secrets. Vulnerability database of 2026-11-20T06:00:00Z, 5 days "
		"old.\n"));
}

static void what_does_not_count_is_listed_only_when_asked_for(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF some = {.len = 0};
	AUTO_BUF all = {.len = 0};

	CHECK(!strstr(table(r, false, &some), "GO-2023-2102"));
	CHECK(!strstr(rf_buf_cstr(&some), "CVE-2023-5678"));
	CHECK(strstr(table(r, true, &all), "GO-2023-2102"));
	CHECK(strstr(rf_buf_cstr(&all), "ignored until 2027-01-31: not reachable"));
	/* What does not count asks for no fix. */
	CHECK(!strstr(rf_buf_cstr(&all), "0.17.1 &&"));
}

static void secrets_files_configuration_and_notes_follow(void)
{
	static const char *const parts[] = {"\nSecrets\n", "/z/key.pem:1", "layer 2", "Private key",
		"env AWS_KEY", "\nFiles\n", "setuid", "/bin/su", "4755", "0:0",
		"\nConfiguration\n  runs as root", "\nNotes\n  /opt/x", NULL};
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	r->files[0].location = RF_STR("/aaa");
	CHECKF(in_order(table(r, false, &out), parts), "%s", rf_buf_cstr(&out));
}

static void a_terminal_obeys_nothing_from_an_image(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	r->target = RF_STR("a\033[2Jb\xc2\x9b"
			   "31m\xe2\x80\xae"
			   "c\xff\n");
	r->packages[0].name = RF_STR("x\ry\tz");
	r->findings[1].summary = RF_STR("\033]0;evil\a");
	table(r, true, &out);
	for (size_t i = 0; i < out.len; i++)
		CHECK((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
	CHECK(!strstr(rf_buf_cstr(&out), "\xe2\x80\xae"));
	CHECK(!strstr(rf_buf_cstr(&out), "\xc2\x9b"));
	CHECK(strstr(rf_buf_cstr(&out), "a?[2Jb?31m?c??"));
}

static void colour_is_asked_for(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF plain = {.len = 0};
	AUTO_BUF coloured = {.len = 0};

	CHECK(!strchr(table(r, true, &plain), '\033'));
	scan_table(r, true, true, &coloured);
	CHECK(strchr(rf_buf_cstr(&coloured), '\033'));
}

static void nothing_found_is_said(void)
{
	AUTO_SCAN_REPORT *r = scan_report_new();
	AUTO_BUF out = {.len = 0};
	AUTO_BUF none = {.len = 0};

	REQUIRE(r);
	r->target = RF_STR("app.tar");
	r->database = (struct scan_database){
		.present = true, .built = RF_STR("2026-11-20"), .age_s = 86400};
	CHECK(strstr(table(r, false, &out), "0 vulnerabilities. Vulnerability database of "
					    "2026-11-20, 1 day old.\n"));
	r->database.present = false;
	CHECK(strstr(table(r, false, &none), "No vulnerability database"));
	CHECK(!strstr(rf_buf_cstr(&none), "0 vulnerabilities"));
}

static void packages_alone_are_a_table_too(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};

	CHECK_INT(scan_print_bom(r, SCAN_FORMAT_TEXT, &out), RF_OK);
	CHECK(strstr(rf_buf_cstr(&out), "golang.org/x/net"));
	CHECK(!strstr(rf_buf_cstr(&out), "GO-2024-2687"));
}

static void every_format_has_a_name_and_prints(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	for (unsigned i = 0; scan_formats[i]; i++) {
		AUTO_BUF out = {.len = 0};

		CHECK_INT(scan_print(r, (enum scan_format)i, false, &out), RF_OK);
		CHECKF(out.len > 0, "%s", scan_formats[i]);
	}
	CHECK_STR(scan_formats[SCAN_FORMAT_SPDX_3], "spdx-3");
	CHECK_STR(scan_formats[SCAN_FORMAT_HTML], "html");
	for (unsigned i = 0; scan_vex_formats[i]; i++) {
		AUTO_BUF out = {.len = 0};

		CHECK_INT(scan_print(r, scan_vex_format(i), false, &out), RF_OK);
		CHECK(strstr(rf_buf_cstr(&out), i ? "CycloneDX" : "openvex"));
	}
}

static void source_date_epoch_is_honoured(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF out = {.len = 0};
	AUTO_BUF wrong = {.len = 0};

	setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
	CHECK_INT(scan_print(r, SCAN_FORMAT_CYCLONEDX, false, &out), RF_OK);
	CHECK(strstr(rf_buf_cstr(&out), "2023-11-14T22:13:20Z"));
	setenv("SOURCE_DATE_EPOCH", "now", 1);
	CHECK_INT(scan_print(r, SCAN_FORMAT_CYCLONEDX, false, &wrong), RF_OK);
	CHECK(!strstr(rf_buf_cstr(&wrong), "timestamp"));
	unsetenv("SOURCE_DATE_EPOCH");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(places_come_worst_first_with_what_mends_them);
	RUN(one_place_in_two_layers_is_two_sections);
	RUN(the_end_sums_up);
	RUN(what_does_not_count_is_listed_only_when_asked_for);
	RUN(secrets_files_configuration_and_notes_follow);
	RUN(a_terminal_obeys_nothing_from_an_image);
	RUN(colour_is_asked_for);
	RUN(nothing_found_is_said);
	RUN(packages_alone_are_a_table_too);
	RUN(every_format_has_a_name_and_prints);
	RUN(source_date_epoch_is_honoured);
	return TAP_END();
}
