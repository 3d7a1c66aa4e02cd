/* Two engines in memory against each other: what is agreed, what is refused and why, and ends. */
#include "tests/lib/tap.h"

#include <openssl/ssl.h>
#include <time.h>
#include <unistd.h>

#include "mesh/svid.h"
#include "tests/lib/certs.h"
#include "wire/engine.h"
#include "wire/engine_int.h"

#define SERVER_ID "spiffe://shop.example/ns/default/sa/server"
#define CLIENT_ID "spiffe://shop.example/ns/default/sa/client"
#define WHOLE	  SIZE_MAX /* as much at once as there is */

/* One end: what it has sent and the other has not taken, and what it was sent. */
struct side {
	struct wire_io io;
	struct wire_identity *identity;
	struct wire_engine *engine;
	struct rf_buf sent;
	size_t taken;
	int rc;
	struct rf_err err;
	struct rf_buf got; /* plain bytes */
	bool ended;
};

static struct side server, client;
static size_t step = WHOLE;
static const struct certs_made *root;

static struct side *other_of(struct side *side)
{
	return side == &server ? &client : &server;
}

/* --- setting up --- */

static int judge(void *ctx, struct x509_st *leaf, char *id, size_t id_size, struct rf_err *err)
{
	(void)ctx, (void)id_size;
	return svid_id(leaf, id, err);
}

struct identity_is {
	const struct certs_made *leaf, *between, *root;
	bool tls12, resume;
	const char *alpn;
};

static int try_identity(struct side *side, struct identity_is is)
{
	AUTO_BUF cert = {0};
	AUTO_BUF key = {0};
	AUTO_BUF roots = {0};
	struct wire_identity_opts opts = {
		.tls12 = is.tls12, .resume = is.resume, .judge = judge, .alpn = is.alpn};

	certs_add(&cert, is.leaf);
	if (is.between)
		certs_add(&cert, is.between);
	certs_add_key(&key, is.leaf);
	certs_add(&roots, is.root ? is.root : root);
	opts.cert = rf_buf_str(&cert);
	opts.key = rf_buf_str(&key);
	opts.roots = rf_buf_str(&roots);
	return wire_identity_new(&opts, &side->io, &side->identity, &side->err);
}

static void set_identity(struct side *side, struct identity_is is)
{
	wire_identity_unref(side->identity);
	side->identity = NULL;
	if (try_identity(side, is) < 0) {
		tap_diag("%s", side->err.msg);
		abort();
	}
}

static void hang_up(struct side *side)
{
	wire_engine_free(side->engine);
	side->engine = NULL;
	side->sent.len = side->taken = side->got.len = 0;
	side->io.in_len = side->io.in_off = side->io.out_len = 0;
	side->rc = WIRE_ENGINE_WAIT;
	side->ended = false;
}

static void forget(void)
{
	hang_up(&server);
	hang_up(&client);
	wire_identity_unref(server.identity);
	wire_identity_unref(client.identity);
	server.identity = client.identity = NULL;
	rf_buf_done(&server.sent);
	rf_buf_done(&client.sent);
	rf_buf_done(&server.got);
	rf_buf_done(&client.got);
	certs_forget();
	step = WHOLE;
}

static const struct certs_made *make_leaf(const char *names)
{
	struct certs_shape shape = certs_leaf(names);

	return certs_make(root, &shape);
}

/* Both with the usual certificates. */
static void set_up(struct identity_is is)
{
	root = certs_make(NULL, &certs_root);
	is.leaf = make_leaf("URI:" SERVER_ID ",DNS:web.example,IP:127.0.0.1");
	set_identity(&server, is);
	is.leaf = make_leaf("URI:" CLIENT_ID);
	set_identity(&client, is);
}

static void call(const char *name)
{
	hang_up(&server);
	hang_up(&client);
	if (wire_engine_accept(server.identity, &server.engine, &server.err) < 0 ||
		wire_engine_connect(
			client.identity, name, name != NULL, &client.engine, &client.err) < 0)
		abort();
}

/* --- moving bytes --- */

