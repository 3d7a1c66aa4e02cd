/*
 * What a scanner has gathered so far, by the file it was found in, so that a later layer can take
 * it away again: by a whiteout, an opaque directory, or another file of that name.
 *
 * Memory grows with what was found, not with the size of the image: of all the other paths nothing
 * is kept.
 */
#ifndef RF_IMAGE_SCAN_INVENTORY_INT_H
#define RF_IMAGE_SCAN_INVENTORY_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "image/archive.h"
#include "image/scan/report.h"
#include "image/vuln/db.h"

#define INVENTORY_MAX_FACTS ((size_t)200000) /* of each kind */
#define INVENTORY_MAX_NOTES 100
#define INVENTORY_ARENA	    ((size_t)512 << 20)

/* A file in which something was found. */
struct inventory_place {
	struct rf_str path;	/* relative, NUL-terminated */
	struct rf_str location; /* as reports tell it; absent before the first fact */
	uint32_t layer;
	uint64_t order; /* later ones are greater */
	bool is_dir;
	bool hidden; /* by its own layer, at the layer's end; by any, at the end of all */
	/* Where its facts begin; those of one place are neighbours. */
	size_t first_package, first_finding, first_secret, first_file;
	const struct pkg_os *os; /* what an os-release file says; NULL for others */
};

/*
 * What layers did at a path that is a place, or a directory above one. A layer is a tree of its own
 * before it is laid over those below it: the orders are of the layer that is being read, and become
 * layers (N + 1; 0: never) at its end.
 */
struct inventory_path {
	struct rf_str path;
	size_t place;		/* the last place here + 1; 0: none */
	uint64_t replaced;	/* order of the last entry that is no directory; 0: none */
	uint64_t made_dir;	/* order of the last directory entry */
	uint64_t implied_dir;	/* order of the last entry below it: it is a directory then */
	uint32_t covered_in;	/* is no directory in layer N */
	uint32_t made_in;	/* is a directory that layer N tells of */
	uint32_t implied_in;	/* is a directory in layer N, whether told or not */
	uint32_t gone_below;	/* whited out in layer N */
	uint32_t emptied_below; /* opaque in layer N */
};

struct inventory_package {
	struct scan_package package;
	size_t place;
};

struct inventory_finding {
	struct scan_finding finding; /* .package: index into packages of the inventory */
	struct rf_bytes aliases;     /* the database's own, for merging */
};

struct inventory_secret {
	struct scan_secret secret;
	size_t place;
};

struct inventory_file {
	struct scan_file file;
	size_t place;
};

struct inventory {
	struct rf_arena *arena;
	struct vuln_db *db; /* NULL: nothing is matched */
	uint32_t layer;	    /* being read; SCAN_NO_LAYER for directories and files */
	uint64_t order;
	bool entry_is_dir;   /* of the last inventory_added() */
	struct rf_str above; /* the directory of that entry, in above_text */
	char above_text[IMAGE_MAX_PATH + 1];
	RF_VEC(struct inventory_place) places;
	struct rf_map paths;   /* of struct inventory_path */
	uint32_t events_layer; /* the layer of what is in touched; its end is settled when another
				  one begins */
	size_t settled;	       /* places before this one have been compared with their own layer */
	RF_VEC(struct inventory_path *) touched;
	bool nomem; /* an event was lost */
	RF_VEC(struct inventory_package) packages;
	RF_VEC(struct inventory_finding) findings;
	RF_VEC(struct inventory_secret) secrets;
	RF_VEC(struct inventory_file) files;
	RF_VEC(struct rf_str) notes;
	size_t notes_hidden;
};

int inventory_init(struct inventory *inv, struct vuln_db *db, struct rf_err *err) RF_MUST_USE;
void inventory_done(struct inventory *inv);

/* --- the file system's history --- */

/* An entry that is added: takes away what was there. To be called before its facts are. */
void inventory_added(struct inventory *inv, struct rf_str path, bool is_dir);
/* The content of an entry of this layer that was added before: facts about it come late. */
void inventory_again(struct inventory *inv);
void inventory_whiteout(struct inventory *inv, struct rf_str path);
void inventory_opaque(struct inventory *inv, struct rf_str path);
/*
 * path became another name of target, and shows what target shows from now on: the facts are
 * copied, since either name can be taken away without the other. To be called after
 * inventory_added().
 */
int inventory_linked(struct inventory *inv, struct rf_str path, struct rf_str target,
	struct rf_err *err) RF_MUST_USE;
/* Up to now. */
bool inventory_is_hidden(const struct inventory *inv, const struct inventory_place *place);
/* The end of the last layer: decides of every place whether it is hidden. */
int inventory_settle(struct inventory *inv, struct rf_err *err) RF_MUST_USE;
/* Remembers a path and all directories above it, the root too, and what happens to them. */
int inventory_know_path(
	struct inventory *inv, struct rf_str path, size_t place, struct rf_err *err) RF_MUST_USE;

/* --- facts; text is copied --- */

/* The place of the file that is being read; *place is SIZE_MAX before the first fact. */
int inventory_place(
	struct inventory *inv, struct rf_str path, size_t *place, struct rf_err *err) RF_MUST_USE;
/* Views of package are copied; location and layer are set. *ret_index may be NULL. */
int inventory_add_package(struct inventory *inv, size_t place, const struct scan_package *package,
	uint32_t *ret_index, struct rf_err *err) RF_MUST_USE;
/* finding's lists must live in the arena already; ids and texts of the database may be views. */
int inventory_add_finding(struct inventory *inv, const struct scan_finding *finding,
	struct rf_bytes aliases, struct rf_err *err) RF_MUST_USE;
int inventory_add_secret(struct inventory *inv, size_t place, const struct scan_secret *secret,
	struct rf_err *err) RF_MUST_USE;
int inventory_add_file(struct inventory *inv, size_t place, const struct scan_file *file,
	struct rf_err *err) RF_MUST_USE;
void inventory_note(struct inventory *inv, const char *fmt, ...) RF_PRINTF(2, 3);

/* Decides what is hidden, matches packages of distributions and libraries, merges what is the
 * same under several names, and moves everything into report. */
int inventory_finish(
	struct inventory *inv, struct scan_report *report, struct rf_err *err) RF_MUST_USE;

/* Findings of one package that have a name in common become one. */
#define INVENTORY_MERGED UINT32_MAX /* as a finding's package: it went into another one */
int inventory_merge(struct inventory *inv, struct rf_err *err) RF_MUST_USE;

/* --- shared by what matches --- */

/* What speaks for a finding; lists live in the arena. */
struct inventory_evidence {
	enum scan_tier tier;
	struct scan_strs symbols, path;
};

/* Adds a finding for a package of the inventory: the advisory is looked up, severity and all. */
struct vuln_subject;
int inventory_match(struct inventory *inv, uint32_t package, const struct vuln_subject *subject,
	const struct vuln_affected *affected, const struct inventory_evidence *evidence,
	struct rf_err *err) RF_MUST_USE;

#endif
