/* The authority: what it signs, what it refuses, what it leaves on the disk. */
#include "tests/lib/tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/ca.h"
#include "mesh/explain.h"
#include "mesh/payload.h"
#include "mesh/seal.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW_S ((int64_t)1800000000)
#define DAY_S ((int64_t)86400)

static char base[64], dir[96];
static const struct ca_secret by_key;
static struct rf_err err;

static void fresh(void)
{
	(void)!rf_dir_remove(base, NULL);
	snprintf(base, sizeof(base), "/tmp/rf-unit-ca-XXXXXX");
	if (!mkdtemp(base))
		abort();
	snprintf(dir, sizeof(dir), "%s/ca", base);
}

static const char *in_base(const char *name)
{
	static char paths[4][160];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
	return path;
}

static void made(void)
{
	fresh();
	if (ca_init(dir, RF_STR("td"), &by_key, NOW_S, &err) < 0) {
		tap_diag("%s", err.msg);
		abort();
	}
}

static struct ca *opened(bool write)
{
	struct ca *ca = NULL;

	if (ca_open(dir, write, &ca, &err) < 0) {
		tap_diag("%s", err.msg);
		abort();
	}
	return ca;
}

static const struct rf_str dns[] = {{"a.example", 9}, {"*.b.example", 11}};

static struct ca_request request_of(const char *id)
{
	return (struct ca_request){
		.id = rf_str_of(id),
		.dns = dns,
		.dns_count = 2,
		.now_s = NOW_S,
		.ttl_s = CA_LEAF_S,
	};
}

static int issue(const struct ca_request *request, struct ca_leaf *ret)
{
	AUTO_CA *ca = opened(true);

	return ca_issue(ca, request, ret, &err);
}

static int issue_code(const struct ca_request *request)
{
	AUTO_LEAF leaf = {.until_s = 0};

	return issue(request, &leaf);
}

static struct cert_list *certs_of(const struct rf_buf *pem)
{
	struct cert_list *list = NULL;

	if (cert_read((struct rf_bytes){(const uint8_t *)pem->data, pem->len}, &list, NULL) < 0)
		abort();
	return list;
}

