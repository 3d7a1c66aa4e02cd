/* Lock files, manifests and the metadata of installed packages, found by their names. */
#include "tests/unit/image/pkg/pkg_test.h"

static void check_file(const char *path, const char *file, const char *want)
{
	const struct pkg_reader *reader = pkg_reader_find(rf_str_of(path));

	CHECKF(reader, "no reader for %s", path);
	if (reader)
		check_reader(reader->read, file, want);
}

static void readers_are_found_by_name_and_place(void)
{
	static const struct {
		const char *path, *reader;
	} rows[] = {
		{"go.sum", "go.sum"},
		{"app/go.mod", "go.mod"},
		{"app/package-lock.json", "package-lock.json"},
		{"app/node_modules/.package-lock.json", "package-lock.json"},
		{"app/node_modules/a/package.json", "package.json"},
		{"app/node_modules/@s/a/package.json", "package.json"},
		{"node_modules/a/node_modules/b/package.json", "package.json"},
		{"app/package.json", NULL},
		{"app/node_modules/a/test/package.json", NULL},
		{"app/node_modules/package.json", NULL},
		{"requirements.txt", "requirements.txt"},
		{"requirements-dev.txt", "requirements.txt"},
		{"my-requirements.txt", NULL},
		{"x/flask-2.0.dist-info/METADATA", "METADATA"},
		{"x/METADATA", NULL},
		{"x/foo.egg-info/PKG-INFO", "PKG-INFO"},
		{"x/foo.egg/EGG-INFO/PKG-INFO", "PKG-INFO"},
		{"x/foo.egg-info", "egg-info"},
		{"Cargo.lock", "Cargo.lock"},
		{"a/uv.lock", "uv.lock"},
		{"a/pom.xml", "pom.xml"},
		{"META-INF/maven/g/a/pom.properties", "pom.properties"},
		{"META-INF/MANIFEST.MF", "MANIFEST.MF"},
		{"MANIFEST.MF", NULL},
		{"", NULL},
		{"/", NULL},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		const struct pkg_reader *reader = pkg_reader_find(rf_str_of(rows[i].path));

		CHECK_STR(reader ? reader->name : "none", rows[i].reader ? rows[i].reader : "none");
	}
}

static void go_modules_are_what_they_are_replaced_by(void)
{
	check_file("go.mod",
		"module example.org/m // comment\n\ngo 1.21\n\nrequire one.org/a v1.0.0\n"
		"require (\n\ttwo.org/b v2.0.0+incompatible // indirect\n\t\"three.org/c\" v3.0.0\n"
		"\tfour.org/d v4.0.0\n\tfive.org/e v5.0.0\n)\nexclude one.org/a v0.9.0\n"
		"replace three.org/c => fork.org/c v3.1.0\n"
		"replace (\n\tfour.org/d => ../d\n\tfive.org/e v5.0.0 => fork.org/e v5.1.0\n"
		"\tfive.org/e => fork.org/all v1.0.0\n\tone.org/a v1.0.1 => x.org/x v1.0.0\n)\n",
		"one.org/a v1.0.0\ntwo.org/b v2.0.0+incompatible\nfork.org/c v3.1.0\n"
		"four.org/d -\nfork.org/e v5.1.0\n");
}

static void go_sums_of_code_count_and_those_of_go_mod_files_do_not(void)
{
	check_file("go.sum",
		"a.org/b v1.0.0 h1:abc=\na.org/b v1.0.0/go.mod h1:def=\na.org/c v2.0.0/go.mod "
		"h1:x=\n",
		"a.org/b v1.0.0 - - - h1:abc=\n");
}

static void npm_lock_files_of_version_3_are_keyed_by_paths(void)
{
	check_file("package-lock.json",
		"{\"name\":\"x\",\"version\":\"9\",\"lockfileVersion\":3,\"packages\":{"
		"\"\":{\"name\":\"x\",\"version\":\"9\"},"
		"\"node_modules/a\":{\"version\":\"1.0.0\",\"integrity\":\"sha512-q\"},"
		"\"node_modules/a/node_modules/@s/b\":{\"version\":\"2.0.0\"},"
		"\"node_modules/alias\":{\"name\":\"real\",\"version\":\"3.0.0\"},"
		"\"node_modules/w\":{\"resolved\":\"w\",\"link\":true},"
		"\"w\":{\"version\":\"4.0.0\"}},\"dependencies\":{\"z\":{\"version\":\"1\"}}}",
		"a 1.0.0 - - - sha512-q\n@s/b 2.0.0\nreal 3.0.0\n");
}

