/* Offsets in a YAML text: lines, documents, characters. All are bytes from its beginning. */
#ifndef RF_DOC_YAML_TEXT_INT_H
#define RF_DOC_YAML_TEXT_INT_H

#include "base/str.h"

/* The beginning of the line that holds at. */
size_t doc_yaml_line_start(struct rf_str text, size_t at);

/* The first line with "---" that begins at or after from; end when there is none. */
size_t doc_yaml_next_document(struct rf_str text, size_t from, size_t end);

/* The byte that lies count characters after start, end at most. */
size_t doc_yaml_skip(struct rf_str text, size_t start, size_t end, size_t count);

/* Line feeds in text[start, end). */
uint32_t doc_yaml_count_lines(struct rf_str text, size_t start, size_t end);

/* Where the good part before bad ends: at the line that begins bad's document, or at start. */
size_t doc_yaml_good_end(struct rf_str text, size_t start, size_t bad);

#endif
