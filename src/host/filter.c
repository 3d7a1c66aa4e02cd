/* From the name of a profile to what the OCI runtime loads. */
#include "host/filter.h"

#include <sys/utsname.h>

#include "base/fd.h"
#include "doc/read.h"
#include "harden/seccomp.h"

#define PROFILE_MAX ((size_t)4 << 20)  /* bytes of a profile's file */
#define ARENA_MAX   ((size_t)64 << 20) /* bytes of its tree */

static int first_error(const struct rf_diags *diags, const char *what, struct rf_err *err)
{
	rf_vec_each (d, &diags->list) {
		if (d->severity == RF_ERROR)
			return rf_err_set(err, RF_EINPUT, "seccomp profile %s, line %u: %s", what,
				d->pos.line, d->msg);
	}
	return rf_err_set(err, RF_EINPUT, "%s is not a seccomp profile", what);
}

static const char *go_arch(const char *machine)
{
	return strcmp(machine, "aarch64") == 0 ? "arm64" : "amd64";
}

static int write_json(const struct doc_node *node, const struct harden_profile *profile,
	const char *what, char **ret_json, struct rf_err *err)
{
	struct harden_seccomp_target target = {.bounding = profile->bounding,
		.local = profile->seccomp == HARDEN_SECCOMP_LOCALHOST};
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_BUF out = {0};
	struct json_writer w = {.out = &out};
	struct utsname uts;
	int rc;

	uname(&uts);
	target.arch = go_arch(uts.machine);
	if (sscanf(uts.release, "%u.%u", &target.kernel[0], &target.kernel[1]) != 2)
		target.kernel[0] = 0;
	rc = harden_seccomp_write(node, &target, &w, &diags);
	if (rc == RF_EINPUT)
		return first_error(&diags, what, err);
	*ret_json = rc < 0 ? NULL : rf_buf_take(&out);
	return *ret_json ? RF_OK : rf_err_nomem(err);
}

static int make_local(
	const char *root, const struct harden_profile *profile, char **ret_json, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(ARENA_MAX);
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_BUF path = {0};
	AUTO_BUF text = {.max = PROFILE_MAX};
	const struct doc_node *node;
	int rc;

	rf_buf_addf(&path, "%s/" RF_STR_FMT, root, RF_STR_ARG(profile->seccomp_file));
	if (!arena || path.failed)
		return rf_err_nomem(err);
	rc = rf_file_read(rf_buf_cstr(&path), &text, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "seccompProfile");
	rc = doc_parse_json(rf_buf_str(&text), rf_buf_cstr(&path), 1, arena, &diags, &node);
	if (rc == RF_EINPUT)
		return first_error(&diags, rf_buf_cstr(&path), err);
	return rc < 0 ? rf_err_nomem(err)
		      : write_json(node, profile, rf_buf_cstr(&path), ret_json, err);
}

int filter_make(const struct filter_source *source, const struct harden_profile *profile,
	char **ret_json, struct rf_err *err)
{
	*ret_json = NULL;
	switch (profile->seccomp) {
	case HARDEN_SECCOMP_UNCONFINED: return RF_OK;
	case HARDEN_SECCOMP_LOCALHOST: return make_local(source->root, profile, ret_json, err);
	case HARDEN_SECCOMP_DEFAULT: break;
	}
	return write_json(source->standard, profile, "of the runtime", ret_json, err);
}
