/* Random manifests: one function a field, each with the ways in which people leave it out. */
#include "tests/lib/random_model.h"

#include <time.h>

#include "base/num.h"

#define COUNT(a) ((unsigned)RF_ARRAY_LEN(a))

static const char *const namespaces[] = {"x", "y", "z"};
static const char *const pod_keys[] = {"app", "tier", "app", "tier", "rare"};
static const char *const values[] = {"a", "b", "a", "b", "c", ""};
static const char *const port_names[] = {"web", "dns", "alt"};
static const char *const protocols[] = {"TCP", "UDP", "SCTP"};
static const uint16_t port_numbers[] = {80, 81, 53, 80, 81, 53, 443, 8080, 1, 65535};
static const uint16_t asked_ports[] = {1, 52, 53, 80, 81, 82, 443, 8080, 8081, 65535};

/* --- numbers: splitmix64 --- */

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

unsigned rng_below(struct rng *rng, unsigned n)
{
	return (unsigned)(rng_next(rng) >> 32) % n;
}

bool rng_chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

uint64_t rng_seed(void)
{
	const char *text = getenv("RF_SEED");
	struct timespec now;
	uint64_t seed;

	if (!text || !rf_num_u64(rf_str_of(text), UINT64_MAX, &seed)) {
		clock_gettime(CLOCK_REALTIME, &now);
		seed = ((uint64_t)now.tv_sec * 1000000007U + (uint64_t)now.tv_nsec) % 1000000000U;
	}
	printf("# RF_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

const uint16_t *random_model_ports(size_t *ret_count)
{
	*ret_count = RF_ARRAY_LEN(asked_ports);
	return asked_ports;
}

const struct rf_ip *random_model_outside(size_t *ret_count)
{
	static const char *const texts[] = {"10.0.0.0", "10.0.0.10", "10.0.0.15", "10.0.1.1",
		"192.168.7.1", "fd00::", "fd00::a", "fd00::f", "fd00::1:1", "2001:db8::7"};
	static struct rf_ip ips[RF_ARRAY_LEN(texts)];

	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++) {
		if (!rf_ip_parse(rf_str_of(texts[i]), &ips[i]))
			abort();
	}
	*ret_count = RF_ARRAY_LEN(texts);
	return ips;
}

/* --- selectors --- */

/* Where a selector's keys and values come from. */
struct words {
	const char *const *keys, *const *values;
	unsigned key_count, value_count;
};

static const struct words pod_words = {pod_keys, values, COUNT(pod_keys), COUNT(values)};

static const char *const namespace_keys[] = {"kubernetes.io/metadata.name", "team", "team"};
static const char *const namespace_values[] = {"x", "y", "a", "b", ""};
static const struct words namespace_words = {
	namespace_keys, namespace_values, COUNT(namespace_keys), COUNT(namespace_values)};

static const char *a_key(struct rng *rng, const struct words *words)
{
	return words->keys[rng_below(rng, words->key_count)];
}

static const char *a_value(struct rng *rng, const struct words *words)
{
	return words->values[rng_below(rng, words->value_count)];
}

static void requirement(struct rng *rng, struct json_writer *w, const struct words *words)
{
	static const char *const ops[] = {"In", "NotIn", "Exists", "DoesNotExist"};
	unsigned op = rng_below(rng, COUNT(ops));

	json_object_begin(w);
	json_field_c(w, "key", a_key(rng, words));
	json_field_c(w, "operator", ops[op]);
	if (op < 2) {
		json_key(w, "values");
		json_array_begin(w);
		for (unsigned i = rng_below(rng, 2) + 1; i > 0; i--)
			json_c(w, a_value(rng, words));
		json_array_end(w);
	}
	json_object_end(w);
}

static void selector(struct rng *rng, struct json_writer *w, const struct words *words)
{
	json_object_begin(w);
	if (rng_chance(rng, 45)) {
		json_key(w, "matchLabels");
		json_object_begin(w);
		json_field_c(w, a_key(rng, words), a_value(rng, words));
		json_object_end(w);
	}
	if (rng_chance(rng, 35)) {
		json_key(w, "matchExpressions");
		json_array_begin(w);
		for (unsigned i = rng_below(rng, 2) + 1; i > 0; i--)
			requirement(rng, w, words);
		json_array_end(w);
	}
	json_object_end(w);
}

/* --- address blocks --- */

static struct rf_ip any_address(struct rng *rng, enum rf_family family)
{
	struct rf_ip ip = {.family = family};
	uint8_t last = (uint8_t)rng_below(rng, 16);

	if (rng_chance(rng, 20)) {
		size_t count;
		const struct rf_ip *outside = random_model_outside(&count);

		do
			ip = outside[rng_below(rng, (unsigned)count)];
		while (ip.family != family);
	} else if (family == RF_IPV4) {
		ip.bytes[0] = 10;
		ip.bytes[3] = last;
	} else {
		ip.bytes[0] = 0xfd;
		ip.bytes[15] = last;
	}
	return ip;
}

static unsigned any_prefix(struct rng *rng, enum rf_family family)
{
	static const uint8_t off_end[] = {0, 0, 1, 2, 3, 4, 4, 5, 8, 16, 31, 32};
	unsigned bits = family == RF_IPV4 ? 32 : 128;

	if (family == RF_IPV6 && rng_chance(rng, 10))
		return 0;
	return bits - off_end[rng_below(rng, COUNT(off_end))];
}

/* The text keeps its host bits: the reader clears them. */
static void cidr_text(struct json_writer *w, const struct rf_ip *ip, unsigned prefix)
{
	char text[RF_IP_TEXT_SIZE];

	json_strf(w, "%s/%u", rf_ip_text(ip, text), prefix);
}

static void block(struct rng *rng, struct json_writer *w)
{
	enum rf_family family = rng_chance(rng, 60) ? RF_IPV4 : RF_IPV6;
	unsigned bits = family == RF_IPV4 ? 32 : 128, prefix = any_prefix(rng, family);
	struct rf_cidr cidr = {.ip = any_address(rng, family), .prefix = prefix};

	json_object_begin(w);
	json_key(w, "cidr");
	cidr_text(w, &cidr.ip, prefix);
	if (prefix < bits && rng_chance(rng, 50)) {
		json_key(w, "except");
		json_array_begin(w);
		for (unsigned i = rng_below(rng, 3); i > 0; i--) {
			struct rf_ip ip = any_address(rng, family);
			unsigned longer = any_prefix(rng, family);

			if (longer > prefix && rf_cidr_has(&cidr, &ip))
				cidr_text(w, &ip, longer);
		}
		json_array_end(w);
	}
	json_object_end(w);
}

/* --- rules --- */

/* A list that may be absent, null or empty instead; true when its items are to be written. */
static bool list_begin(struct rng *rng, struct json_writer *w, const char *key, unsigned percent)
{
	if (rng_chance(rng, percent)) {
		json_key(w, key);
		json_array_begin(w);
		return true;
	}
	switch (rng_below(rng, 3)) {
	case 0: break;
	case 1:
		json_key(w, key);
		json_null(w);
		break;
	default:
		json_key(w, key);
		json_array_begin(w);
		json_array_end(w);
	}
	return false;
}

static void port_number(struct rng *rng, struct json_writer *w)
{
	uint16_t port = port_numbers[rng_below(rng, COUNT(port_numbers))];
	uint32_t end = port + rng_below(rng, 3);

	json_field_int(w, "port", port);
	if (!rng_chance(rng, 30))
		return;
	if (end > UINT16_MAX || rng_chance(rng, 20))
		end = UINT16_MAX;
	json_field_int(w, "endPort", end);
}

static void port(struct rng *rng, struct json_writer *w)
{
	json_object_begin(w);
	if (rng_chance(rng, 60))
		json_field_c(w, "protocol", protocols[rng_below(rng, COUNT(protocols))]);
	if (rng_chance(rng, 50))
		port_number(rng, w);
	else if (rng_chance(rng, 70))
		json_field_c(w, "port", port_names[rng_below(rng, COUNT(port_names))]);
	else if (rng_chance(rng, 50)) {
		json_key(w, "port");
		json_null(w);
	}
	json_object_end(w);
}

static void peer(struct rng *rng, struct json_writer *w)
{
	unsigned kind = rng_below(rng, 4);

	json_object_begin(w);
	if (kind == 0) {
		json_key(w, "ipBlock");
		block(rng, w);
	}
	if (kind == 1 || kind == 3) {
		json_key(w, "podSelector");
		selector(rng, w, &pod_words);
	}
	if (kind == 2 || kind == 3) {
		json_key(w, "namespaceSelector");
		selector(rng, w, &namespace_words);
	}
	json_object_end(w);
}

static void rule(struct rng *rng, struct json_writer *w, const char *peers)
{
	json_object_begin(w);
	if (list_begin(rng, w, peers, 75)) {
		for (unsigned i = rng_below(rng, 3) + 1; i > 0; i--)
			peer(rng, w);
		json_array_end(w);
	}
	if (list_begin(rng, w, "ports", 65)) {
		for (unsigned i = rng_below(rng, 3) + 1; i > 0; i--)
			port(rng, w);
		json_array_end(w);
	}
	json_object_end(w);
}

static void rules(struct rng *rng, struct json_writer *w, const char *section, const char *peers)
{
	if (!list_begin(rng, w, section, 70))
		return;
	for (unsigned i = rng_below(rng, 3) + 1; i > 0; i--)
		rule(rng, w, peers);
	json_array_end(w);
}

static void policy_types(struct rng *rng, struct json_writer *w)
{
	unsigned which = rng_below(rng, 4); /* bit 0: Ingress, bit 1: Egress; none: [] */

	if (rng_chance(rng, 40))
		return;
	json_key(w, "policyTypes");
	json_array_begin(w);
	if (which & 2)
		json_c(w, "Egress");
	if (which & 1)
		json_c(w, "Ingress");
	json_array_end(w);
}

/* --- objects --- */

static void object_begin(
	struct json_writer *w, const char *api_version, const char *kind, const char *name)
{
	json_object_begin(w);
	json_field_c(w, "apiVersion", api_version);
	json_field_c(w, "kind", kind);
	json_key(w, "metadata");
	json_object_begin(w);
	json_field_c(w, "name", name);
}

static void policy(struct rng *rng, struct json_writer *w, unsigned number)
{
	char name[16];

	snprintf(name, sizeof(name), "np-%u", number);
	object_begin(w, "networking.k8s.io/v1", "NetworkPolicy", name);
	json_field_c(w, "namespace", namespaces[rng_below(rng, COUNT(namespaces))]);
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	if (!rng_chance(rng, 5)) {
		json_key(w, "podSelector");
		selector(rng, w, &pod_words);
	}
	policy_types(rng, w);
	rules(rng, w, "ingress", "from");
	rules(rng, w, "egress", "to");
	json_object_end(w);
	json_object_end(w);
}

static void labels(struct rng *rng, struct json_writer *w, const struct words *words)
{
	json_key(w, "labels");
	json_object_begin(w);
	for (unsigned i = 0; i < words->key_count; i++) {
		/* A key is there once: keys of words repeat to make them frequent. */
		bool seen = false;

		for (unsigned j = 0; j < i; j++)
			seen |= strcmp(words->keys[i], words->keys[j]) == 0;
		if (!seen && words->keys[i][0] != 'k' && rng_chance(rng, i < 2 ? 75 : 20))
			json_field_c(w, words->keys[i], a_value(rng, words));
	}
	json_object_end(w);
}

static void container_ports(struct rng *rng, struct json_writer *w, bool no_sctp)
{
	unsigned proto_count = COUNT(protocols) - no_sctp;

	json_key(w, "ports");
	json_array_begin(w);
	for (unsigned i = 0; i < COUNT(port_names); i++) {
		if (!rng_chance(rng, 70))
			continue;
		json_object_begin(w);
		json_field_c(w, "name", port_names[i]);
		json_field_int(w, "containerPort", port_numbers[rng_below(rng, 8)]);
		if (rng_chance(rng, 50))
			json_field_c(w, "protocol", protocols[rng_below(rng, proto_count)]);
		json_object_end(w);
	}
	json_array_end(w);
}

static void containers(struct rng *rng, struct json_writer *w, bool no_sctp)
{
	json_key(w, "containers");
	json_array_begin(w);
	json_object_begin(w);
	json_field_c(w, "name", "main");
	json_field_c(w, "image", "main");
	container_ports(rng, w, no_sctp);
	json_object_end(w);
	json_array_end(w);
}

/* What a random pod is besides its labels and ports. */
struct fate {
	bool v4, v6, on_host, finished;
	unsigned node;	 /* 0: not said */
	unsigned number; /* last byte of its addresses */
};

static struct fate a_fate(struct rng *rng, const struct random_shape *shape, unsigned number)
{
	struct fate f = {.v4 = true, .v6 = true, .number = number};

	if (shape->plain_pods)
		return f;
	f.v4 = rng_chance(rng, 85);
	f.v6 = rng_chance(rng, 70);
	f.node = rng_below(rng, 3);
	f.on_host = rng_chance(rng, 10);
	f.finished = rng_chance(rng, 7);
	if (f.on_host)
		f.number = 12 + f.node;
	else if (f.finished && rng_chance(rng, 50))
		f.number = 1; /* of a pod that has it now */
	return f;
}

static void pod_status(struct json_writer *w, const struct fate *f)
{
	json_key(w, "status");
	json_object_begin(w);
	json_field_c(w, "phase", f->finished ? "Succeeded" : "Running");
	json_key(w, "podIPs");
	json_array_begin(w);
	for (int family = 4; family <= 6; family += 2) {
		if (!(family == 4 ? f->v4 : f->v6))
			continue;
		json_object_begin(w);
		json_key(w, "ip");
		json_strf(w, family == 4 ? "10.0.0.%u" : "fd00::%x", f->number);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
}

static void pod(
	struct rng *rng, struct json_writer *w, const struct random_shape *shape, unsigned number)
{
	struct fate fate = a_fate(rng, shape, number);
	char name[16], node[16];

	snprintf(name, sizeof(name), "p%u", number);
	snprintf(node, sizeof(node), "n%u", fate.node);
	object_begin(w, "v1", "Pod", name);
	json_field_c(w, "namespace", namespaces[rng_below(rng, COUNT(namespaces))]);
	labels(rng, w, &pod_words);
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	if (fate.node)
		json_field_c(w, "nodeName", node);
	if (fate.on_host)
		json_field_bool(w, "hostNetwork", true);
	containers(rng, w, shape->no_sctp);
	json_object_end(w);
	pod_status(w, &fate);
	json_object_end(w);
}

/* A workload whose pods have no addresses yet. */
static void deployment(struct rng *rng, struct json_writer *w)
{
	object_begin(w, "apps/v1", "Deployment", "dep");
	json_field_c(w, "namespace", namespaces[rng_below(rng, COUNT(namespaces))]);
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	json_field_int(w, "replicas", rng_below(rng, 3));
	json_key(w, "selector");
	json_object_begin(w);
	json_key(w, "matchLabels");
	json_object_begin(w);
	json_field_c(w, "dep", "dep");
	json_object_end(w);
	json_object_end(w);
	json_key(w, "template");
	json_object_begin(w);
	json_key(w, "metadata");
	json_object_begin(w);
	json_key(w, "labels");
	json_object_begin(w);
	json_field_c(w, "app", a_value(rng, &pod_words));
	json_field_c(w, "dep", "dep");
	json_object_end(w);
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	containers(rng, w, false);
	json_object_end(w);
	json_object_end(w);
	json_object_end(w);
	json_object_end(w);
}

static void list_of(struct json_writer *w)
{
	json_object_begin(w);
	json_field_c(w, "apiVersion", "v1");
	json_field_c(w, "kind", "List");
	json_key(w, "items");
	json_array_begin(w);
}

static void policies(struct rng *rng, struct json_writer *w, const struct random_shape *shape)
{
	for (unsigned i = rng_below(rng, shape->policy_count) + 1; i > 0; i--)
		policy(rng, w, i);
}

void random_policies(struct rng *rng, const struct random_shape *shape, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	list_of(&w);
	policies(rng, &w, shape);
	json_array_end(&w);
	json_object_end(&w);
}

void random_model(struct rng *rng, const struct random_shape *shape, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	list_of(&w);
	for (unsigned i = 0; i < COUNT(namespaces); i++) {
		if (rng_chance(rng, 30))
			continue;
		object_begin(&w, "v1", "Namespace", namespaces[i]);
		labels(rng, &w, &namespace_words);
		json_object_end(&w);
		json_object_end(&w);
	}
	for (unsigned i = 1; i <= shape->pod_count; i++)
		pod(rng, &w, shape, i);
	if (!shape->plain_pods && rng_chance(rng, 20))
		deployment(rng, &w);
	policies(rng, &w, shape);
	json_array_end(&w);
	json_object_end(&w);
}
