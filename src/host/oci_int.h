/* What oci.c (config.json) and oci_process.c (the process object) share. */
#ifndef RF_HOST_OCI_INT_H
#define RF_HOST_OCI_INT_H

#include "host/oci.h"

/* The process object as a value; args NULL: the spec's own. */
void oci_write_process(
	struct json_writer *w, const struct oci_spec *spec, const char *const *args, bool tty);

/* A value that is JSON already. */
void oci_write_verbatim(struct json_writer *w, struct rf_str json);
/* key and a list of the NULL-terminated items. */
void oci_write_list(struct json_writer *w, const char *key, const char *const *items);
/* key and a number, at most INT64_MAX. */
void oci_write_limit(struct json_writer *w, const char *key, uint64_t value);

#endif
