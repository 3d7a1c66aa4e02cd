/*
 * Rules about one certificate. Every rule has a name, so that people can look for it and tests can
 * name it. Rules about several are in explain_chain.c.
 */
#include "mesh/explain.h"

#include <openssl/x509v3.h>
#include <time.h>

#include "mesh/explain_int.h"
#include "mesh/identity.h"

#define WEAK_BITS     112 /* of security: RSA below 2048 */
#define SERIAL_DIGITS 40  /* RFC 5280, 4.1.2.2: 20 bytes */

void explain_add(
	struct explain *e, enum rf_severity severity, const char *rule, const char *fmt, ...)
{
	struct explain_finding finding = {.severity = severity, .cert = e->at, .rule = rule};
	char text[RF_ERR_MSG_SIZE + 256];
	va_list ap;

	if (severity != RF_NOTE)
		e->report->wrong_count++;
	if (e->report->list.count >= EXPLAIN_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	finding.text = rf_arena_str(e->report->arena, rf_str_of(text));
	if (!finding.text.ptr || !rf_vec_push(&e->report->list, finding))
		e->report->nomem = true;
}

bool cert_is_due(int64_t from_s, int64_t until_s, int64_t now_s)
{
	int64_t third_s = (until_s - from_s) / 3;

	return until_s <= now_s ||
	       until_s - now_s < (third_s < CERT_DUE_MAX_S ? third_s : CERT_DUE_MAX_S);
}

/* --- any certificate --- */

static const char *date(int64_t at_s, char out[static 32])
{
	time_t time = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm))
		snprintf(out, 32, "%lld", (long long)at_s);
	return out;
}

static void explain_time(struct explain *e, const struct cert *cert)
{
	int64_t now_s = e->opts->now_s;
	char when[32];

	if (cert->until_s < cert->from_s)
		explain_add(e, RF_ERROR, "times-reversed", "it ends before it begins");
	else if (now_s > cert->until_s)
		explain_add(
			e, RF_ERROR, "expired", "it has expired on %s", date(cert->until_s, when));
	else if (now_s < cert->from_s)
		explain_add(e, RF_ERROR, "not-yet-valid", "it is valid only from %s on",
			date(cert->from_s, when));
	else if (cert_is_due(cert->from_s, cert->until_s, now_s))
		explain_add(e, RF_WARNING, "expires-soon",
			"less than a third of its lifetime is left: it expires on %s",
			date(cert->until_s, when));
}

static void explain_strength(struct explain *e, const struct cert *cert)
{
	if (cert->security_bits < WEAK_BITS)
		explain_add(e, RF_ERROR, "weak-key",
			"its key (%s, %d bits) is too weak or of a kind that is not supported",
			cert->key_type, cert->key_bits);
	/* Nobody verifies the signature of an anchor. */
	if (cert->weak_hash && !cert->self_issued)
		explain_add(e, RF_ERROR, "weak-signature",
			"it is signed with " RF_STR_FMT ", which Go and OpenSSL refuse",
			RF_STR_ARG(cert->signature));
	if (cert->serial.len > SERIAL_DIGITS)
		explain_add(e, RF_WARNING, "long-serial",
			"its serial number is longer than 20 bytes: some programs refuse it");
}

void explain_common(struct explain *e)
{
	const struct cert *cert = &e->list->items[e->at];

	if (cert->broken)
		explain_add(e, RF_ERROR, "broken",
			"an extension or a date cannot be decoded, or is there twice");
	if (cert->unknown_critical.ptr)
		explain_add(e, RF_ERROR, "unknown-critical",
			"extension " RF_STR_FMT
			" is critical and not known: every verifier refuses it",
			RF_STR_ARG(cert->unknown_critical));
	for (size_t i = 0; i < cert->name_count; i++) {
		if (cert->names[i].odd)
			explain_add(e, RF_ERROR, "odd-name",
				"the name \"" RF_STR_FMT "\" holds bytes that no such name has",
				RF_STR_ARG(cert->names[i].text));
	}
	explain_time(e, cert);
	explain_strength(e, cert);
}

/* --- names --- */

