/* IDs that are exact are looked up; the others are compared one after the other. */
#include <stdio.h>

#include "mesh/proxy/rules_int.h"

/* "spiffe://shop.example*" would begin "spiffe://shop.example.evil", too. */
static bool begins_with_domain(struct rf_str part)
{
	struct rf_str scheme = RF_STR(IDENTITY_SCHEME), domain, rest;

	if (!rf_str_starts(part, scheme))
		return false;
	if (part.len == scheme.len)
		return true; /* every ID */
	rest = rf_str_cut(
		(struct rf_str){part.ptr + scheme.len, part.len - scheme.len}, '/', &domain);
	return rest.ptr && identity_check_domain(domain, NULL) == RF_OK;
}

static int add_id(struct proxy_rules *rules, struct rf_str id, struct rf_err *err)
{
	bool begins = rf_str_ends(id, RF_STR("*"));
	struct rf_str part = {id.ptr, id.len - begins};
	char *copy = rf_str_dup(id);
	struct identity identity;

	if (!copy || !rf_vec_push(&rules->ids, copy)) {
		free(copy);
		return rf_err_nomem(err);
	}
	if (!begins && identity_parse(id, &identity, err) < 0)
		return rf_err_wrap(err, RF_EINPUT, "\"" RF_STR_FMT "\"", RF_STR_ARG(id));
	if (begins && !begins_with_domain(part))
		return rf_err_set(err, RF_EINPUT,
			"\"" RF_STR_FMT "\" is no beginning of a SPIFFE ID with its whole trust "
			"domain, such as spiffe://example.org/ns/shop/*",
			RF_STR_ARG(id));
	part.ptr = copy;
	if (begins ? rf_vec_push(&rules->begins, part) : rf_map_put_ptr(&rules->exact, part, copy))
		return RF_OK;
	return rf_err_nomem(err);
}

int proxy_rules_new(
	const struct rf_str *ids, size_t id_count, struct proxy_rules **ret, struct rf_err *err)
{
	struct proxy_rules *rules = calloc(1, sizeof(*rules));
	int rc = RF_OK;

	if (!rules)
		return rf_err_nomem(err);
	rules->refs = 1;
	for (size_t i = 0; i < id_count && rc == RF_OK; i++)
		rc = add_id(rules, ids[i], err);
	if (rc == RF_OK)
		*ret = rules;
	else
		proxy_rules_unref(rules);
	return rc;
}

struct proxy_rules *proxy_rules_ref(struct proxy_rules *rules)
{
	if (rules)
		__atomic_add_fetch(&rules->refs, 1, __ATOMIC_RELAXED);
	return rules;
}

void proxy_rules_unref(struct proxy_rules *rules)
{
	if (!rules || __atomic_sub_fetch(&rules->refs, 1, __ATOMIC_ACQ_REL))
		return;
	rf_vec_each (id, &rules->ids)
		free(*id);
	rf_vec_done(&rules->ids);
	rf_vec_done(&rules->begins);
	rf_map_done(&rules->exact);
	authz_free(rules->authz);
	if (rules->has_set)
		kube_set_done(&rules->set);
	rf_arena_free(rules->arena);
	free(rules);
}

static const char *find_id(const struct proxy_rules *rules, struct rf_str id)
{
	const char *exact = rf_map_get_ptr(&rules->exact, id);

	if (exact)
		return exact;
	rf_vec_each (begin, &rules->begins) {
		if (rf_str_starts(id, *begin))
			return begin->ptr;
	}
	return NULL;
}

/* Policies that decide nothing, by name. */
static void note_silent(const struct authz_verdict *verdict, struct proxy_admission *ret)
{
	const struct kube_object *policy =
		verdict->dry_policy ? verdict->dry_policy : verdict->audit_policy;

	if (!policy)
		return;
	snprintf(ret->note, sizeof(ret->note), "%s: AuthorizationPolicy %.*s/%.*s (%s:%u)",
		!verdict->dry_policy   ? "audit"
		: verdict->dry_allowed ? "dry-run would allow"
				       : "dry-run would deny",
		RF_STR_ARG(policy->meta.namespace), RF_STR_ARG(policy->meta.name),
		policy->pos.file ? policy->pos.file : "", policy->pos.line);
}

static void judge_policies(
	const struct proxy_rules *rules, const struct proxy_who *who, struct proxy_admission *ret)
{
	const struct authz_peer peer = {.id = who->id.len ? who->id : RF_STR_NONE,
		.source = who->source,
		.remote = who->remote,
		.destination = who->destination,
		.port = who->port,
		.sni = who->server_name.len ? who->server_name : RF_STR_NONE};
	struct authz_verdict verdict = authz_judge(rules->authz, &peer);
	AUTO_BUF text = {0};

	ret->allowed = verdict.allowed;
	note_silent(&verdict, ret);
	if (verdict.reason == AUTHZ_NO_POLICY)
		return;
	authz_verdict_text(&verdict, &text);
	snprintf(ret->why, sizeof(ret->why), "%.*s", (int)sizeof(ret->why) - 1, rf_buf_cstr(&text));
}

void proxy_rules_judge(
	const struct proxy_rules *rules, const struct proxy_who *who, struct proxy_admission *ret)
{
	const char *id;

	*ret = (struct proxy_admission){.allowed = true};
	if (rules && rules->authz)
		judge_policies(rules, who, ret);
	if (!rules || !ret->allowed || rules->ids.count == 0)
		return;
	id = who->id.len ? find_id(rules, who->id) : NULL;
	ret->allowed = id != NULL;
	snprintf(ret->why, sizeof(ret->why), "%s", id ? id : "allow-id");
}
