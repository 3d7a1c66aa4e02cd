/*
 * What a container's process may do: securityContext of pod and container, and Ringfence's
 * defaults for what is unset, as one profile. Pure: no I/O, no globals. The OCI config is written
 * from it (host/oci.h), and exec uses the same profile, so exec is never more than the container.
 *
 * Source: Kubernetes API SecurityContext and PodSecurityContext; kubelet's behaviour as in
 * docs/guide/security-context.md.
 */
#ifndef RF_HARDEN_PROFILE_H
#define RF_HARDEN_PROFILE_H

#include "kube/pods.h"

/* The image's USER, resolved in the image's own passwd and group. */
struct harden_image_user {
	uint32_t uid, gid;
	uint32_t groups[64]; /* supplementary, from the image's /etc/group */
	unsigned group_count;
	const char *text; /* USER as the image has it; "" when it has none (root) */
};

enum harden_seccomp {
	HARDEN_SECCOMP_DEFAULT, /* the runtime's profile */
	HARDEN_SECCOMP_UNCONFINED,
	HARDEN_SECCOMP_LOCALHOST,
};

#define HARDEN_MAX_GROUPS 128

struct harden_profile {
	uint32_t uid, gid;
	uint32_t groups[HARDEN_MAX_GROUPS]; /* supplementary, sorted, unique */
	unsigned group_count;
	bool read_only_root;
	bool no_new_privileges;
	bool privileged;
	/*
	 * Bit n: capability n (linux/capability.h). permitted == effective == what the
	 * process has after its execve: bounding for uid 0, ambient for any other.
	 */
	uint64_t bounding, effective, inheritable, ambient;
	/* Of bounding: added by name. A machine that cannot give one of these refuses the pod. */
	uint64_t named;
	enum harden_seccomp seccomp;
	struct rf_str seccomp_file; /* HARDEN_SECCOMP_LOCALHOST: relative, without ".." */
	bool mask_paths;	    /* procMount Default: masked and read-only paths apply */
	bool host_network, host_pid, host_ipc;
	int oom_score_adj;
	/* 0: no limit */
	uint64_t memory_bytes;
	uint64_t pids;
	uint64_t cpu_shares;
	int64_t cpu_quota_usec; /* in 100 ms */
};

/*
 * Works out the profile of one container. Fields that cannot be enforced are errors in diags with
 * their file:line, never skipped. RF_OK, or RF_EINPUT when anything was reported.
 */
int harden_profile_of(const struct kube_pod_spec *pod, const struct kube_container *container,
	const struct harden_image_user *user, struct harden_profile *ret,
	struct rf_diags *diags) RF_MUST_USE;

/* sysctls of a pod: namespaced ones only (net.*, kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*)
 */
int harden_check_sysctls(const struct kube_pod_spec *pod, struct rf_diags *diags) RF_MUST_USE;

extern const char *const harden_masked_paths[];	  /* NULL-terminated */
extern const char *const harden_readonly_paths[]; /* NULL-terminated */

/* "CAP_NET_RAW" or "NET_RAW" -> number; -1 when unknown. And back; NULL when out of range. */
int harden_cap_number(struct rf_str name);
const char *harden_cap_name(int number);
/* Kubernetes' default list without NET_RAW. */
uint64_t harden_default_caps(void);

#endif
