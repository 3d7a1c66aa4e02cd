/*
 * host/oci.h: what is written, and what the process inside then really has. The second part runs
 * crun in private namespaces with everything on a tmpfs, so that nothing is left behind; it is
 * skipped without root or without crun.
 */
#include "host/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "doc/read.h"
#include "tests/lib/tap.h"

#define BIT(cap)	     ((uint64_t)1 << (cap))
#define DISTRIBUTION_PROFILE "/usr/share/containers/seccomp.json"

/* A profile that is always there, should the distribution's not be. */
#define SMALL_PROFILE                                                                  \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"reboot\"]," \
	"\"action\":\"SCMP_ACT_ERRNO\"}]}"

static struct harden_profile profile_of(uint32_t uid, uint64_t caps)
{
	return (struct harden_profile){
		.uid = uid,
		.gid = uid,
		.no_new_privileges = true,
		.bounding = caps,
		.effective = uid ? 0 : caps,
		.mask_paths = true,
		.read_only_root = true,
		.oom_score_adj = 500,
		.memory_bytes = 64 << 20,
		.pids = 64,
		.cpu_shares = 512,
		.cpu_quota_usec = 50000,
	};
}

static bool add(struct oci_spec *spec, const char *arg)
{
	char *copy = strdup(arg);

	return copy && rf_vec_push(&spec->args, copy);
}

static bool spec_init(struct oci_spec *spec, const struct harden_profile *profile)
{
	char *env = strdup("PATH=/usr/bin:/bin");

	*spec = (struct oci_spec){.profile = profile};
	spec->root_path = strdup("/mnt/rootfs");
	spec->cwd = strdup("/");
	return env && rf_vec_push(&spec->env, env) && add(spec, "/bin/true");
}

/* --- what is written --- */

struct written {
	struct harden_profile profile;
	struct oci_spec spec;
	struct rf_buf text;
	struct rf_arena *arena;
	const struct doc_node *root;
};

static void written_done(struct written *w)
{
	oci_spec_done(&w->spec);
	rf_buf_done(&w->text);
	rf_arena_free(w->arena);
}

#define WRITTEN CLEANUP(written_done) struct written

static bool written_init(struct written *w)
{
	*w = (struct written){
		.profile = profile_of(1000, harden_default_caps()), .arena = rf_arena_new(0)};
	return w->arena && spec_init(&w->spec, &w->profile);
}

static bool parse(struct written *w)
{
	return doc_parse_json(rf_buf_str(&w->text), "out", 1, w->arena, NULL, &w->root) == RF_OK;
}

static bool write_config(struct written *w)
{
	return oci_config_write(&w->spec, &w->text) == RF_OK && parse(w);
}

/* The item of the list whose field has that text; NULL when there is none. */
static const struct doc_node *item_with(
	const struct doc_node *list, const char *field, const char *text)
{
	doc_each (item, list) {
		const struct doc_node *value = doc_get(item, field);

		if (value && rf_str_is(value->text, text))
			return item;
	}
	return NULL;
}

static const struct doc_node *mount_at(const struct written *w, const char *destination)
{
	return item_with(doc_get(w->root, "mounts"), "destination", destination);
}

static const struct doc_node *namespace_of(const struct written *w, const char *type)
{
	return item_with(doc_get(doc_get(w->root, "linux"), "namespaces"), "type", type);
}

static void a_config_has_the_whole_process(void)
{
	WRITTEN w;
	const struct doc_node *process;

	REQUIRE(written_init(&w));
	REQUIRE(write_config(&w));
	process = doc_get(w.root, "process");
	CHECK_INT(doc_get(doc_get(process, "user"), "uid")->number, 1000);
	CHECK_INT(doc_get(doc_get(process, "user"), "umask")->number, 022);
	CHECK_INT(doc_get(process, "capabilities")->count, 5);
	CHECK_INT(doc_get(doc_get(process, "capabilities"), "bounding")->count, 13);
	CHECK_INT(doc_get(doc_get(process, "capabilities"), "permitted")->count, 0);
	CHECK(doc_get(process, "noNewPrivileges")->truth);
	CHECK(!doc_get(process, "terminal")->truth);
	CHECK_INT(doc_get(process, "oomScoreAdj")->number, 500);
}

