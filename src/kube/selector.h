/* Labels and selectors (k8s.io/apimachinery pkg/labels). */
#ifndef RF_KUBE_SELECTOR_H
#define RF_KUBE_SELECTOR_H

#include "base/buf.h"
#include "kube/types.h"

/* Labels are sorted by key. The value of key; ptr NULL when absent. */
struct rf_str kube_label(const struct doc_pairs *labels, struct rf_str key);

/* NotIn and DoesNotExist match when the key is absent; an empty selector matches everything. */
bool kube_selector_matches(const struct kube_selector *selector, const struct doc_pairs *labels);

/* All pairs are among labels (a Service's selector). */
bool kube_pairs_match(const struct doc_pairs *wanted, const struct doc_pairs *labels);

/* Text as kubectl shows it: "app=a,tier in (x,y),!old"; "<all>" when empty. Appends to out. */
void kube_selector_text(const struct kube_selector *selector, struct rf_buf *out);

#endif
