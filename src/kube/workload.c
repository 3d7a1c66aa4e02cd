/* Checks of workloads that tables cannot express, and the way from a spec to a kube_workload. */
#include "kube/names.h"
#include "kube/selector.h"
#include "kube/workload_int.h"

static void check_template(
	struct doc_decoder *dec, const struct spec_view *view, enum kube_kind kind)
{
	const struct kube_pod_spec *pod = &view->workload.pod;
	bool always = rf_str_is(pod->restart_policy, "Always");
	bool job = kind == KUBE_JOB || kind == KUBE_CRON_JOB;

	if (!pod->node)
		return;
	if (job && always)
		doc_decode_error(dec, doc_field_pos(pod->node, "restartPolicy"),
			"the pods of a %s need restartPolicy: OnFailure or Never",
			kube_kind_name(kind));
	if (!job && !always)
		doc_decode_error(dec, doc_field_pos(pod->node, "restartPolicy"),
			"the pods of a %s are always restarted: remove restartPolicy, or set "
			"Always",
			kube_kind_name(kind));
	if (pod->ephemeral_containers.count)
		doc_decode_error(dec, doc_field_pos(pod->node, "ephemeralContainers"),
			"ephemeralContainers are not allowed in a template");
	if (!job && pod->active_deadline_seconds.set)
		doc_decode_error(dec, doc_field_pos(pod->node, "activeDeadlineSeconds"),
			"activeDeadlineSeconds is not allowed in the pods of a %s",
			kube_kind_name(kind));
}

static void check_selector(
	struct doc_decoder *dec, const struct spec_view *view, enum kube_kind kind)
{
	const struct kube_workload *w = &view->workload;
	struct rf_pos pos = doc_field_pos(w->spec_node, "selector");

	if (!w->selector || !w->selector->node || !view->template_node)
		return;
	if (kind != KUBE_JOB && kind != KUBE_CRON_JOB && w->selector->match_labels.count == 0 &&
		w->selector->match_expressions.count == 0) {
		doc_decode_error(
			dec, pos, "the selector of a %s cannot be empty", kube_kind_name(kind));
		return;
	}
	if (!kube_selector_matches(w->selector, &w->template_meta.labels))
		doc_decode_error(dec, pos,
			"the selector does not match template.metadata.labels: every pod of a %s "
			"must be one that it selects",
			kube_kind_name(kind));
}

/* Names of the claims, for the volumes of the template's containers. */
static struct doc_strs claim_names(struct doc_decoder *dec, const struct spec_view *view)
{
	const struct kube_claim *claims = view->claims.items;
	struct doc_strs names = {
		.items = kube_alloc(dec, view->claims.count, sizeof(*names.items))};

	for (size_t i = 0; names.items && i < view->claims.count; i++) {
		kube_check_meta(dec, &claims[i].meta);
		if (!claims[i].node)
			continue;
		if (!kube_is_dns_subdomain(claims[i].meta.name))
			doc_decode_error(dec, doc_pos(claims[i].node),
				"a volumeClaimTemplate needs metadata.name, a DNS name");
		names.items[names.count++] = claims[i].meta.name;
	}
	return names;
}

static void finish_spec(struct doc_decoder *dec, struct spec_view *view, enum kube_kind kind)
{
	struct doc_strs claims = {.count = 0};

	if (view->claims.count)
		claims = claim_names(dec, view);
	kube_check_meta(dec, &view->workload.template_meta);
	kube_finish_pod_spec(dec, &view->workload.pod, &claims);
	if (!view->template_node)
		return;
	check_template(dec, view, kind);
	check_selector(dec, view, kind);
}

/* Five fields of numbers, names, ranges, lists and steps, or one of the macros. */
static bool is_schedule(struct rf_str s)
{
	static const char *const macros[] = {
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"};
	size_t fields = 0;

	for (size_t i = 0; i < RF_ARRAY_LEN(macros); i++) {
		if (rf_str_is(s, macros[i]))
			return true;
	}
	if (rf_str_starts(s, RF_STR("@every ")))
		return s.len > 7;
	while (s.ptr) {
		struct rf_str field;

		s = rf_str_cut(s, ' ', &field);
		fields += field.len > 0;
		for (size_t i = 0; i < field.len; i++) {
			if (field.ptr[i] == '\0' ||
				!strchr("0123456789*,-/?LW#"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
					field.ptr[i]))
				return false;
		}
	}
	return fields == 5;
}

/* The pods of a CronJob are those of its job template. */
static void take_job_template(struct doc_decoder *dec, struct spec_view *view)
{
	struct kube_workload *w = &view->workload;
	const struct job_template *t = view->job_template;
	struct kube_workload job;

	if (w->schedule.ptr && !is_schedule(w->schedule))
		doc_decode_error(dec, doc_field_pos(w->spec_node, "schedule"),
			"\"" RF_STR_FMT "\" is not a schedule: expected five fields (minute, hour, "
			"day of month, month, day of week) or @hourly, @daily, ...",
			RF_STR_ARG(w->schedule));
	if (!t || !t->spec)
		return;
	kube_check_meta(dec, &t->meta);
	job = t->spec->workload;
	job.schedule = w->schedule;
	job.suspend = w->suspend;
	job.spec_node = w->spec_node;
	view->template_node = t->spec->template_node;
	*w = job;
}

void kube_finish_workload(
	struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct spec_view *view = root->spec;

	if (!view)
		return;
	if (object->kind == KUBE_CRON_JOB)
		take_job_template(dec, view);
	finish_spec(dec, view, object->kind);
	object->workload = &view->workload;
}

void kube_finish_pod(struct doc_decoder *dec, struct kube_root *root, struct kube_object *object)
{
	struct kube_workload *workload = kube_alloc(dec, 1, sizeof(*workload));

	if (!workload || !root->pod)
		return;
	kube_finish_pod_spec(dec, root->pod, NULL);
	kube_finish_pod_status(dec, &root->pod_status);
	*workload = (struct kube_workload){.template_meta = object->meta,
		.pod = *root->pod,
		.status = root->pod_status,
		.spec_node = root->pod->node};
	object->workload = workload;
}