/* Nothing is wrong with a chain by these roots, for every use. */
static bool is_trusted(const struct rf_buf *chain, const struct rf_buf *roots, int64_t now_s)
{
	AUTO_CERTS *list = certs_of(chain), *root_list = certs_of(roots);
	AUTO_EXPLAIN report = {.arena = NULL};
	const struct explain_opts opts = {
		.now_s = now_s, .role = EXPLAIN_SERVER, .roots = root_list};

	if (cert_explain(list, &opts, &report, NULL) < 0)
		abort();
	rf_vec_each (finding, &report.list)
		tap_diag("%zu %s", finding->cert, finding->rule);
	return report.wrong_count == 0;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(in_base(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

/* --- sealing --- */

static const uint8_t sealing_key[SEAL_KEY_LEN] = {1, 2, 3};

static void what_is_sealed_opens_with_the_same_secret_only(void)
{
	struct seal_secret secret = {SEAL_BY_KEY, {sealing_key, sizeof(sealing_key)}};
	const uint8_t other[SEAL_KEY_LEN] = {1, 2, 4};
	AUTO_BUF sealed = {0};
	struct rf_bytes bytes;
	uint8_t *plain = NULL;
	size_t len = 0;

	REQUIRE(seal_close(&secret, (struct rf_bytes){(const uint8_t *)"hello", 5}, &sealed,
			NULL) == RF_OK);
	CHECK(!memmem(sealed.data, sealed.len, "hello", 5));
	bytes = (struct rf_bytes){(const uint8_t *)sealed.data, sealed.len};
	REQUIRE(seal_open(&secret, bytes, &plain, &len, NULL) == RF_OK);
	CHECK(len == 5 && memcmp(plain, "hello", 5) == 0);
	OPENSSL_secure_clear_free(plain, len);
	secret.bytes.ptr = other;
	CHECK_INT(seal_open(&secret, bytes, &plain, &len, NULL), RF_EDENIED);
	secret.bytes.len = 31;
	CHECK_INT(seal_open(&secret, bytes, &plain, &len, NULL), RF_EINPUT);
}

static void any_byte_that_is_changed_keeps_it_shut(void)
{
	const struct seal_secret secret = {SEAL_BY_KEY, {sealing_key, sizeof(sealing_key)}};
	AUTO_BUF sealed = {0};
	uint8_t *plain = NULL;
	size_t len = 0;

	REQUIRE(seal_close(&secret, (struct rf_bytes){(const uint8_t *)"hello", 5}, &sealed,
			NULL) == RF_OK);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] = (char)(sealed.data[i] ^ 1);
		CHECKF(seal_open(&secret, (struct rf_bytes){(uint8_t *)sealed.data, sealed.len},
			       &plain, &len, NULL) < 0,
			"byte %zu", i);
		sealed.data[i] = (char)(sealed.data[i] ^ 1);
	}
	for (size_t cut = 0; cut < sealed.len; cut++)
		CHECKF(seal_open(&secret, (struct rf_bytes){(uint8_t *)sealed.data, cut}, &plain,
			       &len, NULL) < 0,
			"%zu bytes", cut);
}

static void a_passphrase_opens_what_it_sealed_only(void)
{
	struct seal_secret secret = {SEAL_BY_PASSPHRASE, {(const uint8_t *)"correct horse", 13}};
	AUTO_BUF sealed = {0};
	struct rf_bytes bytes;
	uint8_t *plain = NULL;
	size_t len = 0;

	REQUIRE(seal_close(&secret, (struct rf_bytes){(const uint8_t *)"hello", 5}, &sealed,
			NULL) == RF_OK);
	bytes = (struct rf_bytes){(const uint8_t *)sealed.data, sealed.len};
	REQUIRE(seal_open(&secret, bytes, &plain, &len, NULL) == RF_OK);
	OPENSSL_secure_clear_free(plain, len);
	secret.bytes.len--;
	CHECK_INT(seal_open(&secret, bytes, &plain, &len, NULL), RF_EDENIED);
	secret = (struct seal_secret){SEAL_BY_KEY, {sealing_key, sizeof(sealing_key)}};
	CHECK_INT(seal_open(&secret, bytes, &plain, &len, NULL), RF_EDENIED);
}

/* --- init --- */

static void an_authority_is_made_once(void)
{
	struct stat before, after;

	made();
	REQUIRE(stat(in_base("ca/current/root.crt"), &before) == 0);
	CHECK_INT(ca_init(dir, RF_STR("td"), &by_key, NOW_S, &err), RF_EDENIED);
	CHECK(strstr(err.msg, "already"));
	REQUIRE(stat(in_base("ca/current/root.crt"), &after) == 0);
	CHECK_INT(after.st_ino, before.st_ino);
}

static void its_files_are_its_owners_alone(void)
{
	made();
	CHECK_INT(mode_of("ca"), 0700);
	CHECK_INT(mode_of("ca/sealing.key"), 0400);
	CHECK_INT(mode_of("ca/current/intermediate.key"), 0600);
	CHECK_INT(mode_of("ca/current/root.key.sealed"), 0600);
	CHECK_INT(mode_of("ca/lock"), 0600);
}

static void the_roots_key_is_nowhere_on_the_disk(void)
{
	AUTO_BUF sealed = {0};

	made();
	REQUIRE(rf_file_read(in_base("ca/current/root.key.sealed"), &sealed, NULL) == RF_OK);
	CHECK(!memmem(sealed.data, sealed.len, "PRIVATE", 7));
	CHECK_INT(access(in_base("ca/current/root.key"), F_OK), -1);
}

static void a_directory_that_others_enter_is_refused(void)
{
	fresh();
	mkdir(dir, 0755);
	CHECK_INT(ca_init(dir, RF_STR("td"), &by_key, NOW_S, &err), RF_EDENIED);
	CHECK_INT(access(in_base("ca/current"), F_OK), -1);
}

static void trust_domains_that_verifiers_do_not_understand_are_refused(void)
{
	static const char *const bad[] = {"", "A", "a/b", "10.0.0.1", "a..b", ".a", "a.", "a b"};

	fresh();
	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++)
		CHECKF(ca_init(dir, rf_str_of(bad[i]), &by_key, NOW_S, NULL) == RF_EINPUT, "%s",
			bad[i]);
	CHECK_INT(access(dir, F_OK), -1);
}

