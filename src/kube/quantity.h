/* Resource quantities (k8s.io/apimachinery pkg/api/resource): "1.5Gi", "100m", "1e3", "0.5". */
#ifndef RF_KUBE_QUANTITY_H
#define RF_KUBE_QUANTITY_H

#include "kube/types.h"

/*
 * Exact arithmetic; what is finer than a thousandth is rounded away from zero, as the API does;
 * what does not fit is saturated at INT64_MAX (INT64_MIN). False when text is not a quantity.
 * ret->text is text.
 */
bool kube_quantity_parse(struct rf_str text, struct kube_quantity *ret) RF_MUST_USE;

#endif
