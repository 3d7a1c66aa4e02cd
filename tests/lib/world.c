/* Load, expand, compile: in the order in which the program does it. */
#include "tests/lib/world.h"

#include "tests/lib/tap.h"

bool world_load(struct world *w, struct rf_str text, const char *name)
{
	*w = (struct world){.policy = NULL};
	return kube_set_init(&w->set, &w->err) == RF_OK &&
	       kube_load_text(&w->set, text, name, &w->diags, &w->err) == RF_OK &&
	       w->diags.error_count == 0 &&
	       kube_pods_expand(&w->set, false, &w->pods, &w->err) == RF_OK &&
	       policy_compile(&w->set, &w->pods, &w->policy, &w->err) == RF_OK;
}

void world_done(struct world *w)
{
	policy_free(w->policy);
	kube_pods_done(&w->pods);
	kube_set_done(&w->set);
	rf_diags_done(&w->diags);
}

void world_say(const struct world *w)
{
	rf_vec_each (d, &w->diags.list)
		tap_diag("%s:%u:%u: %s", d->pos.file, d->pos.line, d->pos.col, d->msg);
	if (w->err.code)
		tap_diag("%s", w->err.msg);
}

uint32_t world_pod(const struct world *w, const char *name)
{
	uintptr_t index;

	return rf_map_get(&w->pods.by_name, rf_str_of(name), &index) ? (uint32_t)index
								     : POLICY_NO_POD;
}
