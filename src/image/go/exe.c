/* ELF headers by offsets of the specification (gABI, chapters 4 and 5), for both classes. */
#include "image/go/exe.h"

#include <elf.h>
#include <endian.h>
#include <sys/mman.h>

enum go_format go_format_of(struct rf_bytes head)
{
	static const uint8_t macho[][4] = {
		{0xfe, 0xed, 0xfa, 0xce},
		{0xfe, 0xed, 0xfa, 0xcf},
		{0xce, 0xfa, 0xed, 0xfe},
		{0xcf, 0xfa, 0xed, 0xfe},
	};

	if (head.len < GO_FORMAT_HEAD)
		return GO_FORMAT_NONE;
	if (memcmp(head.ptr, ELFMAG, SELFMAG) == 0)
		return GO_FORMAT_ELF;
	if (head.ptr[0] == 'M' && head.ptr[1] == 'Z' && head.ptr[0x3c] % 4 == 0 &&
		(head.ptr[0x3c] >= 0x40 || head.ptr[0x3d]) && !head.ptr[0x3e] && !head.ptr[0x3f])
		return GO_FORMAT_PE;
	for (size_t i = 0; i < RF_ARRAY_LEN(macho); i++) {
		if (memcmp(head.ptr, macho[i], 4) == 0)
			return GO_FORMAT_MACHO;
	}
	return GO_FORMAT_NONE;
}

static struct rf_reader reader_at(const struct go_exe *exe, uint64_t off)
{
	struct rf_reader r = rf_reader_of(exe->file);

	r.big = exe->big;
	rf_reader_seek(&r, off);
	return r;
}

static struct rf_bytes file_range(const struct go_exe *exe, uint64_t off, uint64_t len)
{
	if (off > exe->file.len || len > exe->file.len - off)
		return (struct rf_bytes){.ptr = NULL};
	return (struct rf_bytes){exe->file.ptr + off, (size_t)len};
}

static enum go_machine machine_of(unsigned number)
{
	switch (number) {
	case EM_X86_64: return GO_MACHINE_AMD64;
	case EM_AARCH64: return GO_MACHINE_ARM64;
	case EM_386: return GO_MACHINE_386;
	case EM_ARM: return GO_MACHINE_ARM;
	default: return GO_MACHINE_OTHER;
	}
}

/* --- segments --- */

static void add_segment(struct go_exe *exe, struct rf_reader *r)
{
	bool wide = exe->pointer_size == 8;
	uint32_t type = rf_read_u32(r), flags = wide ? rf_read_u32(r) : 0;
	uint64_t off = rf_read_uint(r, exe->pointer_size);
	uint64_t addr = rf_read_uint(r, exe->pointer_size);
	uint64_t size;
	struct rf_bytes bytes;

	rf_read_uint(r, exe->pointer_size); /* physical address */
	size = rf_read_uint(r, exe->pointer_size);
	rf_read_uint(r, exe->pointer_size); /* size in memory */
	if (!wide)
		flags = rf_read_u32(r);
	if (r->failed || type != PT_LOAD || size == 0 || exe->segment_count == GO_MAX_SEGMENTS)
		return;
	/* A file that ends early keeps what it has. */
	if (off < exe->file.len && size > exe->file.len - off)
		size = exe->file.len - off;
	bytes = file_range(exe, off, size);
	if (!bytes.ptr || addr + size < addr)
		return;
	exe->segments[exe->segment_count++] = (struct go_segment){
		.addr = addr,
		.bytes = bytes,
		.writable = flags & PF_W,
		.executable = flags & PF_X,
	};
}

/* --- sections --- */

struct section {
	uint32_t name;
	uint64_t addr, off, size;
	uint32_t type;
};

static struct section read_section(const struct go_exe *exe, uint64_t off)
{
	struct rf_reader r = reader_at(exe, off);
	struct section s = {.name = rf_read_u32(&r)};

	s.type = rf_read_u32(&r);
	rf_read_uint(&r, exe->pointer_size); /* flags */
	s.addr = rf_read_uint(&r, exe->pointer_size);
	s.off = rf_read_uint(&r, exe->pointer_size);
	s.size = rf_read_uint(&r, exe->pointer_size);
	if (r.failed)
		s = (struct section){.type = SHT_NULL};
	return s;
}

static bool section_is(struct rf_bytes names, const struct section *s, const char *name)
{
	size_t len = strlen(name) + 1;

	return s->name < names.len && len <= names.len - s->name &&
	       memcmp(names.ptr + s->name, name, len) == 0;
}

static void take_section(struct go_exe *exe, struct rf_bytes names, const struct section *s)
{
	struct rf_bytes bytes = file_range(exe, s->off, s->size);

	if (s->type != SHT_PROGBITS || !bytes.ptr)
		return;
	if (section_is(names, s, ".go.buildinfo")) {
		exe->buildinfo = bytes;
	} else if (section_is(names, s, ".gopclntab") ||
		   section_is(names, s, ".data.rel.ro.gopclntab")) {
		exe->pclntab = bytes;
	} else if (section_is(names, s, ".text")) {
		exe->text = bytes;
		exe->text_addr = s->addr;
	}
}

static void read_sections(
	struct go_exe *exe, uint64_t off, unsigned size, unsigned count, unsigned names_index)
{
	struct section names_section;
	struct rf_bytes names;

	if (size < (exe->pointer_size == 8 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)) ||
		count > GO_MAX_SECTIONS || names_index >= count || off > exe->file.len)
		return;
	names_section = read_section(exe, off + (uint64_t)names_index * size);
	names = file_range(exe, names_section.off, names_section.size);
	if (!names.ptr)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct section s = read_section(exe, off + (uint64_t)i * size);

		take_section(exe, names, &s);
	}
}

