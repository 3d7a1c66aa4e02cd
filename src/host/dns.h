/*
 * Names as in a cluster, from a dnsmasq of this machine in a pod of its own (image
 * "ringfence.internal/dns", made here from the machine's binary and its libraries). Records are
 * files in a directory that the pod reads; dnsmasq notices when they are replaced.
 *
 * Source: kubernetes/dns specification 1.1.0 (A, AAAA and PTR records).
 */
#ifndef RF_HOST_DNS_H
#define RF_HOST_DNS_H

#include "host/host_int.h"

#define DNS_IMAGE	   "ringfence.internal/dns"
#define DNS_RECORDS_TARGET "/etc/ringfence-dns"
#define DNS_DOMAIN	   "cluster.local"

bool dns_is_image(struct rf_str image);
/* The built-in image; made on first use. RF_EABSENT when dnsmasq is not installed. */
int dns_image(struct host *host, struct image **ret, struct rf_err *err) RF_MUST_USE;
/* Manifests of the built-in DNS, used when the user's have no Service kube-system/kube-dns. */
extern const char dns_manifest[];

/* Writes the records of all Services and pods; unchanged content is not written. */
int dns_write_records(struct host *host, struct rf_err *err) RF_MUST_USE;

/* A pod's resolv.conf, by its dnsPolicy and dnsConfig. */
int dns_resolv_conf(const struct host *host, const struct pod *pod, struct rf_buf *out) RF_MUST_USE;
/* A pod's /etc/hosts, with its hostAliases. */
int dns_hosts_file(const struct pod *pod, struct rf_buf *out) RF_MUST_USE;
/* The pod's host name: spec.hostname, or its name (a StatefulSet's always), at most 63 bytes. */
struct rf_str dns_hostname(const struct kube_pod *pod);
/* The Service under whose name it has its own: spec.subdomain, or a StatefulSet's; may be absent.
 */
struct rf_str dns_subdomain(const struct kube_pod *pod);

#endif
