/*
 * The stages of a Dockerfile: which one builds on which, and what is in force at the end of each:
 * user, working directory, shell. Names of base images are expanded by the ARGs before the first
 * FROM, as BuildKit does.
 */
#ifndef RF_IMAGE_DOCKERFILE_STAGES_H
#define RF_IMAGE_DOCKERFILE_STAGES_H

#include "image/dockerfile/parse.h"

#define DOCKERFILE_MAX_STAGES 4096
#define DOCKERFILE_NO_STAGE   SIZE_MAX

struct dockerfile_stage {
	const struct dockerfile_instr *from;
	struct rf_str name; /* as written; ptr NULL without one */
	struct rf_str base; /* expanded; of the outermost stage that it builds on */
	bool base_known;    /* every variable in it has a value */
	bool scratch;	    /* built on nothing at all */
	size_t parent;	    /* the stage it builds on, or DOCKERFILE_NO_STAGE */
	size_t first, end;  /* instructions, behind FROM up to the next one */
	bool used;	    /* the final stage needs it, or is it */

	/* At the end of the stage, inherited ones included; NULL when the base image decides. */
	const struct dockerfile_instr *user, *workdir, *shell;
	const struct dockerfile_instr *user_of_stage; /* its own last USER */
};

struct dockerfile_stages {
	const struct dockerfile_stage *items;
	size_t count;
};

/* Lives in arena and refers to file. RF_ELIMIT over DOCKERFILE_MAX_STAGES. */
int dockerfile_stages_find(const struct dockerfile *file, struct rf_arena *arena,
	struct dockerfile_stages *ret, struct rf_err *err) RF_MUST_USE;

/* The stage that COPY --from and FROM mean by a name or number, before stage `before`. */
size_t dockerfile_stage_named(
	const struct dockerfile_stages *stages, struct rf_str name, size_t before);

#endif
