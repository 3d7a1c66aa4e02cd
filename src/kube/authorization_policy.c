/*
 * security.istio.io/v1 AuthorizationPolicy. Nothing that is malformed may widen what it allows or
 * narrow what it denies: an empty source or operation is refused, as Istio does, and so is what
 * cannot be enforced on a connection (CUSTOM, JWT, gateways). Fields of HTTP are taken, with a
 * warning of what they mean where there are no requests.
 */
#include "kube/authz_int.h"

#define NO_GATEWAY                                                                           \
	"gateways and waypoints are not run here; use selector, or put the policy into the " \
	"namespace that it protects"
#define NO_CUSTOM "external authorizers are not asked; use action ALLOW or DENY"

/* --- what is refused by name --- */

static int refuse(
	struct doc_decoder *dec, const struct doc_node *node, void *field, const char *why)
{
	if (node->type == DOC_SEQ && node->count == 0) {
		*(const struct doc_node **)field = node;
		return RF_OK;
	}
	return doc_decode_error(dec, doc_key_pos(node), RF_STR_FMT " cannot be enforced: %s",
		RF_STR_ARG(node->key), why);
}

static int refuse_jwt(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return refuse(dec, node, field, KUBE_NO_JWT "; take it out");
}

static int refuse_target(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return refuse(dec, node, field, NO_GATEWAY);
}

static int refuse_provider(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	return refuse(dec, node, field, NO_CUSTOM);
}

/* --- schemas --- */

#define ROW_OF struct kube_authz_source
static const struct doc_field source_rows[] = {
	ROW_STRS("principals", principals),
	ROW_STRS("notPrincipals", not_principals),
	ROW_CUSTOM("requestPrincipals", refused, refuse_jwt),
	ROW_CUSTOM("notRequestPrincipals", refused, refuse_jwt),
	ROW_STRS("namespaces", namespaces),
	ROW_STRS("notNamespaces", not_namespaces),
	ROW_STRS("serviceAccounts", service_accounts),
	ROW_STRS("notServiceAccounts", not_service_accounts),
	ROW_STRS("trustDomains", trust_domains),
	ROW_STRS("notTrustDomains", not_trust_domains),
	ROW_CUSTOM("ipBlocks", ip_blocks, kube_decode_blocks),
	ROW_CUSTOM("notIpBlocks", not_ip_blocks, kube_decode_blocks),
	ROW_CUSTOM("remoteIpBlocks", remote_ip_blocks, kube_decode_blocks),
	ROW_CUSTOM("notRemoteIpBlocks", not_remote_ip_blocks, kube_decode_blocks),
};
static const struct doc_schema source_schema =
	DOC_SCHEMA("Source", struct kube_authz_source, source_rows);
#undef ROW_OF

#define ROW_OF struct kube_authz_operation
static const struct doc_field operation_rows[] = {
	ROW_STRS("hosts", hosts),
	ROW_STRS("notHosts", not_hosts),
	ROW_CUSTOM("ports", ports, kube_decode_authz_ports),
	ROW_CUSTOM("notPorts", not_ports, kube_decode_authz_ports),
	ROW_STRS("methods", methods),
	ROW_STRS("notMethods", not_methods),
	ROW_STRS("paths", paths),
	ROW_STRS("notPaths", not_paths),
};
static const struct doc_schema operation_schema =
	DOC_SCHEMA("Operation", struct kube_authz_operation, operation_rows);
#undef ROW_OF

#define ROW_OF struct kube_authz_from
static const struct doc_field from_rows[] = {
	ROW_PTR("source", source, source_schema, REQUIRED),
};
static const struct doc_schema from_schema =
	DOC_SCHEMA("Rule.From", struct kube_authz_from, from_rows);
#undef ROW_OF

#define ROW_OF struct kube_authz_to
static const struct doc_field to_rows[] = {
	ROW_PTR("operation", operation, operation_schema, REQUIRED),
};
static const struct doc_schema to_schema = DOC_SCHEMA("Rule.To", struct kube_authz_to, to_rows);
#undef ROW_OF

