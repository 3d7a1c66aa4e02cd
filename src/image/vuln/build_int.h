/* What a builder has gathered, and what the readers of each kind of document add to it. */
#ifndef RF_IMAGE_VULN_BUILD_INT_H
#define RF_IMAGE_VULN_BUILD_INT_H

#include "base/arena.h"
#include "base/map.h"
#include "doc/tree.h"
#include "image/vuln/build.h"
#include "image/vuln/record_int.h"
#include "image/vuln/write_int.h"

#define BUILD_MAX_LIST	  100000 /* items of one list of a document */
#define BUILD_MAX_SUMMARY 160	 /* bytes; longer ones are cut */

#define BUILD_NOT_COMPARED "versions that cannot be compared"

/* A set of strings, in the order that they came in; walked as a vector. */
struct build_strs {
	struct rf_str *items;
	size_t count, cap;
	struct rf_map seen; /* all of them, once there are more than a few */
};
void build_strs_done(struct build_strs *list);

struct build_advisory {
	struct rf_str id;
	struct build_strs aliases, related;
	struct rf_str summary;
	struct rf_str vector;  /* its own, the newest CVSS version it has; "" when it has none */
	enum vuln_level level; /* what the source says in words; unrated when it says nothing */
};

/* A package's entries, each as bytes of a record. */
struct build_package {
	struct rf_str key;
	struct build_strs entries;
};

struct vuln_builder {
	struct rf_arena *arena; /* everything below lives here */
	RF_VEC(struct build_advisory *) advisories;
	struct rf_map advisory_by_id;
	RF_VEC(struct build_package *) packages;
	struct rf_map package_by_key;
	struct rf_map vectors;	 /* CVE -> vector, as struct rf_str * */
	struct rf_map exploited; /* CVE -> 1 */
	struct build_strs sources;
	struct vuln_build_report report;
	int64_t newest_s;
	size_t source_documents; /* of the source being read */
};

/* A file of a source. */
struct build_file {
	struct rf_str name; /* without the directories before it */
	int64_t mtime_s;
	bool in_directory; /* a document; else a document or an archive of them */
};

/* Where the files of a source go, one after the other. */
struct build_files {
	/* fd stays the caller's. 0 or RF_E*, which ends the walk. */
	int (*take)(void *ctx, int fd, const struct build_file *file, struct rf_err *err);
	void *ctx;
};
int build_files_walk(
	const char *path, const struct build_files *files, struct rf_err *err) RF_MUST_USE;
/* What a source is called: the last part of its path. */
struct rf_str build_source_name(const char *path);
/* What may be a document by its name; a file that was named itself is tried whatever its name. */
bool build_wants(struct rf_str name);

/* The reader's side of a source. RF_EABSENT at its end: it had nothing. */
void build_source_begin(struct vuln_builder *b);
int build_source_take(struct vuln_builder *b, int fd, const struct build_file *file,
	struct rf_err *err) RF_MUST_USE;
int build_source_end(struct vuln_builder *b, struct rf_str name, struct rf_err *err) RF_MUST_USE;

/* Everything but the signature, for the one whose key it is. */
int build_assemble(struct vuln_builder *b, int64_t built_s, const uint8_t key[static VULN_KEY_LEN],
	struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

/* An affected entry in the making. */
struct build_entry {
	struct rf_buf ranges, versions, imports, body;
};
void build_entry_done(struct build_entry *entry);

/* A view that lives as long as the builder; ptr NULL when memory ran out. */
struct rf_str build_keep(struct vuln_builder *b, struct rf_str s);
/* Adds s unless it is there; false when memory ran out. */
bool build_strs_add(struct vuln_builder *b, struct build_strs *list, struct rf_str s);
/* The advisory of that id, made when it is new; NULL when memory ran out. */
struct build_advisory *build_advisory_of(struct vuln_builder *b, struct rf_str id);
/* Of several summaries the longest is kept, of equally long ones that with the greater bytes. */
void build_summary(struct vuln_builder *b, struct build_advisory *advisory, struct rf_str text);
/* Counts something that was left out, or widened. */
void build_left_out(struct vuln_builder *b, const char *fmt, ...) RF_PRINTF(2, 3);
void build_widened(struct vuln_builder *b, const char *what);
/* RFC 3339 or YYYY-MM-DD: remembers the newest. */
void build_date(struct vuln_builder *b, struct rf_str text);

/* Sorts the events by the scheme and adds them as one range. */
void build_entry_range(struct build_entry *entry, enum vuln_scheme scheme,
	struct vuln_event *events, size_t count);
/* Adds the entry to a package, and empties it. */
int build_entry_add(struct vuln_builder *b, struct build_entry *entry, struct rf_str ecosystem,
	struct rf_str name, struct rf_str id, struct rf_err *err) RF_MUST_USE;
/* One range "all versions before fixed" ("", and what cannot be compared, is: no known fix). */
int build_simple_entry(struct vuln_builder *b, struct rf_str ecosystem, struct rf_str name,
	struct rf_str id, struct rf_str fixed, struct rf_err *err) RF_MUST_USE;

/* A string field, "" when it is not there or something else. */
struct rf_str build_text(const struct doc_node *node, const char *key);

/* Readers: 0 or RF_E*. What they do not understand they count as left out. */
int build_osv(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;
int build_secdb(
	struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;
int build_tracker(
	struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;
int build_vectors(
	struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;
int build_exploited(
	struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;

/* Tells what a document is and reads it; RF_EABSENT when it is nothing known. */
int build_document(
	struct vuln_builder *b, const struct doc_node *root, struct rf_err *err) RF_MUST_USE;

#endif
