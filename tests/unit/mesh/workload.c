/* The process of a pod's identity, and the messages and attestation of its API. */
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/ca.h"
#include "mesh/keeper.h"
#include "mesh/workload/attest.h"
#include "mesh/workload/message.h"
#include "mesh/workload/workload_int.h"
#include "proc/frame.h"

#define PATIENCE_MS 15000

static char base[64];
static struct keeper *keeper;
static struct rf_err err;

static const char *in_base(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

/* --- messages --- */

#define BYTES(text) ((struct rf_bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void requests_are_one_whole_message_each(void)
{
	static const struct {
		struct rf_bytes content;
		enum grpc_status want;
	} rows[] = {
		{BYTES("\0\0\0\0\0"), GRPC_OK},
		{BYTES("\0\0\0\0\2\x08\x01"), GRPC_OK}, /* unknown fields of each type */
		{BYTES("\0\0\0\0\11\x09"
		       "12345678"),
			GRPC_OK},
		{BYTES("\0\0\0\0\5\x0a\3abc"), GRPC_OK},
		{BYTES("\0\0\0\0\5\x0d"
		       "1234"),
			GRPC_OK},
		{BYTES(""), GRPC_INVALID_ARGUMENT},
		{BYTES("\0\0\0\0"), GRPC_INVALID_ARGUMENT},
		{BYTES("\0\0\0\0\1"), GRPC_INVALID_ARGUMENT},
		{BYTES("\0\0\0\0\0\0\0\0\0\0"), GRPC_INVALID_ARGUMENT},
		{BYTES("\1\0\0\0\0"), GRPC_UNIMPLEMENTED},
		{BYTES("\0\0\0\x10\1"), GRPC_RESOURCE_EXHAUSTED},
		{BYTES("\0\xff\xff\xff\xff"), GRPC_RESOURCE_EXHAUSTED},
		{BYTES("\0\0\0\0\2\x0a\5"), GRPC_INVALID_ARGUMENT},
		{BYTES("\0\0\0\0\1\x08"), GRPC_INVALID_ARGUMENT},
		{BYTES("\0\0\0\0\2\0\0"), GRPC_INVALID_ARGUMENT}, /* field 0 */
		{BYTES("\0\0\0\0\1\x0b"), GRPC_INVALID_ARGUMENT}, /* a group */
		{BYTES("\0\0\0\0\14\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
			GRPC_INVALID_ARGUMENT},
	};
	const char *why;

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECKF(message_check(rows[i].content, &why) == rows[i].want, "row %zu: %s", i, why);
}

static void leaf_of(struct ca_leaf *leaf)
{
	const struct ca_secret secret = {.key_file = NULL};
	AUTO_CA *ca = NULL;
	const struct ca_request request = {.id = RF_STR("spiffe://prod.example/ns/a/sa/b"),
		.now_s = time(NULL),
		.ttl_s = 3600};

	if (access(in_base("msg"), F_OK) < 0)
		CHECK_INT(
			ca_init(in_base("msg"), RF_STR("prod.example"), &secret, time(NULL), &err),
			RF_OK);
	REQUIRE(ca_open(in_base("msg"), true, &ca, &err) == RF_OK);
	CHECK_INT(ca_issue(ca, &request, leaf, &err), RF_OK);
}

static struct renewal_certs certs_of(const struct ca_leaf *leaf)
{
	return (struct renewal_certs){.cert = rf_buf_str(&leaf->cert),
		.key = rf_buf_str(&leaf->key),
		.roots = rf_buf_str(&leaf->roots)};
}

static size_t length_in(const struct rf_buf *out)
{
	const uint8_t *at = (const uint8_t *)out->data;

	return (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
}

static bool holds(const struct rf_buf *out, struct rf_str part)
{
	return memmem(out->data, out->len, part.ptr, part.len) != NULL;
}

static void answers_hold_the_certificates_as_der(void)
{
	AUTO_LEAF leaf = {.until_s = 0};
	CLEANUP(message_svid_done) struct message_svid svid = {.id = NULL};
	AUTO_BUF out = {0};
	struct renewal_certs certs;
	const char *why;

	leaf_of(&leaf);
	certs = certs_of(&leaf);
	REQUIRE(message_svid_read(&certs, &svid, &err) == RF_OK);
	CHECK_STR(svid.id, "spiffe://prod.example/ns/a/sa/b");
	CHECK(svid.chain.len > 500 && svid.chain.data[0] == 0x30);
	CHECK(svid.key.len > 60 && svid.key.data[0] == 0x30 && svid.roots.data[0] == 0x30);
	message_put_svid(&svid, &out);
	CHECK_INT(length_in(&out), out.len - MESSAGE_PREFIX);
	CHECK(holds(&out, rf_buf_str(&svid.chain)) && holds(&out, rf_buf_str(&svid.key)));
	CHECK(out.data[MESSAGE_PREFIX] == 0x0a);
	/* What is well formed for us is so for whoever reads it. */
	CHECK_INT(message_check((struct rf_bytes){(const uint8_t *)out.data, out.len}, &why),
		GRPC_OK);
	rf_buf_clear(&out);
	message_put_bundles(&svid, &out);
	CHECK_INT(length_in(&out), out.len - MESSAGE_PREFIX);
	CHECK(holds(&out, RF_STR("\x0a\x15spiffe://prod.example\x12")));
	CHECK(holds(&out, rf_buf_str(&svid.roots)) && !holds(&out, rf_buf_str(&svid.key)));
}

static void what_is_no_certificate_makes_no_answer(void)
{
	AUTO_LEAF leaf = {.until_s = 0};
	struct message_svid svid;
	struct renewal_certs certs;

	leaf_of(&leaf);
	certs = certs_of(&leaf);
	certs.key = certs.cert;
	CHECK_INT(message_svid_read(&certs, &svid, &err), RF_EINPUT);
	certs = certs_of(&leaf);
	certs.roots = RF_STR("");
	CHECK_INT(message_svid_read(&certs, &svid, &err), RF_EINPUT);
	certs.roots = RF_STR("-----BEGIN CERTIFICATE-----\nAAAA\n");
	CHECK_INT(message_svid_read(&certs, &svid, &err), RF_EINPUT);
	certs = certs_of(&leaf);
	certs.cert = RF_STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	CHECK_INT(message_svid_read(&certs, &svid, &err), RF_EINPUT);
}

/* --- attestation --- */

static void a_cgroup_is_the_pods_or_beneath_it(void)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"0::/rf/pod-1\n", true},
		{"0::/rf/pod-1/main\n", true},
		{"0::/rf/pod-1/main", true},
		{"8:cpu,cpuacct:/rf/pod-1/main\n0::/\n", true},
		{"1:name=systemd:/rf/pod-1/x:y\n", true},
		{"0::/rf/pod-10/main\n", false},
		{"0::/rf/pod-/main\n", false},
		{"0::/x/rf/pod-1/main\n", false},
		{"0::/\n", false},
		{"0::rf/pod-1\n", false},
		{":/rf/pod-1\n", false},
		{"/rf/pod-1\n", false},
		{"0:/rf/pod-1:/\n", false},
		{"", false},
		{"\n\n", false},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
		CHECKF(attest_is_in(rf_str_of(rows[i].text), RF_STR("/rf/pod-1")) == rows[i].want,
			"row %zu: %s", i, rows[i].text);
	CHECK(!attest_is_in(RF_STR("0::/\n"), RF_STR("/")));
	CHECK(!attest_is_in(RF_STR("0::/a\n"), RF_STR("")));
}

/* The last line's path; "" where this process is in no group. */
static struct rf_str own_group(struct rf_buf *text)
{
	struct rf_str line, part, path = RF_STR("");

	if (rf_file_read("/proc/self/cgroup", text, &err) < 0)
		return path;
	for (struct rf_str rest = rf_buf_str(text); rest.ptr && rest.len;) {
		struct rf_str found;

		rest = rf_str_cut(rest, '\n', &line);
		found = rf_str_cut(rf_str_cut(line, ':', &part), ':', &part);
		if (found.len > 1)
			path = found;
	}
	return path;
}

static void a_peer_is_known_by_its_cgroup(void)
{
	AUTO_BUF text = {0};
	struct rf_str group = own_group(&text);
	AUTO_FD proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD one = -1;
	AUTO_FD other = -1;
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	one = pair[0];
	other = pair[1];
	CHECK_INT(attest_peer(one, proc, RF_STR("/some/pod-1"), &err), RF_EDENIED);
	CHECK_STR(err.msg, "the caller is not of this pod");
	CHECK_INT(attest_peer(one, other, RF_STR("/some/pod-1"), &err), RF_EDENIED);
	if (group.len < 2)
		SKIP("this process is in the root of every hierarchy");
	CHECK_INT(attest_peer(one, proc, group, &err), RF_OK);
}

/* --- files --- */

static struct workload_file file_of(const char *dir, const char *path, enum workload_content of)
{
	return (struct workload_file){.dir = rf_str_of(dir),
		.path = rf_str_of(path),
		.of = of,
		.mode = 0440,
		.uid = getuid(),
		.gid = getgid(),
		.text = RF_STR("text")};
}

static int read_one(struct workload_file file, size_t cut)
{
	struct workload_files *files = NULL;
	AUTO_BUF message = {0};
	int rc;

	workload_put_file(&message, &file);
	message.len -= cut;
	rc = workload_files_read(rf_buf_str(&message), &files, &err);
	workload_files_free(files);
	return rc;
}

static void lists_of_files_are_checked(void)
{
	static const char *const bad[] = {
		"", "/a", "a/", "a//b", ".", "a/.", "..", "../a", "a/../b", "a/.."};
	struct workload_file file = file_of("d", "a/b", WORKLOAD_TEXT);

	CHECK_INT(read_one(file, 0), RF_OK);
	for (size_t cut = 1; cut < 20; cut++)
		CHECK_INT(read_one(file, cut), RF_EINPUT);
	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++) {
		CHECKF(read_one(file_of("d", bad[i], WORKLOAD_KEY), 0) == RF_EINPUT, "%s", bad[i]);
		CHECKF(read_one(file_of(bad[i], "a", WORKLOAD_KEY), 0) == RF_EINPUT, "%s", bad[i]);
	}
	CHECK_INT(read_one(file_of("d/e", "a", WORKLOAD_KEY), 0), RF_EINPUT);
	CHECK_INT(read_one(file_of("d", "a", WORKLOAD_CONTENTS), 0), RF_EINPUT);
	file.mode = 04755;
	CHECK_INT(read_one(file, 0), RF_EINPUT);
	file = file_of("d", "a", WORKLOAD_TEXT);
	file.uid = (uid_t)-1;
	CHECK_INT(read_one(file, 0), RF_EINPUT);
}

