/* harden/profile.h: securityContext and resources of a manifest into a profile. */
#include "harden/profile.h"

#include <linux/capability.h>

#include "base/buf.h"
#include "tests/lib/tap.h"

#define BIT(cap) ((uint64_t)1 << (cap))

/* One pod with one container, from the lines of its spec and of its container. */
struct fixture {
	struct kube_set set;
	struct rf_diags diags;
	const struct kube_pod_spec *pod;
	struct harden_image_user user;
	struct harden_profile profile;
	int rc;
};

static void fixture_done(struct fixture *f)
{
	kube_set_done(&f->set);
	rf_diags_done(&f->diags);
}

#define FIXTURE CLEANUP(fixture_done) struct fixture

static bool load(struct fixture *f, const char *pod_lines, const char *container_lines)
{
	AUTO_BUF text = {.data = NULL};
	const struct kube_object *object;

	*f = (struct fixture){.user = {.text = ""}};
	rf_buf_addf(&text,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n%s"
		"  containers:\n  - name: c\n    image: i\n%s",
		pod_lines, container_lines);
	if (kube_set_init(&f->set, NULL) < 0 ||
		kube_load_text(&f->set, rf_buf_str(&text), "pod.yaml", &f->diags, NULL) < 0)
		return false;
	object = kube_find(&f->set, KUBE_POD, RF_STR("default"), RF_STR("p"));
	f->pod = object ? &object->workload->pod : NULL;
	return f->pod != NULL;
}

/* Works the profile out; the image's user is what the caller has put into f->user. */
static void work_out(struct fixture *f)
{
	f->rc = harden_profile_of(
		f->pod, f->pod->containers.items, &f->user, &f->profile, &f->diags);
}

#define PROFILE(f, pod_lines, container_lines)         \
	FIXTURE f;                                     \
	REQUIRE(load(&f, pod_lines, container_lines)); \
	work_out(&f)

/* Is there exactly one error, at that line, with that text in it? */
static bool refused(const struct fixture *f, uint32_t line, const char *part)
{
	const struct rf_diag *d = f->diags.list.items;

	for (size_t i = 0; i < f->diags.list.count; i++)
		tap_diag("%s:%u:%u: %s", d[i].pos.file ? d[i].pos.file : "-", d[i].pos.line,
			d[i].pos.col, d[i].msg);
	return f->rc == RF_EINPUT && f->diags.error_count == 1 && d->pos.line == line &&
	       d->pos.file && strcmp(d->pos.file, "pod.yaml") == 0 && strstr(d->msg, part);
}

#define CHECK_REFUSED(f, line, part) CHECK(refused(&(f), (line), (part)))

/* --- defaults --- */

static void what_is_unset_gets_the_safe_defaults(void)
{
	PROFILE(f, "", "");

	CHECK_INT(f.rc, RF_OK);
	CHECK(f.profile.no_new_privileges);
	CHECK(f.profile.mask_paths);
	CHECK(!f.profile.privileged && !f.profile.read_only_root);
	CHECK_INT(f.profile.seccomp, HARDEN_SECCOMP_DEFAULT);
	CHECK(f.profile.bounding == harden_default_caps());
	CHECK(f.profile.effective == harden_default_caps());
	CHECK_INT(f.profile.inheritable, 0);
	CHECK_INT(f.profile.ambient, 0);
	CHECK_INT(f.profile.pids, 4096);
	CHECK_INT(f.profile.cpu_shares, 2);
	CHECK_INT(f.profile.oom_score_adj, 1000);
}

static void the_default_capabilities_are_thirteen_without_net_raw(void)
{
	CHECK_INT(__builtin_popcountll(harden_default_caps()), 13);
	CHECK(!(harden_default_caps() & BIT(CAP_NET_RAW)));
}

/* --- user --- */

static void the_uid_of_the_container_wins_over_the_pod_and_the_image(void)
{
	FIXTURE f;

	REQUIRE(load(&f, "  securityContext: {runAsUser: 1000}\n",
		"    securityContext: {runAsUser: 2000}\n"));
	f.user = (struct harden_image_user){.uid = 3000, .gid = 3000, .text = "app"};
	work_out(&f);
	CHECK_INT(f.rc, RF_OK);
	CHECK_INT(f.profile.uid, 2000);
}

