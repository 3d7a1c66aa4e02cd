/* `proxy`: TLS with certificates on both sides, in front of a program that speaks none. */
#include "cmd/proxy.h"

static const struct opt_row server_rows[] = {
	PROXY_TEXT("target", 't', target, "ADDRESS",
		"Where the plain bytes go: HOST:PORT or unix:PATH."),
	PROXY_COMMON_ROWS,
	{"allow-id", 'a', OPT_TEXTS, offsetof(struct proxy_args, allow_ids), "ID",
		"Lets this SPIFFE ID in, and no one who is not named; a * at its end stands for "
		"anything. May be repeated. Without it, every certificate of --ca is let in.",
		NULL},
	{"policy", 'p', OPT_TEXTS, offsetof(struct proxy_args, policies), "PATH",
		"Istio's AuthorizationPolicies, instead of --allow-id: those of the namespace in "
		"the own certificate's ID (else \"default\") whose selector matches --label. May "
		"be repeated; taken up when a file changes, also for live connections.",
		NULL},
	{"label", 0, OPT_TEXTS, offsetof(struct proxy_args, labels), "KEY=VALUE",
		"A label of the program, for the selectors of --policy; may be repeated.", NULL},
	PROXY_FLAG("resume", resume,
		"Keeps sessions in memory, so that a client may skip the larger part of a "
		"handshake; who it is, and may in, is asked all the same."),
};

static const struct opt_row client_rows[] = {
	PROXY_TEXT("target", 't', target, "ADDRESS",
		"The server, HOST:PORT or unix:PATH; its certificate must be for HOST."),
	PROXY_COMMON_ROWS,
	PROXY_TEXT("expect-id", 'e', expect_id, "ID",
		"The server's SPIFFE ID, instead of the name HOST."),
	PROXY_TEXT("server-name", 0, server_name, "NAME",
		"The name to ask for and to verify, instead of HOST."),
};

static const struct opt_example server_examples[] = {
	{"a program on port 8080, for one workload only",
		"ringfence proxy server --listen 0.0.0.0:8443 --target 127.0.0.1:8080 --cert "
		"tls/tls.crt --key tls/tls.key --ca tls/ca.crt --allow-id "
		"spiffe://cluster.local/ns/shop/sa/frontend"},
};
static const struct opt_example client_examples[] = {
	{"a plain port on this machine that leads there",
		"ringfence proxy client --listen 127.0.0.1:8080 --target db.example:8443 --cert "
		"tls/tls.crt --key tls/tls.key --ca tls/ca.crt"},
};

const struct opt_usage proxy_server_usage = {
	.verb = "proxy server",
	.synopsis = "--listen ADDRESS --target ADDRESS --cert FILE --key FILE --ca FILE "
		    "[--allow-id ID]... [--policy PATH]...",
	.summary = "takes TLS from clients with certificates, and passes plain bytes on",
	.text = "Every client must have a certificate that a root of --ca leads to. The process "
		"that meets the network has no privileges and no files. Certificates are renewed "
		"by replacing the files, or by SIGHUP; no connection is dropped for it, and none "
		"outlives its client's certificate.",
	OPT_ROWS(server_rows),
	OPT_EXAMPLES(server_examples),
	.exits = "0 after SIGTERM or SIGINT, 2 on errors.",
};

const struct opt_usage proxy_client_usage = {
	.verb = "proxy client",
	.synopsis = "--listen ADDRESS --target ADDRESS --cert FILE --key FILE --ca FILE "
		    "[--expect-id ID]",
	.summary = "takes plain bytes, and passes them on in TLS with a certificate",
	.text = "The server must have a certificate that a root of --ca leads to, for the name "
		"that --target has or with the ID of --expect-id.",
	OPT_ROWS(client_rows),
	OPT_EXAMPLES(client_examples),
	.exits = "0 after SIGTERM or SIGINT, 2 on errors.",
};

static int run(const struct opt_usage *usage, int argc, char **argv, enum proxy_side side)
{
	struct proxy_args args = {.threads = 1};
	struct opt_args rest;
	int status = opt_parse(usage, argc, argv, &args, &rest);

	if (status == OPT_GO)
		status = proxy_run(usage, &args, side);
	proxy_args_done(&args);
	return status;
}

int proxy_verb_server(int argc, char **argv)
{
	return run(&proxy_server_usage, argc, argv, PROXY_SERVER);
}

int proxy_verb_client(int argc, char **argv)
{
	return run(&proxy_client_usage, argc, argv, PROXY_CLIENT);
}

void proxy_args_done(struct proxy_args *args)
{
	rf_vec_done(&args->listen);
	rf_vec_done(&args->allow_ids);
	rf_vec_done(&args->policies);
	rf_vec_done(&args->labels);
}

int cmd_proxy(int argc, char **argv)
{
	static const struct opt_usage *const usages[] = {&proxy_server_usage, &proxy_client_usage};
	static int (*const verbs[])(int, char **) = {proxy_verb_server, proxy_verb_client};
	static const struct opt_group group = {
		.verb = "proxy",
		.summary = "puts TLS with certificates on both sides in front of a program",
		.text = "For programs that speak plain TCP, on machines without pods: the server's "
			"side in front of the program, the client's side beside who uses it.",
		.usages = usages,
		.usage_count = RF_ARRAY_LEN(usages),
	};
	size_t index;
	int status = opt_group(&group, argc, argv, &index);

	return status == OPT_GO ? verbs[index](argc - 1, argv + 1) : status;
}
