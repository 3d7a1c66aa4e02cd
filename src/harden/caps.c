/*
 * Capabilities: names, Kubernetes' defaults, and the five sets of a container.
 *
 * What a process holds after its execve follows from uid and sets (capabilities(7)). As uid 0 it
 * gets the bounding set. Any other uid gets the ambient set and nothing else, so a capability that
 * a manifest adds for such a container does nothing unless it is ambient too; and the kernel keeps
 * an ambient capability only while it is inheritable. That is why explicit additions go into
 * ambient and inheritable for a uid that is not 0, and why `effective` is written as what the
 * process will really have.
 */
#include "harden/harden_int.h"

#include <linux/capability.h>
#include <strings.h>

#define CAP_ROW(name) [name] = #name

static const char *const cap_names[] = {
	CAP_ROW(CAP_CHOWN),
	CAP_ROW(CAP_DAC_OVERRIDE),
	CAP_ROW(CAP_DAC_READ_SEARCH),
	CAP_ROW(CAP_FOWNER),
	CAP_ROW(CAP_FSETID),
	CAP_ROW(CAP_KILL),
	CAP_ROW(CAP_SETGID),
	CAP_ROW(CAP_SETUID),
	CAP_ROW(CAP_SETPCAP),
	CAP_ROW(CAP_LINUX_IMMUTABLE),
	CAP_ROW(CAP_NET_BIND_SERVICE),
	CAP_ROW(CAP_NET_BROADCAST),
	CAP_ROW(CAP_NET_ADMIN),
	CAP_ROW(CAP_NET_RAW),
	CAP_ROW(CAP_IPC_LOCK),
	CAP_ROW(CAP_IPC_OWNER),
	CAP_ROW(CAP_SYS_MODULE),
	CAP_ROW(CAP_SYS_RAWIO),
	CAP_ROW(CAP_SYS_CHROOT),
	CAP_ROW(CAP_SYS_PTRACE),
	CAP_ROW(CAP_SYS_PACCT),
	CAP_ROW(CAP_SYS_ADMIN),
	CAP_ROW(CAP_SYS_BOOT),
	CAP_ROW(CAP_SYS_NICE),
	CAP_ROW(CAP_SYS_RESOURCE),
	CAP_ROW(CAP_SYS_TIME),
	CAP_ROW(CAP_SYS_TTY_CONFIG),
	CAP_ROW(CAP_MKNOD),
	CAP_ROW(CAP_LEASE),
	CAP_ROW(CAP_AUDIT_WRITE),
	CAP_ROW(CAP_AUDIT_CONTROL),
	CAP_ROW(CAP_SETFCAP),
	CAP_ROW(CAP_MAC_OVERRIDE),
	CAP_ROW(CAP_MAC_ADMIN),
	CAP_ROW(CAP_SYSLOG),
	CAP_ROW(CAP_WAKE_ALARM),
	CAP_ROW(CAP_BLOCK_SUSPEND),
	CAP_ROW(CAP_AUDIT_READ),
	CAP_ROW(CAP_PERFMON),
	CAP_ROW(CAP_BPF),
	CAP_ROW(CAP_CHECKPOINT_RESTORE),
};

#define ALL_CAPS (harden_cap_bit(RF_ARRAY_LEN(cap_names)) - 1)
#define CAP_ALL	 (-2) /* parse_cap: the word ALL */

/* The runtimes' default list for Kubernetes, without CAP_NET_RAW (ARP and DNS spoofing). */
static const int default_caps[] = {
	CAP_CHOWN,
	CAP_DAC_OVERRIDE,
	CAP_FOWNER,
	CAP_FSETID,
	CAP_KILL,
	CAP_SETGID,
	CAP_SETUID,
	CAP_SETPCAP,
	CAP_NET_BIND_SERVICE,
	CAP_SYS_CHROOT,
	CAP_MKNOD,
	CAP_AUDIT_WRITE,
	CAP_SETFCAP,
};

