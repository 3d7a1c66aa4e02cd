/*
 * Package URLs: one text that names a package in every SBOM and VEX (github.com/package-url/
 * purl-spec, PURL-SPECIFICATION and the definitions of its types). Pure.
 */
#ifndef RF_IMAGE_PKG_PURL_H
#define RF_IMAGE_PKG_PURL_H

#include "base/buf.h"
#include "image/pkg/package.h"

/*
 * Appends "pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12". os_id and os_version are
 * those of struct pkg_os and count for dpkg, apk and rpm only; like version and arch they may be
 * empty. Maven's name is "group:artifact", npm's may be "@scope/name", Go's is the module path. An
 * rpm's "epoch:" becomes a qualifier.
 */
void pkg_purl(enum pkg_type type, struct rf_str os_id, struct rf_str os_version, struct rf_str name,
	struct rf_str version, struct rf_str arch, struct rf_buf *out);

#endif
