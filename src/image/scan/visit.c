/* What a file is, and who reads it. */
#include "image/scan/visit_int.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/go/exe.h"

#define HEAD_BYTES 4096			/* what a file is told by */
#define ELF_MIN_GO ((uint64_t)64 << 10) /* no Go program is smaller */
#define ZERO_BYTES ((size_t)64 << 10)

enum file_kind {
	KIND_OTHER,
	KIND_OS_RELEASE,
	KIND_PACKAGES, /* a database or lock file: reader is set */
	KIND_JAR,
	KIND_ELF,
	KIND_FOREIGN, /* PE or Mach-O */
	KIND_TEXT,
};

typedef int (*package_reader)(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err);

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

struct visit {
	struct scanner *scanner;
	const struct scan_input *input;
	size_t place;
	uint64_t base; /* where in the file the scanner's buf begins */
	enum file_kind kind;
	package_reader read_packages;
	enum scan_package_role role;
};

/* --- facts about the file itself --- */

static int add_file(
	struct visit *visit, enum scan_file_kind kind, const char *detail, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	const struct scan_file file = {
		.kind = kind,
		.mode = input->mode & 07777,
		.uid = input->uid,
		.gid = input->gid,
		.detail = rf_str_of(detail),
	};
	int rc = inventory_place(&visit->scanner->inv, input->path, &visit->place, err);

	return rc < 0 ? rc : inventory_add_file(&visit->scanner->inv, visit->place, &file, err);
}

static const char *const capability_names[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"};

/* struct vfs_cap_data of linux/capability.h, in words: "cap_net_raw,cap_kill=ep". */
static void capability_words(struct rf_str value, struct rf_buf *out)
{
	struct rf_reader r = rf_reader_of((struct rf_bytes){(const uint8_t *)value.ptr, value.len});
	uint32_t magic = rf_read_u32(&r);
	uint64_t permitted = rf_read_u32(&r);

	rf_read_u32(&r); /* inheritable */
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_1)
		permitted |= (uint64_t)rf_read_u32(&r) << 32;
	if (r.failed)
		permitted = 0;
	for (size_t i = 0; i < RF_ARRAY_LEN(capability_names); i++) {
		if (permitted >> i & 1)
			rf_buf_addf(out, "%scap_%s", out->len ? "," : "", capability_names[i]);
	}
	rf_buf_add_c(out, magic & VFS_CAP_FLAGS_EFFECTIVE ? "=ep" : "=p");
}

static int check_modes(struct visit *visit, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	AUTO_BUF words = {.max = 2048};
	int rc = RF_OK;

	if (input->mode & S_ISUID)
		rc = add_file(visit, SCAN_FILE_SETUID, "", err);
	if (rc == RF_OK && (input->mode & S_ISGID) && (input->mode & S_IXGRP))
		rc = add_file(visit, SCAN_FILE_SETGID, "", err);
	if (rc == RF_OK && (input->mode & S_IWOTH))
		rc = add_file(visit, SCAN_FILE_WORLD_WRITABLE, "", err);
	if (rc == RF_OK && input->capability.len) {
		capability_words(input->capability, &words);
		rc = add_file(visit, SCAN_FILE_CAPABILITY, rf_buf_cstr(&words), err);
	}
	return rc;
}

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

/* --- the whole content --- */

static int spool_zeros(int fd, uint64_t from, uint64_t to, struct rf_err *err)
{
	static const char zeros[ZERO_BYTES];

	while (from < to) {
		size_t len = to - from < ZERO_BYTES ? (size_t)(to - from) : ZERO_BYTES;
		ssize_t put = pwrite(fd, zeros, len, (off_t)from);

		if (put <= 0)
			return rf_err_sys(err, errno, "write a temporary file");
		from += (uint64_t)put;
	}
	return RF_OK;
}

