/* A change from outside: manifests read, merged into what runs, and put in force. */
#ifndef RF_HOST_MERGE_H
#define RF_HOST_MERGE_H

#include "host/host_int.h"

/*
 * Answers the request "apply" (host/control.h). Objects of the new manifests replace those of the
 * same kind, namespace and name; the others stay, unless prune is true. Nothing changes when
 * anything is wrong.
 */
void merge_apply(struct host *host, const struct doc_node *request, struct json_writer *w);

#endif
