/* One request at a time; the key of the request is kept until its answer has come. */
#include "mesh/renewal.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <time.h>

#include "base/fd.h"
#include "mesh/ca_int.h"
#include "mesh/keeper.h"
#include "proc/frame.h"

#define RETRY_MS       200U
#define RETRY_MAX_MS   30000U
#define CHANGED_MAX_MS 1000U /* clients do not ask all at once */
#define MIN_RENEW_MS   1000U

struct renewal {
	struct loop *loop;
	int channel;
	struct loop_watch *watch;
	struct loop_timer *timer;
	int (*got)(void *ctx, const struct renewal_certs *certs);
	void *ctx;
	EVP_PKEY *key; /* of the request that is under way; NULL: none is */
	uint64_t retry_ms;
};

/* 0..below-1. */
static uint64_t dice(uint64_t below)
{
	uint64_t value = 0;

	if (RAND_bytes((unsigned char *)&value, sizeof(value)) != 1)
		value = loop_now_ms();
	return below ? value % below : 0;
}

static void ask(void *ctx);

static void plan(struct renewal *renewal, uint64_t delay_ms)
{
	loop_timer_del(renewal->timer);
	renewal->timer = loop_timer_add(renewal->loop, delay_ms, ask, renewal);
}

static void fail(struct renewal *renewal)
{
	EVP_PKEY_free(renewal->key);
	renewal->key = NULL;
	renewal->retry_ms = renewal->retry_ms ? renewal->retry_ms * 2 : RETRY_MS;
	if (renewal->retry_ms > RETRY_MAX_MS)
		renewal->retry_ms = RETRY_MAX_MS;
	plan(renewal, renewal->retry_ms);
}

/* A PKCS #10 request without names: the keeper knows whose it is. */
static int write_request(EVP_PKEY *key, struct rf_buf *out)
{
	CLEANUP(mesh_req_freep) X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int len = -1;

	if (req && X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0)
		len = i2d_X509_REQ(req, &der);
	if (len > 0)
		rf_buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	ERR_clear_error();
	return len > 0 && !out->failed ? RF_OK : RF_EINTERNAL;
}

static void ask(void *ctx)
{
	struct renewal *renewal = ctx;
	AUTO_BUF request = {0};
	struct rf_err err;

	renewal->timer = NULL;
	if (renewal->key || !renewal->watch)
		return;
	renewal->key = ca_key_new(&err);
	if (!renewal->key || write_request(renewal->key, &request) < 0 ||
		frame_send(renewal->channel, KEEPER_MSG_SIGN, rf_buf_str(&request), &err) < 0)
		fail(renewal);
}

/* Half of what is left, give or take a tenth of it. */
static uint64_t renew_in_ms(int64_t until_s)
{
	int64_t left_s = until_s - time(NULL);
	uint64_t left_ms = left_s > 0 ? (uint64_t)left_s * 1000 : 0;
	uint64_t wait_ms = left_ms / 2 - left_ms / 20 + dice(left_ms / 10 + 1);

	return wait_ms > MIN_RENEW_MS ? wait_ms : MIN_RENEW_MS;
}

static void take_cert(struct renewal *renewal, const struct frame *frame)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	struct renewal_certs certs = {
		.cert = frame_get_str(&reader), .roots = frame_get_str(&reader)};
	AUTO_BUF key = {0};
	struct rf_err err;

	certs.until_s = (int64_t)frame_get_u64(&reader);
	if (!frame_reader_ok(&reader) || !renewal->key ||
		ca_key_write(renewal->key, &key, &err) < 0) {
		fail(renewal);
		return;
	}
	certs.key = rf_buf_str(&key);
	if (renewal->got(renewal->ctx, &certs) < 0) {
		fail(renewal);
	} else {
		EVP_PKEY_free(renewal->key);
		renewal->key = NULL;
		renewal->retry_ms = 0;
		plan(renewal, renew_in_ms(certs.until_s));
	}
	OPENSSL_cleanse(key.data, key.len);
}

static void on_message(void *ctx, unsigned events RF_UNUSED)
{
	struct renewal *renewal = ctx;
	AUTO_FRAME frame = FRAME_INIT;

	if (frame_recv(renewal->channel, &frame, NULL) < 0) {
		/* The keeper has gone: what there is stays good until its end. */
		loop_unwatch(renewal->watch);
		renewal->watch = NULL;
		return;
	}
	switch (frame.type) {
	case KEEPER_MSG_CERT: take_cert(renewal, &frame); break;
	case KEEPER_MSG_CHANGED: plan(renewal, dice(CHANGED_MAX_MS)); break;
	default: fail(renewal); break;
	}
}

int renewal_start(struct loop *loop, int channel,
	int (*got)(void *ctx, const struct renewal_certs *certs), void *ctx, struct renewal **ret,
	struct rf_err *err)
{
	struct renewal *renewal = calloc(1, sizeof(*renewal));

	if (!renewal)
		return rf_err_nomem(err);
	*renewal = (struct renewal){.loop = loop, .channel = channel, .got = got, .ctx = ctx};
	renewal->watch = loop_watch_fd(loop, channel, LOOP_READ, on_message, renewal);
	if (!renewal->watch) {
		free(renewal);
		return rf_err_nomem(err);
	}
	ask(renewal);
	*ret = renewal;
	return RF_OK;
}

void renewal_stop(struct renewal *renewal)
{
	if (!renewal)
		return;
	loop_unwatch(renewal->watch);
	loop_timer_del(renewal->timer);
	EVP_PKEY_free(renewal->key);
	rf_fd_closep(&renewal->channel);
	free(renewal);
}
