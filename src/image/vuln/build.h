/*
 * Builds a database from what others publish: OSV entries (directories, zips, tar archives, single
 * files, also compressed), Alpine's secdb (JSON or YAML), Debian's security tracker (JSON), a map
 * of CVE to CVSS vectors, and CISA's list of known exploited vulnerabilities. What a document is,
 * is told by its shape. Equal sources give equal bytes, in whatever order they come.
 *
 * Left out, and counted: withdrawn entries, GIT ranges, ecosystems whose versions cannot be
 * compared here, and documents of no known shape.
 *
 * Widened, and counted: what says which versions are affected, and cannot be compared in the order
 * of its ecosystem. An end that is no version is none: the fix is unknown, and all versions from
 * the beginning on are affected. A beginning that is none is the first version, as long as one end
 * can only be its end. Everything else (ranges without events, or with too many) is all versions.
 */
#ifndef RF_IMAGE_VULN_BUILD_H
#define RF_IMAGE_VULN_BUILD_H

#include "base/buf.h"
#include "base/vec.h"
#include "image/vuln/sign.h"

#define VULN_BUILD_MAX_MEMBERS 2000000
#define VULN_BUILD_MAX_MEMBER  ((size_t)512 << 20) /* bytes of one document */

struct vuln_builder;

struct vuln_build_count {
	char *what; /* "withdrawn entries", "versions that cannot be compared" */
	size_t count;
};
RF_VEC_TYPE(vuln_build_counts, struct vuln_build_count);

struct vuln_build_report {
	size_t documents;
	struct vuln_build_counts left_out; /* both sorted by what */
	struct vuln_build_counts widened;
};
void vuln_build_report_done(struct vuln_build_report *report);

int vuln_builder_new(struct vuln_builder **ret, struct rf_err *err) RF_MUST_USE;
void vuln_builder_free(struct vuln_builder *builder);
void vuln_builder_freep(struct vuln_builder **builder);
#define AUTO_VULN_BUILDER CLEANUP(vuln_builder_freep) struct vuln_builder

/*
 * Adds a file, archive or directory. RF_EINPUT, with the member's name, for what cannot be read;
 * RF_EABSENT when there is no such path or nothing of a known shape in it.
 */
int vuln_builder_add(
	struct vuln_builder *builder, const char *path, struct rf_err *err) RF_MUST_USE;
/* One document, called name in messages. */
int vuln_builder_add_document(struct vuln_builder *builder, struct rf_str name, struct rf_str text,
	struct rf_err *err) RF_MUST_USE;

/*
 * The whole file, signed. built_s is the date of the data (Unix time); negative: the newest date
 * in the data and of the files that it was read from.
 */
int vuln_builder_finish(struct vuln_builder *builder, int64_t built_s,
	const struct vuln_signer *signer, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
/* Valid as long as the builder. */
const struct vuln_build_report *vuln_builder_report(const struct vuln_builder *builder);

#endif
