/* Volume sources that no ring runs: checked by their schemas, kept as nodes. */
#ifndef RF_KUBE_VOLUME_INT_H
#define RF_KUBE_VOLUME_INT_H

#include "kube/kube_int.h"

/* The field's own name (node->key) picks the schema; field is kube_volume.other. */
int kube_keep_other_volume(struct doc_decoder *dec, const struct doc_node *node, void *field);

#endif
