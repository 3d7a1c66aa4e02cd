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
	bool full; /* the inventory took no more packages */
	struct piece {
		const void *data;
		uint64_t offset;
		size_t len;
	} piece;     /* read, and not taken yet */
	uint64_t at; /* where pieces to come may begin */
	uint64_t holes;
	bool too_sparse;
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

/* 1 and the next piece is in visit->piece; 0 at the end; RF_E*. */
static int next_piece(struct visit *visit, struct rf_err *err)
{
	const struct scan_input *input = visit->input;
	struct piece *piece = &visit->piece;
	ssize_t got;

	if (piece->len)
		return 1;
	got = input->read(input->ctx, &piece->data, &piece->offset, err);
	if (got <= 0)
		return (int)got;
	if (piece->offset < visit->at || piece->offset > input->size ||
		(uint64_t)got > input->size - piece->offset)
		return rf_err_set(err, RF_EINPUT, "content out of order");
	visit->at = piece->offset + (uint64_t)got;
	piece->len = (size_t)got;
	return 1;
}

/* Holes cost the image nothing, and the scanner time: they are bounded, of a file and of all. */
static int charge_hole(struct visit *visit, uint64_t len, struct rf_err *err)
{
	visit->holes += len;
	visit->scanner->holes += len;
	visit->too_sparse =
		visit->holes > SCAN_MAX_FILE_HOLES || visit->scanner->holes > SCAN_MAX_HOLES;
	return visit->too_sparse ? rf_err_set(err, RF_EUNSUPPORTED, "too sparse to be analysed")
				 : RF_OK;
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

/* A file before this one may have been longer: what was there is overwritten. */
static int spool_zeros(struct visit *visit, uint64_t from, uint64_t to, struct rf_err *err)
{
	static const char zeros[ZERO_BYTES];
	int rc = from < to ? charge_hole(visit, to - from, err) : RF_OK;

	for (; from < to && rc == RF_OK; from += ZERO_BYTES)
		rc = spool_piece(visit->scanner->spool_fd, zeros,
			to - from < ZERO_BYTES ? (size_t)(to - from) : ZERO_BYTES, from, err);
	return rc;
}

/* Writes the file to the spool; its head is in the scanner's buf already. */
static int spool(struct visit *visit, struct rf_err *err)
{
	const struct rf_buf *head = &visit->scanner->buf;
	int fd = visit->scanner->spool_fd, more;
	uint64_t at = head->len;
	int rc = spool_piece(fd, head->data, head->len, 0, err);

	while (rc == RF_OK && (more = next_piece(visit, err)) != 0) {
		const struct piece *piece = &visit->piece;

		if (more < 0)
			return more;
		rc = spool_zeros(visit, at, piece->offset, err);
		if (rc == RF_OK)
			rc = spool_piece(fd, piece->data, piece->len, piece->offset, err);
		at = piece->offset + piece->len;
		visit->piece.len = 0;
	}
	return rc < 0 ? rc : spool_zeros(visit, at, visit->input->size, err);
}

/* Zeros up to an offset in the file, but no more than up to max bytes in buf. */
static int fill_hole(struct visit *visit, uint64_t offset, size_t max, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	uint64_t hole = offset - (visit->base + buf->len);
	size_t len = hole < max - buf->len ? (size_t)hole : max - buf->len;
	int rc = len > HEAD_BYTES ? charge_hole(visit, len, err) : RF_OK;
	char *room;

	if (rc < 0 || len == 0)
		return rc;
	room = rf_buf_reserve(buf, len);
	if (!room)
		return rf_err_nomem(err);
	memset(room, 0, len);
	buf->len += len;
	return RF_OK;
}

/* Reads on until buf holds max bytes or a little more; holes become zeros. */
static int read_into_buf(struct visit *visit, size_t max, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	struct piece *piece = &visit->piece;

	while (buf->len < max) {
		int more = next_piece(visit, err);
		int rc = more < 0 ? more
				  : fill_hole(visit, more ? piece->offset : visit->input->size, max,
					    err);

		if (rc < 0)
			return rc;
		if (buf->len >= max || !more)
			break;
		rf_buf_add(buf, piece->data, piece->len);
		piece->len = 0;
		if (buf->failed)
			return rf_err_nomem(err);
	}
	return RF_OK;
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

	if (rc == RF_OK)
		rc = inventory_add_package(&visit->scanner->inv, visit->place, &package, NULL, err);
	visit->full = rc < 0;
	return rc;
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
		if (visit->too_sparse)
			return add_file(visit, SCAN_FILE_UNREADABLE,
				"too sparse to be searched for secrets", err);
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
	return add_file(visit, SCAN_FILE_UNREADABLE, why.msg, err);
}

static int read_kind(struct visit *visit, struct rf_err *err)
{
	uint64_t unpack_left = SCAN_MAX_UNPACK - visit->scanner->unpacked;
	const struct pkg_sink sink = {
		.add = take_package, .ctx = visit, .unpack_left = &unpack_left};
	CLEANUP(whole_done) struct whole whole = {.map = NULL};
	struct scan_content content;
	struct rf_err why = {.code = RF_OK};
	int rc;

	if (visit->input->size > (visit->kind == KIND_PACKAGES || visit->kind == KIND_OS_RELEASE
						 ? PKG_MAX_FILE_SIZE
						 : SCAN_MAX_FILE))
		return add_file(visit, SCAN_FILE_UNREADABLE, "too large to be analysed", err);
	rc = read_whole(visit, &whole, err);
	if (visit->too_sparse)
		return add_file(visit, SCAN_FILE_UNREADABLE, "too sparse to be analysed", err);
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
	visit->scanner->unpacked = SCAN_MAX_UNPACK - unpack_left;
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
