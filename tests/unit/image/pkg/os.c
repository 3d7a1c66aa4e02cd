/* os-release: fields, quoting, and what advisories call a distribution. */
#include "tests/unit/image/pkg/pkg_test.h"

static const char *ecosystem(const char *file)
{
	static struct pkg_os os;

	memset(&os, 0, sizeof(os));
	return pkg_os_read(test_bytes(file), &os, &err) == RF_OK ? os.ecosystem : err.msg;
}

static void fields_are_read_as_a_shell_reads_them(void)
{
	struct pkg_os os;

	REQUIRE(pkg_os_read(test_bytes("# comment\nPRETTY_NAME=\"A \\\"b\\\" c\"\r\n\n"
				       "VERSION_ID='9.4'\nID=almalinux\nID_LIKE=\"rhel\"\n"),
			&os, &err) == RF_OK);
	CHECK_STR(os.id, "almalinux");
	CHECK_STR(os.version, "9.4");
	CHECK_STR(os.pretty, "A \"b\" c");
	CHECK_STR(os.ecosystem, "AlmaLinux:9");
}

static void distributions_are_called_what_advisories_call_them(void)
{
	static const struct {
		const char *file, *want;
	} rows[] = {
		{"ID=debian\nVERSION_ID=\"12\"", "Debian:12"},
		{"ID=debian\nPRETTY_NAME=\"Debian GNU/Linux trixie/sid\"", "Debian:sid"},
		{"ID=ubuntu\nVERSION_ID=\"22.04\"", "Ubuntu:22.04:LTS"},
		{"ID=ubuntu\nVERSION_ID=\"23.04\"", "Ubuntu:23.04"},
		{"ID=ubuntu\nVERSION_ID=\"24.10\"", "Ubuntu:24.10"},
		{"ID=alpine\nVERSION_ID=3.18.4", "Alpine:v3.18"},
		{"ID=alpine\nVERSION_ID=3.20", "Alpine:v3.20"},
		{"ID=alpine\nVERSION_ID=3.20_alpha20240329", "Alpine:edge"},
		{"ID=rocky\nVERSION_ID=9.3", "Rocky Linux:9"},
		{"ID=wolfi\nVERSION_ID=20230201", "Wolfi"},
		{"ID=chainguard\nVERSION_ID=20230214", "Chainguard"},
		{"ID=opensuse-leap\nVERSION_ID=15.5\nPRETTY_NAME=\"openSUSE Leap 15.5\"",
			"openSUSE:Leap 15.5"},
		{"ID=opensuse-tumbleweed\nPRETTY_NAME=\"openSUSE Tumbleweed\"",
			"openSUSE:Tumbleweed"},
		{"ID=sles\nPRETTY_NAME=\"SUSE Linux Enterprise Server 15 SP5\"",
			"SUSE:Linux Enterprise Server 15 SP5"},
		{"ID=photon\nVERSION_ID=4.0", "Photon OS:4.0"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECK_STR(ecosystem(rows[i].file), rows[i].want);
}

static void a_distribution_without_advisories_has_no_ecosystem(void)
{
	CHECK_STR(ecosystem("ID=rhel\nVERSION_ID=9.4"), "");
	CHECK_STR(ecosystem("ID=arch"), "");
	CHECK_STR(ecosystem("ID=almalinux\nVERSION_ID=nine"), "");
	CHECK_STR(ecosystem("ID=alpine"), "");
	CHECK_STR(ecosystem("ID=ubuntu\nVERSION_ID=22"), "");
}

static void what_does_not_fit_is_refused_by_the_name_of_the_field(void)
{
	char file[600] = "ID=debian\nVERSION_ID=";

	memset(file + strlen(file), '1', 200);
	CHECK(strstr(ecosystem(file), "VERSION_ID"));
	CHECK(strstr(ecosystem("ID=\"debian"), "ID"));
	CHECK(strstr(ecosystem("ID=deb\x1b[1m"), "ID"));
	CHECK(strstr(ecosystem("NAME=x"), "no ID="));
	CHECK(strstr(ecosystem(""), "no ID="));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(fields_are_read_as_a_shell_reads_them);
	RUN(distributions_are_called_what_advisories_call_them);
	RUN(a_distribution_without_advisories_has_no_ecosystem);
	RUN(what_does_not_fit_is_refused_by_the_name_of_the_field);
	return TAP_END();
}
