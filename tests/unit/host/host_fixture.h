/*
 * For tests of the host: a machine as it would be with one YAML text running, put together by hand.
 * Every pod of the plan runs and is ready; nothing of it exists in the kernel.
 */
#ifndef TESTS_UNIT_HOST_HOST_FIXTURE_H
#define TESTS_UNIT_HOST_HOST_FIXTURE_H

#include "host/host_int.h"

#include "base/fd.h"
#include "tests/lib/tap.h"

#define MACHINE_MAX_PODS 16

struct machine {
	struct kube_set set;
	struct plan plan;
	struct host host;
	struct pod pods[MACHINE_MAX_PODS];
	struct rf_diags diags;
	struct rf_err err;
	char dir[64]; /* made by machine_dir() */
};

static inline void machine_pod_done(struct pod *pod)
{
	for (size_t i = 0; i < pod->container_count; i++)
		free(pod->containers[i].id);
	free(pod->containers);
	free(pod->key);
}

static inline void machine_done(struct machine *m)
{
	for (size_t i = 0; i < m->host.pods.count; i++)
		machine_pod_done(m->host.pods.items[i]);
	rf_vec_done(&m->host.pods);
	plan_done(&m->plan);
	plan_addresses_done(&m->host.addresses);
	kube_set_done(&m->set);
	rf_diags_done(&m->diags);
	if (m->dir[0] && rf_dir_remove(m->dir, NULL) < 0)
		CHECKF(false, "%s was left behind", m->dir);
}
#define MACHINE CLEANUP(machine_done) struct machine

static inline struct rf_cidr machine_range(const char *text)
{
	struct rf_cidr cidr;

	if (!rf_cidr_parse(rf_str_of(text), &cidr))
		abort();
	return cidr;
}

static inline struct plan_ranges machine_ranges(void)
{
	return (struct plan_ranges){
		.pods = {machine_range("10.85.0.0/24"), machine_range("fd85::/64")},
		.services = {machine_range("10.86.0.0/24"), machine_range("fd86::/112")}};
}

static inline bool machine_add_pod(struct machine *m, const struct kube_pod *kube)
{
	size_t init = kube->spec->init_containers.count;
	size_t count = init + kube->spec->containers.count;
	struct pod *pod = &m->pods[m->host.pods.count];
	const struct kube_container *first = kube->spec->init_containers.items;
	const struct kube_container *main = kube->spec->containers.items;

	*pod = (struct pod){.host = &m->host, .kube = kube, .phase = POD_RUNNING, .ready = true};
	pod->containers = calloc(count, sizeof(*pod->containers));
	if (!pod->containers || !rf_vec_push(&m->host.pods, pod))
		abort();
	pod->container_count = count;
	pod->init_count = init;
	snprintf(pod->uid, sizeof(pod->uid), "uid-%zu", m->host.pods.count);
	for (size_t i = 0; i < count; i++) {
		struct container *c = &pod->containers[i];

		*c = (struct container){.pod = pod,
			.spec = i < init ? &first[i] : &main[i - init],
			.init = i < init,
			.ready = i >= init,
			.state = i < init ? CONTAINER_EXITED : CONTAINER_RUNNING,
			.starts = 1};
		if (asprintf(&c->id, "%s-" RF_STR_FMT, pod->uid, RF_STR_ARG(c->spec->name)) < 0)
			abort();
	}
	return asprintf(&pod->key, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(kube->namespace),
		       RF_STR_ARG(kube->name)) > 0;
}

/* False, with what was wrong as a comment, when the text does not load or cannot run here. */
static inline bool machine_load(struct machine *m, const char *text)
{
	int rc;

	*m = (struct machine){.host = {.lock_fd = -1}};
	m->host.config.ranges = machine_ranges();
	rc = kube_set_init(&m->set, &m->err);
	if (rc == RF_OK)
		rc = kube_load_text(&m->set, rf_str_of(text), "t.yaml", &m->diags, &m->err);
	if (rc == RF_OK)
		rc = plan_addresses_init(&m->host.addresses);
	if (rc == RF_OK)
		rc = plan_make(&m->set, &m->host.config.ranges, &m->host.addresses, &m->plan,
			&m->diags, &m->err);
	rf_vec_each (d, &m->diags.list)
		tap_diag("%s:%u: %s", d->pos.file, d->pos.line, d->msg);
	m->host.plan = &m->plan;
	for (size_t i = 0; rc == RF_OK && i < m->plan.pods.list.count; i++) {
		if (i == MACHINE_MAX_PODS || !machine_add_pod(m, &m->plan.pods.list.items[i]))
			return false;
	}
	return rc == RF_OK && m->diags.error_count == 0;
}

static inline struct pod *machine_pod(struct machine *m, const char *key)
{
	rf_vec_each (pod, &m->host.pods) {
		if (strcmp((*pod)->key, key) == 0)
			return *pod;
	}
	tap_diag("there is no pod %s", key);
	abort();
}

/* A directory of this test, gone with the machine. */
static inline const char *machine_dir(struct machine *m)
{
	snprintf(m->dir, sizeof(m->dir), "/tmp/ringfence-host-XXXXXX");
	if (!mkdtemp(m->dir))
		abort();
	return m->dir;
}

#endif
