/* What the files of host/ share: the running machine, its pods and their containers. */
#ifndef RF_HOST_INT_H
#define RF_HOST_INT_H

#include <sys/types.h>

#include "base/diag.h"
#include "dataplane/denial.h"
#include "dataplane/fence.h"
#include "host/instance.h"
#include "host/judge.h"
#include "host/oci.h"
#include "host/plan.h"
#include "host/runtime.h"
#include "host/volume.h"
#include "image/rootfs.h"
#include "loop/child.h"

struct host;
struct pod;
struct prober;
struct control;
struct notes;
struct rejudge;
struct host_mesh;
struct pod_mesh;
struct pod_identity;

#define UID_TEXT_SIZE 37 /* a UUID and its NUL */

enum container_state {
	CONTAINER_WAITING, /* not started yet, or waiting before it is started again */
	CONTAINER_CREATING,
	CONTAINER_RUNNING,
	CONTAINER_EXITED,
};

enum probe_kind {
	PROBE_STARTUP,
	PROBE_READINESS,
	PROBE_LIVENESS,
	PROBE_KIND_COUNT,
};

struct container_events;

struct container {
	struct pod *pod;
	const struct container_events *events;
	const struct kube_container *spec;
	bool init;
	enum container_state state;
	char *id;  /* for the runtime: UID-NAME */
	char *dir; /* RUN/pods/UID/c/NAME: bundle */
	char *log; /* STATE/logs/... */
	struct image *image;
	struct harden_profile profile;
	struct oci_spec oci;
	struct child *conmon, *starter, *cleaner;
	int sync_fd; /* conmon's answer to "create" */
	struct loop_watch *sync_watch;
	struct rf_buf sync_text;
	pid_t pid;
	int pidfd; /* of the container's first process; -1: none */
	unsigned starts;
	int exit_code; /* of the last run; -1: unknown */
	bool oom_killed;
	uint64_t started_ms, exited_ms;
	unsigned backoff_s;
	struct loop_timer *restart_timer, *kill_timer, *signal_timer;
	bool stopping, restart_after_stop;
	char reason[160]; /* why it waits or failed, for ps and status */
	struct prober *probers[PROBE_KIND_COUNT];
	bool startup_done, ready;
};

enum pod_phase {
	POD_PENDING,
	POD_STARTING, /* init containers */
	POD_RUNNING,
	POD_SUCCEEDED,
	POD_FAILED,
	POD_STOPPING,
	POD_GONE,
};

struct pod_events;

struct pod {
	struct host *host;
	const struct pod_events *events;
	const struct kube_pod *kube; /* of the current plan, or of an older one while stopping */
	char *key;		     /* "namespace/name" */
	uint64_t spec_hash;
	char uid[UID_TEXT_SIZE];
	char link[16];
	char *run_dir, *state_dir; /* RUN/pods/UID, STATE/pods/UID */
	char *memory_dir, *disk_dir;
	enum pod_phase phase;
	bool networked; /* its namespaces and link exist */
	bool ready;
	struct container *containers; /* init containers first */
	size_t container_count, init_count;
	struct loop_timer *sweep_timer;
	struct pod_mesh *mesh;	       /* NULL: not in the mesh */
	struct pod_identity *identity; /* NULL: no certificates in files */
};

struct host_config {
	struct gate_config gate;
	struct plan_ranges ranges;
	const char *runtime;	    /* NULL: whichever is there */
	const char *seccomp_file;   /* the runtime's default profile */
	const char *seccomp_root;   /* where Localhost profiles lie */
	bool dns;		    /* run the built-in DNS pod when the manifests have none */
	bool mesh;		    /* every pod is in the mesh */
	uint16_t mesh_metrics_port; /* of every pod in the mesh; 0: a UNIX socket only */
	int64_t cert_ttl_s;	    /* of pods' certificates; 0: the authority's usual */
};

/* A name that images may start by, and the image that it means. */
struct admitted {
	char *name, *digest;
};

struct host {
	struct host_config config;
	struct instance inst;
	struct runtime runtime;
	uint64_t machine_caps; /* the bounding set that the supervisor began with */
	struct loop *loop;
	struct image_store *images;
	struct fence *fence;
	struct denial_log *denials;
	struct control *control;
	struct plan_addresses addresses;
	RF_VEC(struct kube_set *) sets; /* every set applied; objects of old ones may be in use */
	RF_VEC(struct plan *) plans;	/* the last is current; older ones serve stopping pods */
	struct plan *plan;
	struct policy *policy;
	RF_VEC(struct pod *) pods;
	struct loop_timer *sync_timer; /* endpoints, DNS and fence are out of date */
	bool policy_dirty;	       /* classes must be worked out anew */
	bool starts_wait;	       /* planned pods that the kernel has no policy for yet */
	bool stopping;
	int lock_fd;
	int sink_fd; /* keeps INSTANCE_SINK */
	char *node_name;
	struct rf_buf seccomp_text; /* the default profile's file */
	struct rf_arena *seccomp_arena;
	const struct doc_node *seccomp_doc;
	unsigned trash_count;
	char *dns_dir;	  /* RUN/dns: records that the DNS pod reads */
	char *dns_rootfs; /* STATE/dns-rootfs */
	struct loop_watch *denial_watch, *fence_watch;
	struct host_mesh *mesh;	 /* NULL: no pod is in it */
	struct rejudge *rejudge; /* NULL: the gate is off */
	RF_VEC(struct admitted) admitted;
};

#endif
