/*
 * From policies to candidates: (rule, source) pairs, each found either by the exact principals,
 * service accounts or namespaces of its source, or by walking a list. Rules are numbered in the
 * order of the set and chained from the last to the first, so that each chain ascends and the
 * first rule that matches is the lowest.
 */
#include "mesh/authz/authz_int.h"

#include "kube/selector.h"

#define ALIAS "cluster.local/"

struct compiling {
	struct authz *authz;
	const struct authz_workload *workload;
	struct rf_str namespace; /* of the policy */
	bool nomem;
};

static void *alloc(struct compiling *c, size_t count, size_t size)
{
	void *p = rf_arena_array(c->authz->arena, count ? count : 1, size);

	if (!p)
		c->nomem = true;
	return p;
}

static struct rf_str join(struct compiling *c, struct rf_str a, const char *middle, struct rf_str b,
	const char *before)
{
	struct rf_str text = rf_arena_printf(c->authz->arena, "%s" RF_STR_FMT "%s" RF_STR_FMT,
		before, RF_STR_ARG(a), middle, RF_STR_ARG(b));

	if (!text.ptr)
		c->nomem = true;
	return text;
}

/* --- values --- */

static struct authz_pattern pattern_of(struct rf_str text)
{
	struct authz_pattern p = {.kind = AUTHZ_EXACT, .text = text};

	if (rf_str_is(text, "*"))
		return (struct authz_pattern){.kind = AUTHZ_ANY, .text = RF_STR("")};
	if (text.len && text.ptr[0] == '*') {
		p.kind = AUTHZ_SUFFIX;
		p.text.ptr++;
		p.text.len--;
	} else if (text.len && text.ptr[text.len - 1] == '*') {
		p.kind = AUTHZ_PREFIX;
		p.text.len--;
	}
	return p;
}

/* "name" is of the policy's namespace. */
static struct authz_pattern account_of(struct compiling *c, struct rf_str text)
{
	struct rf_str namespace, name = rf_str_cut(text, '/', &namespace);

	if (!name.ptr) {
		name = text;
		namespace = c->namespace;
	}
	return (struct authz_pattern){
		.kind = AUTHZ_EXACT, .text = join(c, namespace, "/sa/", name, "/ns/")};
}

/* The same in the workload's own trust domain; false when there is no such other principal. */
static bool own_domain(struct compiling *c, struct authz_pattern p, struct authz_pattern *ret)
{
	struct rf_str own = c->workload->trust_domain, rest = p.text;

	if (!own.len || (p.kind != AUTHZ_EXACT && p.kind != AUTHZ_PREFIX) ||
		!rf_str_starts(p.text, RF_STR(ALIAS)))
		return false;
	rest.ptr += strlen(ALIAS);
	rest.len -= strlen(ALIAS);
	*ret = (struct authz_pattern){.kind = p.kind, .text = join(c, own, "/", rest, "")};
	return true;
}

static struct authz_values texts(
	struct compiling *c, enum authz_attr attr, const struct doc_strs *strs)
{
	struct authz_pattern *out = strs->count ? alloc(c, strs->count * 2, sizeof(*out)) : NULL;
	size_t count = 0;

	for (size_t i = 0; out && i < strs->count; i++) {
		if (attr == AUTHZ_ACCOUNT)
			out[count++] = account_of(c, strs->items[i]);
		else
			out[count++] = pattern_of(strs->items[i]);
		if (attr == AUTHZ_PRINCIPAL && own_domain(c, out[count - 1], &out[count]))
			count++;
	}
	return (struct authz_values){.patterns = out, .count = count};
}

static struct authz_values blocks(const struct kube_cidr_list *list)
{
	return (struct authz_values){.blocks = list->items, .count = list->count};
}

static struct authz_values ports(const struct kube_port_list *list)
{
	return (struct authz_values){.ports = list->items, .count = list->count};
}

/* --- tests --- */

/* Lists with nothing in them ask for nothing. */
static void add_test(struct authz_tests *tests, enum authz_attr attr, struct authz_values values,
	struct authz_values not_values)
{
	if (values.count || not_values.count)
		tests->items[tests->count++] = (struct authz_test){
			.attr = attr, .values = values, .not_values = not_values};
}

#define SOURCE_TESTS 6

static struct authz_tests source_tests(struct compiling *c, const struct kube_authz_source *s)
{
	struct authz_tests t = {.items = alloc(c, SOURCE_TESTS, sizeof(*t.items))};

