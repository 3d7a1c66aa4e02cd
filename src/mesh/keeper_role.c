/*
 * The keeper's process. It is in the authority's directory as in a root directory of its own, as
 * root without any capability (the directory is root's, and `ringfence ca` changes it, too), and
 * has no network. The authority is opened for as long as one signature takes: so that the other
 * verbs may renew and rotate it meanwhile, which the keeper looks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/vec.h"
#include "loop/loop.h"
#include "mesh/ca_int.h"
#include "mesh/identity.h"
#include "mesh/keeper_int.h"
#include "proc/frame.h"
#include "proc/sandbox.h"

#define LOOK_MS		1000 /* for a change of the authority */
#define PATIENCE_MS	200U /* for the rest of a message that has begun */
#define SIGN_BURST	8    /* certificates that a client may have at once, */
#define SIGN_EVERY_MS	1000 /* and then one in this time */
#define RENEW_BEFORE_S	((int64_t)30 * 86400)
#define OPEN_FILES	((uint64_t)1 << 16)
#define EXIT_BAD_ORDERS 3

struct client {
	struct process *process;
	struct client *next, **link;
	int fd;
	struct loop_watch *watch;
	char *id;
	char *names; /* what dns are views of */
	RF_VEC(struct rf_str) dns;
	int64_t ttl_s;
	unsigned signs;	   /* that it may still ask for */
	uint64_t signs_ms; /* when they were counted */
};

struct process {
	int channel;
	struct loop *loop;
	struct loop_watch *watch; /* of the channel; NULL: who has started us is gone */
	struct client *clients;
	size_t client_count;
	uint64_t sequence;
	char intermediate[CERT_FP_SIZE];
	int64_t until_s; /* its end */
	bool ready;
};

static int reply(int channel, int code, const struct rf_err *why)
{
	AUTO_BUF payload = {0};

	if (code == RF_OK)
		return RF_OK;
	frame_put_err(&payload, why);
	return frame_send(channel, KEEPER_MSG_ERROR, rf_buf_str(&payload), NULL);
}

/* --- clients --- */

static void drop(struct client *client)
{
	struct process *p = client->process;

	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	p->client_count--;
	loop_unwatch(client->watch);
	rf_fd_closep(&client->fd);
	rf_vec_done(&client->dns);
	free(client->id);
	free(client->names);
	free(client);
	if (!p->watch && !p->clients)
		loop_stop(p->loop);
}

static int put_leaf(const struct ca_leaf *leaf, struct rf_buf *out, struct rf_err *err)
{
	frame_put_str(out, rf_buf_str(&leaf->cert));
	frame_put_str(out, rf_buf_str(&leaf->roots));
	frame_put_u64(out, (uint64_t)leaf->until_s);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}

static int sign(
	const struct client *client, struct rf_str csr, struct rf_buf *out, struct rf_err *err)
{
	const struct ca_request request = {
		.id = rf_str_of(client->id),
		.dns = client->dns.items,
		.dns_count = client->dns.count,
		.now_s = time(NULL),
		.ttl_s = client->ttl_s ? client->ttl_s : CA_LEAF_S,
		.csr = {(const uint8_t *)(csr.len ? csr.ptr : ""), csr.len},
	};
	AUTO_LEAF leaf = {.until_s = 0};
	AUTO_CA *ca = NULL;
	int rc = ca_open("/", true, &ca, err);

	if (rc == RF_OK)
		rc = ca_issue(ca, &request, &leaf, err);
	return rc == RF_OK ? put_leaf(&leaf, out, err) : rc;
}

/*
 * Every signature costs a line of the authority's log and the time of the others: a client that
 * was taken over by somebody must not have as many as it likes.
 */
static int take_turn(struct client *client, struct rf_err *err)
{
	uint64_t now_ms = loop_now_ms(), more = (now_ms - client->signs_ms) / SIGN_EVERY_MS;

	if (more) {
		client->signs = more < SIGN_BURST - client->signs ? client->signs + (unsigned)more
								  : SIGN_BURST;
		client->signs_ms = now_ms;
	}
	if (client->signs == 0)
		return rf_err_set(err, RF_EDENIED, "it asks too often");
	client->signs--;
	return RF_OK;
}

