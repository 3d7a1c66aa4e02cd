/* See the header: the words of Istio's API reference, one after the other. */
#include "tests/lib/authz_oracle.h"

#include <arpa/inet.h>
#include <stdio.h>

#define TEXT_MAX 512

/* --- strings --- */

static bool matches(const char *pattern, const char *value)
{
	size_t plen = strlen(pattern), vlen = value ? strlen(value) : 0;

	if (vlen == 0)
		return false;
	if (strcmp(pattern, "*") == 0)
		return true;
	if (pattern[0] == '*')
		return vlen >= plen - 1 && strcmp(value + vlen - (plen - 1), pattern + 1) == 0;
	if (pattern[plen - 1] == '*')
		return strncmp(pattern, value, plen - 1) == 0;
	return strcmp(pattern, value) == 0;
}

static bool matches_principal(const char *pattern, const char *value, const char *own_domain)
{
	char alias[TEXT_MAX];

	if (matches(pattern, value))
		return true;
	if (strncmp(pattern, "cluster.local/", 14) != 0 || !own_domain || !*own_domain)
		return false;
	snprintf(alias, sizeof(alias), "%s/%s", own_domain, pattern + 14);
	return matches(alias, value);
}

static bool matches_account(
	const char *entry, const char *policy_namespace, const struct authz_oracle_peer *peer)
{
	char whole[TEXT_MAX], mine[TEXT_MAX];

	if (!peer->namespace || !peer->account)
		return false;
	snprintf(whole, sizeof(whole), "%s%s%s", strchr(entry, '/') ? "" : policy_namespace,
		strchr(entry, '/') ? "" : "/", entry);
	snprintf(mine, sizeof(mine), "%s/%s", peer->namespace, peer->account);
	return strcmp(whole, mine) == 0;
}

/* Bit by bit. */
static bool matches_block(const char *block, const char *address)
{
	unsigned char a[16], b[16];
	char text[TEXT_MAX];
	char *slash;
	int family, bits;

	if (!address)
		return false;
	snprintf(text, sizeof(text), "%s", block);
	slash = strchr(text, '/');
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if ((strchr(address, ':') != NULL) != (family == AF_INET6))
		return false;
	bits = slash ? (int)strtol(slash + 1, NULL, 10) : family == AF_INET6 ? 128 : 32;
	if (slash)
		*slash = '\0';
	if (inet_pton(family, text, a) != 1 || inet_pton(family, address, b) != 1)
		abort();
	for (int i = 0; i < bits; i++) {
		if ((a[i / 8] >> (7 - i % 8) & 1) != (b[i / 8] >> (7 - i % 8) & 1))
			return false;
	}
	return true;
}

/* --- one question --- */

struct asked {
	const struct authz_oracle_workload *workload;
	const struct authz_oracle_peer *peer;
	const char *policy_namespace;
	char principal[TEXT_MAX]; /* "" for a plain peer */
};

static const char *const http_fields[] = {"hosts", "methods", "paths"};

static bool is_http(const char *field)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(http_fields); i++) {
		if (strcmp(field, http_fields[i]) == 0)
			return true;
	}
	return strncmp(field, "request.headers", 15) == 0;
}

/* One entry of a list or of a condition's values, by what the list or condition is called. */
static bool entry_matches(const struct asked *q, const char *what, const char *entry)
{
	if (strcmp(what, "principals") == 0 || strcmp(what, "source.principal") == 0)
		return matches_principal(entry, q->principal, q->workload->trust_domain);
	if (strcmp(what, "namespaces") == 0 || strcmp(what, "source.namespace") == 0)
		return matches(entry, q->peer->namespace);
	if (strcmp(what, "serviceAccounts") == 0 || strcmp(what, "source.serviceAccount") == 0)
		return matches_account(entry, q->policy_namespace, q->peer);
	if (strcmp(what, "trustDomains") == 0)
		return matches(entry, q->peer->trust_domain);
	if (strcmp(what, "ipBlocks") == 0 || strcmp(what, "source.ip") == 0)
		return matches_block(entry, q->peer->source);
	if (strcmp(what, "remoteIpBlocks") == 0 || strcmp(what, "remote.ip") == 0)
		return matches_block(entry, q->peer->remote);
	if (strcmp(what, "destination.ip") == 0)
		return matches_block(entry, q->peer->destination);
	if (strcmp(what, "ports") == 0 || strcmp(what, "destination.port") == 0)
		return (unsigned)strtoul(entry, NULL, 10) == q->peer->port;
	if (strcmp(what, "connection.sni") == 0)
		return matches(entry, q->peer->sni);
	abort();
}

