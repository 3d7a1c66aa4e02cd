/*
 * Which of a list of symbols a Go program has, by one pass over its function table. All packages
 * that occur are noted as well.
 */
#ifndef RF_IMAGE_GO_WANTED_H
#define RF_IMAGE_GO_WANTED_H

#include "image/go/pclntab.h"

#define GO_NO_FUNCTION UINT64_MAX

struct go_wanted;

int go_wanted_new(struct go_wanted **ret, struct rf_err *err) RF_MUST_USE;
void go_wanted_free(struct go_wanted *wanted);
void go_wanted_freep(struct go_wanted **wanted);
#define AUTO_GO_WANTED CLEANUP(go_wanted_freep) struct go_wanted

/* Asks for "Type.Method" or "Function" of a package. Before the search only. */
int go_wanted_add(struct go_wanted *wanted, struct rf_str package, struct rf_str symbol,
	struct rf_err *err) RF_MUST_USE;

/* Reads all names. main_path is what "main" stands for; "" leaves it. */
int go_wanted_search(struct go_wanted *wanted, const struct go_table *table,
	struct rf_str main_path, struct rf_err *err) RF_MUST_USE;

struct go_found {
	struct rf_str name; /* as the linker wrote it; a view into the table */
	/* Index in the table; GO_NO_FUNCTION: it was inlined wherever it is called. */
	uint64_t function;
};

bool go_wanted_found(struct go_wanted *wanted, struct rf_str package, struct rf_str symbol,
	struct go_found *ret);
bool go_wanted_has_package(const struct go_wanted *wanted, struct rf_str package);
/* The packages that occur, in no order: false after the last. */
bool go_wanted_package(const struct go_wanted *wanted, size_t index, struct rf_str *ret);

#endif