/* Shows the side what the other one has sent, a step of it. */
static size_t show(struct side *side)
{
	struct side *from = other_of(side);
	size_t left = from->sent.len - from->taken;

	side->io.in = (const uint8_t *)(left ? from->sent.data + from->taken : "");
	side->io.in_len = left < step ? left : step;
	if (side->io.in_len > WIRE_IO_BATCH)
		side->io.in_len = WIRE_IO_BATCH;
	side->io.in_off = 0;
	return side->io.in_len;
}

static void flush(struct side *side)
{
	other_of(side)->io.in = NULL;
	rf_buf_add(&side->sent, side->io.out, side->io.out_len);
	side->io.out_len = 0;
}

static bool shake(struct side *side)
{
	size_t len = show(side), before = side->sent.len;

	if (side->rc != WIRE_ENGINE_WAIT)
		return false;
	side->rc = wire_engine_handshake(side->engine, &side->err);
	other_of(side)->taken += side->io.in_off;
	flush(side);
	return len || side->sent.len > before || side->rc != WIRE_ENGINE_WAIT;
}

static void handshake(void)
{
	bool moved = true;

	while (moved) {
		moved = shake(&client);
		moved = shake(&server) || moved;
	}
}

/* Everything that is there; the result of the last read. */
static ssize_t receive(struct side *side)
{
	static char data[WIRE_IO_BATCH];
	ssize_t got;

	do {
		size_t len = show(side);

		while ((got = wire_engine_read(side->engine, data, sizeof(data), &side->err)) > 0)
			rf_buf_add(&side->got, data, (size_t)got);
		other_of(side)->taken += side->io.in_off;
		flush(side);
		if (len == 0)
			break;
	} while (got == WIRE_ENGINE_WAIT);
	side->ended |= got == 0;
	return got;
}

static int put(struct side *side, struct rf_str text)
{
	int rc = wire_engine_write(side->engine, text.ptr, text.len, &side->err);

	flush(side);
	return rc;
}

static bool passes(struct side *from, struct rf_str text)
{
	struct side *to = other_of(from);

	to->got.len = 0;
	return put(from, text) == RF_OK && receive(to) == WIRE_ENGINE_WAIT &&
	       rf_str_eq(rf_buf_str(&to->got), text);
}

static void finish(struct side *side)
{
	wire_engine_close(side->engine);
	flush(side);
}

#define REFUSED(side, why)                                                                    \
	do {                                                                                  \
		CHECKF((side).rc < 0 && (side).rc != WIRE_ENGINE_WAIT, "it was not refused"); \
		CHECK_STR(wire_engine_reason((side).engine), why);                            \
	} while (0)

/* --- good connections --- */

static void both_sides_know_each_other(void)
{
	set_up((struct identity_is){.alpn = "ringfence"});
	call("web.example");
	handshake();
	CHECK_INT(server.rc, RF_OK);
	CHECK_INT(client.rc, RF_OK);
	CHECK_STR(wire_engine_peer(server.engine)->id, CLIENT_ID);
	CHECK_STR(wire_engine_peer(client.engine)->id, SERVER_ID);
	CHECK_STR(wire_engine_peer(client.engine)->subject, "CN=leaf");
	CHECK_STR(wire_identity_id(server.identity), SERVER_ID);
	CHECK_STR(wire_engine_server_name(server.engine), "web.example");
	CHECK_STR(wire_engine_version(server.engine), "TLSv1.3");
	CHECK(wire_engine_peer(client.engine)->until_s == wire_identity_until_s(server.identity));
	CHECK(passes(&client, RF_STR("hello")));
	CHECK(passes(&server, RF_STR("welcome")));
	forget();
}

static void bytes_may_come_one_by_one(void)
{
	for (int tls12 = 0; tls12 < 2; tls12++) {
		set_up((struct identity_is){.tls12 = tls12});
		call("web.example");
		if (tls12)
			SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
		step = 1;
		handshake();
		CHECK(server.rc == RF_OK && client.rc == RF_OK);
		CHECK_STR(wire_engine_version(client.engine), tls12 ? "TLSv1.2" : "TLSv1.3");
		CHECK(passes(&client, RF_STR("hello")));
		CHECK(passes(&server, RF_STR("welcome")));
		finish(&client);
		CHECK_INT(receive(&server), 0);
		forget();
	}
}

