/* Values that are secrets, told by what they look like: the one place that says so for this folder.
 */
#ifndef RF_IMAGE_DOCKERFILE_SECRET_VALUE_INT_H
#define RF_IMAGE_DOCKERFILE_SECRET_VALUE_INT_H

#include "base/str.h"

/* What the value is ("an AWS access key"), or NULL when it looks like nothing of the kind. */
const char *secret_value_title(struct rf_str name, struct rf_str value);

#endif
