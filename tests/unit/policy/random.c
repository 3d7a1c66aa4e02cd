/*
 * The engine against the reference, on random manifests: verdicts of pairs of ends of both
 * families, isolation, reasons and the matrix. A disagreement is made small and printed with its
 * seed; RF_SEED repeats a run, RF_MODELS sets its length.
 */
#include "base/num.h"
#include "policy/explain.h"
#include "policy/matrix.h"
#include "tests/lib/minimise.h"
#include "tests/lib/oracle.h"
#include "tests/lib/random_model.h"
#include "tests/lib/tap.h"
#include "tests/lib/world.h"

#define MODELS		 10000
#define CASES_MIN	 100000
#define QUESTIONS_A_PAIR 3 /* of a random model; all of them while it is made smaller */

/* One end as both sides know it. */
struct end {
	struct policy_end engine;
	struct oracle_end oracle;
};

struct trial {
	struct world world;
	struct oracle oracle;
	RF_VEC(struct end) ends;
	struct rng rng; /* picks questions */
	bool all;	/* ask everything */
	struct rf_buf why;
	unsigned long cases;
};

/* --- questions --- */

static void add_end(struct trial *t, const struct policy_end *engine, const struct kube_pod *pod)
{
	struct end *end = rf_vec_add(&t->ends);

	if (!end)
		abort();
	end->engine = *engine;
	end->oracle = (struct oracle_end){.pod = pod, .ip = engine->ip};
}

/* A pod by each of its addresses; without any, by what is known of it. */
static void add_pod(struct trial *t, uint32_t index)
{
	const struct kube_pod *pod = &t->world.pods.list.items[index];
	struct policy_end end;

	for (size_t i = 0; i < pod->ip_count; i++) {
		if (policy_end_of_pod(t->world.policy, index, pod->ips[i].family, &end))
			add_end(t, &end, pod);
	}
	if (pod->ip_count == 0 && policy_end_of_pod(t->world.policy, index, RF_FAMILY_NONE, &end))
		add_end(t, &end, pod);
}

/* An address, about which both sides must first find out who holds it. */
static void add_ip(struct trial *t, const struct rf_ip *ip)
{
	struct policy_end engine = policy_end_of_ip(t->world.policy, ip);
	struct oracle_end oracle = oracle_end_of_ip(&t->oracle, ip);

	add_end(t, &engine, oracle.pod);
}

static void add_ends(struct trial *t)
{
	size_t count;
	const struct rf_ip *outside = random_model_outside(&count);

	for (uint32_t i = 0; i < t->world.pods.list.count; i++)
		add_pod(t, i);
	rf_vec_each (pod, &t->world.pods.list) {
		if (pod->finished && pod->ip_count)
			add_ip(t, &pod->ips[0]);
	}
	for (size_t i = 0; i < count; i++)
		add_ip(t, &outside[i]);
}

static bool can_meet(const struct rf_ip *a, const struct rf_ip *b)
{
	return a->family == b->family || !a->family || !b->family;
}

static void end_text(const struct oracle_end *end, struct rf_buf *out)
{
	char text[RF_IP_TEXT_SIZE];

	if (end->pod)
		rf_buf_addf(out, RF_STR_FMT "/" RF_STR_FMT " ", RF_STR_ARG(end->pod->namespace),
			RF_STR_ARG(end->pod->name));
	rf_buf_addf(out, "(%s)", end->ip.family ? rf_ip_text(&end->ip, text) : "no address");
}

static void question_text(const struct oracle_question *q, struct rf_buf *out)
{
	end_text(&q->from, out);
	rf_buf_add_c(out, " -> ");
	end_text(&q->to, out);
	rf_buf_addf(out, " %s %u: ", oracle_proto_name(q->proto), q->port);
}

/* --- verdicts and reasons --- */

static bool verdict_agrees(
	struct trial *t, const struct end *from, const struct end *to, struct oracle_question *q)
{
	struct oracle_verdict want = oracle_judge(&t->oracle, q);
	struct policy_verdict got = policy_judge(
		t->world.policy, &from->engine, &to->engine, (enum policy_proto)q->proto, q->port);

