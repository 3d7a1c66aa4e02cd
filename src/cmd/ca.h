/* The verbs below `ca`: one file each, entered with one row in ca.c. */
#ifndef RF_CMD_CA_H
#define RF_CMD_CA_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "mesh/ca.h"

int ca_verb_init(int argc, char **argv);
int ca_verb_issue(int argc, char **argv);
int ca_verb_inspect(int argc, char **argv);
int ca_verb_status(int argc, char **argv);
int ca_verb_bundle(int argc, char **argv);
int ca_verb_watch(int argc, char **argv);
int ca_verb_renew(int argc, char **argv);
int ca_verb_rotate(int argc, char **argv);

extern const struct opt_usage ca_init_usage, ca_issue_usage, ca_inspect_usage, ca_status_usage;
extern const struct opt_usage ca_watch_usage, ca_bundle_usage, ca_renew_usage, ca_rotate_usage;

/* What most of them are given: where the authority is, and what opens its root's key. */
struct ca_where {
	const char *dir;
	struct ca_secret secret;
};

#define CA_DIR_ROW(type)                                                                   \
	{                                                                                  \
		"dir", 'd', OPT_TEXT, offsetof(type, where.dir), "DIRECTORY",              \
			"The authority's directory, instead of ca in the state directory " \
			"(root) or in ~/.local/share/ringfence (others).",                 \
			NULL                                                               \
	}
#define CA_SECRET_ROWS(type)                                                                      \
	{"passphrase-file", 0, OPT_TEXT, offsetof(type, where.secret.passphrase_file), "FILE",    \
		"The root's key is sealed with the passphrase in the first line of FILE.", NULL}, \
	{                                                                                         \
		"sealing-key", 0, OPT_TEXT, offsetof(type, where.secret.key_file), "FILE",        \
			"The key that the root's key is sealed with, instead of sealing.key "     \
			"in the directory.",                                                      \
			NULL                                                                      \
	}

/* The path, or the exit status after an error was printed (OPT_GO: none). */
int ca_where_path(const struct ca_where *where, struct rf_buf *out) RF_MUST_USE;
/* Opens it; OPT_GO, or the exit status. No core is left of this process. */
int ca_where_open(const struct ca_where *where, bool write, struct ca **ret) RF_MUST_USE;

/* "89 days", "7 hours"; "expired" when nothing is left. In out. */
#define CA_LEFT_SIZE 40
const char *ca_left(int64_t left_s, char out[static CA_LEFT_SIZE]);
/* "2026-11-25T16:00:00Z", in out. */
#define CA_DATE_SIZE 32
const char *ca_date(int64_t at_s, char out[static CA_DATE_SIZE]);

#endif
