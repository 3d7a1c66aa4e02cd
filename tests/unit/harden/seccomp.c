/* harden/seccomp.h: profiles in Docker's and in the OCI format, for one set of capabilities. */
#include "harden/seccomp.h"

#include <linux/capability.h>

#include "base/fd.h"
#include "doc/read.h"
#include "harden/profile.h"
#include "tests/lib/tap.h"

#define DISTRIBUTION_PROFILE "/usr/share/containers/seccomp.json"
#define BIT(cap)	     ((uint64_t)1 << (cap))

struct fixture {
	struct rf_arena *arena;
	struct rf_diags diags;
	struct rf_buf out;
	const struct doc_node *result; /* out, read back */
	int rc;
};

static void fixture_done(struct fixture *f)
{
	rf_arena_free(f->arena);
	rf_diags_done(&f->diags);
	rf_buf_done(&f->out);
}

#define FIXTURE CLEANUP(fixture_done) struct fixture

static struct harden_seccomp_target target_of(uint64_t bounding, bool local)
{
	return (struct harden_seccomp_target){
		.bounding = bounding, .arch = "amd64", .kernel = {6, 1}, .local = local};
}

static bool convert(
	struct fixture *f, struct rf_str json, const struct harden_seccomp_target *target)
{
	const struct doc_node *profile;
	struct json_writer w;

	*f = (struct fixture){.arena = rf_arena_new(0)};
	w = (struct json_writer){.out = &f->out};
	if (!f->arena || doc_parse_json(json, "profile.json", 1, f->arena, &f->diags, &profile) < 0)
		return false;
	f->rc = harden_seccomp_write(profile, target, &w, &f->diags);
	if (f->rc < 0)
		return true;
	return doc_parse_json(rf_buf_str(&f->out), "out", 1, f->arena, &f->diags, &f->result) ==
	       RF_OK;
}

static bool convert_own(struct fixture *f, const char *json)
{
	struct harden_seccomp_target target = target_of(harden_default_caps(), true);

	return convert(f, rf_str_of(json), &target);
}

static bool convert_distribution(struct fixture *f, uint64_t bounding)
{
	struct harden_seccomp_target target = target_of(bounding, false);
	AUTO_BUF text = {.data = NULL};

	return rf_file_read(DISTRIBUTION_PROFILE, &text, NULL) == RF_OK &&
	       convert(f, rf_buf_str(&text), &target);
}

static bool lists(const struct doc_node *names, const char *name)
{
	doc_each (child, names) {
		if (rf_str_is(child->text, name))
			return true;
	}
	return false;
}

/* The n-th entry that names the call; NULL when there are fewer. */
static const struct doc_node *entry_of(const struct fixture *f, const char *name, unsigned n)
{
	const struct doc_node *syscalls = doc_get(f->result, "syscalls");

	doc_each (entry, syscalls) {
		if (lists(doc_get(entry, "names"), name) && n-- == 0)
			return entry;
	}
	return NULL;
}

static const char *action_of(const struct fixture *f, const char *name)
{
	const struct doc_node *entry = entry_of(f, name, 0);

	return entry ? doc_get(entry, "action")->text.ptr : "default";
}

static int64_t errno_of(const struct fixture *f, const char *name)
{
	const struct doc_node *entry = entry_of(f, name, 0);
	const struct doc_node *value = doc_get(entry, "errnoRet");

	return value ? value->number : -1;
}

#define NEEDS_DISTRIBUTION                                                \
	do {                                                              \
		AUTO_BUF text_ = {.data = NULL};                          \
		if (rf_file_read(DISTRIBUTION_PROFILE, &text_, NULL) < 0) \
			SKIP("no " DISTRIBUTION_PROFILE);                 \
	} while (0)

/* --- the distribution's profile --- */

static void the_distribution_profile_keeps_its_default_and_the_native_architecture(void)
{
	FIXTURE f = {.rc = 0};

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps()));
	CHECK_INT(f.rc, RF_OK);
	CHECK_STR(doc_get(f.result, "defaultAction")->text.ptr, "SCMP_ACT_ERRNO");
	CHECK_INT(doc_get(f.result, "defaultErrnoRet")->number, 38);
	CHECK_INT(doc_get(f.result, "architectures")->count, 1);
	CHECK(lists(doc_get(f.result, "architectures"), "SCMP_ARCH_X86_64"));
	CHECK(!doc_get(f.result, "archMap") && !doc_get(f.result, "defaultErrno"));
}