static void namespaces_are_the_pods_by_path_and_pid_and_mount_its_own(void)
{
	WRITTEN w;

	REQUIRE(written_init(&w));
	w.spec.netns_path = strdup("/run/netns/p");
	REQUIRE(write_config(&w));
	CHECK_STR(doc_get(namespace_of(&w, "network"), "path")->text.ptr, "/run/netns/p");
	CHECK(namespace_of(&w, "pid") && !doc_get(namespace_of(&w, "pid"), "path"));
	CHECK(namespace_of(&w, "mount"));
	CHECK(!namespace_of(&w, "ipc") && !namespace_of(&w, "uts"));
}

static void host_pid_has_no_pid_namespace(void)
{
	WRITTEN w;

	REQUIRE(written_init(&w));
	w.profile.host_pid = true;
	REQUIRE(write_config(&w));
	CHECK(!namespace_of(&w, "pid"));
}

static void mounts_come_after_the_standard_ones_with_their_options_apart(void)
{
	WRITTEN w;

	REQUIRE(written_init(&w));
	REQUIRE(oci_spec_add_mount(&w.spec, "bind", "/src", "/data", "rbind,ro") == RF_OK);
	REQUIRE(write_config(&w));
	CHECK(mount_at(&w, "/proc") && mount_at(&w, "/dev/shm") && mount_at(&w, "/sys"));
	CHECK(!mount_at(&w, "/sys/fs/cgroup"));
	REQUIRE(mount_at(&w, "/data") != NULL);
	CHECK(!mount_at(&w, "/data")->next);
	CHECK_INT(doc_get(mount_at(&w, "/data"), "options")->count, 2);
	CHECK_STR(doc_get(mount_at(&w, "/data"), "options")->first->next->text.ptr, "ro");
}

static void a_shared_dev_shm_leaves_the_standard_one_out(void)
{
	WRITTEN w;

	REQUIRE(written_init(&w));
	w.spec.dev_shm_shared = true;
	REQUIRE(write_config(&w));
	CHECK(!mount_at(&w, "/dev/shm"));
}

static void limits_masks_and_devices_are_in_the_linux_object(void)
{
	WRITTEN w;
	const struct doc_node *linux_part, *resources;

	REQUIRE(written_init(&w));
	REQUIRE(write_config(&w));
	linux_part = doc_get(w.root, "linux");
	resources = doc_get(linux_part, "resources");
	CHECK(!doc_get(doc_get(resources, "devices")->first, "allow")->truth);
	CHECK_INT(doc_get(doc_get(resources, "memory"), "swap")->number, 64 << 20);
	CHECK_INT(doc_get(doc_get(resources, "cpu"), "quota")->number, 50000);
	CHECK_INT(doc_get(doc_get(resources, "pids"), "limit")->number, 64);
	CHECK(doc_get(linux_part, "maskedPaths") && doc_get(linux_part, "readonlyPaths"));
	CHECK(!doc_get(linux_part, "seccomp"));
}

static void privileged_may_use_devices_and_sees_everything(void)
{
	WRITTEN w;
	const struct doc_node *linux_part;

	REQUIRE(written_init(&w));
	w.profile.privileged = true;
	w.profile.mask_paths = false;
	REQUIRE(write_config(&w));
	linux_part = doc_get(w.root, "linux");
	CHECK(doc_get(doc_get(doc_get(linux_part, "resources"), "devices")->first, "allow")->truth);
	CHECK(!doc_get(linux_part, "maskedPaths") && !doc_get(linux_part, "readonlyPaths"));
	doc_each (option, doc_get(mount_at(&w, "/sys"), "options"))
		CHECK(!rf_str_is(option->text, "ro"));
}

static void the_seccomp_object_goes_in_as_it_is(void)
{
	WRITTEN w;

	REQUIRE(written_init(&w));
	w.spec.seccomp_json = strdup(SMALL_PROFILE);
	REQUIRE(write_config(&w));
	CHECK_INT(doc_get(doc_get(doc_get(w.root, "linux"), "seccomp"), "syscalls")->count, 1);
}

