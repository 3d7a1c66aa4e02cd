/*
 * What the files of this folder share: rows for the decoding tables, the schemas, and the checks
 * that tables cannot express. Checks report through doc_decode_error and tolerate whatever a
 * decoder that already complained has left unset; they never report the same thing twice.
 */
#ifndef RF_KUBE_KUBE_INT_H
#define RF_KUBE_KUBE_INT_H

#include "kube/load.h"

struct name_set;
struct spec_view;

/* --- rows; ROW_OF is the struct of the table being written --- */

#define ROW(field_name, field_kind, member, ...)                                            \
	{                                                                                   \
		.name = field_name, .kind = field_kind, .offset = offsetof(ROW_OF, member), \
		##__VA_ARGS__                                                               \
	}
#define ROW_STR(name, member, ...)     ROW(name, DOC_FIELD_STR, member, ##__VA_ARGS__)
#define ROW_BOOL(name, member)	       ROW(name, DOC_FIELD_BOOL, member)
#define ROW_INT(name, member, ...)     ROW(name, DOC_FIELD_INT, member, ##__VA_ARGS__)
#define ROW_INT_STR(name, member, ...) ROW(name, DOC_FIELD_INT_STR, member, ##__VA_ARGS__)
#define ROW_STRS(name, member, ...)    ROW(name, DOC_FIELD_STRS, member, ##__VA_ARGS__)
#define ROW_PAIRS(name, member)	       ROW(name, DOC_FIELD_PAIRS, member)
#define ROW_NODE(name, member)	       ROW(name, DOC_FIELD_NODE, member)
#define ROW_OBJ(name, member, schema, ...) \
	ROW(name, DOC_FIELD_OBJ, member, .sub = &(schema), ##__VA_ARGS__)
#define ROW_PTR(name, member, schema, ...) \
	ROW(name, DOC_FIELD_PTR, member, .sub = &(schema), ##__VA_ARGS__)
#define ROW_LIST(name, member, schema, ...) \
	ROW(name, DOC_FIELD_LIST, member, .sub = &(schema), ##__VA_ARGS__)
#define ROW_CUSTOM(name, member, function, ...) \
	ROW(name, DOC_FIELD_CUSTOM, member, .custom = (function), ##__VA_ARGS__)

#define REQUIRED .required = true
#define ONE_OF(...)                     \
	.one_of = (const char *const[]) \
	{                               \
		__VA_ARGS__, NULL       \
	}
#define BETWEEN(a, b) .min = (a), .max = (b)
#define NOT_NEGATIVE  BETWEEN(0, INT32_MAX)
#define ANY_INT64     BETWEEN(INT64_MIN, INT64_MAX)
#define ID_MAX	      INT32_MAX /* of users and groups */
#define PORT_MAX      65535

/*
 * What is checked but kept only as a node. No value of it is read, so all fields of all those
 * schemas decode into one and the same place.
 */
struct kube_checked {
	const struct doc_node *node;
	union {
		struct rf_str str;
		struct doc_bool boolean;
		struct doc_int integer;
		struct doc_int_or_str int_or_str;
		struct doc_list list;
		struct doc_strs strs;
		struct doc_pairs pairs;
		struct kube_selector selector;
		struct kube_resource_list resources;
		struct kube_quantity quantity;
		void *ptr;
		const struct doc_node *node;
	} any;
};

/* A PersistentVolumeClaim: of a StatefulSet's volumeClaimTemplates or an ephemeral volume. */
struct kube_claim {
	const struct doc_node *node;
	struct rf_str api_version, kind;
	struct kube_meta meta;
	struct kube_checked *spec;
	const struct doc_node *status;
};

/* Rows of such a schema, with ROW_OF struct kube_checked. */
#define SEEN_STR(name, ...)	  ROW_STR(name, any, ##__VA_ARGS__)
#define SEEN_BOOL(name)		  ROW_BOOL(name, any)
#define SEEN_INT(name, ...)	  ROW_INT(name, any, ##__VA_ARGS__)
#define SEEN_INT_STR(name, ...)	  ROW_INT_STR(name, any, ##__VA_ARGS__)
#define SEEN_STRS(name, ...)	  ROW_STRS(name, any, ##__VA_ARGS__)
#define SEEN_PAIRS(name)	  ROW_PAIRS(name, any)
#define SEEN_NODE(name)		  ROW_NODE(name, any)
#define SEEN_OBJ(name, sub, ...)  ROW_PTR(name, any, sub, ##__VA_ARGS__)
#define SEEN_LIST(name, sub, ...) ROW_LIST(name, any, sub, ##__VA_ARGS__)
#define SEEN_CUSTOM(name, f, ...) ROW_CUSTOM(name, any, f, ##__VA_ARGS__)

/* --- decoding of shared types (doc_custom) --- */

/* struct kube_selector * (NULL when absent) and struct kube_selector in place; both checked. */
int kube_decode_selector(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_decode_selector_in_place(
	struct doc_decoder *dec, const struct doc_node *node, void *field);
/* struct kube_selector *, of Istio's WorkloadSelector: matchLabels and nothing else. */
int kube_decode_workload_selector(
	struct doc_decoder *dec, const struct doc_node *node, void *field);
/* struct kube_resource_list and struct kube_quantity. */
int kube_decode_resource_list(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_decode_quantity(struct doc_decoder *dec, const struct doc_node *node, void *field);

/* struct kube_meta. */
int kube_decode_meta(struct doc_decoder *dec, const struct doc_node *node, void *field);

/* struct kube_pod_status. */
int kube_decode_pod_status(struct doc_decoder *dec, const struct doc_node *node, void *field);

/* A list of int64 in [min, max] into arena memory. */
int kube_decode_ints(struct doc_decoder *dec, const struct doc_node *node, int64_t min, int64_t max,
	int64_t **ret, size_t *ret_count);
/* A list of objects of schema. */
int kube_decode_list(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, struct doc_list *ret);
/* Decodes by schema only to check, and keeps the node. */
int kube_keep_object(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *field);
int kube_keep_list(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *field);

/* Memory that was zeroed, or NULL with dec->nomem set. */
void *kube_alloc(struct doc_decoder *dec, size_t count, size_t size);

/* --- schemas --- */

extern const struct doc_schema kube_object_ref_schema; /* ObjectReference, checked only */
extern const struct doc_schema kube_local_ref_schema;  /* LocalObjectReference, checked only */
extern const struct doc_schema kube_resources_schema;
extern const struct doc_schema kube_pod_security_schema;
extern const struct doc_schema kube_security_schema;
extern const struct doc_schema kube_env_schema;
extern const struct doc_schema kube_env_from_schema;
extern const struct doc_schema kube_field_ref_schema;
extern const struct doc_schema kube_resource_ref_schema;
extern const struct doc_schema kube_name_ref_schema;
extern const struct doc_schema kube_probe_schema;
extern const struct doc_schema kube_lifecycle_schema;
extern const struct doc_schema kube_container_schema;
extern const struct doc_schema kube_ephemeral_container_schema;
extern const struct doc_schema kube_volume_schema;
extern const struct doc_schema kube_pod_spec_schema;
extern const struct doc_schema kube_claim_schema; /* struct kube_claim */

/* Scheduling: each field keeps its node (const struct doc_node *). */
int kube_keep_affinity(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_tolerations(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_spread(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_readiness_gates(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_scheduling_gates(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_resource_claims(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_os(struct doc_decoder *dec, const struct doc_node *node, void *field);
int kube_keep_workload_ref(struct doc_decoder *dec, const struct doc_node *node, void *field);

/* --- checks --- */

/* Keys and values of a map of labels; NULL is an empty one. */
void kube_check_labels(struct doc_decoder *dec, const struct doc_node *labels);
/* Labels, annotations and owners of an object or a template. */
void kube_check_meta(struct doc_decoder *dec, const struct kube_meta *meta);
/* number in 1..65535 or the name of a port; field of node. */
void kube_check_port(struct doc_decoder *dec, const struct doc_node *node, const char *field,
	const struct doc_int_or_str *port);
/* The single key of "exactly one of": how many of the keys node has with a value. */
size_t kube_count_set(const struct doc_node *node, const char *const *keys);
/* Reports unless exactly one of the NULL-terminated keys is set. */
void kube_check_exactly_one(
	struct doc_decoder *dec, const struct doc_node *node, const char *const *keys);
/* An empty string stands for "not set" where the API has no pointer. */
void kube_empty_is_unset(struct rf_str *s);

/*
 * Fills in restartPolicy and protocols, and checks what the table cannot. claims are names that
 * volumeMounts may use beside the volumes (a StatefulSet's volumeClaimTemplates); may be NULL.
 */
void kube_finish_pod_spec(
	struct doc_decoder *dec, struct kube_pod_spec *spec, const struct doc_strs *claims);
void kube_finish_pod_status(struct doc_decoder *dec, struct kube_pod_status *status);
void kube_check_probe(struct doc_decoder *dec, const struct kube_probe *probe, bool readiness);
void kube_check_lifecycle(struct doc_decoder *dec, const struct kube_lifecycle *lifecycle);
void kube_check_env(struct doc_decoder *dec, const struct kube_container *c);
void kube_check_resources(struct doc_decoder *dec, const struct kube_resources *r);
void kube_check_pod_security(struct doc_decoder *dec, const struct kube_pod_security *s);
void kube_check_security(struct doc_decoder *dec, const struct kube_security *s);
/* Adds the names of the pod's volumes to names. */
void kube_check_volumes(
	struct doc_decoder *dec, const struct kube_pod_spec *spec, struct name_set *names);

enum kube_container_role {
	KUBE_INIT_CONTAINER,
	KUBE_CONTAINER,
	KUBE_EPHEMERAL_CONTAINER,
};
void kube_finish_container(struct doc_decoder *dec, struct kube_container *c,
	enum kube_container_role role, const struct kube_pod_spec *spec,
	const struct name_set *volumes);
struct kube_quantity kube_resource_find(const struct kube_resource_list *list, struct rf_str name);
/* Fills in TCP; protocols are refused by the table. */
void kube_default_protocol(struct rf_str *protocol);

/* --- kinds --- */

/* Everything a kind's top level can hold; each kind's table uses what is its own. */
struct kube_root {
	const struct doc_node *node;
	struct rf_str api_version, kind;
	struct kube_meta meta;
	struct spec_view *spec; /* Deployment to CronJob: workload_int.h */
	struct kube_pod_spec *pod;
	struct kube_pod_status pod_status;
	struct kube_service *service;
	struct kube_network_policy *network_policy;
	struct kube_authorization_policy *authorization_policy;
	struct kube_peer_authentication *peer_authentication;
	struct kube_service_account account;
	const struct doc_node *data, *binary_data, *string_data, *status;
	struct rf_str type;
	struct doc_bool immutable;
	struct kube_checked *unread;
};

/* The rows that every top level begins with; ROW_OF struct kube_root. */
#define ROOT_ROWS                                                  \
	ROW_STR("apiVersion", api_version), ROW_STR("kind", kind), \
		ROW_CUSTOM("metadata", meta, kube_decode_meta, REQUIRED)

enum kube_name_rule {
	KUBE_NAME_SUBDOMAIN,
	KUBE_NAME_LABEL,
	KUBE_NAME_DNS1035,
	KUBE_NAME_CRON_JOB, /* subdomain of at most 52 characters */
};

struct kube_kind_row {
	const char *name;
	const char *plural;
	const char *short_name; /* or NULL */
	const char *api_version;
	const char *also_version; /* means the same; or NULL */
	bool namespaced;
	bool workload;
	enum kube_name_rule name_rule;
	const struct doc_schema *schema; /* of struct kube_root */
	/* Checks the rest and moves the body from root to object. */
	void (*finish)(struct doc_decoder *dec, struct kube_root *root, struct kube_object *object);
};

const struct kube_kind_row *kube_kind_row(enum kube_kind kind);

extern const struct doc_schema kube_namespace_root, kube_pod_root, kube_deployment_root,
	kube_replica_set_root, kube_stateful_set_root, kube_daemon_set_root, kube_job_root,
	kube_cron_job_root, kube_service_root, kube_service_account_root, kube_config_map_root,
	kube_secret_root, kube_network_policy_root, kube_authorization_policy_root,
	kube_peer_authentication_root;

void kube_finish_namespace(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_pod(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_workload(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_service(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_service_account(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_config_map(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_secret(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_network_policy(struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_authorization_policy(
	struct doc_decoder *, struct kube_root *, struct kube_object *);
void kube_finish_peer_authentication(
	struct doc_decoder *, struct kube_root *, struct kube_object *);

#endif
