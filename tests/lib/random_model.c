/* Random namespaces and pods, and the words that policies share with them. */
#include "tests/lib/random_int.h"

#include <time.h>

#include "base/num.h"

const char *const random_namespaces[] = {"x", "y", "z"};
static const char *const pod_keys[] = {"app", "tier", "app", "tier", "rare"};
static const char *const values[] = {"a", "b", "a", "b", "c", ""};
const char *const random_port_names[] = {"web", "dns", "alt"};
const char *const random_protocols[] = {"TCP", "UDP", "SCTP"};
const uint16_t random_port_numbers[] = {80, 81, 53, 80, 81, 53, 443, 8080, 1, 65535};
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

/* --- words --- */

const struct random_words random_pod_words = {pod_keys, values, COUNT(pod_keys), COUNT(values)};

static const char *const namespace_keys[] = {"kubernetes.io/metadata.name", "team", "team"};
static const char *const namespace_values[] = {"x", "y", "a", "b", ""};
const struct random_words random_namespace_words = {
	namespace_keys, namespace_values, COUNT(namespace_keys), COUNT(namespace_values)};

const char *random_key(struct rng *rng, const struct random_words *words)
{
	return words->keys[rng_below(rng, words->key_count)];
}

const char *random_value(struct rng *rng, const struct random_words *words)
{
	return words->values[rng_below(rng, words->value_count)];
}

/* --- objects --- */

void random_object_begin(
	struct json_writer *w, const char *api_version, const char *kind, const char *name)
{
	json_object_begin(w);
	json_field_c(w, "apiVersion", api_version);
	json_field_c(w, "kind", kind);
	json_key(w, "metadata");
	json_object_begin(w);
	json_field_c(w, "name", name);
}

static void labels(struct rng *rng, struct json_writer *w, const struct random_words *words)
{
	json_key(w, "labels");
	json_object_begin(w);
	for (unsigned i = 0; i < words->key_count; i++) {
		/* A key is there once: keys of words repeat to make them frequent. */
		bool seen = false;

		for (unsigned j = 0; j < i; j++)
			seen |= strcmp(words->keys[i], words->keys[j]) == 0;
		if (!seen && words->keys[i][0] != 'k' && rng_chance(rng, i < 2 ? 75 : 20))
			json_field_c(w, words->keys[i], random_value(rng, words));
	}
	json_object_end(w);
}

static void container_ports(struct rng *rng, struct json_writer *w, bool no_sctp)
{
	unsigned proto_count = COUNT(random_protocols) - no_sctp;

	json_key(w, "ports");
	json_array_begin(w);
	for (unsigned i = 0; i < COUNT(random_port_names); i++) {
		if (!rng_chance(rng, 70))
			continue;
		json_object_begin(w);
		json_field_c(w, "name", random_port_names[i]);
		json_field_int(w, "containerPort", random_port_numbers[rng_below(rng, 8)]);
		if (rng_chance(rng, 50))
			json_field_c(w, "protocol", random_protocols[rng_below(rng, proto_count)]);
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
	random_object_begin(w, "v1", "Pod", name);
	json_field_c(w, "namespace", random_namespaces[rng_below(rng, COUNT(random_namespaces))]);
	labels(rng, w, &random_pod_words);
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
	random_object_begin(w, "apps/v1", "Deployment", "dep");
	json_field_c(w, "namespace", random_namespaces[rng_below(rng, COUNT(random_namespaces))]);
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
	json_field_c(w, "app", random_value(rng, &random_pod_words));
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

void random_list_begin(struct json_writer *w)
{
	json_object_begin(w);
	json_field_c(w, "apiVersion", "v1");
	json_field_c(w, "kind", "List");
	json_key(w, "items");
	json_array_begin(w);
}

void random_model(struct rng *rng, const struct random_shape *shape, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	random_list_begin(&w);
	for (unsigned i = 0; i < COUNT(random_namespaces); i++) {
		if (rng_chance(rng, 30))
			continue;
		random_object_begin(&w, "v1", "Namespace", random_namespaces[i]);
		labels(rng, &w, &random_namespace_words);
		json_object_end(&w);
		json_object_end(&w);
	}
	for (unsigned i = 1; i <= shape->pod_count; i++)
		pod(rng, &w, shape, i);
	if (!shape->plain_pods && rng_chance(rng, 20))
		deployment(rng, &w);
	random_policy_items(rng, &w, shape);
	json_array_end(&w);
	json_object_end(&w);
}
