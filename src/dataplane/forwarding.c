/* The machine's own switches for forwarding packets. */
#include <dirent.h>
#include <errno.h>

#include "dataplane/link.h"
#include "dataplane/sysctl.h"

#define CONF6 "/proc/sys/net/ipv6/conf"

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Links that take router advertisements go on doing so when IPv6 is forwarded. */
static int keep_advertisements(struct rf_err *err)
{
	CLEANUP(closedirp) DIR *dir = opendir(CONF6);
	const struct dirent *entry;
	int rc = RF_OK;

	if (!dir)
		return rf_err_sys(err, errno, "open %s", CONF6);
	while (rc == RF_OK && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "all") == 0 ||
			strcmp(entry->d_name, "default") == 0)
			continue;
		if (sysctl_get(RF_IPV6, entry->d_name, "accept_ra") == 1)
			rc = sysctl_set(RF_IPV6, entry->d_name, "accept_ra", "2", err);
	}
	return rc;
}

int link_forwarding_enable(struct link_forwarding *ret, struct rf_err *err)
{
	int ipv4 = sysctl_get(RF_IPV4, "all", "forwarding");
	int ipv6 = sysctl_get(RF_IPV6, "all", "forwarding");
	int rc = RF_OK;

	if (ipv4 != 1)
		rc = sysctl_set(RF_IPV4, "all", "forwarding", "1", err);
	if (rc == RF_OK && ipv6 == 0)
		rc = keep_advertisements(err);
	if (rc == RF_OK && ipv6 == 0)
		rc = sysctl_set(RF_IPV6, "all", "forwarding", "1", err);
	if (rc == RF_OK)
		*ret = (struct link_forwarding){.ipv4 = ipv4 == 1, .ipv6 = ipv6 != 0};
	return rc;
}

int link_forwarding_restore(const struct link_forwarding *before, struct rf_err *err)
{
	int rc = RF_OK;

	if (!before->ipv4)
		rc = sysctl_set(RF_IPV4, "all", "forwarding", "0", err);
	if (rc == RF_OK && !before->ipv6)
		rc = sysctl_set(RF_IPV6, "all", "forwarding", "0", err);
	return rc;
}
