/*
 * Versions, ordered as each packaging system orders them. Pure; no allocation.
 *
 * Sources: Go, npm, crates: semver.org 2.0 (Go: leading "v" or "go" optional, +incompatible and
 * other build metadata ignored, "go1.21rc2" is 1.21.0-rc.2; in all of them OSV's "0" comes before
 * everything); Debian: deb-version(7); Alpine: apk-tools version.c; RPM: rpmvercmp with `~` and
 * `^`, no release before any release; PyPI: PEP 440; Maven: ComparableVersion, but for pairs where
 * that is no order (version_maven.c).
 */
#ifndef RF_IMAGE_VULN_VERSION_H
#define RF_IMAGE_VULN_VERSION_H

#include "base/err.h"
#include "base/str.h"

#define VULN_VERSION_MAX 512 /* bytes of one version */

enum vuln_scheme {
	VULN_SCHEME_GO,
	VULN_SCHEME_SEMVER,
	VULN_SCHEME_DEBIAN,
	VULN_SCHEME_ALPINE,
	VULN_SCHEME_RPM,
	VULN_SCHEME_NPM,
	VULN_SCHEME_PYPI,
	VULN_SCHEME_MAVEN,
	VULN_SCHEME_CRATES,
};

/*
 * The scheme of an OSV ecosystem ("Go", "Debian:12", "Alpine:v3.18", "Ubuntu:22.04:LTS",
 * "AlmaLinux:9", "crates.io", ...), also in lower case and by the short names "rpm", "semver",
 * "crates", "apk", "dpkg", "deb". False: an ecosystem whose versions are not known here.
 */
bool vuln_scheme_find(struct rf_str ecosystem, enum vuln_scheme *ret) RF_MUST_USE;
const char *vuln_scheme_name(enum vuln_scheme scheme);

/* True when text is a version of the scheme at all. */
bool vuln_version_valid(enum vuln_scheme scheme, struct rf_str text);

/*
 * *ret is -1, 0 or 1. RF_EINPUT, naming the text, when one is no version of the scheme. It is a
 * total order on valid versions: antisymmetric and transitive.
 */
int vuln_version_compare(enum vuln_scheme scheme, struct rf_str a, struct rf_str b, int *ret,
	struct rf_err *err) RF_MUST_USE;

#endif
