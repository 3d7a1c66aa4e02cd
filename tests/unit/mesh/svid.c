/* Every valid and invalid shape of a leaf by X509-SVID.md. */
#include "tests/lib/tap.h"

#include "mesh/svid.h"
#include "tests/lib/certs.h"

#define ID "spiffe://shop.example/ns/default/sa/web"

static char id[IDENTITY_MAX + 1];
static struct rf_err err;

static int judge(const struct certs_shape *shape)
{
	const struct certs_made *made = certs_make(NULL, shape);
	int rc;

	memset(id, 'x', sizeof(id) - 1);
	rc = svid_id(made->x509, id, &err);
	certs_forget();
	return rc;
}

static int judge_names(const char *names)
{
	struct certs_shape shape = certs_leaf(names);

	return judge(&shape);
}

/* A leaf with another value of one of its extensions; NULL: without it. */
static int judge_with(int nid, const char *value)
{
	struct certs_shape shape = certs_leaf("URI:" ID);

	for (size_t i = 0; i < RF_ARRAY_LEN(shape.exts); i++) {
		if (shape.exts[i].nid == nid)
			shape.exts[i].value = value;
	}
	return judge(&shape);
}

#define DENIED(rc, word)                                                                       \
	do {                                                                                   \
		int rc_ = (rc);                                                                \
		CHECKF(rc_ == RF_EDENIED && strstr(err.msg, word), "%s: %d, \"%s\"", #rc, rc_, \
			rc_ < 0 ? err.msg : id);                                               \
	} while (0)

static void a_leaf_with_one_uri_has_its_id(void)
{
	CHECK_INT(judge_names("URI:" ID), RF_OK);
	CHECK_STR(id, ID);
}

static void other_names_beside_the_uri_are_allowed(void)
{
	CHECK_INT(judge_names("DNS:web.example,URI:" ID ",IP:127.0.0.1,email:a@b.example"), RF_OK);
	CHECK_STR(id, ID);
	CHECK_INT(judge_names("critical,URI:" ID), RF_OK);
}

static void a_path_may_be_any(void)
{
	CHECK_INT(judge_names("URI:spiffe://shop.example/a"), RF_OK);
	CHECK_STR(id, "spiffe://shop.example/a");
	CHECK_INT(judge_names("URI:spiffe://shop.example/A/b_c.D-9"), RF_OK);
}

static void a_leaf_without_a_uri_has_no_id(void)
{
	CHECK_INT(judge_names("DNS:web.example"), RF_OK);
	CHECK_STR(id, "");
	CHECK_INT(judge_with(NID_subject_alt_name, NULL), RF_OK);
	CHECK_STR(id, "");
}

static void several_uris_are_refused(void)
{
	DENIED(judge_names("URI:" ID ",URI:spiffe://shop.example/other"), "more than one");
	DENIED(judge_names("URI:" ID ",URI:" ID), "more than one");
	DENIED(judge_names("URI:" ID ",URI:https://web.example/"), "more than one");
	DENIED(judge_names("URI:https://web.example/,URI:" ID), "more than one");
}

static void two_extensions_of_names_are_refused(void)
{
	struct certs_shape shape = certs_leaf("URI:" ID);

	shape.exts[4] = (struct certs_ext){NID_subject_alt_name, "URI:spiffe://shop.example/x"};
	CHECK_INT(judge(&shape), RF_EDENIED);
}

static void malformed_ids_are_refused(void)
{
	static const char *const ids[] = {
		"https://shop.example/ns/default/sa/web",
		"SPIFFE://shop.example/a",
		"spiffe:///a",
		"spiffe://Shop.example/a",
		"spiffe://shop.example:443/a",
		"spiffe://user@shop.example/a",
		"spiffe://shop.example/a/",
		"spiffe://shop.example//a",
		"spiffe://shop.example/a//b",
		"spiffe://shop.example/.",
		"spiffe://shop.example/..",
		"spiffe://shop.example/a/../b",
		"spiffe://shop.example/a%62",
		"spiffe://shop.example/a?b=c",
		"spiffe://shop.example/a#b",
		"spiffe://shop.example/a b",
		"spiffe://shop.example/a*",
		"spiffe:shop.example/a",
		"urn:uuid:0",
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(ids); i++) {
		char names[128];

		snprintf(names, sizeof(names), "URI:%s", ids[i]);
		CHECKF(judge_names(names) == RF_EDENIED, "%s", ids[i]);
	}
}

