/*
 * A file as a chain: from the first certificate to whoever signed it, as far as the file goes. With
 * roots, OpenSSL's own verifier has the last word.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mesh/explain_int.h"
#include "mesh/openssl_int.h"

struct walk {
	struct explain *e;
	size_t path[EXPLAIN_CHAIN_MAX]; /* indexes, the leaf first */
	size_t len;
	bool in_order;
};

static const struct cert *item(const struct walk *w, size_t i)
{
	return &w->e->list->items[w->path[i]];
}

static bool is_on_path(const struct walk *w, size_t index)
{
	for (size_t i = 0; i < w->len; i++) {
		if (w->path[i] == index)
			return true;
	}
	return false;
}

/* The signer of a certificate, the next one of the file first; count when it is not there. */
static size_t find_signer(const struct walk *w, size_t of)
{
	const struct cert_list *list = w->e->list;

	for (size_t step = 1; step < list->count; step++) {
		size_t i = (of + step) % list->count;

		if (!is_on_path(w, i) && cert_is_signed_by(&list->items[of], &list->items[i]))
			return i;
	}
	return list->count;
}

static void walk_up(struct walk *w)
{
	w->path[w->len++] = 0;
	w->in_order = true;
	while (w->len < EXPLAIN_CHAIN_MAX) {
		size_t last = w->path[w->len - 1], next;

		if (w->e->list->items[last].self_issued)
			return;
		next = find_signer(w, last);
		if (next == w->e->list->count)
			return;
		w->in_order &= next == last + 1;
		w->path[w->len++] = next;
	}
}

/* --- rules about signers --- */

static void check_signer(struct walk *w, size_t i)
{
	const struct cert *signer = item(w, i);
	size_t below = 0;

	w->e->at = w->path[i];
	if (!signer->is_ca)
		explain_add(w->e, RF_ERROR, "leaf-signs",
			"it is no authority (CA=false), but has signed certificate %zu: every "
			"verifier refuses that",
			w->path[i - 1] + 1);
	/* Self-issued ones below do not count (RFC 5280, 4.2.1.9). */
	for (size_t k = 1; k < i; k++)
		below += !item(w, k)->self_issued;
	if (signer->is_ca && signer->path_len >= 0 && below > (size_t)signer->path_len)
		explain_add(w->e, RF_ERROR, "path-too-long",
			"it allows %lld authorities below it and has %zu",
			(long long)signer->path_len, below);
	if (signer->until_s < item(w, 0)->until_s && w->e->opts->now_s <= signer->until_s)
		explain_add(w->e, RF_WARNING, "ends-before-leaf",
			"it expires before the leaf that it stands for");
}

static void check_constraints(struct walk *w, size_t i)
{
	const struct cert *signer = item(w, i);
	CLEANUP(mesh_constraints_freep) NAME_CONSTRAINTS *nc = NULL;

	if (!signer->has_constraints)
		return;
	nc = X509_get_ext_d2i(signer->x509, NID_name_constraints, NULL, NULL);
	for (size_t k = 0; nc && k < i; k++) {
		int rc = NAME_CONSTRAINTS_check(item(w, k)->x509, nc);

		w->e->at = w->path[k];
		if (rc != X509_V_OK)
			explain_add(w->e, RF_ERROR, "constraint",
				"certificate %zu does not allow its names (%s)%s" RF_STR_FMT,
				w->path[i] + 1, X509_verify_cert_error_string(rc),
				signer->permitted_uris.len ? "; allowed URIs: " : "",
				RF_STR_ARG(signer->permitted_uris));
	}
	ERR_clear_error();
}

/* --- rules about the file --- */

static void check_end(struct walk *w)
{
	const struct cert *last = item(w, w->len - 1);

	w->e->at = w->path[w->len - 1];
	if (last->self_issued && w->len > 1)
		explain_add(w->e, RF_NOTE, "root-in-chain",
			"it is a root: sending it is of no use, the other side has it or does not "
			"trust it");
	else if (last->self_issued && !last->is_ca)
		explain_add(w->e, RF_WARNING, "self-signed",
			"it is signed by itself: only who was given this very certificate can "
			"trust it");
	else if (w->len == 1 && !w->e->opts->roots)
		explain_add(w->e, RF_NOTE, "chain-ends",
			"its issuer (" RF_STR_FMT
			") is not in the file: who trusts only a root above that one refuses it",
			RF_STR_ARG(last->issuer));
}

static void check_file(struct walk *w)
{
	w->e->at = 0;
	if (!w->in_order)
		explain_add(w->e, RF_WARNING, "chain-order",
			"the chain is not in order (each certificate is to be followed by its "
			"signer): some programs refuse that");
	for (size_t i = 0; i < w->e->list->count; i++) {
		w->e->at = i;
		if (!is_on_path(w, i))
			explain_add(w->e, RF_WARNING, "not-of-the-chain",
				"it has signed nothing of the chain that begins with the first "
				"certificate");
	}
}

void explain_chain(struct explain *e)
{
	struct walk w = {.e = e};

	walk_up(&w);
	for (size_t i = 1; i < w.len; i++) {
		check_signer(&w, i);
		check_constraints(&w, i);
	}
	check_end(&w);
	check_file(&w);
}

/* --- OpenSSL's verdict --- */

static X509_STORE *store_of(const struct cert_list *roots)
{
	CLEANUP(mesh_store_freep) X509_STORE *store = X509_STORE_new();

	for (size_t i = 0; store && i < roots->count; i++) {
		if (X509_STORE_add_cert(store, roots->items[i].x509) != 1)
			return NULL;
	}
	return TAKE_PTR(store);
}

static STACK_OF(X509) * stack_of(const struct cert_list *list)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	for (size_t i = 1; stack && i < list->count; i++) {
		if (sk_X509_push(stack, list->items[i].x509) > 0)
			continue;
		sk_X509_free(stack);
		return NULL;
	}
	return stack;
}

static void verify_one(struct explain *e, X509_STORE *store, STACK_OF(X509) * rest)
{
	CLEANUP(mesh_store_ctx_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc;

	if (!ctx || X509_STORE_CTX_init(ctx, store, e->list->items[e->at].x509, rest) != 1) {
		e->report->nomem = true;
		return;
	}
	X509_STORE_CTX_set_time(ctx, 0, (time_t)e->opts->now_s);
	X509_STORE_CTX_set_depth(ctx, EXPLAIN_CHAIN_MAX);
	if (X509_verify_cert(ctx) == 1)
		return;
	rc = X509_STORE_CTX_get_error(ctx);
	explain_add(e, RF_ERROR, "not-trusted", "it is not trusted by these roots: %s",
		X509_verify_cert_error_string(rc));
}

void explain_trust(struct explain *e)
{
	CLEANUP(mesh_store_freep) X509_STORE *store = store_of(e->opts->roots);
	CLEANUP(mesh_stack_freep) STACK_OF(X509) *rest = stack_of(e->list);
	size_t last = e->report->is_bundle ? e->list->count - 1 : 0;

	if (!store || !rest) {
		e->report->nomem = true;
		return;
	}
	for (e->at = 0; e->at <= last; e->at++)
		verify_one(e, store, rest);
	ERR_clear_error();
}
