/* GET /metrics over HTTP/1.1, one answer a connection, in an event loop (Prometheus scrapes it). */
#ifndef RF_MESH_PROXY_METRICS_H
#define RF_MESH_PROXY_METRICS_H

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct metrics;

#define METRICS_MAX_CLIENTS 32
#define METRICS_MAX_HEAD    ((size_t)8 << 10) /* bytes of a request */

/* fd is a listening socket, borrowed; write appends the page. */
int metrics_start(struct loop *loop, int fd, void (*write)(void *ctx, struct rf_buf *out),
	void *ctx, struct metrics **ret, struct rf_err *err) RF_MUST_USE;
void metrics_stop(struct metrics *metrics);

#endif