	t->cases++;
	if (got.allowed == want.allowed && got.egress == want.egress && got.ingress == want.ingress)
		return true;
	question_text(q, &t->why);
	rf_buf_addf(&t->why, "engine says egress %d ingress %d, reference egress %d ingress %d",
		got.egress, got.ingress, want.egress, want.ingress);
	return false;
}

/* Every reason is true: the rule allows, the policy isolates. Counts the kinds. */
static bool reasons_are_true(const struct trial *t, const struct policy_why *why,
	const struct oracle_question *q, bool ingress, unsigned count[3])
{
	const struct oracle_end *subject = ingress ? &q->to : &q->from;

	rf_vec_each (r, &why->reasons) {
		bool allows = r->kind != POLICY_ISOLATES &&
			      oracle_rule_allows(&t->oracle, q, r->policy, ingress, r->rule);

		count[r->kind]++;
		if (!oracle_policy_isolates(r->policy, subject, ingress))
			return false;
		if (allows != (r->kind == POLICY_ALLOWS))
			return false;
	}
	return true;
}

static unsigned count_isolating(
	const struct trial *t, const struct oracle_end *subject, bool ingress)
{
	unsigned count = 0;

	rf_vec_each (it, &t->world.set.objects)
		count += oracle_policy_isolates(*it, subject, ingress);
	return count;
}

static bool why_agrees(const struct trial *t, const struct policy_why *why,
	const struct oracle_question *q, bool ingress)
{
	const struct oracle_end *subject = ingress ? &q->to : &q->from;
	struct oracle_verdict want = oracle_judge(&t->oracle, q);
	unsigned isolating = count_isolating(t, subject, ingress), count[3] = {0};

	if (why->allowed != (ingress ? want.ingress : want.egress))
		return false;
	if (why->always)
		return why->allowed && why->reasons.count == 0;
	if (why->isolated != (isolating > 0) || !reasons_are_true(t, why, q, ingress, count))
		return false;
	if (why->allowed)
		return (count[POLICY_ALLOWS] > 0) == why->isolated;
	return count[POLICY_ALLOWS] == 0 && count[POLICY_ISOLATES] == isolating;
}

static bool explanation_agrees(struct trial *t, const struct end *from, const struct end *to,
	const struct oracle_question *q)
{
	struct policy_ends ends = {.from = from->engine, .to = to->engine};
	struct policy_ask ask = {.proto = (enum policy_proto)q->proto, .port = q->port};

	for (int dir = POLICY_INGRESS; dir < POLICY_DIR_COUNT; dir++) {
		struct policy_why why = {.allowed = false};
		bool ok = policy_explain(t->world.policy, &ends, &ask, (enum policy_dir)dir,
				  &why) == RF_OK &&
			  why_agrees(t, &why, q, dir == POLICY_INGRESS);

		if (!ok) {
			question_text(q, &t->why);
			rf_buf_addf(&t->why,
				"the reasons of %s do not hold (allowed %d always %d isolated %d, "
				"%zu reasons)",
				policy_dir_name((enum policy_dir)dir), why.allowed, why.always,
				why.isolated, why.reasons.count);
		}
		policy_why_done(&why);
		if (!ok)
			return false;
	}
	return true;
}

static bool question_agrees(
	struct trial *t, const struct end *from, const struct end *to, struct oracle_question *q)
{
	if (!verdict_agrees(t, from, to, q))
		return false;
	return !(t->all || rng_chance(&t->rng, 5)) || explanation_agrees(t, from, to, q);
}

static bool pair_agrees(struct trial *t, const struct end *from, const struct end *to)
{
	struct oracle_question q = {.from = from->oracle, .to = to->oracle};
	size_t port_count;
	const uint16_t *ports = random_model_ports(&port_count);
	size_t all = port_count * ORACLE_PROTO_COUNT;

	for (size_t i = 0; i < (t->all ? all : QUESTIONS_A_PAIR); i++) {
		size_t n = t->all ? i : rng_below(&t->rng, (unsigned)all);

		q.proto = (enum oracle_proto)(n % ORACLE_PROTO_COUNT);
		q.port = ports[n / ORACLE_PROTO_COUNT];
		if (!question_agrees(t, from, to, &q))
			return false;
	}
	return true;
}

