/* image/report/vex.h: our own statements read back, and those of others. */
#include "tests/unit/image/report/sample.h"

#include "image/report/vex.h"

static const struct report_opts plain = {.epoch_s = -1};

/* What is suppressed after text was applied: "GO-1@/app GO-2@/tool"; reads as RF_OK. */
static void apply(struct scan_report *r, const char *text, struct rf_buf *ret)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct vex_count count = {.statements = 99};
	int rc;

	for (size_t i = 0; i < r->finding_count; i++)
		r->findings[i].suppressed = RF_STR("");
	rc = vex_apply(r, rf_str_of(text), "v.json", &diags, &count);
	CHECKF(rc == RF_OK, "%d: %s", rc, diags.list.count ? diags.list.items[0].msg : "");
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct scan_finding *f = &r->findings[i];

		if (f->suppressed.len)
			rf_buf_addf(ret, "%s%s@%s", ret->len ? " " : "", f->id.ptr,
				r->packages[f->package].location.ptr);
	}
}

static void check(struct scan_report *r, const char *text, const char *want)
{
	AUTO_BUF got = {.len = 0};

	apply(r, text, &got);
	CHECK_STR(rf_buf_cstr(&got), want);
}

static void what_we_write_as_openvex_suppresses_what_is_absent_everywhere(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF text = {.len = 0};

	report_openvex(r, &plain, &text);
	/* GO-2024-2599 is absent in /app but linked in /tool, and a URL is all that a product has.
	 */
	check(r, rf_buf_cstr(&text), "GO-2023-2102@/app");
}

static void what_we_write_as_cyclonedx_suppresses_exactly_what_is_absent(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF vex = {.len = 0};
	AUTO_BUF bom = {.len = 0};

	report_cyclonedx_vex(r, &plain, &vex);
	check(r, rf_buf_cstr(&vex), "GO-2023-2102@/app GO-2024-2599@/app");
	report_cyclonedx(r, &plain, &bom);
	check(r, rf_buf_cstr(&bom), "GO-2023-2102@/app GO-2024-2599@/app");
}

static void our_statements_say_nothing_about_another_image(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF openvex = {.len = 0};
	AUTO_BUF cyclonedx = {.len = 0};

	report_openvex(r, &plain, &openvex);
	report_cyclonedx_vex(r, &plain, &cyclonedx);
	r->digest =
		RF_STR("sha256:2222222222222222222222222222222222222222222222222222222222222222");
	check(r, rf_buf_cstr(&openvex), "");
	check(r, rf_buf_cstr(&cyclonedx), "");
}

static void directories_and_strange_paths_go_round_too(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_BUF text = {.len = 0};

	r->target = RF_STR("./root fs%/");
	r->digest = RF_STR("");
	r->config.present = false;
	for (size_t i = 0; i < r->package_count; i++) {
		if (rf_str_is(r->packages[i].location, "/app"))
			r->packages[i].location = RF_STR("/app#x %zz/" SAMPLE_EVIL);
	}
	REQUIRE(scan_report_sort(r) == RF_OK);
	report_cyclonedx_vex(r, &plain, &text);
	check(r, rf_buf_cstr(&text),
		"GO-2023-2102@/app#x %zz/" SAMPLE_EVIL " GO-2024-2599@/app#x %zz/" SAMPLE_EVIL);
}

#define OPENVEX(statements)                                                               \
	"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"@id\":\"x\",\"author\":\"a\"," \
	"\"timestamp\":\"2026-01-01T00:00:00Z\",\"version\":1,\"statements\":[" statements "]}"
#define STATEMENT(id, more, status)                                             \
	"{\"vulnerability\":{\"name\":\"" id "\"}," more "\"status\":\"" status \
	"\",\"justification\":\"vulnerable_code_not_in_execute_path\"}"
#define PRODUCT(purl) "\"products\":[{\"@id\":\"" purl "\"}],"
#define PRODUCT_IN(product, purl) \
	"\"products\":[{\"@id\":\"" product "\",\"subcomponents\":[{\"@id\":\"" purl "\"}]}],"
#define ABOUT(more) OPENVEX(STATEMENT("GO-2024-2687", more, "not_affected"))
#define HIT	    "GO-2024-2687@/app"

static void a_statement_matches_by_id_and_by_alias(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	check(r, ABOUT(""), HIT);
	check(r, OPENVEX(STATEMENT("CVE-2023-45288", "", "not_affected")), HIT);
	check(r, OPENVEX(STATEMENT("CVE-2023-45288", "", "fixed")), HIT);
	check(r, OPENVEX(STATEMENT("CVE-2023-4528", "", "not_affected")), "");
	check(r,
		OPENVEX("{\"vulnerability\":{\"name\":\"X-1\",\"aliases\":[\"GO-2024-2687\"]},"
			"\"status\":\"fixed\"}"),
		HIT);
}

