/* Network settings of links under /proc/sys/net, of the calling thread's network namespace. */
#ifndef RF_DATAPLANE_SYSCTL_H
#define RF_DATAPLANE_SYSCTL_H

#include "base/err.h"
#include "base/ip.h"

/* net.ipvX.conf.LINK.NAME. RF_EABSENT when the kernel does not have it. */
int sysctl_set(enum rf_family family, const char *link, const char *name, const char *value,
	struct rf_err *err) RF_MUST_USE;
/* A one-digit setting; -1 when it cannot be read. */
int sysctl_get(enum rf_family family, const char *link, const char *name);

/* A setting of a link. optional: kernels without it, or without IPv6, are fine. */
struct sysctl_row {
	enum rf_family family;
	const char *name, *value;
	bool optional;
};

int sysctl_set_all(const char *link, const struct sysctl_row *rows, size_t count,
	struct rf_err *err) RF_MUST_USE;

#endif
