/* What the files of policy/ share: the compiled form. */
#ifndef RF_POLICY_INT_H
#define RF_POLICY_INT_H

#include "kube/selector.h"
#include "policy/compile.h"

#define NS_NONE	   UINT32_MAX /* the outside and nodes */
#define NS_SEL_OWN UINT32_MAX /* peer without namespaceSelector: the policy's namespace */
#define SEL_ALL	   UINT32_MAX /* peer without podSelector: every pod of the namespaces */
#define BLOCK_NONE UINT32_MAX

/* One item of from/to. */
struct policy_peer {
	const struct kube_np_peer *src;
	uint32_t pod_sel;
	uint32_t ns_sel;
	uint32_t block; /* BLOCK_NONE: a pod peer */
};

struct policy_named_port {
	struct rf_str name;
	struct rf_str protocol_text;
	enum policy_proto proto;
};

struct policy_rule {
	const struct kube_np_rule *src;
	struct policy_peer *peers;
	uint32_t peer_count;  /* 0: everybody */
	uint32_t fixed_ports; /* set of the numeric ports; POLICY_PORTS_ALL without ports */
	uint32_t *named;      /* indexes of named ports, resolved on the destination */
	uint32_t named_count;
};

/* A NetworkPolicy. */
struct policy_np {
	const struct kube_object *object;
	uint32_t ns;
	uint32_t pod_sel;
	bool isolates[POLICY_DIR_COUNT];
	struct policy_rule *rules[POLICY_DIR_COUNT];
	uint32_t rule_count[POLICY_DIR_COUNT];
};

struct policy_ns {
	struct rf_str name;
	struct doc_pairs labels;
	uint64_t *sel_bits;	   /* bit s: namespace selector s matches */
	RF_VEC(uint32_t) policies; /* indexes, in the order of the files */
};

struct policy_class {
	uint32_t ns; /* NS_NONE: the outside, or a node */
	uint32_t membership;
	const struct doc_pairs *labels;		     /* of a pod of the class */
	uint64_t *sel_bits;			     /* bit s: pod selector s matches */
	uint16_t *named_ports;			     /* number of each named port, 0: none */
	RF_VEC(uint32_t) policies[POLICY_DIR_COUNT]; /* those that isolate it */
};

/* One value of one label key that a selector asks for. */
struct policy_label_key {
	struct rf_str key;
	struct rf_map values; /* mentioned by a selector -> number */
};

RF_VEC_TYPE(policy_selectors, const struct kube_selector *);

struct policy {
	struct rf_arena *arena;
	const struct kube_set *set;
	const struct kube_pods *pods;
	struct policy_port_table ports;
	struct policy_blocks blocks;
	RF_VEC(struct policy_np) nps;
	RF_VEC(struct policy_ns) namespaces;
	struct rf_map ns_by_name;
	struct policy_selectors pod_sels;
	struct policy_selectors ns_sels;
	struct rf_map pod_sel_by_text, ns_sel_by_text;
	RF_VEC(struct policy_label_key) label_keys;
	struct rf_map label_key_by_name;
	RF_VEC(struct policy_named_port) named_ports;
	RF_VEC(struct policy_class) classes;
	struct rf_map class_by_key;
	uint32_t *external_class;    /* by membership */
	struct policy_end *pod_ends; /* by pod: without an address, then one for each address */
	uint32_t *pod_end_first;     /* by pod: index of its first end */
	struct rf_map pod_by_ip;     /* the bytes of rf_ip -> index into pod_ends */
	/* rows[dir][subject class][other class]: number of the port set + 1; 0: not yet asked */
	uint32_t **rows[POLICY_DIR_COUNT];
};

/* compile.c's second half, in classes.c: classes of all pods and of the outside. */
int policy_build_classes(struct policy *policy) RF_MUST_USE;

/* True when the rule's peers include the class; *ret_by_block: only ipBlocks of it do. */
bool policy_rule_finds(const struct policy *policy, const struct policy_np *np,
	const struct policy_rule *rule, uint32_t class, bool *ret_by_block);
/*
 * The rule's ports on a destination class; named ports only where names (an address block that
 * traffic goes to has no port names). POLICY_PORTS_BAD when memory ran out.
 */
uint32_t policy_rule_ports(struct policy *policy, const struct policy_rule *rule,
	const struct policy_class *destination, bool names);

/* Nodes that manifests do not name are taken to be one machine with every other. */
bool policy_same_node(struct rf_str a, struct rf_str b);

static inline bool policy_bit(const uint64_t *bits, uint32_t bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

#endif