static void a_statement_about_one_of_several_cves_says_nothing_of_the_others(void)
{
	static const char one[] = STATEMENT("CVE-2026-1", "", "not_affected");
	static const char two[] = STATEMENT("CVE-2026-2", "", "fixed");
	static const char no[] = STATEMENT("CVE-2026-2", "", "affected");
	static const char both[] = STATEMENT("GO-2024-2687", "", "not_affected");
	const struct {
		const char *first, *second, *want;
	} rows[] = {{one, one, ""}, {two, two, ""}, {one, two, HIT}, {two, one, HIT}, {no, one, ""},
		{one, both, HIT}, {both, one, HIT}, {both, no, ""}};
	AUTO_SCAN_REPORT *r = sample_new();

	r->findings[1].aliases = SAMPLE_STRS(r, "CVE-2026-1", "CVE-2026-2");
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF text = {.len = 0};

		rf_buf_addf(&text, "{\"statements\":[%s,%s]}", rows[i].first, rows[i].second);
		check(r, rf_buf_cstr(&text), rows[i].want);
	}
}

static void only_not_affected_and_fixed_suppress(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	check(r, OPENVEX(STATEMENT("GO-2024-2687", "", "affected")), "");
	check(r, OPENVEX(STATEMENT("GO-2024-2687", "", "under_investigation")), "");
}

static void the_reason_is_kept(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

	check(r, ABOUT(""), HIT);
	CHECK_STR(r->findings[1].suppressed.ptr,
		"not affected (v.json): vulnerable_code_not_in_execute_path");
}

static void the_last_statement_counts(void)
{
	static const char off[] = STATEMENT("GO-2024-2687", "", "not_affected");
	static const char on[] = STATEMENT("CVE-2023-45288", "", "affected");
	static const char early[] =
		STATEMENT("GO-2024-2687", "\"timestamp\":\"2025-01-01T00:00:00Z\",", "affected");
	static const char late[] = STATEMENT(
		"GO-2024-2687", "\"timestamp\":\"2026-01-01T00:00:01+00:00\",", "affected");
	AUTO_SCAN_REPORT *r = sample_new();
	const struct {
		const char *first, *second, *want;
	} rows[] = {{off, on, ""}, {on, off, HIT}, {off, early, HIT}, {late, off, ""}};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF text = {.len = 0};

		rf_buf_addf(&text,
			"{\"timestamp\":\"2026-01-01T00:00:00Z\",\"statements\":[%s,%s]}",
			rows[i].first, rows[i].second);
		check(r, rf_buf_cstr(&text), rows[i].want);
	}
}

