/* The bounding set (capabilities(7)). */
#include "host/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#define BIT(cap) (UINT64_C(1) << (cap))

/* Mounts and namespaces, links and nftables, files of any owner, signals, cgroups, limits. */
static const uint64_t own_caps = BIT(CAP_SYS_ADMIN) | BIT(CAP_NET_ADMIN) | BIT(CAP_CHOWN) |
				 BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) |
				 BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |
				 BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) |
				 BIT(CAP_SETFCAP) | BIT(CAP_SYS_CHROOT) | BIT(CAP_SYS_PTRACE) |
				 BIT(CAP_SYS_RESOURCE) | BIT(CAP_MKNOD) | BIT(CAP_AUDIT_WRITE);

static uint64_t named_caps(const struct kube_container *container)
{
	const struct kube_capabilities *caps = container->security.capabilities;
	uint64_t bits = container->security.privileged.value ? UINT64_MAX : 0;

	for (size_t i = 0; caps && i < caps->add.count; i++) {
		int number = harden_cap_number(caps->add.items[i]);

		/* "ALL" has no number of its own. */
		bits |= number < 0 ? UINT64_MAX : BIT(number);
	}
	return bits;
}

static uint64_t named_in_list(const struct doc_list *list)
{
	const struct kube_container *containers = list->items;
	uint64_t bits = 0;

	for (size_t i = 0; i < list->count; i++)
		bits |= named_caps(&containers[i]);
	return bits;
}

uint64_t privileges_needed(const struct kube_set *set)
{
	uint64_t bits = own_caps | harden_default_caps();

	rf_vec_each (object, &set->objects) {
		if (!kube_kind_is_workload((*object)->kind))
			continue;
		bits |= named_in_list(&(*object)->workload->pod.init_containers);
		bits |= named_in_list(&(*object)->workload->pod.containers);
	}
	return bits;
}

int privileges_cut(uint64_t keep, struct rf_err *err)
{
	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (keep & BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return rf_err_sys(err, errno, "give up capability %d", cap);
	}
	return RF_OK;
}

uint64_t privileges_bounding(void)
{
	uint64_t bits = 0;

	for (int cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			bits |= BIT(cap);
	}
	return bits;
}
