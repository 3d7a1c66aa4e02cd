/*
 * The OCI runtime configuration (config.json, runtime-spec 1.0.2) of a container, and the process
 * object for exec, from one description.
 */
#ifndef RF_HOST_OCI_H
#define RF_HOST_OCI_H

#include "doc/json.h"
#include "harden/profile.h"
#include "harden/seccomp.h"

struct oci_mount {
	char *destination; /* all of these are heap strings owned by the spec */
	char *type;	   /* "bind", "tmpfs", ... */
	char *source;
	char *options; /* comma separated: "rbind,ro,nosuid" */
};

struct oci_spec {
	const struct harden_profile *profile; /* borrowed */
	char *root_path;		      /* merged root file system */
	RF_VEC(char *) args, env;	      /* env: "NAME=value" */
	char *cwd;
	char *cgroups_path;			    /* "/ringfence/INSTANCE/POD/CONTAINER" */
	char *netns_path, *ipcns_path, *utsns_path; /* NULL: the host's */
	RF_VEC(struct oci_mount) mounts; /* after the standard ones (/proc, /dev, /sys, ...) */
	bool tty, stdin_open;
	char *seccomp_json;  /* the linux.seccomp object, NULL: unconfined */
	bool dev_shm_shared; /* mounts has its own /dev/shm */
};

void oci_spec_done(struct oci_spec *spec);
int oci_spec_add_mount(struct oci_spec *spec, const char *type, const char *source,
	const char *destination, const char *options) RF_MUST_USE;

/*
 * Capabilities that the manifest names and that this machine cannot give: they are not in this
 * process's bounding set, so the runtime will not have them either. 0 when there is nothing to
 * complain about; else the container must be refused. Capabilities that nobody named (the defaults,
 * ALL, privileged) are left out of what is written when the machine has not got them.
 */
uint64_t oci_missing_caps(const struct harden_profile *profile);

/* config.json. RF_EUNSUPPORTED when oci_missing_caps() is not 0 (the process writer too). */
int oci_config_write(const struct oci_spec *spec, struct rf_buf *out) RF_MUST_USE;
/*
 * process.json for `exec --process`: the container's whole process object with other arguments,
 * so that exec never has more than the container.
 */
int oci_process_write(const struct oci_spec *spec, const char *const *args, bool tty,
	struct rf_buf *out) RF_MUST_USE;
/* A terminal for the process; 0 by 0: of no size yet. */
struct oci_console {
	unsigned columns, rows;
};
/*
 * The same from a stored config.json: takes its process object and replaces args and terminal.
 * console may be NULL: none.
 */
int oci_process_from_config(struct rf_str config_json, const char *const *args,
	const struct oci_console *console, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

#endif