static void npm_lock_files_of_version_1_are_trees(void)
{
	check_file("npm-shrinkwrap.json",
		"{\"dependencies\":{\"a\":{\"version\":\"1.0.0\",\"dependencies\":{"
		"\"b\":{\"version\":\"npm:@s/real@2.0.0\"}}},\"c\":{\"version\":\"git+ssh://x#1\"},"
		"\"d\":{\"version\":\"4.0.0\",\"integrity\":\"sha1-x\"}}}",
		"@s/real 2.0.0\na 1.0.0\nc -\nd 4.0.0 - - - sha1-x\n");
}

static void installed_npm_packages_name_themselves(void)
{
	check_file("node_modules/a/package.json", "{\"name\":\"@s/a\",\"version\":\"1.2.3\"}",
		"@s/a 1.2.3\n");
	check_file("node_modules/a/package.json", "{\"type\":\"module\"}", "");
}

static void broken_json_is_refused_with_its_line(void)
{
	AUTO_BUF out = {.len = 0};
	const struct pkg_reader *reader = pkg_reader_find(RF_STR("Pipfile.lock"));

	REQUIRE(reader);
	CHECK_INT(test_read(reader->read, test_bytes("{\n\"default\": }"), &out), RF_EINPUT);
	CHECK(strstr(err.msg, "line 2"));
	check_file("package-lock.json", "[1]", "");
	check_file("package-lock.json", "{\"packages\":[],\"dependencies\":7}", "");
}

static void json_may_be_written_in_many_ways(void)
{
	check_file("package-lock.json",
		"\xef\xbb\xbf { \"a\" : [ [ ] , { } , { \"b\" : [ 1 , -2.5e+3 , \"]}\" ] } , null "
		"] ,\n"
		"\t\"p\\u0061ckages\" : { \"node_modules/\\u0061\" : { \"license\" : { \"type\" : "
		"\"MIT\" } ,"
		" \"version\" : \"1\\u002e0\" , \"link\" : false } ,\r\n"
		" \"node_modules/b\" : { \"version\" : 7 } , \"node_modules/c\" : \"x\" } } \n",
		"a 1.0\nb -\nc -\n");
	check_file("node_modules/a/package.json",
		"{ \"version\" : \"1\\\"\\\\\", \"name\" : \"\\u00e9\" }", "\xc3\xa9 1\"\\\n");
	check_file("Pipfile.lock",
		"{\"_meta\":{\"default\":{\"x\":{\"version\":\"==1\"}}},\"default\":{\"A.b\":{"
		"\"hashes\":[\"h\"],"
		"\"version\":\"==1.0\"},\"c\":{\"version\":\"*\"}},\"develop\":{\"d\":{\"version\":"
		"\"==2\"}}}",
		"a-b 1.0\nd 2\n");
}

static void check_refused(const char *path, const char *file, const char *want)
{
	const struct pkg_reader *reader = pkg_reader_find(rf_str_of(path));
	AUTO_BUF out = {.len = 0};

	REQUIRE(reader);
	CHECK_INT(test_read(reader->read, test_bytes(file), &out), RF_EINPUT);
	CHECKF(strstr(err.msg, want), "%s: \"%s\"", file, err.msg);
	CHECK_STR(rf_buf_cstr(&out), "");
}