/* Which products are meant, in one table. */
static void a_statement_is_about_the_products_that_it_names(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		/* the package itself */
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.0")), HIT},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@0.17.0")), HIT},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net")), HIT},
		{ABOUT(PRODUCT("pkg:golang/Golang.org%2Fx%2Fnet@v0.17.0")), HIT},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.1")), ""},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/netx@v0.17.0")), ""},
		{ABOUT(PRODUCT("pkg:npm/golang.org/x/net@v0.17.0")), ""},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.0?arch=arm64")), ""},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.0#http2")), ""},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.0#/app")), HIT},
		{ABOUT(PRODUCT("pkg:golang/golang.org/x/net@v0.17.0#/tool")), ""},
		/* the program that it is linked into */
		{ABOUT(PRODUCT("pkg:golang/example.com/shop/app@v1.4.0")), HIT},
		{ABOUT(PRODUCT("pkg:golang/example.com/shop/tool@v0.1.0")), ""},
		{ABOUT(PRODUCT_IN(
			 "pkg:golang/example.com/shop/app", "pkg:golang/golang.org/x/net@v0.17.0")),
			HIT},
		{ABOUT(PRODUCT_IN("pkg:golang/example.com/shop/app", "pkg:golang/stdlib@1.21.1")),
			""},
		{ABOUT(PRODUCT_IN(
			 "pkg:golang/example.com/other", "pkg:golang/golang.org/x/net@v0.17.0")),
			""},
		/* a package that has parts is not meant itself */
		{ABOUT(PRODUCT_IN("pkg:golang/golang.org/x/net", "pkg:golang/a/b")), ""},
		/* the image */
		{ABOUT(PRODUCT("pkg:oci/app@sha256%3A1111111111111111111111111111111111111111111111"
			       "111111111111111111")),
			HIT},
		{ABOUT(PRODUCT("pkg:oci/app@sha256%3A2222222222222222222222222222222222222222222222"
			       "222222222222222222")),
			""},
		{ABOUT(PRODUCT("pkg:oci/app?repository_url=registry.example/shop")), HIT},
		{ABOUT(PRODUCT("pkg:oci/app?tag=1.2")), HIT},
		{ABOUT(PRODUCT("pkg:oci/app?tag=1.3")), ""},
		{ABOUT(PRODUCT("pkg:docker/shop/app@1.2")), HIT},
		{ABOUT(PRODUCT("pkg:docker/shop/app@1.3")), ""},
		{ABOUT(PRODUCT("pkg:oci/another")), ""},
		{ABOUT(PRODUCT("registry.example/shop/App:1.2")), HIT},
		{ABOUT(PRODUCT(SAMPLE_DIGEST)), HIT},
		{ABOUT(PRODUCT("registry.example/shop/App")), ""},
		{ABOUT("\"products\":[{\"@id\":\"x\",\"hashes\":{\"sha-256\":"
		       "\"1111111111111111111111111111111111111111111111111111111111111111\"}}],"),
			HIT},
		{ABOUT("\"products\":[{\"@id\":\"pkg:oci/app\",\"hashes\":{\"sha-256\":"
		       "\"2222222222222222222222222222222222222222222222222222222222222222\"}}],"),
			""},
		/* identifiers go before @id */
		{ABOUT("\"products\":[{\"@id\":\"urn:x\",\"identifiers\":{\"purl\":"
		       "\"pkg:golang/golang.org/x/net\"}}],"),
			HIT},
		/* one of several is enough; none at all is not */
		{ABOUT("\"products\":[{\"@id\":\"urn:x\"},{\"@id\":\"pkg:oci/app\"}],"), HIT},
		{ABOUT("\"products\":[],"), ""},
		/* what cannot be read means nothing */
		{ABOUT(PRODUCT("pkg:golang/%zz")), ""},
		{ABOUT(PRODUCT("pkg:")), ""},
		/* OpenVEX 0.0.1 */
		{"{\"statements\":[{\"vulnerability\":\"CVE-2023-45288\",\"products\":"
		 "[\"pkg:oci/app\"],\"subcomponents\":[\"pkg:golang/golang.org/x/net@v0.17.0\"],"
		 "\"status\":\"not_affected\"}]}",
			HIT},
		{"{\"statements\":[{\"vulnerability\":\"CVE-2023-45288\",\"products\":"
		 "[\"pkg:oci/app\"],\"subcomponents\":[\"pkg:golang/stdlib\"],"
		 "\"status\":\"not_affected\"}]}",
			""},
	};
	AUTO_SCAN_REPORT *r = sample_new();

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF got = {.len = 0};

		apply(r, rows[i].text, &got);
		CHECKF(strcmp(rf_buf_cstr(&got), rows[i].want) == 0, "%s: \"%s\"", rows[i].text,
			rf_buf_cstr(&got));
	}
}

static void a_package_of_a_distribution_is_named_with_its_qualifiers(void)
{
	AUTO_SCAN_REPORT *r = sample_new();

#define OPENSSL(purl) OPENVEX(STATEMENT("CVE-2024-0727", PRODUCT(purl), "not_affected"))
	check(r, OPENSSL("pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12"),
		"CVE-2024-0727@/var/lib/dpkg/status");
	check(r, OPENSSL("pkg:deb/debian/libssl3@3.0.11-1~deb12u1"),
		"CVE-2024-0727@/var/lib/dpkg/status");
	check(r, OPENSSL("pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=arm64"), "");
	check(r, OPENSSL("pkg:deb/ubuntu/libssl3@3.0.11-1~deb12u1"), "");
	check(r, OPENSSL("pkg:deb/debian/libssl3@3.0.11-1~deb12u1?distro=debian-11"), "");
}

#define CDX(metadata, components, vulnerabilities)                       \
	"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"," metadata \
	"\"components\":[" components "],\"vulnerabilities\":[" vulnerabilities "]}"
#define CDX_VULN(state, ref)                                                 \
	"{\"id\":\"CVE-2023-45288\",\"analysis\":{\"state\":\"" state "\"}," \
	"\"affects\":[{\"ref\":\"" ref "\"}]}"
#define CDX_NET \
	"{\"bom-ref\":\"n1\",\"name\":\"net\",\"purl\":\"pkg:golang/golang.org/x/net@v0.17.0\"}"