static void the_image_decides_when_nobody_sets_a_user(void)
{
	FIXTURE f;

	REQUIRE(load(&f, "", ""));
	f.user = (struct harden_image_user){.uid = 3000, .gid = 3001, .text = "app"};
	work_out(&f);
	CHECK_INT(f.profile.uid, 3000);
	CHECK_INT(f.profile.gid, 3001);
	CHECK_INT(f.profile.effective, 0);
}

static void a_group_alone_keeps_the_uid_of_the_image(void)
{
	FIXTURE f;

	REQUIRE(load(&f, "", "    securityContext: {runAsGroup: 5000}\n"));
	f.user = (struct harden_image_user){.uid = 1234, .gid = 1234, .text = "1234"};
	work_out(&f);
	CHECK_INT(f.profile.uid, 1234);
	CHECK_INT(f.profile.gid, 5000);
}

static void the_group_of_another_uid_is_zero_and_of_the_same_uid_the_images(void)
{
	FIXTURE other;
	FIXTURE same;

	REQUIRE(load(&other, "", "    securityContext: {runAsUser: 77}\n"));
	other.user = (struct harden_image_user){.uid = 1234, .gid = 999, .text = "app"};
	work_out(&other);
	CHECK_INT(other.profile.gid, 0);
	REQUIRE(load(&same, "", "    securityContext: {runAsUser: 1234}\n"));
	same.user = other.user;
	work_out(&same);
	CHECK_INT(same.profile.gid, 999);
}

static void groups_are_the_pods_the_volumes_and_the_images_sorted_once(void)
{
	static const uint32_t want[] = {5, 20, 30, 2000};
	FIXTURE f;

	REQUIRE(load(
		&f, "  securityContext: {supplementalGroups: [30, 20, 30], fsGroup: 2000}\n", ""));
	f.user = (struct harden_image_user){
		.uid = 9, .gid = 9, .groups = {20, 5}, .group_count = 2, .text = "app"};
	work_out(&f);
	REQUIRE(f.profile.group_count == RF_ARRAY_LEN(want));
	CHECK(memcmp(f.profile.groups, want, sizeof(want)) == 0);
}

static void the_strict_policy_leaves_the_images_groups_out(void)
{
	FIXTURE f;

	REQUIRE(load(&f,
		"  securityContext: {supplementalGroups: [30], supplementalGroupsPolicy: Strict}\n",
		""));
	f.user = (struct harden_image_user){
		.uid = 9, .groups = {20}, .group_count = 1, .text = "app"};
	work_out(&f);
	CHECK_INT(f.profile.group_count, 1);
	CHECK_INT(f.profile.groups[0], 30);
}

static void another_uid_does_not_inherit_the_image_users_groups(void)
{
	FIXTURE f;

	REQUIRE(load(&f, "", "    securityContext: {runAsUser: 10}\n"));
	f.user = (struct harden_image_user){
		.uid = 9, .groups = {20}, .group_count = 1, .text = "app"};
	work_out(&f);
	CHECK_INT(f.profile.group_count, 0);
}

static void non_root_with_uid_zero_of_the_container_is_refused_there(void)
{
	PROFILE(f, "  securityContext:\n    runAsNonRoot: true\n",
		"    securityContext:\n      runAsUser: 0\n");

	CHECK_REFUSED(f, 11, "runAsUser of the container is 0");
}

static void non_root_with_uid_zero_of_the_pod_is_refused_there(void)
{
	PROFILE(f, "  securityContext:\n    runAsUser: 0\n",
		"    securityContext:\n      runAsNonRoot: true\n");

	CHECK_REFUSED(f, 6, "runAsUser of the pod is 0");
}

static void non_root_with_an_image_of_root_names_its_user(void)
{
	FIXTURE f;

	REQUIRE(load(&f, "  securityContext:\n    runAsNonRoot: true\n", ""));
	f.user.text = "toor";
	work_out(&f);
	CHECK_REFUSED(f, 6, "USER \"toor\" is uid 0");
}

