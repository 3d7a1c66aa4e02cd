/* Certificates of every shape, made here, and what is said about them. */
#include "tests/lib/tap.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "mesh/explain.h"

#define NOW_S ((int64_t)1800000000)
#define DAY_S ((int64_t)86400)
#define CA_EXTS                                       \
	{NID_basic_constraints, "critical,CA:TRUE"},  \
	{                                             \
		NID_key_usage, "critical,keyCertSign" \
	}

/* --- making --- */

struct ext {
	int nid;
	const char *value;
};

struct shape {
	const char *cn;		 /* NULL: an empty subject */
	int64_t from_s, until_s; /* 0: a day ago, in ten days */
	const char *kind;	 /* of the key: "P-256" unless said */
	const EVP_MD *md;
	struct ext exts[6];
};

struct made {
	X509 *x509;
	EVP_PKEY *key;
};

#define MAX_MADE 16
static struct made all[MAX_MADE];
static size_t all_count;

static void forget_all(void)
{
	while (all_count) {
		all_count--;
		X509_free(all[all_count].x509);
		EVP_PKEY_free(all[all_count].key);
	}
}

static EVP_PKEY *make_key(const char *kind)
{
	if (kind && strcmp(kind, "rsa1024") == 0)
		return EVP_RSA_gen(1024);
	if (kind && strcmp(kind, "ed25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen("P-256");
}

static void add_ext(X509 *x509, X509 *issuer, const struct ext *ext)
{
	X509V3_CTX ctx;
	X509_EXTENSION *made;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	made = X509V3_EXT_conf_nid(NULL, &ctx, ext->nid, ext->value);
	if (!made || !X509_add_ext(x509, made, -1))
		abort();
	X509_EXTENSION_free(made);
}

/* Signed by issuer, or by itself. */
static const struct made *make(const struct made *issuer, const struct shape *shape)
{
	struct made *made = &all[all_count++];
	X509_NAME *name;

	made->x509 = X509_new();
	made->key = make_key(shape->kind);
	name = X509_get_subject_name(made->x509);
	if (shape->cn)
		X509_NAME_add_entry_by_txt(
			name, "CN", MBSTRING_ASC, (const unsigned char *)shape->cn, -1, -1, 0);
	X509_set_version(made->x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made->x509), (long)all_count + 1000);
	ASN1_TIME_set(
		X509_getm_notBefore(made->x509), shape->from_s ? shape->from_s : NOW_S - DAY_S);
	ASN1_TIME_set(X509_getm_notAfter(made->x509),
		shape->until_s ? shape->until_s : NOW_S + 10 * DAY_S);
	X509_set_pubkey(made->x509, made->key);
	X509_set_issuer_name(made->x509, X509_get_subject_name(issuer ? issuer->x509 : made->x509));
	for (size_t i = 0; i < RF_ARRAY_LEN(shape->exts) && shape->exts[i].value; i++)
		add_ext(made->x509, issuer ? issuer->x509 : made->x509, &shape->exts[i]);
	if (X509_sign(made->x509, issuer ? issuer->key : made->key,
		    shape->kind && strcmp(shape->kind, "ed25519") == 0 && !issuer ? NULL
		    : shape->md							  ? shape->md
				: EVP_sha256()) <= 0)
		abort();
	return made;
}

static void add_pem(struct rf_buf *out, X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_X509(bio, x509);
	len = BIO_get_mem_data(bio, &text);
	rf_buf_add(out, text, (size_t)len);
	BIO_free(bio);
}

static struct cert_list *read_of(const struct made *const *chain)
{
	AUTO_BUF pem = {0};
	struct cert_list *list = NULL;

	for (; *chain; chain++)
		add_pem(&pem, (*chain)->x509);
	if (cert_read((struct rf_bytes){(const uint8_t *)pem.data, pem.len}, &list, NULL) < 0)
		abort();
	return list;
}

/* --- asking --- */

static struct cert_list *list;
static struct explain_report report;

static void drop_report(void)
{
	explain_report_done(&report);
	cert_list_free(list);
	list = NULL;
}

#define CHAIN(...) ((const struct made *const[]){__VA_ARGS__, NULL})

static void explain_with(const struct made *const *chain, struct explain_opts opts)
{
	drop_report();
	opts.now_s = NOW_S;
	list = read_of(chain);
	if (cert_explain(list, &opts, &report, NULL) < 0)
		abort();
}

static void explain(const struct made *const *chain)
{
	explain_with(chain, (struct explain_opts){.role = EXPLAIN_ANY});
}

/* The severity of a rule that was found at a certificate; -1: it was not. */
static int found(const char *rule, size_t cert)
{
	rf_vec_each (finding, &report.list) {
		if (finding->cert == cert && strcmp(finding->rule, rule) == 0)
			return (int)finding->severity;
	}
	return -1;
}

static void show(void)
{
	rf_vec_each (finding, &report.list)
		tap_diag("%zu %s: " RF_STR_FMT, finding->cert, finding->rule,
			RF_STR_ARG(finding->text));
}

#define WRONG(rule) CHECKF(found(rule, 0) == RF_ERROR, "%s is not found", rule)
#define FINE()                                    \
	do {                                      \
		CHECK_INT(report.wrong_count, 0); \
		if (report.wrong_count)           \
			show();                   \
	} while (0)

/* --- shapes --- */

static const struct shape root_shape = {.cn = "root", .exts = {CA_EXTS}};

#define LEAF_BASE                                          \
	{NID_basic_constraints, "critical,CA:FALSE"},      \
	{                                                  \
		NID_key_usage, "critical,digitalSignature" \
	}
#define LEAF_EKU                                           \
	{                                                  \
		NID_ext_key_usage, "serverAuth,clientAuth" \
	}
#define LEAF_SAN                                                           \
	{                                                                  \
		NID_subject_alt_name, "critical,URI:spiffe://td/a,DNS:a.b" \
	}

static const struct shape good_leaf = {.exts = {LEAF_BASE, LEAF_EKU, LEAF_SAN}};

static const struct made *root_of(void)
{
	forget_all();
	return make(NULL, &root_shape);
}

static void explain_leaf(const struct shape *shape, enum explain_role role)
{
	const struct made *leaf = make(root_of(), shape);

	explain_with(CHAIN(leaf), (struct explain_opts){.role = role});
}

/* --- tests --- */

static void a_good_leaf_is_fine_for_everything(void)
{
	for (enum explain_role role = EXPLAIN_ANY; role <= EXPLAIN_SPIFFE; role++) {
		explain_leaf(&good_leaf, role);
		FINE();
	}
}

static void a_leaf_says_what_it_is(void)
{
	const struct cert *cert;

	explain_leaf(&good_leaf, EXPLAIN_ANY);
	cert = &list->items[0];
	CHECK_INT(cert->name_count, 2);
	CHECK(cert->names_critical);
	CHECK(rf_str_is(cert->names[0].text, "spiffe://td/a"));
	CHECK_INT(cert->names[1].type, CERT_NAME_DNS);
	CHECK(!cert->is_ca && cert->has_basic);
	CHECK(cert->server_auth && cert->client_auth && cert->usage_critical);
	CHECK_STR(cert->key_type, "EC");
	CHECK_INT(cert->key_bits, 256);
	CHECK(rf_str_is(cert->curve, "prime256v1"));
	CHECK(rf_str_is(cert->signature, "ecdsa-with-SHA256"));
	CHECK_INT(cert->from_s, NOW_S - DAY_S);
	CHECK_INT(cert->until_s, NOW_S + 10 * DAY_S);
	CHECK(rf_str_is(cert->issuer, "CN=root"));
	CHECK_INT(cert->subject.len, 0);
}

static void a_leaf_without_extended_usage_is_fine(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE, LEAF_SAN}}, EXPLAIN_CLIENT);
	FINE();
}

