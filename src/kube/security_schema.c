/* securityContext of pods and containers. */
#include "kube/kube_int.h"
#include "kube/name_set.h"

#define PROFILE_TYPES ONE_OF("RuntimeDefault", "Unconfined", "Localhost")

#define ROW_OF struct kube_capabilities
static const struct doc_field capability_rows[] = {
	ROW_STRS("add", add),
	ROW_STRS("drop", drop),
};
static const struct doc_schema capability_schema =
	DOC_SCHEMA("Capabilities", struct kube_capabilities, capability_rows);
#undef ROW_OF

#define ROW_OF struct kube_selinux_options
static const struct doc_field selinux_rows[] = {
	ROW_STR("user", user),
	ROW_STR("role", role),
	ROW_STR("type", type),
	ROW_STR("level", level),
};
static const struct doc_schema selinux_schema =
	DOC_SCHEMA("SELinuxOptions", struct kube_selinux_options, selinux_rows);
#undef ROW_OF

#define ROW_OF struct kube_profile
static const struct doc_field profile_rows[] = {
	ROW_STR("type", type, REQUIRED, PROFILE_TYPES),
	ROW_STR("localhostProfile", localhost_profile),
};
static const struct doc_schema seccomp_schema =
	DOC_SCHEMA("SeccompProfile", struct kube_profile, profile_rows);
static const struct doc_schema app_armor_schema =
	DOC_SCHEMA("AppArmorProfile", struct kube_profile, profile_rows);
#undef ROW_OF

#define ROW_OF struct kube_windows_options
static const struct doc_field windows_rows[] = {
	ROW_STR("gmsaCredentialSpecName", gmsa_credential_spec_name),
	ROW_STR("gmsaCredentialSpec", gmsa_credential_spec),
	ROW_STR("runAsUserName", run_as_user_name),
	ROW_BOOL("hostProcess", host_process),
};
static const struct doc_schema windows_schema =
	DOC_SCHEMA("WindowsSecurityContextOptions", struct kube_windows_options, windows_rows);
#undef ROW_OF

#define ROW_OF struct kube_sysctl
static const struct doc_field sysctl_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_STR("value", value, REQUIRED),
};
static const struct doc_schema sysctl_schema =
	DOC_SCHEMA("Sysctl", struct kube_sysctl, sysctl_rows);
#undef ROW_OF

/* The list's numbers go beside its node; the row points at the node. */
static int decode_groups(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_pod_security *s =
		(void *)((char *)field - offsetof(struct kube_pod_security, supplemental_groups));

	s->supplemental_groups = node;
	return kube_decode_ints(
		dec, node, 0, ID_MAX, &s->supplemental_group_ids, &s->supplemental_group_count);
}

#define ROW_OF struct kube_pod_security
static const struct doc_field pod_security_rows[] = {
	ROW_INT("runAsUser", run_as_user, BETWEEN(0, ID_MAX)),
	ROW_INT("runAsGroup", run_as_group, BETWEEN(0, ID_MAX)),
	ROW_BOOL("runAsNonRoot", run_as_non_root),
	ROW_INT("fsGroup", fs_group, BETWEEN(0, ID_MAX)),
	ROW_STR("fsGroupChangePolicy", fs_group_change_policy, ONE_OF("OnRootMismatch", "Always")),
	ROW_PTR("seccompProfile", seccomp_profile, seccomp_schema),
	ROW_PTR("appArmorProfile", app_armor_profile, app_armor_schema),
	ROW_CUSTOM("supplementalGroups", supplemental_groups, decode_groups),
	ROW_STR("supplementalGroupsPolicy", supplemental_groups_policy, ONE_OF("Merge", "Strict")),
	ROW_LIST("sysctls", sysctls, sysctl_schema),
	ROW_PTR("seLinuxOptions", selinux_options, selinux_schema),
	ROW_STR("seLinuxChangePolicy", selinux_change_policy, ONE_OF("MountOption", "Recursive")),
	ROW_PTR("windowsOptions", windows_options, windows_schema),
};
const struct doc_schema kube_pod_security_schema =
	DOC_SCHEMA("PodSecurityContext", struct kube_pod_security, pod_security_rows);
#undef ROW_OF