#define ROW_OF struct kube_authz_rule
static const struct doc_field rule_rows[] = {
	ROW_LIST("from", from, from_schema),
	ROW_LIST("to", to, to_schema),
	ROW_LIST("when", when, kube_authz_condition_schema),
};
static const struct doc_schema rule_schema = DOC_SCHEMA("Rule", struct kube_authz_rule, rule_rows);
#undef ROW_OF

#define ROW_OF struct kube_authorization_policy
static const struct doc_field policy_rows[] = {
	ROW_CUSTOM("selector", selector, kube_decode_workload_selector),
	ROW_CUSTOM("targetRef", refused, refuse_target),
	ROW_CUSTOM("targetRefs", refused, refuse_target),
	ROW_STR("action", action_text, ONE_OF("ALLOW", "DENY", "AUDIT", "CUSTOM")),
	ROW_CUSTOM("provider", refused, refuse_provider),
	ROW_LIST("rules", rules, rule_schema),
};
static const struct doc_schema policy_schema =
	DOC_SCHEMA("AuthorizationPolicySpec", struct kube_authorization_policy, policy_rows);
#undef ROW_OF

#define ROW_OF struct kube_root
static const struct doc_field root_rows[] = {
	ROOT_ROWS,
	ROW_PTR("spec", authorization_policy, policy_schema),
	ROW_NODE("status", status),
};
const struct doc_schema kube_authorization_policy_root =
	DOC_SCHEMA("AuthorizationPolicy", struct kube_root, root_rows);
#undef ROW_OF

/* --- checks --- */

/* The lists of strings; others are checked by their decoders. */
struct list_row {
	const char *field;
	kube_text_check check;
	bool http;
};

static const struct list_row source_lists[] = {
	{"principals", kube_check_principal, false},
	{"notPrincipals", kube_check_principal, false},
	{"namespaces", kube_check_pattern, false},
	{"notNamespaces", kube_check_pattern, false},
	{"serviceAccounts", kube_check_account, false},
	{"notServiceAccounts", kube_check_account, false},
	{"trustDomains", kube_check_pattern, false},
	{"notTrustDomains", kube_check_pattern, false},
};

static const struct list_row operation_lists[] = {
	{"hosts", kube_check_text, true},
	{"notHosts", kube_check_text, true},
	{"methods", kube_check_text, true},
	{"notMethods", kube_check_text, true},
	{"paths", kube_check_text, true},
	{"notPaths", kube_check_text, true},
};

/* A rule, and the first of its fields that only requests have. */
struct rule_check {
	struct doc_decoder *dec;
	struct rf_str http_field;
	struct rf_pos http_pos;
};

static void note_http(struct rule_check *check, struct rf_str field, struct rf_pos pos)
{
	if (check->http_field.ptr)
		return;
	check->http_field = field;
	check->http_pos = pos;
}

/* Also what was refused or is no field says something: one complaint about it is enough. */
static bool is_empty(const struct doc_node *node)
{
	doc_each (field, node) {
		if (kube_says_something(field))
			return false;
	}
	return true;
}

static void check_lists(struct rule_check *check, const struct doc_node *node,
	const struct list_row *rows, size_t count)
{
	if (is_empty(node))
		doc_decode_error(check->dec, doc_pos(node),
			"an empty " RF_STR_FMT " would not mean \"any\": fill one of its lists, or "
			"leave it out",
			RF_STR_ARG(node->key));
	for (size_t i = 0; i < count; i++) {
		const struct doc_node *list = doc_get(node, rows[i].field);

		if (!kube_says_something(list))
			continue;
		kube_check_texts(check->dec, list, rows[i].check);
		if (rows[i].http)
			note_http(check, list->key, doc_key_pos(list));
	}
}

/* `from: []`: Istio refuses it, too, rather than guess between "any" and "none". */
static void check_not_empty(struct doc_decoder *dec, const struct doc_node *rule, const char *field)
{
	const struct doc_node *list = doc_get(rule, field);

	if (list && list->type == DOC_SEQ && list->count == 0)
		doc_decode_error(dec, doc_field_pos(rule, field),
			"an empty \"%s\" would not mean \"any\": leave it out", field);
}

static void check_conditions(struct rule_check *check, const struct doc_list *when)
{
	struct kube_authz_condition *conditions = when->items;

	for (size_t i = 0; i < when->count; i++) {
		struct kube_authz_condition *c = &conditions[i];

		kube_finish_authz_condition(check->dec, c);
		if (c->node && c->key_id == KUBE_KEY_HTTP)
			note_http(check, c->key, doc_field_pos(c->node, "key"));
	}
}