static void two_uris_are_refused(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,URI:spiffe://td/a,"
								    "URI:spiffe://td/b,DNS:a"}}},
		EXPLAIN_ANY);
	WRONG("two-uris");
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,URI:spiffe://td/a,"
								    "URI:https://x/,DNS:a"}}},
		EXPLAIN_ANY);
	WRONG("two-uris");
}

static void an_id_that_is_none_is_refused(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,URI:spiffe://TD/a"}}},
		EXPLAIN_ANY);
	WRONG("bad-id");
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,URI:spiffe://td"}}},
		EXPLAIN_ANY);
	WRONG("no-path");
}

static void a_leaf_without_an_id_is_noted_unless_it_is_wanted(void)
{
	const struct shape web = {
		.cn = "x", .exts = {LEAF_BASE, LEAF_EKU, {NID_subject_alt_name, "DNS:a.b"}}};

	explain_leaf(&web, EXPLAIN_ANY);
	FINE();
	CHECK_INT(found("no-spiffe-id", 0), RF_NOTE);
	explain_leaf(&web, EXPLAIN_SPIFFE);
	WRONG("no-spiffe-id");
}

static void a_spiffe_leaf_needs_a_critical_key_usage(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_SAN, LEAF_EKU}}, EXPLAIN_ANY);
	WRONG("no-usage");
	explain_leaf(&(struct shape){.exts = {{NID_key_usage, "digitalSignature"}, LEAF_SAN}},
		EXPLAIN_ANY);
	WRONG("usage-not-critical");
	explain_leaf(&(struct shape){.exts = {{NID_key_usage, "critical,keyAgreement"}, LEAF_SAN}},
		EXPLAIN_ANY);
	WRONG("no-digital-signature");
}

