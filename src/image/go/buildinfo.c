/* Finding the blob, then its two strings, then lines. */
#include "image/go/buildinfo.h"

#define MAGIC	     "\xff Go buildinf:"
#define MAGIC_LEN    14
#define BLOB_ALIGN   16
#define BLOB_HEAD    32
#define FLAG_BIG     1
#define FLAG_INLINE  2
#define SENTINEL_LEN 16

/* --- the blob --- */

/* It is the address that the linker aligns; a segment may begin anywhere. */
static struct rf_bytes find_in(const struct go_exe *exe, struct rf_bytes data, uint64_t addr)
{
	size_t off = 0;

	while (data.len - off >= BLOB_HEAD) {
		/* In steps, so that a large segment takes little memory. */
		size_t left = data.len - off;
		size_t step = left < GO_RELEASE_BYTES ? left : GO_RELEASE_BYTES;
		const uint8_t *at = memmem(data.ptr + off, step, MAGIC, MAGIC_LEN);

		if (!at && step == left)
			break;
		if (!at) {
			off += step - MAGIC_LEN;
			go_exe_release(exe);
			continue;
		}
		off = (size_t)(at - data.ptr);
		if ((addr + off) % BLOB_ALIGN == 0 && data.len - off >= BLOB_HEAD)
			return (struct rf_bytes){at, data.len - off};
		off++;
	}
	return (struct rf_bytes){.ptr = NULL};
}

static struct rf_bytes find_blob(const struct go_exe *exe)
{
	struct rf_bytes blob = {.ptr = NULL};

	if (exe->buildinfo.ptr)
		blob = find_in(exe, exe->buildinfo, 0);
	for (size_t i = 0; i < exe->segment_count && !blob.ptr; i++) {
		if (exe->segments[i].writable && !exe->segments[i].executable)
			blob = find_in(exe, exe->segments[i].bytes, exe->segments[i].addr);
	}
	return blob;
}

/* A Go string header at addr: pointer and length. */
static bool string_at(const struct go_exe *exe, uint64_t addr, struct rf_str *ret)
{
	uint64_t data, len;
	struct rf_bytes bytes;

	if (!go_exe_pointer(exe, addr, &data) ||
		!go_exe_pointer(exe, addr + exe->pointer_size, &len))
		return false;
	bytes = go_exe_at(exe, data);
	if (len > GO_MAX_MODINFO || len > bytes.len)
		return false;
	*ret = (struct rf_str){(const char *)bytes.ptr, (size_t)len};
	return true;
}

static bool read_strings(const struct go_exe *exe, struct rf_bytes blob, struct rf_str *ret_version,
	struct rf_str *ret_modinfo)
{
	struct rf_reader r = rf_reader_of(blob);
	unsigned pointer_size = blob.ptr[14], flags = blob.ptr[15];
	uint64_t version_at, modinfo_at;

	if (flags & FLAG_INLINE) {
		rf_reader_seek(&r, BLOB_HEAD);
		*ret_version = rf_read_str(&r);
		*ret_modinfo = rf_read_str(&r);
		return !r.failed;
	}
	if (pointer_size != exe->pointer_size)
		return false;
	r.big = flags & FLAG_BIG;
	rf_reader_seek(&r, 16);
	version_at = rf_read_uint(&r, pointer_size);
	modinfo_at = rf_read_uint(&r, pointer_size);
	if (r.failed || !string_at(exe, version_at, ret_version))
		return false;
	if (!string_at(exe, modinfo_at, ret_modinfo))
		*ret_modinfo = RF_STR("");
	return true;
}

/* The text between the sentinels, or nothing where they are not as they should be. */
static struct rf_str unframe(struct rf_str modinfo)
{
	if (modinfo.len < 2 * SENTINEL_LEN + 1 ||
		modinfo.ptr[modinfo.len - SENTINEL_LEN - 1] != '\n')
		return RF_STR("");
	return (struct rf_str){modinfo.ptr + SENTINEL_LEN, modinfo.len - 2 * SENTINEL_LEN};
}

/* --- lines --- */

static void read_module(struct rf_str line, struct go_module *ret)
{
	line = rf_str_cut(line, '\t', &ret->path);
	line = rf_str_cut(line, '\t', &ret->version);
	rf_str_cut(line, '\t', &ret->sum);
}

/* Values with spaces are quoted as Go strings are; escapes other than \" and \\ stay. */
static struct rf_str unquote(struct rf_str value, struct rf_arena *arena)
{
	struct rf_str copy;
	char *out;
	size_t len = 0;

