/*
 * The compiled policies against the reference, on random ones: every field and its not- form, all
 * actions, dry-run, selectors, the root namespace, plain peers and odd identities. RF_SEED repeats
 * a run, RF_MODELS sets its length.
 */
#include "base/num.h"
#include "mesh/authz/peer_auth.h"
#include "tests/lib/authz_oracle.h"
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"

#define MODELS		 5000
#define CASES_MIN	 100000
#define WORKLOADS	 4  /* a model */
#define PEERS		 10 /* a workload */
#define POLICIES_MAX	 6
#define WORDS(name, ...) static const char *const name[] = {__VA_ARGS__}
#define PICK(rng, list)	 (list)[rng_below(rng, (unsigned)RF_ARRAY_LEN(list))]

WORDS(namespaces, "shop", "other", "istio-system");
WORDS(principals, "cluster.local/ns/shop/sa/web", "cluster.local/ns/other/sa/web",
	"prod.example/ns/shop/sa/web", "prod.example/ns/shop/sa/db", "cluster.local/ns/shop/sa/*",
	"cluster.local/*", "prod.example/*", "cluster.loc*", "*/sa/web", "*/ns/other/sa/db", "*",
	"prod.example", "prod.example/odd/path", "old.example/ns/shop/sa/web", "cluster.local/");
WORDS(namespace_patterns, "shop", "other", "shop", "sh*", "*er", "*", "istio-system");
WORDS(accounts, "web", "db", "shop/web", "other/web", "other/db");
WORDS(domains, "cluster.local", "prod.example", "prod*", "*.example", "*", "old.example");
WORDS(blocks, "10.0.0.1", "10.0.0.0/8", "10.0.0.0/30", "10.0.0.2/31", "192.168.0.0/16", "0.0.0.0/0",
	"::/0", "fd00::1", "fd00::/64", "fd00::/9");
WORDS(ports, "80", "443", "5432", "8080");
WORDS(snis, "a.example", "*.example", "a*", "*", "b.example");
WORDS(http_values, "GET", "/x*", "*.example");
WORDS(modes, "UNSET", "DISABLE", "PERMISSIVE", "STRICT");

struct list_of {
	const char *field;
	const char *const *words;
	unsigned count;
};

#define LIST(field, words)                        \
	{                                         \
		field, words, RF_ARRAY_LEN(words) \
	}

static const struct list_of source_fields[] = {
	LIST("principals", principals),
	LIST("notPrincipals", principals),
	LIST("namespaces", namespace_patterns),
	LIST("notNamespaces", namespace_patterns),
	LIST("serviceAccounts", accounts),
	LIST("notServiceAccounts", accounts),
	LIST("trustDomains", domains),
	LIST("notTrustDomains", domains),
	LIST("ipBlocks", blocks),
	LIST("notIpBlocks", blocks),
	LIST("remoteIpBlocks", blocks),
	LIST("notRemoteIpBlocks", blocks),
};

static const struct list_of operation_fields[] = {
	LIST("ports", ports),
	LIST("ports", ports),
	LIST("notPorts", ports),
	LIST("hosts", http_values),
	LIST("notHosts", http_values),
	LIST("methods", http_values),
	LIST("notMethods", http_values),
	LIST("paths", http_values),
	LIST("notPaths", http_values),
};

static const struct list_of condition_keys[] = {
	LIST("source.ip", blocks),
	LIST("remote.ip", blocks),
	LIST("source.namespace", namespace_patterns),
	LIST("source.principal", principals),
	LIST("source.serviceAccount", accounts),
	LIST("destination.ip", blocks),
	LIST("destination.port", ports),
	LIST("connection.sni", snis),
	LIST("request.headers[x]", http_values),
};

/* --- manifests --- */

static void write_list(struct rng *rng, struct json_writer *w, const char *key,
	const char *const *words, unsigned count)
{
	unsigned entries = 1 + rng_below(rng, 3);

	json_key(w, key);
	json_array_begin(w);
	for (unsigned i = 0; i < entries; i++)
		json_c(w, words[rng_below(rng, count)]);
	json_array_end(w);
}

static bool is_written(const bool *seen, const struct list_of *fields, unsigned i, unsigned count)
{
	for (unsigned j = 0; j < count; j++) {
		if (seen[j] && strcmp(fields[i].field, fields[j].field) == 0)
			return true;
	}
	return false;
}

