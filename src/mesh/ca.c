/* The authority's life: made, opened, its intermediate renewed, its root replaced. */
#include "mesh/ca.h"

#include "base/num.h"
#include "doc/json.h"
#include "doc/read.h"
#include "mesh/ca_int.h"
#include "mesh/identity.h"

/* --- settings --- */

static int write_settings(
	struct rf_buf *out, struct rf_str trust_domain, uint64_t sequence, struct rf_err *err)
{
	struct json_writer w = {.out = out};

	rf_buf_clear(out);
	json_object_begin(&w);
	json_field_str(&w, "trustDomain", trust_domain);
	json_field_int(&w, "sequence", (int64_t)sequence);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

static int read_settings(struct ca *ca, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)1 << 20);
	const struct doc_node *root = NULL, *domain, *sequence;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	rc = doc_parse_json(rf_buf_str(&ca->state.settings), "ca.json", 1, arena, NULL, &root);
	domain = rc < 0 ? NULL : doc_get(root, "trustDomain");
	sequence = rc < 0 ? NULL : doc_get(root, "sequence");
	if (!domain || domain->type != DOC_STRING || !sequence || sequence->type != DOC_INT ||
		sequence->number < 1)
		return rf_err_set(err, RF_EINPUT, "ca.json is not what was written there");
	rc = identity_check_domain(domain->text, err);
	if (rc < 0)
		return rc;
	rf_buf_add_str(&ca->trust_domain, domain->text);
	ca->info.trust_domain = rf_buf_str(&ca->trust_domain);
	ca->info.sequence = (uint64_t)sequence->number;
	return ca->trust_domain.failed ? rf_err_nomem(err) : RF_OK;
}

/* --- making --- */

/* What SPIFFE allows and verifiers of name constraints do not understand. */
static int check_domain(struct rf_str domain, struct rf_err *err)
{
	struct rf_str rest = domain, label;
	struct rf_ip ip;
	int rc = identity_check_domain(domain, err);

	if (rc < 0)
		return rc;
	if (rf_ip_parse(domain, &ip))
		return rf_err_set(err, RF_EINPUT,
			"a trust domain that is an address cannot be verified: take a name");
	while (rest.ptr) {
		rest = rf_str_cut(rest, '.', &label);
		if (label.len == 0 || label.len > 63)
			return rf_err_set(err, RF_EINPUT,
				"\"" RF_STR_FMT
				"\": between dots there must be 1 to 63 characters, or verifiers "
				"cannot hold it against a name constraint",
				RF_STR_ARG(domain));
	}
	return RF_OK;
}

/* What new certificates are made by. */
struct making {
	const struct ca_dir *dir;
	struct rf_str trust_domain;
	const struct ca_secret *secret;
	int64_t now_s;
};

/* A new intermediate of root into the state. */
static int put_intermediate(const struct making *by, const struct ca_signer *root,
	struct ca_state *state, struct rf_err *err)
{
	AUTO_PKEY *key = ca_key_new(err);
	AUTO_X509 *cert = NULL;
	int rc = key ? RF_OK : RF_EINTERNAL;

	if (rc == RF_OK)
		rc = ca_sign_intermediate(root, by->trust_domain, key, by->now_s, &cert, err);
	rf_buf_clear(&state->intermediate);
	rf_buf_clear(&state->intermediate_key);
	if (rc == RF_OK)
		rc = ca_cert_write(cert, &state->intermediate, err);
	if (rc == RF_OK)
		rc = ca_key_write(key, &state->intermediate_key, err);
	return rc;
}

struct new_root {
	EVP_PKEY *key;
	X509 *cert;
};

static void new_root_done(struct new_root *root)
{
	EVP_PKEY_free(root->key);
	X509_free(root->cert);
}

