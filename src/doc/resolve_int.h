/*
 * What a plain scalar means, as kubectl has it: YAML 1.1 as go-yaml v2 reads it and
 * sigs.k8s.io/yaml turns it into JSON.
 */
#ifndef RF_DOC_RESOLVE_INT_H
#define RF_DOC_RESOLVE_INT_H

#include "doc/tree.h"

struct doc_scalar {
	enum doc_type type;
	bool truth;	/* DOC_BOOL */
	bool canonical; /* DOC_INT: the text is the number in decimal, as we would write it */
	int64_t number; /* DOC_INT */
};

/*
 * Null, boolean, number or string. A number without a fraction (1.0, 1e3) is an integer, as it is
 * one in kubectl's JSON. Timestamps are strings; so are numbers that no double can hold.
 */
struct doc_scalar doc_resolve(struct rf_str text);

#endif
