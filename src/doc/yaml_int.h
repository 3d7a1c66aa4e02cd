/* Scalars and tags of YAML events into doc nodes. */
#ifndef RF_DOC_YAML_INT_H
#define RF_DOC_YAML_INT_H

#include <yaml.h>

#include "doc/build_int.h"

/*
 * Fills node's type, text, truth and number from a scalar event; node's position is set already. A
 * tag that does not fit is reported. RF_OK, or RF_EINTERNAL when memory ran out.
 */
int doc_yaml_scalar(
	struct doc_builder *b, const yaml_event_t *event, struct doc_node *node) RF_MUST_USE;

/* Reports a tag that does not fit a list or map. */
void doc_yaml_collection_tag(
	struct doc_builder *b, const yaml_char_t *tag, const struct doc_node *node);

#endif
