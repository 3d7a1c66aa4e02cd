/* The mesh's answer, for people and for programs. */
#include "cmd/mesh.h"

static void object_text(const char *kind, const struct kube_object *object, struct rf_buf *out)
{
	rf_buf_addf(out, "%s " RF_STR_FMT "/" RF_STR_FMT, kind, RF_STR_ARG(object->meta.namespace),
		RF_STR_ARG(object->meta.name));
}

static void verdict_word(bool allowed, bool colour, struct rf_buf *out)
{
	out_style(out, colour, allowed ? OUT_GOOD : OUT_BAD, "%s", allowed ? "allowed" : "denied");
	rf_buf_add_char(out, '\n');
}

static void identity_text(const char *end, bool in_mesh, const char *id, struct rf_buf *out)
{
	rf_buf_addf(out, "\n  %s: ", end);
	if (in_mesh)
		rf_buf_addf(out, "in the mesh, %s", id);
	else
		rf_buf_add_c(out, "not in the mesh, no identity");
}

static const char *transport_words(const struct mesh_reach *reach)
{
	if (reach->mtls)
		return "both ends are in the mesh: mTLS";
	if (reach->peer_auth.mode == PEER_AUTH_DISABLE)
		return "passed as it is: policies see a peer without identity";
	return "plain text: policies see a peer without identity";
}

static void handshake_text(
	const struct mesh_reach *reach, const struct mesh_words *words, struct rf_buf *out)
{
	const struct peer_auth *p = &reach->peer_auth;

	rf_buf_addf(out, "\n\n  handshake with %s: ", words->to);
	verdict_word(reach->outcome != MESH_NO_HANDSHAKE, words->colour, out);
	rf_buf_addf(out, "    %s ", peer_auth_mode_name(p->mode));
	if (p->policy) {
		rf_buf_add_c(out, "by ");
		object_text("PeerAuthentication", p->policy, out);
		net_pos_text(p->pos, words->colour, out);
	} else {
		rf_buf_add_c(out, "by default: no PeerAuthentication says otherwise");
	}
	rf_buf_addf(out, "\n    %s\n",
		reach->outcome == MESH_NO_HANDSHAKE
			? "the source is not in the mesh: it has no identity to show"
			: transport_words(reach));
}

static void rule_text(const struct authz_verdict *v, bool colour, struct rf_buf *out)
{
	if (v->reason == AUTHZ_NO_POLICY) {
		rf_buf_add_c(out, "    no DENY policy matches, and there is no ALLOW policy\n");
		return;
	}
	rf_buf_addf(out, "    %s",
		v->reason == AUTHZ_ALLOWED  ? "allowed by "
		: v->reason == AUTHZ_DENIED ? "denied by "
		: v->allow_count > 1	    ? "the first ALLOW policy is "
					    : "the only ALLOW policy is ");
	object_text("AuthorizationPolicy", v->policy, out);
	if (v->rule != AUTHZ_NO_RULE)
		rf_buf_addf(out, " rule %u", v->rule);
	net_pos_text(v->pos, colour, out);
	rf_buf_add_char(out, '\n');
	if (v->reason != AUTHZ_NO_ALLOW)
		return;
	if (v->allow_count > 1)
		rf_buf_addf(out, "    no rule of the %u of them matches\n", v->allow_count);
	else
		rf_buf_add_c(out, "    no rule of it matches\n");
}

static void beside_text(const struct authz_verdict *v, bool colour, struct rf_buf *out)
{
	if (v->dry_policy) {
		rf_buf_addf(out, "    would be %s by ", v->dry_allowed ? "allowed" : "denied");
		object_text("AuthorizationPolicy", v->dry_policy, out);
		if (v->dry_rule != AUTHZ_NO_RULE)
			rf_buf_addf(out, " rule %u", v->dry_rule);
		rf_buf_add_c(out, ", which is under dry-run");
		net_pos_text(v->dry_policy->pos, colour, out);
		rf_buf_add_char(out, '\n');
	}
	if (v->audit_policy) {
		rf_buf_add_c(out, "    audited by ");
		object_text("AuthorizationPolicy", v->audit_policy, out);
		net_pos_text(v->audit_policy->pos, colour, out);
		rf_buf_add_char(out, '\n');
	}
}

static void no_proxy_text(
	const struct mesh_reach *reach, const struct mesh_words *words, struct rf_buf *out)
{
	rf_buf_addf(out, "\n\n  %s has no proxy: ", words->to);
	verdict_word(true, words->colour, out);
	rf_buf_addf(out, "    %s\n",
		reach->unasked ? "the AuthorizationPolicies that select it are asked by nobody"
			       : "no AuthorizationPolicy selects it");
}