	if (!t.items)
		return t;
	add_test(&t, AUTHZ_PRINCIPAL, texts(c, AUTHZ_PRINCIPAL, &s->principals),
		texts(c, AUTHZ_PRINCIPAL, &s->not_principals));
	add_test(&t, AUTHZ_ACCOUNT, texts(c, AUTHZ_ACCOUNT, &s->service_accounts),
		texts(c, AUTHZ_ACCOUNT, &s->not_service_accounts));
	add_test(&t, AUTHZ_NAMESPACE, texts(c, AUTHZ_NAMESPACE, &s->namespaces),
		texts(c, AUTHZ_NAMESPACE, &s->not_namespaces));
	add_test(&t, AUTHZ_TRUST_DOMAIN, texts(c, AUTHZ_TRUST_DOMAIN, &s->trust_domains),
		texts(c, AUTHZ_TRUST_DOMAIN, &s->not_trust_domains));
	add_test(&t, AUTHZ_SOURCE_IP, blocks(&s->ip_blocks), blocks(&s->not_ip_blocks));
	add_test(&t, AUTHZ_REMOTE_IP, blocks(&s->remote_ip_blocks),
		blocks(&s->not_remote_ip_blocks));
	return t;
}

/* Of an operation only ports are left: its fields of HTTP count as matched. */
static void add_operations(
	struct compiling *c, const struct kube_authz_rule *from, struct authz_rule *rule)
{
	const struct kube_authz_to *to = from->to.items;

	if (!from->to.count)
		return;
	rule->operations = alloc(c, from->to.count, sizeof(*rule->operations));
	for (size_t i = 0; rule->operations && i < from->to.count; i++) {
		struct authz_tests t = {.items = alloc(c, 1, sizeof(*t.items))};

		if (t.items)
			add_test(&t, AUTHZ_PORT, ports(&to[i].operation->ports),
				ports(&to[i].operation->not_ports));
		rule->operations[rule->operation_count++] = t;
	}
}

static void add_condition(
	struct compiling *c, const struct kube_authz_condition *from, struct authz_tests *tests)
{
	static const enum authz_attr attrs[] = {
		[KUBE_KEY_PRINCIPAL] = AUTHZ_PRINCIPAL,
		[KUBE_KEY_NAMESPACE] = AUTHZ_NAMESPACE,
		[KUBE_KEY_SERVICE_ACCOUNT] = AUTHZ_ACCOUNT,
		[KUBE_KEY_SNI] = AUTHZ_SNI,
		[KUBE_KEY_SOURCE_IP] = AUTHZ_SOURCE_IP,
		[KUBE_KEY_REMOTE_IP] = AUTHZ_REMOTE_IP,
		[KUBE_KEY_DESTINATION_IP] = AUTHZ_DESTINATION_IP,
		[KUBE_KEY_PORT] = AUTHZ_PORT,
		[KUBE_KEY_HTTP] = AUTHZ_NO_ATTR,
	};
	enum authz_attr attr = attrs[from->key_id];

	if (attr < AUTHZ_STRING_COUNT)
		add_test(tests, attr, texts(c, attr, &from->values),
			texts(c, attr, &from->not_values));
	else if (attr < AUTHZ_IP_END)
		add_test(tests, attr, blocks(&from->blocks), blocks(&from->not_blocks));
	else if (attr == AUTHZ_PORT)
		add_test(tests, attr, ports(&from->ports), ports(&from->not_ports));
}

static void add_conditions(
	struct compiling *c, const struct kube_authz_rule *from, struct authz_rule *rule)
{
	const struct kube_authz_condition *when = from->when.items;

	if (!from->when.count)
		return;
	rule->when.items = alloc(c, from->when.count, sizeof(*rule->when.items));
	for (size_t i = 0; rule->when.items && i < from->when.count; i++)
		add_condition(c, &when[i], &rule->when);
}

/* --- the index --- */

static bool is_exact(const struct authz_test *test)
{
	for (size_t i = 0; i < test->values.count; i++) {
		if (test->values.patterns[i].kind != AUTHZ_EXACT)
			return false;
	}
	return test->values.count > 0;
}

/* The test of a source that a look-up can answer; NULL: none. */
static struct authz_test *indexable(const struct authz_tests *source)
{
	static const enum authz_attr best_first[AUTHZ_INDEX_COUNT] = {
		AUTHZ_PRINCIPAL, AUTHZ_ACCOUNT, AUTHZ_NAMESPACE};

	for (unsigned i = 0; i < AUTHZ_INDEX_COUNT; i++) {
		for (size_t j = 0; j < source->count; j++) {
			if (source->items[j].attr == best_first[i] && is_exact(&source->items[j]))
				return &source->items[j];
		}
	}
	return NULL;
}

