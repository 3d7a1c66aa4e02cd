/*
 * One container's profile: user, capabilities and limits have files of their own; here are the
 * confinement of the file system and of system calls, and what is refused because nothing on this
 * machine enforces it (SELinux, Windows, AppArmor profiles by name, user namespaces).
 */
#include "harden/profile.h"

#include <stdarg.h>

#include "harden/harden_int.h"

const char *const harden_masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

const char *const harden_readonly_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
	NULL,
};

static bool is_reported(const struct rf_diags *diags, struct rf_pos pos, const char *msg)
{
	if (!diags)
		return false;
	rf_vec_each (d, &diags->list) {
		if (d->pos.line == pos.line && d->pos.col == pos.col &&
			rf_str_eq(rf_str_of(d->pos.file), rf_str_of(pos.file)) &&
			strcmp(d->msg, msg) == 0)
			return true;
	}
	return false;
}

void harden_refuse(struct harden_work *work, struct rf_pos pos, const char *fmt, ...)
{
	char msg[RF_ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	work->failed = true;
	if (!is_reported(work->diags, pos, msg))
		rf_diag_add(work->diags, RF_ERROR, pos, "%s", msg);
}

struct rf_pos harden_item_pos(const struct doc_node *node, const char *key, size_t index)
{
	const struct doc_node *list = doc_get(node, key);

	doc_each (child, list) {
		if (index-- == 0)
			return doc_pos(child);
	}
	return doc_field_pos(node, key);
}

/* No way up and not from the root: a file below the directory of profiles. */
static bool is_below(struct rf_str path)
{
	struct rf_str rest = path, part;

	if (path.len == 0 || path.ptr[0] == '/')
		return false;
	while (rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if (rf_str_is(part, ".."))
			return false;
	}
	return true;
}

/* An explicit profile holds for a privileged container too; Kubernetes would drop it there. */
static void fill_seccomp(struct harden_work *work)
{
	const struct kube_profile *chosen = work->container->security.seccomp_profile;
	struct harden_profile *p = &work->profile;

	if (!chosen)
		chosen = work->pod->security.seccomp_profile;
	if (!chosen) {
		p->seccomp = p->privileged ? HARDEN_SECCOMP_UNCONFINED : HARDEN_SECCOMP_DEFAULT;
	} else if (rf_str_is(chosen->type, "RuntimeDefault")) {
		p->seccomp = HARDEN_SECCOMP_DEFAULT;
	} else if (rf_str_is(chosen->type, "Unconfined")) {
		p->seccomp = HARDEN_SECCOMP_UNCONFINED;
	} else if (rf_str_is(chosen->type, "Localhost") && is_below(chosen->localhost_profile)) {
		p->seccomp = HARDEN_SECCOMP_LOCALHOST;
		p->seccomp_file = chosen->localhost_profile;
	} else {
		harden_refuse(work, doc_field_pos(chosen->node, "localhostProfile"),
			"seccompProfile: expected RuntimeDefault, Unconfined, or Localhost with a "
			"localhostProfile below the profile directory, without \"..\"");
	}
}

static void check_apparmor(struct harden_work *work, const struct kube_profile *profile)
{
	if (profile && rf_str_is(profile->type, "Localhost"))
		harden_refuse(work, doc_field_pos(profile->node, "type"),
			"appArmorProfile: a profile by name cannot be enforced here; use "
			"seccompProfile, "
			"or appArmorProfile type RuntimeDefault");
}

static void check_selinux(struct harden_work *work, const struct kube_selinux_options *selinux)
{
	if (selinux &&
		(selinux->user.len || selinux->role.len || selinux->type.len || selinux->level.len))
		harden_refuse(work, doc_pos(selinux->node),
			"seLinuxOptions: labels cannot be enforced here; remove the field");
}

static void check_windows(struct harden_work *work, const struct kube_windows_options *windows)
{
	if (windows)
		harden_refuse(work, doc_pos(windows->node),
			"windowsOptions: Ringfence runs Linux containers only");
}

static void check_others(struct harden_work *work)
{
	const struct kube_pod_security *pod = &work->pod->security;
	const struct kube_security *container = &work->container->security;

	/* What the container sets replaces what the pod sets; what is replaced is not enforced. */
	check_apparmor(work, container->app_armor_profile ? container->app_armor_profile
							  : pod->app_armor_profile);
	check_selinux(work, pod->selinux_options);
	check_selinux(work, container->selinux_options);
	check_windows(work, pod->windows_options);
	check_windows(work, container->windows_options);
	if (work->pod->host_users.set && !work->pod->host_users.value)
		harden_refuse(work, doc_field_pos(work->pod->node, "hostUsers"),
			"hostUsers: false (a user namespace) cannot be provided here");
	if (rf_str_is(container->proc_mount, "Unmasked"))
		harden_refuse(work, doc_field_pos(container->node, "procMount"),
			"procMount: Unmasked is only allowed in a user namespace (hostUsers: "
			"false), "
			"which cannot be provided here");
}

int harden_profile_of(const struct kube_pod_spec *pod, const struct kube_container *container,
	const struct harden_image_user *user, struct harden_profile *ret, struct rf_diags *diags)
{
	struct harden_work work = {
		.pod = pod, .container = container, .user = user, .diags = diags};
	struct harden_profile *p = &work.profile;

	harden_fill_user(&work);
	harden_fill_caps(&work);
	fill_seccomp(&work);
	harden_fill_limits(&work);
	check_others(&work);
	p->read_only_root = container->security.read_only_root_filesystem.value;
	p->mask_paths = !p->privileged;
	p->host_network = pod->host_network.value;
	p->host_pid = pod->host_pid.value;
	p->host_ipc = pod->host_ipc.value;
	if (work.failed)
		return RF_EINPUT;
	*ret = *p;
	return RF_OK;
}