static void a_leaf_must_not_sign(void)
{
	explain_leaf(&(struct shape){.exts = {{NID_key_usage, "critical,digitalSignature,"
							      "keyCertSign"},
					     LEAF_SAN}},
		EXPLAIN_ANY);
	WRONG("leaf-may-sign");
	explain_leaf(&(struct shape){.exts = {{NID_key_usage, "critical,digitalSignature,cRLSign"},
					     LEAF_SAN}},
		EXPLAIN_ANY);
	WRONG("leaf-may-sign");
}

static void half_an_extended_usage_is_wrong_for_spiffe_and_one_side(void)
{
	const struct shape server = {
		.exts = {LEAF_BASE, LEAF_SAN, {NID_ext_key_usage, "serverAuth"}}};

	explain_leaf(&server, EXPLAIN_ANY);
	WRONG("half-ext-usage");
	CHECK_INT(found("no-client-auth", 0), RF_NOTE);
	explain_leaf(&server, EXPLAIN_CLIENT);
	WRONG("no-client-auth");
	explain_leaf(&server, EXPLAIN_SERVER);
	CHECK_INT(found("no-server-auth", 0), -1);
	explain_leaf(&(struct shape){.exts = {LEAF_BASE, LEAF_SAN,
					     {NID_ext_key_usage, "emailProtection"}}},
		EXPLAIN_SERVER);
	WRONG("no-server-auth");
	WRONG("no-ext-usage");
}

static void a_server_without_a_dns_name_is_told_what_go_says(void)
{
	const struct shape uri_only = {
		.exts = {
			LEAF_BASE, LEAF_EKU, {NID_subject_alt_name, "critical,URI:spiffe://td/a"}}};

	explain_leaf(&uri_only, EXPLAIN_ANY);
	FINE();
	CHECK_INT(found("no-dns-name", 0), RF_NOTE);
	explain_leaf(&uri_only, EXPLAIN_SERVER);
	WRONG("no-dns-name");
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,URI:spiffe://td/a,"
								    "IP:10.0.0.1"}}},
		EXPLAIN_SERVER);
	FINE();
}

static void an_empty_subject_needs_critical_names(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "URI:spiffe://td/a,DNS:a"}}},
		EXPLAIN_ANY);
	WRONG("names-not-critical");
}

static void times_are_judged(void)
{
	struct shape shape = good_leaf;

	shape.until_s = NOW_S - 1;
	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("expired");
	shape.until_s = NOW_S + 10 * DAY_S;
	shape.from_s = NOW_S + 1;
	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("not-yet-valid");
	shape.from_s = NOW_S - 6 * DAY_S;
	shape.until_s = NOW_S + 3 * DAY_S;
	explain_leaf(&shape, EXPLAIN_ANY);
	FINE();
	shape.until_s = NOW_S + 3 * DAY_S - 10;
	explain_leaf(&shape, EXPLAIN_ANY);
	CHECK_INT(found("expires-soon", 0), RF_WARNING);
	CHECK_INT(report.wrong_count, 1);
	shape.until_s = shape.from_s - 1;
	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("times-reversed");
}

static void a_root_of_years_is_due_at_half_a_year(void)
{
	const int64_t until_s = NOW_S + 3650 * DAY_S;

	CHECK(!cert_is_due(NOW_S, until_s, until_s - 180 * DAY_S));
	CHECK(cert_is_due(NOW_S, until_s, until_s - 180 * DAY_S + 1));
	CHECK(cert_is_due(NOW_S, until_s, until_s));
	CHECK(!cert_is_due(NOW_S, NOW_S + 90, NOW_S + 60));
	CHECK(cert_is_due(NOW_S, NOW_S + 90, NOW_S + 61));
	CHECK(cert_is_due(INT64_C(-62135596800), INT64_C(253402300799), INT64_C(253402300799)));
}

