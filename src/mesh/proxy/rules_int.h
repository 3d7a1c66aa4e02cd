/* What the files of the rules share. */
#ifndef RF_MESH_PROXY_RULES_INT_H
#define RF_MESH_PROXY_RULES_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "mesh/proxy/rules.h"

struct proxy_rules {
	unsigned refs; /* atomic */
	RF_VEC(char *) ids;
	struct rf_map exact;	      /* ID -> itself */
	RF_VEC(struct rf_str) begins; /* without their "*" */
	struct rf_arena *arena;	      /* of the policies' trees and labels; NULL: no policies */
	struct kube_set set;
	bool has_set;
	struct authz *authz;
};

#endif
