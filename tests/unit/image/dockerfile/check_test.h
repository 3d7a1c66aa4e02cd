/* What a Dockerfile is found to have, as a line of text: "2:DL3008 2:DL3015". */
#ifndef TESTS_UNIT_IMAGE_DOCKERFILE_CHECK_TEST_H
#define TESTS_UNIT_IMAGE_DOCKERFILE_CHECK_TEST_H

#include "base/buf.h"
#include "image/dockerfile/check.h"
#include "tests/lib/tap.h"

/* Findings whose id begins with prefix, in out; "error" when the file could not be judged. */
static inline const char *found_with(
	const char *text, const char *prefix, const struct check_options *opts, struct rf_buf *out)
{
	struct check_findings findings = {0};
	struct rf_err err;

	rf_buf_clear(out);
	if (check_dockerfile(rf_str_of(text), opts, &findings, &err) < 0)
		rf_buf_add_c(out, "error");
	rf_vec_each (finding, &findings.list) {
		if (strncmp(finding->rule->id, prefix, strlen(prefix)) == 0)
			rf_buf_addf(out, "%s%u:%s", out->len ? " " : "", finding->line,
				finding->rule->id);
	}
	check_findings_done(&findings);
	return rf_buf_cstr(out);
}

static inline const char *found(const char *text, const char *prefix, struct rf_buf *out)
{
	const struct check_options opts = {0};

	return found_with(text, prefix, &opts, out);
}

#define CHECK_FOUND(text, prefix, want)                          \
	do {                                                     \
		AUTO_BUF found_ = {0};                           \
		CHECK_STR(found(text, prefix, &found_), (want)); \
	} while (0)

#endif
