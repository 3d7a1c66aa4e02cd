/* A file that is being visited: what the pieces of the visit share. */
#ifndef RF_IMAGE_SCAN_VISIT_FILE_INT_H
#define RF_IMAGE_SCAN_VISIT_FILE_INT_H

#include "image/scan/visit_int.h"

enum file_kind {
	KIND_OTHER,
	KIND_OS_RELEASE,
	KIND_PACKAGES, /* a database or lock file: reader is set */
	KIND_JAR,
	KIND_ELF,
	KIND_FOREIGN, /* PE or Mach-O */
	KIND_TEXT,
};

typedef int (*package_reader)(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err);

struct visit {
	struct scanner *scanner;
	const struct scan_input *input;
	size_t place;
	uint64_t base; /* where in the file the scanner's buf begins */
	enum file_kind kind;
	package_reader read_packages;
	enum scan_package_role role;
	bool full; /* the inventory took no more packages */
	struct piece {
		const void *data;
		uint64_t offset;
		size_t len;
	} piece;     /* read, and not taken yet */
	uint64_t at; /* where pieces to come may begin */
	uint64_t holes;
	bool too_sparse;
};

/* What a file is told by: its first bytes, at least VISIT_HEAD_BYTES where there are as many. */
#define VISIT_HEAD_BYTES 4096
int visit_read_head(struct visit *visit, struct rf_bytes *ret, struct rf_err *err) RF_MUST_USE;
/* Reads on into the scanner's buf until it holds max bytes; holes become zeros. */
int visit_read_into_buf(struct visit *visit, size_t max, struct rf_err *err) RF_MUST_USE;

/* The whole content: in the scanner's buf, or mapped. */
struct visit_whole {
	struct rf_bytes bytes;
	void *map; /* to be unmapped; NULL: none */
};
void visit_whole_done(struct visit_whole *whole);
int visit_read_whole(struct visit *visit, struct visit_whole *ret, struct rf_err *err) RF_MUST_USE;

/* Whether path's name says how to read the file, and target's something else, or nothing. */
bool visit_reads_as_another(struct rf_str path, struct rf_str target);

/* Searches a text for secrets. */
int visit_search_secrets(struct visit *visit, struct rf_err *err) RF_MUST_USE;
/* Tells of setuid, setgid, files that anybody may write, and capabilities. */
int visit_check_modes(struct visit *visit, struct rf_err *err) RF_MUST_USE;
/* A fact about the file itself. */
int visit_add_file(struct visit *visit, enum scan_file_kind kind, const char *detail,
	struct rf_err *err) RF_MUST_USE;

#endif