	if (value.len < 2 || (value.ptr[0] != '"' && value.ptr[0] != '`') ||
		value.ptr[value.len - 1] != value.ptr[0])
		return value;
	copy = rf_arena_str(arena, (struct rf_str){value.ptr + 1, value.len - 2});
	if (!copy.ptr || value.ptr[0] == '`')
		return copy;
	out = (char *)(uintptr_t)copy.ptr;
	for (size_t i = 0; i < copy.len; i++) {
		if (out[i] == '\\' && i + 1 < copy.len && (out[i + 1] == '"' || out[i + 1] == '\\'))
			i++;
		out[len++] = out[i];
	}
	return (struct rf_str){out, len};
}

static void read_setting(struct rf_str line, struct rf_arena *arena, struct go_build *build)
{
	struct rf_str key, value = rf_str_cut(line, '=', &key);
	const struct {
		const char *key;
		struct rf_str *value;
	} rows[] = {
		{"GOOS", &build->goos},
		{"GOARCH", &build->goarch},
		{"-ldflags", &build->ldflags},
		{"vcs.revision", &build->vcs_revision},
		{"vcs.time", &build->vcs_time},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		if (rf_str_is(key, rows[i].key))
			*rows[i].value = unquote(value, arena);
	}
	if (rf_str_is(key, "-trimpath"))
		build->trimpath = rf_str_is(value, "true");
	if (rf_str_is(key, "vcs.modified"))
		build->vcs_modified = rf_str_is(value, "true");
}

static size_t count_deps(struct rf_str text)
{
	size_t count = 0;
	struct rf_str line;

	while (text.ptr) {
		text = rf_str_cut(text, '\n', &line);
		count += rf_str_starts(line, RF_STR("dep\t"));
	}
	return count;
}

static void read_replacement(struct rf_str line, struct go_module *module)
{
	struct go_module by = {.path = RF_STR("")};

	read_module(line, &by);
	module->replace_path = by.path;
	module->replace_version = by.version;
	module->replace_sum = by.sum;
}

static struct rf_str after(struct rf_str line, size_t len)
{
	return (struct rf_str){line.ptr + len, line.len - len};
}

static int read_lines(
	struct rf_str text, struct rf_arena *arena, struct go_build *build, struct rf_err *err)
{
	struct go_module *last = &build->main;
	size_t count = count_deps(text);
	struct rf_str line;

	if (count > GO_MAX_MODULES)
		return rf_err_set(err, RF_ELIMIT, "more than %d modules", GO_MAX_MODULES);
	build->deps = rf_arena_array(arena, count + 1, sizeof(*build->deps));
	if (!build->deps)
		return rf_err_nomem(err);
	while (text.ptr) {
		text = rf_str_cut(text, '\n', &line);
		if (rf_str_starts(line, RF_STR("path\t"))) {
			build->path = after(line, 5);
		} else if (rf_str_starts(line, RF_STR("mod\t"))) {
			last = &build->main;
			read_module(after(line, 4), last);
		} else if (rf_str_starts(line, RF_STR("dep\t"))) {
			last = &build->deps[build->dep_count++];
			read_module(after(line, 4), last);
		} else if (rf_str_starts(line, RF_STR("=>\t"))) {
			read_replacement(after(line, 3), last);
		} else if (rf_str_starts(line, RF_STR("build\t"))) {
			read_setting(after(line, 6), arena, build);
		}
	}
	return RF_OK;
}

/* --- versions --- */

struct rf_str go_release_of(struct rf_str version)
{
	size_t from = 2, to;

	if (!rf_str_starts(version, RF_STR("go")) || version.len < 3 || version.ptr[2] < '0' ||
		version.ptr[2] > '9')
		return RF_STR("");
	/* "go1.26.2-X:nodwarf5", "go1.19.8 X:boringcrypto", "go1.22.5 (Red Hat ...)", "go1.21rc2"
	 */
	for (to = from; to < version.len; to++) {
		char c = version.ptr[to];

		if (!(c >= '0' && c <= '9') && c != '.' && !(c >= 'a' && c <= 'z'))
			break;
	}
	return (struct rf_str){version.ptr + from, to - from};
}

int go_build_read(
	const struct go_exe *exe, struct rf_arena *arena, struct go_build *ret, struct rf_err *err)
{
	struct rf_bytes blob = find_blob(exe);
	struct go_build build = {.goos = RF_STR(""), .goarch = RF_STR("")};
	struct rf_str version, modinfo;
	int rc;

	if (!blob.ptr)
		return RF_EABSENT;
	if (!read_strings(exe, blob, &version, &modinfo))
		return rf_err_set(err, RF_EINPUT, "damaged Go build information");
	build.go_version = version;
	build.go_release = go_release_of(version);
	rc = read_lines(unframe(modinfo), arena, &build, err);
	if (rc == RF_OK)
		*ret = build;
	return rc;
}
