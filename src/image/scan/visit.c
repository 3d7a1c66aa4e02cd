/* What a file is, and who reads it. */
#include <sys/stat.h>

#include "image/go/packed.h"
#include "image/scan/visit_file_int.h"

#define ELF_MIN_GO ((uint64_t)64 << 10) /* no Go program is smaller */

static const struct {
	const char *path;
	package_reader read;
} databases[] = {
	{"var/lib/dpkg/status", pkg_dpkg_read},
	{"lib/apk/db/installed", pkg_apk_read},
	{"usr/lib/apk/db/installed", pkg_apk_read},
	{"var/lib/rpm/rpmdb.sqlite", pkg_rpm_read},
	{"var/lib/rpm/Packages", pkg_rpm_read},
	{"var/lib/rpm/Packages.db", pkg_rpm_read},
	{"usr/lib/sysimage/rpm/rpmdb.sqlite", pkg_rpm_read},
	{"usr/lib/sysimage/rpm/Packages", pkg_rpm_read},
	{"usr/lib/sysimage/rpm/Packages.db", pkg_rpm_read},
};

/* --- what it is --- */

static bool is_distroless_status(struct rf_str path)
{
	return rf_str_starts(path, RF_STR("var/lib/dpkg/status.d/")) &&
	       !rf_str_ends(path, RF_STR(".md5sums"));
}

/* By name, before anything of it is read. */
static void tell_by_path(struct visit *visit)
{
	struct rf_str path = visit->input->path;
	const struct pkg_reader *reader;

	if (rf_str_is(path, "etc/os-release") || rf_str_is(path, "usr/lib/os-release")) {
		visit->kind = KIND_OS_RELEASE;
		return;
	}
	visit->role = SCAN_PACKAGE_OS;
	visit->kind = KIND_PACKAGES;
	for (size_t i = 0; i < RF_ARRAY_LEN(databases); i++) {
		if (rf_str_is(path, databases[i].path)) {
			visit->read_packages = databases[i].read;
			return;
		}
	}
	if (is_distroless_status(path)) {
		visit->read_packages = pkg_dpkg_read;
		return;
	}
	visit->role = SCAN_PACKAGE_LIBRARY;
	reader = pkg_reader_find(path);
	if (reader)
		visit->read_packages = reader->read;
	else
		visit->kind = pkg_is_jar(path) ? KIND_JAR : KIND_OTHER;
}

bool visit_reads_as_another(struct rf_str path, struct rf_str target)
{
	const struct scan_input inputs[] = {{.path = path}, {.path = target}};
	struct visit here = {.input = &inputs[0]}, there = {.input = &inputs[1]};

	tell_by_path(&here);
	tell_by_path(&there);
	return here.kind != KIND_OTHER &&
	       (here.kind != there.kind || here.read_packages != there.read_packages);
}

static void tell_by_head(struct visit *visit, struct rf_bytes head)
{
	switch (go_format_of(head)) {
	case GO_FORMAT_ELF: visit->kind = KIND_ELF; return;
	case GO_FORMAT_PE:
	case GO_FORMAT_MACHO: visit->kind = KIND_FOREIGN; return;
	case GO_FORMAT_NONE: break;
	}
	if (visit->scanner->search_secrets && secret_path_wanted(visit->input->path) && head.len &&
		secret_is_text(head))
		visit->kind = KIND_TEXT;
}

/* --- packages --- */

/* Ecosystems of libraries; those of a distribution's packages are its own. */
static const char *const ecosystems[PKG_TYPE_COUNT] = {
	[PKG_GO] = "Go",
	[PKG_NPM] = "npm",
	[PKG_PYPI] = "PyPI",
	[PKG_CARGO] = "crates.io",
	[PKG_MAVEN] = "Maven",
};

static int take_package(void *ctx, const struct pkg *pkg, struct rf_err *err)
{
	struct visit *visit = ctx;
	const char *ecosystem = ecosystems[pkg->type];
	const struct scan_package package = {
		.type = pkg->type,
		.role = visit->role,
		.ecosystem = rf_str_of(ecosystem ? ecosystem : ""),
		.name = pkg->name,
		.version = pkg->version,
		.arch = pkg->arch,
		.source = pkg->source,
		.source_version = pkg->source_version,
		.license = pkg->license,
		.checksum = pkg->checksum,
		.replaces = RF_STR(""),
	};
	int rc = inventory_place(&visit->scanner->inv, visit->input->path, &visit->place, err);

	if (rc == RF_OK)
		rc = inventory_add_package(&visit->scanner->inv, visit->place, &package, NULL, err);
	visit->full = rc < 0;
	return rc;
}

static int read_os(struct visit *visit, struct rf_bytes file, struct rf_err *err)
{
	struct inventory *inv = &visit->scanner->inv;
	struct pkg_os *os = rf_arena_new_of(inv->arena, struct pkg_os);
	int rc = os ? pkg_os_read(file, os, err) : rf_err_nomem(err);

	if (rc == RF_OK)
		rc = inventory_place(inv, visit->input->path, &visit->place, err);
	if (rc < 0)
		return rc;
	inv->places.items[visit->place].os = os;
	return RF_OK;
}

/* --- the visit --- */