int go_exe_open(struct rf_bytes file, struct go_exe *ret, struct rf_err *err)
{
	struct go_exe exe = {.file = file, .format = go_format_of(file)};
	struct rf_reader r;
	uint64_t segments_off, sections_off;
	unsigned segment_size, segment_count, section_size, section_count, names_index;

	if (exe.format != GO_FORMAT_ELF)
		return rf_err_set(err, RF_EINPUT, "not an ELF file");
	exe.pointer_size = file.ptr[EI_CLASS] == ELFCLASS64 ? 8 : 4;
	exe.big = file.ptr[EI_DATA] == ELFDATA2MSB;
	r = reader_at(&exe, EI_NIDENT + 2);
	exe.machine = machine_of((unsigned)rf_read_uint(&r, 2));
	rf_read_u32(&r); /* version */
	exe.entry = rf_read_uint(&r, exe.pointer_size);
	segments_off = rf_read_uint(&r, exe.pointer_size);
	sections_off = rf_read_uint(&r, exe.pointer_size);
	rf_read_u32(&r);     /* flags */
	rf_read_uint(&r, 2); /* size of this header */
	segment_size = (unsigned)rf_read_uint(&r, 2);
	segment_count = (unsigned)rf_read_uint(&r, 2);
	section_size = (unsigned)rf_read_uint(&r, 2);
	section_count = (unsigned)rf_read_uint(&r, 2);
	names_index = (unsigned)rf_read_uint(&r, 2);
	if (r.failed)
		return rf_err_set(err, RF_EINPUT, "an ELF file that ends in its header");
	for (unsigned i = 0; i < segment_count && segment_size; i++) {
		struct rf_reader at = reader_at(&exe, segments_off);

		rf_reader_seek(&at, segments_off + (uint64_t)i * segment_size);
		add_segment(&exe, &at);
	}
	read_sections(&exe, sections_off, section_size, section_count, names_index);
	*ret = exe;
	return RF_OK;
}

struct rf_bytes go_exe_at(const struct go_exe *exe, uint64_t addr)
{
	for (size_t i = 0; i < exe->segment_count; i++) {
		const struct go_segment *s = &exe->segments[i];

		if (addr >= s->addr && addr - s->addr < s->bytes.len)
			return (struct rf_bytes){s->bytes.ptr + (addr - s->addr),
				s->bytes.len - (size_t)(addr - s->addr)};
	}
	return (struct rf_bytes){.ptr = NULL};
}

bool go_exe_is_code(const struct go_exe *exe, uint64_t addr)
{
	for (size_t i = 0; i < exe->segment_count; i++) {
		const struct go_segment *s = &exe->segments[i];

		if (s->executable && addr >= s->addr && addr - s->addr < s->bytes.len)
			return true;
	}
	return false;
}

bool go_exe_pointer(const struct go_exe *exe, uint64_t addr, uint64_t *ret)
{
	struct rf_reader r = rf_reader_of(go_exe_at(exe, addr));

	r.big = exe->big;
	*ret = rf_read_uint(&r, exe->pointer_size);
	return !r.failed;
}

void go_exe_release(const struct go_exe *exe)
{
	/* A hint: where it is not taken, more memory is used. */
	if (exe->mapped)
		(void)madvise((void *)(uintptr_t)exe->file.ptr, exe->file.len, MADV_DONTNEED);
}

/* Words of a block, which the compiler compares many at a time; few blocks have what is wanted. */
#define BLOCK_WORDS32 256
#define BLOCK_WORDS64 128

static void release_now_and_then(const struct go_exe *exe, size_t off)
{
	if (off % GO_RELEASE_BYTES < BLOCK_WORDS32 * sizeof(uint32_t))
		go_exe_release(exe);
}

size_t go_exe_find_u32(const struct go_exe *exe, struct rf_bytes bytes, size_t off, uint32_t min)
{
	uint32_t words[BLOCK_WORDS32];

	for (off = (off + 3) & ~(size_t)3; bytes.len - off >= sizeof(words) && off < bytes.len;
		off += sizeof(words)) {
		unsigned any = 0;

		memcpy(words, bytes.ptr + off, sizeof(words));
		for (size_t i = 0; i < BLOCK_WORDS32; i++)
			any |= le32toh(words[i]) >= min;
		for (size_t i = 0; any && i < BLOCK_WORDS32; i++) {
			if (le32toh(words[i]) >= min)
				return off + i * sizeof(*words);
		}
		release_now_and_then(exe, off);
	}
	for (; off < bytes.len && bytes.len - off >= sizeof(*words); off += sizeof(*words)) {
		memcpy(words, bytes.ptr + off, sizeof(*words));
		if (le32toh(words[0]) >= min)
			return off;
	}
	return bytes.len;
}

size_t go_exe_find_u64(const struct go_exe *exe, struct rf_bytes bytes, size_t off, uint64_t value)
{
	uint64_t words[BLOCK_WORDS64];

	for (off = (off + 7) & ~(size_t)7; bytes.len - off >= sizeof(words) && off < bytes.len;
		off += sizeof(words)) {
		unsigned any = 0;

		memcpy(words, bytes.ptr + off, sizeof(words));
		for (size_t i = 0; i < BLOCK_WORDS64; i++)
			any |= le64toh(words[i]) == value;
		for (size_t i = 0; any && i < BLOCK_WORDS64; i++) {
			if (le64toh(words[i]) == value)
				return off + i * sizeof(*words);
		}
		release_now_and_then(exe, off);
	}
	for (; off < bytes.len && bytes.len - off >= sizeof(*words); off += sizeof(*words)) {
		memcpy(words, bytes.ptr + off, sizeof(*words));
		if (le64toh(words[0]) == value)
			return off;
	}
	return bytes.len;
}
