/* The keeper and its clients: a process of its own that signs for whom it was told of. */
#include "tests/lib/tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "mesh/ca.h"
#include "mesh/cert.h"
#include "mesh/keeper.h"
#include "mesh/renewal.h"
#include "proc/frame.h"

#define PATIENCE_MS 15000

static char dir[64];
static struct keeper *keeper;
static struct rf_err err;

/* What a client has got. */
struct got {
	struct loop *loop;
	unsigned count, wanted;
	struct rf_buf cert, key, roots;
	int64_t until_s;
};

static void got_done(struct got *got)
{
	loop_free(got->loop);
	rf_buf_done(&got->cert);
	rf_buf_done(&got->key);
	rf_buf_done(&got->roots);
}
#define AUTO_GOT CLEANUP(got_done) struct got

static void keep(struct rf_buf *buf, struct rf_str text)
{
	rf_buf_clear(buf);
	rf_buf_add_str(buf, text);
}

static int take(void *ctx, const struct renewal_certs *certs)
{
	struct got *got = ctx;

	keep(&got->cert, certs->cert);
	keep(&got->key, certs->key);
	keep(&got->roots, certs->roots);
	got->until_s = certs->until_s;
	if (++got->count >= got->wanted)
		loop_stop(got->loop);
	return RF_OK;
}

static void give_up(void *ctx)
{
	loop_stop(ctx);
}

static int add(int64_t ttl_s)
{
	static const struct rf_str names[] = {{"web.shop.svc", 12}, {"web", 3}};
	const struct keeper_client client = {.namespace = RF_STR("shop"),
		.account = RF_STR("web"),
		.dns = names,
		.dns_count = 2,
		.ttl_s = ttl_s};
	int fd = -1;

	CHECKF(keeper_add_client(keeper, &client, &fd, &err) == RF_OK, "%s", err.msg);
	return fd;
}

/* Runs a client until it has got as many certificates. */
static void run(struct got *got, int fd, unsigned wanted)
{
	struct renewal *renewal = NULL;
	struct loop_timer *timer;

	got->wanted = wanted;
	CHECK_INT(loop_new(&got->loop, &err), RF_OK);
	CHECK_INT(renewal_start(got->loop, fd, take, got, &renewal, &err), RF_OK);
	timer = loop_timer_add(got->loop, PATIENCE_MS, give_up, got->loop);
	CHECK_INT(loop_run(got->loop, &err), RF_OK);
	CHECK_INT(got->count, wanted);
	if (got->count >= wanted)
		loop_timer_del(timer);
	renewal_stop(renewal);
}

static void a_client_gets_its_identity_and_its_names(void)
{
	AUTO_CERTS *list = NULL;
	AUTO_GOT got = {.count = 0};
	size_t key;

	run(&got, add(0), 1);
	REQUIRE(got.count == 1);
	REQUIRE(cert_read((struct rf_bytes){(const uint8_t *)got.cert.data, got.cert.len}, &list,
			&err) == RF_OK);
	CHECK_STR(list->items[0].names[0].text.ptr, "spiffe://cluster.local/ns/shop/sa/web");
	CHECK_STR(list->items[0].names[1].text.ptr, "web.shop.svc");
	CHECK_INT(list->items[0].name_count, 3);
	CHECK(cert_find_key(list, (struct rf_bytes){(const uint8_t *)got.key.data, got.key.len},
		      &key, &err) == RF_OK);
	CHECK_INT(key, 0);
	CHECK(got.until_s > time(NULL) + CA_LEAF_S / 2);
}

static void a_certificate_is_renewed_at_half_of_its_life(void)
{
	AUTO_GOT got = {.count = 0};
	int64_t begin_s = time(NULL);

	run(&got, add(10), 2);
	CHECKF(time(NULL) - begin_s >= 3 && time(NULL) - begin_s <= 8, "after %lld s",
		(long long)(time(NULL) - begin_s));
}

