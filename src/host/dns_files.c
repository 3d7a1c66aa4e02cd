/*
 * Files that tell a pod about names, as a kubelet writes them. Only the last "search" line of a
 * resolv.conf counts, so that the parts are put together before they are written.
 */
#include "base/fd.h"
#include "host/dns.h"
#include "host/dns_int.h"

#define RESOLV_CONF   "/etc/resolv.conf"
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf"
#define HOSTS_FILE    "/etc/hosts"
#define HOSTNAME_MAX  63U

/* --- resolv.conf --- */

void resolv_done(struct resolv *r)
{
	rf_buf_done(&r->servers);
	rf_buf_done(&r->searches);
	rf_buf_done(&r->options);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct rf_str resolv_word(struct rf_str *text)
{
	struct rf_str word;

	while (text->len && is_blank(*text->ptr)) {
		text->ptr++;
		text->len--;
	}
	word = *text;
	while (text->len && !is_blank(*text->ptr)) {
		text->ptr++;
		text->len--;
	}
	word.len -= text->len;
	return word.len ? word : RF_STR_NONE;
}

static void add_word(struct rf_buf *words, struct rf_str word)
{
	rf_buf_add_str(words, word);
	rf_buf_add_char(words, ' ');
}

static void add_words(struct rf_buf *words, struct rf_str text)
{
	struct rf_str word;

	while ((word = resolv_word(&text)).len)
		add_word(words, word);
}

/* Whether a pod's own network leads there. */
static bool reachable_inside(struct rf_str server)
{
	static const struct rf_ip v6 = {.bytes = {[15] = 1}, .family = RF_IPV6};
	struct rf_ip ip;

	return rf_ip_parse(server, &ip) && !rf_ip_eq(&ip, &v6) &&
	       !(ip.family == RF_IPV4 && ip.bytes[0] == 127);
}

static void read_line(struct rf_str line, bool inside, struct resolv *r)
{
	struct rf_str word = resolv_word(&line);

	if (rf_str_is(word, "nameserver")) {
		word = resolv_word(&line);
		if (word.len && (!inside || reachable_inside(word)))
			add_word(&r->servers, word);
	} else if (rf_str_is(word, "search") || rf_str_is(word, "domain")) {
		rf_buf_clear(&r->searches);
		add_words(&r->searches, line);
	} else if (rf_str_is(word, "options")) {
		add_words(&r->options, line);
	}
}

static void read_file(const char *path, bool inside, struct resolv *r)
{
	AUTO_BUF text = {.max = 65536};
	struct rf_str rest, line;

	if (rf_file_read(path, &text, NULL) < 0)
		return;
	for (rest = rf_buf_str(&text); rest.ptr && rest.len;) {
		rest = rf_str_cut(rest, '\n', &line);
		read_line(line, inside, r);
	}
}

void resolv_read_machine(bool inside, struct resolv *r)
{
	read_file(RESOLV_CONF, inside, r);
	if (inside && !r->servers.len)
		read_file(RESOLVED_CONF, inside, r);
}

static void add_cluster(const struct host *host, const struct pod *pod, struct resolv *r)
{
	const struct plan_service *dns =
		plan_find_service(host->plan, RF_STR("kube-system/kube-dns"));
	char text[RF_IP_TEXT_SIZE];

	for (unsigned i = 0; dns && i < dns->ip_count; i++)
		rf_buf_addf(&r->servers, "%s ", rf_ip_text(&dns->ips[i], text));
	rf_buf_addf(&r->searches,
		RF_STR_FMT ".svc." DNS_DOMAIN " svc." DNS_DOMAIN " " DNS_DOMAIN " ",
		RF_STR_ARG(pod->kube->namespace));
	rf_buf_add_c(&r->options, "ndots:5 ");
}

/* Of an option given twice the later one counts. */
static void add_config(const struct kube_dns_config *config, struct resolv *r)
{
	const struct kube_dns_option *options = config->options.items;

	for (size_t i = 0; i < config->nameservers.count; i++)
		add_word(&r->servers, config->nameservers.items[i]);
	for (size_t i = 0; i < config->searches.count; i++)
		add_word(&r->searches, config->searches.items[i]);
	for (size_t i = 0; i < config->options.count; i++)
		rf_buf_addf(&r->options, RF_STR_FMT "%s" RF_STR_FMT " ",
			RF_STR_ARG(options[i].name), options[i].value.len ? ":" : "",
			RF_STR_ARG(options[i].value));
}

static void write_line(const char *name, const struct rf_buf *words, struct rf_buf *out)
{
	if (words->len)
		rf_buf_addf(out, "%s %.*s\n", name, (int)words->len - 1, words->data);
}

static void write_resolv(const struct resolv *r, struct rf_buf *out)
{
	struct rf_str rest = rf_buf_str(&r->servers), word;

	while ((word = resolv_word(&rest)).len)
		rf_buf_addf(out, "nameserver " RF_STR_FMT "\n", RF_STR_ARG(word));
	write_line("search", &r->searches, out);
	write_line("options", &r->options, out);
	out->failed = out->failed || r->servers.failed || r->searches.failed || r->options.failed;
}

/* "" means ClusterFirst; ClusterFirst in the machine's network means Default. */
static bool asks_cluster(const struct kube_pod_spec *spec)
{
	struct rf_str policy = spec->dns_policy;

	if (rf_str_is(policy, "ClusterFirstWithHostNet"))
		return true;
	return (!policy.len || rf_str_is(policy, "ClusterFirst")) && !spec->host_network.value;
}

int dns_resolv_conf(const struct host *host, const struct pod *pod, struct rf_buf *out)
{
	const struct kube_pod_spec *spec = pod->kube->spec;
	AUTO_RESOLV r = {.servers = {.len = 0}};

	if (asks_cluster(spec))
		add_cluster(host, pod, &r);
	else if (!rf_str_is(spec->dns_policy, "None"))
		resolv_read_machine(!spec->host_network.value, &r);
	if (spec->dns_config)
		add_config(spec->dns_config, &r);
	write_resolv(&r, out);
	return out->failed ? RF_EINTERNAL : RF_OK;
}

/* --- hosts and the host name --- */

/* A StatefulSet's controller sets both hostname and subdomain, whatever the template says. */
static bool has_identity(const struct kube_pod *pod)
{
	return pod->owner->kind == KUBE_STATEFUL_SET;
}

struct rf_str dns_hostname(const struct kube_pod *pod)
{
	struct rf_str name = pod->spec->hostname;

	if (!name.len || has_identity(pod))
		name = pod->name;
	if (name.len <= HOSTNAME_MAX)
		return name;
	name.len = HOSTNAME_MAX;
	while (name.len && (name.ptr[name.len - 1] == '-' || name.ptr[name.len - 1] == '.'))
		name.len--;
	return name;
}

struct rf_str dns_subdomain(const struct kube_pod *pod)
{
	return has_identity(pod) ? pod->owner->workload->service_name : pod->spec->subdomain;
}

static void add_own_name(const struct kube_pod *pod, struct rf_buf *out)
{
	struct rf_str hostname = dns_hostname(pod), domain = dns_subdomain(pod);
	char text[RF_IP_TEXT_SIZE];

	for (size_t i = 0; i < pod->ip_count; i++) {
		rf_buf_addf(out, "%s\t", rf_ip_text(&pod->ips[i], text));
		if (domain.len)
			rf_buf_addf(out,
				RF_STR_FMT "." RF_STR_FMT "." RF_STR_FMT ".svc." DNS_DOMAIN "\t",
				RF_STR_ARG(hostname), RF_STR_ARG(domain),
				RF_STR_ARG(pod->namespace));
		rf_buf_addf(out, RF_STR_FMT "\n", RF_STR_ARG(hostname));
	}
}

/* In the machine's network its own file counts. */
static void add_base(const struct kube_pod *pod, struct rf_buf *out)
{
	if (pod->spec->host_network.value && rf_file_read(HOSTS_FILE, out, NULL) == RF_OK) {
		if (out->len && out->data[out->len - 1] != '\n')
			rf_buf_add_char(out, '\n');
		return;
	}
	rf_buf_add_c(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
}

int dns_hosts_file(const struct pod *pod, struct rf_buf *out)
{
	const struct doc_list *list = &pod->kube->spec->host_aliases;
	const struct kube_host_alias *aliases = list->items;

	add_base(pod->kube, out);
	add_own_name(pod->kube, out);
	for (size_t i = 0; i < list->count; i++) {
		rf_buf_add_str(out, aliases[i].ip);
		for (size_t n = 0; n < aliases[i].hostnames.count; n++)
			rf_buf_addf(
				out, "\t" RF_STR_FMT, RF_STR_ARG(aliases[i].hostnames.items[n]));
		rf_buf_add_char(out, '\n');
	}
	return out->failed ? RF_EINTERNAL : RF_OK;
}
