/* What the verbs below `net` share: the model that the manifests make, and words for ports. */
#ifndef RF_CMD_NET_H
#define RF_CMD_NET_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "doc/json.h"
#include "policy/ref.h"

int net_query(int argc, char **argv);
int net_matrix(int argc, char **argv);
int net_explain(int argc, char **argv);

extern const struct opt_usage net_query_usage, net_matrix_usage, net_explain_usage;

/* The row that each of them has, at the given offset of a struct opt_texts. */
#define NET_FILE_ROW(offset)                                                                \
	{                                                                                   \
		"file", 'f', OPT_TEXTS, offset, "PATH",                                     \
			"Manifests: a file, a directory (read with all below it) or - for " \
			"standard input; "                                                  \
			"may be given several times.",                                      \
			NULL                                                                \
	}

struct net_model {
	struct kube_set set;
	struct kube_pods pods;
	struct policy *policy;
	struct policy_refs refs;
};
#define AUTO_NET_MODEL CLEANUP(net_model_done) struct net_model

/* Zeroed memory is accepted. */
void net_model_done(struct net_model *model);
/*
 * Loads and compiles. Returns 0, or 2 after printing every error found. Notes about what was left
 * out are printed in either case. Workloads without replicas get one pod, so that they are seen.
 */
int net_model_load(const struct opt_usage *usage, const struct opt_texts *paths,
	struct net_model *ret) RF_MUST_USE;

/* Finds an end of a connection by name. 0, or 2 after saying what is wrong and what is near. */
int net_ref(const struct net_model *model, const char *text, struct policy_ref *ret) RF_MUST_USE;

/* What --port ("8080", "8080/UDP", "http") and --protocol say; NULL: not given. 0 or 2. */
int net_ask_parse(const struct opt_usage *usage, const char *port, const char *protocol,
	struct policy_ask *ret) RF_MUST_USE;
/* Gives a named port the number that it has on the destination (the name stays). 0 or 2. */
int net_ask_resolve(const struct net_model *model, const char *to_text, const struct policy_ref *to,
	struct policy_ask *ask) RF_MUST_USE;

/* Answers the probes of path ("-": standard input) on standard output (net_batch.c). */
int net_batch(struct net_model *model, const char *path) RF_MUST_USE;

/* "every port", "no port", "TCP 80, 443; UDP 53". */
void net_ports_words(const struct policy_ports *ports, struct rf_buf *out);
/* The same of one protocol: "80, 443". */
void net_proto_words(const struct policy_ports *ports, enum policy_proto proto, struct rf_buf *out);
/* [{"protocol":"TCP","from":80,"to":80},{"protocol":"ICMP"}] */
void net_ports_json(const struct policy_ports *ports, struct json_writer *w);

/* "namespace/name" */
void net_object_json(const struct kube_object *object, const char *key, struct json_writer *w);
/* "file", "line" and "column". */
void net_pos_json(struct rf_pos pos, struct json_writer *w);
/* " (file:line)", or nothing when there is no file; faint in colour. */
void net_pos_text(struct rf_pos pos, bool colour, struct rf_buf *out);

#endif
