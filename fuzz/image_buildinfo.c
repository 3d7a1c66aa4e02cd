/*
 * Build information: the first byte tells the shape of the file, the rest is its one writable
 * segment.
 */
#include "image/go/buildinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(struct rf_str s, size_t size)
{
	volatile char sum = 0;

	if (s.len > size)
		abort();
	for (size_t i = 0; i < s.len; i++)
		sum = (char)(sum + s.ptr[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)64 << 20);
	struct go_exe exe = {.segment_count = 1};
	struct go_build build;
	bool guessed;

	if (!arena || size < 1)
		return 0;
	exe.pointer_size = data[0] & 1 ? 8 : 4;
	exe.big = data[0] & 2;
	exe.file = (struct rf_bytes){data + 1, size - 1};
	exe.segments[0] = (struct go_segment){.addr = 0x1000, .bytes = exe.file, .writable = true};
	if (data[0] & 4)
		exe.buildinfo = exe.file;
	if (go_build_read(&exe, arena, &build, NULL) < 0)
		return 0;
	check_view(build.go_version, size);
	check_view(build.go_release, size);
	check_view(build.ldflags, size);
	for (size_t i = 0; i < build.dep_count; i++) {
		check_view(build.deps[i].path, size);
		check_view(build.deps[i].version, size);
		check_view(build.deps[i].replace_path, size);
	}
	check_view(go_main_version(&build, arena, &guessed), size);
	return 0;
}