static size_t count_names(const struct cert *cert, enum cert_name_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < cert->name_count; i++)
		count += cert->names[i].type == type;
	return count;
}

static const struct cert_name *first_spiffe(const struct cert *cert)
{
	for (size_t i = 0; i < cert->name_count; i++) {
		if (cert->names[i].type == CERT_NAME_URI && identity_is_spiffe(cert->names[i].text))
			return &cert->names[i];
	}
	return NULL;
}

/* --- authorities --- */

void explain_authority(struct explain *e)
{
	const struct cert *cert = &e->list->items[e->at];
	const struct cert_name *id = first_spiffe(cert);
	struct identity parsed = {.path = RF_STR("")};
	struct rf_err err;

	if (cert->has_usage && !(cert->usage & KU_KEY_CERT_SIGN))
		explain_add(e, RF_ERROR, "no-cert-sign",
			"it is an authority (CA=true), but its key usage lacks keyCertSign: "
			"what it signs is refused");
	if (!cert->has_usage)
		explain_add(e, RF_NOTE, "no-usage",
			"it has no key usage: SPIFFE wants keyCertSign in a signing certificate");
	if (id && identity_parse(id->text, &parsed, &err) < 0)
		explain_add(e, RF_ERROR, "bad-id", "\"" RF_STR_FMT "\" is no SPIFFE ID: %s",
			RF_STR_ARG(id->text), err.msg);
	if (parsed.path.len)
		explain_add(e, RF_ERROR, "authority-with-path",
			"it is an authority (CA=true) with the name of a workload, " RF_STR_FMT
			": SPIFFE refuses it as a leaf and as a signer",
			RF_STR_ARG(id->text));
	if (count_names(cert, CERT_NAME_DNS) + count_names(cert, CERT_NAME_IP) ||
		(e->at == 0 && e->opts->role != EXPLAIN_ANY))
		explain_add(e, RF_ERROR, "authority-as-leaf",
			"it is an authority (CA=true) used as a leaf: whoever has its key can "
			"make certificates for any name");
}

/* --- leaves, as SPIFFE identities --- */

static void explain_id(struct explain *e, const struct cert *cert, const struct cert_name *id)
{
	size_t uris = count_names(cert, CERT_NAME_URI);
	struct identity parsed;
	struct rf_err err;

	if (uris > 1)
		explain_add(e, RF_ERROR, "two-uris",
			"it has %zu URI names: OpenSSL and Go let it pass, but a SPIFFE identity "
			"has exactly one, so it is refused in the mesh",
			uris);
	if (identity_parse(id->text, &parsed, &err) < 0)
		explain_add(e, RF_ERROR, "bad-id", "\"" RF_STR_FMT "\" is no SPIFFE ID: %s",
			RF_STR_ARG(id->text), err.msg);
	else if (!parsed.path.len)
		explain_add(e, RF_ERROR, "no-path",
			"\"" RF_STR_FMT
			"\" names a trust domain and nobody in it: a leaf needs a path",
			RF_STR_ARG(id->text));
}

static void explain_svid_usage(struct explain *e, const struct cert *cert)
{
	if (!cert->has_usage)
		explain_add(e, RF_ERROR, "no-usage",
			"it has no key usage: SPIFFE wants it, critical, with digitalSignature");
	else if (!cert->usage_critical)
		explain_add(e, RF_ERROR, "usage-not-critical",
			"its key usage is not critical, as SPIFFE wants it");
	if (cert->has_ext_usage && cert->server_auth != cert->client_auth)
		explain_add(e, RF_ERROR, "half-ext-usage",
			"its extended key usage has only %s: SPIFFE wants both serverAuth and "
			"clientAuth, or no such extension",
			cert->server_auth ? "serverAuth" : "clientAuth");
	if (cert->has_ext_usage && !cert->server_auth && !cert->client_auth)
		explain_add(e, RF_ERROR, "no-ext-usage",
			"its extended key usage has neither serverAuth nor clientAuth");
}

