/* The verbs below `proxy`: both sides have the same options, but for whom they expect. */
#ifndef RF_CMD_PROXY_H
#define RF_CMD_PROXY_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "mesh/proxy/proxy.h"

int proxy_verb_server(int argc, char **argv);
int proxy_verb_client(int argc, char **argv);

extern const struct opt_usage proxy_server_usage, proxy_client_usage;

struct proxy_args {
	struct opt_texts listen, allow_ids, policies, labels;
	const char *target, *cert, *key, *roots, *expect_id, *server_name, *metrics, *access_log;
	uint64_t threads, max_connections, memory_mib;
	const char *handshake_timeout, *connect_timeout, *idle_timeout, *drain_timeout;
	bool accept_proxy, send_proxy, tls12, resume;
};

/* Rows that both have. */
#define PROXY_TEXT(name, letter, field, arg, help)                                          \
	{                                                                                   \
		name, letter, OPT_TEXT, offsetof(struct proxy_args, field), arg, help, NULL \
	}
#define PROXY_FLAG(name, field, help)                                                   \
	{                                                                               \
		name, 0, OPT_FLAG, offsetof(struct proxy_args, field), NULL, help, NULL \
	}
#define PROXY_COMMON_ROWS                                                                         \
	{"listen", 'l', OPT_TEXTS, offsetof(struct proxy_args, listen), "ADDRESS",                \
		"Where to accept: 127.0.0.1:8443, [::1]:8443, :8443 (every address) or "          \
		"unix:PATH; may be repeated.",                                                    \
		NULL},                                                                            \
		PROXY_TEXT("cert", 0, cert, "FILE",                                               \
			"The own certificate and what leads to the root, PEM. Files that change " \
			"are taken up within a second; live connections stay."),                  \
		PROXY_TEXT("key", 0, key, "FILE", "Its private key, PEM, without a password."),   \
		PROXY_TEXT("ca", 0, roots, "FILE", "The roots that are trusted, PEM."),           \
		{"threads", 0, OPT_NUMBER, offsetof(struct proxy_args, threads), "N",             \
			"Threads that serve connections; 1 unless said otherwise.", NULL},        \
		PROXY_TEXT("metrics", 0, metrics, "ADDRESS",                                      \
			"Serves GET /metrics for Prometheus there; TCP or unix:PATH."),           \
		PROXY_TEXT("access-log", 0, access_log, "FILE",                                   \
			"A line of JSON for each connection that has ended; - is standard "       \
			"output."),                                                               \
		PROXY_FLAG("accept-proxy", accept_proxy,                                          \
			"Expects the PROXY protocol (version 1 or 2) in front of each "           \
			"connection."),                                                           \
		PROXY_FLAG("send-proxy", send_proxy,                                              \
			"Tells the target who the original client was, by the PROXY protocol, "   \
			"version 2."),                                                            \
		PROXY_FLAG("tls12", tls12, "TLS 1.2 is allowed beside 1.3."),                     \
		{"max-connections", 0, OPT_NUMBER, offsetof(struct proxy_args, max_connections),  \
			"N", "More are closed at once; 100000 unless said otherwise.", NULL},     \
		{"max-memory", 0, OPT_NUMBER, offsetof(struct proxy_args, memory_mib), "MIB",     \
			"For bytes that wait for slow readers, in all; over it the slowest are "  \
			"closed. 256 unless said otherwise.",                                     \
			NULL},                                                                    \
		PROXY_TEXT("handshake-timeout", 0, handshake_timeout, "DURATION",                 \
			"From the first byte to the end of a handshake; 5s."),                    \
		PROXY_TEXT("connect-timeout", 0, connect_timeout, "DURATION",                     \
			"For the target to answer; 10s."),                                        \
		PROXY_TEXT("idle-timeout", 0, idle_timeout, "DURATION",                           \
			"Without a byte in either direction; 1h."),                               \
		PROXY_TEXT("drain-timeout", 0, drain_timeout, "DURATION",                         \
			"After SIGTERM nothing is accepted; connections have this long to end; "  \
			"10s.")

/* Runs until SIGTERM or SIGINT. Returns the exit status. */
int proxy_run(const struct opt_usage *usage, const struct proxy_args *args, enum proxy_side side);
/* Reads --policy and tells the proxy. What is wrong in a manifest has been printed. */
int proxy_give_policy(
	const struct proxy_args *args, struct proxy *proxy, struct rf_err *err) RF_MUST_USE;
/* Another number when a file of --policy is another one. */
uint64_t proxy_policy_stamp(const struct proxy_args *args);
void proxy_args_done(struct proxy_args *args);

#endif
