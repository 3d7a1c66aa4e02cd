/* See the header. Proxies speak mTLS to each other wherever the mode at the port lets them. */
#include "mesh/authz/reach.h"

#include "mesh/authz/injection.h"

static int identify(const struct kube_pod *pod, struct rf_str trust_domain, bool in_mesh,
	char out[static IDENTITY_MAX + 1], struct rf_err *err)
{
	out[0] = '\0';
	if (!in_mesh)
		return RF_OK;
	return identity_make(trust_domain, pod->namespace, mesh_service_account(pod), out, err);
}

static void ask_policies(
	const struct authz *authz, const struct mesh_ask *ask, struct mesh_reach *reach)
{
	const struct authz_peer peer = {
		.id = reach->mtls ? rf_str_of(reach->from_id) : RF_STR_NONE,
		.source = ask->from_ip,
		.remote = ask->from_ip,
		.destination = ask->to_ip,
		.port = ask->port,
	};

	reach->verdict = authz_judge(authz, &peer);
	reach->outcome = MESH_JUDGED;
	reach->allowed = reach->verdict.allowed;
}

/* With a pod as destination that is not the source. */
static int judge(const struct kube_set *set, const struct mesh_ask *ask, struct mesh_reach *reach,
	struct rf_err *err)
{
	const struct authz_workload workload = {.namespace = ask->to->namespace,
		.labels = &ask->to->labels,
		.trust_domain = ask->trust_domain};
	AUTO_AUTHZ *authz = NULL;
	int rc = authz_compile(set, &workload, &authz, err);

	if (rc < 0)
		return rc;
	if (!reach->to_in_mesh) {
		reach->unasked = !authz_is_empty(authz);
		return RF_OK;
	}
	if (ask->from && ask->from->spec->host_network.value) {
		reach->outcome = MESH_NODE;
		reach->unasked = !authz_is_empty(authz);
		return RF_OK;
	}
	reach->peer_auth = peer_auth_mode(set, &workload, ask->port);
	reach->mtls = reach->from_in_mesh && reach->peer_auth.mode != PEER_AUTH_DISABLE;
	if (reach->peer_auth.mode == PEER_AUTH_STRICT && !reach->mtls) {
		reach->outcome = MESH_NO_HANDSHAKE;
		reach->allowed = false;
		return RF_OK;
	}
	ask_policies(authz, ask, reach);
	return RF_OK;
}

int mesh_reach(const struct kube_set *set, const struct mesh_ask *ask, struct mesh_reach *ret,
	struct rf_err *err)
{
	int rc = identity_check_domain(ask->trust_domain, err);

	*ret = (struct mesh_reach){.allowed = true,
		.outcome = MESH_NO_PROXY,
		.from_in_mesh = ask->from && mesh_injected(set, ask->from),
		.to_in_mesh = ask->to && mesh_injected(set, ask->to)};
	if (rc == RF_OK)
		rc = identify(ask->from, ask->trust_domain, ret->from_in_mesh, ret->from_id, err);
	if (rc == RF_OK)
		rc = identify(ask->to, ask->trust_domain, ret->to_in_mesh, ret->to_id, err);
	if (rc < 0)
		return rc;
	if (ask->to && ask->from == ask->to)
		ret->outcome = MESH_SELF;
	else if (ask->to)
		rc = judge(set, ask, ret, err);
	return rc;
}