static void where_there_is_none_that_is_said(void)
{
	struct ca *ca = NULL;

	fresh();
	CHECK_INT(ca_open(dir, false, &ca, &err), RF_EABSENT);
	CHECK(strstr(err.msg, "ca init"));
}

static void what_a_killed_init_has_left_is_no_obstacle(void)
{
	fresh();
	mkdir(dir, 0700);
	mkdir(in_base("ca/state-1"), 0700);
	REQUIRE(rf_file_replace(in_base("ca/state-1/root.crt"), "x", 1, 0644, false, NULL) ==
		RF_OK);
	REQUIRE(symlink("state-1", in_base("ca/current.new")) == 0);
	CHECK_INT(ca_init(dir, RF_STR("td"), &by_key, NOW_S, &err), RF_OK);
	ca_free(opened(false));
}

static void root_and_intermediate_are_bound_to_the_trust_domain(void)
{
	const struct ca_info *info;
	AUTO_CA *ca = (made(), opened(false));

	info = ca_info(ca);
	CHECK(rf_str_is(info->trust_domain, "td"));
	CHECK(rf_str_is(info->root->permitted_uris, "td"));
	CHECK(rf_str_is(info->intermediate->permitted_uris, "td"));
	CHECK_INT(info->root->until_s, NOW_S + CA_ROOT_S);
	CHECK_INT(info->intermediate->until_s, NOW_S + CA_INTERMEDIATE_S);
	CHECK_INT(info->intermediate->path_len, 0);
	CHECK(info->root->is_ca && info->intermediate->is_ca && !info->old_root);
	CHECK(info->root->serial.len >= 28 && info->root->serial.len <= 34);
}

/* --- leaves --- */

static void a_leaf_is_as_it_was_asked_for(void)
{
	struct ca_request request = request_of("spiffe://td/ns/a/sa/b");
	const struct rf_ip ip = {.bytes = {10, 0, 0, 1}, .family = RF_IPV4};
	AUTO_LEAF leaf = {.until_s = 0};
	AUTO_CERTS *list = NULL;
	size_t index = 9;

	made();
	request.ips = &ip;
	request.ip_count = 1;
	REQUIRE(issue(&request, &leaf) == RF_OK);
	list = certs_of(&leaf.cert);
	REQUIRE(list->count == 2 && list->items[0].name_count == 4);
	CHECK(rf_str_is(list->items[0].names[0].text, "spiffe://td/ns/a/sa/b"));
	CHECK(rf_str_is(list->items[0].names[2].text, "*.b.example"));
	CHECK(rf_str_is(list->items[0].names[3].text, "10.0.0.1"));
	CHECK(list->items[0].names_critical && !list->items[0].subject.len);
	CHECK_INT(leaf.until_s, NOW_S + CA_LEAF_S);
	CHECK(is_trusted(&leaf.cert, &leaf.roots, NOW_S));
	CHECK(cert_find_key(list, (struct rf_bytes){(uint8_t *)leaf.key.data, leaf.key.len}, &index,
		      NULL) == RF_OK);
	CHECK_INT(index, 0);
}

static void a_common_name_makes_a_subject(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	AUTO_LEAF leaf = {.until_s = 0};
	AUTO_CERTS *list = NULL;

	made();
	request.common_name = RF_STR("postgres");
	REQUIRE(issue(&request, &leaf) == RF_OK);
	list = certs_of(&leaf.cert);
	CHECK(rf_str_is(list->items[0].subject, "CN=postgres"));
	CHECK(!list->items[0].names_critical);
}

static void what_is_not_its_to_sign_is_refused(void)
{
	static const struct {
		const char *id;
		int code;
	} rows[] = {
		{"spiffe://other/a", RF_EDENIED},
		{"spiffe://td.other/a", RF_EDENIED},
		{"spiffe://td", RF_EINPUT},
		{"spiffe://td/a/", RF_EINPUT},
		{"https://td/a", RF_EINPUT},
		{"", RF_EINPUT},
	};

	made();
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		struct ca_request request = request_of(rows[i].id);

		CHECKF(issue_code(&request) == rows[i].code, "%s", rows[i].id);
	}
	CHECK_INT(access(in_base("ca/issued.log"), F_OK), -1);
}

