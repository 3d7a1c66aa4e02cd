/*
 * What mends a finding: one row a kind of package. Commands are offered for copying, so names and
 * versions from the image and the database may only hold what no shell takes for more than a word.
 */
#include "image/report/report_int.h"

/* %N is the name, %V the version that fixes it, %R the Go module that the name replaces. */
struct advice {
	const char *fixed;   /* with a version */
	const char *unfixed; /* nothing fixes it yet */
};

static const struct advice of_type[PKG_TYPE_COUNT] = {
	[PKG_DPKG] = {"RUN apt-get update && apt-get install -y --only-upgrade %N (%V or later), "
		      "or rebuild FROM an updated base",
		"no fixed package yet: take %N out if it is not needed"},
	[PKG_APK] = {"RUN apk upgrade --no-cache %N (%V or later), or rebuild FROM an updated base",
		"no fixed package yet: take %N out if it is not needed"},
	[PKG_RPM] = {"RUN dnf upgrade -y %N (%V or later), or rebuild FROM an updated base",
		"no fixed package yet: take %N out if it is not needed"},
	[PKG_GO] = {"go get %N@v%V && go mod tidy", "no fixed version of %N yet"},
	[PKG_NPM] = {"npm install %N@%V", "no fixed version of %N yet"},
	[PKG_PYPI] = {"pip install '%N>=%V'", "no fixed version of %N yet"},
	[PKG_CARGO] = {"cargo update -p %N --precise %V", "no fixed version of %N yet"},
	[PKG_MAVEN] = {"set the version of %N to %V in pom.xml", "no fixed version of %N yet"},
};

static const struct advice of_stdlib = {
	"build with Go %V or later (FROM golang:%V)", "no Go release fixes it yet"};
static const struct advice of_main = {
	"build it from %N v%V or later", "no fixed version of %N yet"};
static const struct advice of_replaced = {
	"go mod edit -replace %R=%N@v%V && go mod tidy", "no fixed version of %N yet"};
/* A name or version that is fit for no command. */
static const struct advice of_strange = {
	"update the package to a fixed version", "no fixed version yet"};

static bool is_word(struct rf_str text)
{
	if (text.len == 0 || text.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c && strchr("._+:/@^-", c)) ||
			     (c == '~' && i > 0);

		if (!plain)
			return false;
	}
	return true;
}

/* "v1.2.3" and "go1.2.3" are 1.2.3 */
static struct rf_str bare_version(enum pkg_type type, struct rf_str version)
{
	if (type != PKG_GO)
		return version;
	if (rf_str_starts(version, RF_STR("go")))
		return (struct rf_str){version.ptr + 2, version.len - 2};
	if (rf_str_starts(version, RF_STR("v")))
		return (struct rf_str){version.ptr + 1, version.len - 1};
	return version;
}

static const struct advice *advice_of(const struct scan_package *p)
{
	if (p->type >= PKG_TYPE_COUNT || !is_word(p->name) ||
		(p->replaces.len && !is_word(p->replaces)))
		return &of_strange;
	if (p->role == SCAN_PACKAGE_STDLIB)
		return &of_stdlib;
	if (p->role == SCAN_PACKAGE_MAIN)
		return &of_main;
	if (p->type == PKG_GO && p->replaces.len)
		return &of_replaced;
	return &of_type[p->type];
}

void report_advice_for(const struct scan_package *p, struct rf_str fixed, struct rf_buf *out)
{
	const struct advice *advice = advice_of(p);
	struct rf_str version = bare_version(p->type, fixed);
	const char *text = fixed.len ? advice->fixed : advice->unfixed;

	if (fixed.len && !is_word(version))
		text = of_strange.fixed;
	for (; *text; text++) {
		if (text[0] != '%') {
			rf_buf_add_char(out, text[0]);
			continue;
		}
		text++;
		rf_buf_add_str(out, *text == 'N' ? p->name : *text == 'V' ? version : p->replaces);
	}
}

void report_advice(const struct scan_report *r, const struct scan_finding *f, struct rf_buf *out)
{
	report_advice_for(
		report_package(r, f), f->fixed.count ? f->fixed.items[0] : RF_STR(""), out);
}