/*
 * What cannot be read is told and does not end the scan; what ends it is not the file's fault, or
 * is a limit of all that was found, or of a distribution's packages.
 */
static int forgive(struct visit *visit, int rc, struct rf_err *err)
{
	struct rf_err why = *err;
	bool small = rc == RF_ELIMIT && !visit->full && visit->role == SCAN_PACKAGE_LIBRARY &&
		     visit->kind != KIND_ELF;

	if (rc >= 0 || (rc != RF_EINPUT && rc != RF_EUNSUPPORTED && !small))
		return rc;
	return visit_add_file(visit, SCAN_FILE_UNREADABLE, why.msg, err);
}

/* mapped: file is a read-only mapping, whose pages may be given back. */
static int read_program(struct visit *visit, struct rf_bytes file, bool mapped, struct rf_err *err)
{
	const char *packed;
	struct go_exe exe;
	int rc = go_exe_open(file, &exe, err);

	if (rc < 0)
		return RF_OK; /* it only began like an ELF file */
	exe.mapped = mapped;
	packed = go_exe_packed(&exe);
	if (packed) {
		char detail[128];

		snprintf(detail, sizeof(detail), "packed %s", packed);
		rc = visit_add_file(visit, SCAN_FILE_PACKED, detail, err);
	}
	if (rc < 0 || file.len < ELF_MIN_GO)
		return rc;
	return scan_go(visit->scanner, visit->input->path, &visit->place, &exe, err);
}

static int read_kind(struct visit *visit, struct rf_err *err)
{
	uint64_t unpack_left = SCAN_MAX_UNPACK - visit->scanner->unpacked;
	const struct pkg_sink sink = {
		.add = take_package, .ctx = visit, .unpack_left = &unpack_left};
	CLEANUP(visit_whole_done) struct visit_whole whole = {.map = NULL};
	struct rf_err why = {.code = RF_OK};
	int rc;

	if (visit->input->size > (visit->kind == KIND_PACKAGES || visit->kind == KIND_OS_RELEASE
						 ? PKG_MAX_FILE_SIZE
						 : SCAN_MAX_FILE))
		return visit_add_file(visit, SCAN_FILE_UNREADABLE, "too large to be analysed", err);
	rc = visit_read_whole(visit, &whole, err);
	if (visit->too_sparse)
		return visit_add_file(
			visit, SCAN_FILE_UNREADABLE, "too sparse to be analysed", err);
	if (rc < 0)
		return rc;
	switch (visit->kind) {
	case KIND_OS_RELEASE: rc = read_os(visit, whole.bytes, &why); break;
	case KIND_PACKAGES: rc = visit->read_packages(whole.bytes, &sink, &why); break;
	case KIND_JAR: rc = pkg_jar_read(whole.bytes, &sink, &why); break;
	case KIND_ELF:
		rc = read_program(visit, whole.bytes,
			whole.map != NULL || visit->input->mapped.ptr != NULL, &why);
		break;
	case KIND_OTHER:
	case KIND_FOREIGN:
	case KIND_TEXT: break;
	}
	visit->scanner->unpacked = SCAN_MAX_UNPACK - unpack_left;
	if (rc < 0)
		*err = why;
	return forgive(visit, rc, err);
}

int scan_visit(struct scanner *scanner, const struct scan_input *input, struct rf_err *err)
{
	struct visit visit = {.scanner = scanner, .input = input, .place = SIZE_MAX};
	struct rf_bytes head;
	struct rf_err local = {.code = RF_OK};
	int rc;

	err = err ? err : &local;
	rc = visit_check_modes(&visit, err);
	rf_buf_clear(&scanner->buf);
	if (rc < 0 || input->size == 0)
		return rc;
	tell_by_path(&visit);
	rc = visit_read_head(&visit, &head, err);
	if (rc < 0)
		return rc;
	if (visit.kind == KIND_OTHER)
		tell_by_head(&visit, head);
	switch (visit.kind) {
	case KIND_OTHER: return RF_OK;
	case KIND_FOREIGN:
		return visit_add_file(&visit, SCAN_FILE_FOREIGN_BINARY,
			go_format_of(head) == GO_FORMAT_PE ? "PE" : "Mach-O", err);
	case KIND_TEXT:
		return input->size > SCAN_MAX_TEXT
			       ? visit_add_file(&visit, SCAN_FILE_UNREADABLE,
					 "too long a text to be searched for secrets", err)
			       : visit_search_secrets(&visit, err);
	case KIND_ELF:
	case KIND_OS_RELEASE:
	case KIND_PACKAGES:
	case KIND_JAR: break;
	}
	return read_kind(&visit, err);
}

int scan_visit_dir(struct scanner *scanner, struct rf_str path, mode_t mode, uid_t uid, gid_t gid,
	struct rf_err *err)
{
	const struct scan_input input = {.path = path, .mode = mode, .uid = uid, .gid = gid};
	struct visit visit = {.scanner = scanner, .input = &input, .place = SIZE_MAX};

	if (!(mode & S_IWOTH) || (mode & S_ISVTX))
		return RF_OK;
	return visit_add_file(&visit, SCAN_FILE_WORLD_WRITABLE_DIR, "", err);
}