static void names_that_are_none_are_refused(void)
{
	static const char *const bad[] = {
		"", "A.b", "a b", "*", "*.", "a.*.b", "a,URI:spiffe://x/y", "a\n", "-a", "a..b"};
	struct ca_request request = request_of("spiffe://td/a");

	made();
	for (size_t i = 0; i < RF_ARRAY_LEN(bad); i++) {
		const struct rf_str name = rf_str_of(bad[i]);

		request.dns = &name;
		request.dns_count = 1;
		CHECKF(issue_code(&request) == RF_EINPUT, "\"%s\"", bad[i]);
	}
	request.dns_count = CA_MAX_NAMES + 1;
	CHECK_INT(issue_code(&request), RF_ELIMIT);
	request.dns_count = 0;
	request.common_name = RF_STR("a\nb");
	CHECK_INT(issue_code(&request), RF_EINPUT);
}

static void no_leaf_outlives_its_intermediate(void)
{
	struct ca_request request = request_of("spiffe://td/a");

	made();
	request.ttl_s = CA_INTERMEDIATE_S;
	CHECK_INT(issue_code(&request), RF_OK);
	request.ttl_s++;
	CHECK_INT(issue_code(&request), RF_ELIMIT);
	request.ttl_s = 0;
	CHECK_INT(issue_code(&request), RF_EINPUT);
}

/* --- requests --- */

static void make_csr(EVP_PKEY *key, struct rf_buf *out)
{
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = X509_NAME_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	int len;

	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"admin", -1, -1, 0);
	sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
					     "URI:spiffe://td/admin,DNS:admin"));
	sk_X509_EXTENSION_push(
		exts, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE"));
	X509_REQ_set_subject_name(req, name);
	X509_REQ_add_extensions(req, exts);
	X509_REQ_set_pubkey(req, key);
	X509_REQ_sign(req, key, EVP_sha256());
	len = i2d_X509_REQ(req, &der);
	rf_buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_NAME_free(name);
	X509_REQ_free(req);
}

static int issue_csr(const struct rf_buf *csr, struct ca_leaf *ret)
{
	struct ca_request request = request_of("spiffe://td/a");

	request.csr = (struct rf_bytes){(const uint8_t *)csr->data, csr->len};
	return issue(&request, ret);
}

static void of_a_request_only_the_key_is_taken(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO_LEAF leaf = {.until_s = 0};
	AUTO_CERTS *list = NULL;
	AUTO_BUF csr = {0};

	made();
	make_csr(key, &csr);
	REQUIRE(issue_csr(&csr, &leaf) == RF_OK);
	list = certs_of(&leaf.cert);
	CHECK_INT(leaf.key.len, 0);
	CHECK_INT(EVP_PKEY_eq(X509_get0_pubkey(list->items[0].x509), key), 1);
	CHECK(rf_str_is(list->items[0].names[0].text, "spiffe://td/a"));
	CHECK_INT(list->items[0].name_count, 3);
	CHECK(!list->items[0].is_ca && !list->items[0].subject.len);
	EVP_PKEY_free(key);
}

static void a_request_that_its_key_has_not_signed_is_refused(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO_LEAF leaf = {.until_s = 0};
	AUTO_BUF csr = {0};

	made();
	make_csr(key, &csr);
	csr.data[csr.len - 1] = (char)(csr.data[csr.len - 1] ^ 1);
	CHECK(issue_csr(&csr, &leaf) < 0);
	CHECK_INT(access(in_base("ca/issued.log"), F_OK), -1);
	EVP_PKEY_free(key);
}

static void a_request_with_a_weak_key_is_refused(void)
{
	EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-192"), EVP_EC_gen("secp256k1")};

	made();
	for (size_t i = 0; i < RF_ARRAY_LEN(keys); i++) {
		AUTO_LEAF leaf = {.until_s = 0};
		AUTO_BUF csr = {0};

		make_csr(keys[i], &csr);
		CHECKF(issue_csr(&csr, &leaf) == RF_EINPUT, "key %zu", i);
		EVP_PKEY_free(keys[i]);
	}
}