static bool equal_ignoring_case(struct rf_str a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

int harden_cap_number(struct rf_str name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(cap_names); i++) {
		if (equal_ignoring_case(name, cap_names[i]) ||
			equal_ignoring_case(name, cap_names[i] + strlen("CAP_")))
			return (int)i;
	}
	return -1;
}

const char *harden_cap_name(int number)
{
	return number >= 0 && (size_t)number < RF_ARRAY_LEN(cap_names) ? cap_names[number] : NULL;
}

uint64_t harden_default_caps(void)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(default_caps); i++)
		caps |= harden_cap_bit(default_caps[i]);
	return caps;
}

static int parse_cap(struct rf_str name)
{
	if (equal_ignoring_case(name, "ALL") || equal_ignoring_case(name, "CAP_ALL"))
		return CAP_ALL;
	return harden_cap_number(name);
}

/* Every name of a list as bits; *ret_all when ALL is among them. */
static uint64_t parse_list(
	struct harden_work *work, const char *key, const struct doc_strs *names, bool *ret_all)
{
	const struct doc_node *node = work->container->security.capabilities->node;
	uint64_t caps = 0;

	for (size_t i = 0; i < names->count; i++) {
		int number = parse_cap(names->items[i]);

		if (number == CAP_ALL)
			*ret_all = true;
		else if (number >= 0)
			caps |= harden_cap_bit(number);
		else
			harden_refuse(work, harden_item_pos(node, key, i),
				"capabilities.%s: \"" RF_STR_FMT
				"\" is not a capability; expected a name such as NET_BIND_SERVICE, "
				"or ALL",
				key, RF_STR_ARG(names->items[i]));
	}
	return caps;
}

/*
 * As containerd applies them: ALL of add, then ALL of drop, then the names added, then the names
 * dropped, so that in a contradiction the drop wins. Returns what was asked for by add, and puts
 * what it named into the profile.
 */
static uint64_t apply_lists(struct harden_work *work, uint64_t *caps)
{
	const struct kube_capabilities *lists = work->container->security.capabilities;
	bool add_all = false, drop_all = false;
	uint64_t add, drop;

	if (!lists)
		return 0;
	add = parse_list(work, "add", &lists->add, &add_all);
	drop = parse_list(work, "drop", &lists->drop, &drop_all);
	if (add_all)
		*caps = ALL_CAPS;
	if (drop_all)
		*caps = 0;
	*caps = (*caps | add) & ~drop;
	work->profile.named = add & *caps;
	return add_all ? ALL_CAPS : add;
}

/* Is SYS_ADMIN added by its name? ALL is not meant, as in the API's own validation. */
static bool names_sys_admin(const struct kube_capabilities *lists)
{
	for (size_t i = 0; lists && i < lists->add.count; i++) {
		if (harden_cap_number(lists->add.items[i]) == CAP_SYS_ADMIN)
			return true;
	}
	return false;
}

static void fill_escalation(struct harden_work *work)
{
	const struct kube_security *s = &work->container->security;
	struct doc_bool allow = s->allow_privilege_escalation;
	const char *other = NULL;

	work->profile.no_new_privileges = allow.set ? !allow.value : !work->profile.privileged;
	if (!allow.set || allow.value)
		return;
	if (work->profile.privileged)
		other = "privileged: true";
	else if (names_sys_admin(s->capabilities))
		other = "an added SYS_ADMIN";
	if (other)
		harden_refuse(work, doc_field_pos(s->node, "allowPrivilegeEscalation"),
			"allowPrivilegeEscalation: false cannot be kept together with %s", other);
}

void harden_fill_caps(struct harden_work *work)
{
	struct harden_profile *p = &work->profile;
	uint64_t caps, added;

	p->privileged = work->container->security.privileged.value;
	caps = harden_default_caps();
	added = apply_lists(work, &caps);
	if (p->privileged)
		caps = ALL_CAPS;
	p->bounding = caps;
	p->ambient = p->uid == 0 ? 0 : added & caps;
	p->inheritable = p->ambient;
	p->effective = p->uid == 0 ? caps : p->ambient;
	fill_escalation(work);
}