static void a_process_from_a_stored_config_is_the_process_written_directly(void)
{
	static const char *const args[] = {"/bin/id", "-u", NULL};
	static const struct oci_console console = {.columns = 0};
	WRITTEN w;
	WRITTEN direct;
	WRITTEN stored;

	REQUIRE(written_init(&w) && written_init(&direct) && written_init(&stored));
	REQUIRE(write_config(&w));
	REQUIRE(oci_process_write(&w.spec, args, true, &direct.text) == RF_OK);
	REQUIRE(oci_process_from_config(rf_buf_str(&w.text), args, &console, &stored.text, NULL) ==
		RF_OK);
	REQUIRE(parse(&direct) && parse(&stored));
	CHECK_INT(stored.root->count, direct.root->count);
	CHECK(doc_get(stored.root, "terminal")->truth);
	CHECK_STR(doc_get(stored.root, "args")->first->next->text.ptr, "-u");
	CHECK_INT(doc_get(doc_get(stored.root, "user"), "uid")->number, 1000);
	CHECK(doc_get(stored.root, "noNewPrivileges")->truth);
	CHECK_INT(doc_get(doc_get(stored.root, "capabilities"), "bounding")->count, 13);
}

static void a_stored_config_without_a_restriction_is_refused(void)
{
	static const char *const args[] = {"/bin/id", NULL};
	static const char *const configs[] = {
		"",
		"{}",
		"{\"process\":{}}",
		"{\"process\":[]}",
		"{\"process\":{\"user\":{},\"capabilities\":{},\"args\":[]}}",
		"{\"process\":{\"user\":{},\"capabilities\":{},\"args\":[],\"noNewPrivileges\":1}}",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(configs); i++) {
		AUTO_BUF out = {.data = NULL};
		struct rf_err err = {.msg = ""};

		CHECKF(oci_process_from_config(rf_str_of(configs[i]), args, NULL, &out, &err) ==
				RF_EINPUT,
			"%s", configs[i]);
		CHECK(err.msg[0] && out.len == 0);
	}
}

static void a_process_without_a_command_is_refused(void)
{
	static const char *const none[] = {NULL};
	WRITTEN w;

	REQUIRE(written_init(&w));
	CHECK_INT(oci_process_write(&w.spec, none, false, &w.text), RF_EINPUT);
	CHECK_INT(oci_process_from_config(RF_STR("{}"), none, NULL, &w.text, NULL), RF_EINPUT);
}

/* --- what the process has --- */

#define BUNDLE "/mnt"
/* Every line of what it prints is compared with the profile. */
static const char inside[] =
	"cat /proc/self/status; echo umask=$(umask) nofile=$(ulimit -n)\n"
	"try() { if (: >$2) 2>/dev/null; then echo $1=writable; else echo $1=ro; fi; }\n"
	"try root /written; try sysctl /proc/sys/kernel/domainname\n"
	"if unshare -U true 2>/dev/null; then echo userns=yes; else echo userns=no; fi\n"
	"echo oom=$(cat /proc/self/oom_score_adj)\n";

static char id[64], cgroups_path[72];

