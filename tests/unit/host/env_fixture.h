/* For tests of the host: a plan of one YAML text, made without allocating addresses. */
#ifndef TESTS_UNIT_HOST_ENV_FIXTURE_H
#define TESTS_UNIT_HOST_ENV_FIXTURE_H

#include "host/env.h"
#include "tests/lib/tap.h"

struct fixture {
	struct kube_set set;
	struct plan plan;
	struct rf_diags diags;
	struct env_pod pod; /* the first pod */
	struct rf_buf said; /* "line message" of every finding */
};

static inline void fixture_done(struct fixture *f)
{
	rf_vec_done(&f->plan.services);
	kube_pods_done(&f->plan.pods);
	kube_set_done(&f->set);
	rf_diags_done(&f->diags);
	rf_buf_done(&f->said);
}
#define FIXTURE CLEANUP(fixture_done) struct fixture

static inline const char *fixture_said(struct fixture *f)
{
	rf_buf_clear(&f->said);
	rf_vec_each (d, &f->diags.list)
		rf_buf_addf(&f->said, "%u %s\n", d->pos.line, d->msg);
	return rf_buf_cstr(&f->said);
}

/* Services get the addresses that the manifest gives them. */
static inline void fixture_services(struct fixture *f)
{
	rf_vec_each (object, &f->set.objects) {
		struct plan_service *service;

		if ((*object)->kind != KUBE_SERVICE)
			continue;
		service = rf_vec_add(&f->plan.services);
		if (!service)
			return;
		service->object = *object;
		if (rf_ip_parse((*object)->service->cluster_ip, &service->ips[0]))
			service->ip_count = 1;
	}
}

/* False, with what was wrong as a comment, when the text does not load. */
static inline bool fixture_load(struct fixture *f, const char *text)
{
	struct rf_err err = {.code = RF_OK};

	*f = (struct fixture){.diags = {.error_count = 0}};
	if (kube_set_init(&f->set, &err) < 0 ||
		kube_load_text(&f->set, rf_str_of(text), "test.yaml", &f->diags, &err) < 0 ||
		kube_pods_expand(&f->set, false, &f->plan.pods, &err) < 0)
		tap_diag("%s", err.msg);
	if (f->diags.error_count)
		tap_diag("%s", fixture_said(f));
	f->plan.set = &f->set;
	fixture_services(f);
	f->pod = (struct env_pod){.plan = &f->plan, .uid = "uid-1", .node = "node-1"};
	if (f->plan.pods.list.count)
		f->pod.pod = &f->plan.pods.list.items[0];
	return f->pod.pod && rf_ip_parse(RF_STR("192.0.2.1"), &f->pod.host_ip) &&
	       f->diags.error_count == 0;
}

static inline const struct kube_container *fixture_container(const struct fixture *f)
{
	return f->pod.pod->spec->containers.items;
}

#endif
