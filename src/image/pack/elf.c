/*
 * Program headers say all: PT_INTERP names the loader, PT_DYNAMIC has a row for each library. Names
 * are in the string table that the dynamic section gives by its address in memory. Sections are not
 * looked at: a stripped file need not have any.
 */
#include "image/pack/elf.h"

#include <elf.h>

#include "image/go/exe.h"

#define MAX_PROGRAM_HEADERS 1024
#define MAX_DYNAMIC	    4096 /* rows of the dynamic section */

struct headers {
	const struct go_exe *exe;
	struct rf_bytes interp, dynamic; /* absent when there is none */
	unsigned type, osabi;
	uint64_t entry;
};

static const struct {
	unsigned machine;
	unsigned pointer_size;
	bool big;
	const char *architecture;
} machines[] = {
	{EM_X86_64, 8, false, "amd64"},
	{EM_AARCH64, 8, false, "arm64"},
	{EM_386, 4, false, "386"},
	{EM_ARM, 4, false, "arm"},
	{EM_RISCV, 8, false, "riscv64"},
	{EM_PPC64, 8, false, "ppc64le"},
	{EM_PPC64, 8, true, "ppc64"},
	{EM_S390, 8, true, "s390x"},
	{EM_LOONGARCH, 8, false, "loong64"},
	{EM_MIPS, 8, false, "mips64le"},
	{EM_MIPS, 8, true, "mips64"},
	{EM_MIPS, 4, false, "mipsle"},
	{EM_MIPS, 4, true, "mips"},
};

static const char *architecture_of(unsigned machine, const struct go_exe *exe)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(machines); i++) {
		if (machines[i].machine == machine &&
			machines[i].pointer_size == exe->pointer_size &&
			machines[i].big == exe->big)
			return machines[i].architecture;
	}
	return NULL;
}

/* A string that begins at off; absent without its NUL. */
static struct rf_str string_at(struct rf_bytes bytes, uint64_t off)
{
	const uint8_t *at, *end;

	if (off >= bytes.len)
		return RF_STR_NONE;
	at = bytes.ptr + off;
	end = memchr(at, '\0', bytes.len - (size_t)off);
	if (!end)
		return RF_STR_NONE;
	return (struct rf_str){(const char *)at,
		(size_t)(end - at) < PACK_ELF_NAME ? (size_t)(end - at) : PACK_ELF_NAME};
}

static void take_program_header(struct headers *h, uint64_t off)
{
	const struct go_exe *exe = h->exe;
	struct rf_reader r = rf_reader_of(exe->file);
	uint32_t type;
	uint64_t at, size;

	r.big = exe->big;
	rf_reader_seek(&r, off);
	type = rf_read_u32(&r);
	if (exe->pointer_size == 8)
		rf_read_u32(&r); /* flags */
	at = rf_read_uint(&r, exe->pointer_size);
	rf_read_uint(&r, exe->pointer_size); /* address in memory */
	rf_read_uint(&r, exe->pointer_size); /* physical address */
	size = rf_read_uint(&r, exe->pointer_size);
	if (r.failed || at > exe->file.len || size > exe->file.len - at)
		return;
	if (type == PT_INTERP && !h->interp.ptr)
		h->interp = (struct rf_bytes){exe->file.ptr + at, (size_t)size};
	if (type == PT_DYNAMIC && !h->dynamic.ptr)
		h->dynamic = (struct rf_bytes){exe->file.ptr + at, (size_t)size};
}

/* The ELF header's fields that go_exe does not keep; returns the machine. */
static unsigned read_headers(struct headers *h)
{
	const struct go_exe *exe = h->exe;
	struct rf_reader r = rf_reader_of(exe->file);
	unsigned machine, size, count;
	uint64_t table;

	r.big = exe->big;
	rf_reader_seek(&r, EI_NIDENT);
	h->osabi = exe->file.ptr[EI_OSABI];
	h->type = (unsigned)rf_read_uint(&r, 2);
	machine = (unsigned)rf_read_uint(&r, 2);
	rf_read_u32(&r); /* version */
	h->entry = rf_read_uint(&r, exe->pointer_size);
	table = rf_read_uint(&r, exe->pointer_size);
	rf_read_uint(&r, exe->pointer_size); /* sections */
	rf_read_u32(&r);		     /* flags */
	rf_read_uint(&r, 2);		     /* size of this header */
	size = (unsigned)rf_read_uint(&r, 2);
	count = (unsigned)rf_read_uint(&r, 2);
	if (r.failed || table > exe->file.len)
		return machine;
	for (unsigned i = 0; i < count && i < MAX_PROGRAM_HEADERS; i++)
		take_program_header(h, table + (uint64_t)i * size);
	return machine;
}