static bool isolation_agrees(struct trial *t, const struct end *end)
{
	for (int dir = POLICY_INGRESS; dir < POLICY_DIR_COUNT; dir++) {
		bool want = oracle_isolated(&t->oracle, &end->oracle, dir == POLICY_INGRESS);

		if (policy_class_isolated(
			    t->world.policy, end->engine.class, (enum policy_dir)dir) == want)
			continue;
		end_text(&end->oracle, &t->why);
		rf_buf_addf(&t->why, ": isolation of %s should be %d",
			policy_dir_name((enum policy_dir)dir), want);
		return false;
	}
	return true;
}

static bool verdicts_agree(struct trial *t)
{
	rf_vec_each (from, &t->ends) {
		if (!isolation_agrees(t, from))
			return false;
		rf_vec_each (to, &t->ends) {
			if (can_meet(&from->oracle.ip, &to->oracle.ip) && !pair_agrees(t, from, to))
				return false;
		}
	}
	return true;
}

/* --- the matrix --- */

/* The ends of a party, worked out anew: its pods by each address, or an address of its range. */
static size_t ends_of(const struct trial *t, const struct policy_party *party, bool last,
	struct oracle_end *ret, size_t max)
{
	size_t count = 0;

	if (party->external) {
		ret[0] = (struct oracle_end){.ip = last ? party->range.last : party->range.first};
		return 1;
	}
	rf_vec_each (pod, &t->world.pods.list) {
		if (pod->finished || !rf_str_eq(pod->namespace, party->namespace) ||
			!rf_str_eq(pod->owner->meta.name, party->name))
			continue;
		for (size_t i = 0; i < pod->ip_count && count < max; i++)
			ret[count++] = (struct oracle_end){.pod = pod, .ip = pod->ips[i]};
		if (pod->ip_count == 0 && count < max)
			ret[count++] = (struct oracle_end){.pod = pod};
	}
	return count;
}

#define ENDS_MAX 16

/* Ends of two parties, and what is asked of them. */
struct meeting {
	struct oracle_end from[ENDS_MAX], to[ENDS_MAX];
	size_t from_count, to_count;
	struct oracle_question q;
};

static bool any_may(const struct trial *t, struct meeting *m)
{
	for (size_t i = 0; i < m->from_count; i++) {
		for (size_t j = 0; j < m->to_count; j++) {
			m->q.from = m->from[i];
			m->q.to = m->to[j];
			if (can_meet(&m->q.from.ip, &m->q.to.ip) &&
				oracle_judge(&t->oracle, &m->q).allowed)
				return true;
		}
	}
	return false;
}

static uint32_t line_ports(const struct policy_matrix *matrix, uint32_t from, uint32_t to)
{
	rf_vec_each (line, &matrix->lines) {
		if (line->from == from && line->to == to)
			return line->ports;
	}
	return POLICY_PORTS_NONE;
}

static bool ports_agree(struct trial *t, struct meeting *m, const struct policy_ports *set)
{
	size_t count;
	const uint16_t *ports = random_model_ports(&count);

	for (int proto = ORACLE_TCP; proto < ORACLE_PROTO_COUNT; proto++) {
		for (size_t i = 0; i < count; i++) {
			m->q.proto = (enum oracle_proto)proto;
			m->q.port = ports[i];
			if (policy_ports_have(set, (enum policy_proto)proto, ports[i]) !=
				any_may(t, m))
				return false;
		}
	}
	return true;
}

static bool line_agrees(
	struct trial *t, const struct policy_matrix *matrix, uint32_t from, uint32_t to)
{
	const struct policy_party *a = &matrix->parties.items[from],
				  *b = &matrix->parties.items[to];
	uint32_t ports = line_ports(matrix, from, to);

	if (from == to || (a->external && (b->external || a->dir != POLICY_INGRESS)) ||
		(b->external && b->dir != POLICY_EGRESS))
		return ports == POLICY_PORTS_NONE;
	for (int last = 0; last < 1 + (a->external || b->external); last++) {
		struct meeting m;

		m.from_count = ends_of(t, a, last, m.from, ENDS_MAX);
		m.to_count = ends_of(t, b, last, m.to, ENDS_MAX);
		if (!ports_agree(t, &m, policy_port_set(t->world.policy, ports))) {
			rf_buf_addf(&t->why, "the matrix is wrong about %s => %s %s %u", a->label,
				b->label, oracle_proto_name(m.q.proto), m.q.port);
			return false;
		}
	}
	return true;
}