static void large_data_arrives_whole_in_steps_of_any_size(void)
{
	static const size_t steps[] = {1000, 16384, 16385, 65536, WHOLE};
	static char data[1 << 20];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	set_up((struct identity_is){.alpn = NULL});
	for (size_t i = 0; i < RF_ARRAY_LEN(steps); i++) {
		size_t at = 0;

		call("web.example");
		handshake();
		step = steps[i];
		while (at < sizeof(data)) {
			size_t len = sizeof(data) - at;

			len = len < WIRE_IO_BATCH ? len : WIRE_IO_BATCH;
			REQUIRE(put(&client, (struct rf_str){data + at, len}) == RF_OK);
			REQUIRE(put(&server, (struct rf_str){data + at, len}) == RF_OK);
			at += len;
		}
		CHECK_INT(receive(&server), WIRE_ENGINE_WAIT);
		CHECK_INT(receive(&client), WIRE_ENGINE_WAIT);
		CHECK(rf_str_eq(rf_buf_str(&server.got), (struct rf_str){data, sizeof(data)}));
		CHECK(rf_str_eq(rf_buf_str(&client.got), (struct rf_str){data, sizeof(data)}));
	}
	forget();
}

static void a_protocol_is_chosen_only_when_it_is_offered(void)
{
	const unsigned char *name;
	unsigned len;

	set_up((struct identity_is){.alpn = "ringfence"});
	call("web.example");
	handshake();
	SSL_get0_alpn_selected(server.engine->ssl, &name, &len);
	CHECK(len == 9 && memcmp(name, "ringfence", 9) == 0);
	call("web.example");
	SSL_set_alpn_protos(client.engine->ssl, (const unsigned char *)"\x02h2\x03x.y", 7);
	handshake();
	CHECK_INT(server.rc, RF_OK);
	SSL_get0_alpn_selected(server.engine->ssl, &name, &len);
	CHECK_INT(len, 0);
	forget();
}

/* --- ends --- */

static void each_side_ends_on_its_own(void)
{
	for (int tls12 = 0; tls12 < 2; tls12++) {
		set_up((struct identity_is){.tls12 = tls12});
		call("web.example");
		if (tls12)
			SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
		handshake();
		CHECK(put(&client, RF_STR("last")) == RF_OK);
		finish(&client);
		CHECK_INT(receive(&server), 0);
		CHECK(rf_str_is(rf_buf_str(&server.got), "last"));
		/* The other direction goes on. */
		CHECK(passes(&server, RF_STR("still here")));
		CHECK(passes(&server, RF_STR("and here")));
		finish(&server);
		CHECK_INT(receive(&client), 0);
		forget();
	}
}

static void an_end_is_told_once_and_reads_nothing(void)
{
	size_t len;

	set_up((struct identity_is){.alpn = NULL});
	call("web.example");
	handshake();
	finish(&client);
	len = client.sent.len;
	/* What another connection has left in the buffers is none of its business. */
	client.io.in = (const uint8_t *)"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
	client.io.in_len = 36;
	client.io.in_off = 0;
	finish(&client);
	CHECK_INT(client.io.in_off, 0);
	CHECK_INT(client.sent.len, len);
	CHECK_INT(receive(&server), 0);
	CHECK(passes(&server, RF_STR("still here")));
	forget();
}

static void changed_bytes_are_refused(void)
{
	set_up((struct identity_is){.alpn = NULL});
	call("web.example");
	handshake();
	CHECK(put(&client, RF_STR("hello")) == RF_OK);
	client.sent.data[client.sent.len - 1] ^= 1;
	CHECK_INT(receive(&server), RF_EINPUT);
	CHECK_INT(server.got.len, 0);
	forget();
}

/* --- post-handshake messages --- */

static void keys_may_change(void)
{
	set_up((struct identity_is){.alpn = NULL});
	call("web.example");
	handshake();
	for (int i = 0; i < 20; i++) {
		CHECK(SSL_key_update(client.engine->ssl,
			      i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) ==
			1);
		CHECK(passes(&client, RF_STR("hello")));
		CHECK(passes(&server, RF_STR("welcome")));
	}
	forget();
}