/* A new root, sealed, with an intermediate of it. */
static int put_root(
	const struct making *by, struct ca_state *state, struct new_root *ret, struct rf_err *err)
{
	bool first = by->dir->number == 0;
	int rc;

	ret->key = ca_key_new(err);
	if (!ret->key)
		return RF_EINTERNAL;
	rc = ca_sign_root(by->trust_domain, ret->key, by->now_s, &ret->cert, err);
	rf_buf_clear(&state->root);
	rf_buf_clear(&state->root_key);
	if (rc == RF_OK)
		rc = ca_cert_write(ret->cert, &state->root, err);
	if (rc == RF_OK)
		rc = ca_key_seal(by->dir, by->secret, first, ret->key, &state->root_key, err);
	if (rc < 0)
		return rc;
	return put_intermediate(by, &(struct ca_signer){ret->cert, ret->key}, state, err);
}

int ca_init(const char *path, struct rf_str trust_domain, const struct ca_secret *secret,
	int64_t now_s, struct rf_err *err)
{
	CLEANUP(ca_dir_done) struct ca_dir dir = {.fd = -1, .lock_fd = -1};
	CLEANUP(ca_state_done) struct ca_state state = {.settings = {0}};
	CLEANUP(new_root_done) struct new_root root = {.key = NULL};
	int rc = check_domain(trust_domain, err);

	ca_secure_heap();
	if (rc == RF_OK)
		rc = ca_dir_open(path, true, true, &dir, err);
	if (rc < 0)
		return rc;
	if (dir.number)
		return rf_err_set(err, RF_EDENIED,
			"there is a certificate authority in %s already: it is left as it is",
			path);
	rc = write_settings(&state.settings, trust_domain, 1, err);
	if (rc == RF_OK)
		rc = put_root(
			&(struct making){&dir, trust_domain, secret, now_s}, &state, &root, err);
	return rc < 0 ? rc : ca_state_commit(&dir, &state, err);
}

/* --- opening --- */

static int read_cert(
	const struct rf_buf *pem, const char *name, struct cert_list **ret, struct rf_err *err)
{
	int rc = cert_read((struct rf_bytes){(const uint8_t *)pem->data, pem->len}, ret, err);

	if (rc == RF_OK && (*ret)->count != 1)
		rc = rf_err_set(err, RF_EINPUT, "not one certificate");
	return rc < 0 ? rf_err_wrap(err, rc, "%s", name) : RF_OK;
}

static int read_certs(struct ca *ca, struct rf_err *err)
{
	int rc = read_cert(&ca->state.root, "root.crt", &ca->root, err);

	if (rc == RF_OK)
		rc = read_cert(&ca->state.intermediate, "intermediate.crt", &ca->intermediate, err);
	if (rc == RF_OK && ca->state.old_root.len)
		rc = read_cert(&ca->state.old_root, "old-root.crt", &ca->old_root, err);
	if (rc < 0)
		return rc;
	ca->info.root = &ca->root->items[0];
	ca->info.intermediate = &ca->intermediate->items[0];
	ca->info.old_root = ca->old_root ? &ca->old_root->items[0] : NULL;
	return RF_OK;
}

int ca_open(const char *path, bool write, struct ca **ret, struct rf_err *err)
{
	AUTO_CA *ca = calloc(1, sizeof(*ca));
	int rc;

	ca_secure_heap();
	if (!ca)
		return rf_err_nomem(err);
	ca->dir = (struct ca_dir){.fd = -1, .lock_fd = -1};
	rc = ca_dir_open(path, false, write, &ca->dir, err);
	if (rc == RF_EABSENT || (rc == RF_OK && !ca->dir.number))
		return rf_err_set(err, RF_EABSENT,
			"there is no certificate authority in %s: `ringfence ca init` makes one",
			path);
	if (rc == RF_OK)
		rc = ca_state_read(&ca->dir, write, &ca->state, err);
	if (rc == RF_OK)
		rc = read_settings(ca, err);
	if (rc == RF_OK)
		rc = read_certs(ca, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the authority in %s", path);
	*ret = TAKE_PTR(ca);
	return RF_OK;
}

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	cert_list_free(ca->root);
	cert_list_free(ca->intermediate);
	cert_list_free(ca->old_root);
	rf_buf_done(&ca->trust_domain);
	ca_state_done(&ca->state);
	ca_dir_done(&ca->dir);
	free(ca);
}

void ca_freep(struct ca **ca)
{
	ca_free(*ca);
	*ca = NULL;
}

