/*
 * `ca watch`: every certificate that was issued or was seen on a handshake, and a word in time
 * about each that is due. What was seen comes from the pages of metrics of proxies.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/num.h"
#include "cmd/ca.h"
#include "cmd/database.h"
#include "cmd/live.h"
#include "doc/json.h"
#include "doc/utf8.h"
#include "loop/loop.h"
#include "mesh/explain.h"
#include "mesh/proxy/endpoint.h"
#include "mesh/proxy/metrics.h"
#include "wire/client.h"

#define EXIT_DUE      1
#define INTERVAL_S    60
#define PAGE_MAX      ((size_t)16 << 20)
#define SCRAPE_MS     5000
#define EXPIRY_METRIC "ringfence_certificate_expiry_seconds{"
#define DUE_METRIC    "ringfence_certificate_due{"
#define FORGET_S      ((int64_t)30 * 86400)
#define PAGE_SIGHTS   5000   /* certificates of one page: a proxy has no more */
#define MAX_TOLD      100000 /* then all of it is news again */

struct watch_opts {
	struct ca_where where;
	struct live_opts live;
	struct opt_texts from;
	const char *interval, *metrics;
	bool once, json;
};

static const struct opt_row rows[] = {
	CA_DIR_ROW(struct watch_opts),
	{"from", 'f', OPT_TEXTS, offsetof(struct watch_opts, from), "ADDRESS",
		"A proxy's page of metrics: 127.0.0.1:9090 or unix:PATH; may be repeated. Those of "
		"the pods of a running Ringfence are known.",
		NULL},
	{"interval", 'i', OPT_TEXT, offsetof(struct watch_opts, interval), "DURATION",
		"How often it looks; 1m unless said otherwise.", NULL},
	{"once", 0, OPT_FLAG, offsetof(struct watch_opts, once), NULL,
		"Looks once, prints everything and ends.", NULL},
	{"metrics", 0, OPT_TEXT, offsetof(struct watch_opts, metrics), "ADDRESS",
		"Serves GET /metrics for Prometheus there, with a line a certificate.", NULL},
	{"json", 0, OPT_FLAG, offsetof(struct watch_opts, json), NULL,
		"Prints {\"kind\",\"name\",\"notAfter\",\"secondsLeft\",\"state\"} a line.", NULL},
	LIVE_ROWS(struct watch_opts),
};

static const struct opt_example examples[] = {
	{"for a monitor that calls programs", "ringfence ca watch --once"},
	{"for Prometheus", "ringfence ca watch --metrics 127.0.0.1:9115"},
};

const struct opt_usage ca_watch_usage = {
	.verb = "ca watch",
	.synopsis = "[--dir DIRECTORY] [--from ADDRESS]... [--once] [--metrics ADDRESS]",
	.summary = "tells in time of certificates that are going to expire",
	.text = "Looks at everything that the authority has issued (of equal names the last one) "
		"and at everything that proxies have seen on handshakes, whoever issued it. What "
		"has less than a third of its lifetime left is told, once a change, until Ctrl-C.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "With --once, 1 when something is due or has expired, else 0; 2 on an error.",
};

/* --- what there is --- */

struct sight {
	char *kind, *name;
	int64_t until_s;
	bool due;
};

static const char *const states[] = {"ok", "due", "expired"};

/* What was said last of a certificate. */
struct told {
	char *key;
	size_t state;
};

struct watch {
	const struct watch_opts *opts;
	struct loop *loop;
	uint64_t interval_ms;
	int metrics_fd;
	struct metrics *metrics;
	RF_VEC(struct sight) sights;
	RF_VEC(struct told) told;
	struct rf_map told_by_key; /* "kind name" -> index in told */
	size_t due_count;
};

static void forget_sights(struct watch *w)
{
	rf_vec_each (sight, &w->sights) {
		free(sight->kind);
		free(sight->name);
	}
	w->sights.count = 0;
}

static int add_sight(
	struct watch *w, struct rf_str kind, struct rf_str name, int64_t until_s, bool due)
{
	struct sight sight = {rf_str_dup(kind), rf_str_dup(name), until_s, due};

	if (sight.kind && sight.name && rf_vec_push(&w->sights, sight))
		return 0;
	free(sight.kind);
	free(sight.name);
	return out_errorf("out of memory");
}