static bool any_matches(const struct asked *q, const char *what, const struct doc_node *list)
{
	doc_each (entry, list) {
		if (entry_matches(q, what, entry->text.ptr))
			return true;
	}
	return false;
}

/* "notPrincipals" is the opposite of "principals". */
static bool positive_name(const char *field, char out[static TEXT_MAX])
{
	if (strncmp(field, "not", 3) != 0) {
		snprintf(out, TEXT_MAX, "%s", field);
		return true;
	}
	snprintf(out, TEXT_MAX, "%c%s", field[3] - 'A' + 'a', field + 4);
	return false;
}

/* All fields of a source or an operation; what is of HTTP has been seen to by the caller. */
static bool fields_match(const struct asked *q, const struct doc_node *fields)
{
	doc_each (field, fields) {
		char name[TEXT_MAX];
		bool positive = positive_name(field->key.ptr, name);

		if (is_http(name) || field->type == DOC_NULL || field->count == 0)
			continue;
		if (any_matches(q, name, field) != positive)
			return false;
	}
	return true;
}

static bool condition_matches(const struct asked *q, const struct doc_node *condition)
{
	const char *key = doc_get(condition, "key")->text.ptr;
	const struct doc_node *values = doc_get(condition, "values");
	const struct doc_node *not_values = doc_get(condition, "notValues");

	if (is_http(key))
		return true;
	if (values && values->count && !any_matches(q, key, values))
		return false;
	return !(not_values && not_values->count && any_matches(q, key, not_values));
}

static bool has_http(const struct doc_node *rule)
{
	doc_each (to, doc_get(rule, "to")) {
		doc_each (field, doc_get(to, "operation")) {
			char name[TEXT_MAX];

			positive_name(field->key.ptr, name);
			if (is_http(name) && field->count)
				return true;
		}
	}
	doc_each (condition, doc_get(rule, "when")) {
		if (is_http(doc_get(condition, "key")->text.ptr))
			return true;
	}
	return false;
}

static bool rule_matches(const struct asked *q, const struct doc_node *rule, bool allow)
{
	const struct doc_node *from = doc_get(rule, "from"), *to = doc_get(rule, "to");
	bool source_found = !from || from->type == DOC_NULL;
	bool operation_found = !to || to->type == DOC_NULL;

	if (allow && has_http(rule))
		return false;
	doc_each (entry, from)
		source_found = source_found || fields_match(q, doc_get(entry, "source"));
	doc_each (entry, to)
		operation_found = operation_found || fields_match(q, doc_get(entry, "operation"));
	doc_each (condition, doc_get(rule, "when")) {
		if (!condition_matches(q, condition))
			return false;
	}
	return source_found && operation_found;
}

/* --- which policies --- */

static bool text_is(const struct doc_node *node, const char *text)
{
	return node && node->type == DOC_STRING && strcmp(node->text.ptr, text) == 0;
}

static const char *namespace_of(const struct kube_object *object)
{
	const struct doc_node *n = doc_get(doc_get(object->root, "metadata"), "namespace");

	return n && n->text.len ? n->text.ptr : "default";
}

