/* Tables of Go functions: the first byte tells the byte order, the rest is the table's segment. */
#include "image/go/pclntab.h"
#include "image/go/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct rf_str name)
{
	AUTO_BUF out = {0};
	struct go_symbol symbol;

	if (memchr(name.ptr, '\0', name.len))
		abort();
	if (!go_symbol_parse(name, &symbol))
		return;
	if (symbol.package.len == 0 || symbol.package.len >= name.len || symbol.name.len == 0)
		abort();
	go_symbol_add_package(&symbol, &out);
	go_symbol_add_name(&symbol, &out);
	go_symbol_add_display(name, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_exe exe = {.segment_count = 1, .pointer_size = 8};
	struct go_table table;
	struct rf_str name;
	uint64_t addr;
	size_t off = 0;

	if (size < 1)
		return 0;
	exe.big = data[0] & 1;
	exe.segments[0] = (struct go_segment){.addr = 0x1000, .bytes = {data + 1, size - 1}};
	if (data[0] & 2)
		exe.pclntab = exe.segments[0].bytes;
	if (go_table_find(&exe, &table, NULL) < 0)
		return 0;
	if (table.function_count == 0 || table.function_count > size)
		abort();
	for (uint64_t i = 0; i < table.function_count; i++) {
		if (go_table_function(&table, i, &addr, &name))
			check_name(name);
	}
	while (go_table_next_name(&table, &off, &name))
		check_name(name);
	return 0;
}
