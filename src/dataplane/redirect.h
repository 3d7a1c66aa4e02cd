/*
 * Sends a pod's TCP connections to a proxy in the pod (nftables' redirect, in the pod's network
 * namespace): those that come, but for the machine's own (probes), and those that go, but for the
 * proxy's. The proxy finds where they were going by SO_ORIGINAL_DST. The rules stay when the proxy
 * dies: nothing passes by it then.
 *
 * Source: linux/netfilter/nf_tables.h (NFTA_REDIR_*), linux/netfilter_ipv4.h.
 */
#ifndef RF_DATAPLANE_REDIRECT_H
#define RF_DATAPLANE_REDIRECT_H

#include <sys/types.h>

#include "base/err.h"
#include "base/ip.h"

#define REDIRECT_TABLE "ringfence_mesh"

struct redirect {
	int netns_fd;	    /* the pod's network namespace; borrowed */
	uint32_t proxy_uid; /* what it sends goes as it is */
	uint16_t inbound_port, outbound_port;
	uint16_t plain_port;	  /* what comes to it is left as it is (metrics); 0: none */
	struct rf_ip node_ips[2]; /* whose connections come as they are */
	unsigned node_ip_count;
};

/*
 * Replaces the table in the namespace. RF_EDENIED without CAP_NET_ADMIN, RF_EUNSUPPORTED when the
 * kernel has no redirect.
 */
int redirect_pod(const struct redirect *redirect, struct rf_err *err) RF_MUST_USE;

#endif