static void weak_keys_and_hashes_are_wrong(void)
{
	struct shape shape = good_leaf;

	shape.kind = "rsa1024";
	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("weak-key");
	shape.kind = "ed25519";
	explain_leaf(&shape, EXPLAIN_ANY);
	FINE();
	shape.kind = NULL;
	shape.md = EVP_sha1();
	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("weak-signature");
}

static void an_unknown_critical_extension_is_wrong(void)
{
	const struct made *root = root_of();
	const struct made *leaf = make(root, &good_leaf);
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2);
	ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
	X509_add_ext(leaf->x509, ext, -1);
	X509_sign(leaf->x509, root->key, EVP_sha256());
	explain(CHAIN(leaf));
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	WRONG("unknown-critical");
	CHECK(strstr(report.list.items[0].text.ptr, "1.2.3.4.5"));
}

static void an_extension_that_is_there_twice_is_broken(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE, LEAF_SAN, LEAF_SAN}}, EXPLAIN_ANY);
	WRONG("broken");
}

static void names_with_odd_bytes_are_shown_and_wrong(void)
{
	explain_leaf(&(struct shape){.exts = {LEAF_BASE,
					     {NID_subject_alt_name, "critical,DNS:a\x1b[31mb"}}},
		EXPLAIN_ANY);
	WRONG("odd-name");
	CHECK(rf_str_is(list->items[0].names[0].text, "a\\x1b[31mb"));
}

/* --- authorities --- */

static void an_authority_used_as_a_leaf_is_wrong(void)
{
	const struct shape shape = {
		.cn = "x", .exts = {CA_EXTS, {NID_subject_alt_name, "DNS:a.b"}}};

	explain_leaf(&shape, EXPLAIN_ANY);
	WRONG("authority-as-leaf");
	explain_leaf(&root_shape, EXPLAIN_ANY);
	FINE();
	explain_leaf(&root_shape, EXPLAIN_SERVER);
	WRONG("authority-as-leaf");
}

static void an_authority_with_the_name_of_a_workload_is_wrong(void)
{
	explain_leaf(&(struct shape){.cn = "x",
			     .exts = {CA_EXTS, {NID_subject_alt_name, "URI:spiffe://td/a"}}},
		EXPLAIN_ANY);
	WRONG("authority-with-path");
	explain_leaf(&(struct shape){.cn = "x",
			     .exts = {CA_EXTS, {NID_subject_alt_name, "URI:spiffe://td"}}},
		EXPLAIN_ANY);
	FINE();
}

static void an_authority_that_may_not_sign_is_wrong(void)
{
	explain_leaf(&(struct shape){.cn = "x",
			     .exts = {{NID_basic_constraints, "critical,CA:TRUE"},
				     {NID_key_usage, "critical,cRLSign"}}},
		EXPLAIN_ANY);
	WRONG("no-cert-sign");
}

/* --- chains --- */

static void a_chain_in_order_is_fine(void)
{
	const struct made *root = root_of();
	const struct made *inter = make(root, &(struct shape){.cn = "inter", .exts = {CA_EXTS}});
	const struct made *leaf = make(inter, &good_leaf);

	explain(CHAIN(leaf, inter));
	FINE();
	CHECK_INT(found("chain-ends", 0), -1);
	explain(CHAIN(leaf, inter, root));
	FINE();
	CHECK_INT(found("root-in-chain", 2), RF_NOTE);
	explain(CHAIN(leaf));
	FINE();
	CHECK_INT(found("chain-ends", 0), RF_NOTE);
	explain(CHAIN(leaf, root, inter));
	CHECK_INT(found("chain-order", 0), RF_WARNING);
	explain(CHAIN(inter, leaf));
	CHECK_INT(found("leaf-not-first", 1), RF_ERROR);
	explain(CHAIN(root, inter));
	FINE();
	CHECK(report.is_bundle);
}

static void what_is_not_of_the_chain_is_told(void)
{
	const struct made *root = root_of();
	const struct made *other = make(NULL, &(struct shape){.cn = "other", .exts = {CA_EXTS}});
	const struct made *same_name = make(NULL, &root_shape);
	const struct made *leaf = make(root, &good_leaf);

	explain(CHAIN(leaf, other));
	CHECK_INT(found("not-of-the-chain", 1), RF_WARNING);
	explain(CHAIN(leaf, same_name));
	CHECK_INT(found("not-of-the-chain", 1), RF_WARNING);
}

