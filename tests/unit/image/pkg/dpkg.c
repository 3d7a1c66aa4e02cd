/* What dpkg and apk wrote down. */
#include "tests/unit/image/pkg/pkg_test.h"

static void a_package_counts_when_its_files_are_there(void)
{
	check_reader(pkg_dpkg_read,
		"Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"
		"Package: b\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		"Package: c\nStatus: install ok half-configured\nVersion: 1\n\n"
		"Package: d\nStatus: install ok unpacked\nVersion: 1\n\n"
		"Package: e\nStatus: purge ok not-installed\n\n"
		"Package: f\nStatus: hold ok installed\nVersion: 1\n",
		"a 1 all a 1\nc 1 - c 1\nd 1 - d 1\nf 1 - f 1\n");
}

static void a_stanza_without_a_status_is_installed(void)
{
	check_reader(pkg_dpkg_read,
		"Package: base-files\nVersion: 12.4+deb12u1\nArchitecture: amd64\n",
		"base-files 12.4+deb12u1 amd64 base-files 12.4+deb12u1\n");
}

static void advisories_are_looked_up_by_the_source(void)
{
	check_reader(pkg_dpkg_read,
		"Package: libc6\nSource: glibc\nVersion: 2.36-9\n\n"
		"Package: x\nSource: gcc-defaults (1.203)\nVersion: 4:12.2.0-3\n\n"
		"Package: y\nVersion: 1:2-3+b12\n\n"
		"Package: z\nSource: zz\nVersion: 1+b\n\n",
		"libc6 2.36-9 - glibc 2.36-9\nx 4:12.2.0-3 - gcc-defaults 1.203\n"
		"y 1:2-3+b12 - y 1:2-3\nz 1+b - zz 1+b\n");
}

static void continued_lines_are_no_fields(void)
{
	check_reader(pkg_dpkg_read,
		"Package: a\nDescription: x\n Version: 9\n\tPackage: b\nVersion: 1\n\n\n\n"
		"Conffiles:\n /etc/x 123\n",
		"a 1 - a 1\n");
}

static void what_no_report_should_hold_is_left_out(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};

	rf_buf_add_c(&file, "Package: a\x1b[31m\nVersion: 1\n\nPackage: long\nVersion: ");
	for (int i = 0; i <= PKG_MAX_NAME; i++)
		rf_buf_add_char(&file, '1');
	rf_buf_add_c(&file, "\n\nPackage: b\nVersion: 1\nArchitecture: x\x7f\n");
	CHECK_INT(test_read(pkg_dpkg_read, test_buf_bytes(&file), &out), RF_OK);
	CHECK_STR(rf_buf_cstr(&out), "b 1 - b 1\n");
}

static void packages_are_counted(void)
{
	AUTO_BUF file = {.len = 0};
	AUTO_BUF out = {.len = 0};

	for (int i = 0; i <= PKG_MAX_COUNT; i++)
		rf_buf_add_c(&file, "P:a\nV:1\n\n");
	CHECK_INT(test_read(pkg_apk_read, test_buf_bytes(&file), &out), RF_ELIMIT);
	CHECK_INT(test_count, PKG_MAX_COUNT);
}

static void the_sink_can_end_the_reading(void)
{
	AUTO_BUF out = {.len = 0};

	test_stop_after = 2;
	CHECK_INT(test_read(pkg_apk_read, test_bytes("P:a\n\nP:b\n\nP:c\n"), &out), RF_EDENIED);
	test_stop_after = 0;
	CHECK_STR(rf_buf_cstr(&out), "a - - a\nb - - b\n");
	CHECK_STR(err.msg, "enough");
}

static void apk_packages_have_an_origin(void)
{
	check_reader(pkg_apk_read,
		"C:Q1abc=\nP:libcrypto3\nV:3.1.4-r1\nA:x86_64\nS:1\nL:Apache-2.0\no:openssl\n"
		"F:lib\nR:libcrypto.so.3\na:0:0:755\nZ:Q1xyz=\n\nC:Q1d=\nP:musl\nV:1.2.4-r2\n"
		"A:x86_64\n\n",
		"libcrypto3 3.1.4-r1 x86_64 openssl 3.1.4-r1 Q1abc=\n"
		"musl 1.2.4-r2 x86_64 musl 1.2.4-r2 Q1d=\n");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_package_counts_when_its_files_are_there);
	RUN(a_stanza_without_a_status_is_installed);
	RUN(advisories_are_looked_up_by_the_source);
	RUN(continued_lines_are_no_fields);
	RUN(what_no_report_should_hold_is_left_out);
	RUN(packages_are_counted);
	RUN(the_sink_can_end_the_reading);
	RUN(apk_packages_have_an_origin);
	return TAP_END();
}