void mesh_reach_text(
	const struct mesh_reach *reach, const struct mesh_words *words, struct rf_buf *out)
{
	identity_text(words->from, reach->from_in_mesh, reach->from_id, out);
	identity_text(words->to, reach->to_in_mesh, reach->to_id, out);
	if (reach->outcome == MESH_SELF) {
		rf_buf_add_c(out, "\n\n  a pod always reaches itself\n");
		return;
	}
	if (reach->outcome == MESH_NODE) {
		rf_buf_add_c(out, "\n\n  a pod with hostNetwork is its machine, whose connections "
				  "(probes) do not pass the proxies of its pods\n");
		return;
	}
	if (reach->outcome == MESH_NO_PROXY) {
		no_proxy_text(reach, words, out);
		return;
	}
	handshake_text(reach, words, out);
	if (reach->outcome != MESH_JUDGED)
		return;
	rf_buf_addf(out, "\n  authorization of %s: ", words->to);
	verdict_word(reach->verdict.allowed, words->colour, out);
	rule_text(&reach->verdict, words->colour, out);
	beside_text(&reach->verdict, words->colour, out);
}

/* --- JSON --- */

static void identity_json(const char *key, const char *id, struct json_writer *w)
{
	json_key(w, key);
	if (*id)
		json_c(w, id);
	else
		json_null(w);
}

static void handshake_json(const struct mesh_reach *reach, struct json_writer *w)
{
	json_key(w, "handshake");
	json_object_begin(w);
	json_field_bool(w, "allowed", reach->outcome != MESH_NO_HANDSHAKE);
	json_field_c(w, "mode", peer_auth_mode_name(reach->peer_auth.mode));
	json_field_bool(w, "mtls", reach->mtls);
	if (reach->peer_auth.policy) {
		net_object_json(reach->peer_auth.policy, "policy", w);
		net_pos_json(reach->peer_auth.pos, w);
	}
	json_object_end(w);
}

static void beside_json(const struct authz_verdict *v, struct json_writer *w)
{
	if (v->dry_policy) {
		json_key(w, "dryRun");
		json_object_begin(w);
		json_field_bool(w, "allowed", v->dry_allowed);
		net_object_json(v->dry_policy, "policy", w);
		if (v->dry_rule != AUTHZ_NO_RULE)
			json_field_int(w, "rule", v->dry_rule);
		json_object_end(w);
	}
	if (v->audit_policy)
		net_object_json(v->audit_policy, "audit", w);
}

static void authorization_json(const struct authz_verdict *v, struct json_writer *w)
{
	static const char *const reasons[] = {
		[AUTHZ_NO_POLICY] = "no-policy",
		[AUTHZ_ALLOWED] = "allowed",
		[AUTHZ_DENIED] = "denied",
		[AUTHZ_NO_ALLOW] = "no-allow",
	};

	json_key(w, "authorization");
	json_object_begin(w);
	json_field_bool(w, "allowed", v->allowed);
	json_field_c(w, "reason", reasons[v->reason]);
	if (v->policy) {
		net_object_json(v->policy, "policy", w);
		if (v->rule != AUTHZ_NO_RULE)
			json_field_int(w, "rule", v->rule);
		net_pos_json(v->pos, w);
	}
	beside_json(v, w);
	json_object_end(w);
}

void mesh_reach_json(const struct mesh_reach *reach, struct json_writer *w)
{
	static const char *const outcomes[] = {
		[MESH_JUDGED] = "judged",
		[MESH_NO_HANDSHAKE] = "no-handshake",
		[MESH_NO_PROXY] = "no-proxy",
		[MESH_SELF] = "self",
		[MESH_NODE] = "node",
	};

	json_object_begin(w);
	json_field_bool(w, "allowed", reach->allowed);
	json_field_c(w, "outcome", outcomes[reach->outcome]);
	identity_json("fromIdentity", reach->from_id, w);
	identity_json("toIdentity", reach->to_id, w);
	if (reach->outcome == MESH_NO_PROXY || reach->outcome == MESH_NODE)
		json_field_bool(w, "unaskedPolicies", reach->unasked);
	if (reach->outcome == MESH_JUDGED || reach->outcome == MESH_NO_HANDSHAKE)
		handshake_json(reach, w);
	if (reach->outcome == MESH_JUDGED)
		authorization_json(&reach->verdict, w);
	json_object_end(w);
}