static void cyclonedx_statements_are_resolved_by_reference(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{CDX("", CDX_NET, CDX_VULN("not_affected", "n1")), HIT},
		{CDX("", CDX_NET, CDX_VULN("false_positive", "n1")), HIT},
		{CDX("", CDX_NET, CDX_VULN("resolved", "n1")), HIT},
		{CDX("", CDX_NET, CDX_VULN("resolved_with_pedigree", "n1")), HIT},
		{CDX("", CDX_NET, CDX_VULN("exploitable", "n1")), ""},
		{CDX("", CDX_NET, CDX_VULN("in_triage", "n1")), ""},
		{CDX("", CDX_NET, CDX_VULN("something_new", "n1")), ""},
		{CDX("", CDX_NET, CDX_VULN("not_affected", "n2")), ""},
		{CDX("", "", CDX_VULN("not_affected", "pkg:golang/golang.org/x/net@v0.17.0")), HIT},
		{CDX("", "",
			 CDX_VULN("not_affected",
				 "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg:golang/"
				 "golang.org/x/net@v0.17.0")),
			HIT},
		{CDX("", "",
			 CDX_VULN("not_affected",
				 "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#n1")),
			""},
		/* in another component */
		{CDX("", "{\"name\":\"outer\",\"components\":[" CDX_NET "]}",
			 CDX_VULN("not_affected", "n1")),
			HIT},
		/* a name alone names no package */
		{CDX("", "{\"bom-ref\":\"n1\",\"name\":\"golang.org/x/net\"}",
			 CDX_VULN("not_affected", "n1")),
			""},
		/* by another of its names */
		{CDX("", CDX_NET,
			 "{\"id\":\"X-1\",\"references\":[{\"id\":\"GO-2024-2687\"}],\"analysis\":"
			 "{\"state\":\"not_affected\"},\"affects\":[{\"ref\":\"n1\"}]}"),
			HIT},
		/* versions */
		{CDX("", CDX_NET,
			 "{\"id\":\"GO-2024-2687\",\"analysis\":{\"state\":\"not_affected\"},"
			 "\"affects\":[{\"ref\":\"n1\",\"versions\":[{\"version\":\"v0.17.0\"}]}]"
			 "}"),
			HIT},
		{CDX("", CDX_NET,
			 "{\"id\":\"GO-2024-2687\",\"analysis\":{\"state\":\"not_affected\"},"
			 "\"affects\":[{\"ref\":\"n1\",\"versions\":[{\"version\":\"v0.16.0\"}]}]"
			 "}"),
			""},
		{CDX("", CDX_NET,
			 "{\"id\":\"GO-2024-2687\",\"analysis\":{\"state\":\"not_affected\"},"
			 "\"affects\":[{\"ref\":\"n1\",\"versions\":[{\"range\":\"vers:x/*\"}]}]}"),
			""},
		/* without an analysis it is a list of what is known, not a statement */
		{CDX("", CDX_NET, "{\"id\":\"GO-2024-2687\",\"affects\":[{\"ref\":\"n1\"}]}"), ""},
	};
	AUTO_SCAN_REPORT *r = sample_new();

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF got = {.len = 0};

		apply(r, rows[i].text, &got);
		CHECKF(strcmp(rf_buf_cstr(&got), rows[i].want) == 0, "%s: \"%s\"", rows[i].text,
			rf_buf_cstr(&got));
	}
}

static void a_cyclonedx_document_about_another_product_is_left_out(void)
{
#define SUBJECT(fields) \
	CDX("\"metadata\":{\"component\":{" fields "}},", CDX_NET, CDX_VULN("not_affected", "n1"))
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};

	check(r, SUBJECT("\"name\":\"registry.example/shop/App:1.2\""), HIT);
	check(r, SUBJECT("\"name\":\"app\",\"purl\":\"pkg:oci/app\""), HIT);
	check(r, SUBJECT("\"name\":\"m\",\"purl\":\"pkg:golang/example.com/shop/app@v1.4.0\""),
		HIT);
	check(r, SUBJECT("\"name\":\"another\""), "");
	check(r, SUBJECT("\"name\":\"app\",\"purl\":\"pkg:oci/another\""), "");
	CHECK_INT(vex_apply(r, rf_str_of(SUBJECT("\"name\":\"another\"")), "v.json", &diags, NULL),
		RF_OK);
	REQUIRE(diags.list.count == 1);
	CHECK(diags.list.items[0].severity == RF_NOTE);
	CHECK(strstr(diags.list.items[0].msg, "another product"));
}

