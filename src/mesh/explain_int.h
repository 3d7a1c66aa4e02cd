/* What the judges of certificates share. */
#ifndef RF_MESH_EXPLAIN_INT_H
#define RF_MESH_EXPLAIN_INT_H

#include "mesh/explain.h"

struct explain {
	const struct cert_list *list;
	const struct explain_opts *opts;
	struct explain_report *report;
	size_t at; /* the certificate that is being judged */
};

void explain_add(struct explain *e, enum rf_severity severity, const char *rule, const char *fmt,
	...) RF_PRINTF(4, 5);

/* Each for certificate e->at. */
void explain_common(struct explain *e);
void explain_authority(struct explain *e);
void explain_leaf(struct explain *e);
/* For the list as a whole, whose first certificate is no authority. */
void explain_chain(struct explain *e);
/* The first certificate, or every one of a bundle, against opts->roots. */
void explain_trust(struct explain *e);

#endif