static void on_client(void *ctx, unsigned events RF_UNUSED)
{
	struct client *client = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	AUTO_BUF payload = {0};
	struct rf_err err;
	int rc;

	if (frame_recv_within(client->fd, PATIENCE_MS, &frame, &err) < 0 ||
		frame.type != KEEPER_MSG_SIGN) {
		drop(client);
		return;
	}
	rc = take_turn(client, &err);
	if (rc == RF_OK)
		rc = sign(client, rf_buf_str(&frame.payload), &payload, &err);
	if (rc == RF_OK)
		rc = frame_send(client->fd, KEEPER_MSG_CERT, rf_buf_str(&payload), &err);
	else
		rc = reply(client->fd, rc, &err);
	if (rc < 0)
		drop(client);
}

static int read_client(struct client *client, struct rf_str payload, struct rf_err *err)
{
	struct frame_reader reader;
	struct identity identity;
	struct rf_str id;
	int rc = RF_OK;

	client->names = rf_str_dup(payload);
	if (!client->names)
		return rf_err_nomem(err);
	reader = (struct frame_reader){.rest = {client->names, payload.len}};
	id = frame_get_str(&reader);
	client->ttl_s = (int64_t)frame_get_u64(&reader);
	while (!reader.failed && reader.rest.len && rc == RF_OK) {
		if (client->dns.count >= CA_MAX_NAMES ||
			!rf_vec_push(&client->dns, frame_get_str(&reader)))
			rc = rf_err_set(err, RF_ELIMIT, "too many DNS names");
	}
	if (rc == RF_OK &&
		(reader.failed || identity_parse(id, &identity, err) < 0 || client->ttl_s < 0))
		rc = rf_err_set(err, RF_EINPUT, "malformed client");
	client->id = rf_str_dup(id);
	return rc == RF_OK && !client->id ? rf_err_nomem(err) : rc;
}

static int add_client(struct process *p, struct frame *frame, struct rf_err *err)
{
	const struct timeval patience = {.tv_usec = (long)PATIENCE_MS * 1000};
	struct client *client;
	int rc;

	if (frame->fd_count != 1 || p->client_count >= KEEPER_MAX_CLIENTS)
		return rf_err_set(err, RF_ELIMIT, "no client, or too many");
	client = calloc(1, sizeof(*client));
	if (!client)
		return rf_err_nomem(err);
	client->process = p;
	client->signs = SIGN_BURST;
	client->signs_ms = loop_now_ms();
	client->fd = TAKE_FD(frame->fds[0]);
	client->next = p->clients;
	client->link = &p->clients;
	if (client->next)
		client->next->link = &client->next;
	p->clients = client;
	p->client_count++;
	rc = read_client(client, rf_buf_str(&frame->payload), err);
	if (rc == RF_OK) {
		/* Who begins a message and stops must not stop the others. */
		(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		client->watch = loop_watch_fd(p->loop, client->fd, LOOP_READ, on_client, client);
	}
	if (rc == RF_OK && !client->watch)
		rc = rf_err_nomem(err);
	if (rc < 0)
		drop(client);
	return rc;
}

/* --- the authority --- */

/* Its sequence and its intermediate; true when they are others than before. */
static bool look(struct process *p)
{
	AUTO_CA *ca = NULL;
	const struct ca_info *info;
	bool changed;

	if (ca_open("/", false, &ca, NULL) < 0)
		return false;
	info = ca_info(ca);
	changed = p->sequence != info->sequence ||
		  strcmp(p->intermediate, info->intermediate->fingerprint) != 0;
	p->sequence = info->sequence;
	memcpy(p->intermediate, info->intermediate->fingerprint, sizeof(p->intermediate));
	p->until_s = info->intermediate->until_s;
	return changed;
}

/* The intermediate in time, where the root's key can be opened here. */
static void renew_intermediate(const struct process *p)
{
	const struct ca_secret secret = {.key_file = NULL};
	AUTO_CA *ca = NULL;

	if (p->until_s - time(NULL) < RENEW_BEFORE_S && ca_open("/", true, &ca, NULL) == RF_OK)
		(void)!ca_renew(ca, &secret, time(NULL), NULL);
}

static void on_look(void *ctx)
{
	struct process *p = ctx;
	struct client *next;

	renew_intermediate(p);
	if (look(p)) {
		for (struct client *client = p->clients; client; client = next) {
			next = client->next;
			if (frame_send(client->fd, KEEPER_MSG_CHANGED, RF_STR(""), NULL) < 0)
				drop(client);
		}
	}
	(void)!loop_timer_add(p->loop, LOOK_MS, on_look, p);
}

static int confine(const char *dir, struct rf_err *err)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE | PROC_CALLS_FILES_READ | PROC_CALLS_FILES_WRITE |
			 PROC_CALLS_STORE | PROC_CALLS_EVENTS,
		.root_writable = true,
		.outlives_parent = true,
		.open_files = OPEN_FILES,
	};

	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", dir);
	box.root_fd = fd;
	return proc_sandbox_enter(&box, err);
}