static bool selects(const struct kube_object *object, const struct authz_oracle_workload *workload,
	bool *ret_any)
{
	const struct doc_node *labels =
		doc_get(doc_get(doc_get(object->root, "spec"), "selector"), "matchLabels");

	*ret_any = !labels || labels->count == 0;
	doc_each (wanted, labels) {
		bool found = false;

		for (size_t i = 0; workload->labels[i].key; i++)
			found = found || (rf_str_is(wanted->key, workload->labels[i].key) &&
						 text_is(wanted, workload->labels[i].value));
		if (!found)
			return false;
	}
	return true;
}

static const char *action_of(const struct kube_object *object)
{
	const struct doc_node *action = doc_get(doc_get(object->root, "spec"), "action");

	return action && action->type == DOC_STRING ? action->text.ptr : "ALLOW";
}

static bool is_dry(const struct kube_object *object)
{
	const struct doc_node *a = doc_get(
		doc_get(doc_get(object->root, "metadata"), "annotations"), "istio.io/dry-run");

	return text_is(a, "true") || text_is(a, "1") || text_is(a, "T");
}

static bool applies(const struct kube_object *object, const struct authz_oracle_workload *workload)
{
	bool any;

	if (!text_is(doc_get(object->root, "kind"), "AuthorizationPolicy"))
		return false;
	if (strcmp(namespace_of(object), workload->namespace) != 0 &&
		strcmp(namespace_of(object), workload->root) != 0)
		return false;
	return selects(object, workload, &any);
}

/* The first rule that matches of all policies of an action, in force or (dry) not. */
static const struct kube_object *first_match(
	const struct kube_set *set, struct asked *q, const char *action, bool dry, long *ret_rule)
{
	for (size_t i = 0; i < set->objects.count; i++) {
		const struct kube_object *object = set->objects.items[i];
		long index = 0;

		if (!applies(object, q->workload) || strcmp(action_of(object), action) != 0 ||
			is_dry(object) != dry)
			continue;
		q->policy_namespace = namespace_of(object);
		doc_each (rule, doc_get(doc_get(object->root, "spec"), "rules")) {
			if (rule_matches(q, rule, strcmp(action, "ALLOW") == 0)) {
				*ret_rule = index;
				return object;
			}
			index++;
		}
	}
	*ret_rule = -1;
	return NULL;
}

static const struct kube_object *first_allow(const struct kube_set *set,
	const struct authz_oracle_workload *workload, bool dry, unsigned *ret_count)
{
	const struct kube_object *first = NULL;

	*ret_count = 0;
	for (size_t i = set->objects.count; i-- > 0;) {
		const struct kube_object *object = set->objects.items[i];

		if (!applies(object, workload) || strcmp(action_of(object), "ALLOW") != 0 ||
			is_dry(object) != dry)
			continue;
		first = object;
		++*ret_count;
	}
	return first;
}

static void set_principal(struct asked *q)
{
	const struct authz_oracle_peer *p = q->peer;

	if (!p->trust_domain)
		q->principal[0] = '\0';
	else if (p->other_path)
		snprintf(q->principal, TEXT_MAX, "%s%s", p->trust_domain, p->other_path);
	else
		snprintf(q->principal, TEXT_MAX, "%s/ns/%s/sa/%s", p->trust_domain, p->namespace,
			p->account);
}

/* The verdict, with or without the policies under dry-run in force. */
static struct authz_oracle_verdict judge(const struct kube_set *set, struct asked *q)
{
	struct authz_oracle_verdict v = {.rule = -1, .dry_rule = -1};
	long unused;

	v.audit_policy = first_match(set, q, "AUDIT", false, &unused);
	v.policy = first_match(set, q, "DENY", false, &v.rule);
	if (v.policy) {
		(void)first_allow(set, q->workload, false, &v.allow_count);
		return v;
	}
	v.policy = first_match(set, q, "ALLOW", false, &v.rule);
	v.allowed = v.policy != NULL;
	if (!v.policy)
		v.policy = first_allow(set, q->workload, false, &v.allow_count);
	else
		(void)first_allow(set, q->workload, false, &v.allow_count);
	v.no_policy = !v.policy;
	v.allowed = v.allowed || v.no_policy;
	return v;
}

