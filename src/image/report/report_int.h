/* What the writers share: names of things, times, links, and JSON by the field. */
#ifndef RF_IMAGE_REPORT_REPORT_INT_H
#define RF_IMAGE_REPORT_REPORT_INT_H

#include "doc/json.h"
#include "image/report/report.h"
#include "image/report/when.h"

#define REPORT_TOOL	   "ringfence"
#define REPORT_UUID_SIZE   37
#define REPORT_ID_SIZE	   33
#define REPORT_SCORE_SIZE  16
#define REPORT_NO_HOLDER   SIZE_MAX
#define REPORT_DIGEST_SIZE 65 /* 64 hex digits */

/* What a package is called in documents. */
struct report_ref {
	struct rf_str purl;
	struct rf_str text; /* purl and "#" location: unique in the report */
	size_t holder;	    /* index of the main module of the same program, or REPORT_NO_HOLDER */
	char id[REPORT_ID_SIZE]; /* hex digits of text's digest, for formats with poor alphabets */
};

struct report_refs {
	struct rf_arena *arena;
	struct report_ref *packages;
	struct report_ref root;	     /* the target itself; text is the purl alone */
	struct rf_str name;	     /* of the target, short: "app" */
	char uuid[REPORT_UUID_SIZE]; /* derived from the whole report */
};

/* Marks out as failed and returns false when memory ran out. */
bool report_refs_init(struct report_refs *refs, const struct scan_report *r, struct rf_buf *out);
void report_refs_done(struct report_refs *refs);
#define AUTO_REPORT_REFS CLEANUP(report_refs_done) struct report_refs

/* The package URL of the target: pkg:oci/NAME@sha256:..., else pkg:generic/NAME. */
void report_root_purl(const struct scan_report *r, struct rf_buf *out);
/* "registry.example/shop/app:1.2@sha256:..." is app; ret_tag (may be NULL) is "1.2" or "". */
struct rf_str report_target_name(struct rf_str target, struct rf_str *ret_tag);
/* The package URL of one package. */
void report_purl(const struct scan_report *r, const struct scan_package *p, struct rf_buf *out);

/* "9.8"; "" when unrated. */
const char *report_score(const struct scan_finding *f, char out[static REPORT_SCORE_SIZE]);
/* Where a person reads about a vulnerability. */
void report_url(struct rf_str id, struct rf_buf *out);
/* "Go vulnerability database", "OSV", ... */
const char *report_source_name(struct rf_str id);
/* The time that a document bears; see report.h. */
const char *report_time(const struct scan_report *r, const struct report_opts *opts,
	char out[static WHEN_TEXT_SIZE]);
/* The layer's diff_id; absent when it has none. */
struct rf_str report_layer(const struct scan_report *r, uint32_t layer);
/* The hex digits of a "sha256:..."; false when it is none. */
bool report_digest_hex(struct rf_str digest, char out[static REPORT_DIGEST_SIZE]);

static inline const struct scan_package *report_package(
	const struct scan_report *r, const struct scan_finding *f)
{
	return &r->packages[f->package];
}

/* Components of URLs and package URLs: letters, digits and "-._~" stay. */
void report_add_encoded(struct rf_buf *out, struct rf_str text, const char *also_plain);

/* JSON by the field. */
void report_strs(struct json_writer *w, const char *key, const struct scan_strs *strs);
/* null when empty */
void report_str_or_null(struct json_writer *w, const char *key, struct rf_str text);
/* left out when empty */
void report_str_some(struct json_writer *w, const char *key, struct rf_str text);

#endif
