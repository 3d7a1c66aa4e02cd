/* Statements, whatever format they came in. */
#ifndef RF_IMAGE_REPORT_VEX_INT_H
#define RF_IMAGE_REPORT_VEX_INT_H

#include "base/vec.h"
#include "doc/tree.h"
#include "image/report/purl_match.h"
#include "image/report/vex.h"

enum vex_status {
	VEX_AFFECTED, /* also under investigation, and whatever is not known here */
	VEX_NOT_AFFECTED,
	VEX_FIXED,
};

/* Something that a statement names. */
struct vex_product {
	struct rf_str id;     /* as written; "" when absent */
	struct rf_str sha256; /* hex digits; "" when absent */
	bool has_purl;
	struct purl purl;
	struct rf_str version; /* the only one of the package that is meant; "" for all */
	bool never;	       /* names something that cannot be told: matches nothing */
	const struct vex_product *subcomponents;
	size_t subcomponent_count;
};

struct vex_statement {
	enum vex_status status;
	struct rf_str reason; /* justification or words; "" when absent */
	int64_t time_s;
	const struct vex_product *products;
	size_t product_count;
	bool restricted; /* products were listed, even if none */
};

/* A name of a vulnerability and a statement about it. */
struct vex_entry {
	struct rf_str name;
	size_t statement;
};

struct vex_doc {
	struct rf_arena *arena;
	struct rf_diags *diags;
	const struct scan_report *report;
	RF_VEC(struct vex_statement) statements;
	RF_VEC(struct vex_entry) entries;
	size_t product_count;
	/* What the whole document is about (CycloneDX); NULL when it does not say. */
	const struct vex_product *subject;
};

/* RF_EINPUT (reported), RF_ELIMIT (reported) or RF_EINTERNAL. */
int vex_read_openvex(struct vex_doc *doc, const struct doc_node *root) RF_MUST_USE;
int vex_read_cyclonedx(struct vex_doc *doc, const struct doc_node *root) RF_MUST_USE;

/* Adds a statement about name; more names with vex_add_name(). */
int vex_add_statement(struct vex_doc *doc, const struct doc_node *at,
	const struct vex_statement *statement) RF_MUST_USE;
int vex_add_name(struct vex_doc *doc, struct rf_str name) RF_MUST_USE;
/* Room for count products, within the limit. */
int vex_products(struct vex_doc *doc, const struct doc_node *at, size_t count,
	struct vex_product **ret) RF_MUST_USE;
/* id and purl from one text that may be a package URL. */
int vex_product_set(struct vex_doc *doc, struct rf_str text, struct vex_product *ret) RF_MUST_USE;
/* The string under key, "" when absent; another type is reported. */
int vex_str(struct vex_doc *doc, const struct doc_node *map, const char *key,
	struct rf_str *ret) RF_MUST_USE;
/* The list (or map) under key, NULL when absent; another type is reported. */
int vex_child(struct vex_doc *doc, const struct doc_node *map, const char *key, enum doc_type type,
	const struct doc_node **ret) RF_MUST_USE;

#endif