static void what_is_no_vex_document_is_an_error_with_its_place(void)
{
	static const struct {
		const char *text;
		unsigned line, col;
		const char *msg;
	} rows[] = {
		{"{}", 1, 1, "neither OpenVEX"},
		{"[]", 1, 1, "neither OpenVEX"},
		{"{\"statements\":1}", 1, 15, "expected a list"},
		{"{\"statements\":[\n 7]}", 2, 2, "expected a statement"},
		{"{\"statements\":[{\"vulnerability\":\"x\",\n\"status\":\"no\"}]}", 2, 1,
			"expected not_affected"},
		{"{\"statements\":[{\"status\":\"fixed\"}]}", 1, 16, "without the name"},
		{"{\"statements\":[{\"vulnerability\":\"x\",\"status\":\"fixed\",\"timestamp\":"
		 "\"x\"}]}",
			1, 54, "expected a time"},
		{"{\"statements\":[{\"vulnerability\":\"x\",\"status\":\"fixed\",\"products\":[1]}]"
		 "}",
			1, 66, "expected a product"},
		{"{\"bomFormat\":\"CycloneDX\",\"components\":[3]}", 1, 40, "expected a component"},
		{"{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":{}}", 1, 44, "expected a list"},
		{"{", 0, 0, ""},
		{"", 0, 0, ""},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_SCAN_REPORT *r = sample_new();
		AUTO_DIAGS diags = {.error_count = 0};
		int rc = vex_apply(r, rf_str_of(rows[i].text), "v.json", &diags, NULL);
		const struct rf_diag *diag = diags.list.items;

		CHECKF(rc == RF_EINPUT && diags.error_count == 1, "%s: %d", rows[i].text, rc);
		if (!rows[i].line || !diag)
			continue;
		CHECKF(strstr(diag->msg, rows[i].msg), "%s: %s", rows[i].text, diag->msg);
		CHECKF(diag->pos.line == rows[i].line && diag->pos.col == rows[i].col, "%s: %u:%u",
			rows[i].text, diag->pos.line, diag->pos.col);
	}
}

static void components_in_components_are_bounded(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_BUF text = {.len = 0};
	int rc;

	/* The tree itself ends at 64 levels of any kind, and ours come first. */
	rf_buf_add_c(&text, "{\"bomFormat\":\"CycloneDX\"");
	for (int i = 0; i < 40; i++)
		rf_buf_add_c(&text, ",\"components\":[{\"name\":\"x\"");
	for (int i = 0; i < 40; i++)
		rf_buf_add_c(&text, "}]");
	rf_buf_add_c(&text, "}");
	rc = vex_apply(r, rf_buf_str(&text), "v.json", &diags, NULL);
	CHECKF(rc == RF_EINPUT || rc == RF_ELIMIT, "%d", rc);
	CHECK(diags.error_count > 0);
}

static void statements_are_counted(void)
{
	AUTO_SCAN_REPORT *r = sample_new();
	AUTO_DIAGS diags = {.error_count = 0};
	struct vex_count count;

	/* An absent finding did not count before; a suppressed one keeps its reason. */
	CHECK_INT(vex_apply(r,
			  rf_str_of(OPENVEX(STATEMENT("GO-2024-2687", "", "fixed") "," STATEMENT(
				  "GO-2023-2102", "", "fixed") "," STATEMENT("CVE-2023-5678", "",
				  "fixed"))),
			  "v.json", &diags, &count),
		RF_OK);
	CHECK_INT(count.statements, 3);
	CHECK_INT(count.suppressed, 1);
	CHECK_STR(r->findings[4].suppressed.ptr, "ignored until 2027-01-31: not reachable");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(what_we_write_as_openvex_suppresses_what_is_absent_everywhere);
	RUN(what_we_write_as_cyclonedx_suppresses_exactly_what_is_absent);
	RUN(our_statements_say_nothing_about_another_image);
	RUN(directories_and_strange_paths_go_round_too);
	RUN(a_statement_matches_by_id_and_by_alias);
	RUN(a_statement_about_one_of_several_cves_says_nothing_of_the_others);
	RUN(only_not_affected_and_fixed_suppress);
	RUN(the_reason_is_kept);
	RUN(the_last_statement_counts);
	RUN(a_statement_is_about_the_products_that_it_names);
	RUN(a_package_of_a_distribution_is_named_with_its_qualifiers);
	RUN(cyclonedx_statements_are_resolved_by_reference);
	RUN(a_cyclonedx_document_about_another_product_is_left_out);
	RUN(what_is_no_vex_document_is_an_error_with_its_place);
	RUN(components_in_components_are_bounded);
	RUN(statements_are_counted);
	return TAP_END();
}
