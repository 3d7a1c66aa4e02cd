/* What `mesh explain` and `net query --all-rings` share: the mesh's answer, found and told. */
#ifndef RF_CMD_MESH_H
#define RF_CMD_MESH_H

#include "cmd/net.h"
#include "mesh/authz/reach.h"

int mesh_explain(int argc, char **argv);

extern const struct opt_usage mesh_explain_usage;

#define MESH_DOMAIN "cluster.local"
/* The row that both have, at the given offset of a const char *. */
#define MESH_DOMAIN_ROW(offset)                                                             \
	{                                                                                   \
		"trust-domain", 0, OPT_TEXT, offset, "DOMAIN",                              \
			"The trust domain of the pods' identities (" MESH_DOMAIN "): what " \
			"\"" MESH_DOMAIN "/\" in a principal stands for, too.",             \
			NULL                                                                \
	}

/* The same pair of addresses for both rings. */
struct mesh_answer {
	struct policy_ends ends;
	struct policy_verdict network;
	bool tcp; /* false: the mesh was not asked, and reach says nothing */
	struct mesh_reach reach;
	bool allowed; /* by the mesh; with both rings: by both */
};

struct mesh_query {
	const char *from_text, *to_text;
	struct policy_question question; /* its port a number */
	const char *trust_domain;	 /* NULL: MESH_DOMAIN */
	bool both_rings;
};

/*
 * Asks over every family that both ends have, as policy_ref_judge does: allowed when one is (the
 * answer is that one's). 0, or 2 after saying what is wrong.
 */
int mesh_answer_find(struct net_model *model, const struct mesh_query *query,
	struct mesh_answer *ret) RF_MUST_USE;

/* How people call the ends of an answer. */
struct mesh_words {
	const char *from, *to;
	bool colour;
};

/* The handshake and the policies, a paragraph each, indented. */
void mesh_reach_text(
	const struct mesh_reach *reach, const struct mesh_words *words, struct rf_buf *out);
/* One JSON object. */
void mesh_reach_json(const struct mesh_reach *reach, struct json_writer *w);

#endif