static void renegotiation_is_refused(void)
{
	set_up((struct identity_is){.tls12 = true});
	call("web.example");
	SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
	handshake();
	CHECK(passes(&client, RF_STR("hello")));
	SSL_clear_options(client.engine->ssl, SSL_OP_NO_RENEGOTIATION);
	CHECK_INT(SSL_renegotiate(client.engine->ssl), 1);
	client.io.in_len = client.io.in_off = 0;
	(void)SSL_do_handshake(client.engine->ssl);
	flush(&client);
	server.sent.len = server.taken = 0;
	(void)receive(&server);
	/* One record, an alert (RFC 5246 section 7.2). */
	CHECK(server.sent.len > 5 && server.sent.data[0] == 21);
	CHECK(server.sent.len <= 64);
	forget();
}

/* --- refusals --- */

static void a_client_without_a_certificate_is_refused(void)
{
	for (int tls12 = 0; tls12 < 2; tls12++) {
		set_up((struct identity_is){.tls12 = tls12});
		call("web.example");
		if (tls12)
			SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
		SSL_certs_clear(client.engine->ssl);
		handshake();
		REFUSED(server, "no-certificate");
		CHECK_INT(server.rc, RF_EDENIED);
		CHECK(server.sent.len > server.taken || client.rc != WIRE_ENGINE_WAIT);
		forget();
	}
}

static void older_versions_are_refused(void)
{
	set_up((struct identity_is){.tls12 = false});
	call("web.example");
	SSL_set_min_proto_version(client.engine->ssl, TLS1_2_VERSION);
	SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
	handshake();
	REFUSED(server, "version");
	forget();
	set_up((struct identity_is){.tls12 = true});
	call("web.example");
	SSL_set_security_level(client.engine->ssl, 0);
	SSL_set_min_proto_version(client.engine->ssl, TLS1_VERSION);
	SSL_set_max_proto_version(client.engine->ssl, TLS1_1_VERSION);
	handshake();
	CHECK(server.rc != RF_OK && client.rc != RF_OK);
	forget();
}

static void what_is_no_tls_is_refused(void)
{
	set_up((struct identity_is){.alpn = NULL});
	call("web.example");
	rf_buf_add_c(&client.sent, "GET / HTTP/1.1\r\n\r\n");
	(void)shake(&server);
	REFUSED(server, "not-tls");
	CHECK_INT(server.rc, RF_EINPUT);
	forget();
}

/* The client shows this leaf; the server's reason, "" when it is let in. */
static const char *show_leaf(const struct certs_made *leaf, const struct certs_made *between)
{
	set_identity(&client, (struct identity_is){.leaf = leaf, .between = between});
	call("web.example");
	handshake();
	return server.rc == RF_OK ? "" : wire_engine_reason(server.engine);
}

static const char *show_shape(struct certs_shape shape)
{
	return show_leaf(certs_make(root, &shape), NULL);
}

static void certificates_of_other_roots_are_refused(void)
{
	const struct certs_made *other;
	struct certs_shape shape = certs_leaf("URI:" CLIENT_ID), named = certs_root;

	set_up((struct identity_is){.alpn = NULL});
	named.cn = "other";
	other = certs_make(NULL, &named);
	CHECK_STR(show_leaf(certs_make(other, &shape), NULL), "untrusted");
	/* The same name, another key. */
	other = certs_make(NULL, &certs_root);
	CHECK(show_leaf(certs_make(other, &shape), NULL)[0]);
	/* One that brings its root along. */
	CHECK_STR(show_leaf(certs_make(other, &shape), other), "bad-signature");
	CHECK_STR(show_leaf(certs_make(NULL, &shape), NULL), "untrusted");
	forget();
}

static void certificates_out_of_their_time_are_refused(void)
{
	struct certs_shape shape = certs_leaf("URI:" CLIENT_ID);

	set_up((struct identity_is){.alpn = NULL});
	shape.until_s = -10;
	CHECK_STR(show_shape(shape), "expired");
	shape.from_s = 10;
	shape.until_s = 100;
	CHECK_STR(show_shape(shape), "not-yet-valid");
	forget();
}

static void a_certificate_that_expires_is_not_remembered_as_good(void)
{
	struct certs_shape shape = certs_leaf("URI:" CLIENT_ID);

	set_up((struct identity_is){.alpn = NULL});
	shape.until_s = 2;
	CHECK_STR(show_shape(shape), "");
	call("web.example");
	handshake();
	CHECK_INT(server.rc, RF_OK);
	sleep(3);
	call("web.example");
	handshake();
	REFUSED(server, "expired");
	forget();
}

