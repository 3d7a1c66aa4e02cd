/*
 * The simple commands of a shell script: POSIX sh and the parts of bash that RUN lines use. A
 * tolerant lexer, not a shell: it never fails, it only finds less. What stands in quotes, in the
 * arguments of echo or in a heredoc is data and yields no commands; command substitutions, and the
 * text behind `sh -c`, do.
 *
 * Words are simplified: quotes and escapes are taken off, $X becomes ${X}, $(a b) becomes ${ab},
 * `a` and $((a)) become ${VAR}; braces and other expansions vanish.
 *
 * Bounded in depth, commands and words; linear in the script's length for each level of nesting.
 */
#ifndef RF_IMAGE_DOCKERFILE_SHELL_H
#define RF_IMAGE_DOCKERFILE_SHELL_H

#include "base/arena.h"

#define SHELL_MAX_DEPTH	   16
#define SHELL_MAX_COMMANDS 20000
#define SHELL_MAX_WORDS	   200000

struct shell_command {
	struct rf_str name; /* what is run: behind command, exec, builtin, busybox; never empty */
	const struct rf_str *args; /* all words but the first; assignments before it left out */
	size_t arg_count;
	size_t pipeline; /* number of its pipeline */
	size_t stage;	 /* place in the pipeline, from 0 */
	size_t parent;	 /* index of the command that has it in a substitution, else SIZE_MAX */
	uint32_t offset; /* in the script; of the outermost word for what is inside of one */
	bool inner;	 /* from a string (sh -c) or a heredoc (sh <<EOF) */
	bool piped;	 /* another command of its pipeline reads what it prints */
};

struct shell_script {
	struct rf_str text;
	const struct shell_command *commands; /* in the order of their beginnings */
	size_t count;
	bool has_pipe; /* outside of inner scripts */
	bool broken;   /* a shell would refuse it: quotes, parentheses, if or do do not match */
};

/* Lives in arena and refers to text. RF_EINTERNAL (as false) when memory ran out. */
bool shell_parse(struct rf_str text, struct rf_arena *arena, struct shell_script *ret) RF_MUST_USE;

/* --- questions about a command --- */

bool shell_is(const struct shell_command *cmd, const char *name);
/* The last part of the command's path is name: /bin/sh is sh. */
bool shell_base_is(const struct shell_command *cmd, const char *name);
bool shell_has_arg(const struct shell_command *cmd, const char *arg);
/* Any of them; the list ends with NULL. */
bool shell_has_any_arg(const struct shell_command *cmd, const char *const *args);
/* wanted, words separated by blanks, stand in the arguments one after the other. */
bool shell_has_args_in_row(const struct shell_command *cmd, const char *wanted);

/* --flag and --flag=x are "flag"; -abc is "a", "b" and "c"; -- and - are none. */
size_t shell_flag_count(const struct shell_command *cmd, const char *flag);
bool shell_has_flag(const struct shell_command *cmd, const char *const *flags);
bool shell_is_flag(struct rf_str arg);

/*
 * Arguments that are no flags, nor the values of the flags in with_values (NULL for none): the next
 * one from *at on; false at the end.
 */
bool shell_next_operand(const struct shell_command *cmd, const char *const *with_values, size_t *at,
	struct rf_str *ret);

#endif
