/* What the value of a label must look like. */
#ifndef RF_IMAGE_DOCKERFILE_LABEL_INT_H
#define RF_IMAGE_DOCKERFILE_LABEL_INT_H

#include "image/dockerfile/check.h"

extern const char *const check_spdx_ids[]; /* sorted */
extern const size_t check_spdx_count;

/* True when value is of that type; any value is a text. */
bool check_label_fits(enum check_label_type type, struct rf_str value);

#endif