static void explain_svid(struct explain *e, const struct cert *cert)
{
	const struct cert_name *id = first_spiffe(cert);

	if (!id) {
		explain_add(e, e->opts->role == EXPLAIN_SPIFFE ? RF_ERROR : RF_NOTE, "no-spiffe-id",
			"it has no SPIFFE ID (a URI name spiffe://...): it says nobody's name in "
			"the mesh");
		return;
	}
	explain_id(e, cert, id);
	explain_svid_usage(e, cert);
}

/* --- leaves, for ordinary TLS programs --- */

static void explain_server(struct explain *e, const struct cert *cert)
{
	enum rf_severity severity = e->opts->role == EXPLAIN_SERVER ? RF_ERROR : RF_NOTE;

	if (cert->has_ext_usage && !cert->server_auth)
		explain_add(e, severity, "no-server-auth",
			"as a server: its extended key usage lacks serverAuth, so clients "
			"refuse it");
	else if (!count_names(cert, CERT_NAME_DNS) && !count_names(cert, CERT_NAME_IP))
		explain_add(e, severity, "no-dns-name",
			"as a server: it has no DNS name and no address, so plain Go clients "
			"refuse it (\"not valid for any names\"); the subject's CN does not count");
}

static void explain_client(struct explain *e, const struct cert *cert)
{
	if (cert->has_ext_usage && !cert->client_auth)
		explain_add(e, e->opts->role == EXPLAIN_CLIENT ? RF_ERROR : RF_NOTE,
			"no-client-auth",
			"as a client: its extended key usage lacks clientAuth, so OpenSSL and a Go "
			"server "
			"with RequireAndVerifyClientCert refuse it");
}

void explain_leaf(struct explain *e)
{
	const struct cert *cert = &e->list->items[e->at];

	if (cert->usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN) && cert->has_usage)
		explain_add(e, RF_ERROR, "leaf-may-sign",
			"it is a leaf, but its key usage has keyCertSign or cRLSign: SPIFFE "
			"refuses it");
	if (cert->has_usage && !(cert->usage & KU_DIGITAL_SIGNATURE))
		explain_add(e, RF_ERROR, "no-digital-signature",
			"its key usage lacks digitalSignature: TLS 1.3 cannot use it");
	if (!cert->subject.len && cert->name_count && !cert->names_critical)
		explain_add(e, RF_ERROR, "names-not-critical",
			"its subject is empty, so its alternative names must be critical (RFC "
			"5280, 4.2.1.6)");
	explain_svid(e, cert);
	explain_server(e, cert);
	explain_client(e, cert);
}

/* --- all of it --- */

static void explain_key(struct explain *e)
{
	size_t index = *e->opts->key_index;

	e->at = 0;
	if (index == e->list->count)
		explain_add(e, RF_ERROR, "other-key",
			"the key does not belong to it: TLS programs refuse to start");
	else if (index != 0)
		explain_add(e, RF_ERROR, "key-of-another",
			"the key belongs to certificate %zu, but programs take the first one of "
			"the file",
			index + 1);
}

/* A file that begins with an authority and has a leaf further down. */
static void explain_order(struct explain *e)
{
	for (e->at = 0; e->at < e->list->count; e->at++) {
		if (e->list->items[e->at].is_ca)
			continue;
		explain_add(e, RF_ERROR, "leaf-not-first",
			"it is a leaf behind an authority: TLS programs take the first "
			"certificate of a file as their own");
		return;
	}
	e->report->is_bundle = true;
}

int cert_explain(const struct cert_list *list, const struct explain_opts *opts,
	struct explain_report *report, struct rf_err *err)
{
	struct explain e = {.list = list, .opts = opts, .report = report};

	*report = (struct explain_report){.arena = list->arena};
	for (e.at = 0; e.at < list->count; e.at++) {
		explain_common(&e);
		if (list->items[e.at].is_ca)
			explain_authority(&e);
		else
			explain_leaf(&e);
	}
	if (opts->key_index)
		explain_key(&e);
	if (list->items[0].is_ca)
		explain_order(&e);
	else
		explain_chain(&e);
	if (opts->roots)
		explain_trust(&e);
	return report->nomem ? rf_err_nomem(err) : RF_OK;
}

void explain_report_done(struct explain_report *report)
{
	rf_vec_done(&report->list);
}
