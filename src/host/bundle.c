/* From a container's spec and image to config.json. */
#include "host/bundle.h"

#include <unistd.h>

#include "base/fd.h"
#include "host/dns.h"
#include "host/filter.h"
#include "host/identity_volume.h"
#include "mesh/proxy/settings.h"

struct env_pod bundle_env_pod(const struct pod *pod)
{
	struct env_pod env = {.plan = pod->host->plan,
		.pod = pod->kube,
		.uid = pod->uid,
		.node = pod->host->node_name};
	struct rf_ip node[2];

	if (plan_node_ips(&pod->host->config.ranges, node))
		env.host_ip = node[0];
	return env;
}

int bundle_find_image(struct host *host, const struct kube_container *spec, struct image **ret,
	struct rf_err *err)
{
	if (dns_is_image(spec->image))
		return dns_image(host, ret, err);
	return image_find_kept(host->images, spec->image.ptr, ret, err);
}

int bundle_profile(const struct image *image, const struct kube_pod_spec *pod,
	const struct kube_container *spec, struct harden_profile *ret, struct rf_diags *diags,
	struct rf_err *err)
{
	AUTO_FREE struct image_user *found = calloc(1, sizeof(*found));
	struct harden_image_user user = {
		.text = image->config.user.len ? image->config.user.ptr : ""};
	int rc;

	if (!found)
		return rf_err_nomem(err);
	rc = image_user_resolve(image, image->config.user, found, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "USER of image " RF_STR_FMT, RF_STR_ARG(image->name));
	user.uid = found->uid;
	user.gid = found->gid;
	for (size_t i = 0; i < found->gid_count && user.group_count < RF_ARRAY_LEN(user.groups);
		i++)
		user.groups[user.group_count++] = found->gids[i];
	return harden_profile_of(pod, spec, &user, ret, diags);
}

/* The first error of diags as err: what went wrong while starting goes into the pod's reason. */
static int first_diag(const struct rf_diags *diags, struct rf_err *err)
{
	rf_vec_each (d, &diags->list) {
		if (d->severity == RF_ERROR)
			return rf_err_set(err, RF_EINPUT, "%s:%u:%u: %s",
				d->pos.file ? d->pos.file : "", d->pos.line, d->pos.col, d->msg);
	}
	return rf_err_set(err, RF_EINTERNAL, "refused without a reason");
}

static int build_env(struct container *c, struct env_list *env, struct rf_err *err)
{
	struct env_pod pod = bundle_env_pod(c->pod);
	const struct doc_strs *image_env = &c->image->config.env;
	AUTO_FREE char **list = calloc(image_env->count + 1, sizeof(*list));
	AUTO_DIAGS diags = {.error_count = 0};
	int rc;

	if (!list)
		return rf_err_nomem(err);
	for (size_t i = 0; i < image_env->count; i++)
		list[i] = (char *)(uintptr_t)image_env->items[i].ptr;
	rc = env_build(&pod, c->spec, list, image_env->count, env, &diags);
	if (rc == RF_EINPUT)
		return first_diag(&diags, err);
	if (rc == RF_OK)
		rc = identity_volume_env(c, env);
	return rc < 0 ? rf_err_nomem(err) : RF_OK;
}

static bool add_args(struct oci_spec *oci, const struct doc_strs *args, const struct env_list *env)
{
	for (size_t i = 0; i < args->count; i++) {
		char *text = env ? env_expand(args->items[i], env) : rf_str_dup(args->items[i]);

		if (!text || !rf_vec_push(&oci->args, text)) {
			free(text);
			return false;
		}
	}
	return true;
}

/* command replaces ENTRYPOINT and CMD, args replaces CMD (Kubernetes: Container.command). */
static int build_args(struct container *c, const struct env_list *env, struct rf_err *err)
{
	const struct image_config *config = &c->image->config;
	const struct kube_container *spec = c->spec;
	bool ok;

	ok = spec->command.count ? add_args(&c->oci, &spec->command, env)
				 : add_args(&c->oci, &config->entrypoint, NULL);
	if (ok && spec->args.count)
		ok = add_args(&c->oci, &spec->args, env);
	else if (ok && !spec->command.count)
		ok = add_args(&c->oci, &config->cmd, NULL);
	if (!ok)
		return rf_err_nomem(err);
	if (!c->oci.args.count)
		return rf_err_set(err, RF_EINPUT,
			"image " RF_STR_FMT " has no entry point: set command",
			RF_STR_ARG(c->image->name));
	return RF_OK;
}

static int mount_pod_file(
	struct container *c, const char *name, const char *target, struct rf_err *err)
{
	AUTO_FREE char *source = NULL;

	if (asprintf(&source, "%s/%s", c->pod->run_dir, name) < 0) {
		source = NULL;
		return rf_err_nomem(err);
	}
	if (oci_spec_add_mount(&c->oci, "bind", source, target, "rbind,rprivate,ro,nosuid,nodev") <
		0)
		return rf_err_nomem(err);
	return RF_OK;
}