static void every_call_has_one_unconditional_entry_or_only_conditional_ones(void)
{
	FIXTURE f = {.rc = 0};
	const struct doc_node *syscalls;

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps()));
	syscalls = doc_get(f.result, "syscalls");
	doc_each (entry, syscalls) {
		if (doc_get(entry, "args"))
			continue;
		doc_each (name, doc_get(entry, "names"))
			CHECKF(!entry_of(&f, name->text.ptr, 1), "%s is in two entries",
				name->text.ptr);
	}
}

static void what_makes_namespaces_and_mounts_is_refused_without_sys_admin(void)
{
	static const char *const names[] = {"mount", "umount2", "unshare", "setns", "pivot_root",
		"fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "keyctl", "reboot",
		"bpf", "pidfd_getfd", "syslog"};
	FIXTURE f = {.rc = 0};

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps()));
	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++)
		CHECKF(strcmp(action_of(&f, names[i]), "SCMP_ACT_ERRNO") == 0 &&
				errno_of(&f, names[i]) == 1,
			"%s: %s", names[i], action_of(&f, names[i]));
	/* ENOSYS, which is the default here and therefore has no entry. */
	CHECK_STR(action_of(&f, "clone3"), "default");
	CHECK_STR(action_of(&f, "read"), "SCMP_ACT_ALLOW");
	CHECK_STR(action_of(&f, "chroot"), "SCMP_ACT_ALLOW");
}

static void clone_is_allowed_without_namespace_flags_only(void)
{
	FIXTURE f = {.rc = 0};
	const struct doc_node *arg;

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps()));
	REQUIRE(entry_of(&f, "clone", 0) && !entry_of(&f, "clone", 1));
	REQUIRE(doc_get(entry_of(&f, "clone", 0), "args") != NULL);
	arg = doc_get(entry_of(&f, "clone", 0), "args")->first;
	CHECK_INT(doc_get(arg, "index")->number, 0);
	CHECK_INT(doc_get(arg, "value")->number, 0x7E020000);
	CHECK_INT(doc_get(arg, "valueTwo")->number, 0);
	CHECK_STR(doc_get(arg, "op")->text.ptr, "SCMP_CMP_MASKED_EQ");
}

static void sys_admin_opens_what_needs_it(void)
{
	FIXTURE f = {.rc = 0};

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps() | BIT(CAP_SYS_ADMIN)));
	CHECK_STR(action_of(&f, "mount"), "SCMP_ACT_ALLOW");
	CHECK_STR(action_of(&f, "setns"), "SCMP_ACT_ALLOW");
	CHECK_STR(action_of(&f, "clone3"), "SCMP_ACT_ALLOW");
	CHECK_STR(action_of(&f, "reboot"), "SCMP_ACT_ERRNO");
	CHECK(!doc_get(entry_of(&f, "clone", 0), "args"));
}

static void audit_sockets_need_audit_write(void)
{
	FIXTURE f = {.rc = 0};
	FIXTURE g = {.rc = 0};

	NEEDS_DISTRIBUTION;
	REQUIRE(convert_distribution(&f, harden_default_caps()));
	CHECK(!doc_get(entry_of(&f, "socket", 0), "args"));
	REQUIRE(convert_distribution(&g, 0));
	CHECK(doc_get(entry_of(&g, "socket", 0), "args"));
}

/* --- entries of one's own --- */

