/*
 * runtime.moduledata, the runtime's table of contents of a program. What is wanted of it: where the
 * code begins that entries of the table of functions count from, which the table itself does not
 * say since Go 1.26, and in no position-independent program. Source: runtime/symtab.go.
 */
#ifndef RF_IMAGE_GO_MODULEDATA_H
#define RF_IMAGE_GO_MODULEDATA_H

#include "image/go/pclntab.h"

/* False when it is not there, or does not fit the table. */
bool go_moduledata_text(const struct go_exe *exe, const struct go_table *table, uint64_t *ret);

#endif