static void non_root_with_an_image_without_user_says_so(void)
{
	PROFILE(f, "", "    securityContext:\n      runAsNonRoot: true\n");

	CHECK_REFUSED(f, 9, "the image has no USER");
}

static void non_root_false_in_the_container_overrides_the_pod(void)
{
	PROFILE(f, "  securityContext: {runAsNonRoot: true}\n",
		"    securityContext: {runAsNonRoot: false}\n");

	CHECK_INT(f.rc, RF_OK);
}

/* --- capabilities --- */

static void drop_all_comes_before_add(void)
{
	PROFILE(f, "", "    securityContext: {capabilities: {add: [chown], drop: [all]}}\n");

	CHECK_INT(f.rc, RF_OK);
	CHECK(f.profile.bounding == BIT(CAP_CHOWN));
	CHECK(f.profile.effective == BIT(CAP_CHOWN));
}

static void names_are_taken_with_and_without_prefix_in_any_case(void)
{
	CHECK_INT(harden_cap_number(RF_STR("CAP_NET_RAW")), CAP_NET_RAW);
	CHECK_INT(harden_cap_number(RF_STR("cap_Net_Raw")), CAP_NET_RAW);
	CHECK_INT(harden_cap_number(RF_STR("net_raw")), CAP_NET_RAW);
	CHECK_INT(harden_cap_number(RF_STR("")), -1);
	CHECK_INT(harden_cap_number(RF_STR("CAP_")), -1);
	CHECK_INT(harden_cap_number(RF_STR("NET_RAWX")), -1);
	CHECK_STR(harden_cap_name(CAP_LAST_CAP), "CAP_CHECKPOINT_RESTORE");
	CHECK(harden_cap_name(CAP_LAST_CAP + 1) == NULL);
	CHECK(harden_cap_name(-1) == NULL);
}

static void add_all_gives_every_capability(void)
{
	PROFILE(f, "", "    securityContext: {capabilities: {add: [ALL], drop: [NET_RAW]}}\n");

	CHECK_INT(__builtin_popcountll(f.profile.bounding), CAP_LAST_CAP);
	CHECK(!(f.profile.bounding & BIT(CAP_NET_RAW)));
	CHECK_INT(f.profile.named, 0);
}

static void a_capability_that_is_added_and_dropped_is_dropped(void)
{
	PROFILE(f, "",
		"    securityContext: {capabilities: {add: [SYS_TIME], drop: [SYS_TIME]}}\n");

	CHECK(f.profile.bounding == harden_default_caps());
}

static void an_unknown_capability_is_refused_at_its_place(void)
{
	PROFILE(f, "",
		"    securityContext:\n      capabilities:\n        add:\n"
		"        - CHOWN\n        - NET_ADMIM\n");

	CHECK_REFUSED(f, 12, "\"NET_ADMIM\" is not a capability");
}

static void what_is_added_for_another_uid_than_root_is_ambient_and_inheritable(void)
{
	PROFILE(f, "  securityContext: {runAsUser: 1000}\n",
		"    securityContext: {capabilities: {add: [NET_BIND_SERVICE], drop: [ALL]}}\n");

	CHECK(f.profile.bounding == BIT(CAP_NET_BIND_SERVICE));
	CHECK(f.profile.ambient == BIT(CAP_NET_BIND_SERVICE));
	CHECK(f.profile.inheritable == BIT(CAP_NET_BIND_SERVICE));
	CHECK(f.profile.effective == BIT(CAP_NET_BIND_SERVICE));
	CHECK(f.profile.named == BIT(CAP_NET_BIND_SERVICE));
}

static void defaults_are_not_effective_for_another_uid_than_root(void)
{
	PROFILE(f, "  securityContext: {runAsUser: 1000}\n", "");

	CHECK(f.profile.bounding == harden_default_caps());
	CHECK_INT(f.profile.effective, 0);
	CHECK_INT(f.profile.ambient, 0);
}

static void escalation_allowed_explicitly_clears_no_new_privileges(void)
{
	PROFILE(f, "", "    securityContext: {allowPrivilegeEscalation: true}\n");

	CHECK(!f.profile.no_new_privileges);
}

