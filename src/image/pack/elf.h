/*
 * Whether an ELF file is a program that runs with nothing beside it: its machine, the loader it
 * asks for, the libraries it needs. The file is hostile: every offset is checked when it is used.
 * Sources: gABI chapters 4 and 5; psABI supplements for the machines.
 */
#ifndef RF_IMAGE_PACK_ELF_H
#define RF_IMAGE_PACK_ELF_H

#include "base/err.h"
#include "base/str.h"

#define PACK_MAX_NEEDED 64
#define PACK_ELF_NAME	256 /* bytes of a library's or loader's name that are told */

struct pack_elf {
	const char *architecture;	       /* as OCI calls it: "amd64"; static */
	struct rf_str loader;		       /* "/lib64/ld-linux-x86-64.so.2"; "" for none */
	struct rf_str needed[PACK_MAX_NEEDED]; /* "libc.so.6"; further ones are left out */
	size_t needed_count;
};

/*
 * Views into file, which must live as long. RF_EINPUT, saying what it is instead, for what is no
 * executable ELF file of Linux; RF_EUNSUPPORTED for a machine that OCI has no name for.
 */
int pack_elf_read(struct rf_bytes file, struct pack_elf *ret, struct rf_err *err) RF_MUST_USE;

static inline bool pack_elf_is_static(const struct pack_elf *elf)
{
	return elf->loader.len == 0 && elf->needed_count == 0;
}

#endif
