/* The certificate is taken apart as `ca inspect` does it, then judged rule by rule. */
#include "mesh/svid.h"

#include "mesh/cert_int.h"

#define ARENA_BYTES ((size_t)1 << 20)

/* With or without an ID: names that cannot be read are not "no names". */
static int check_leaf(const struct cert *cert, struct rf_err *err)
{
	if (cert->broken || cert->unknown_critical.ptr)
		return rf_err_set(err, RF_EDENIED, "it has an extension that cannot be read");
	if (cert->is_ca)
		return rf_err_set(err, RF_EDENIED, "it is an authority's, not a workload's");
	return RF_OK;
}

static int check_usage(const struct cert *cert, struct rf_err *err)
{
	if (!cert->has_usage || !(cert->usage & KU_DIGITAL_SIGNATURE))
		return rf_err_set(err, RF_EDENIED, "its key usage lacks digitalSignature");
	if (cert->usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
		return rf_err_set(err, RF_EDENIED, "its key usage signs certificates");
	return RF_OK;
}

static int check_id(struct rf_str text, struct rf_err *err)
{
	struct identity identity;
	int rc = identity_parse(text, &identity, err);

	if (rc < 0)
		return rf_err_wrap(err, RF_EDENIED, "\"" RF_STR_FMT "\"", RF_STR_ARG(text));
	if (identity.path.len == 0)
		return rf_err_set(err, RF_EDENIED, "its ID names a trust domain, no workload");
	return RF_OK;
}

static int judge(const struct cert *cert, char id[static IDENTITY_MAX + 1], struct rf_err *err)
{
	const struct cert_name *uri = NULL;
	int rc = check_leaf(cert, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < cert->name_count; i++) {
		if (cert->names[i].type != CERT_NAME_URI)
			continue;
		if (uri)
			return rf_err_set(err, RF_EDENIED, "it has more than one URI");
		uri = &cert->names[i];
	}
	if (!uri)
		return RF_OK;
	rc = check_id(uri->text, err);
	if (rc == RF_OK)
		rc = check_usage(cert, err);
	if (rc == RF_OK && !rf_str_copy(uri->text, id, IDENTITY_MAX + 1))
		rc = rf_err_set(err, RF_EDENIED, "its ID is too long");
	return rc;
}

int svid_id(struct x509_st *leaf, char id[static IDENTITY_MAX + 1], struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(ARENA_BYTES);
	struct cert cert = {0};
	int rc;

	id[0] = '\0';
	if (!arena)
		return rf_err_nomem(err);
	rc = cert_decode(arena, leaf, &cert, err);
	return rc < 0 ? rc : judge(&cert, id, err);
}