static void privileged_has_everything_and_no_masks(void)
{
	PROFILE(f, "", "    securityContext: {privileged: true}\n");

	CHECK_INT(f.rc, RF_OK);
	CHECK_INT(__builtin_popcountll(f.profile.bounding), CAP_LAST_CAP + 1);
	CHECK(!f.profile.mask_paths);
	CHECK(!f.profile.no_new_privileges);
	CHECK_INT(f.profile.seccomp, HARDEN_SECCOMP_UNCONFINED);
}

static void no_escalation_with_sys_admin_is_refused(void)
{
	FIXTURE f;
	struct kube_container *c;

	/* The loader refuses it too; here it is met by a source that does not. */
	REQUIRE(load(&f, "", "    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n"));
	c = f.pod->containers.items;
	c->security.allow_privilege_escalation = (struct doc_bool){.set = true, .value = false};
	work_out(&f);
	CHECK_REFUSED(f, 8, "allowPrivilegeEscalation: false");
}

/* --- confinement --- */

static void the_seccomp_profile_of_the_container_wins(void)
{
	PROFILE(f, "  securityContext: {seccompProfile: {type: Unconfined}}\n",
		"    securityContext: {seccompProfile: {type: Localhost, localhostProfile: "
		"a/b.json}}\n");

	CHECK_INT(f.profile.seccomp, HARDEN_SECCOMP_LOCALHOST);
	CHECK(rf_str_is(f.profile.seccomp_file, "a/b.json"));
}

static void an_explicit_seccomp_profile_holds_for_privileged_too(void)
{
	PROFILE(f, "  securityContext: {seccompProfile: {type: RuntimeDefault}}\n",
		"    securityContext: {privileged: true}\n");

	CHECK_INT(f.profile.seccomp, HARDEN_SECCOMP_DEFAULT);
}

static void a_seccomp_path_upwards_is_refused(void)
{
	static const char *const paths[] = {"../x", "a/../x", "/etc/x", "..", ""};

	for (size_t i = 0; i < RF_ARRAY_LEN(paths); i++) {
		FIXTURE f;
		struct kube_container *c;

		REQUIRE(load(&f, "",
			"    securityContext: {seccompProfile: {type: Localhost, localhostProfile: "
			"x}}\n"));
		c = f.pod->containers.items;
		c->security.seccomp_profile->localhost_profile = rf_str_of(paths[i]);
		work_out(&f);
		CHECK_REFUSED(f, 8, "seccompProfile");
	}
}

static void an_apparmor_profile_by_name_is_refused(void)
{
	PROFILE(f, "",
		"    securityContext:\n      appArmorProfile:\n        type: Localhost\n"
		"        localhostProfile: p\n");

	CHECK_REFUSED(f, 10, "appArmorProfile");
}

static void the_apparmor_default_is_accepted(void)
{
	PROFILE(f, "  securityContext: {appArmorProfile: {type: RuntimeDefault}}\n", "");

	CHECK_INT(f.rc, RF_OK);
}

static void selinux_labels_are_refused(void)
{
	PROFILE(f, "  securityContext:\n    seLinuxOptions: {level: \"s0:c1\"}\n", "");

	CHECK_REFUSED(f, 6, "seLinuxOptions");
}

static void windows_options_are_refused(void)
{
	PROFILE(f, "  securityContext:\n    windowsOptions: {hostProcess: true}\n", "");

	CHECK_REFUSED(f, 6, "windowsOptions");
}

static void a_user_namespace_is_refused(void)
{
	PROFILE(f, "  hostUsers: false\n", "");

	CHECK_REFUSED(f, 5, "hostUsers");
}

static void an_unmasked_proc_is_refused(void)
{
	FIXTURE f;
	struct kube_container *c;

	REQUIRE(load(&f, "", "    securityContext: {readOnlyRootFilesystem: true}\n"));
	c = f.pod->containers.items;
	c->security.proc_mount = RF_STR("Unmasked");
	work_out(&f);
	CHECK_REFUSED(f, 8, "procMount");
}

static void the_same_error_of_a_pod_is_reported_once(void)
{
	PROFILE(f, "  hostUsers: false\n", "");

	work_out(&f);
	CHECK_REFUSED(f, 5, "hostUsers");
}

