/* Names and digests in a list: a machine runs a handful of images. */
#include "host/admit.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/fd.h"
#include "doc/read.h"
#include "host/bundle.h"
#include "host/dns.h"
#include "image/vuln/db.h"

static bool has_gate(const struct host *host)
{
	return !host->config.gate.off && host->config.gate.db;
}

/* --- what was admitted --- */

static struct admitted *admitted_as(struct host *host, struct rf_str name)
{
	rf_vec_each (it, &host->admitted) {
		if (rf_str_is(name, it->name))
			return it;
	}
	return NULL;
}

static int admit(struct host *host, struct rf_str name, const struct image *image)
{
	struct admitted *known = admitted_as(host, name);
	struct admitted new = {.name = rf_str_dup(name), .digest = rf_str_dup(image->digest)};

	if (new.name &&new.digest && known) {
		free(known->name);
		free(known->digest);
		*known = new;
		return RF_OK;
	}
	if (new.name &&new.digest && rf_vec_push(&host->admitted, new))
		return RF_OK;
	free(new.name);
	free(new.digest);
	return RF_EINTERNAL;
}

void admit_done(struct host *host)
{
	rf_vec_each (it, &host->admitted) {
		free(it->name);
		free(it->digest);
	}
	rf_vec_done(&host->admitted);
}

int admit_find_image(struct host *host, const struct kube_container *spec,
	const struct image *before, struct image **ret, struct rf_err *err)
{
	const struct admitted *known;

	if (!has_gate(host) || dns_is_image(spec->image))
		return bundle_find_image(host, spec, ret, err);
	if (before)
		return image_find(host->images, before->digest.ptr, ret, err);
	known = admitted_as(host, spec->image);
	if (!known)
		return rf_err_set(err, RF_EDENIED,
			"image " RF_STR_FMT " was not judged: `up` and `apply` do that first",
			RF_STR_ARG(spec->image));
	return image_find(host->images, known->digest, ret, err);
}

/* --- asking --- */

struct asking {
	struct host *host;
	struct judge_opts opts; /* db is NULL without a database */
	struct rf_diags *diags;
};

static int open_database(const struct gate_config *gate, struct vuln_db **ret, struct rf_err *err)
{
	AUTO_FD fd = open(gate->db, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0 && errno == ENOENT && !gate->db_named)
		return RF_OK;
	if (fd < 0)
		return rf_err_sys(err, errno, "the gate's database %s", gate->db);
	rc = vuln_db_open(fd, ret, err);
	return rc < 0 ? rf_err_wrap(err, rc, "the gate's database %s", gate->db) : rc;
}

static int ask(struct asking *a, const struct kube_container *container, struct rf_err *err)
{
	CLEANUP(judge_verdict_done) struct judge_verdict verdict = {.pass = true};
	struct rf_pos pos = doc_field_pos(container->node, "image");
	AUTO_IMAGE *image = NULL;
	int rc = RF_OK;

	if (dns_is_image(container->image) ||
		image_find_kept(a->host->images, container->image.ptr, &image, NULL) < 0)
		return RF_OK;
	if (a->opts.db)
		rc = judge_recall(&a->host->inst, image, &a->opts, &verdict, err);
	if (rc == RF_EABSENT) {
		rf_diag_add(a->diags, RF_ERROR, pos,
			"image " RF_STR_FMT " was not judged by the gate of `up` and the present "
			"vulnerability database: `up` and `apply` do that first",
			RF_STR_ARG(container->image));
		return RF_OK;
	}
	if (rc < 0)
		return rc;
	if (!verdict.pass) {
		rf_diag_add(a->diags, RF_ERROR, pos,
			"image " RF_STR_FMT " is refused by the gate of `up`: %s",
			RF_STR_ARG(container->image), rf_buf_cstr(&verdict.why));
		return RF_OK;
	}
	return admit(a->host, container->image, image) < 0 ? rf_err_nomem(err) : RF_OK;
}

static int ask_list(struct asking *a, const struct doc_list *list, struct rf_err *err)
{
	const struct kube_container *containers = list->items;
	int rc = RF_OK;

	for (size_t i = 0; i < list->count && rc == RF_OK; i++)
		rc = ask(a, &containers[i], err);
	return rc;
}

int admit_objects(struct host *host, const struct kube_set *set, size_t count,
	struct rf_diags *diags, struct rf_err *err)
{
	struct asking a = {.host = host, .diags = diags};
	AUTO_VULN_DB *db = NULL;
	int rc;

	if (!has_gate(host))
		return RF_OK;
	rc = judge_opts_of(&host->config.gate, time(NULL), &a.opts, err);
	if (rc == RF_OK)
		rc = open_database(&host->config.gate, &db, err);
	a.opts.db = db;
	for (size_t i = 0; i < count && rc == RF_OK; i++) {
		const struct kube_object *object = set->objects.items[i];

		if (!kube_kind_is_workload(object->kind))
			continue;
		rc = ask_list(&a, &object->workload->pod.init_containers, err);
		if (rc == RF_OK)
			rc = ask_list(&a, &object->workload->pod.containers, err);
	}
	return rc;
}
