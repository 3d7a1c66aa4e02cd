/*
 * By the marks of UPX, or by the code that the program begins with: machine code is far from
 * even. Its bytes are as unequally distributed as those of 20 to 45 values would be if each were
 * as frequent as the others; those of UPX's worst compression, of 200. Measured on all of a Debian
 * machine's programs and libraries, amd64 and arm64, C, C++, Rust and Go.
 *
 * Sources: UPX, doc/elf-to-mem.txt and src/stub/src/include/linux.h (l_info, p_info); the mark is
 * behind the program headers, and again in the last bytes of the file.
 */
#include "image/go/packed.h"

#define MARK	    "UPX!"
#define MARK_LEN    4
#define HEAD_BYTES  4096 /* in which the first mark is */
#define TAIL_BYTES  64	 /* in which the last one is */
#define BLOCK	    4096
#define MAX_BLOCKS  64	/* of the code, spread over it */
#define EVEN_VALUES 128 /* code that looks like so many values is none */

static bool has_mark(struct rf_bytes bytes)
{
	return bytes.len >= MARK_LEN && memmem(bytes.ptr, bytes.len, MARK, MARK_LEN);
}

static bool is_marked(struct rf_bytes file)
{
	size_t head = file.len < HEAD_BYTES ? file.len : HEAD_BYTES;
	size_t tail = file.len < TAIL_BYTES ? file.len : TAIL_BYTES;

	return has_mark((struct rf_bytes){file.ptr, head}) ||
	       has_mark((struct rf_bytes){file.ptr + file.len - tail, tail});
}

/* The section or segment that the program begins in; absent for what is no program. */
static struct rf_bytes first_code(const struct go_exe *exe)
{
	if (exe->entry == 0)
		return (struct rf_bytes){.ptr = NULL};
	if (exe->text.ptr && exe->entry >= exe->text_addr &&
		exe->entry - exe->text_addr < exe->text.len)
		return exe->text;
	for (size_t i = 0; i < exe->segment_count; i++) {
		const struct go_segment *s = &exe->segments[i];

		if (s->executable && exe->entry >= s->addr && exe->entry - s->addr < s->bytes.len)
			return s->bytes;
	}
	return (struct rf_bytes){.ptr = NULL};
}

/* The chance that two bytes are equal, turned upside down. */
static bool is_even(struct rf_bytes code)
{
	size_t block_count = code.len / BLOCK, step = 1 + block_count / MAX_BLOCKS;
	uint64_t counts[256] = {0}, total = 0, squares = 0;

	for (size_t block = 0; block < block_count; block += step, total += BLOCK) {
		for (size_t i = 0; i < BLOCK; i++)
			counts[code.ptr[block * BLOCK + i]]++;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(counts); i++)
		squares += counts[i] * counts[i];
	return total && total * total > EVEN_VALUES * squares;
}

const char *go_exe_packed(const struct go_exe *exe)
{
	if (is_marked(exe->file))
		return "with UPX";
	return is_even(first_code(exe)) ? "or encrypted: it does not begin with machine code"
					: NULL;
}
