/*
 * The syntax of names in the Kubernetes API (k8s.io/apimachinery pkg/util/validation,
 * pkg/api/validate/content). Pure functions over views; an absent view is never valid.
 */
#ifndef RF_KUBE_NAMES_H
#define RF_KUBE_NAMES_H

#include "base/str.h"

/* RFC 1123: lower case letters, digits and '-', at most 63, letter or digit at both ends. */
bool kube_is_dns_label(struct rf_str s);
/* RFC 1035: the same, and it begins with a letter. */
bool kube_is_dns1035_label(struct rf_str s);
/* RFC 1123: labels joined by '.', at most 253 in all. */
bool kube_is_dns_subdomain(struct rf_str s);
/* "app", "example.com/app": of labels, annotations, resources, finalizers. */
bool kube_is_label_key(struct rf_str s);
/* At most 63 of [-A-Za-z0-9_.], letter or digit at both ends; may be empty. */
bool kube_is_label_value(struct rf_str s);
/* IANA service name: at most 15 of [-a-z0-9] with a letter, no "--", no '-' at an end. */
bool kube_is_port_name(struct rf_str s);
/* Printable ASCII without '='. */
bool kube_is_env_name(struct rf_str s);
/* A key of a ConfigMap or Secret: at most 253 of [-A-Za-z0-9_.], not "." or "..". */
bool kube_is_data_key(struct rf_str s);

#endif