static void certificates_of_the_wrong_shape_are_refused(void)
{
	struct certs_shape shape, leaf = certs_leaf("URI:" CLIENT_ID);
	const struct certs_made *between;

	set_up((struct identity_is){.alpn = NULL});
	CHECK_STR(show_shape(certs_leaf("URI:" CLIENT_ID ",URI:spiffe://shop.example/x")),
		"identity");
	CHECK_STR(show_shape(certs_leaf("URI:spiffe://shop.example")), "identity");
	shape = certs_leaf("URI:" CLIENT_ID);
	shape.exts[0].value = "critical,CA:TRUE";
	CHECK_STR(show_shape(shape), "identity");
	shape = certs_leaf("URI:" CLIENT_ID);
	shape.exts[2].value = "serverAuth";
	CHECK_STR(show_shape(shape), "wrong-usage");
	shape = certs_leaf("URI:" CLIENT_ID);
	shape.unknown = "\x04\x01x";
	CHECK_STR(show_shape(shape), "");
	shape.unknown_critical = true;
	CHECK_STR(show_shape(shape), "unknown-critical-extension");
	between = certs_make(root, &leaf);
	CHECK_STR(show_leaf(certs_make(between, &leaf), between), "untrusted");
	shape = certs_leaf("URI:" CLIENT_ID);
	shape.exts[1].value = "critical,digitalSignature,keyCertSign";
	between = certs_make(root, &shape);
	CHECK_STR(show_leaf(certs_make(between, &leaf), between), "untrusted");
	forget();
}

static void chains_are_bounded(void)
{
	struct certs_shape leaf = certs_leaf("URI:" CLIENT_ID), authority = certs_root;
	const struct certs_made *issuers[WIRE_ENGINE_MAX_CHAIN + 1], *made;
	char names[WIRE_ENGINE_MAX_CHAIN + 1][8];

	set_up((struct identity_is){.alpn = NULL});
	for (size_t i = 0; i < RF_ARRAY_LEN(issuers); i++) {
		snprintf(names[i], sizeof(names[i]), "ca%zu", i);
		authority.cn = names[i];
		issuers[i] = certs_make(i ? issuers[i - 1] : root, &authority);
	}
	made = certs_make(issuers[WIRE_ENGINE_MAX_CHAIN], &leaf);
	call("web.example");
	CHECK_INT(SSL_use_cert_and_key(client.engine->ssl, made->x509, made->key, NULL, 1), 1);
	for (size_t i = RF_ARRAY_LEN(issuers); i-- > 0;)
		CHECK_INT(SSL_add1_chain_cert(client.engine->ssl, issuers[i]->x509), 1);
	handshake();
	REFUSED(server, "chain-too-long");
	forget();
}

static void a_client_checks_the_name(void)
{
	static const struct {
		const char *names, *name, *reason;
	} rows[] = {
		{"DNS:web.example", "web.example", ""},
		{"DNS:web.example", "WEB.EXAMPLE", ""},
		{"DNS:web.example", "other.example", "wrong-name"},
		{"DNS:web.example", "web.example.evil", "wrong-name"},
		{"DNS:web.example", "127.0.0.1", "wrong-name"},
		{"DNS:*.web.example", "a.web.example", ""},
		{"DNS:*.web.example", "a.b.web.example", "wrong-name"},
		{"DNS:a*.web.example", "abc.web.example", "wrong-name"},
		{"IP:127.0.0.1", "127.0.0.1", ""},
		{"IP:127.0.0.1", "127.0.0.2", "wrong-name"},
		{"IP:::1", "::1", ""},
		{"DNS:127.0.0.1", "127.0.0.1", "wrong-name"},
		/* Its subject's CN is "leaf", which is no name of a host. */
		{"URI:" SERVER_ID, "leaf", "wrong-name"},
		{"URI:" SERVER_ID, "web.example", "wrong-name"},
	};

	set_up((struct identity_is){.alpn = NULL});
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		set_identity(&server, (struct identity_is){.leaf = make_leaf(rows[i].names)});
		call(rows[i].name);
		handshake();
		CHECKF((client.rc == RF_OK) == !rows[i].reason[0] &&
				strcmp(wire_engine_reason(client.engine), rows[i].reason) == 0,
			"%s for %s: \"%s\", want \"%s\"", rows[i].names, rows[i].name,
			wire_engine_reason(client.engine), rows[i].reason);
	}
	forget();
}

