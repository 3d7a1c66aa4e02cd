/* What `image pack` finds out about an image that it has made, and attaches to it. */
#ifndef RF_CMD_PACK_ATTACH_H
#define RF_CMD_PACK_ATTACH_H

#include "image/pack/pack.h"
#include "image/vuln/db.h"

struct pack_attach {
	const char *name;   /* what documents call the image */
	struct vuln_db *db; /* NULL: no statements about vulnerabilities, and nothing is judged */
	int64_t epoch_s;    /* the documents' time */
};

/*
 * Scans the image as any other, in the archive that fd is, warns when the gate of `up` would refuse
 * it, and attaches an SBOM (CycloneDX) and, when there is something to state, VEX (OpenVEX).
 */
int pack_attach(struct pack_image *image, int fd, const struct pack_attach *opts,
	struct rf_err *err) RF_MUST_USE;

#endif