static size_t state_of(const struct sight *sight, int64_t now_s)
{
	if (sight->until_s <= now_s)
		return 2;
	return sight->due;
}

/* --- issued --- */

static int add_cert(struct watch *w, const char *kind, const struct cert *cert, int64_t now_s)
{
	return cert ? add_sight(w, rf_str_of(kind), cert->subject, cert->until_s,
			      cert_is_due(cert->from_s, cert->until_s, now_s))
		    : 0;
}

static int look_at_issued(struct watch *w, int64_t now_s)
{
	CLEANUP(ca_log_done) struct ca_log log = {.arena = NULL};
	AUTO_CA *ca = NULL;
	struct rf_err err;
	int status = ca_where_open(&w->opts->where, false, &ca);

	if (status != OPT_GO)
		return status;
	if (ca_log_read(ca, false, &log, &err) < 0)
		return out_error(&err);
	status = add_cert(w, "root", ca_info(ca)->root, now_s);
	if (status == 0)
		status = add_cert(w, "old root", ca_info(ca)->old_root, now_s);
	if (status == 0)
		status = add_cert(w, "intermediate", ca_info(ca)->intermediate, now_s);
	rf_vec_each (it, &log.list) {
		if (status == 0 && it->until_s > now_s - FORGET_S)
			status = add_sight(w, RF_STR("issued"), it->id, it->until_s,
				cert_is_due(it->from_s, it->until_s, now_s));
	}
	return status;
}

/* --- seen --- */

static int connect_to(void *ctx, const char *host, uint16_t port, struct rf_err *err)
{
	const struct endpoint *endpoint = ctx;
	AUTO_FD fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)host, (void)port;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->len) < 0)
		return rf_err_sys(err, errno, "connect");
	return TAKE_FD(fd);
}

static int fetch(const char *address, struct rf_buf *page, struct rf_err *err)
{
	struct endpoint list[ENDPOINT_MAX];
	const struct wire_client_opts opts = {.connect = connect_to,
		.ctx = list,
		.plain_http = true,
		.idle_ms = SCRAPE_MS,
		.agent = "ringfence"};
	struct wire_request request = {.method = "GET", .body_fd = -1};
	const struct wire_response *answer;
	AUTO_WIRE_CLIENT *client = NULL;
	struct wire_url url;
	size_t count;
	int rc = endpoint_parse(address, false, list, &count, err);

	request.url = &url;
	if (rc == RF_OK)
		rc = wire_url_parse(RF_STR("http://localhost/metrics"), &url, err);
	if (rc == RF_OK)
		rc = wire_client_new(&opts, &client, err);
	if (rc == RF_OK)
		rc = wire_client_ask(client, &request, &answer, err);
	page->max = PAGE_MAX;
	return rc == RF_OK ? wire_client_read_all(client, page, err) : rc;
}

/* The value of a label in NAME="VALUE",...; IDs need no escapes. */
static struct rf_str label(struct rf_str line, const char *name)
{
	char start[32];
	const char *at;
	struct rf_str value;

	snprintf(start, sizeof(start), "%s=\"", name);
	at = memmem(line.ptr, line.len, start, strlen(start));
	if (!at)
		return RF_STR_NONE;
	at += strlen(start);
	(void)rf_str_cut((struct rf_str){at, (size_t)(line.ptr + line.len - at)}, '"', &value);
	return value;
}

static bool number_of(struct rf_str line, int64_t *ret)
{
	const char *space = memrchr(line.ptr, ' ', line.len);

	return space &&
	       rf_num_i64((struct rf_str){space + 1, (size_t)(line.ptr + line.len - space - 1)},
		       INT64_MIN, INT64_MAX, ret);
}

static void mark_due(struct watch *w, struct rf_str owner, struct rf_str name)
{
	rf_vec_each (sight, &w->sights) {
		if (rf_str_is(owner, sight->kind) && rf_str_is(name, sight->name))
			sight->due = true;
	}
}

/* Pages are written by processes that meet the network: nothing of them may steer a terminal. */
static void clean(struct sight *sight)
{
	doc_utf8_clean(sight->kind, strlen(sight->kind));
	doc_utf8_clean(sight->name, strlen(sight->name));
}

