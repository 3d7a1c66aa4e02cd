/* Puts a picture together: classes, pairs, addresses, the outside, Services. */
#include "dataplane/desired_int.h"

static void desired_done(struct desired *d)
{
	picture_free(d->picture);
	free(d->classes);
	free(d->row);
	rf_vec_done(&d->used);
	rf_vec_done(&d->address_classes);
	rf_map_done(&d->port_sets);
}

/* Port sets that the kernel holds keep their numbers. */
static bool learn_port_sets(struct desired *d)
{
	rf_vec_each (chain, &d->held->chains) {
		if ((*chain)->kind != PICTURE_PORTS)
			continue;
		if (!rf_map_put(&d->port_sets, (*chain)->content, (*chain)->id))
			return false;
		if ((*chain)->id > d->last_port_set)
			d->last_port_set = (*chain)->id;
	}
	return true;
}

static int build(struct desired *d, const struct fence_services *services, struct rf_err *err)
{
	size_t count = policy_class_count(d->policy);
	int rc;

	d->picture = picture_new();
	d->classes = calloc(count ? count : 1, sizeof(*d->classes));
	d->row = calloc(count ? count : 1, sizeof(*d->row));
	if (!d->picture || !d->classes || !d->row || !learn_port_sets(d))
		return rf_err_nomem(err);
	rc = desired_number_classes(d, err);
	if (rc < 0)
		return rc;
	d->stats->classes = (unsigned)d->used.count;
	desired_add_pairs(d);
	desired_add_pods(d);
	desired_add_outside(d->picture, d->config, d, RF_IPV4);
	desired_add_outside(d->picture, d->config, d, RF_IPV6);
	desired_add_services(d->picture, services);
	return d->picture->failed ? rf_err_nomem(err) : RF_OK;
}

int desired_build(const struct desired_input *input, struct picture **ret,
	struct fence_stats *stats, struct rf_err *err)
{
	CLEANUP(desired_done)
	struct desired d = {
		.config = input->config,
		.policy = input->policy,
		.held = input->held,
		.stats = stats,
	};
	int rc = build(&d, input->services, err);

	if (rc == RF_OK)
		*ret = TAKE_PTR(d.picture);
	return rc;
}

struct picture *desired_closed(const struct fence_config *config)
{
	struct picture *picture = picture_new();

	if (!picture)
		return NULL;
	desired_add_open_class(picture, TABLE_WORLD);
	desired_add_outside(picture, config, NULL, RF_IPV4);
	desired_add_outside(picture, config, NULL, RF_IPV6);
	if (picture->failed) {
		picture_free(picture);
		return NULL;
	}
	return picture;
}
