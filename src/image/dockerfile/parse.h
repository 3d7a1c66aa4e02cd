/*
 * A Dockerfile as a list of instructions with positions: directives, flags, exec and shell form,
 * heredocs, continuations, stages. It accepts what BuildKit's parser accepts (Dockerfile reference,
 * https://docs.docker.com/reference/dockerfile/) and notes what BuildKit refuses, but goes on
 * behind it, so that one error does not hide the others.
 *
 * Input is untrusted: sizes and counts are bounded. Pure: bytes in, a tree out.
 */
#ifndef RF_IMAGE_DOCKERFILE_PARSE_H
#define RF_IMAGE_DOCKERFILE_PARSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define DOCKERFILE_MAX_SIZE	    ((size_t)16 << 20)
#define DOCKERFILE_MAX_INSTRUCTIONS 200000
#define DOCKERFILE_MAX_HEREDOCS	    64 /* of one instruction */
#define DOCKERFILE_MAX_PROBLEMS	    1000
#define DOCKERFILE_MAX_ONBUILD	    4 /* ONBUILD ONBUILD is refused, but read */

enum dockerfile_kind {
	DOCKERFILE_UNKNOWN,
	DOCKERFILE_COMMENT, /* outside of instructions; text is what follows the '#' */
	DOCKERFILE_ADD,
	DOCKERFILE_ARG,
	DOCKERFILE_CMD,
	DOCKERFILE_COPY,
	DOCKERFILE_ENTRYPOINT,
	DOCKERFILE_ENV,
	DOCKERFILE_EXPOSE,
	DOCKERFILE_FROM,
	DOCKERFILE_HEALTHCHECK,
	DOCKERFILE_LABEL,
	DOCKERFILE_MAINTAINER,
	DOCKERFILE_ONBUILD,
	DOCKERFILE_RUN,
	DOCKERFILE_SHELL,
	DOCKERFILE_STOPSIGNAL,
	DOCKERFILE_USER,
	DOCKERFILE_VOLUME,
	DOCKERFILE_WORKDIR,
};

/* --name=value before the arguments; quotes and escapes are taken off. */
struct dockerfile_flag {
	struct rf_str name; /* "mount", without dashes */
	struct rf_str value;
	bool has_value;
};

/* NAME=value of ENV, LABEL and ARG. */
struct dockerfile_pair {
	struct rf_str name;  /* without quotes */
	struct rf_str raw;   /* the value as written; ptr NULL: an ARG without one */
	struct rf_str value; /* without quotes and escapes; variables as written */
	bool legacy;	     /* ENV NAME value */
};

struct dockerfile_heredoc {
	struct rf_str name;
	struct rf_str content; /* as it stands in the file; see chomp */
	uint32_t fd;
	bool expand;   /* the name was not quoted */
	bool chomp;    /* <<-: tabs at the beginnings of lines do not count */
	uint32_t line; /* of the first line of content */
};

struct dockerfile_instr {
	enum dockerfile_kind kind;
	struct rf_str keyword; /* as written */
	struct rf_str text;    /* the logical line: continuations joined, comments left out */
	struct rf_str args;    /* what follows keyword and flags, without blanks around it */
	uint32_t line, col;    /* of the keyword, from 1 */
	uint32_t end_line;     /* the last line, heredocs included */
	bool json;	       /* exec form: words are the strings of the array */

	const struct dockerfile_flag *flags;
	size_t flag_count;
	/*
	 * Arguments: the strings of the exec form, else what stands between blanks (quotes kept).
	 * Empty for kinds whose argument is one text (RUN, CMD, ... in shell form).
	 */
	const struct rf_str *words;
	size_t word_count;
	const struct dockerfile_pair *pairs;
	size_t pair_count;
	const struct dockerfile_heredoc *heredocs;
	size_t heredoc_count;
	struct dockerfile_instr *trigger; /* ONBUILD: what it triggers; NULL when there is none */
	const char *problem;		  /* why BuildKit refuses it; NULL when it does not */
};

struct dockerfile_problem {
	uint32_t line, col;
	const char *message;
};

struct dockerfile {
	struct dockerfile_instr **instrs; /* in order, comments included */
	size_t instr_count;
	const struct dockerfile_problem *problems; /* what BuildKit refuses, in order of lines */
	size_t problem_count;
	struct rf_str syntax; /* of "# syntax="; ptr NULL without one */
	char escape;	      /* '\\' or '`' */
	bool plausible;	      /* as many known instructions as unknown ones: this is a Dockerfile */
};

/*
 * Reads text. The result lives in arena and refers to text. RF_EINPUT when it is no text,
 * RF_ELIMIT over a bound, RF_EINTERNAL when memory ran out.
 */
int dockerfile_parse(struct rf_str text, struct rf_arena *arena, struct dockerfile *ret,
	struct rf_err *err) RF_MUST_USE;

/* The upper-case keyword of a kind: "FROM"; "" for comments and what is unknown. */
const char *dockerfile_keyword(enum dockerfile_kind kind);

/* The flag of that name, or NULL. */
const struct dockerfile_flag *dockerfile_flag(
	const struct dockerfile_instr *instr, const char *name);

/*
 * What a shell would run for RUN, CMD, ENTRYPOINT, HEALTHCHECK: the shell form, the strings of the
 * exec form joined by blanks, or the script of a heredoc that is the whole command. Absent when
 * there is none.
 */
struct rf_str dockerfile_script(const struct dockerfile_instr *instr, struct rf_arena *arena);

#endif