/* --- the process --- */

static int add_client(void)
{
	const struct keeper_client client = {
		.namespace = RF_STR("shop"), .account = RF_STR("web"), .ttl_s = 3600};
	int fd = -1;

	CHECKF(keeper_add_client(keeper, &client, &fd, &err) == RF_OK, "%s", err.msg);
	return fd;
}

static bool has(const char *name, const char *text)
{
	AUTO_BUF content = {0};

	return rf_file_read(in_base(name), &content, &err) == RF_OK &&
	       strstr(rf_buf_cstr(&content), text);
}

static void the_process_writes_and_follows_orders(void)
{
	AUTO_BUF files = {0};
	AUTO_FD client = add_client();
	AUTO_FD dir = -1;
	struct workload_opts opts = {.keeper_fd = client, .listener_fd = -1};
	struct workload *workload = NULL;
	const struct workload_file list[] = {file_of("one", "deep/all.pem", WORKLOAD_KEY_AND_CERT),
		file_of("one", "ca.crt", WORKLOAD_ROOTS), file_of("two", "note", WORKLOAD_TEXT)};
	struct stat st;

	REQUIRE(rf_dir_make(in_base("pod/one"), 0755, &err) == RF_OK);
	REQUIRE(rf_dir_make(in_base("pod/two"), 0755, &err) == RF_OK);
	dir = open(in_base("pod"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < RF_ARRAY_LEN(list); i++)
		workload_put_file(&files, &list[i]);
	opts.dir_fd = dir;
	opts.files = rf_buf_str(&files);
	REQUIRE(workload_start(&opts, &workload, &err) == RF_OK);
	CHECKF(workload_hear(workload, PATIENCE_MS, &err) == RF_OK, "%s", err.msg);
	CHECK(has("pod/one/deep/all.pem", "PRIVATE KEY") && has("pod/one/ca.crt", "CERTIFICATE"));
	CHECK(has("pod/two/note", "text"));
	CHECK(stat(in_base("pod/one/deep/all.pem"), &st) == 0 && (st.st_mode & 07777) == 0440);
	CHECK_INT(workload_hear(workload, 0, &err), RF_ELIMIT);

	rf_buf_clear(&files);
	workload_put_file(&files, &list[1]);
	CHECK_INT(workload_set_files(workload, rf_buf_str(&files), &err), RF_OK);
	CHECKF(workload_hear(workload, PATIENCE_MS, &err) == RF_OK, "%s", err.msg);
	CHECK(has("pod/one/ca.crt", "CERTIFICATE") && access(in_base("pod/one/deep"), F_OK) < 0);

	kill(workload_pid(workload), SIGKILL);
	CHECK_INT(workload_hear(workload, PATIENCE_MS, &err), RF_EABSENT);
	CHECKF(strstr(err.msg, "signal 9"), "%s", err.msg);
	workload_free(workload);
}

static void a_process_without_its_directory_says_why(void)
{
	AUTO_BUF files = {0};
	AUTO_FD client = add_client();
	AUTO_FD dir = open(in_base("pod"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct workload_opts opts = {.keeper_fd = client, .listener_fd = -1, .dir_fd = dir};
	struct workload *workload = NULL;
	struct workload_file file = file_of("one", "ca.crt/x", WORKLOAD_ROOTS);

	/* A name that is taken by something else. */
	REQUIRE(dir >= 0 && mkdir(in_base("pod/three"), 0755) == 0 &&
		mkdir(in_base("pod/three/ca.crt"), 0755) == 0);
	file.dir = RF_STR("three");
	workload_put_file(&files, &file);
	opts.files = rf_buf_str(&files);
	REQUIRE(workload_start(&opts, &workload, &err) == RF_OK);
	CHECK_INT(workload_hear(workload, PATIENCE_MS, &err), RF_EDENIED);
	CHECKF(strstr(err.msg, "is there and was not written by this"), "%s", err.msg);
	workload_free(workload);
}

int main(int argc, char **argv)
{
	char template[] = "/tmp/rf-workload-XXXXXX";

	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	if (!mkdtemp(template))
		return 1;
	snprintf(base, sizeof(base), "%s", template);
	if (keeper_start(in_base("ca"), RF_STR("prod.example"), &keeper, &err) < 0)
		printf("# no keeper: %s\n", err.msg);
	RUN(requests_are_one_whole_message_each);
	RUN(answers_hold_the_certificates_as_der);
	RUN(what_is_no_certificate_makes_no_answer);
	RUN(a_cgroup_is_the_pods_or_beneath_it);
	RUN(a_peer_is_known_by_its_cgroup);
	RUN(lists_of_files_are_checked);
	if (keeper) {
		RUN(the_process_writes_and_follows_orders);
		RUN(a_process_without_its_directory_says_why);
	}
	keeper_free(keeper);
	(void)!rf_dir_remove(base, NULL);
	return TAP_END();
}