static void a_new_intermediate_is_told_to_clients(void)
{
	static const struct ca_secret secret;
	AUTO_GOT got = {.count = 0};
	pid_t pid = fork();

	if (pid == 0) {
		struct ca *ca = NULL;

		sleep(1);
		if (ca_open(dir, true, &ca, NULL) < 0 ||
			ca_rotate(ca, &secret, time(NULL), NULL) < 0)
			_exit(1);
		_exit(0);
	}
	run(&got, add(0), 2);
	CHECK(memmem(got.roots.data, got.roots.len, "BEGIN", 5) != NULL);
	kill(pid, SIGTERM);
}

static void a_malformed_message_ends_its_sender_only(void)
{
	AUTO_FRAME frame = FRAME_INIT;
	AUTO_GOT got = {.count = 0};
	AUTO_FD bad = add(0);
	AUTO_FD half = add(0);

	CHECK_INT(frame_send(bad, 99, RF_STR("?"), &err), RF_OK);
	CHECK_INT(frame_recv(bad, &frame, &err), RF_EABSENT);
	/* Half of a header, and silence: the others are served all the same. */
	CHECK_INT(send(half, "\1\0\0", 3, 0), 3);
	run(&got, add(0), 1);
}

static void a_request_that_is_none_is_answered_with_an_error(void)
{
	AUTO_FRAME frame = FRAME_INIT;
	AUTO_FD fd = add(0);

	CHECK_INT(frame_send(fd, KEEPER_MSG_SIGN, RF_STR("no request"), &err), RF_OK);
	CHECK_INT(frame_recv(fd, &frame, &err), RF_OK);
	CHECK_INT(frame.type, KEEPER_MSG_ERROR);
}

static void a_client_that_drips_a_message_is_dropped(void)
{
	AUTO_GOT got = {.count = 0};
	int half = add(0);
	pid_t pid = fork();

	if (pid == 0) {
		static const uint32_t header[2] = {1 << 20, KEEPER_MSG_SIGN};

		alarm(20);
		(void)!send(half, header, sizeof(header), MSG_NOSIGNAL);
		while (send(half, "\1", 1, MSG_NOSIGNAL) == 1)
			usleep(50000);
		_exit(0);
	}
	rf_fd_closep(&half);
	usleep(100000);
	run(&got, add(0), 1);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void a_client_does_not_get_as_many_certificates_as_it_likes(void)
{
	AUTO_FRAME frame = FRAME_INIT;
	AUTO_FD fd = add(0);

	for (int i = 0; i < 20; i++) {
		CHECK_INT(frame_send(fd, KEEPER_MSG_SIGN, RF_STR("no request"), &err), RF_OK);
		REQUIRE(frame_recv(fd, &frame, &err) == RF_OK);
	}
	CHECK(memmem(frame.payload.data, frame.payload.len, "too often", 9) != NULL);
}

static void it_lives_as_long_as_its_clients(void)
{
	pid_t pid = keeper_pid(keeper);
	AUTO_GOT got = {.count = 0};
	int fd = add(0);

	keeper_free(keeper);
	keeper = NULL;
	run(&got, fd, 1);
	for (int i = 0; i < 100 && kill(pid, 0) == 0 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		usleep(20000);
	CHECK(kill(pid, 0) < 0);
}

int main(int argc, char **argv)
{
	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	snprintf(dir, sizeof(dir), "/tmp/rf-unit-keeper-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	if (keeper_start(dir, RF_STR("cluster.local"), &keeper, &err) < 0) {
		tap_diag("%s", err.msg);
		CHECKF(false, "keeper_start");
		return TAP_END() | 1;
	}
	RUN(a_client_gets_its_identity_and_its_names);
	RUN(a_request_that_is_none_is_answered_with_an_error);
	RUN(a_malformed_message_ends_its_sender_only);
	RUN(a_certificate_is_renewed_at_half_of_its_life);
	RUN(a_new_intermediate_is_told_to_clients);
	RUN(a_client_that_drips_a_message_is_dropped);
	RUN(a_client_does_not_get_as_many_certificates_as_it_likes);
	RUN(it_lives_as_long_as_its_clients);
	keeper_free(keeper);
	(void)!rf_dir_remove(dir, NULL);
	return TAP_END();
}