static int read_page(struct watch *w, struct rf_str page)
{
	struct rf_str line, rest = page;
	size_t first = w->sights.count;
	int status = 0;

	while (rest.ptr && status == 0 && w->sights.count - first < PAGE_SIGHTS) {
		int64_t value;

		rest = rf_str_cut(rest, '\n', &line);
		if (rf_str_starts(line, RF_STR(EXPIRY_METRIC)) && number_of(line, &value))
			status = add_sight(
				w, label(line, "owner"), label(line, "principal"), value, false);
		else if (rf_str_starts(line, RF_STR(DUE_METRIC)) && number_of(line, &value) &&
			 value)
			mark_due(w, label(line, "owner"), label(line, "principal"));
	}
	for (size_t i = first; i < w->sights.count; i++)
		clean(&w->sights.items[i]);
	return status;
}

static int look_at_page(struct watch *w, const char *address)
{
	AUTO_BUF page = {0};
	struct rf_err err;

	if (fetch(address, &page, &err) == RF_OK)
		return read_page(w, rf_buf_str(&page));
	out_warning("%s: %s", address, err.msg);
	return 0;
}

/* Pods of a running Ringfence tell where their proxies' pages are. */
static int look_at_pods(struct watch *w)
{
	AUTO_ANSWER answer = {.root = NULL};
	struct instance inst;
	struct rf_err err;
	bool runs;
	int status = 0;

	if (instance_init(&inst, w->opts->live.run_dir, w->opts->live.state_dir, &err) < 0)
		return out_error(&err);
	runs = access(inst.socket, R_OK | W_OK) == 0;
	instance_done(&inst);
	if (!runs)
		return 0;
	if (live_ask(&w->opts->live, RF_STR("{\"verb\":\"status\"}"), &answer))
		return 0;
	doc_each (pod, doc_get(answer.root, "pods")) {
		const struct doc_node *mesh = doc_get(pod, "mesh");

		if (mesh && status == 0)
			status = look_at_page(w, live_text(mesh, "metrics"));
	}
	return status;
}

/* --- telling --- */

static void print_one(const struct watch *w, const struct sight *sight, int64_t now_s)
{
	const char *state = states[state_of(sight, now_s)];
	char left[CA_LEFT_SIZE], date[CA_DATE_SIZE];
	AUTO_BUF out = {0};

	if (w->opts->json) {
		struct json_writer writer = {.out = &out};

		json_object_begin(&writer);
		json_field_c(&writer, "kind", sight->kind);
		json_field_c(&writer, "name", sight->name);
		json_field_c(&writer, "notAfter", ca_date(sight->until_s, date));
		json_field_int(&writer, "secondsLeft", sight->until_s - now_s);
		json_field_c(&writer, "state", state);
		json_object_end(&writer);
		rf_buf_add_char(&out, '\n');
	} else {
		rf_buf_addf(&out, "%-8s %-13s %-14s %s  %s\n", state, sight->kind,
			ca_left(sight->until_s - now_s, left), ca_date(sight->until_s, date),
			sight->name);
	}
	(void)!out_result(&out);
	fflush(stdout);
}

/* True when it is news: another state than what was told before. */
static bool is_news(struct watch *w, const struct sight *sight, size_t state)
{
	AUTO_BUF key = {0};
	struct told told = {.state = state};
	uintptr_t index;

	rf_buf_addf(&key, "%s %s", sight->kind, sight->name);
	if (rf_map_get(&w->told_by_key, rf_buf_str(&key), &index)) {
		bool news = w->told.items[index].state != state;

		w->told.items[index].state = state;
		return news;
	}
	told.key = rf_str_dup(rf_buf_str(&key));
	index = w->told.count;
	if (!told.key || !rf_vec_push(&w->told, told))
		free(told.key);
	else
		(void)!rf_map_put(&w->told_by_key, rf_str_of(told.key), index);
	/* That all is well is no news but where everything is asked for. */
	return state > 0 || w->opts->once;
}

static void forget_told(struct watch *w)
{
	rf_map_done(&w->told_by_key);
	rf_vec_each (told, &w->told)
		free(told->key);
	w->told.count = 0;
}