static void entries_are_chosen_by_capability_architecture_and_kernel(void)
{
	FIXTURE f;

	REQUIRE(convert_own(&f,
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[],\"syscalls\":["
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":["
		"\"arm64\"]}},"
		"{\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":["
		"\"amd64\"]}},"
		"{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_"
		"BPF\"]}},"
		"{\"names\":[\"d\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_"
		"KILL\"]}},"
		"{\"names\":[\"e\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"6."
		"2\"}},"
		"{\"names\":[\"f\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4."
		"8\"}},"
		"{\"names\":[\"g\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_"
		"KILL\"]}},"
		"{\"names\":[\"h\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"minKernel\":\"6."
		"1\"}},"
		"{\"name\":\"i\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,\"comment\":\"x\"}]"
		"}"));
	CHECK_STR(rf_buf_cstr(&f.out),
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
		"\"syscalls\":[{\"names\":[\"b\",\"d\",\"f\",\"i\"],\"action\":\"SCMP_ACT_ALLOW\"}]"
		"}");
}

static void the_stricter_of_two_entries_wins_in_any_order(void)
{
	FIXTURE f;

	REQUIRE(convert_own(&f,
		"{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":["
		"{\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"a\",\"c\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},"
		"{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"b\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}"));
	CHECK_STR(action_of(&f, "a"), "SCMP_ACT_ERRNO");
	CHECK_STR(action_of(&f, "b"), "SCMP_ACT_KILL_PROCESS");
	CHECK_STR(action_of(&f, "c"), "SCMP_ACT_ERRNO");
	CHECK(!entry_of(&f, "a", 1) && !entry_of(&f, "b", 1) && !entry_of(&f, "c", 1));
}

static void a_stricter_condition_is_not_hidden_by_an_unconditional_entry(void)
{
	static const char profile[] =
		"{\"defaultAction\":\"%s\",\"syscalls\":["
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\","
		"\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	static const char *const defaults[] = {"SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"};

	for (size_t i = 0; i < RF_ARRAY_LEN(defaults); i++) {
		FIXTURE f = {.rc = 0};
		char text[512];

		snprintf(text, sizeof(text), profile, defaults[i]);
		REQUIRE(convert_own(&f, text));
		CHECK_STR(action_of(&f, "a"), "SCMP_ACT_KILL");
		CHECK(doc_get(entry_of(&f, "a", 0), "args"));
		CHECK(!entry_of(&f, "a", 1));
	}
}

static void an_errno_goes_only_with_actions_that_have_one(void)
{
	FIXTURE f;

	REQUIRE(convert_own(&f,
		"{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":38,\"syscalls\":["
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1}]}"));
	CHECK(!doc_get(f.result, "defaultErrnoRet"));
	CHECK_INT(errno_of(&f, "a"), -1);
}

static void the_oci_format_keeps_its_architectures(void)
{
	FIXTURE f;

	REQUIRE(convert_own(&f, "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				"\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X86_64\"],"
				"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
				"{\"names\":[\"unshare\"],\"action\":\"SCMP_ACT_ERRNO\"}]}"));
	CHECK_INT(f.rc, RF_OK);
	CHECK_INT(doc_get(f.result, "architectures")->count, 2);
	CHECK_INT(doc_get(f.result, "flags")->count, 1);
	CHECK_STR(action_of(&f, "unshare"), "SCMP_ACT_ERRNO");
	CHECK_STR(action_of(&f, "mount"), "default");
}

static void what_is_not_a_profile_is_refused_with_its_line(void)
{
	static const char *const wrong[] = {
		"[]",
		"{\"syscalls\":[]}",
		"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
		"{\"defaultAction\":1}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"unknown\":1}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"EPERM\"}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"amd64\"]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"a\"]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_"
		"ALLOW\"}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_"
		"ALLOW\","
		"\"names\":[\"a b\"]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_"
		"ALLOW\","
		"\"names\":[\"a\"],\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_"
		"ALLOW\","
		"\"names\":[\"a\"],\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":\"SCMP_ACT_"
		"ALLOW\","
		"\"names\":[\"a\"],\"includes\":{\"minKernel\":\"new\"}}]}",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(wrong); i++) {
		FIXTURE f = {.rc = 0};

		REQUIRE(convert_own(&f, wrong[i]));
		CHECKF(f.rc == RF_EINPUT && f.diags.error_count > 0 &&
				f.diags.list.items[0].pos.line == 1 && f.out.len == 0,
			"%s", wrong[i]);
	}
}

static void another_architecture_is_refused(void)
{
	struct harden_seccomp_target target = target_of(0, true);
	FIXTURE f;

	target.arch = "riscv64";
	REQUIRE(convert(&f, RF_STR("{\"defaultAction\":\"SCMP_ACT_ERRNO\"}"), &target));
	CHECK_INT(f.rc, RF_EINPUT);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(the_distribution_profile_keeps_its_default_and_the_native_architecture);
	RUN(every_call_has_one_unconditional_entry_or_only_conditional_ones);
	RUN(what_makes_namespaces_and_mounts_is_refused_without_sys_admin);
	RUN(clone_is_allowed_without_namespace_flags_only);
	RUN(sys_admin_opens_what_needs_it);
	RUN(audit_sockets_need_audit_write);
	RUN(entries_are_chosen_by_capability_architecture_and_kernel);
	RUN(the_stricter_of_two_entries_wins_in_any_order);
	RUN(a_stricter_condition_is_not_hidden_by_an_unconditional_entry);
	RUN(an_errno_goes_only_with_actions_that_have_one);
	RUN(the_oci_format_keeps_its_architectures);
	RUN(what_is_not_a_profile_is_refused_with_its_line);
	RUN(another_architecture_is_refused);
	return TAP_END();
}
