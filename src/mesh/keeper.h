/*
 * The keeper: the process that has the certificate authority's key while pods run (role
 * "mesh-keeper", design section 4). Whoever has started it names its clients; a client is a socket
 * pair, whose end at the keeper stands for one identity. So who asks needs no token, and can ask
 * for no other name. Keys are made by the clients and never leave them.
 *
 * It lives on when who has started it dies, as its clients do, and ends with the last of them.
 */
#ifndef RF_MESH_KEEPER_H
#define RF_MESH_KEEPER_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/role.h"

#define KEEPER_MAX_CLIENTS 20000
#define KEEPER_MIN_TTL_S   10

struct keeper;

/*
 * Starts it on the authority in dir (absolute), which is made for trust_domain when there is none.
 * A client is told when the roots or the intermediate have changed.
 */
int keeper_start(const char *dir, struct rf_str trust_domain, struct keeper **ret,
	struct rf_err *err) RF_MUST_USE;
/* Lets go of it: it ends when its clients have. NULL is accepted. */
void keeper_free(struct keeper *keeper);
/* Ends the process, if it has not ended yet; what is known of it stays. err says how it ended. */
int keeper_end(struct keeper *keeper, struct rf_err *err) RF_MUST_USE;
/* Becomes readable when the process has ended. */
int keeper_channel(const struct keeper *keeper);
pid_t keeper_pid(const struct keeper *keeper);
/* Its trust domain, which is the authority's own. The keeper's. */
const char *keeper_trust_domain(const struct keeper *keeper);

struct keeper_client {
	struct rf_str namespace, account;
	const struct rf_str *dns;
	size_t dns_count;
	int64_t ttl_s; /* of its certificates; 0: CA_LEAF_S */
};
/* *ret_fd is the client's end. */
int keeper_add_client(struct keeper *keeper, const struct keeper_client *client, int *ret_fd,
	struct rf_err *err) RF_MUST_USE;

/* --- messages (proc/frame.h) --- */

enum keeper_msg {
	KEEPER_MSG_SETTINGS = 1, /* str directory, str trust domain; answered by READY or ERROR */
	KEEPER_MSG_READY,	 /* str trust domain */
	KEEPER_MSG_CLIENT,	 /* str ID, u64 ttl_s, strs DNS names; with the keeper's end */
	/* Of clients and to them: */
	KEEPER_MSG_SIGN,    /* DER: PKCS #10; answered by CERT or ERROR */
	KEEPER_MSG_CERT,    /* str chain, str roots (PEM), u64 until_s */
	KEEPER_MSG_CHANGED, /* ask again soon: roots or intermediate are others */
	KEEPER_MSG_ERROR,   /* frame_put_err() */
};

#endif