#define ROW_OF struct kube_security
static const struct doc_field security_rows[] = {
	ROW_BOOL("allowPrivilegeEscalation", allow_privilege_escalation),
	ROW_PTR("capabilities", capabilities, capability_schema),
	ROW_BOOL("privileged", privileged),
	ROW_BOOL("readOnlyRootFilesystem", read_only_root_filesystem),
	ROW_BOOL("runAsNonRoot", run_as_non_root),
	ROW_INT("runAsUser", run_as_user, BETWEEN(0, ID_MAX)),
	ROW_INT("runAsGroup", run_as_group, BETWEEN(0, ID_MAX)),
	ROW_PTR("seccompProfile", seccomp_profile, seccomp_schema),
	ROW_PTR("appArmorProfile", app_armor_profile, app_armor_schema),
	ROW_STR("procMount", proc_mount, ONE_OF("Default", "Unmasked")),
	ROW_PTR("seLinuxOptions", selinux_options, selinux_schema),
	ROW_PTR("windowsOptions", windows_options, windows_schema),
};
const struct doc_schema kube_security_schema =
	DOC_SCHEMA("SecurityContext", struct kube_security, security_rows);
#undef ROW_OF

static bool stays_below(struct rf_str path)
{
	return path.ptr[0] != '/' && !memmem(path.ptr, path.len, "..", 2);
}

static void check_profile(struct doc_decoder *dec, const struct kube_profile *p)
{
	bool local;

	if (!p || !p->node || !p->type.ptr)
		return;
	local = rf_str_is(p->type, "Localhost");
	if (local && p->localhost_profile.len == 0)
		doc_decode_error(dec, doc_pos(p->node),
			"type Localhost needs localhostProfile, a file name");
	if (!local && p->localhost_profile.ptr)
		doc_decode_error(dec, doc_field_pos(p->node, "localhostProfile"),
			"localhostProfile is only allowed with type Localhost");
	if (local && p->localhost_profile.len && !stays_below(p->localhost_profile))
		doc_decode_error(dec, doc_field_pos(p->node, "localhostProfile"),
			"expected a path below the profile directory, without \"..\"");
}

/* Dot or slash separated words of [a-z0-9_-], as kernel/sysctl names are. */
static bool is_sysctl_name(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    strchr("._-/*", c)) ||
			c == '\0')
			return false;
	}
	return s.len > 0 && s.len <= 253;
}

void kube_check_pod_security(struct doc_decoder *dec, const struct kube_pod_security *s)
{
	const struct kube_sysctl *sysctls = s->sysctls.items;
	AUTO_NAME_SET names = {.count = 0};

	check_profile(dec, s->seccomp_profile);
	check_profile(dec, s->app_armor_profile);
	for (size_t i = 0; i < s->sysctls.count; i++) {
		if (sysctls[i].name.ptr && !is_sysctl_name(sysctls[i].name))
			doc_decode_error(dec, doc_field_pos(sysctls[i].node, "name"),
				"\"" RF_STR_FMT "\" is not the name of a sysctl",
				RF_STR_ARG(sysctls[i].name));
		else if (sysctls[i].name.ptr && !name_set_add(&names, sysctls[i].name))
			doc_decode_error(dec, doc_field_pos(sysctls[i].node, "name"),
				"sysctl " RF_STR_FMT " is set twice", RF_STR_ARG(sysctls[i].name));
	}
}

void kube_check_security(struct doc_decoder *dec, const struct kube_security *s)
{
	bool no_escalation =
		s->allow_privilege_escalation.set && !s->allow_privilege_escalation.value;

	check_profile(dec, s->seccomp_profile);
	check_profile(dec, s->app_armor_profile);
	if (no_escalation && s->privileged.value)
		doc_decode_error(dec, doc_field_pos(s->node, "allowPrivilegeEscalation"),
			"allowPrivilegeEscalation cannot be false in a privileged container");
	if (!no_escalation || !s->capabilities)
		return;
	for (size_t i = 0; i < s->capabilities->add.count; i++) {
		if (rf_str_is(s->capabilities->add.items[i], "SYS_ADMIN") ||
			rf_str_is(s->capabilities->add.items[i], "CAP_SYS_ADMIN"))
			doc_decode_error(dec, doc_field_pos(s->node, "allowPrivilegeEscalation"),
				"allowPrivilegeEscalation cannot be false while SYS_ADMIN is "
				"added");
	}
}
