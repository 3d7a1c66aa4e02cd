/* Counted references, as the threads of a proxy let go of a state at different times. */
#include "mesh/proxy/state.h"

void proxy_settings_default(struct proxy_settings *settings)
{
	*settings = (struct proxy_settings){
		.handshake_ms = 5000,
		.connect_ms = 10000,
		.idle_ms = (uint64_t)3600 * 1000,
		.drain_ms = 10000,
		.max_connections = 100000,
		.max_pending = PROXY_DEFAULT_PENDING,
	};
}

/* True for the last one. */
static bool drop(unsigned *refs)
{
	return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

static void wipe(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}

void proxy_certs_unref(struct proxy_certs *certs)
{
	if (!certs || !drop(&certs->refs))
		return;
	free(certs->cert);
	wipe(certs->key, certs->key_len);
	free(certs->roots);
	free(certs);
}

int proxy_certs_new(struct rf_str cert, struct rf_str key, struct rf_str roots,
	struct proxy_certs **ret, struct rf_err *err)
{
	struct proxy_certs *certs = calloc(1, sizeof(*certs));

	if (!certs)
		return rf_err_nomem(err);
	*certs = (struct proxy_certs){.refs = 1,
		.cert = rf_str_dup(cert),
		.key = rf_str_dup(key),
		.roots = rf_str_dup(roots),
		.cert_len = cert.len,
		.key_len = key.len,
		.roots_len = roots.len};
	if (!certs->cert || !certs->key || !certs->roots) {
		proxy_certs_unref(certs);
		return rf_err_nomem(err);
	}
	*ret = certs;
	return RF_OK;
}

int proxy_state_copy(const struct proxy_state *state, struct proxy_state **ret, struct rf_err *err)
{
	struct proxy_state *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return rf_err_nomem(err);
	copy->refs = 1;
	if (state) {
		copy->draining = state->draining;
		copy->rules = proxy_rules_ref(state->rules);
		copy->sidecar = sidecar_ref(state->sidecar);
		copy->certs = state->certs;
		if (copy->certs)
			__atomic_add_fetch(&copy->certs->refs, 1, __ATOMIC_RELAXED);
		if (proxy_state_set_targets(copy, state->targets, state->target_count, err) < 0) {
			proxy_state_unref(copy);
			return RF_EINTERNAL;
		}
	}
	*ret = copy;
	return RF_OK;
}

int proxy_state_set_targets(
	struct proxy_state *state, const struct endpoint *targets, size_t count, struct rf_err *err)
{
	struct endpoint *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return rf_err_nomem(err);
	if (count)
		memcpy(copy, targets, count * sizeof(*copy));
	free(state->targets);
	state->targets = copy;
	state->target_count = count;
	return RF_OK;
}

void proxy_state_set_certs(struct proxy_state *state, struct proxy_certs *certs)
{
	proxy_certs_unref(state->certs);
	state->certs = certs;
}

void proxy_state_set_rules(struct proxy_state *state, struct proxy_rules *rules)
{
	proxy_rules_unref(state->rules);
	state->rules = rules;
}

void proxy_state_set_sidecar(struct proxy_state *state, struct sidecar *sidecar)
{
	sidecar_unref(state->sidecar);
	state->sidecar = sidecar;
}

struct proxy_state *proxy_state_ref(struct proxy_state *state)
{
	if (state)
		__atomic_add_fetch(&state->refs, 1, __ATOMIC_RELAXED);
	return state;
}

void proxy_state_unref(struct proxy_state *state)
{
	if (!state || !drop(&state->refs))
		return;
	proxy_certs_unref(state->certs);
	proxy_rules_unref(state->rules);
	sidecar_unref(state->sidecar);
	free(state->targets);
	free(state);
}