/* --- the log --- */

static size_t log_count(bool all)
{
	CLEANUP(ca_log_done) struct ca_log log = {.arena = NULL};
	AUTO_CA *ca = opened(false);

	return ca_log_read(ca, all, &log, &err) == RF_OK ? log.list.count : 999;
}

static void what_is_issued_is_logged(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	CLEANUP(ca_log_done) struct ca_log log = {.arena = NULL};
	AUTO_CA *ca = NULL;

	made();
	CHECK_INT(log_count(true), 0);
	REQUIRE(issue_code(&request) == RF_OK);
	ca = opened(false);
	REQUIRE(ca_log_read(ca, false, &log, &err) == RF_OK && log.list.count == 1);
	CHECK(rf_str_is(log.list.items[0].id, "spiffe://td/a"));
	CHECK(rf_str_is(log.list.items[0].sans, "DNS:a.example, DNS:*.b.example"));
	CHECK(rf_str_is(log.list.items[0].root, ca_info(ca)->root->fingerprint));
	CHECK_INT(log.list.items[0].until_s, NOW_S + CA_LEAF_S);
}

static void of_equal_names_the_last_to_expire_counts(void)
{
	struct ca_request request = request_of("spiffe://td/a");

	made();
	REQUIRE(issue_code(&request) == RF_OK);
	request.now_s += DAY_S;
	REQUIRE(issue_code(&request) == RF_OK);
	request.dns_count = 1;
	REQUIRE(issue_code(&request) == RF_OK);
	CHECK_INT(log_count(true), 3);
	CHECK_INT(log_count(false), 2);
}