/* Runs a command with pipes as its standard files (crun changes the owner of what is not a tty). */
static int run(const char *const *argv, struct rf_buf *out)
{
	int in_pipe[2], out_pipe[2], status;
	pid_t pid;

	if (pipe2(in_pipe, O_CLOEXEC) < 0 || pipe2(out_pipe, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(in_pipe[0], 0);
		dup2(out_pipe[1], 1);
		dup2(out_pipe[1], 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(in_pipe[0]);
	close(in_pipe[1]);
	close(out_pipe[1]);
	if (out && rf_fd_read_all(out_pipe[0], out, NULL) < 0)
		status = -1;
	close(out_pipe[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define CRUN "crun", "--root", BUNDLE "/state", "--cgroup-manager", "cgroupfs"

static void remove_container(void)
{
	static const char *const argv[] = {CRUN, "delete", "--force", id, NULL};
	AUTO_BUF out = {.data = NULL};

	(void)run(argv, &out);
}

static const char *missing(void)
{
	/* Not crun --version, which leaves a directory in /run. */
	static const char *const found[] = {"sh", "-c", "command -v crun", NULL};
	AUTO_BUF out = {.data = NULL};

	if (geteuid() != 0)
		return "needs root";
	if (run(found, &out) != 0)
		return "needs crun";
	if (access("/sys/fs/cgroup/pids", W_OK) < 0 &&
		access("/sys/fs/cgroup/cgroup.subtree_control", W_OK) < 0)
		return "needs writable cgroups";
	return NULL;
}

/* Once: namespaces of our own, where a tmpfs holds the bundle. crun 1.8 refuses hybrid cgroups. */
static bool enter_world(void)
{
	static const char *const dirs[] = {BUNDLE "/rootfs", BUNDLE "/rootfs/proc",
		BUNDLE "/rootfs/dev", BUNDLE "/rootfs/sys", BUNDLE "/rootfs/usr"};
	static const char *const links[] = {"bin", "lib", "lib64"};
	static int entered = -1;

	if (entered >= 0)
		return entered;
	entered = 0;
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", BUNDLE, "tmpfs", 0, "mode=755") < 0)
		return false;
	(void)umount2("/sys/fs/cgroup/unified", MNT_DETACH);
	for (size_t i = 0; i < RF_ARRAY_LEN(dirs); i++) {
		if (mkdir(dirs[i], 0755) < 0)
			return false;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(links); i++) {
		char from[32], to[64];

		snprintf(from, sizeof(from), "usr/%s", links[i]);
		snprintf(to, sizeof(to), BUNDLE "/rootfs/%s", links[i]);
		if (symlink(from, to) < 0)
			return false;
	}
	entered = 1;
	return true;
}

/* The profile that `up` would take: the distribution's, else a small one. */
static char *seccomp_json(uint64_t bounding)
{
	struct harden_seccomp_target target = {
		.bounding = bounding, .arch = "amd64", .kernel = {5, 10}};
	AUTO_ARENA *arena = rf_arena_new(0);
	AUTO_BUF file = {.data = NULL};
	AUTO_BUF out = {.data = NULL};
	struct json_writer w = {.out = &out};
	const struct doc_node *root;

	if (!arena)
		return NULL;
#if defined(__aarch64__)
	target.arch = "arm64";
#endif
	if (rf_file_read(DISTRIBUTION_PROFILE, &file, NULL) < 0)
		rf_buf_add_c(&file, SMALL_PROFILE);
	if (doc_parse_json(rf_buf_str(&file), "profile", 1, arena, NULL, &root) < 0 ||
		harden_seccomp_write(root, &target, &w, NULL) < 0)
		return NULL;
	return rf_buf_take(&out);
}

static bool make_bundle(struct oci_spec *spec, const struct harden_profile *profile,
	const char *const *args, bool confined)
{
	AUTO_BUF config = {.data = NULL};
	char path[64];

	*spec = (struct oci_spec){.profile = profile};
	if (!spec_init(spec, profile))
		return false;
	free(spec->args.items[0]);
	spec->args.count = 0;
	for (; *args; args++) {
		if (!add(spec, *args))
			return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)getpid());
	spec->netns_path = strdup(path);
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)getpid());
	spec->ipcns_path = strdup(path);
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", (int)getpid());
	spec->utsns_path = strdup(path);
	spec->cgroups_path = strdup(cgroups_path);
	if (confined && !(spec->seccomp_json = seccomp_json(profile->bounding)))
		return false;
	return oci_spec_add_mount(spec, "bind", "/usr", "/usr", "rbind,rprivate,ro,nosuid") ==
		       RF_OK &&
	       oci_config_write(spec, &config) == RF_OK &&
	       rf_file_replace(BUNDLE "/config.json", config.data, config.len, 0600, false, NULL) ==
		       RF_OK;
}

static void expect(struct rf_str text, const char *want)
{
	CHECKF(memmem(text.ptr, text.len, want, strlen(want)), "no \"%s\" inside", want);
}

static void expect_caps(struct rf_str text, const char *name, uint64_t caps)
{
	char line[64];

	snprintf(line, sizeof(line), "\n%s:\t%016llx\n", name, (unsigned long long)caps);
	expect(text, line);
}

static void expect_ids(struct rf_str text, const struct harden_profile *p)
{
	AUTO_BUF line = {.data = NULL};

	rf_buf_addf(&line, "\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", p->uid, p->uid, p->uid,
		p->uid, p->gid, p->gid, p->gid, p->gid);
	expect(text, rf_buf_cstr(&line));
	rf_buf_clear(&line);
	rf_buf_add_c(&line, "\nGroups:\t");
	for (unsigned i = 0; i < p->group_count; i++)
		rf_buf_addf(&line, i ? " %u" : "%u", p->groups[i]);
	rf_buf_add_c(&line, " \n");
	expect(text, rf_buf_cstr(&line));
}

/* All that the script printed against the profile. */
static void expect_all(struct rf_str text, const struct harden_profile *p, bool confined)
{
	char line[64];

	expect_ids(text, p);
	expect_caps(text, "CapInh", p->inheritable);
	expect_caps(text, "CapPrm", p->effective);
	expect_caps(text, "CapEff", p->effective);
	expect_caps(text, "CapBnd", p->bounding);
	expect_caps(text, "CapAmb", p->ambient);
	snprintf(line, sizeof(line), "\nNoNewPrivs:\t%d\n", p->no_new_privileges);
	expect(text, line);
	if (confined) {
		expect(text, "\nSeccomp:\t2\n");
		expect(text, "\nuserns=no\n");
	}
	expect(text, "\numask=0022 nofile=1024\n");
	expect(text, p->read_only_root ? "\nroot=ro\n" : "\nroot=writable\n");
	expect(text, "\nsysctl=ro\n");
}

static const char *const script[] = {"/bin/sh", "-c", inside, NULL};

/* The container's own process, then one of exec beside a sleeper. */
static void run_and_exec(const struct harden_profile *profile, bool confined)
{
	static const char *const sleeper[] = {"/bin/sleep", "60", NULL};
	static const char *const once[] = {CRUN, "run", "--bundle", BUNDLE, id, NULL};
	static const char *const start[] = {CRUN, "run", "--detach", "--bundle", BUNDLE, id, NULL};
	static const char *const exec[] = {
		CRUN, "exec", "--process", BUNDLE "/process.json", id, NULL};
	CLEANUP(oci_spec_done) struct oci_spec first = {.profile = NULL};
	CLEANUP(oci_spec_done) struct oci_spec second = {.profile = NULL};
	AUTO_BUF out = {.data = NULL};
	AUTO_BUF process = {.data = NULL};

	REQUIRE(make_bundle(&first, profile, script, confined));
	CHECK_INT(run(once, &out), 0);
	expect_all(rf_buf_str(&out), profile, confined);
	/* Of run only: exec of crun 1.8 leaves oomScoreAdj out. */
	expect(rf_buf_str(&out), "\noom=500\n");
	if (tap_failed())
		tap_diag("run: %s", rf_buf_cstr(&out));
	remove_container();

	rf_buf_clear(&out);
	REQUIRE(make_bundle(&second, profile, sleeper, confined));
	REQUIRE(oci_process_write(&second, script, false, &process) == RF_OK);
	REQUIRE(rf_file_replace(BUNDLE "/process.json", process.data, process.len, 0600, false,
			NULL) == RF_OK);
	CHECK_INT(run(start, NULL), 0);
	CHECK_INT(run(exec, &out), 0);
	expect_all(rf_buf_str(&out), profile, confined);
	if (tap_failed())
		tap_diag("exec: %s", rf_buf_cstr(&out));
	remove_container();
}

#define NEEDS_CRUN                                                                \
	do {                                                                      \
		const char *what_ = missing();                                    \
		if (what_)                                                        \
			SKIP("%s", what_);                                        \
		if (!enter_world())                                               \
			SKIP("needs namespaces of its own: %s", strerror(errno)); \
	} while (0)

static void a_process_of_root_has_exactly_what_was_asked_for(void)
{
	struct harden_profile p = profile_of(0, harden_default_caps());

	NEEDS_CRUN;
	run_and_exec(&p, true);
}

static void a_process_of_another_uid_has_its_groups_and_the_added_capability(void)
{
	struct harden_profile p = profile_of(65532, BIT(CAP_NET_BIND_SERVICE));

	NEEDS_CRUN;
	p.groups[0] = 5;
	p.groups[1] = 2000;
	p.group_count = 2;
	p.effective = p.ambient = p.inheritable = BIT(CAP_NET_BIND_SERVICE);
	run_and_exec(&p, true);
}

static void a_process_without_capabilities_has_none(void)
{
	struct harden_profile p = profile_of(1000, 0);

	NEEDS_CRUN;
	run_and_exec(&p, true);
}

static void escalation_and_a_writable_root_are_there_when_asked_for(void)
{
	struct harden_profile p = profile_of(0, BIT(CAP_CHOWN));

	NEEDS_CRUN;
	p.no_new_privileges = false;
	p.read_only_root = false;
	run_and_exec(&p, false);
}

/* All capabilities that there are, of which this machine may lack some; and a low oom score. */
static void privileged_runs_with_what_the_machine_has(void)
{
	struct harden_profile p = profile_of(0, UINT64_MAX);
	static const char *const once[] = {CRUN, "run", "--bundle", BUNDLE, id, NULL};
	CLEANUP(oci_spec_done) struct oci_spec spec = {.profile = NULL};
	AUTO_BUF out = {.data = NULL};

	NEEDS_CRUN;
	p.privileged = true;
	p.mask_paths = p.no_new_privileges = false;
	p.oom_score_adj = -997;
	REQUIRE(make_bundle(&spec, &p, script, false));
	CHECKF(run(once, &out) == 0, "%s", rf_buf_cstr(&out));
	expect(rf_buf_str(&out), "\nsysctl=writable\n");
	remove_container();
}

/* The last one: what is dropped does not come back. */
static void a_named_capability_that_the_machine_lacks_is_refused(void)
{
	static const char *const args[] = {"/bin/id", NULL};
	WRITTEN w;

	if (prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0) < 0)
		SKIP("needs root");
	REQUIRE(written_init(&w));
	w.profile.bounding |= BIT(CAP_SYS_TIME);
	CHECK(oci_missing_caps(&w.profile) == 0);
	w.profile.named = BIT(CAP_SYS_TIME) | BIT(CAP_CHOWN);
	CHECK(oci_missing_caps(&w.profile) == BIT(CAP_SYS_TIME));
	CHECK_INT(oci_config_write(&w.spec, &w.text), RF_EUNSUPPORTED);
	CHECK_INT(oci_process_write(&w.spec, args, false, &w.text), RF_EUNSUPPORTED);
	CHECK_INT(w.text.len, 0);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	snprintf(id, sizeof(id), "rf-oci-test-%d", (int)getpid());
	snprintf(cgroups_path, sizeof(cgroups_path), "/%s", id);
	RUN(a_config_has_the_whole_process);
	RUN(namespaces_are_the_pods_by_path_and_pid_and_mount_its_own);
	RUN(host_pid_has_no_pid_namespace);
	RUN(mounts_come_after_the_standard_ones_with_their_options_apart);
	RUN(a_shared_dev_shm_leaves_the_standard_one_out);
	RUN(limits_masks_and_devices_are_in_the_linux_object);
	RUN(privileged_may_use_devices_and_sees_everything);
	RUN(the_seccomp_object_goes_in_as_it_is);
	RUN(a_process_from_a_stored_config_is_the_process_written_directly);
	RUN(a_stored_config_without_a_restriction_is_refused);
	RUN(a_process_without_a_command_is_refused);
	RUN(a_process_of_root_has_exactly_what_was_asked_for);
	RUN(a_process_of_another_uid_has_its_groups_and_the_added_capability);
	RUN(a_process_without_capabilities_has_none);
	RUN(escalation_and_a_writable_root_are_there_when_asked_for);
	RUN(privileged_runs_with_what_the_machine_has);
	RUN(a_named_capability_that_the_machine_lacks_is_refused);
	return TAP_END();
}