static void without_a_name_to_check_any_is_fine(void)
{
	set_up((struct identity_is){.alpn = NULL});
	call(NULL);
	handshake();
	CHECK(server.rc == RF_OK && client.rc == RF_OK);
	CHECK(!wire_engine_server_name(server.engine));
	forget();
}

/* A verdict about a client says nothing about a server. */
static void a_good_client_is_not_a_good_server_for_it(void)
{
	struct certs_shape shape = certs_leaf("URI:" CLIENT_ID ",DNS:web.example");
	const struct certs_made *leaf;
	struct wire_engine *calling, *called;
	struct wire_identity *first;

	set_up((struct identity_is){.alpn = NULL});
	shape.exts[2].value = "clientAuth";
	leaf = certs_make(root, &shape);
	CHECK_STR(show_leaf(leaf, NULL), "");
	/* Now the one that has let it in calls it. */
	hang_up(&server);
	hang_up(&client);
	first = server.identity;
	CHECK_INT(wire_engine_connect(first, "web.example", true, &calling, &server.err), RF_OK);
	CHECK_INT(wire_engine_accept(client.identity, &called, &client.err), RF_OK);
	server.engine = calling;
	client.engine = called;
	handshake();
	REFUSED(server, "wrong-usage");
	forget();
}

/* --- sessions --- */

/* After a proper end: OpenSSL forgets sessions of connections without one. */
static void call_again(SSL_SESSION *session)
{
	finish(&client);
	CHECK_INT(receive(&server), 0);
	finish(&server);
	call("web.example");
	if (SSL_set_session(client.engine->ssl, session) != 1 ||
		SSL_set_max_proto_version(
			client.engine->ssl, SSL_SESSION_get_protocol_version(session)) != 1)
		abort();
	handshake();
}

/* A session of a connection that has passed data, as a client keeps it. */
static SSL_SESSION *session_of(void)
{
	SSL_SESSION *session;

	CHECK(passes(&server, RF_STR("welcome")));
	session = SSL_get1_session(client.engine->ssl);
	CHECK(session && SSL_SESSION_is_resumable(session));
	return session;
}

static void a_resumed_session_knows_its_peer(void)
{
	for (int tls12 = 0; tls12 < 2; tls12++) {
		SSL_SESSION *session;

		set_up((struct identity_is){.tls12 = tls12, .resume = true});
		call("web.example");
		if (tls12)
			SSL_set_max_proto_version(client.engine->ssl, TLS1_2_VERSION);
		handshake();
		CHECK(!wire_engine_resumed(server.engine));
		session = session_of();
		for (int i = 0; i < 3; i++) {
			SSL_SESSION *next;

			call_again(session);
			CHECKF(server.rc == RF_OK, "%s", server.rc < 0 ? server.err.msg : "");
			CHECKF(wire_engine_resumed(server.engine), "version %d, turn %d", tls12, i);
			CHECK_STR(wire_engine_peer(server.engine)->id, CLIENT_ID);
			CHECK(wire_engine_peer(server.engine)->until_s > time(NULL));
			CHECK(passes(&client, RF_STR("hello")));
			next = session_of();
			SSL_SESSION_free(session);
			session = next;
		}
		SSL_SESSION_free(session);
		forget();
	}
}

static void sessions_are_not_kept_unless_asked(void)
{
	SSL_SESSION *session;

	set_up((struct identity_is){.tls12 = true});
	call("web.example");
	handshake();
	CHECK(passes(&server, RF_STR("welcome")));
	session = SSL_get1_session(client.engine->ssl);
	CHECK(!SSL_SESSION_is_resumable(session));
	SSL_SESSION_free(session);
	forget();
}