static void warn_of_http(
	const struct rule_check *check, const struct kube_authorization_policy *policy)
{
	if (policy->action == KUBE_AUTHZ_ALLOW)
		rf_diag_add(check->dec->diags, RF_WARNING, check->http_pos,
			"\"" RF_STR_FMT "\" is of HTTP: on a TCP connection, this rule of an ALLOW "
			"policy never matches",
			RF_STR_ARG(check->http_field));
	else
		rf_diag_add(check->dec->diags, RF_WARNING, check->http_pos,
			"\"" RF_STR_FMT "\" is of HTTP: on a TCP connection, it counts as matched "
			"in this %s policy",
			RF_STR_ARG(check->http_field),
			policy->action == KUBE_AUTHZ_DENY ? "DENY" : "AUDIT");
}

static void check_rule(struct doc_decoder *dec, const struct kube_authorization_policy *policy,
	struct kube_authz_rule *rule)
{
	struct rule_check check = {.dec = dec};
	const struct kube_authz_from *from = rule->from.items;
	const struct kube_authz_to *to = rule->to.items;

	if (!rule->node)
		return;
	check_not_empty(dec, rule->node, "from");
	check_not_empty(dec, rule->node, "to");
	for (size_t i = 0; i < rule->from.count; i++) {
		if (from[i].source && from[i].source->node)
			check_lists(&check, from[i].source->node, source_lists,
				RF_ARRAY_LEN(source_lists));
	}
	for (size_t i = 0; i < rule->to.count; i++) {
		if (to[i].operation && to[i].operation->node)
			check_lists(&check, to[i].operation->node, operation_lists,
				RF_ARRAY_LEN(operation_lists));
	}
	check_conditions(&check, &rule->when);
	rule->http = check.http_field.ptr != NULL;
	if (rule->http)
		warn_of_http(&check, policy);
}

static void set_action(struct doc_decoder *dec, struct kube_authorization_policy *p)
{
	if (rf_str_is(p->action_text, "DENY"))
		p->action = KUBE_AUTHZ_DENY;
	else if (rf_str_is(p->action_text, "AUDIT"))
		p->action = KUBE_AUTHZ_AUDIT;
	else if (rf_str_is(p->action_text, "CUSTOM"))
		doc_decode_error(dec, doc_pos(doc_get(p->node, "action")),
			"action CUSTOM cannot be enforced: " NO_CUSTOM);
}

/* The values that Go's strconv.ParseBool takes. */
static void set_dry_run(
	struct doc_decoder *dec, const struct kube_meta *meta, struct kube_authorization_policy *p)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	const struct doc_node *annotation =
		doc_get(doc_get(meta->node, "annotations"), "istio.io/dry-run");

	if (!annotation || annotation->type != DOC_STRING)
		return;
	for (size_t i = 0; i < RF_ARRAY_LEN(yes); i++) {
		p->dry_run |= rf_str_is(annotation->text, yes[i]);
		if (rf_str_is(annotation->text, no[i]))
			return;
	}
	if (!p->dry_run)
		doc_decode_error(dec, doc_pos(annotation),
			"istio.io/dry-run: expected \"true\" or \"false\", found \"" RF_STR_FMT
			"\"",
			RF_STR_ARG(annotation->text));
}

void kube_finish_authorization_policy(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_authorization_policy *p = root->authorization_policy;
	struct kube_authz_rule *rules;

	if (!p)
		p = kube_alloc(dec, 1, sizeof(*p));
	object->authorization_policy = p;
	if (!p)
		return;
	if (p->action_text.ptr)
		set_action(dec, p);
	set_dry_run(dec, &object->meta, p);
	rules = p->rules.items;
	for (size_t i = 0; i < p->rules.count; i++)
		check_rule(dec, p, &rules[i]);
	if (p->action != KUBE_AUTHZ_ALLOW && p->rules.count == 0)
		rf_diag_add(dec->diags, RF_WARNING, object->pos,
			"%s without rules never matches: rules: [{}] matches everything",
			p->action == KUBE_AUTHZ_DENY ? "DENY" : "AUDIT");
}
