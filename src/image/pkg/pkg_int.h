/*
 * What the readers of this folder share: yielding within bounds, lines of text, and the tables of
 * lock files in TOML.
 */
#ifndef RF_IMAGE_PKG_PKG_INT_H
#define RF_IMAGE_PKG_PKG_INT_H

#include "base/arena.h"
#include "image/pkg/package.h"

/* Where packages go, and how many went. stopped: the sink or the count ended the reading. */
struct pkg_out {
	const struct pkg_sink *sink;
	size_t count;
	bool stopped;
};

/*
 * Yields a package. One without a name, or with a name or version that is too long or holds control
 * characters, is left out; other such fields are yielded empty. 0, the sink's answer or RF_ELIMIT.
 */
int pkg_emit(struct pkg_out *out, const struct pkg *pkg, struct rf_err *err) RF_MUST_USE;

static inline struct rf_str pkg_text(struct rf_bytes file)
{
	return (struct rf_str){.ptr = file.len ? (const char *)file.ptr : "", .len = file.len};
}

/* The next line without its end (LF or CR LF); false at the end of the text. */
bool pkg_next_line(struct rf_str *text, struct rf_str *ret_line) RF_MUST_USE;
/* Without blanks and tabs at both ends. */
struct rf_str pkg_trim(struct rf_str s);
/* Cuts off the next word (blanks and tabs separate); empty at the end. */
struct rf_str pkg_next_word(struct rf_str *text);
/* s without its first len bytes, which it must have. */
static inline struct rf_str pkg_skip(struct rf_str s, size_t len)
{
	return (struct rf_str){.ptr = len ? s.ptr + len : s.ptr, .len = s.len - len};
}
static inline struct rf_str pkg_head(struct rf_str s, size_t len)
{
	return (struct rf_str){.ptr = s.ptr, .len = len < s.len ? len : s.len};
}
/* Where needle begins in s; s.len when it does not. */
size_t pkg_find(struct rf_str s, struct rf_str needle);

/* A row of "Key" or "key" names and the view that receives the value. */
struct pkg_field {
	const char *key;
	struct rf_str *value;
};

/* Stores value where a row has this key, unless a value is there already. */
void pkg_field_set(
	const struct pkg_field *fields, size_t count, struct rf_str key, struct rf_str value);

/* "Key: value" up to an empty line or the end: the rows' values, cut from *text. */
void pkg_read_stanza(struct rf_str *text, const struct pkg_field *fields, size_t count);

/* A [[package]] of a lock file. */
struct pkg_toml {
	struct rf_str name, version, checksum;
};

/* The [[package]] tables of a TOML lock file, one after the other; false at the end. */
bool pkg_toml_next(struct rf_str *text, struct pkg_toml *ret) RF_MUST_USE;

/* A PyPI name as PEP 503 spells it, in out; empty when it does not fit. */
struct rf_str pkg_pypi_name(struct rf_str name, char out[static PKG_MAX_NAME + 1]);

/* The package that a manifest's attributes describe; jar is the file's name where it is known. */
int pkg_manifest_yield(struct rf_bytes file, struct rf_str jar, struct pkg_out *out,
	struct rf_err *err) RF_MUST_USE;

/* Readers of lock files, one a format; the table in reader.c says which file is whose. */
int pkg_gomod_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_gosum_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_npm_lock_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_npm_package_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_requirements_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_pypi_lock_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_pipfile_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_dist_info_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_cargo_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_pom_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_pom_properties_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;
int pkg_manifest_read(
	struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err) RF_MUST_USE;

#endif
