/* Reasons: the same walk over rules that verdict.c makes, remembering what it met. */
#include "policy/explain.h"

#include "policy/policy_int.h"

void policy_why_done(struct policy_why *why)
{
	rf_vec_done(&why->reasons);
}

const char *policy_dir_name(enum policy_dir dir)
{
	return dir == POLICY_INGRESS ? "ingress" : "egress";
}

static int add_reason(struct policy_why *why, enum policy_reason_kind kind,
	const struct kube_object *policy, uint32_t rule, const struct doc_node *node)
{
	struct policy_reason reason = {.kind = kind, .policy = policy, .rule = rule};

	reason.pos = node ? doc_pos(node) : policy->pos;
	return rf_vec_push(&why->reasons, reason) ? RF_OK : RF_EINTERNAL;
}

struct question {
	struct policy *policy;
	const struct policy_ends *ends;
	const struct policy_ask *ask;
	enum policy_dir dir;
};

/* One policy's part in the verdict. */
static int explain_np(const struct question *q, const struct policy_np *np, struct policy_why *why)
{
	uint32_t other = q->dir == POLICY_INGRESS ? q->ends->from.class : q->ends->to.class;
	const struct policy_class *to = &q->policy->classes.items[q->ends->to.class];
	bool allowed = false, by_block;

	for (uint32_t r = 0; r < np->rule_count[q->dir]; r++) {
		const struct policy_rule *rule = &np->rules[q->dir][r];
		bool open;

		if (!policy_rule_finds(q->policy, np, rule, other, &by_block))
			continue;
		open = policy_ask_open(q->policy,
			policy_rule_ports(
				q->policy, rule, to, q->dir == POLICY_INGRESS || !by_block),
			q->ask);
		allowed = allowed || open;
		if (add_reason(why, open ? POLICY_ALLOWS : POLICY_PEER_ONLY, np->object, r,
			    rule->src->node) < 0)
			return RF_EINTERNAL;
	}
	why->allowed = why->allowed || allowed;
	return allowed ? RF_OK : add_reason(why, POLICY_ISOLATES, np->object, UINT32_MAX, NULL);
}

int policy_explain(struct policy *p, const struct policy_ends *ends, const struct policy_ask *ask,
	enum policy_dir dir, struct policy_why *ret)
{
	struct question q = {.policy = p, .ends = ends, .ask = ask, .dir = dir};
	uint32_t subject = dir == POLICY_INGRESS ? ends->to.class : ends->from.class;
	const struct policy_class *class = &p->classes.items[subject];

	*ret = (struct policy_why){.always = policy_always(p, &ends->from, &ends->to)};
	ret->isolated = class->policies[dir].count > 0;
	ret->allowed = ret->always || !ret->isolated;
	if (ret->always)
		return RF_OK;
	rf_vec_each (index, &class->policies[dir]) {
		if (explain_np(&q, &p->nps.items[*index], ret) < 0)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

static void selector_words(const struct kube_selector *sel, const char *what, struct rf_buf *out)
{
	if (!sel->match_labels.count && !sel->match_expressions.count) {
		rf_buf_addf(out, "all %s", what);
		return;
	}
	rf_buf_addf(out, "%s ", what);
	kube_selector_text(sel, out);
}

static void peer_words(const struct kube_np_peer *peer, struct rf_str own, struct rf_buf *out)
{
	static const struct kube_selector all = {.node = NULL};

	if (out->len)
		rf_buf_add_c(out, "; ");
	if (peer->ip_block) {
		rf_buf_add_str(out, peer->ip_block->cidr_text);
		for (size_t i = 0; i < peer->ip_block->except_texts.count; i++)
			rf_buf_addf(out, "%s" RF_STR_FMT, i ? ", " : " except ",
				RF_STR_ARG(peer->ip_block->except_texts.items[i]));
		return;
	}
	selector_words(peer->pod_selector ? peer->pod_selector : &all, "pods", out);
	rf_buf_add_c(out, " in ");
	if (peer->namespace_selector)
		selector_words(peer->namespace_selector, "namespaces", out);
	else
		rf_buf_addf(out, "namespace " RF_STR_FMT, RF_STR_ARG(own));
}

static void port_words(const struct kube_np_port *port, struct rf_buf *out)
{
	rf_buf_addf(out, "%s" RF_STR_FMT, out->len ? ", " : "", RF_STR_ARG(port->protocol));
	if (!port->port.set)
		rf_buf_add_c(out, " all ports");
	else if (port->port.text.ptr)
		rf_buf_addf(out, " " RF_STR_FMT, RF_STR_ARG(port->port.text));
	else
		rf_buf_addf(out, " %lld", (long long)port->port.number);
	if (port->end_port.set)
		rf_buf_addf(out, "-%lld", (long long)port->end_port.value);
}

static int add_rule_text(struct policy_rule_texts *texts, const struct policy_np *np,
	enum policy_dir dir, uint32_t index)
{
	const struct kube_np_rule *rule = np->rules[dir][index].src;
	const struct kube_np_peer *peers = rule->peers.items;
	const struct kube_np_port *ports = rule->ports.items;
	struct policy_rule_text *text = rf_vec_add(&texts->list);
	struct rf_buf who = {0}, which = {0};

	if (!text)
		return RF_EINTERNAL;
	for (size_t i = 0; i < rule->peers.count; i++)
		peer_words(&peers[i], np->object->meta.namespace, &who);
	for (size_t i = 0; i < rule->ports.count; i++)
		port_words(&ports[i], &which);
	if (!who.len)
		rf_buf_add_c(&who, "everybody");
	if (!which.len)
		rf_buf_add_c(&which, "all ports");
	*text = (struct policy_rule_text){.policy = np->object, .dir = dir, .rule = index};
	text->pos = rule->node ? doc_pos(rule->node) : np->object->pos;
	text->peers = rf_buf_take(&who);
	text->ports = rf_buf_take(&which);
	rf_buf_done(&who);
	rf_buf_done(&which);
	return text->peers && text->ports ? RF_OK : RF_EINTERNAL;
}

static int add_policy_texts(
	struct policy_rule_texts *texts, const struct policy_np *np, enum policy_dir dir)
{
	struct policy_rule_text *text;

	for (uint32_t r = 0; r < np->rule_count[dir]; r++) {
		if (add_rule_text(texts, np, dir, r) < 0)
			return RF_EINTERNAL;
	}
	if (np->rule_count[dir])
		return RF_OK;
	text = rf_vec_add(&texts->list);
	if (!text)
		return RF_EINTERNAL;
	*text = (struct policy_rule_text){.policy = np->object, .dir = dir, .rule = UINT32_MAX};
	text->pos = np->object->pos;
	return RF_OK;
}

int policy_rules_of(
	const struct policy *p, const struct policy_end *pod, struct policy_rule_texts *ret)
{
	const struct policy_class *class = &p->classes.items[pod->class];

	*ret = (struct policy_rule_texts){.list = {.count = 0}};
	for (unsigned dir = 0; dir < POLICY_DIR_COUNT; dir++) {
		rf_vec_each (index, &class->policies[dir]) {
			if (add_policy_texts(ret, &p->nps.items[*index], (enum policy_dir)dir) < 0)
				return RF_EINTERNAL;
		}
	}
	return RF_OK;
}

void policy_rule_texts_done(struct policy_rule_texts *texts)
{
	rf_vec_each (text, &texts->list) {
		free(text->peers);
		free(text->ports);
	}
	rf_vec_done(&texts->list);
}