static void a_leaf_that_signs_is_wrong(void)
{
	struct shape named = good_leaf;
	const struct made *root = root_of(), *first, *second;

	named.cn = "named";
	first = make(root, &named);
	second = make(first, &good_leaf);
	explain(CHAIN(second, first));
	CHECK_INT(found("leaf-signs", 1), RF_ERROR);
}

static void a_path_length_is_held(void)
{
	const struct made *root = root_of();
	const struct shape zero = {.cn = "zero",
		.exts = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
			{NID_key_usage, "critical,keyCertSign"}}};
	const struct made *upper = make(root, &zero);
	const struct made *lower = make(upper, &(struct shape){.cn = "lower", .exts = {CA_EXTS}});

	explain(CHAIN(make(lower, &good_leaf), lower, upper));
	CHECK_INT(found("path-too-long", 2), RF_ERROR);
	explain(CHAIN(make(upper, &good_leaf), upper));
	FINE();
}

static void a_name_outside_the_constraints_is_wrong(void)
{
	const struct shape bound = {.cn = "bound",
		.exts = {CA_EXTS, {NID_name_constraints, "critical,permitted;URI:td"}}};
	const struct made *root = (forget_all(), make(NULL, &bound));
	struct shape foreign = good_leaf;

	explain(CHAIN(make(root, &good_leaf), root));
	FINE();
	foreign.exts[3].value = "critical,URI:spiffe://other/a,DNS:a.b";
	explain(CHAIN(make(root, &foreign), root));
	WRONG("constraint");
	CHECK(rf_str_is(list->items[1].permitted_uris, "td"));
}

static void roots_have_the_last_word(void)
{
	const struct made *root = root_of();
	const struct made *other = make(NULL, &(struct shape){.cn = "other", .exts = {CA_EXTS}});
	const struct made *inter = make(root, &(struct shape){.cn = "inter", .exts = {CA_EXTS}});
	const struct made *leaf = make(inter, &good_leaf);
	AUTO_CERTS *right = read_of(CHAIN(root)), *wrong = read_of(CHAIN(other));

	explain_with(CHAIN(leaf, inter), (struct explain_opts){.roots = right});
	FINE();
	explain_with(CHAIN(leaf, inter), (struct explain_opts){.roots = wrong});
	WRONG("not-trusted");
	explain_with(CHAIN(leaf), (struct explain_opts){.roots = right});
	WRONG("not-trusted");
}

static void a_signer_that_ends_first_is_warned_of(void)
{
	const struct made *root = root_of();
	const struct made *inter = make(
		root, &(struct shape){.cn = "i", .until_s = NOW_S + 5 * DAY_S, .exts = {CA_EXTS}});

	explain(CHAIN(make(inter, &good_leaf), inter));
	CHECK_INT(found("ends-before-leaf", 1), RF_WARNING);
}

/* --- keys --- */

static void key_text(EVP_PKEY *key, struct rf_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &text);
	rf_buf_add(out, text, (size_t)len);
	BIO_free(bio);
}

static size_t key_index(EVP_PKEY *key, const struct made *const *chain)
{
	AUTO_CERTS *read = read_of(chain);
	AUTO_BUF pem = {0};
	size_t index = 99;

	key_text(key, &pem);
	CHECK(cert_find_key(read, (struct rf_bytes){(const uint8_t *)pem.data, pem.len}, &index,
		      NULL) == RF_OK);
	return index;
}

static void a_key_is_held_against_the_first_certificate(void)
{
	const struct made *root = root_of();
	const struct made *leaf = make(root, &good_leaf);
	const struct made *other = make(root, &good_leaf);
	size_t index = key_index(leaf->key, CHAIN(leaf, root));

	CHECK_INT(index, 0);
	explain_with(CHAIN(leaf, root), (struct explain_opts){.key_index = &index});
	FINE();
	index = key_index(root->key, CHAIN(leaf, root));
	explain_with(CHAIN(leaf, root), (struct explain_opts){.key_index = &index});
	WRONG("key-of-another");
	index = key_index(other->key, CHAIN(leaf, root));
	explain_with(CHAIN(leaf, root), (struct explain_opts){.key_index = &index});
	WRONG("other-key");
}

/* --- files --- */

static int read_text(const char *text, size_t len)
{
	AUTO_CERTS *read = NULL;

	return cert_read((struct rf_bytes){(const uint8_t *)text, len}, &read, NULL);
}

