/* What the files of a worker share. */
#ifndef RF_MESH_PROXY_WORKER_INT_H
#define RF_MESH_PROXY_WORKER_INT_H

#include "loop/loop.h"
#include "mesh/proxy/worker.h"
#include "wire/engine.h"

#define READ_BATCH ((size_t)64 << 10)
/* What one batch decrypts to, with a record that was read in part before. */
#define PLAIN_BATCH ((size_t)96 << 10)
#define LOG_FLUSH   ((size_t)32 << 10)
#define SWEEP_MS    250

struct conn;

/*
 * One end of a connection. out holds bytes for its socket that did not fit: while it holds any,
 * nothing is read from the other end, so that it never holds more than a batch.
 */
struct end {
	struct conn *conn;
	int fd;
	struct loop_watch *watch;
	struct wire_engine *tls; /* NULL: plain */
	char *out;
	size_t out_len, out_off;
	bool readable, writable; /* as far as is known */
	bool hangup;		 /* read until the end even after a short read */
	bool got_end;		 /* the peer has ended its side, properly */
	bool want_end;		 /* ours is to be ended once out is empty */
	bool sent_end;
};

enum conn_step {
	CONN_FIRST,	   /* the first bytes: PROXY header, ClientHello */
	CONN_HANDSHAKE,	   /* with who has connected */
	CONN_DIAL,	   /* to the target */
	CONN_UP_HANDSHAKE, /* with the target */
	CONN_RELAY,
	CONN_LINGER, /* refused: what still comes is thrown away until the peer has read why */
};

struct conn {
	struct worker *worker;
	struct conn *next, **link;	  /* all of the worker's */
	struct conn *ready, **ready_link; /* those to go on with after the events of this round */
	struct end down, up;
	enum proxy_side side;
	enum conn_step step;
	uint8_t *first; /* what has come of an unfinished beginning */
	size_t first_len;
	bool proxy_read;
	bool to_original;	 /* a pod's: the target is `local` */
	bool plain;		 /* no TLS of ours in it */
	bool waits;		 /* to begin its handshake, as too many are under way */
	struct loop_timer *hold; /* nothing is done before it fires (faults) */
	enum peer_auth_mode mode;
	size_t target;			      /* index of the one that is being tried */
	struct endpoint peer, local, dialled; /* local: where the peer wanted to go */
	struct endpoint source;		      /* of the PROXY header; else as peer */
	struct stats_peer *stats;
	int64_t until_s; /* the peer's certificate ends */
	uint64_t opened_us, deadline_ms;
	uint64_t received, sent; /* plain bytes from and to who has connected */
	const char *result;	 /* a word for the log, once it is decided */
	char *rule;		 /* that decided; NULL: not asked */
	char *note;		 /* of one that decides nothing; NULL: none */
};

struct listener {
	struct worker *worker;
	int fd; /* borrowed */
	enum proxy_side side;
	struct loop_watch *watch;
};

struct worker {
	struct worker_opts opts;
	pthread_t thread;
	bool started;
	struct loop *loop;
	int wake_fd;
	struct loop_watch *wake;
	struct listener listeners[PROXY_MAX_LISTENERS];
	bool listening;
	struct loop_timer *sweep, *resume, *relisten;

	pthread_mutex_t lock;	  /* of next and stop */
	struct proxy_state *next; /* published, not yet taken up */
	bool stop;

	struct proxy_state *state;
	struct wire_identity *identity;
	struct conn *conns, *ready;
	size_t conn_count, pending;
	size_t handshakes; /* with who has connected, under way */
	size_t crowd;	   /* most connections since memory was given back */
	struct rf_buf log;
	struct proxy_stats stats;

	struct wire_io io;
	uint8_t in[READ_BATCH];
	uint8_t plain[PLAIN_BATCH];
};

uint64_t worker_now_us(void);
/* Whether the limit of what may wait for slow readers is met. */
bool worker_is_full(const struct worker *worker);
/* Runs the connections of the ready list after the events of this round. */
void worker_resume_later(struct worker *worker);

/* --- end.c: each gives 0, or -1 when the connection is to be given up --- */

/* Watches fd, which becomes the end's. */
int end_open(struct end *end, struct conn *conn, int fd);
/* Sends a reset instead of a proper end when the end is closed. */
void end_reset(struct end *end);
void end_close(struct end *end);
/* Sends what waits. */
int end_flush(struct end *end);
/* For the socket as it is. */
int end_put_raw(struct end *end, const void *data, size_t len);
/* For the peer: encrypted where there is TLS. At most PLAIN_BATCH bytes. */
int end_put(struct end *end, const void *data, size_t len);
/* What the engine has to say. */
int end_put_engine(struct end *end);
/* Our side ends: now, or once everything has been sent. */
int end_finish(struct end *end);
/* Into the worker's `in`: bytes, 0 when nothing is there (got_end may be set), -1. */
ssize_t end_fetch(struct end *end, size_t max);
/* Decrypts what the engine can give into `plain`: bytes, or -1; got_end may be set. */
ssize_t end_decrypt(struct end *end);

/* --- conn.c --- */

void conn_accept(const struct listener *listener, int fd, const struct endpoint *peer);
/* Goes on as far as it can; frees the connection when it is over. */
void conn_run(struct conn *conn);
/* Ends it at once: reset on both sides. result is a word for the log. */
void conn_abort(struct conn *conn, const char *result);
void conn_free(struct conn *conn);
/* Puts it on the list of those to go on with. */
void conn_later(struct conn *conn);
/* False when the rules of the worker's state deny it (then conn->rule says which). */
bool conn_is_admitted(struct conn *conn);

/* --- faults.c --- */

/* Of a connection that begins: false when it is to end at once. */
bool conn_fault_begin(struct conn *conn);
/* Holds it as long as moving so many bytes should have taken. */
void conn_fault_pace(struct conn *conn, uint64_t bytes);

/* --- access_log.c --- */

void worker_log_conn(struct worker *worker, const struct conn *conn);
void worker_log_flush(struct worker *worker);

#endif
