/*
 * An executable file as far as Go programs need it: segments and a few sections of ELF (amd64,
 * arm64, 386, arm and others of either byte order); PE and Mach-O are only recognised. The file is
 * hostile: every offset is checked when it is used.
 */
#ifndef RF_IMAGE_GO_EXE_H
#define RF_IMAGE_GO_EXE_H

#include "base/err.h"
#include "base/reader.h"

#define GO_MAX_SEGMENTS 64
#define GO_MAX_SECTIONS 4096

enum go_format {
	GO_FORMAT_NONE,
	GO_FORMAT_ELF,
	GO_FORMAT_PE,
	GO_FORMAT_MACHO,
};

enum go_machine {
	GO_MACHINE_OTHER,
	GO_MACHINE_AMD64,
	GO_MACHINE_ARM64,
	GO_MACHINE_386,
	GO_MACHINE_ARM,
};

/* Loaded from the file; bytes that only memory has (bss) are left out. */
struct go_segment {
	uint64_t addr;
	struct rf_bytes bytes;
	bool writable, executable;
};

struct go_exe {
	enum go_format format;
	enum go_machine machine;
	bool big;
	unsigned pointer_size; /* 4 or 8 */
	struct rf_bytes file;
	uint64_t entry; /* where it begins; 0: it is no program */
	/*
	 * file is a read-only mapping of a file: pages that were read may be given back, see
	 * go_exe_release(). Set by the caller; never for memory of another kind.
	 */
	bool mapped;
	struct go_segment segments[GO_MAX_SEGMENTS];
	size_t segment_count;
	/* Sections by name; absent views when there are none. */
	struct rf_bytes buildinfo, pclntab, text;
	uint64_t text_addr;
};

#define GO_FORMAT_HEAD 64 /* bytes that go_format_of() wants to see */
enum go_format go_format_of(struct rf_bytes head);

/* Views into file, which must live as long. RF_EINPUT: not an ELF file, or not a sound one. */
int go_exe_open(struct rf_bytes file, struct go_exe *ret, struct rf_err *err) RF_MUST_USE;

#define GO_RELEASE_BYTES ((size_t)4 << 20)

/*
 * Gives the pages of a mapped file back to the system; they are read again when they are needed. To
 * be called every GO_RELEASE_BYTES or so, so that a large program takes little memory.
 */
void go_exe_release(const struct go_exe *exe);

/*
 * The first offset at or behind off, a multiple of the word's size, at which bytes (of the file)
 * have a little-endian word: of 32 bits and at least min, or of 64 bits and equal to value.
 * bytes.len when there is none. Reads at the speed of memory, and gives pages back on the way.
 */
size_t go_exe_find_u32(const struct go_exe *exe, struct rf_bytes bytes, size_t off, uint32_t min);
size_t go_exe_find_u64(const struct go_exe *exe, struct rf_bytes bytes, size_t off, uint64_t value);

/* What memory holds from addr to the end of its segment; absent when no segment has it. */
struct rf_bytes go_exe_at(const struct go_exe *exe, uint64_t addr);
/* True when addr is in a segment that may be executed. */
bool go_exe_is_code(const struct go_exe *exe, uint64_t addr);
/* A pointer at addr. */
bool go_exe_pointer(const struct go_exe *exe, uint64_t addr, uint64_t *ret);

#endif
