/* Conditions of refusals that a field and a value cannot say. */
#include "host/support_int.h"

static bool is_set(const struct doc_node *node)
{
	return node && node->type != DOC_NULL;
}

static int64_t number_of(const struct doc_node *node, int64_t otherwise)
{
	return node && node->type == DOC_INT ? node->number : otherwise;
}

static bool is_true(const struct doc_node *node)
{
	return node && node->type == DOC_BOOL && node->truth;
}

static bool text_is(const struct doc_node *node, const char *text)
{
	return node && node->type == DOC_STRING && rf_str_is(node->text, text);
}

/* Pods of the host's network have the port anyway; clusters fill hostPort in for them. */
bool support_host_port(const struct doc_node *port, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	(void)ret_where;
	(void)ret_key;
	return number_of(doc_get(port, "hostPort"), 0) != 0 &&
	       !is_true(doc_get(pod_spec, "hostNetwork"));
}

static bool has_other_than(const struct doc_node *resources, const char *field,
	const char *const *known, const struct doc_node **ret_where, const char **ret_key)
{
	const struct doc_node *list = doc_get(resources, field);

	doc_each (item, list) {
		bool found = false;

		for (size_t i = 0; known[i]; i++)
			found = found || rf_str_is(item->key, known[i]);
		if (found)
			continue;
		*ret_where = list;
		*ret_key = item->key.ptr;
		return true;
	}
	return false;
}

bool support_extended_limit(const struct doc_node *container, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	static const char *const known[] = {"cpu", "memory", "pids", NULL};

	(void)pod_spec;
	return has_other_than(doc_get(container, "resources"), "limits", known, ret_where, ret_key);
}

/* Requests of storage only concern a scheduler; requests of devices promise devices. */
bool support_extended_request(const struct doc_node *container, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	static const char *const known[] = {"cpu", "memory", "pids", "ephemeral-storage", NULL};

	(void)pod_spec;
	return has_other_than(
		doc_get(container, "resources"), "requests", known, ret_where, ret_key);
}

bool support_other_volume(const struct doc_node *volume, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	static const char *const known[] = {"name", "configMap", "secret", "downwardAPI",
		"projected", "emptyDir", "hostPath", "persistentVolumeClaim", NULL};

	(void)pod_spec;
	doc_each (item, volume) {
		bool found = !is_set(item);

		for (size_t i = 0; known[i]; i++)
			found = found || rf_str_is(item->key, known[i]);
		if (found)
			continue;
		*ret_where = volume;
		*ret_key = item->key.ptr;
		return true;
	}
	return false;
}

bool support_old_profile(const struct doc_node *meta, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	static const char *const prefixes[] = {"container.apparmor.security.beta.kubernetes.io/",
		"seccomp.security.alpha.kubernetes.io/",
		"container.seccomp.security.alpha.kubernetes.io/"};
	const struct doc_node *annotations = doc_get(meta, "annotations");

	(void)pod_spec;
	doc_each (item, annotations) {
		for (size_t i = 0; i < RF_ARRAY_LEN(prefixes); i++) {
			if (!rf_str_starts(item->key, rf_str_of(prefixes[i])))
				continue;
			*ret_where = annotations;
			*ret_key = item->key.ptr;
			return true;
		}
	}
	return false;
}

bool support_more_completions(const struct doc_node *job, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	int64_t parallelism = number_of(doc_get(job, "parallelism"), 1);

	(void)pod_spec;
	(void)ret_where;
	(void)ret_key;
	return parallelism > 0 && number_of(doc_get(job, "completions"), 1) > parallelism;
}

bool support_no_selector(const struct doc_node *service, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	const struct doc_node *selector = doc_get(service, "selector");

	(void)pod_spec;
	(void)ret_where;
	(void)ret_key;
	return (!is_set(selector) || selector->count == 0) &&
	       !text_is(doc_get(service, "type"), "ExternalName");
}

bool support_not_suspended(const struct doc_node *cron_job, const struct doc_node *pod_spec,
	const struct doc_node **ret_where, const char **ret_key)
{
	(void)pod_spec;
	*ret_where = cron_job;
	*ret_key = "schedule";
	return !is_true(doc_get(cron_job, "suspend"));
}