static int open_authority(struct process *p, struct rf_str payload, struct rf_err *err)
{
	const struct ca_secret secret = {.key_file = NULL};
	struct frame_reader reader = {.rest = payload};
	struct rf_str dir = frame_get_str(&reader), domain = frame_get_str(&reader);
	AUTO_FREE char *path = rf_str_dup(dir);
	AUTO_CA *ca = NULL;
	int rc;

	if (!frame_reader_ok(&reader) || !path)
		return rf_err_set(err, RF_EINPUT, "malformed settings");
	rc = ca_open(path, false, &ca, err);
	if (rc == RF_EABSENT)
		rc = ca_init(path, domain, &secret, time(NULL), err);
	if (rc == RF_OK)
		rc = confine(path, err);
	(void)look(p);
	return rc;
}

/* Frees the authority again: its lock is the process's own enemy otherwise. */
static int read_domain(struct rf_buf *out, struct rf_err *err)
{
	AUTO_CA *ca = NULL;
	int rc = ca_open("/", false, &ca, err);

	if (rc == RF_OK)
		frame_put_str(out, ca_info(ca)->trust_domain);
	return rc;
}

static int begin(struct process *p, struct rf_str payload)
{
	AUTO_BUF ready = {0};
	struct rf_err err;
	int rc = open_authority(p, payload, &err);

	if (rc == RF_OK)
		rc = read_domain(&ready, &err);
	if (rc < 0) {
		(void)!reply(p->channel, rc, &err);
		return rc;
	}
	renew_intermediate(p);
	p->ready = true;
	(void)!loop_timer_add(p->loop, LOOK_MS, on_look, p);
	return frame_send(p->channel, KEEPER_MSG_READY, rf_buf_str(&ready), NULL);
}

static void on_order(void *ctx, unsigned events RF_UNUSED)
{
	struct process *p = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	struct rf_err err;

	if (frame_recv(p->channel, &frame, NULL) == RF_OK) {
		if (!p->ready && frame.type == KEEPER_MSG_SETTINGS &&
			begin(p, rf_buf_str(&frame.payload)) == RF_OK)
			return;
		if (p->ready && frame.type == KEEPER_MSG_CLIENT) {
			(void)!add_client(p, &frame, &err);
			return;
		}
	}
	/* Who has started us is gone: the clients are served to their end. */
	loop_unwatch(p->watch);
	p->watch = NULL;
	if (!p->clients)
		loop_stop(p->loop);
}

static int run(int channel)
{
	struct process p = {.channel = channel};
	struct rf_err err;

	prctl(PR_SET_PDEATHSIG, 0);
	(void)prctl(PR_SET_DUMPABLE, 0);
	ca_secure_heap();
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	if (loop_new(&p.loop, &err) < 0)
		return EXIT_BAD_ORDERS;
	p.watch = loop_watch_fd(p.loop, channel, LOOP_READ, on_order, &p);
	if (!p.watch || loop_run(p.loop, &err) < 0)
		return EXIT_BAD_ORDERS;
	while (p.clients)
		drop(p.clients);
	loop_free(p.loop);
	return 0;
}

PROC_ROLE(role, "mesh-keeper", run);
const struct proc_role *const keeper_role = &role;