static void a_torn_line_costs_no_other_line(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	int fd;

	made();
	REQUIRE(issue_code(&request) == RF_OK);
	fd = open(in_base("ca/issued.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	REQUIRE(fd >= 0 && write(fd, "{\"serial\":\"00", 13) == 13);
	close(fd);
	CHECK_INT(log_count(true), 1);
	REQUIRE(issue_code(&request) == RF_OK);
	CHECK_INT(log_count(true), 2);
}

/* --- renewal and rotation --- */

static int change(int (*what)(struct ca *, const struct ca_secret *, int64_t, struct rf_err *),
	const struct ca_secret *secret)
{
	AUTO_CA *ca = opened(true);

	return what(ca, secret, NOW_S, &err);
}

static int drop(int64_t now_s, bool force)
{
	AUTO_CA *ca = opened(true);

	return ca_drop_old(ca, now_s, force, &err);
}

static void a_renewed_intermediate_is_of_the_same_root(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	AUTO_LEAF before = {.until_s = 0};
	AUTO_LEAF after = {.until_s = 0};

	made();
	REQUIRE(issue(&request, &before) == RF_OK);
	REQUIRE(change(ca_renew, &by_key) == RF_OK);
	REQUIRE(issue(&request, &after) == RF_OK);
	CHECK(rf_str_eq(rf_buf_str(&before.roots), rf_buf_str(&after.roots)));
	CHECK(is_trusted(&before.cert, &after.roots, NOW_S));
	CHECK(is_trusted(&after.cert, &before.roots, NOW_S));
}

static void nobody_is_refused_while_the_root_is_replaced(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	AUTO_LEAF before = {.until_s = 0};
	AUTO_LEAF during = {.until_s = 0};
	AUTO_LEAF after = {.until_s = 0};

	made();
	REQUIRE(issue(&request, &before) == RF_OK);
	REQUIRE(change(ca_rotate, &by_key) == RF_OK);
	REQUIRE(issue(&request, &during) == RF_OK);
	CHECK(is_trusted(&before.cert, &during.roots, NOW_S));
	CHECK(is_trusted(&during.cert, &before.roots, NOW_S));
	CHECK(is_trusted(&during.cert, &during.roots, NOW_S));
	CHECK_INT(drop(NOW_S, false), RF_EDENIED);
	CHECK(strstr(err.msg, "spiffe://td/a"));
	CHECK_INT(drop(NOW_S + CA_LEAF_S + 1, false), RF_OK);
	REQUIRE(issue(&request, &after) == RF_OK);
	CHECK(is_trusted(&during.cert, &after.roots, NOW_S));
	CHECK(is_trusted(&after.cert, &after.roots, NOW_S));
	CHECK(is_trusted(&after.cert, &during.roots, NOW_S));
	CHECK(!is_trusted(&before.cert, &after.roots, NOW_S));
	CHECK(!is_trusted(&after.cert, &before.roots, NOW_S));
}

static void one_rotation_ends_before_the_next(void)
{
	struct ca_request request = request_of("spiffe://td/a");

	made();
	CHECK_INT(drop(NOW_S, false), RF_EABSENT);
	REQUIRE(issue_code(&request) == RF_OK);
	REQUIRE(change(ca_rotate, &by_key) == RF_OK);
	CHECK_INT(change(ca_rotate, &by_key), RF_EDENIED);
	CHECK_INT(drop(NOW_S, true), RF_OK);
	CHECK_INT(change(ca_rotate, &by_key), RF_OK);
}

static void the_sequence_of_the_bundle_grows(void)
{
	AUTO_CA *ca = NULL;
	AUTO_BUF bundle = {0};

	made();
	REQUIRE(change(ca_renew, &by_key) == RF_OK);
	ca = opened(false);
	CHECK_INT(ca_info(ca)->sequence, 1);
	ca_freep(&ca);
	REQUIRE(change(ca_rotate, &by_key) == RF_OK);
	ca = opened(false);
	CHECK_INT(ca_info(ca)->sequence, 2);
	REQUIRE(ca_bundle_spiffe(ca, &bundle, &err) == RF_OK);
	CHECK(strstr(rf_buf_cstr(&bundle), "\"spiffe_sequence\": 2"));
	ca_freep(&ca);
	REQUIRE(drop(NOW_S, false) == RF_OK);
	ca = opened(false);
	CHECK_INT(ca_info(ca)->sequence, 3);
}

static void without_the_sealing_key_the_root_is_offline(void)
{
	struct ca_request request = request_of("spiffe://td/a");
	struct ca_secret elsewhere = {.key_file = NULL};

	made();
	elsewhere.key_file = in_base("stick.key");
	REQUIRE(rename(in_base("ca/sealing.key"), elsewhere.key_file) == 0);
	CHECK_INT(issue_code(&request), RF_OK);
	CHECK_INT(change(ca_renew, &by_key), RF_EABSENT);
	CHECK(strstr(err.msg, "offline"));
	CHECK_INT(change(ca_rotate, &by_key), RF_EABSENT);
	CHECK_INT(change(ca_renew, &elsewhere), RF_OK);
	CHECK_INT(change(ca_rotate, &elsewhere), RF_OK);
	CHECK_INT(access(in_base("ca/sealing.key"), F_OK), -1);
}

static void a_wrong_passphrase_changes_nothing(void)
{
	struct ca_secret right = {.passphrase_file = NULL}, wrong = right;
	AUTO_CA *ca = NULL;

	fresh();
	right.passphrase_file = in_base("right");
	wrong.passphrase_file = in_base("wrong");
	REQUIRE(rf_file_replace(right.passphrase_file, "correct horse\n", 14, 0600, false, NULL) ==
		RF_OK);
	REQUIRE(rf_file_replace(wrong.passphrase_file, "correct mouse\n", 14, 0600, false, NULL) ==
		RF_OK);
	REQUIRE(ca_init(dir, RF_STR("td"), &right, NOW_S, &err) == RF_OK);
	CHECK_INT(access(in_base("ca/sealing.key"), F_OK), -1);
	CHECK_INT(change(ca_rotate, &wrong), RF_EDENIED);
	CHECK_INT(change(ca_rotate, &by_key), RF_EDENIED);
	CHECK(strstr(err.msg, "--passphrase-file"));
	ca = opened(false);
	CHECK(!ca_info(ca)->old_root);
	ca_freep(&ca);
	CHECK_INT(change(ca_rotate, &right), RF_OK);
	CHECK_INT(change(ca_renew, &right), RF_OK);
}

static void a_short_passphrase_is_refused(void)
{
	struct ca_secret secret = {.passphrase_file = NULL};

	fresh();
	secret.passphrase_file = in_base("short");
	REQUIRE(rf_file_replace(secret.passphrase_file, "1234567\nmore\n", 13, 0600, false, NULL) ==
		RF_OK);
	CHECK_INT(ca_init(dir, RF_STR("td"), &secret, NOW_S, &err), RF_EINPUT);
	CHECK_INT(access(in_base("ca/current"), F_OK), -1);
}

/* --- files that change together --- */

static const char *content(const char *name)
{
	static struct rf_buf text;

	rf_buf_done(&text);
	return rf_file_read(in_base(name), &text, NULL) == RF_OK ? rf_buf_cstr(&text) : "absent";
}

static void files_change_together_and_old_ones_go(void)
{
	const struct payload_file first[] = {{.name = "a", .data = RF_STR("1"), .mode = 0644},
		{.name = "b", .data = RF_STR("1"), .mode = 0600},
		{.name = "c", .data = RF_STR("1"), .mode = 0600}};
	const struct payload_file second[] = {{.name = "a", .data = RF_STR("2"), .mode = 0644},
		{.name = "b", .data = RF_STR("2"), .mode = 0600}};

	fresh();
	REQUIRE(payload_write(in_base("out"), first, 3, &err) == RF_OK);
	CHECK_STR(content("out/a"), "1");
	CHECK_INT(mode_of("out/b"), 0600);
	REQUIRE(payload_write(in_base("out"), second, 2, &err) == RF_OK);
	CHECK_STR(content("out/a"), "2");
	CHECK_STR(content("out/b"), "2");
	CHECK_INT(faccessat(AT_FDCWD, in_base("out/c"), F_OK, AT_SYMLINK_NOFOLLOW), -1);
	CHECK_STR(content("out/..data/a"), "2");
}

static void files_of_others_are_left_alone(void)
{
	const struct payload_file files[] = {{.name = "a", .data = RF_STR("1"), .mode = 0644}};

	fresh();
	mkdir(in_base("out"), 0700);
	REQUIRE(rf_file_replace(in_base("out/a"), "mine", 4, 0600, false, NULL) == RF_OK);
	CHECK_INT(payload_write(in_base("out"), files, 1, &err), RF_EDENIED);
	CHECK_STR(content("out/a"), "mine");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(what_is_sealed_opens_with_the_same_secret_only);
	RUN(any_byte_that_is_changed_keeps_it_shut);
	RUN(a_passphrase_opens_what_it_sealed_only);
	RUN(an_authority_is_made_once);
	RUN(its_files_are_its_owners_alone);
	RUN(the_roots_key_is_nowhere_on_the_disk);
	RUN(a_directory_that_others_enter_is_refused);
	RUN(trust_domains_that_verifiers_do_not_understand_are_refused);
	RUN(where_there_is_none_that_is_said);
	RUN(what_a_killed_init_has_left_is_no_obstacle);
	RUN(root_and_intermediate_are_bound_to_the_trust_domain);
	RUN(a_leaf_is_as_it_was_asked_for);
	RUN(a_common_name_makes_a_subject);
	RUN(what_is_not_its_to_sign_is_refused);
	RUN(names_that_are_none_are_refused);
	RUN(no_leaf_outlives_its_intermediate);
	RUN(of_a_request_only_the_key_is_taken);
	RUN(a_request_that_its_key_has_not_signed_is_refused);
	RUN(a_request_with_a_weak_key_is_refused);
	RUN(what_is_issued_is_logged);
	RUN(of_equal_names_the_last_to_expire_counts);
	RUN(a_torn_line_costs_no_other_line);
	RUN(a_renewed_intermediate_is_of_the_same_root);
	RUN(nobody_is_refused_while_the_root_is_replaced);
	RUN(one_rotation_ends_before_the_next);
	RUN(the_sequence_of_the_bundle_grows);
	RUN(without_the_sealing_key_the_root_is_offline);
	RUN(a_wrong_passphrase_changes_nothing);
	RUN(a_short_passphrase_is_refused);
	RUN(files_change_together_and_old_ones_go);
	RUN(files_of_others_are_left_alone);
	(void)!rf_dir_remove(base, NULL);
	return TAP_END();
}
