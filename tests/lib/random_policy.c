/* Random policies: one function a field, each with the ways in which people leave it out. */
#include "tests/lib/random_int.h"

/* --- selectors --- */

static void requirement(struct rng *rng, struct json_writer *w, const struct random_words *words)
{
	static const char *const ops[] = {"In", "NotIn", "Exists", "DoesNotExist"};
	unsigned op = rng_below(rng, COUNT(ops));

	json_object_begin(w);
	json_field_c(w, "key", random_key(rng, words));
	json_field_c(w, "operator", ops[op]);
	if (op < 2) {
		json_key(w, "values");
		json_array_begin(w);
		for (unsigned i = rng_below(rng, 2) + 1; i > 0; i--)
			json_c(w, random_value(rng, words));
		json_array_end(w);
	}
	json_object_end(w);
}

static void selector(struct rng *rng, struct json_writer *w, const struct random_words *words)
{
	json_object_begin(w);
	if (rng_chance(rng, 45)) {
		json_key(w, "matchLabels");
		json_object_begin(w);
		json_field_c(w, random_key(rng, words), random_value(rng, words));
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
	uint16_t port = random_port_numbers[rng_below(rng, COUNT(random_port_numbers))];
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
		json_field_c(
			w, "protocol", random_protocols[rng_below(rng, COUNT(random_protocols))]);
	if (rng_chance(rng, 50))
		port_number(rng, w);
	else if (rng_chance(rng, 70))
		json_field_c(
			w, "port", random_port_names[rng_below(rng, COUNT(random_port_names))]);
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
		selector(rng, w, &random_pod_words);
	}
	if (kind == 2 || kind == 3) {
		json_key(w, "namespaceSelector");
		selector(rng, w, &random_namespace_words);
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

/* --- policies --- */

static void policy(struct rng *rng, struct json_writer *w, unsigned number)
{
	char name[16];

	snprintf(name, sizeof(name), "np-%u", number);
	random_object_begin(w, "networking.k8s.io/v1", "NetworkPolicy", name);
	json_field_c(w, "namespace", random_namespaces[rng_below(rng, COUNT(random_namespaces))]);
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	if (!rng_chance(rng, 5)) {
		json_key(w, "podSelector");
		selector(rng, w, &random_pod_words);
	}
	policy_types(rng, w);
	rules(rng, w, "ingress", "from");
	rules(rng, w, "egress", "to");
	json_object_end(w);
	json_object_end(w);
}

void random_policy_items(struct rng *rng, struct json_writer *w, const struct random_shape *shape)
{
	for (unsigned i = rng_below(rng, shape->policy_count) + 1; i > 0; i--)
		policy(rng, w, i);
}

void random_policies(struct rng *rng, const struct random_shape *shape, struct rf_buf *out)
{
	struct json_writer w = {.out = out};

	random_list_begin(&w);
	random_policy_items(rng, &w, shape);
	json_array_end(&w);
	json_object_end(&w);
}
