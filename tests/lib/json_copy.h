/* Writes a tree as JSON again. */
#ifndef TESTS_LIB_JSON_COPY_H
#define TESTS_LIB_JSON_COPY_H

#include "doc/json.h"
#include "doc/tree.h"

void json_copy(struct json_writer *w, const struct doc_node *node);
/*
 * The same without one node and what is below it: nodes are numbered from 0 in the order of the
 * text. Returns how many nodes there are at least: not more than without when none was left out.
 */
size_t json_copy_without(struct json_writer *w, const struct doc_node *node, size_t without);

#endif
