/*
 * SPIFFE identities (github.com/spiffe/spiffe, standards/SPIFFE-ID.md): the name in a certificate
 * that says who somebody is. Ringfence names a workload by its namespace and service account, as
 * Istio does: spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICEACCOUNT. Pure functions over views.
 */
#ifndef RF_MESH_IDENTITY_H
#define RF_MESH_IDENTITY_H

#include "base/err.h"
#include "base/str.h"

#define IDENTITY_MAX	    2048 /* bytes of an ID (section 2.3) */
#define IDENTITY_DOMAIN_MAX 255	 /* bytes of a trust domain (section 2.3) */
#define IDENTITY_SCHEME	    "spiffe://"

/* Views of the text that was parsed. */
struct identity {
	struct rf_str text;
	struct rf_str trust_domain;
	struct rf_str path; /* with its leading '/'; empty for the trust domain itself */
};

/* True when text begins as an ID does, well formed or not. */
bool identity_is_spiffe(struct rf_str text);

/*
 * Takes an ID apart. RF_EINPUT, with what is wrong with it, for everything that section 2 of the
 * standard does not allow: other schemes, upper case, ports, users, queries, fragments, %-escapes,
 * empty segments, "." and "..", a '/' at the end, and more than IDENTITY_MAX bytes.
 */
int identity_parse(struct rf_str text, struct identity *ret, struct rf_err *err) RF_MUST_USE;

/* A trust domain on its own: [a-z0-9._-], 1 to IDENTITY_DOMAIN_MAX bytes. */
int identity_check_domain(struct rf_str domain, struct rf_err *err) RF_MUST_USE;

/*
 * The ID of a workload, terminated by NUL. namespace must be a DNS label, service_account a DNS
 * subdomain, as Kubernetes has it.
 */
int identity_make(struct rf_str trust_domain, struct rf_str namespace,
	struct rf_str service_account, char out[static IDENTITY_MAX + 1],
	struct rf_err *err) RF_MUST_USE;

/* The names in a path of the form /ns/NAMESPACE/sa/SERVICEACCOUNT; false for any other. */
bool identity_workload(const struct identity *id, struct rf_str *ret_namespace,
	struct rf_str *ret_service_account) RF_MUST_USE;

#endif
