/*
 * The function table that every Go program carries, stripped or not: names and entry addresses of
 * all functions. Since Go 1.16 the names are one block, which holds functions and inlined callees
 * alike. Source: cmd/link/internal/ld/pcln.go, debug/gosym/pclntab.go.
 *
 *	magic u32 (fffffffb Go 1.2, fffffffa 1.16, fffffff0 1.18, fffffff1 1.20) | 0 | 0 |
 *	quantum {1,2,4} | pointer size {4,8} | words: functions, files, [text start, from 1.18],
 *	names, units, files, pcs, functions' table - offsets from the magic
 */
#ifndef RF_IMAGE_GO_PCLNTAB_H
#define RF_IMAGE_GO_PCLNTAB_H

#include "image/go/exe.h"

#define GO_MAX_FUNCTIONS 4000000

struct go_table {
	const struct go_exe *exe; /* whose it is; NULL: of nobody, in memory */
	struct rf_bytes bytes;	  /* from the magic to the end of its section or segment */
	bool big;
	unsigned pointer_size;
	unsigned entry_size; /* bytes of a number in the functions' table: 4, or a pointer's */
	bool relative;	     /* entries are offsets from text_start */
	uint64_t text_start;
	uint64_t function_count;
	struct rf_bytes names; /* NUL-terminated, one after the other */
	/* False before Go 1.16: names holds what functions refer to, not what was inlined. */
	bool names_complete;
	uint64_t functions_off; /* of the functions' table */
};

/*
 * By section, else by a validated search of all segments, as some linkers put it elsewhere.
 * RF_EABSENT: there is none, or there are several and none is known to be the program's own.
 * exe must live as long as the table.
 */
int go_table_find(const struct go_exe *exe, struct go_table *ret, struct rf_err *err) RF_MUST_USE;

/* The names one after the other: set *off to 0 first. False at the end. */
bool go_table_next_name(const struct go_table *table, size_t *off, struct rf_str *ret);

/* Function index in [0, function_count): its address and name; false when the table is damaged. */
bool go_table_function(
	const struct go_table *table, uint64_t index, uint64_t *ret_addr, struct rf_str *ret_name);

/* The same without reading the name: where in table->names it begins. */
bool go_table_entry(
	const struct go_table *table, uint64_t index, uint64_t *ret_addr, uint64_t *ret_name_off);

#endif