static void every_error_is_reported_and_nothing_is_returned(void)
{
	PROFILE(f, "  hostUsers: false\n",
		"    securityContext: {runAsNonRoot: true, capabilities: {add: [X]}}\n");

	CHECK_INT(f.diags.error_count, 3);
	CHECK(f.profile.bounding == 0);
}

/* --- resources --- */

static void limits_become_cgroup_values(void)
{
	PROFILE(f, "",
		"    resources:\n      limits: {cpu: 500m, memory: 64Mi}\n"
		"      requests: {cpu: 250m, memory: 32Mi}\n");

	CHECK_INT(f.profile.memory_bytes, 64 << 20);
	CHECK_INT(f.profile.cpu_quota_usec, 50000);
	CHECK_INT(f.profile.cpu_shares, 256);
	CHECK_INT(f.profile.oom_score_adj, 999);
}

static void a_limit_without_request_is_the_request(void)
{
	PROFILE(f, "", "    resources: {limits: {cpu: 2, memory: 1Gi}}\n");

	CHECK_INT(f.profile.cpu_shares, 2048);
	CHECK_INT(f.profile.oom_score_adj, -997);
}

static void tiny_cpu_values_meet_the_kernels_minimum(void)
{
	PROFILE(f, "", "    resources: {limits: {cpu: 1m}}\n");

	CHECK_INT(f.profile.cpu_shares, 2);
	CHECK_INT(f.profile.cpu_quota_usec, 1000);
}

static void a_large_memory_request_is_killed_later(void)
{
	PROFILE(f, "", "    resources: {requests: {memory: 4Gi}}\n");

	CHECK_INT(f.profile.oom_score_adj, 750);
	CHECK_INT(f.profile.memory_bytes, 0);
}

static void a_pod_is_guaranteed_only_when_all_its_containers_are(void)
{
	PROFILE(f, "  initContainers: [{name: i, image: i}]\n",
		"    resources: {limits: {cpu: 1, memory: 16Mi}}\n");

	CHECK_INT(f.profile.oom_score_adj, 999);
}

static void an_extended_resource_is_refused(void)
{
	PROFILE(f, "",
		"    resources:\n      limits:\n        cpu: 1\n        nvidia.com/gpu: 1\n");

	CHECK_REFUSED(f, 11, "nvidia.com/gpu");
}

static void huge_pages_are_refused(void)
{
	PROFILE(f, "",
		"    resources:\n      limits:\n        hugepages-2Mi: 4Mi\n        memory: 1Gi\n");

	CHECK_REFUSED(f, 10, "hugepages-2Mi");
}

static void an_ephemeral_storage_limit_is_refused_and_a_request_is_not(void)
{
	PROFILE(f, "", "    resources:\n      limits:\n        ephemeral-storage: 1Gi\n");
	PROFILE(g, "", "    resources: {requests: {ephemeral-storage: 1Gi}}\n");

	CHECK_REFUSED(f, 10, "ephemeral-storage");
	CHECK_INT(g.rc, RF_OK);
}

/* --- sysctls --- */

static int check_sysctl(struct fixture *f, const char *pod_lines, const char *name)
{
	AUTO_BUF lines = {.data = NULL};

	rf_buf_addf(&lines, "%s  securityContext: {sysctls: [{name: \"%s\", value: \"1\"}]}\n",
		pod_lines, name);
	if (!load(f, rf_buf_cstr(&lines), ""))
		return RF_EINTERNAL;
	f->rc = harden_check_sysctls(f->pod, &f->diags);
	return f->rc;
}

static void sysctls_of_the_pods_namespaces_are_accepted(void)
{
	static const char *const names[] = {"net.core.somaxconn", "net/ipv4/ip_forward",
		"kernel.shmmax", "kernel.shm_rmid_forced", "kernel.msgmax", "kernel.sem",
		"fs.mqueue.msg_max"};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		FIXTURE f;

		CHECKF(check_sysctl(&f, "", names[i]) == RF_OK, "%s", names[i]);
	}
}

