/*
 * Merging keeps objects of older sets alive by pointing at them: a set is freed only when the
 * supervisor ends. A change is rare and a set is small, and pods that stop still need theirs.
 */
#include "host/merge.h"

#include "host/admit.h"
#include "host/check.h"
#include "host/host.h"
#include "host/image_paths.h"
#include "host/privileges.h"

/* Paths are absolute: the supervisor has a working directory and a standard input of its own. */
static int check_paths(const struct doc_node *paths, struct rf_err *err)
{
	if (paths && paths->type != DOC_SEQ)
		return rf_err_set(err, RF_EINPUT, "the request's paths are not a list");
	doc_each (path, paths) {
		if (path->type != DOC_STRING || !rf_str_starts(path->text, RF_STR("/")))
			return rf_err_set(err, RF_EINPUT,
				"one of the request's paths is not an absolute path");
	}
	return RF_OK;
}

static int check_request(const struct doc_node *request, struct rf_err *err)
{
	const struct doc_node *text = doc_get(request, "stdin"), *prune = doc_get(request, "prune");

	if (text && text->type != DOC_STRING)
		return rf_err_set(err, RF_EINPUT, "the request's stdin is not a string");
	if (prune && prune->type != DOC_BOOL)
		return rf_err_set(err, RF_EINPUT, "the request's prune is not true or false");
	return check_paths(doc_get(request, "paths"), err);
}

static int load_all(struct kube_set *set, const struct doc_node *request, struct rf_diags *diags,
	struct rf_err *err)
{
	const struct doc_node *text = doc_get(request, "stdin");

	doc_each (path, doc_get(request, "paths")) {
		int rc = kube_load_path(set, path->text.ptr, diags, err);

		if (rc < 0)
			return rc;
	}
	if (text && text->text.len) {
		/* The request's memory goes with its answer; the set's texts stay. */
		char *copy = rf_str_dup(text->text);

		if (!copy || !rf_vec_push(&set->texts, copy)) {
			free(copy);
			return rf_err_nomem(err);
		}
		return kube_load_text(
			set, (struct rf_str){copy, text->text.len}, "<stdin>", diags, err);
	}
	return RF_OK;
}

/* Objects of old that set does not have. */
static int keep_others(struct kube_set *set, const struct kube_set *old, struct rf_err *err)
{
	rf_vec_each (object, &old->objects) {
		const struct kube_meta *meta = &(*object)->meta;
		struct rf_str key;

		if (kube_find(set, (*object)->kind, meta->namespace, meta->name))
			continue;
		key = rf_arena_printf(set->arena, "%s/" RF_STR_FMT "/" RF_STR_FMT,
			kube_kind_name((*object)->kind), RF_STR_ARG(meta->namespace),
			RF_STR_ARG(meta->name));
		if (!key.ptr || !rf_map_put_ptr(&set->by_name, key, *object) ||
			!rf_vec_push(&set->objects, *object))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

static void write_diags(struct json_writer *w, const struct rf_diags *diags)
{
	json_key(w, "diags");
	json_array_begin(w);
	rf_vec_each (d, &diags->list) {
		json_object_begin(w);
		json_field_c(w, "file", d->pos.file ? d->pos.file : "");
		json_field_int(w, "line", d->pos.line);
		json_field_int(w, "column", d->pos.col);
		json_field_c(w, "severity", rf_severity_name(d->severity));
		json_field_c(w, "message", d->msg);
		json_object_end(w);
	}
	json_array_end(w);
}

/* The verb has brought them in; here they only get their whole names. */
static int find_images(struct kube_set *set, struct rf_diags *diags, struct rf_err *err)
{
	struct image_paths paths = {.count = 0};
	int rc = image_paths_find(set, &paths, diags);

	rf_vec_done(&paths);
	return rc < 0 ? rf_err_nomem(err) : RF_OK;
}

static int apply(struct host *host, const struct doc_node *request, struct kube_set *set,
	struct host_change *change, struct rf_diags *diags, struct rf_err *err)
{
	const struct doc_node *prune = doc_get(request, "prune");
	int rc = check_request(request, err);
	size_t own_count;

	if (rc == RF_OK)
		rc = load_all(set, request, diags, err);
	if (rc == RF_OK && diags->error_count) {
		plan_check_support(set, diags); /* of the objects that could be read */
		return rf_err_set(err, RF_EINPUT, "the manifests have errors");
	}
	if (rc == RF_OK)
		rc = find_images(set, diags, err);
	own_count = set->objects.count;
	if (rc == RF_OK && !(prune && prune->truth))
		rc = keep_others(set, host->plan->set, err);
	if (rc == RF_OK && host->config.dns)
		rc = host_add_dns(set, diags, err);
	if (rc == RF_OK)
		rc = host_check(&host->config, &host->inst, set, diags, err);
	if (rc == RF_OK) /* the images of the others were admitted with them */
		rc = admit_objects(host, set, own_count, diags, err);
	if (rc == RF_OK && diags->error_count)
		return rf_err_set(err, RF_EINPUT, "the manifests cannot run here");
	if (rc == RF_OK && (privileges_needed(set) & host->machine_caps & ~privileges_bounding()))
		return rf_err_set(err, RF_EUNSUPPORTED,
			"a container asks for capabilities that the supervisor gave up when it "
			"started: run `ringfence down`, then `ringfence up` with these manifests");
	return rc < 0 ? rc : host_apply(host, set, change, diags, err);
}

static void write_change(struct json_writer *w, const struct host_change *change)
{
	json_field_bool(w, "ok", true);
	json_field_int(w, "started", change->started);
	json_field_int(w, "stopped", change->stopped);
	json_field_int(w, "kept", change->kept);
	json_key(w, "fence");
	json_object_begin(w);
	json_field_int(w, "added", change->fence.elements_added);
	json_field_int(w, "removed", change->fence.elements_removed);
	json_field_int(w, "usec", (int64_t)change->fence.usec);
	json_object_end(w);
}

void merge_apply(struct host *host, const struct doc_node *request, struct json_writer *w)
{
	struct kube_set *set = calloc(1, sizeof(*set));
	AUTO_DIAGS diags = {.error_count = 0};
	struct host_change change = {.started = 0};
	struct rf_err err = {.code = RF_OK};
	int rc = set ? kube_set_init(set, &err) : rf_err_nomem(&err);

	if (rc == RF_OK)
		rc = apply(host, request, set, &change, &diags, &err);
	json_object_begin(w);
	if (rc == RF_OK)
		write_change(w, &change);
	else
		json_field_c(w, "error", err.msg);
	write_diags(w, &diags);
	json_object_end(w);
	/* host_apply owns the set once it has begun to use it. */
	if (set && rc < 0 && (!host->sets.count || host->sets.items[host->sets.count - 1] != set)) {
		kube_set_done(set);
		free(set);
	}
}