static void a_session_does_not_outlive_the_certificate(void)
{
	struct certs_shape shape = certs_leaf("URI:" CLIENT_ID);
	SSL_SESSION *session;

	set_up((struct identity_is){.resume = true});
	shape.until_s = 2;
	set_identity(&client, (struct identity_is){.leaf = certs_make(root, &shape)});
	call("web.example");
	handshake();
	CHECK_INT(server.rc, RF_OK);
	session = session_of();
	sleep(3);
	call_again(session);
	REFUSED(server, "expired");
	SSL_SESSION_free(session);
	forget();
}

static void a_session_is_of_one_identity(void)
{
	const struct certs_made *leaf;
	SSL_SESSION *session;

	set_up((struct identity_is){.resume = true});
	call("web.example");
	handshake();
	session = session_of();
	leaf = make_leaf("URI:" SERVER_ID ",DNS:web.example");
	set_identity(&server, (struct identity_is){.leaf = leaf, .resume = true});
	call_again(session);
	CHECK_INT(server.rc, RF_OK);
	CHECK(!wire_engine_resumed(server.engine));
	CHECK_STR(wire_engine_peer(server.engine)->id, CLIENT_ID);
	SSL_SESSION_free(session);
	forget();
}

/* --- texts --- */

static void texts_that_do_not_belong_together_are_told_apart(void)
{
	const struct certs_made *leaf, *other;
	AUTO_BUF cert = {0};
	AUTO_BUF key = {0};
	AUTO_BUF other_key = {0};
	AUTO_BUF roots = {0};
	struct wire_identity_opts opts;
	struct wire_identity *identity;
	struct rf_err err;

	root = certs_make(NULL, &certs_root);
	leaf = make_leaf("URI:" SERVER_ID);
	other = make_leaf("URI:" CLIENT_ID);
	certs_add(&cert, leaf);
	certs_add_key(&key, leaf);
	certs_add_key(&other_key, other);
	certs_add(&roots, root);
	opts = (struct wire_identity_opts){.cert = rf_buf_str(&cert),
		.key = rf_buf_str(&other_key),
		.roots = rf_buf_str(&roots)};
	CHECK_INT(wire_identity_new(&opts, &server.io, &identity, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "key"));
	opts.key = rf_buf_str(&key);
	opts.roots = RF_STR("");
	CHECK_INT(wire_identity_new(&opts, &server.io, &identity, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "authority"));
	opts.roots = rf_buf_str(&roots);
	opts.cert = RF_STR("nonsense");
	CHECK_INT(wire_identity_new(&opts, &server.io, &identity, &err), RF_EINPUT);
	CHECK(strstr(err.msg, "certificate"));
	opts.cert = rf_buf_str(&cert);
	opts.key = RF_STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
	CHECK_INT(wire_identity_new(&opts, &server.io, &identity, &err), RF_EINPUT);
	opts.key = rf_buf_str(&key);
	CHECK_INT(wire_identity_new(&opts, &server.io, &identity, &err), RF_OK);
	CHECK_STR(wire_identity_id(identity), "");
	wire_identity_unref(identity);
	forget();
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(both_sides_know_each_other);
	RUN(bytes_may_come_one_by_one);
	RUN(large_data_arrives_whole_in_steps_of_any_size);
	RUN(a_protocol_is_chosen_only_when_it_is_offered);
	RUN(each_side_ends_on_its_own);
	RUN(an_end_is_told_once_and_reads_nothing);
	RUN(changed_bytes_are_refused);
	RUN(keys_may_change);
	RUN(renegotiation_is_refused);
	RUN(a_client_without_a_certificate_is_refused);
	RUN(older_versions_are_refused);
	RUN(what_is_no_tls_is_refused);
	RUN(certificates_of_other_roots_are_refused);
	RUN(certificates_out_of_their_time_are_refused);
	RUN(a_certificate_that_expires_is_not_remembered_as_good);
	RUN(certificates_of_the_wrong_shape_are_refused);
	RUN(chains_are_bounded);
	RUN(a_client_checks_the_name);
	RUN(without_a_name_to_check_any_is_fine);
	RUN(a_good_client_is_not_a_good_server_for_it);
	RUN(a_resumed_session_knows_its_peer);
	RUN(sessions_are_not_kept_unless_asked);
	RUN(a_session_does_not_outlive_the_certificate);
	RUN(a_session_is_of_one_identity);
	RUN(texts_that_do_not_belong_together_are_told_apart);
	return TAP_END();
}