static void sysctls_of_the_machine_are_refused(void)
{
	static const char *const names[] = {"kernel.core_pattern", "vm.swappiness",
		"kernel.semaphore", "kernel.hostname", "fs.file-max", "netx.a",
		"net/../kernel/core_pattern", "net..a", "net."};

	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		FIXTURE f;

		CHECKF(check_sysctl(&f, "", names[i]) == RF_EINPUT, "%s", names[i]);
	}
}

static void sysctls_of_a_namespace_shared_with_the_host_are_refused(void)
{
	FIXTURE net;
	FIXTURE ipc;
	FIXTURE other;

	CHECK_INT(check_sysctl(&net, "  hostNetwork: true\n", "net.core.somaxconn"), RF_EINPUT);
	CHECK_REFUSED(net, 6, "hostNetwork");
	CHECK_INT(check_sysctl(&ipc, "  hostIPC: true\n", "kernel.shmmax"), RF_EINPUT);
	CHECK_REFUSED(ipc, 6, "hostIPC");
	CHECK_INT(check_sysctl(&other, "  hostIPC: true\n", "net.core.somaxconn"), RF_OK);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(what_is_unset_gets_the_safe_defaults);
	RUN(the_default_capabilities_are_thirteen_without_net_raw);
	RUN(the_uid_of_the_container_wins_over_the_pod_and_the_image);
	RUN(the_image_decides_when_nobody_sets_a_user);
	RUN(a_group_alone_keeps_the_uid_of_the_image);
	RUN(the_group_of_another_uid_is_zero_and_of_the_same_uid_the_images);
	RUN(groups_are_the_pods_the_volumes_and_the_images_sorted_once);
	RUN(the_strict_policy_leaves_the_images_groups_out);
	RUN(another_uid_does_not_inherit_the_image_users_groups);
	RUN(non_root_with_uid_zero_of_the_container_is_refused_there);
	RUN(non_root_with_uid_zero_of_the_pod_is_refused_there);
	RUN(non_root_with_an_image_of_root_names_its_user);
	RUN(non_root_with_an_image_without_user_says_so);
	RUN(non_root_false_in_the_container_overrides_the_pod);
	RUN(drop_all_comes_before_add);
	RUN(names_are_taken_with_and_without_prefix_in_any_case);
	RUN(add_all_gives_every_capability);
	RUN(a_capability_that_is_added_and_dropped_is_dropped);
	RUN(an_unknown_capability_is_refused_at_its_place);
	RUN(what_is_added_for_another_uid_than_root_is_ambient_and_inheritable);
	RUN(defaults_are_not_effective_for_another_uid_than_root);
	RUN(escalation_allowed_explicitly_clears_no_new_privileges);
	RUN(privileged_has_everything_and_no_masks);
	RUN(no_escalation_with_sys_admin_is_refused);
	RUN(the_seccomp_profile_of_the_container_wins);
	RUN(an_explicit_seccomp_profile_holds_for_privileged_too);
	RUN(a_seccomp_path_upwards_is_refused);
	RUN(an_apparmor_profile_by_name_is_refused);
	RUN(the_apparmor_default_is_accepted);
	RUN(selinux_labels_are_refused);
	RUN(windows_options_are_refused);
	RUN(a_user_namespace_is_refused);
	RUN(an_unmasked_proc_is_refused);
	RUN(the_same_error_of_a_pod_is_reported_once);
	RUN(every_error_is_reported_and_nothing_is_returned);
	RUN(limits_become_cgroup_values);
	RUN(a_limit_without_request_is_the_request);
	RUN(tiny_cpu_values_meet_the_kernels_minimum);
	RUN(a_large_memory_request_is_killed_later);
	RUN(a_pod_is_guaranteed_only_when_all_its_containers_are);
	RUN(an_extended_resource_is_refused);
	RUN(huge_pages_are_refused);
	RUN(an_ephemeral_storage_limit_is_refused_and_a_request_is_not);
	RUN(sysctls_of_the_pods_namespaces_are_accepted);
	RUN(sysctls_of_the_machine_are_refused);
	RUN(sysctls_of_a_namespace_shared_with_the_host_are_refused);
	return TAP_END();
}