/* One to three of the fields, none twice; now and then an empty or null one beside them. */
static void write_fields(
	struct rng *rng, struct json_writer *w, const struct list_of *fields, unsigned count)
{
	bool seen[RF_ARRAY_LEN(source_fields)] = {false};
	unsigned tries = rng_chance(rng, 60) ? 1 : 2 + rng_below(rng, 2);

	json_object_begin(w);
	while (tries-- > 0) {
		unsigned i = rng_below(rng, count);

		if (is_written(seen, fields, i, count))
			continue;
		seen[i] = true;
		write_list(rng, w, fields[i].field, fields[i].words, fields[i].count);
	}
	if (rng_chance(rng, 10) && !seen[count - 1]) {
		json_key(w, fields[count - 1].field);
		if (rng_chance(rng, 50)) {
			json_null(w);
		} else {
			json_array_begin(w);
			json_array_end(w);
		}
	}
	json_object_end(w);
}

/* from and to: a list of {"source": {...}}. */
static void write_entries(struct rng *rng, struct json_writer *w, const char *list,
	const char *entry, const struct list_of *fields, unsigned field_count)
{
	unsigned count = rng_chance(rng, 60) ? 1 : 2 + rng_below(rng, 2);

	json_key(w, list);
	json_array_begin(w);
	for (unsigned i = 0; i < count; i++) {
		json_object_begin(w);
		json_key(w, entry);
		write_fields(rng, w, fields, field_count);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_when(struct rng *rng, struct json_writer *w)
{
	unsigned count = 1 + rng_below(rng, 2);

	json_key(w, "when");
	json_array_begin(w);
	for (unsigned i = 0; i < count; i++) {
		const struct list_of *key = &PICK(rng, condition_keys);
		unsigned which = rng_below(rng, 4);

		json_object_begin(w);
		json_field_c(w, "key", key->field);
		if (which != 0)
			write_list(rng, w, "values", key->words, key->count);
		if (which == 0 || which == 3)
			write_list(rng, w, "notValues", key->words, key->count);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_rule(struct rng *rng, struct json_writer *w)
{
	json_object_begin(w);
	if (rng_chance(rng, 70))
		write_entries(rng, w, "from", "source", source_fields, RF_ARRAY_LEN(source_fields));
	/* HTTP makes rules of ALLOW dead, so ports alone are more frequent. */
	if (rng_chance(rng, 35))
		write_entries(rng, w, "to", "operation", operation_fields,
			rng_chance(rng, 60) ? 3 : RF_ARRAY_LEN(operation_fields));
	if (rng_chance(rng, 30))
		write_when(rng, w);
	json_object_end(w);
}

static void write_selector(struct rng *rng, struct json_writer *w, bool always)
{
	WORDS(apps, "web", "db");

	if (!always && rng_chance(rng, 50))
		return;
	json_key(w, "selector");
	json_object_begin(w);
	json_key(w, "matchLabels");
	json_object_begin(w);
	if (always || rng_chance(rng, 80))
		json_field_c(w, "app", PICK(rng, apps));
	if (rng_chance(rng, 20))
		json_field_c(w, "tier", "a");
	json_object_end(w);
	json_object_end(w);
}

static void write_head(struct rng *rng, struct json_writer *w, const char *kind, const char *prefix,
	unsigned number)
{
	WORDS(versions, "security.istio.io/v1", "security.istio.io/v1beta1");
	WORDS(yes, "true", "1", "T");
	WORDS(times, "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2023-12-31T23:59:59Z");

	json_object_begin(w);
	json_field_c(w, "apiVersion", PICK(rng, versions));
	json_field_c(w, "kind", kind);
	json_key(w, "metadata");
	json_object_begin(w);
	json_key(w, "name");
	json_strf(w, "%s%u", prefix, number);
	json_field_c(w, "namespace", PICK(rng, namespaces));
	if (rng_chance(rng, 50))
		json_field_c(w, "creationTimestamp", PICK(rng, times));
	if (*kind == 'A' && rng_chance(rng, 25)) {
		json_key(w, "annotations");
		json_object_begin(w);
		json_field_c(w, "istio.io/dry-run", rng_chance(rng, 80) ? PICK(rng, yes) : "false");
		json_object_end(w);
	}
	json_object_end(w);
}

static void write_policy(struct rng *rng, struct json_writer *w, unsigned number)
{
	WORDS(actions, "ALLOW", "ALLOW", "DENY", "DENY", "AUDIT");
	unsigned rules = rng_below(rng, 4);

	write_head(rng, w, "AuthorizationPolicy", "a", number);
	json_key(w, "spec");
	json_object_begin(w);
	write_selector(rng, w, false);
	if (rng_chance(rng, 80))
		json_field_c(w, "action", PICK(rng, actions));
	if (rules || rng_chance(rng, 50)) {
		json_key(w, "rules");
		json_array_begin(w);
		for (unsigned i = 0; i < rules; i++)
			write_rule(rng, w);
		json_array_end(w);
	}
	json_object_end(w);
	json_object_end(w);
}

static void write_mtls(struct rng *rng, struct json_writer *w, const char *key)
{
	json_key(w, key);
	json_object_begin(w);
	if (rng_chance(rng, 90))
		json_field_c(w, "mode", PICK(rng, modes));
	json_object_end(w);
}

static void write_peer_authentication(struct rng *rng, struct json_writer *w, unsigned number)
{
	bool selects = rng_chance(rng, 60);

	write_head(rng, w, "PeerAuthentication", "p", number);
	json_key(w, "spec");
	json_object_begin(w);
	if (selects)
		write_selector(rng, w, true);
	if (rng_chance(rng, 80))
		write_mtls(rng, w, "mtls");
	if (selects && rng_chance(rng, 60)) {
		json_key(w, "portLevelMtls");
		json_object_begin(w);
		write_mtls(rng, w, "80");
		if (rng_chance(rng, 50))
			write_mtls(rng, w, "5432");
		json_object_end(w);
	}
	json_object_end(w);
	json_object_end(w);
}

static void write_model(struct rng *rng, struct rf_buf *out)
{
	struct json_writer w = {.out = out};
	unsigned policies = 1 + rng_below(rng, POLICIES_MAX);
	unsigned authentications = rng_below(rng, 5);

	json_object_begin(&w);
	json_field_c(&w, "apiVersion", "v1");
	json_field_c(&w, "kind", "List");
	json_key(&w, "items");
	json_array_begin(&w);
	for (unsigned i = 0; i < policies; i++)
		write_policy(rng, &w, i);
	for (unsigned i = 0; i < authentications; i++)
		write_peer_authentication(rng, &w, i);
	json_array_end(&w);
	json_object_end(&w);
}

/* --- questions --- */

struct question {
	struct authz_oracle_workload workload;
	struct authz_oracle_peer peer;
};

static void pick_workload(struct rng *rng, struct authz_oracle_workload *w)
{
	WORDS(apps, "web", "db", "none");
	WORDS(own, "", "cluster.local", "prod.example");
	size_t count = 0;

	*w = (struct authz_oracle_workload){.namespace = PICK(rng, namespaces),
		.root = rng_chance(rng, 80) ? "istio-system" : "other",
		.trust_domain = PICK(rng, own)};
	if (rng_chance(rng, 90))
		w->labels[count++] = (struct authz_oracle_label){"app", PICK(rng, apps)};
	if (rng_chance(rng, 50))
		w->labels[count++] = (struct authz_oracle_label){"tier", "a"};
}

static void pick_identity(struct rng *rng, struct authz_oracle_peer *p)
{
	WORDS(trust, "cluster.local", "prod.example", "prod.example", "old.example");
	WORDS(names, "shop", "other", "istio-system", "shopping");
	WORDS(who, "web", "db", "webb");
	WORDS(odd, "", "/odd/path", "/ns/shop", "/ns/shop/sa/web/x", "/x/ns/shop/sa/web");

	if (rng_chance(rng, 20))
		return;
	p->trust_domain = PICK(rng, trust);
	if (rng_chance(rng, 15)) {
		p->other_path = PICK(rng, odd);
		return;
	}
	p->namespace = PICK(rng, names);
	p->account = PICK(rng, who);
}

static void pick_peer(struct rng *rng, struct authz_oracle_peer *p)
{
	WORDS(addresses, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "192.168.1.1", "11.0.0.1",
		"fd00::1", "fd00:0:0:1::1", "fd80::");
	WORDS(servers, "a.example", "b.example", "a", "other");
	static const unsigned numbers[] = {80, 443, 5432, 8080, 1};

	*p = (struct authz_oracle_peer){.source = rng_chance(rng, 90) ? PICK(rng, addresses) : NULL,
		.destination = rng_chance(rng, 90) ? PICK(rng, addresses) : NULL,
		.port = PICK(rng, numbers),
		.sni = rng_chance(rng, 60) ? PICK(rng, servers) : NULL};
	p->remote = rng_chance(rng, 70) ? p->source : PICK(rng, addresses);
	pick_identity(rng, p);
}

static struct rf_ip ip_of(const char *text)
{
	struct rf_ip ip = {.family = RF_FAMILY_NONE};

	if (text && !rf_ip_parse(rf_str_of(text), &ip))
		abort();
	return ip;
}

static struct authz_peer peer_of(const struct authz_oracle_peer *p, char id[static 512])
{
	if (p->other_path)
		snprintf(id, 512, "spiffe://%s%s", p->trust_domain, p->other_path);
	else if (p->trust_domain)
		snprintf(id, 512, "spiffe://%s/ns/%s/sa/%s", p->trust_domain, p->namespace,
			p->account);
	return (struct authz_peer){.id = p->trust_domain ? rf_str_of(id) : RF_STR_NONE,
		.source = ip_of(p->source),
		.remote = ip_of(p->remote),
		.destination = ip_of(p->destination),
		.port = (uint16_t)p->port,
		.sni = rf_str_of(p->sni)};
}

/* --- the comparison --- */

struct trial {
	struct rf_buf text;
	struct kube_set set;
	struct rng rng;
	unsigned long cases, allowed, by_rule, dry, audited, strict;
};

static const char *name_of(const struct kube_object *object)
{
	return object ? object->meta.name.ptr : "nobody";
}

static void say(const struct trial *t, const struct question *q)
{
	const struct authz_oracle_peer *p = &q->peer;

	tap_diag("%s", rf_buf_cstr(&t->text));
	tap_diag("workload of %s, root %s, domain \"%s\", app %s %s", q->workload.namespace,
		q->workload.root, q->workload.trust_domain,
		q->workload.labels[0].key ? q->workload.labels[0].value : "-",
		q->workload.labels[1].key ? q->workload.labels[1].value : "-");
	tap_diag("peer %s %s %s %s from %s (%s) to %s port %u sni %s",
		p->trust_domain ? p->trust_domain : "plain", p->namespace ? p->namespace : "-",
		p->account ? p->account : "-", p->other_path ? p->other_path : "-",
		p->source ? p->source : "-", p->remote ? p->remote : "-",
		p->destination ? p->destination : "-", p->port, p->sni ? p->sni : "-");
}

static bool verdicts_agree(struct trial *t, const struct authz *authz, const struct question *q)
{
	struct authz_oracle_verdict want = authz_oracle_judge(&t->set, &q->workload, &q->peer);
	char id[512];
	struct authz_peer peer = peer_of(&q->peer, id);
	struct authz_verdict got = authz_judge(authz, &peer);

	t->cases++;
	t->allowed += want.allowed;
	t->by_rule += want.rule >= 0;
	t->dry += want.dry_policy != NULL;
	t->audited += want.audit_policy != NULL;
	if (got.allowed == want.allowed && got.policy == want.policy &&
		got.rule == (want.rule < 0 ? AUTHZ_NO_RULE : (uint32_t)want.rule) &&
		(got.reason == AUTHZ_NO_POLICY) == want.no_policy &&
		got.dry_policy == want.dry_policy && got.dry_allowed == want.dry_allowed &&
		got.dry_rule == (want.dry_rule < 0 ? AUTHZ_NO_RULE : (uint32_t)want.dry_rule) &&
		got.audit_policy == want.audit_policy && got.allow_count == want.allow_count)
		return true;
	say(t, q);
	tap_diag("got %d by %s rule %d (dry %d by %s, audit %s), want %d by %s rule %ld (dry %d "
		 "by %s, audit %s)",
		got.allowed, name_of(got.policy), (int)got.rule, got.dry_allowed,
		name_of(got.dry_policy), name_of(got.audit_policy), want.allowed,
		name_of(want.policy), want.rule, want.dry_allowed, name_of(want.dry_policy),
		name_of(want.audit_policy));
	return false;
}

static bool modes_agree(
	struct trial *t, const struct authz_workload *workload, const struct question *q)
{
	const struct kube_object *policy;
	const char *want = authz_oracle_mode(&t->set, &q->workload, q->peer.port, &policy);
	struct peer_auth got = peer_auth_mode(&t->set, workload, (uint16_t)q->peer.port);

	t->strict += *want == 'S';
	if (strcmp(want, peer_auth_mode_name(got.mode)) == 0 && got.policy == policy &&
		(got.pos.line > 0) == (policy != NULL))
		return true;
	say(t, q);
	tap_diag("got %s by %s, want %s by %s", peer_auth_mode_name(got.mode), name_of(got.policy),
		want, name_of(policy));
	return false;
}

static bool workload_agrees(struct trial *t)
{
	struct doc_pair pairs[4];
	struct doc_pairs labels = {.items = pairs};
	struct question q;
	AUTO_AUTHZ *authz = NULL;
	struct authz_workload workload;

	pick_workload(&t->rng, &q.workload);
	for (; q.workload.labels[labels.count].key; labels.count++)
		pairs[labels.count] =
			(struct doc_pair){rf_str_of(q.workload.labels[labels.count].key),
				rf_str_of(q.workload.labels[labels.count].value)};
	workload = (struct authz_workload){.namespace = rf_str_of(q.workload.namespace),
		.labels = &labels,
		.root_namespace = strcmp(q.workload.root, "istio-system") == 0
					  ? RF_STR_NONE
					  : rf_str_of(q.workload.root),
		.trust_domain = rf_str_of(q.workload.trust_domain)};
	if (authz_compile(&t->set, &workload, &authz, NULL) < 0)
		abort();
	for (unsigned i = 0; i < PEERS; i++) {
		pick_peer(&t->rng, &q.peer);
		if (!verdicts_agree(t, authz, &q) || !modes_agree(t, &workload, &q))
			return false;
	}
	return true;
}

static bool model_agrees(struct trial *t)
{
	AUTO_DIAGS diags = {.error_count = 0};
	bool ok = true;

	rf_buf_clear(&t->text);
	write_model(&t->rng, &t->text);
	if (kube_set_init(&t->set, NULL) < 0 ||
		kube_load_text(&t->set, rf_buf_str(&t->text), "m.json", &diags, NULL) < 0)
		abort();
	if (diags.error_count) {
		tap_diag("%s\n%s", rf_buf_cstr(&t->text), diags.list.items[0].msg);
		rf_vec_each (d, &diags.list) {
			if (d->severity == RF_ERROR)
				tap_diag("%s", d->msg);
		}
		ok = false;
	}
	for (unsigned i = 0; ok && i < WORKLOADS; i++)
		ok = workload_agrees(t);
	kube_set_done(&t->set);
	return ok;
}

static uint64_t model_count(void)
{
	const char *text = getenv("RF_MODELS");
	uint64_t count;

	return text && rf_num_u64(rf_str_of(text), UINT32_MAX, &count) ? count : MODELS;
}

/* What hardly ever happens proves little. */
static void check_shares(const struct trial *t)
{
	CHECK(t->allowed > t->cases / 10 && t->allowed < t->cases * 9 / 10);
	CHECK(t->by_rule > t->cases / 10);
	CHECK(t->dry > t->cases / 100);
	CHECK(t->audited > t->cases / 100);
	CHECK(t->strict > t->cases / 100);
}

static void verdicts_and_modes_are_those_of_the_reference(void)
{
	struct trial t = {.rng = {.state = rng_seed()}};
	uint64_t count = model_count();
	bool ok = true;

	for (uint64_t i = 0; ok && i < count; i++)
		ok = model_agrees(&t);
	CHECK(ok);
	tap_diag("%lu cases: %lu allowed, %lu decided by a rule, %lu otherwise under dry-run, %lu "
		 "audited, %lu STRICT",
		t.cases, t.allowed, t.by_rule, t.dry, t.audited, t.strict);
	if (ok && count >= MODELS) {
		CHECK(t.cases >= CASES_MIN);
		check_shares(&t);
	}
	rf_buf_done(&t.text);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(verdicts_and_modes_are_those_of_the_reference);
	return TAP_END();
}
