/*
 * What the files of a connection share. Each step is a function that goes on as far as it can: it
 * says whether there is nothing more to do now, the step has changed, or the connection is to end.
 */
#ifndef RF_MESH_PROXY_CONN_INT_H
#define RF_MESH_PROXY_CONN_INT_H

#include "mesh/proxy/worker_int.h"

enum outcome {
	OUT_WAIT, /* nothing more to do now */
	OUT_NEXT, /* the step has changed */
	OUT_OVER, /* the connection is to end: result is set */
};

static inline enum outcome conn_over(struct conn *conn, const char *result)
{
	conn->result = result;
	return OUT_OVER;
}

static inline bool conn_is_server(const struct conn *conn)
{
	return conn->side == PROXY_SERVER;
}

/* NULL: it is no pod's. */
static inline const struct sidecar *conn_sidecar(const struct conn *conn)
{
	return conn->worker->state->sidecar;
}

static inline void conn_set_deadline(struct conn *conn, uint64_t ms)
{
	conn->deadline_ms = loop_now_ms() + ms;
}

/* To the next step, with its deadline. */
void conn_go(struct conn *conn, enum conn_step step);
void conn_drop_first(struct conn *conn);

/* --- conn_first.c --- */

enum outcome conn_first(struct conn *conn);
/* Counts a refused handshake. */
enum outcome conn_refuse(struct conn *conn, const char *reason);

/* --- conn_tls.c --- */

enum outcome conn_handshake(struct conn *conn);
/* OUT_NEXT: the handshake is done; what came after it is still in the buffers. */
enum outcome conn_shake(struct conn *conn, struct end *end);
void conn_know_peer(struct conn *conn, const struct end *end);
void conn_count(struct conn *conn, const struct end *from, size_t len);
/* What came behind a PROXY header, before there was anybody to give it to. 0, or -1. */
int conn_put_first(struct conn *conn);
/* What came with the end of a handshake goes to the other end as soon as there is one. */
int conn_take_rest(struct end *from, struct end *to);

/* --- conn_target.c --- */

enum outcome conn_dial(struct conn *conn);
enum outcome conn_up_handshake(struct conn *conn);

/* --- conn_relay.c --- */

enum outcome conn_relay(struct conn *conn);
enum outcome conn_linger(struct conn *conn);

#endif
