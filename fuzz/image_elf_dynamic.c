/* What an ELF program needs: names end within the file, and there are no more than the bound. */
#include "image/pack/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct rf_str name, const uint8_t *data, size_t size)
{
	const uint8_t *at = (const uint8_t *)name.ptr;
	uint8_t sum = 0;

	if (name.len == 0 || name.len > PACK_ELF_NAME)
		abort();
	if (at >= data && at < data + size && name.len > (size_t)(data + size - at))
		abort();
	for (size_t i = 0; i < name.len; i++)
		sum ^= at[i];
	if (memchr(name.ptr, '\0', name.len) || (sum == 0 && name.len == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pack_elf elf;

	if (pack_elf_read((struct rf_bytes){.ptr = data, .len = size}, &elf, NULL) < 0)
		return 0;
	if (!elf.architecture || elf.needed_count > PACK_MAX_NEEDED)
		abort();
	if (elf.loader.len)
		check_name(elf.loader, data, size);
	for (size_t i = 0; i < elf.needed_count; i++)
		check_name(elf.needed[i], data, size);
	return 0;
}
