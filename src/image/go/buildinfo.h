/*
 * What the Go linker wrote about how a program was built: the version of Go, the main module, what
 * it depends on, and build settings. Both forms: strings in place (Go 1.18 and later) and pointers
 * to strings. Source: debug/buildinfo, runtime/debug.BuildInfo, cmd/go/internal/modload.
 */
#ifndef RF_IMAGE_GO_BUILDINFO_H
#define RF_IMAGE_GO_BUILDINFO_H

#include "base/arena.h"
#include "image/go/exe.h"

#define GO_MAX_MODINFO ((size_t)8 << 20) /* bytes */
#define GO_MAX_MODULES 20000

struct go_module {
	struct rf_str path, version, sum;
	/* What is compiled instead (a replace directive); path "" when there is none. A local
	 * directory has no version. */
	struct rf_str replace_path, replace_version, replace_sum;
};

struct go_build {
	struct rf_str go_version; /* as written: "go1.26.2-X:nodwarf5" */
	/* The release in it, "1.26.2"; "" for a development version. */
	struct rf_str go_release;
	struct rf_str path;    /* of the main package; "" when it is not said (GOPATH, old) */
	struct go_module main; /* path "" when it is not said */
	struct go_module *deps;
	size_t dep_count;
	struct rf_str goos, goarch, ldflags, vcs_revision, vcs_time;
	bool trimpath, vcs_modified;
};

/*
 * RF_EABSENT: no Go program, or its information was removed. RF_EINPUT: it is damaged. Text lives
 * in the file or the arena.
 */
int go_build_read(const struct go_exe *exe, struct rf_arena *arena, struct go_build *ret,
	struct rf_err *err) RF_MUST_USE;

/* "go1.26.2-X:nodwarf5", "go1.22.5 (Red Hat 1.22.5-1.el9)" -> "1.26.2", "1.22.5"; "" for devel. */
struct rf_str go_release_of(struct rf_str version);

/*
 * The version that the main module has, as well as it can be told: what the linker wrote, else a
 * version set by -ldflags "-X ...version=v1.2.3", else a pseudo-version of the commit (then
 * *ret_guessed is true: good for an inventory, not for matching). In arena; "" when nothing says.
 */
struct rf_str go_main_version(
	const struct go_build *build, struct rf_arena *arena, bool *ret_guessed);

#endif
