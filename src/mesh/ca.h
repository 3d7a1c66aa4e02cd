/*
 * The certificate authority of one trust domain, in a directory that is its owner's alone:
 *
 *	DIR/              0700
 *	  lock            flock: one writer, or readers
 *	  sealing.key     0400, 32 bytes: opens the root's key. May be kept elsewhere; not there
 *	                  when a passphrase does that
 *	  current         link to the state that counts: changing it is the commit
 *	  state-N/        a state, complete and on the disk before `current` leads to it
 *	    ca.json       {"trustDomain", "sequence"}
 *	    root.crt      with root.key.sealed
 *	    intermediate.crt, intermediate.key (0600)
 *	    old-root.crt  while a root is being replaced
 *	    cross.crt     the new root, signed by the old one, as long
 *	  issued.log      a line of JSON a certificate, written before the certificate is handed out
 *
 * Keys are ECDSA P-256. The root (10 years) signs intermediates (90 days), which sign leaves. Both
 * may only sign URIs of the trust domain (critical name constraints). A process that is killed at
 * any moment leaves the old state or the new one.
 *
 * Rotation: ca_rotate() makes a new root and an intermediate of it, and has the old root sign the
 * new one. Leaves carry that along, so that who knows only the old root verifies them; the bundle
 * has both roots, so that who takes it verifies old leaves. ca_drop_old() ends it.
 */
#ifndef RF_MESH_CA_H
#define RF_MESH_CA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/vec.h"
#include "mesh/cert.h"

#define CA_ROOT_S	  ((int64_t)3650 * 86400)
#define CA_INTERMEDIATE_S ((int64_t)90 * 86400)
#define CA_LEAF_S	  ((int64_t)24 * 3600)
#define CA_MAX_NAMES	  100 /* DNS names and addresses of a leaf, each */
#define CA_MAX_CSR	  ((size_t)64 << 10)
#define CA_REFRESH_S	  300 /* spiffe_refresh_hint of a bundle */
#define CA_TRUST_DOMAIN	  "cluster.local"

struct ca;

/* Where the secret is that opens the root's key. */
struct ca_secret {
	const char *passphrase_file; /* its first line; NULL: a sealing key */
	const char *key_file;	     /* NULL: sealing.key of the directory */
};

/* What the state says; views live as long as the ca. */
struct ca_info {
	struct rf_str trust_domain;
	uint64_t sequence; /* of the bundle: grows with every change of the roots */
	const struct cert *root, *intermediate;
	const struct cert *old_root; /* NULL: no rotation is under way */
};

/* Makes an authority. RF_EDENIED when there is one already, whatever state it is in. */
int ca_init(const char *dir, struct rf_str trust_domain, const struct ca_secret *secret,
	int64_t now_s, struct rf_err *err) RF_MUST_USE;
/*
 * Opens it, and locks it until ca_free(). RF_EABSENT when there is none. With write, what killed
 * processes have left is cleared away.
 */
int ca_open(const char *dir, bool write, struct ca **ret, struct rf_err *err) RF_MUST_USE;
void ca_free(struct ca *ca);
void ca_freep(struct ca **ca);
#define AUTO_CA CLEANUP(ca_freep) struct ca
const struct ca_info *ca_info(const struct ca *ca);

/* --- leaves --- */

struct ca_request {
	struct rf_str id;	  /* a SPIFFE ID of the trust domain, with a path */
	const struct rf_str *dns; /* names as in a certificate: "a.b", "*.a.b" */
	size_t dns_count;
	const struct rf_ip *ips;
	size_t ip_count;
	struct rf_str common_name; /* empty: no subject */
	int64_t now_s, ttl_s;
	struct rf_bytes csr; /* PEM or DER: whose public key is signed; ptr NULL: a key is made */
};

struct ca_leaf {
	struct rf_buf cert; /* PEM: the leaf, its intermediate, and the cross-signed root if any */
	struct rf_buf key;  /* PEM, PKCS #8; empty when the request brought a key. Wiped by _done */
	struct rf_buf roots; /* PEM: the bundle */
	int64_t until_s;
};
void ca_leaf_done(struct ca_leaf *leaf);
#define AUTO_LEAF CLEANUP(ca_leaf_done) struct ca_leaf

/*
 * Signs a leaf and writes it down in the log. Names are the request's; of a CSR only the key is
 * taken, after its signature was verified. Needs ca_open() with write.
 */
int ca_issue(struct ca *ca, const struct ca_request *request, struct ca_leaf *ret,
	struct rf_err *err) RF_MUST_USE;

/* --- roots --- */

/* All roots that are to be trusted now, PEM. */
int ca_bundle(const struct ca *ca, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;
/* The same as a SPIFFE bundle (SPIFFE_Trust_Domain_and_Bundle.md, section 4; JWKS). */
int ca_bundle_spiffe(const struct ca *ca, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

/*
 * Each opens the root's key for as long as it takes, and commits a new state; the ca has the old
 * one and is to be freed.
 */
/* A new intermediate of the same root. */
int ca_renew(struct ca *ca, const struct ca_secret *secret, int64_t now_s,
	struct rf_err *err) RF_MUST_USE;
/* RF_EDENIED while an older rotation has not ended. */
int ca_rotate(struct ca *ca, const struct ca_secret *secret, int64_t now_s,
	struct rf_err *err) RF_MUST_USE;
/* RF_EDENIED while a leaf of the old root is valid, unless force. RF_EABSENT without a rotation. */
int ca_drop_old(struct ca *ca, int64_t now_s, bool force, struct rf_err *err) RF_MUST_USE;

/* --- the log --- */

struct ca_issued {
	struct rf_str serial, id, root; /* hex; the ID; the root's fingerprint */
	struct rf_str sans;		/* "DNS:a, IP:10.0.0.1" */
	int64_t from_s, until_s;
};

struct ca_log {
	struct rf_arena *arena;
	RF_VEC(struct ca_issued) list; /* oldest first */
};

#define CA_LOG_MAX ((size_t)256 << 20) /* bytes */

/*
 * The leaves of the log, oldest first, of equal names (id and sans) only the last to expire unless
 * all. A line that was torn by a crash is left out.
 */
int ca_log_read(const struct ca *ca, bool all, struct ca_log *ret, struct rf_err *err) RF_MUST_USE;
void ca_log_done(struct ca_log *log);

#endif
