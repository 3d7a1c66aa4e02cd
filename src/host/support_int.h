/* The rows of what is refused: one table for the check and for docs/guide/limits.md. */
#ifndef RF_HOST_SUPPORT_INT_H
#define RF_HOST_SUPPORT_INT_H

#include "base/buf.h"
#include "host/plan.h"

/* The object whose fields a row is about. */
enum support_scope {
	SUPPORT_POD, /* a PodSpec */
	SUPPORT_CONTAINER,
	SUPPORT_PROBE,
	SUPPORT_ENV,
	SUPPORT_PORT,
	SUPPORT_MOUNT,
	SUPPORT_VOLUME,
	SUPPORT_PROJECTION,
	SUPPORT_TEMPLATE, /* the metadata that pods get */
	SUPPORT_DEPLOYMENT,
	SUPPORT_STATEFUL_SET,
	SUPPORT_JOB, /* a JobSpec */
	SUPPORT_CRON_JOB,
	SUPPORT_SERVICE,
	SUPPORT_SCOPE_COUNT,
};

enum support_when {
	SUPPORT_SET, /* there, and neither null nor empty */
	SUPPORT_TRUE,
	SUPPORT_FALSE,
	SUPPORT_NOT_ZERO,
	SUPPORT_IS,	/* the text of value */
	SUPPORT_IS_NOT, /* there, and another text than value */
	SUPPORT_TEST,	/* what test says */
};

/*
 * True when the object is to be refused; *ret_where and *ret_key may then be set to a map and a
 * field of it that say so better than the row's field.
 */
typedef bool (*support_test)(const struct doc_node *object, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key);

struct support_row {
	enum support_scope scope;
	const char *field; /* dotted, below the object: "httpGet.scheme" */
	enum support_when when;
	const char *value; /* SUPPORT_IS, SUPPORT_IS_NOT; for SUPPORT_TEST: "when ..." in words */
	support_test test;
	const char *why;
	const char *instead;
};

extern const struct support_row support_rows[];
extern const size_t support_row_count;

/* What the page calls the objects of a scope: "Pod spec", "container", ... */
const char *support_scope_name(enum support_scope scope);
/* The row's condition as the page has it: "hostUsers: false". */
void support_row_text(const struct support_row *row, struct rf_buf *out);

/* Tests of rows (support_tests.c). */
bool support_host_port(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_extended_limit(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_extended_request(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_other_volume(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_old_profile(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_more_completions(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_no_selector(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);
bool support_not_suspended(
	const struct doc_node *, const struct doc_node *, const struct doc_node **, const char **);

#endif