/* A sound package comes first in each: nothing is yielded of a file that is not sound. */
static void json_that_is_unsound_anywhere_yields_nothing(void)
{
	static const struct {
		const char *rest, *want;
	} rows[] = {
		{"", "',' or '}'"},
		{"}", "',' or '}'"},
		{"}} x", "follows"},
		{"},\"x\":[1 2]}", "',' or a closing"},
		{"},\"x\":[1}}", "',' or a closing"},
		{"},\"x\":{\"y\":[}}", "a value"},
		{"},\"x\":{\"y\" 1}}", "':'"},
		{"},\"x\":{y:1}}", "a key"},
		{"},\"x\":{\"y\":1,}}", "a key"},
		{"},\"x\":yes}", "a value"},
		{"},\"x\":\"a\nb\"}", "without an end"},
		{"},\"x\":\"", "without an end"},
		{"},\"x\":\"\\", "without an end"},
		{"},}", "a key"},
		{"},\"packages\":{}}", "twice"},
		{",\"\\q\":1}}", "escapes"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF file = {.len = 0};

		rf_buf_addf(&file, "{\"packages\":{\"node_modules/a\":{\"version\":\"1\"}%s",
			rows[i].rest);
		check_refused("package-lock.json", rf_buf_cstr(&file), rows[i].want);
	}
	check_refused("node_modules/a/package.json",
		"{\"name\":\"a\",\"version\":\"1\",\"version\":\"2\"}", "twice");
	check_refused("package-lock.json", "", "a value");
}

static void json_is_nested_up_to_a_depth(void)
{
	for (int depth = 62; depth < 66; depth++) {
		AUTO_BUF file = {.len = 0};
		const struct pkg_reader *reader = pkg_reader_find(RF_STR("package-lock.json"));
		AUTO_BUF out = {.len = 0};

		rf_buf_add_c(&file, "{\"x\":");
		for (int i = 0; i < depth; i++)
			rf_buf_add_char(&file, '[');
		for (int i = 0; i < depth; i++)
			rf_buf_add_char(&file, ']');
		rf_buf_add_char(&file, '}');
		CHECK_INT(test_read(reader->read, test_bytes(rf_buf_cstr(&file)), &out),
			depth + 1 > 65 ? RF_EINPUT : RF_OK);
	}
}

static void only_pinned_requirements_have_versions(void)
{
	check_file("requirements.txt",
		"# comment\nFlask==2.3.2\nzope.interface[test,x] == 5.0 ; python_version < '3'\n"
		"a>=1\nb==1.*\nc==1,!=2\nd===1.0\n-r other.txt\n-e git+https://x#egg=e==1\n"
		"f==1.0 --hash=sha256:aa\ng==2.0 \\\n    --hash=sha256:bb==1 \\\n"
		"    --hash=sha256:cc\nh==3 # why\r\ni\nj @ https://x/j.whl\n\n",
		"flask 2.3.2\nzope-interface 5.0\nd 1.0\nf 1.0\ng 2.0\nh 3\n");
}

static void python_lock_files_list_packages(void)
{
	check_file("poetry.lock",
		"# generated\n\n[[package]]\nname = \"Zope.Interface\"\nversion = \"5.0\"\n"
		"description = \"\"\"x\n[[package]]\nname = \"no\"\n\"\"\"\nfiles = [\n"
		"    {file = \"name = x\", hash = \"sha256:a\"},\n]\n\n[package.dependencies]\n"
		"name = \"not\"\nversion = \"1\"\n\n[[package]]\nname = 'b'\nversion = '1.0'\n\n"
		"[metadata]\nversion = \"2.0\"\n",
		"zope-interface 5.0\nb 1.0\n");
	check_file("Pipfile.lock",
		"{\"_meta\":{},\"default\":{\"Flask\":{\"version\":\"==2.0\"},\"g\":{\"git\":\"x\"}"
		"},"
		"\"develop\":{\"pytest\":{\"version\":\"==7.0\"}}}",
		"flask 2.0\npytest 7.0\n");
}

static void installed_python_packages_name_themselves(void)
{
	check_file("x/Flask-2.3.2.dist-info/METADATA",
		"Metadata-Version: 2.1\nName: Flask\nVersion: 2.3.2\n\nName: description\n",
		"flask 2.3.2\n");
}

static void crates_have_checksums(void)
{
	check_file("Cargo.lock",
		"version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
		"source = \"registry+https://x\"\nchecksum = \"abc\"\ndependencies = [\n "
		"\"b\",\n]\n\n"
		"[[package]]\nname = \"b\"\nversion = \"0.1.0\"",
		"a 1.0.0 - - - abc\nb 0.1.0\n");
}

static void a_pom_is_resolved_as_far_as_it_goes_by_itself(void)
{
	check_file("pom.xml",
		"<?xml version=\"1.0\"?><!DOCTYPE x><!-- <dependency> --><project a=\"b\">\n"
		"<parent><groupId>org.p</groupId><artifactId>p</artifactId><version>7</version>"
		"</parent><artifactId>me</artifactId>\n<properties><v>1.${w}</v><w>2</w>"
		"<loop>${loop}</loop><empty/></properties>"
		"<dependencyManagement><dependencies><dependency><groupId>g</groupId>"
		"<artifactId>m</artifactId><version>9</version></dependency></dependencies>"
		"</dependencyManagement><dependencies>"
		"<dependency><groupId>g</groupId><artifactId>a</artifactId><version> "
		"${v}\n</version>"
		"<exclusions><exclusion><groupId>no</groupId></exclusion></exclusions></dependency>"
		"<dependency><groupId>${project.groupId}</groupId><artifactId>b</artifactId>"
		"<version>${project.version}</version></dependency>"
		"<dependency><groupId>g</groupId><artifactId>m</artifactId></dependency>"
		"<dependency><groupId>g</groupId><artifactId>t</artifactId><version>1</version>"
		"<scope>test</scope></dependency>"
		"<dependency><groupId>g</groupId><artifactId>l</artifactId><version>${loop}</"
		"version>"
		"</dependency><dependency><groupId>g</groupId><artifactId>r</artifactId>"
		"<version>[1,2)</version></dependency>"
		"<dependency><groupId>g</groupId><artifactId>c</artifactId>"
		"<version><![CDATA[3]]></version></dependency>"
		"</dependencies></project>",
		"org.p:me 7\ng:a 1.2\norg.p:b 7\ng:m 9\ng:l -\ng:r -\ng:c 3\n");
}

static void a_pom_that_expands_without_end_costs_little(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};
	const struct pkg_reader *reader = pkg_reader_find(RF_STR("pom.xml"));

	rf_buf_add_c(
		&file, "<project><artifactId>a</artifactId><version>${p0}</version><properties>");
	for (unsigned i = 0; i < 7; i++) {
		rf_buf_addf(&file, "<p%u>", i);
		for (unsigned n = 0; n < 100; n++)
			rf_buf_addf(&file, "${p%u}", i + 1);
		rf_buf_addf(&file, "</p%u>", i);
	}
	rf_buf_add_c(&file, "<p7></p7></properties></project>");
	REQUIRE(reader);
	CHECK_INT(test_read(reader->read, test_buf_bytes(&file), &out), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "a -\n");
}

