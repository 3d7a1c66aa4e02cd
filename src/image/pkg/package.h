/*
 * Packages, as whatever installed or locked them wrote down: what the readers of this folder yield
 * and what is matched with advisories. A reader takes all bytes of one file and calls a sink once
 * a package; it does no I/O and keeps nothing. Input is hostile: every reader is bounded, says
 * RF_EINPUT with what is wrong, and has yielded what came before.
 */
#ifndef RF_IMAGE_PKG_PACKAGE_H
#define RF_IMAGE_PKG_PACKAGE_H

#include "base/err.h"
#include "base/str.h"

#define PKG_MAX_COUNT	  100000 /* packages of one file */
#define PKG_MAX_NAME	  1024	 /* bytes of a name or version; a longer one is left out */
#define PKG_MAX_FILE_SIZE ((size_t)256 << 20)

enum pkg_type {
	PKG_DPKG,
	PKG_APK,
	PKG_RPM,
	PKG_GO,
	PKG_NPM,
	PKG_PYPI,
	PKG_CARGO,
	PKG_MAVEN,
	PKG_TYPE_COUNT,
};

/*
 * Views live until the sink returns. Absent ones are empty. None is longer than PKG_MAX_NAME or
 * holds control characters: a package whose name or version would is left out.
 */
struct pkg {
	enum pkg_type type;
	/* Maven: "group:artifact", the artifact alone where nobody says the group; PyPI: as PEP 503
	 * normalises it */
	struct rf_str name;
	/* As advisories write it; rpm: "epoch:version-release", without an epoch of 0. Empty where
	 * the file does not say (a Go module replaced by a directory, Maven's managed versions). */
	struct rf_str version;
	struct rf_str arch;
	/* What advisories are filed under, where that differs (dpkg Source:, apk o:, rpm SOURCERPM)
	 */
	struct rf_str source;
	struct rf_str
		source_version; /* dpkg: also without binNMU suffix; rpm: epoch as the binary's */
	struct rf_str license;	/* as written */
	struct rf_str checksum; /* "h1:..." (go.sum), "sha512-..." (npm), ... */
};

struct pkg_sink {
	/* 0 or RF_E*, which ends the reading and is passed on. */
	int (*add)(void *ctx, const struct pkg *pkg, struct rf_err *err);
	void *ctx;
	/* Bytes that all readings together may still unpack (jars); counts down. NULL: each has its
	 * own bound only. */
	uint64_t *unpack_left;
};

/* What a distribution is called in advisories. Sizes are bytes with the NUL. */
struct pkg_os {
	char id[64];	  /* "debian", "alpine", "almalinux"; ID= */
	char version[64]; /* VERSION_ID= */
	char pretty[128]; /* PRETTY_NAME= */
	/* OSV's: "Debian:12", "Debian:sid", "Alpine:v3.18", "Ubuntu:22.04:LTS", "AlmaLinux:9", ...;
	 * "" for those without (Red Hat: its advisories are filed under product streams). */
	char ecosystem[128];
};

/* os-release(5). */
int pkg_os_read(struct rf_bytes file, struct pkg_os *ret, struct rf_err *err) RF_MUST_USE;

/*
 * /var/lib/dpkg/status and status.d/NAME of distroless images (not NAME.md5sums): whatever has its
 * files there, so also what is unpacked or half-configured.
 */
int pkg_dpkg_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
/* lib/apk/db/installed */
int pkg_apk_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
/*
 * rpmdb.sqlite, Packages.db (ndb) and Packages (Berkeley DB hash): told by their first bytes. What
 * is still in a write-ahead log beside rpmdb.sqlite is not seen.
 */
int pkg_rpm_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;

/* A reader by the name of a file; see pkg_reader_find(). */
struct pkg_reader {
	const char *name; /* "package-lock.json" */
	int (*read)(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err);
};

/*
 * The reader of lock files and manifests for a path ("app/package-lock.json", "x/go.sum",
 * "requirements.txt", "poetry.lock", "METADATA" of a dist-info, "Cargo.lock", "pom.xml",
 * "pom.properties", "MANIFEST.MF", ...); NULL for other files.
 */
const struct pkg_reader *pkg_reader_find(struct rf_str path);
/*
 * A .jar, .war or .ear: the pom.properties in it, else its manifest, also of jars in it (bounded).
 * An unsound part does not hide the rest: RF_E* comes at the end.
 */
int pkg_jar_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
bool pkg_is_jar(struct rf_str path);

#endif