/* One pass: gives the string table's address, and with names the libraries. */
static uint64_t walk_dynamic(const struct headers *h, struct rf_bytes names, struct pack_elf *ret)
{
	struct rf_reader r = rf_reader_of(h->dynamic);
	uint64_t table = 0;

	r.big = h->exe->big;
	for (unsigned i = 0; i < MAX_DYNAMIC; i++) {
		uint64_t tag = rf_read_uint(&r, h->exe->pointer_size);
		uint64_t value = rf_read_uint(&r, h->exe->pointer_size);

		if (r.failed || tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			table = value;
		if (tag != DT_NEEDED || !ret || ret->needed_count == PACK_MAX_NEEDED)
			continue;
		struct rf_str name = string_at(names, value);

		ret->needed[ret->needed_count++] =
			name.len ? name : RF_STR("(a name that cannot be read)");
	}
	return table;
}

static int check_format(struct rf_bytes file, struct rf_err *err)
{
	switch (go_format_of(file)) {
	case GO_FORMAT_ELF: return RF_OK;
	case GO_FORMAT_PE:
		return rf_err_set(err, RF_EINPUT,
			"a Windows program (PE): build it for Linux (Go: GOOS=linux)");
	case GO_FORMAT_MACHO:
		return rf_err_set(err, RF_EINPUT,
			"a macOS program (Mach-O): build it for Linux (Go: GOOS=linux)");
	case GO_FORMAT_NONE: break;
	}
	if (file.len > 2 && memcmp(file.ptr, "#!", 2) == 0)
		return rf_err_set(
			err, RF_EINPUT, "a script: the image would have no interpreter to run it");
	return rf_err_set(err, RF_EINPUT, "not an ELF program");
}

static int check_type(const struct headers *h, struct rf_err *err)
{
	if (h->osabi != ELFOSABI_SYSV && h->osabi != ELFOSABI_GNU)
		return rf_err_set(err, RF_EINPUT, "an ELF program for another system than Linux");
	switch (h->type) {
	case ET_EXEC: return RF_OK;
	case ET_REL: return rf_err_set(err, RF_EINPUT, "an object file, not linked into a program");
	case ET_CORE: return rf_err_set(err, RF_EINPUT, "a core dump, not a program");
	case ET_DYN:
		if (h->entry != 0 || h->interp.ptr)
			return RF_OK;
		return rf_err_set(err, RF_EINPUT, "a shared library, not a program");
	default: return rf_err_set(err, RF_EINPUT, "an ELF file that is no program");
	}
}

int pack_elf_read(struct rf_bytes file, struct pack_elf *ret, struct rf_err *err)
{
	struct pack_elf elf = {.loader = RF_STR("")};
	struct go_exe exe;
	struct headers h = {.exe = &exe};
	unsigned machine;
	int rc = check_format(file, err);

	if (rc == RF_OK)
		rc = go_exe_open(file, &exe, err);
	if (rc < 0)
		return rc;
	machine = read_headers(&h);
	rc = check_type(&h, err);
	if (rc < 0)
		return rc;
	elf.architecture = architecture_of(machine, &exe);
	if (!elf.architecture)
		return rf_err_set(
			err, RF_EUNSUPPORTED, "a program for an unknown machine (%u)", machine);
	if (h.interp.ptr) {
		elf.loader = string_at(h.interp, 0);
		if (elf.loader.len == 0)
			elf.loader = RF_STR("(a name that cannot be read)");
	}
	if (h.dynamic.ptr)
		walk_dynamic(&h, go_exe_at(&exe, walk_dynamic(&h, h.dynamic, NULL)), &elf);
	*ret = elf;
	return RF_OK;
}
