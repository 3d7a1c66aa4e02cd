/*
 * One connection against the compiled policies: its facts are taken apart once, then each group
 * is asked for the lowest rule that matches. Nothing is allocated.
 */
#include "mesh/authz/authz_int.h"

struct facts {
	struct rf_str strings[AUTHZ_STRING_COUNT]; /* ptr NULL: the peer has none */
	struct rf_ip ips[AUTHZ_IP_COUNT];
	uint16_t port;
};

static void take_identity(struct rf_str text, struct facts *f)
{
	struct rf_str account;
	struct identity id;

	if (!text.ptr || identity_parse(text, &id, NULL) < 0)
		return;
	f->strings[AUTHZ_PRINCIPAL] = (struct rf_str){.ptr = id.text.ptr + strlen(IDENTITY_SCHEME),
		.len = id.text.len - strlen(IDENTITY_SCHEME)};
	f->strings[AUTHZ_TRUST_DOMAIN] = id.trust_domain;
	if (identity_workload(&id, &f->strings[AUTHZ_NAMESPACE], &account))
		f->strings[AUTHZ_ACCOUNT] = id.path;
}

static struct facts facts_of(const struct authz_peer *peer)
{
	struct facts f = {
		.ips = {peer->source, peer->remote, peer->destination}, .port = peer->port};

	f.strings[AUTHZ_SNI] = peer->sni;
	take_identity(peer->id, &f);
	return f;
}

/* --- tests --- */

static bool pattern_has(const struct authz_pattern *p, struct rf_str value)
{
	switch (p->kind) {
	case AUTHZ_EXACT: return rf_str_eq(p->text, value);
	case AUTHZ_PREFIX: return rf_str_starts(value, p->text);
	case AUTHZ_SUFFIX: return rf_str_ends(value, p->text);
	case AUTHZ_ANY: break;
	}
	return true;
}

/* What is absent or empty matches nothing. */
static bool has_string(const struct authz_values *values, struct rf_str value)
{
	for (size_t i = 0; value.len && i < values->count; i++) {
		if (pattern_has(&values->patterns[i], value))
			return true;
	}
	return false;
}

/* An address that is not known is of no block's family. */
static bool has_ip(const struct authz_values *values, const struct rf_ip *ip)
{
	for (size_t i = 0; i < values->count; i++) {
		if (rf_cidr_has(&values->blocks[i], ip))
			return true;
	}
	return false;
}

static bool has_port(const struct authz_values *values, uint16_t port)
{
	for (size_t i = 0; i < values->count; i++) {
		if (values->ports[i] == port)
			return true;
	}
	return false;
}

static bool has(const struct authz_values *values, enum authz_attr attr, const struct facts *f)
{
	if (attr < AUTHZ_STRING_COUNT)
		return has_string(values, f->strings[attr]);
	if (attr < AUTHZ_IP_END)
		return has_ip(values, &f->ips[attr - AUTHZ_STRING_COUNT]);
	return has_port(values, f->port);
}

static bool tests_hold(const struct authz_tests *tests, const struct facts *f)
{
	for (size_t i = 0; i < tests->count; i++) {
		const struct authz_test *t = &tests->items[i];

		if (t->values.count && !has(&t->values, t->attr, f))
			return false;
		if (t->not_values.count && has(&t->not_values, t->attr, f))
			return false;
	}
	return true;
}

static bool operation_holds(const struct authz_rule *rule, const struct facts *f)
{
	for (size_t i = 0; i < rule->operation_count; i++) {
		if (tests_hold(&rule->operations[i], f))
			return true;
	}
	return rule->operation_count == 0;
}

/* --- groups --- */

/* The first rule of a chain that matches, if it is below best. */
static const struct authz_rule *walk(const struct authz_candidate *candidate,
	const struct authz_rule *best, const struct facts *f)
{
	for (; candidate && (!best || candidate->rule < best); candidate = candidate->next) {
		if (tests_hold(&candidate->source, f) && operation_holds(candidate->rule, f) &&
			tests_hold(&candidate->rule->when, f))
			return candidate->rule;
	}
	return best;
}

static const struct authz_rule *first_match(const struct authz_group *group, const struct facts *f)
{
	const struct authz_rule *best = NULL;

	if (!group->first)
		return NULL;
	for (unsigned i = 0; i < AUTHZ_INDEX_COUNT; i++) {
		if (group->index[i].count && f->strings[i].len)
			best = walk(rf_map_get_ptr(&group->index[i], f->strings[i]), best, f);
	}
	return walk(group->others, best, f);
}

