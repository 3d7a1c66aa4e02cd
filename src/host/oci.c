/*
 * config.json of the OCI runtime-spec 1.0.2: standard mounts, namespaces, limits, masks. The
 * process object in it is that of oci_process.c.
 */
#include "host/oci_int.h"

#define PERIOD_USEC 100000

static const struct standard_mount {
	const char *destination, *type, *source, *options;
} standard_mounts[] = {
	{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
};

static void mount_done(struct oci_mount *m)
{
	free(m->destination);
	free(m->type);
	free(m->source);
	free(m->options);
}

void oci_spec_done(struct oci_spec *spec)
{
	free(spec->root_path);
	rf_vec_each (arg, &spec->args)
		free(*arg);
	rf_vec_done(&spec->args);
	rf_vec_each (env, &spec->env)
		free(*env);
	rf_vec_done(&spec->env);
	free(spec->cwd);
	free(spec->cgroups_path);
	free(spec->netns_path);
	free(spec->ipcns_path);
	free(spec->utsns_path);
	rf_vec_each (m, &spec->mounts)
		mount_done(m);
	rf_vec_done(&spec->mounts);
	free(spec->seccomp_json);
	*spec = (struct oci_spec){.profile = NULL};
}

int oci_spec_add_mount(struct oci_spec *spec, const char *type, const char *source,
	const char *destination, const char *options)
{
	struct oci_mount m = {
		.destination = strdup(destination),
		.type = strdup(type),
		.source = strdup(source),
		.options = strdup(options),
	};

	if (m.destination && m.type && m.source && m.options && rf_vec_push(&spec->mounts, m))
		return RF_OK;
	mount_done(&m);
	return RF_EINTERNAL;
}

/* --- mounts --- */

static void write_mount(struct json_writer *w, const struct standard_mount *m)
{
	struct rf_str rest = rf_str_of(m->options), option;

	json_object_begin(w);
	json_field_c(w, "destination", m->destination);
	json_field_c(w, "type", m->type);
	json_field_c(w, "source", m->source);
	json_key(w, "options");
	json_array_begin(w);
	while (rest.ptr) {
		rest = rf_str_cut(rest, ',', &option);
		if (option.len)
			json_str(w, option);
	}
	json_array_end(w);
	json_object_end(w);
}

static void write_mounts(struct json_writer *w, const struct oci_spec *spec)
{
	json_key(w, "mounts");
	json_array_begin(w);
	for (size_t i = 0; i < RF_ARRAY_LEN(standard_mounts); i++) {
		struct standard_mount m = standard_mounts[i];

		if (spec->dev_shm_shared && strcmp(m.destination, "/dev/shm") == 0)
			continue;
		if (spec->profile->privileged && strcmp(m.destination, "/sys") == 0)
			m.options = "nosuid,noexec,nodev";
		write_mount(w, &m);
	}
	rf_vec_each (own, &spec->mounts) {
		struct standard_mount m = {.destination = own->destination,
			.type = own->type,
			.source = own->source,
			.options = own->options};

		write_mount(w, &m);
	}
	json_array_end(w);
}

/* --- linux --- */

static void write_namespace(struct json_writer *w, const char *type, const char *path)
{
	json_object_begin(w);
	json_field_c(w, "type", type);
	if (path)
		json_field_c(w, "path", path);
	json_object_end(w);
}

static void write_namespaces(struct json_writer *w, const struct oci_spec *spec)
{
	json_key(w, "namespaces");
	json_array_begin(w);
	write_namespace(w, "mount", NULL);
	if (!spec->profile->host_pid)
		write_namespace(w, "pid", NULL);
	if (spec->netns_path)
		write_namespace(w, "network", spec->netns_path);
	if (spec->ipcns_path)
		write_namespace(w, "ipc", spec->ipcns_path);
	if (spec->utsns_path)
		write_namespace(w, "uts", spec->utsns_path);
	json_array_end(w);
}

static void write_cpu(struct json_writer *w, const struct harden_profile *p)
{
	json_key(w, "cpu");
	json_object_begin(w);
	if (p->cpu_shares)
		oci_write_limit(w, "shares", p->cpu_shares);
	if (p->cpu_quota_usec) {
		json_field_int(w, "quota", p->cpu_quota_usec);
		json_field_int(w, "period", PERIOD_USEC);
	}
	json_object_end(w);
}

/* The runtime itself allows the harmless devices (null, zero, full, random, urandom, tty, pts). */
static void write_resources(struct json_writer *w, const struct harden_profile *p)
{
	json_key(w, "resources");
	json_object_begin(w);
	json_key(w, "devices");
	json_array_begin(w);
	json_object_begin(w);
	json_field_bool(w, "allow", p->privileged);
	json_field_c(w, "access", "rwm");
	json_object_end(w);
	json_array_end(w);
	if (p->memory_bytes) {
		/* swap counts memory and swap together: none beyond the memory */
		json_key(w, "memory");
		json_object_begin(w);
		oci_write_limit(w, "limit", p->memory_bytes);
		oci_write_limit(w, "swap", p->memory_bytes);
		json_object_end(w);
	}
	if (p->cpu_shares || p->cpu_quota_usec)
		write_cpu(w, p);
	if (p->pids) {
		json_key(w, "pids");
		json_object_begin(w);
		oci_write_limit(w, "limit", p->pids);
		json_object_end(w);
	}
	json_object_end(w);
}

static void write_linux(struct json_writer *w, const struct oci_spec *spec)
{
	json_key(w, "linux");
	json_object_begin(w);
	if (spec->cgroups_path)
		json_field_c(w, "cgroupsPath", spec->cgroups_path);
	json_field_c(w, "rootfsPropagation", "private");
	write_resources(w, spec->profile);
	write_namespaces(w, spec);
	if (spec->profile->mask_paths) {
		oci_write_list(w, "maskedPaths", harden_masked_paths);
		oci_write_list(w, "readonlyPaths", harden_readonly_paths);
	}
	if (spec->seccomp_json) {
		json_key(w, "seccomp");
		oci_write_verbatim(w, rf_str_of(spec->seccomp_json));
	}
	json_object_end(w);
}

int oci_config_write(const struct oci_spec *spec, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	if (oci_missing_caps(spec->profile))
		return RF_EUNSUPPORTED;
	json_object_begin(&w);
	json_field_c(&w, "ociVersion", "1.0.2");
	json_key(&w, "process");
	oci_write_process(&w, spec, NULL, spec->tty);
	json_key(&w, "root");
	json_object_begin(&w);
	json_field_c(&w, "path", spec->root_path);
	json_field_bool(&w, "readonly", spec->profile->read_only_root);
	json_object_end(&w);
	write_mounts(&w, spec);
	write_linux(&w, spec);
	json_object_end(&w);
	return out->failed ? RF_EINTERNAL : RF_OK;
}