static int spool_piece(int fd, const char *data, size_t len, uint64_t offset, struct rf_err *err)
{
	while (len) {
		ssize_t put = pwrite(fd, data, len, (off_t)offset);

		if (put <= 0)
			return rf_err_sys(err, errno, "write a temporary file");
		data += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return RF_OK;
}

/* Writes the file to the spool, holes as zeros: a file before it may have been longer. */
static int spool(struct visit *visit, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	int fd = visit->scanner->spool_fd;
	struct rf_buf *head = &visit->scanner->buf;
	uint64_t at = head->len, offset;
	const void *data;
	ssize_t got = spool_piece(fd, head->data, head->len, 0, err);
	int rc;

	while (got >= 0 && (got = input->read(input->ctx, &data, &offset, err)) > 0) {
		if (offset < at || offset > input->size || (uint64_t)got > input->size - offset)
			return rf_err_set(err, RF_EINPUT, "content out of order");
		rc = spool_zeros(fd, at, offset, err);
		if (rc == RF_OK)
			rc = spool_piece(fd, data, (size_t)got, offset, err);
		if (rc < 0)
			return rc;
		at = offset + (uint64_t)got;
	}
	if (got < 0)
		return (int)got;
	return spool_zeros(fd, at, input->size, err);
}

/* Reads on into buf; holes become zeros. */
static int read_into_buf(struct visit *visit, size_t max, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	struct rf_buf *buf = &visit->scanner->buf;
	const void *data;
	uint64_t offset;
	ssize_t got = 0;

	while (buf->len < max && (got = input->read(input->ctx, &data, &offset, err)) > 0) {
		uint64_t at = visit->base + buf->len;

		if (offset < at || offset > input->size)
			return rf_err_set(err, RF_EINPUT, "content out of order");
		if (offset > at) {
			size_t hole = (size_t)(offset - at);
			char *room = rf_buf_reserve(buf, hole);

			if (!room)
				return rf_err_nomem(err);
			memset(room, 0, hole);
			buf->len += hole;
		}
		rf_buf_add(buf, data, (size_t)got);
		if (buf->failed)
			return rf_err_nomem(err);
	}
	return got < 0 ? (int)got : RF_OK;
}

struct whole {
	struct rf_bytes bytes;
	void *map; /* to be unmapped; NULL: none */
};

static void whole_done(struct whole *whole)
{
	if (whole->map)
		munmap(whole->map, whole->bytes.len);
}

static int read_whole(struct visit *visit, struct whole *ret, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	struct rf_buf *buf = &visit->scanner->buf;
	int rc;

	if (input->mapped.ptr || input->size == 0) {
		ret->bytes = input->mapped;
		return RF_OK;
	}
	if (input->size <= SCAN_HEAP_FILE || visit->scanner->spool_fd < 0) {
		rc = read_into_buf(visit, SCAN_HEAP_FILE + 1, err);
		ret->bytes = (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
		return rc;
	}
	rc = spool(visit, err);
	if (rc < 0)
		return rc;
	ret->map =
		mmap(NULL, (size_t)input->size, PROT_READ, MAP_SHARED, visit->scanner->spool_fd, 0);
	if (ret->map == MAP_FAILED) {
		ret->map = NULL;
		return rf_err_sys(err, errno, "map a temporary file");
	}
	ret->bytes = (struct rf_bytes){ret->map, (size_t)input->size};
	return RF_OK;
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

	return rc < 0 ? rc
		      : inventory_add_package(
				&visit->scanner->inv, visit->place, &package, NULL, err);
}

static int read_os(struct visit *visit, struct rf_bytes file, struct rf_err *err)
{
	struct inventory *inv = &visit->scanner->inv;
	struct pkg_os os;
	int rc = pkg_os_read(file, &os, err);

	if (rc == RF_OK)
		rc = inventory_place(inv, visit->input->path, &visit->place, err);
	if (rc < 0)
		return rc;
	inv->places.items[visit->place].is_os_release = true;
	inv->places.items[visit->place].os = os;
	return RF_OK;
}

/* --- secrets --- */

struct secret_search {
	struct visit *visit;
	uint64_t lines_before; /* line ends in the pieces before this one */
	size_t counted;	       /* hits at or behind it belong to the next piece */
};

static int take_secret(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	struct secret_search *search = ctx;
	struct visit *visit = search->visit;
	char redacted[SECRET_REDACTED_SIZE];
	struct scan_secret secret = {
		.rule = rf_str_of(hit->rule),
		.title = rf_str_of(hit->title),
		.severity = rf_str_of(hit->severity),
		.line = (uint32_t)(hit->line + search->lines_before),
		.column = hit->column,
	};
	int rc;

	if (hit->offset >= search->counted)
		return RF_OK;
	rc = inventory_place(&visit->scanner->inv, visit->input->path, &visit->place, err);
	if (rc < 0)
		return rc;
	secret_redact(hit->secret, redacted);
	secret.redacted = rf_str_of(redacted);
	return inventory_add_secret(&visit->scanner->inv, visit->place, &secret, err);
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

static int search_text(struct visit *visit, struct rf_bytes text, bool last,
	struct secret_search *search, struct rf_err *err)
{
	const struct secret_sink sink = {.hit = take_secret, .ctx = search};

	search->counted = last || text.len < SECRET_OVERLAP ? SIZE_MAX : text.len - SECRET_OVERLAP;
	return secret_search(visit->scanner->rules, visit->input->path, text, &sink, err);
}

int scan_rules(struct scanner *scanner, struct rf_err *err)
{
	return scanner->rules ? RF_OK : secret_rules_new(&scanner->rules, err);
}

/* A mapped text in pieces, whose pages are given back when they are done. */
static int search_mapped(struct visit *visit, struct secret_search *search, struct rf_err *err)
{
	struct rf_bytes rest = visit->input->mapped;
	size_t step = SCAN_SECRET_PIECE - SECRET_OVERLAP;
	int rc;

	while (rest.len > SCAN_SECRET_PIECE) {
		rc = search_text(
			visit, (struct rf_bytes){rest.ptr, SCAN_SECRET_PIECE}, false, search, err);
		if (rc < 0)
			return rc;
		search->lines_before += count_lines((const char *)rest.ptr, step);
		rest = (struct rf_bytes){rest.ptr + step, rest.len - step};
		(void)madvise((void *)(uintptr_t)visit->input->mapped.ptr, visit->input->mapped.len,
			MADV_DONTNEED);
	}
	return search_text(visit, rest, true, search, err);
}

/* In pieces, each but the last one ending with what the next begins with. */
static int search_secrets(struct visit *visit, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	struct secret_search search = {.visit = visit};
	int rc = scan_rules(visit->scanner, err);

	if (rc < 0)
		return rc;
	if (visit->input->mapped.ptr)
		return search_mapped(visit, &search, err);
	for (;;) {
		size_t keep;
		bool last;

		rc = read_into_buf(visit, buf->len + SCAN_SECRET_PIECE, err);
		if (rc < 0)
			return rc;
		last = buf->len < SCAN_SECRET_PIECE;
		rc = search_text(visit, (struct rf_bytes){(const uint8_t *)buf->data, buf->len},
			last, &search, err);
		if (rc < 0 || last)
			return rc;
		keep = buf->len < SECRET_OVERLAP ? buf->len : SECRET_OVERLAP;
		search.lines_before += count_lines(buf->data, buf->len - keep);
		visit->base += buf->len - keep;
		memmove(buf->data, buf->data + buf->len - keep, keep);
		buf->len = keep;
	}
}

/* --- the visit --- */

/* What cannot be read is told and does not end the scan; what ends it is not the file's fault. */
static int forgive(struct visit *visit, int rc, struct rf_err *err)
{
	struct rf_err why = *err;

	if (rc >= 0 || (rc != RF_EINPUT && rc != RF_EUNSUPPORTED))
		return rc;
	return add_file(visit, SCAN_FILE_UNREADABLE, why.msg, err);
}

static int read_kind(struct visit *visit, struct rf_err *err)
{
	const struct pkg_sink sink = {.add = take_package, .ctx = visit};
	CLEANUP(whole_done) struct whole whole = {.map = NULL};
	struct scan_content content;
	struct rf_err why = {.code = RF_OK};
	int rc;

	if (visit->input->size > SCAN_MAX_FILE)
		return add_file(visit, SCAN_FILE_UNREADABLE, "too large to be analysed", err);
	rc = read_whole(visit, &whole, err);
	if (rc < 0)
		return rc;
	switch (visit->kind) {
	case KIND_OS_RELEASE: rc = read_os(visit, whole.bytes, &why); break;
	case KIND_PACKAGES: rc = visit->read_packages(whole.bytes, &sink, &why); break;
	case KIND_JAR: rc = pkg_jar_read(whole.bytes, &sink, &why); break;
	case KIND_ELF:
		content = (struct scan_content){
			whole.bytes, whole.map != NULL || visit->input->mapped.ptr != NULL};
		rc = scan_go(visit->scanner, visit->input->path, &visit->place, &content, &why);
		break;
	case KIND_OTHER:
	case KIND_FOREIGN:
	case KIND_TEXT: break;
	}
	if (rc < 0)
		*err = why;
	return forgive(visit, rc, err);
}

static int read_head(struct visit *visit, struct rf_bytes *ret, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	int rc;

	*ret = visit->input->mapped;
	if (ret->ptr)
		return RF_OK;
	rc = read_into_buf(visit, HEAD_BYTES, err);
	*ret = (struct rf_bytes){(const uint8_t *)buf->data, buf->len};
	return rc;
}

int scan_visit(struct scanner *scanner, const struct scan_input *input, struct rf_err *err)
{
	struct visit visit = {.scanner = scanner, .input = input, .place = SIZE_MAX};
	struct rf_bytes head;
	struct rf_err local = {.code = RF_OK};
	int rc;

	err = err ? err : &local;
	rc = check_modes(&visit, err);
	rf_buf_clear(&scanner->buf);
	if (rc < 0 || input->size == 0)
		return rc;
	tell_by_path(&visit);
	rc = read_head(&visit, &head, err);
	if (rc < 0)
		return rc;
	if (visit.kind == KIND_OTHER)
		tell_by_head(&visit, head);
	switch (visit.kind) {
	case KIND_OTHER: return RF_OK;
	case KIND_FOREIGN:
		return add_file(&visit, SCAN_FILE_FOREIGN_BINARY,
			go_format_of(head) == GO_FORMAT_PE ? "PE" : "Mach-O", err);
	case KIND_TEXT:
		return input->size > SCAN_MAX_TEXT
			       ? add_file(&visit, SCAN_FILE_UNREADABLE,
					 "too long a text to be searched for secrets", err)
			       : search_secrets(&visit, err);
	case KIND_ELF: return input->size < ELF_MIN_GO ? RF_OK : read_kind(&visit, err);
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
	return add_file(&visit, SCAN_FILE_WORLD_WRITABLE_DIR, "", err);
}