/* What would happen with them in force: only told when one of them would decide. */
static void judge_dry(const struct kube_set *set, struct asked *q, struct authz_oracle_verdict *v)
{
	bool denied_by_rule = !v->allowed && v->rule >= 0;
	bool allowed_by_rule = v->allowed && v->rule >= 0;
	unsigned count;

	if (denied_by_rule)
		return;
	v->dry_policy = first_match(set, q, "DENY", true, &v->dry_rule);
	if (v->dry_policy || allowed_by_rule)
		return;
	v->dry_policy = first_match(set, q, "ALLOW", true, &v->dry_rule);
	v->dry_allowed = v->dry_policy != NULL;
	if (!v->dry_policy && v->no_policy)
		v->dry_policy = first_allow(set, q->workload, true, &count);
}

struct authz_oracle_verdict authz_oracle_judge(const struct kube_set *set,
	const struct authz_oracle_workload *workload, const struct authz_oracle_peer *peer)
{
	struct asked q = {.workload = workload, .peer = peer};
	struct authz_oracle_verdict v;

	set_principal(&q);
	v = judge(set, &q);
	judge_dry(set, &q, &v);
	return v;
}

/* --- PeerAuthentication --- */

static const char *timestamp_of(const struct kube_object *object)
{
	const struct doc_node *t = doc_get(doc_get(object->root, "metadata"), "creationTimestamp");

	return t && t->type == DOC_STRING ? t->text.ptr : "9999"; /* after all others */
}

static const char *name_of(const struct kube_object *object)
{
	return doc_get(doc_get(object->root, "metadata"), "name")->text.ptr;
}

static bool before(const struct kube_object *a, const struct kube_object *b)
{
	int order = strcmp(timestamp_of(a), timestamp_of(b));

	return order ? order < 0 : strcmp(name_of(a), name_of(b)) < 0;
}

/* scope: 'w'orkload, 'n'amespace or 'm'esh. */
static const struct kube_object *oldest(
	const struct kube_set *set, const struct authz_oracle_workload *workload, char scope)
{
	const struct kube_object *best = NULL;

	for (size_t i = 0; i < set->objects.count; i++) {
		const struct kube_object *object = set->objects.items[i];
		bool any, in_root = strcmp(namespace_of(object), workload->root) == 0;
		bool here = strcmp(namespace_of(object), workload->namespace) == 0;

		if (!text_is(doc_get(object->root, "kind"), "PeerAuthentication") ||
			!selects(object, workload, &any))
			continue;
		if (scope == 'w'       ? any || in_root || !here
			: scope == 'n' ? !any || in_root || !here
				       : !any || !in_root)
			continue;
		if (!best || before(object, best))
			best = object;
	}
	return best;
}

static const char *mode_in(const struct doc_node *mtls)
{
	const struct doc_node *mode = doc_get(mtls, "mode");

	return mode && mode->type == DOC_STRING && strcmp(mode->text.ptr, "UNSET") != 0
		       ? mode->text.ptr
		       : NULL;
}

const char *authz_oracle_mode(const struct kube_set *set,
	const struct authz_oracle_workload *workload, unsigned port,
	const struct kube_object **ret_policy)
{
	const struct kube_object *own = oldest(set, workload, 'w');
	char number[16];
	const char *mode;

	snprintf(number, sizeof(number), "%u", port);
	*ret_policy = own;
	mode = own ? mode_in(doc_get(doc_get(doc_get(own->root, "spec"), "portLevelMtls"), number))
		   : NULL;
	for (const char *scope = "wnm"; !mode && *scope; scope++) {
		*ret_policy = oldest(set, workload, *scope);
		if (*ret_policy)
			mode = mode_in(doc_get(doc_get((*ret_policy)->root, "spec"), "mtls"));
	}
	if (!mode)
		*ret_policy = NULL;
	return mode ? mode : "PERMISSIVE";
}