static void decide(const struct authz_group *deny, const struct authz_group *allow,
	const struct facts *f, struct authz_verdict *ret)
{
	const struct authz_rule *rule = first_match(deny, f);

	ret->allow_count = allow->policy_count;
	ret->reason = rule ? AUTHZ_DENIED : AUTHZ_ALLOWED;
	if (!rule)
		rule = first_match(allow, f);
	if (rule) {
		ret->policy = rule->policy;
		ret->rule = rule->index;
		ret->pos = rule->pos;
	} else if (allow->first) {
		ret->reason = AUTHZ_NO_ALLOW;
		ret->policy = allow->first;
		ret->pos = allow->first->pos;
	} else {
		ret->reason = AUTHZ_NO_POLICY;
	}
	ret->allowed = ret->reason == AUTHZ_ALLOWED || ret->reason == AUTHZ_NO_POLICY;
}

static void set_dry(
	const struct kube_object *policy, uint32_t rule, bool allowed, struct authz_verdict *ret)
{
	ret->dry_policy = policy;
	ret->dry_rule = rule;
	ret->dry_allowed = allowed;
}

/* Only who would decide instead of the one that has decided is worth a word. */
static void decide_dry(const struct authz_group *deny, const struct authz_group *allow,
	const struct facts *f, struct authz_verdict *ret)
{
	const struct authz_rule *rule;

	if (ret->reason == AUTHZ_DENIED)
		return;
	rule = first_match(deny, f);
	if (rule) {
		set_dry(rule->policy, rule->index, false, ret);
		return;
	}
	if (ret->reason == AUTHZ_ALLOWED)
		return;
	rule = first_match(allow, f);
	if (rule)
		set_dry(rule->policy, rule->index, true, ret);
	else if (ret->reason == AUTHZ_NO_POLICY && allow->first)
		set_dry(allow->first, AUTHZ_NO_RULE, false, ret);
}

struct authz_verdict authz_judge(const struct authz *authz, const struct authz_peer *peer)
{
	struct authz_verdict v = {.rule = AUTHZ_NO_RULE, .dry_rule = AUTHZ_NO_RULE};
	const struct authz_group *in_force = authz->groups[false], *dry = authz->groups[true];
	struct facts f = facts_of(peer);
	const struct authz_rule *audit = first_match(&in_force[KUBE_AUTHZ_AUDIT], &f);

	decide(&in_force[KUBE_AUTHZ_DENY], &in_force[KUBE_AUTHZ_ALLOW], &f, &v);
	decide_dry(&dry[KUBE_AUTHZ_DENY], &dry[KUBE_AUTHZ_ALLOW], &f, &v);
	v.audit_policy = audit ? audit->policy : NULL;
	return v;
}

bool authz_is_empty(const struct authz *authz)
{
	for (unsigned dry = 0; dry < 2; dry++) {
		for (unsigned action = 0; action <= KUBE_AUTHZ_AUDIT; action++) {
			if (authz->groups[dry][action].first)
				return false;
		}
	}
	return true;
}

void authz_verdict_text(const struct authz_verdict *v, struct rf_buf *out)
{
	if (!v->policy) {
		rf_buf_add_c(out, "no DENY policy matches, and there is no ALLOW policy");
		return;
	}
	if (v->reason == AUTHZ_NO_ALLOW && v->allow_count > 1)
		rf_buf_addf(out, "no rule of the %u ALLOW policies matches, the first of which is ",
			v->allow_count);
	else if (v->reason == AUTHZ_NO_ALLOW)
		rf_buf_add_c(out, "no rule of ");
	rf_buf_addf(out, "AuthorizationPolicy " RF_STR_FMT "/" RF_STR_FMT,
		RF_STR_ARG(v->policy->meta.namespace), RF_STR_ARG(v->policy->meta.name));
	if (v->rule != AUTHZ_NO_RULE)
		rf_buf_addf(out, ", rule %u", v->rule);
	if (v->pos.file)
		rf_buf_addf(out, " (%s:%u:%u)", v->pos.file, v->pos.line, v->pos.col);
	if (v->reason == AUTHZ_NO_ALLOW && v->allow_count == 1)
		rf_buf_add_c(out, " matches, the only ALLOW policy");
}
