/* Package URLs, most of them as in the specification's own examples. */
#include "tests/lib/tap.h"

#include "image/pkg/purl.h"

struct row {
	enum pkg_type type;
	const char *os_id, *os_version, *name, *version, *arch, *want;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		AUTO_BUF out = {.len = 0};

		pkg_purl(row->type, rf_str_of(row->os_id), rf_str_of(row->os_version),
			rf_str_of(row->name), rf_str_of(row->version), rf_str_of(row->arch), &out);
		CHECK_STR(rf_buf_cstr(&out), row->want);
	}
}

static void packages_of_a_distribution_say_which(void)
{
	static const struct row rows[] = {
		{PKG_DPKG, "debian", "12", "curl", "7.50.3-1", "i386",
			"pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=debian-12"},
		{PKG_DPKG, "debian", "12", "libstdc++6", "1:2.0~rc1+b2", "amd64",
			"pkg:deb/debian/libstdc%2B%2B6@1:2.0~rc1%2Bb2?arch=amd64&distro=debian-12"},
		{PKG_APK, "alpine", "3.18.4", "curl", "8.4.0-r0", "x86_64",
			"pkg:apk/alpine/curl@8.4.0-r0?arch=x86_64&distro=alpine-3.18.4"},
		{PKG_RPM, "fedora", "25", "curl", "7.50.3-1.fc25", "i386",
			"pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25"},
		{PKG_RPM, "almalinux", "9.4", "NetworkManager", "1:1.46.0-1.el9", "x86_64",
			"pkg:rpm/almalinux/NetworkManager@1.46.0-1.el9"
			"?arch=x86_64&distro=almalinux-9.4&epoch=1"},
		{PKG_RPM, "rhel", "9.4", "zlib", "1-2", "noarch",
			"pkg:rpm/redhat/zlib@1-2?arch=noarch&distro=rhel-9.4"},
		{PKG_RPM, "opensuse-leap", "15.5", "zlib", "1-2", "",
			"pkg:rpm/opensuse/zlib@1-2?distro=opensuse-leap-15.5"},
		{PKG_DPKG, "", "", "a", "1", "", "pkg:deb/a@1"},
	};

	check_rows(rows, RF_ARRAY_LEN(rows));
}

static void names_fall_apart_as_their_type_says(void)
{
	static const struct row rows[] = {
		{PKG_GO, "debian", "12", "github.com/Masterminds/semver/v3", "v3.2.1", "amd64",
			"pkg:golang/github.com/masterminds/semver/v3@v3.2.1"},
		{PKG_GO, "", "", "stdlib", "1.21.0", "", "pkg:golang/stdlib@1.21.0"},
		{PKG_GO, "", "", "a.b/c", "v2.0.0+incompatible", "",
			"pkg:golang/a.b/c@v2.0.0%2Bincompatible"},
		{PKG_NPM, "", "", "@angular/animation", "12.3.1", "",
			"pkg:npm/%40angular/animation@12.3.1"},
		{PKG_NPM, "", "", "foobar", "12.3.1", "", "pkg:npm/foobar@12.3.1"},
		{PKG_PYPI, "", "", "Django_allauth", "12.23", "", "pkg:pypi/django-allauth@12.23"},
		{PKG_CARGO, "", "", "rand", "0.7.2", "", "pkg:cargo/rand@0.7.2"},
		{PKG_MAVEN, "", "", "org.apache.xmlgraphics:batik-anim", "1.9.1", "",
			"pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1"},
		{PKG_MAVEN, "", "", "artifact-alone", "1", "", "pkg:maven/artifact-alone@1"},
	};

	check_rows(rows, RF_ARRAY_LEN(rows));
}

static void what_could_be_mistaken_for_syntax_is_encoded(void)
{
	static const struct row rows[] = {
		{PKG_NPM, "", "", "a?b#c", "1@2/3 4%", "", "pkg:npm/a%3Fb%23c@1%402%2F3%204%25"},
		{PKG_DPKG, "a/b", "1&x=y", "n", "", "\xff",
			"pkg:deb/a%2Fb/n?arch=%FF&distro=a%2Fb-1%26x%3Dy"},
		{PKG_MAVEN, "", "", "a/b:c", "", "", "pkg:maven/a%2Fb/c"},
		{PKG_GO, "", "", "//x//y", "", "", "pkg:golang/x/y"},
		{PKG_RPM, "", "", "n", "x:1", "", "pkg:rpm/n@x:1"},
	};

	check_rows(rows, RF_ARRAY_LEN(rows));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(packages_of_a_distribution_say_which);
	RUN(names_fall_apart_as_their_type_says);
	RUN(what_could_be_mistaken_for_syntax_is_encoded);
	return TAP_END();
}