static void an_id_that_only_names_a_trust_domain_is_refused(void)
{
	DENIED(judge_names("URI:spiffe://shop.example"), "trust domain");
	CHECK_INT(judge_names("URI:spiffe://shop.example/"), RF_EDENIED);
}

static void ids_are_at_most_2048_bytes(void)
{
	char names[IDENTITY_MAX + 16] = "URI:spiffe://shop.example/";
	size_t begin = strlen(names);

	memset(names + begin, 'a', 4 + IDENTITY_MAX - begin);
	CHECK_INT(judge_names(names), RF_OK);
	CHECK_INT(strlen(id), IDENTITY_MAX);
	names[4 + IDENTITY_MAX] = 'a';
	CHECK_INT(judge_names(names), RF_EDENIED);
}

static void an_id_that_holds_a_nul_is_refused(void)
{
	const struct certs_made *made;
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	struct certs_shape shape = certs_leaf(NULL);
	static const char bytes[] = ID "\0.evil";

	ASN1_STRING_set(text, bytes, sizeof(bytes) - 1);
	GENERAL_NAME_set0_value(name, GEN_URI, text);
	sk_GENERAL_NAME_push(list, name);
	made = certs_make(NULL, &shape);
	CHECK_INT(X509_add1_ext_i2d(made->x509, NID_subject_alt_name, list, 0, 0), 1);
	CHECK_INT(svid_id(made->x509, id, &err), RF_EDENIED);
	GENERAL_NAMES_free(list);
	certs_forget();
}

static void an_authority_is_no_workload(void)
{
	DENIED(judge_with(NID_basic_constraints, "critical,CA:TRUE"), "authority");
	DENIED(judge_with(NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), "authority");
	CHECK_INT(judge_with(NID_basic_constraints, NULL), RF_OK);
}

static void an_authority_without_a_uri_is_no_workload_either(void)
{
	struct certs_shape shape = certs_leaf("DNS:web.example");

	shape.exts[0].value = "critical,CA:TRUE";
	DENIED(judge(&shape), "authority");
	DENIED(judge(&certs_root), "authority");
}

static void the_key_must_be_for_signatures_and_not_for_certificates(void)
{
	DENIED(judge_with(NID_key_usage, "critical,keyAgreement"), "digitalSignature");
	DENIED(judge_with(NID_key_usage, NULL), "digitalSignature");
	DENIED(judge_with(NID_key_usage, "critical,digitalSignature,keyCertSign"), "signs");
	DENIED(judge_with(NID_key_usage, "critical,digitalSignature,cRLSign"), "signs");
	CHECK_INT(judge_with(NID_key_usage, "critical,digitalSignature,keyEncipherment"), RF_OK);
}

static void extended_usages_are_free(void)
{
	CHECK_INT(judge_with(NID_ext_key_usage, NULL), RF_OK);
	CHECK_INT(judge_with(NID_ext_key_usage, "clientAuth"), RF_OK);
}

static void an_unknown_extension_is_refused_when_it_is_critical(void)
{
	struct certs_shape shape = certs_leaf("URI:" ID);

	shape.unknown = "\x04\x01x";
	CHECK_INT(judge(&shape), RF_OK);
	shape.unknown_critical = true;
	CHECK_INT(judge(&shape), RF_EDENIED);
}

static void an_empty_subject_is_fine(void)
{
	struct certs_shape shape = certs_leaf("critical,URI:" ID);

	shape.cn = NULL;
	CHECK_INT(judge(&shape), RF_OK);
	CHECK_STR(id, ID);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_leaf_with_one_uri_has_its_id);
	RUN(other_names_beside_the_uri_are_allowed);
	RUN(a_path_may_be_any);
	RUN(a_leaf_without_a_uri_has_no_id);
	RUN(several_uris_are_refused);
	RUN(two_extensions_of_names_are_refused);
	RUN(malformed_ids_are_refused);
	RUN(an_id_that_only_names_a_trust_domain_is_refused);
	RUN(ids_are_at_most_2048_bytes);
	RUN(an_id_that_holds_a_nul_is_refused);
	RUN(an_authority_is_no_workload);
	RUN(an_authority_without_a_uri_is_no_workload_either);
	RUN(the_key_must_be_for_signatures_and_not_for_certificates);
	RUN(extended_usages_are_free);
	RUN(an_unknown_extension_is_refused_when_it_is_critical);
	RUN(an_empty_subject_is_fine);
	return TAP_END();
}
