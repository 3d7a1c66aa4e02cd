/* The spec of a workload while it is decoded and checked. */
#ifndef RF_KUBE_WORKLOAD_INT_H
#define RF_KUBE_WORKLOAD_INT_H

#include "kube/kube_int.h"

struct job_template;

struct spec_view {
	struct kube_workload workload; /* its spec_node is the node of the view */
	const struct doc_node *template_node;
	struct doc_list claims; /* kube_claim */
	struct doc_bool manual_selector;
	struct job_template *job_template; /* CronJob */
	struct kube_checked unread;
};

struct job_template {
	const struct doc_node *node;
	struct kube_meta meta;
	struct spec_view *spec;
};

#endif