static int look(struct watch *w)
{
	int64_t now_s = time(NULL);
	int status;

	forget_sights(w);
	if (w->told.count > MAX_TOLD)
		forget_told(w);
	w->due_count = 0;
	status = look_at_issued(w, now_s);
	if (status == 0)
		status = look_at_pods(w);
	rf_vec_each (address, &w->opts->from) {
		if (status == 0)
			status = look_at_page(w, *address);
	}
	rf_vec_each (sight, &w->sights) {
		size_t state = state_of(sight, now_s);

		w->due_count += state > 0;
		if (is_news(w, sight, state))
			print_one(w, sight, now_s);
	}
	return status;
}

static void write_page(void *ctx, struct rf_buf *out)
{
	const struct watch *w = ctx;
	int64_t now_s = time(NULL);

	rf_buf_addf(out, "# HELP ringfence_certificate_expiry_seconds When a certificate expires, "
			 "seconds since 1970.\n"
			 "# TYPE ringfence_certificate_expiry_seconds gauge\n");
	rf_vec_each (sight, &w->sights)
		rf_buf_addf(out, EXPIRY_METRIC "owner=\"%s\",principal=\"%s\"} %lld\n", sight->kind,
			sight->name, (long long)sight->until_s);
	rf_buf_addf(out, "# HELP ringfence_certificate_due 1 when less than a third of a "
			 "certificate's lifetime is left.\n"
			 "# TYPE ringfence_certificate_due gauge\n");
	rf_vec_each (sight, &w->sights)
		rf_buf_addf(out, DUE_METRIC "owner=\"%s\",principal=\"%s\"} %d\n", sight->kind,
			sight->name, state_of(sight, now_s) > 0);
}

static void on_time(void *ctx)
{
	struct watch *w = ctx;

	if (look(w) || !loop_timer_add(w->loop, w->interval_ms, on_time, w))
		loop_stop(w->loop);
}

static void on_signal(void *ctx, int signo)
{
	struct watch *w = ctx;

	(void)signo;
	loop_stop(w->loop);
}

static int serve_metrics(struct watch *w, struct rf_err *err)
{
	struct endpoint list[ENDPOINT_MAX];
	size_t count;
	int rc;

	if (!w->opts->metrics)
		return RF_OK;
	rc = endpoint_parse(w->opts->metrics, true, list, &count, err);
	if (rc == RF_OK)
		rc = endpoint_listen(&list[0], false, &w->metrics_fd, err);
	if (rc == RF_OK)
		rc = metrics_start(w->loop, w->metrics_fd, write_page, w, &w->metrics, err);
	return rc < 0 ? rf_err_wrap(err, rc, "--metrics") : RF_OK;
}

static int watch_on(struct watch *w)
{
	static const int signals[] = {SIGTERM, SIGINT, -1};
	struct rf_err err;
	int rc = loop_new(&w->loop, &err);

	if (rc == RF_OK)
		rc = loop_signals(w->loop, signals, on_signal, w, &err);
	if (rc == RF_OK)
		rc = serve_metrics(w, &err);
	if (rc == RF_OK) {
		on_time(w);
		rc = loop_run(w->loop, &err);
	}
	metrics_stop(w->metrics);
	rf_fd_closep(&w->metrics_fd);
	loop_free(w->loop);
	return rc < 0 ? out_error(&err) : 0;
}

static int run(const struct watch_opts *opts)
{
	struct watch w = {.opts = opts, .metrics_fd = -1};
	uint64_t interval_s = INTERVAL_S;
	int status;

	if (opts->interval && (!database_duration(opts->interval, &interval_s) || !interval_s))
		return opt_fail(&ca_watch_usage, "\"%s\" is no duration such as 30s, 5m or 1h",
			opts->interval);
	w.interval_ms = interval_s * 1000;
	status = opts->once ? look(&w) : watch_on(&w);
	if (status == 0 && opts->once && w.due_count)
		status = EXIT_DUE;
	forget_sights(&w);
	rf_vec_done(&w.sights);
	forget_told(&w);
	rf_vec_done(&w.told);
	return status;
}

int ca_verb_watch(int argc, char **argv)
{
	struct watch_opts opts = {.json = false};
	struct opt_args args;
	int status = opt_parse(&ca_watch_usage, argc, argv, &opts, &args);

	if (status == OPT_GO)
		status = run(&opts);
	rf_vec_done(&opts.from);
	return status;
}