static int mount_pod_files(struct container *c, struct rf_err *err)
{
	static const char *const files[][2] = {
		{"hosts", "/etc/hosts"},
		{"hostname", "/etc/hostname"},
		{"resolv.conf", "/etc/resolv.conf"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(files); i++) {
		int rc = mount_pod_file(c, files[i][0], files[i][1], err);

		if (rc < 0)
			return rc;
	}
	if (dns_is_image(c->spec->image) &&
		oci_spec_add_mount(&c->oci, "bind", c->pod->host->dns_dir, DNS_RECORDS_TARGET,
			"rbind,rprivate,ro,nosuid,nodev,noexec") < 0)
		return rf_err_nomem(err);
	return RF_OK;
}

static int mount_volume(struct container *c, const struct kube_mount *mount, struct rf_err *err)
{
	struct env_pod pod = bundle_env_pod(c->pod);
	struct volume_dirs dirs = {c->pod->memory_dir, c->pod->disk_dir};
	AUTO_FREE char *source = NULL;
	int rc = volume_source(&pod, &dirs, mount, &source, err);

	if (rc < 0)
		return rc;
	if (oci_spec_add_mount(&c->oci, "bind", source, mount->mount_path.ptr,
		    volume_mount_options(&pod, mount)) < 0)
		return rf_err_nomem(err);
	return RF_OK;
}

static int add_mounts(struct container *c, struct rf_err *err)
{
	const struct kube_mount *mounts = c->spec->volume_mounts.items;
	int rc = mount_pod_files(c, err);

	for (size_t i = 0; rc == RF_OK && i < c->spec->volume_mounts.count; i++)
		rc = mount_volume(c, &mounts[i], err);
	return rc == RF_OK ? identity_volume_mount(c, err) : rc;
}

static int add_seccomp(struct container *c, struct rf_err *err)
{
	const struct host *host = c->pod->host;
	const struct filter_source source = {host->config.seccomp_root, host->seccomp_doc};

	return filter_make(&source, &c->profile, &c->oci.seccomp_json, err);
}

static bool set_paths(struct container *c)
{
	const struct pod *pod = c->pod;
	struct oci_spec *oci = &c->oci;
	struct rf_str cwd =
		c->spec->working_dir.len ? c->spec->working_dir : c->image->config.working_dir;

	if (asprintf(&oci->root_path, "%s/merged", c->dir) < 0)
		oci->root_path = NULL;
	if (asprintf(&oci->cgroups_path, "%s/pod-%s/" RF_STR_FMT, pod->host->inst.cgroup, pod->uid,
		    RF_STR_ARG(c->spec->name)) < 0)
		oci->cgroups_path = NULL;
	oci->cwd = rf_str_dup(cwd.len ? cwd : RF_STR("/"));
	if (!c->profile.host_network && asprintf(&oci->netns_path, "%s/ns/net", pod->run_dir) < 0)
		return false;
	if (!c->profile.host_ipc && asprintf(&oci->ipcns_path, "%s/ns/ipc", pod->run_dir) < 0)
		return false;
	if (asprintf(&oci->utsns_path, "%s/ns/uts", pod->run_dir) < 0)
		return false;
	return oci->root_path && oci->cgroups_path && oci->cwd;
}

static int write_config(struct container *c, struct rf_err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_BUF config = {0};
	int rc;

	if (asprintf(&path, "%s/config.json", c->dir) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	rc = oci_config_write(&c->oci, &config);
	if (rc == RF_EUNSUPPORTED)
		return rf_err_set(err, rc,
			"this machine cannot give the capabilities that are asked for (mask %llx)",
			(unsigned long long)oci_missing_caps(&c->profile));
	if (rc < 0 || config.failed)
		return rf_err_nomem(err);
	return rf_file_replace(path, config.data, config.len, 0600, false, err);
}

int bundle_write(struct container *c, struct rf_err *err)
{
	CLEANUP(env_list_done) struct env_list env = {0};
	AUTO_DIAGS diags = {.error_count = 0};
	int rc;

	oci_spec_done(&c->oci);
	c->oci = (struct oci_spec){.profile = &c->profile,
		.tty = c->spec->tty.value,
		.stdin_open = c->spec->stdin_open.value};
	rc = bundle_profile(c->image, c->pod->kube->spec, c->spec, &c->profile, &diags, err);
	if (rc == RF_EINPUT && diags.error_count)
		return first_diag(&diags, err);
	if (rc == RF_OK && c->pod->mesh && c->profile.uid == PROXY_SIDECAR_UID)
		rc = rf_err_set(err, RF_EDENIED,
			"it would run as uid %d, which is that of pods' proxies: choose another",
			PROXY_SIDECAR_UID);
	if (rc == RF_OK)
		rc = build_env(c, &env, err);
	if (rc == RF_OK)
		rc = build_args(c, &env, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < env.count; i++) {
		if (!rf_vec_push(&c->oci.env, env.items[i]))
			return rf_err_nomem(err);
		env.items[i] = NULL;
	}
	if (!set_paths(c))
		return rf_err_nomem(err);
	rc = add_mounts(c, err);
	if (rc == RF_OK)
		rc = add_seccomp(c, err);
	return rc < 0 ? rc : write_config(c, err);
}
