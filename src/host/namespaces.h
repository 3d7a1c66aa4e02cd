/*
 * A pod's namespaces: network, IPC and UTS, kept alive by files that they are mounted on, so that
 * they need no process of their own ("pause" container) and containers can be restarted in them.
 */
#ifndef RF_HOST_NAMESPACES_H
#define RF_HOST_NAMESPACES_H

#include "kube/types.h"

struct namespaces_spec {
	const char *dir; /* receives the files net, ipc and uts */
	const char *hostname;
	bool host_network, host_ipc;
	const struct kube_sysctl *sysctls; /* checked by harden_check_sysctls */
	size_t sysctl_count;
};

/* Makes and configures them. The caller is in its private mount namespace. */
int namespaces_make(const struct namespaces_spec *spec, struct rf_err *err) RF_MUST_USE;
/* Unmounts the files; the namespaces end with their last process. */
void namespaces_release(const char *dir);

#endif