static void what_holds_no_certificate_is_an_error(void)
{
	CHECK_INT(read_text("", 0), RF_EINPUT);
	CHECK_INT(read_text("hello\n", 6), RF_EINPUT);
	CHECK_INT(read_text("\x30\x03\x02\x01\x01", 5), RF_EINPUT);
}

static void a_broken_block_is_an_error_and_not_skipped(void)
{
	const struct made *root = root_of();
	AUTO_BUF pem = {0};

	add_pem(&pem, root->x509);
	CHECK_INT(read_text(pem.data, pem.len), RF_OK);
	CHECK_INT(read_text(pem.data, pem.len - 40), RF_EINPUT);
	rf_buf_add_c(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	CHECK_INT(read_text(pem.data, pem.len), RF_EINPUT);
}

static void a_key_beside_is_noticed_and_not_read(void)
{
	const struct made *root = root_of();
	AUTO_CERTS *read = NULL;
	AUTO_BUF pem = {0};

	key_text(root->key, &pem);
	add_pem(&pem, root->x509);
	REQUIRE(cert_read((struct rf_bytes){(const uint8_t *)pem.data, pem.len}, &read, NULL) ==
		RF_OK);
	CHECK(read->has_private_key);
	CHECK_INT(read->count, 1);
}

static void der_is_read_and_nothing_behind_it_is_ignored(void)
{
	const struct made *root = root_of();
	unsigned char *der = NULL;
	int len = i2d_X509(root->x509, &der);
	AUTO_BUF twice = {0};

	CHECK_INT(read_text((char *)der, (size_t)len), RF_OK);
	CHECK_INT(read_text((char *)der, (size_t)len - 1), RF_EINPUT);
	rf_buf_add(&twice, der, (size_t)len);
	rf_buf_add(&twice, der, (size_t)len);
	CHECK_INT(read_text(twice.data, twice.len), RF_OK);
	rf_buf_add_c(&twice, "x");
	CHECK_INT(read_text(twice.data, twice.len), RF_EINPUT);
	OPENSSL_free(der);
}

static void too_many_certificates_are_refused(void)
{
	const struct made *root = root_of();
	AUTO_BUF pem = {0};

	for (int i = 0; i < CERT_MAX_COUNT; i++)
		add_pem(&pem, root->x509);
	CHECK_INT(read_text(pem.data, pem.len), RF_OK);
	add_pem(&pem, root->x509);
	CHECK_INT(read_text(pem.data, pem.len), RF_ELIMIT);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_good_leaf_is_fine_for_everything);
	RUN(a_leaf_says_what_it_is);
	RUN(a_leaf_without_extended_usage_is_fine);
	RUN(two_uris_are_refused);
	RUN(an_id_that_is_none_is_refused);
	RUN(a_leaf_without_an_id_is_noted_unless_it_is_wanted);
	RUN(a_spiffe_leaf_needs_a_critical_key_usage);
	RUN(a_leaf_must_not_sign);
	RUN(half_an_extended_usage_is_wrong_for_spiffe_and_one_side);
	RUN(a_server_without_a_dns_name_is_told_what_go_says);
	RUN(an_empty_subject_needs_critical_names);
	RUN(times_are_judged);
	RUN(a_root_of_years_is_due_at_half_a_year);
	RUN(weak_keys_and_hashes_are_wrong);
	RUN(an_unknown_critical_extension_is_wrong);
	RUN(an_extension_that_is_there_twice_is_broken);
	RUN(names_with_odd_bytes_are_shown_and_wrong);
	RUN(an_authority_used_as_a_leaf_is_wrong);
	RUN(an_authority_with_the_name_of_a_workload_is_wrong);
	RUN(an_authority_that_may_not_sign_is_wrong);
	RUN(a_chain_in_order_is_fine);
	RUN(what_is_not_of_the_chain_is_told);
	RUN(a_leaf_that_signs_is_wrong);
	RUN(a_path_length_is_held);
	RUN(a_name_outside_the_constraints_is_wrong);
	RUN(roots_have_the_last_word);
	RUN(a_signer_that_ends_first_is_warned_of);
	RUN(a_key_is_held_against_the_first_certificate);
	RUN(what_holds_no_certificate_is_an_error);
	RUN(a_broken_block_is_an_error_and_not_skipped);
	RUN(a_key_beside_is_noticed_and_not_read);
	RUN(der_is_read_and_nothing_behind_it_is_ignored);
	RUN(too_many_certificates_are_refused);
	drop_report();
	forget_all();
	return TAP_END();
}