/* Puts it in front of the chain of key. */
static void add_under(struct compiling *c, struct rf_map *map, struct rf_str key,
	const struct authz_candidate *template)
{
	struct authz_candidate *candidate = alloc(c, 1, sizeof(*candidate));

	if (!candidate)
		return;
	*candidate = *template;
	candidate->next = rf_map_get_ptr(map, key);
	if (!rf_map_put_ptr(map, key, candidate))
		c->nomem = true;
}

static void add_source(struct compiling *c, struct authz_group *group,
	const struct authz_rule *rule, const struct kube_authz_source *from)
{
	struct authz_candidate found = {.rule = rule}, *other;
	struct authz_test *test;
	struct authz_values keys;

	if (from)
		found.source = source_tests(c, from);
	test = indexable(&found.source);
	if (!test) {
		other = alloc(c, 1, sizeof(*other));
		if (!other)
			return;
		*other = found;
		other->next = group->others;
		group->others = other;
		return;
	}
	keys = test->values;
	/* What leads here need not be asked again. */
	test->values = (struct authz_values){.count = 0};
	for (size_t i = 0; i < keys.count; i++)
		add_under(c, &group->index[test->attr], keys.patterns[i].text, &found);
}

static void add_rule(struct compiling *c, const struct kube_object *policy, uint32_t index,
	struct authz_rule *rule)
{
	const struct kube_authorization_policy *p = policy->authorization_policy;
	const struct kube_authz_rule *from = (const struct kube_authz_rule *)p->rules.items + index;
	const struct kube_authz_from *sources = from->from.items;
	struct authz_group *group = &c->authz->groups[p->dry_run][p->action];

	*rule = (struct authz_rule){.policy = policy, .index = index, .pos = doc_pos(from->node)};
	if (p->action == KUBE_AUTHZ_ALLOW && from->http)
		return; /* never matches */
	add_operations(c, from, rule);
	add_conditions(c, from, rule);
	if (!from->from.count)
		add_source(c, group, rule, NULL);
	for (size_t i = from->from.count; i-- > 0;)
		add_source(c, group, rule, sources[i].source);
}

/* --- policies --- */

static bool applies(const struct authz_workload *workload, const struct kube_object *object)
{
	struct rf_str root = workload->root_namespace.len ? workload->root_namespace
							  : RF_STR(AUTHZ_ROOT_NAMESPACE);
	const struct kube_selector *selector;

	if (object->kind != KUBE_AUTHORIZATION_POLICY)
		return false;
	if (!rf_str_eq(object->meta.namespace, workload->namespace) &&
		!rf_str_eq(object->meta.namespace, root))
		return false;
	selector = object->authorization_policy->selector;
	return !selector || kube_selector_matches(selector, workload->labels);
}

static size_t count_rules(const struct kube_set *set, const struct authz_workload *workload)
{
	size_t count = 0;

	rf_vec_each (object, &set->objects) {
		if (applies(workload, *object))
			count += (*object)->authorization_policy->rules.count;
	}
	return count;
}

static void add_policies(struct compiling *c, const struct kube_set *set)
{
	size_t left = count_rules(set, c->workload);
	struct authz_rule *rules = alloc(c, left, sizeof(*rules));

	for (size_t i = set->objects.count; rules && i-- > 0;) {
		const struct kube_object *policy = set->objects.items[i];
		const struct kube_authorization_policy *p;
		struct authz_group *group;

		if (!applies(c->workload, policy))
			continue;
		p = policy->authorization_policy;
		group = &c->authz->groups[p->dry_run][p->action];
		group->first = policy;
		group->policy_count++;
		c->namespace = policy->meta.namespace;
		for (size_t r = p->rules.count; r-- > 0;)
			add_rule(c, policy, (uint32_t)r, &rules[--left]);
	}
}

int authz_compile(const struct kube_set *set, const struct authz_workload *workload,
	struct authz **ret, struct rf_err *err)
{
	AUTO_AUTHZ *authz = calloc(1, sizeof(*authz));
	struct compiling c = {.authz = authz, .workload = workload};

	if (authz)
		authz->arena = rf_arena_new(0);
	if (!authz || !authz->arena)
		return rf_err_nomem(err);
	add_policies(&c, set);
	if (c.nomem)
		return rf_err_nomem(err);
	*ret = TAKE_PTR(authz);
	return RF_OK;
}

void authz_free(struct authz *authz)
{
	if (!authz)
		return;
	for (unsigned dry = 0; dry < 2; dry++) {
		for (unsigned action = 0; action <= KUBE_AUTHZ_AUDIT; action++) {
			for (unsigned i = 0; i < AUTHZ_INDEX_COUNT; i++)
				rf_map_done(&authz->groups[dry][action].index[i]);
		}
	}
	rf_arena_free(authz->arena);
	free(authz);
}

void authz_freep(struct authz **authz)
{
	authz_free(*authz);
}