static bool matrix_agrees(struct trial *t)
{
	struct policy_matrix matrix = {.lines = {.items = NULL}};
	bool ok = policy_matrix_build(t->world.policy, &matrix) == RF_OK;

	for (uint32_t i = 0; ok && i < matrix.parties.count; i++) {
		for (uint32_t j = 0; ok && j < matrix.parties.count; j++)
			ok = line_agrees(t, &matrix, i, j);
	}
	policy_matrix_done(&matrix);
	return ok;
}

/* --- trials --- */

static void trial_done(struct trial *t)
{
	world_done(&t->world);
	rf_vec_done(&t->ends);
	rf_buf_done(&t->why);
}

enum outcome {
	AGREES,
	DIFFERS,
	INVALID, /* not a model at all */
};

/* One text; what is wrong is in t->why. trial_done() is due. */
static enum outcome try_text(struct trial *t, struct rf_str text, const char *name)
{
	if (!world_load(&t->world, text, name))
		return INVALID;
	t->oracle = (struct oracle){.set = &t->world.set, .pods = &t->world.pods};
	add_ends(t);
	if (!verdicts_agree(t))
		return DIFFERS;
	if ((t->all || rng_chance(&t->rng, 10)) && !matrix_agrees(t))
		return DIFFERS;
	return AGREES;
}

static bool still_differs(void *ctx, struct rf_str text)
{
	struct trial t = {.all = true};
	bool differs = try_text(&t, text, "smaller.json") == DIFFERS;

	(void)ctx;
	trial_done(&t);
	return differs;
}

static void print_smallest(struct rf_buf *text)
{
	struct trial t = {.all = true};

	if (still_differs(NULL, rf_buf_str(text)))
		minimise_json(text, still_differs, NULL);
	if (try_text(&t, rf_buf_str(text), "smallest.json") == DIFFERS)
		tap_diag("%s", rf_buf_cstr(&t.why));
	trial_done(&t);
	for (struct rf_str rest = rf_buf_str(text), line; rest.ptr;) {
		rest = rf_str_cut(rest, '\n', &line);
		tap_diag(RF_STR_FMT, RF_STR_ARG(line));
	}
}

/* One random model; its number of cases, 0 when something is wrong. */
static unsigned long try_model(uint64_t seed, uint64_t number)
{
	AUTO_BUF text = {.data = NULL};
	struct trial t = {.rng = {.state = seed * 1000003 + number}};
	struct random_shape shape = {.pod_count = 2 + rng_below(&t.rng, 6), .policy_count = 4};
	enum outcome outcome;

	random_model(&t.rng, &shape, &text);
	outcome = try_text(&t, rf_buf_str(&text), number % 2 ? "random.yaml" : "random.json");
	if (outcome == INVALID)
		world_say(&t.world);
	if (outcome != AGREES)
		tap_diag("seed %llu, model %llu: %s", (unsigned long long)seed,
			(unsigned long long)number, rf_buf_cstr(&t.why));
	trial_done(&t);
	if (outcome != AGREES)
		print_smallest(&text);
	return outcome == AGREES ? t.cases : 0;
}

static void the_engine_agrees_with_the_reference_on_random_models(void)
{
	const char *text = getenv("RF_MODELS");
	uint64_t models = MODELS, seed = rng_seed();
	unsigned long cases = 0;

	if (text && !rf_num_u64(rf_str_of(text), 1000000000, &models))
		tap_diag("RF_MODELS is not a number: %s", text);
	for (uint64_t i = 0; i < models; i++) {
		unsigned long count = try_model(seed, i);

		CHECK(count > 0);
		if (!count)
			return;
		cases += count;
	}
	tap_diag("%lu cases of %llu models", cases, (unsigned long long)models);
	CHECK(models < MODELS || cases >= CASES_MIN);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(the_engine_agrees_with_the_reference_on_random_models);
	return TAP_END();
}
