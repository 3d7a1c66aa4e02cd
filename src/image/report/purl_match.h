/*
 * Package URLs of others' statements against ours. A statement that suppresses a finding must name
 * the package for sure: what it leaves out stands for anything, what it says must be so, and a
 * qualifier that cannot be compared is a difference.
 */
#ifndef RF_IMAGE_REPORT_PURL_MATCH_H
#define RF_IMAGE_REPORT_PURL_MATCH_H

#include "base/arena.h"
#include "base/err.h"

#define PURL_MAX	    4096 /* bytes of one */
#define PURL_MAX_QUALIFIERS 16

struct purl_qualifier {
	struct rf_str key, value;
};

/* Decoded; type, and path where the type knows no case, in lower case. */
struct purl {
	struct rf_str type;    /* "golang" */
	struct rf_str path;    /* namespace and name: "github.com/gorilla/mux" */
	struct rf_str version; /* "" when absent; Go's without "v" and "go" */
	struct rf_str subpath; /* what follows "#"; "" when absent */
	struct purl_qualifier qualifiers[PURL_MAX_QUALIFIERS];
	size_t qualifier_count;
};

/* RF_EINPUT for what is no package URL, RF_EINTERNAL when memory ran out. */
int purl_parse(struct rf_str text, struct rf_arena *arena, struct purl *ret) RF_MUST_USE;

/* True when statement names ours (subpaths aside). */
bool purl_covers(const struct purl *statement, const struct purl *ours);

#endif