static void a_pom_that_is_cut_off_or_nested_is_refused(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};
	const struct pkg_reader *reader = pkg_reader_find(RF_STR("pom.xml"));

	REQUIRE(reader);
	CHECK_INT(test_read(reader->read, test_bytes("<project"), &out), RF_EINPUT);
	CHECK_INT(test_read(reader->read, test_bytes("<a><!-- "), &out), RF_EINPUT);
	for (unsigned i = 0; i < 1000; i++)
		rf_buf_add_c(&file, "<a>");
	CHECK_INT(test_read(reader->read, test_buf_bytes(&file), &out), RF_ELIMIT);
}

static void jars_say_what_they_are(void)
{
	check_file("META-INF/maven/g/a/pom.properties",
		"#Generated\r\nversion=1.0\r\ngroupId=g\r\nartifactId=a\r\n", "g:a 1.0\n");
	check_file("META-INF/MANIFEST.MF",
		"Manifest-Version: 1.0\r\nImplementation-Title: some-art\r\n ifact\r\n"
		"Implementation-Vendor-Id: org.v\r\nImplementation-Version: 3\r\n\r\n"
		"Name: x\r\nImplementation-Version: 4\r\n",
		"org.v:some-artifact 3\n");
	check_file("META-INF/MANIFEST.MF",
		"Implementation-Title: A Title\nBundle-SymbolicName: org.b.c;singleton:=true\n"
		"Bundle-Version: 5\n",
		"org.b.c 5\n");
	check_file("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(readers_are_found_by_name_and_place);
	RUN(go_modules_are_what_they_are_replaced_by);
	RUN(go_sums_of_code_count_and_those_of_go_mod_files_do_not);
	RUN(npm_lock_files_of_version_3_are_keyed_by_paths);
	RUN(npm_lock_files_of_version_1_are_trees);
	RUN(installed_npm_packages_name_themselves);
	RUN(broken_json_is_refused_with_its_line);
	RUN(json_may_be_written_in_many_ways);
	RUN(json_that_is_unsound_anywhere_yields_nothing);
	RUN(json_is_nested_up_to_a_depth);
	RUN(only_pinned_requirements_have_versions);
	RUN(python_lock_files_list_packages);
	RUN(installed_python_packages_name_themselves);
	RUN(crates_have_checksums);
	RUN(a_pom_is_resolved_as_far_as_it_goes_by_itself);
	RUN(a_pom_that_expands_without_end_costs_little);
	RUN(a_pom_that_is_cut_off_or_nested_is_refused);
	RUN(jars_say_what_they_are);
	return TAP_END();
}