const struct ca_info *ca_info(const struct ca *ca)
{
	return &ca->info;
}

/* --- changing --- */

int ca_renew(struct ca *ca, const struct ca_secret *secret, int64_t now_s, struct rf_err *err)
{
	const struct making by = {&ca->dir, ca->info.trust_domain, secret, now_s};
	AUTO_PKEY *key = NULL;
	int rc = ca_key_open(&ca->dir, secret, &ca->state.root_key, &key, err);

	if (rc == RF_OK)
		rc = put_intermediate(
			&by, &(struct ca_signer){ca->info.root->x509, key}, &ca->state, err);
	return rc < 0 ? rc : ca_state_commit(&ca->dir, &ca->state, err);
}

static int put_cross(struct ca *ca, EVP_PKEY *old_key, const struct new_root *root, int64_t now_s,
	struct rf_err *err)
{
	const struct ca_signer old = {ca->info.root->x509, old_key};
	AUTO_X509 *cross = NULL;
	int rc = ca_sign_cross(&old, root->cert, ca->info.trust_domain, now_s, &cross, err);

	return rc < 0 ? rc : ca_cert_write(cross, &ca->state.cross, err);
}

int ca_rotate(struct ca *ca, const struct ca_secret *secret, int64_t now_s, struct rf_err *err)
{
	const struct making by = {&ca->dir, ca->info.trust_domain, secret, now_s};
	CLEANUP(new_root_done) struct new_root root = {.key = NULL};
	AUTO_PKEY *old_key = NULL;
	int rc;

	if (ca->info.old_root)
		return rf_err_set(err, RF_EDENIED,
			"a rotation is under way: end it with `ringfence ca rotate-root "
			"--drop-old` first");
	rc = ca_key_open(&ca->dir, secret, &ca->state.root_key, &old_key, err);
	if (rc < 0)
		return rc;
	rf_buf_add_str(&ca->state.old_root, rf_buf_str(&ca->state.root));
	rc = put_root(&by, &ca->state, &root, err);
	if (rc == RF_OK)
		rc = put_cross(ca, old_key, &root, now_s, err);
	if (rc == RF_OK)
		rc = write_settings(
			&ca->state.settings, ca->info.trust_domain, ca->info.sequence + 1, err);
	return rc < 0 ? rc : ca_state_commit(&ca->dir, &ca->state, err);
}

/* Refuses while a leaf of the old root is valid: who only has the new root would refuse it. */
static int check_old_leaves(const struct ca *ca, int64_t now_s, struct rf_err *err)
{
	CLEANUP(ca_log_done) struct ca_log log = {.arena = NULL};
	const struct ca_issued *last = NULL;
	long long minutes;
	size_t count = 0;
	int rc = ca_log_read(ca, true, &log, err);

	if (rc < 0)
		return rc;
	rf_vec_each (issued, &log.list) {
		if (issued->until_s < now_s ||
			!rf_str_is(issued->root, ca->info.old_root->fingerprint))
			continue;
		count++;
		if (!last || issued->until_s > last->until_s)
			last = issued;
	}
	if (!last)
		return RF_OK;
	minutes = (last->until_s - now_s) / 60 + 1;
	return rf_err_set(err, RF_EDENIED,
		"%zu certificate%s of the old root %s still valid, the last one (" RF_STR_FMT
		") for %lld more minutes: wait, or say --force",
		count, count == 1 ? "" : "s", count == 1 ? "is" : "are", RF_STR_ARG(last->id),
		minutes);
}

int ca_drop_old(struct ca *ca, int64_t now_s, bool force, struct rf_err *err)
{
	int rc = RF_OK;

	if (!ca->info.old_root)
		return rf_err_set(
			err, RF_EABSENT, "there is no old root: no rotation is under way");
	if (!force)
		rc = check_old_leaves(ca, now_s, err);
	rf_buf_clear(&ca->state.old_root);
	rf_buf_clear(&ca->state.cross);
	if (rc == RF_OK)
		rc = write_settings(
			&ca->state.settings, ca->info.trust_domain, ca->info.sequence + 1, err);
	return rc < 0 ? rc : ca_state_commit(&ca->dir, &ca->state, err);
}
