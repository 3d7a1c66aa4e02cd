/* What the halves of the shell lexer share: words (shell_word.c) and commands (shell.c). */
#ifndef RF_IMAGE_DOCKERFILE_SHELL_INT_H
#define RF_IMAGE_DOCKERFILE_SHELL_INT_H

#include "base/buf.h"
#include "base/vec.h"
#include "image/dockerfile/shell.h"

#define SHELL_MAX_HEREDOCS 16 /* that wait for the end of their line */
#define SHELL_MAX_WORD	   ((size_t)1 << 20)

RF_VEC_TYPE(shell_commands, struct shell_command);

/* What all levels of one script share. */
struct shell_state {
	struct rf_arena *arena;
	struct shell_commands commands;
	size_t pipelines;
	size_t word_count;
	bool has_pipe;
	int ifs, thens, heads, loops, braces; /* opened and not closed, outside of inner scripts */
	bool broken;
	bool nomem;
};

/* One text being read: the script, or a string within it. */
struct shell_reader {
	struct shell_state *state;
	struct rf_str text;
	size_t at;
	unsigned depth;
	size_t parent;
	bool inner;
	uint32_t base; /* offset of text in the script; all words count as there when fixed */
	bool fixed;
	struct {
		struct rf_str name;
		bool chomp;
		size_t command; /* index of the command it is the input of, or SIZE_MAX */
	} heredocs[SHELL_MAX_HEREDOCS];
	size_t heredoc_count;
};

/* A word as it is read. */
struct shell_word {
	struct rf_str text;
	bool there;   /* "" is a word as well */
	bool literal; /* no expansion, no pattern */
	bool quoted;  /* some of it was in quotes or escaped: no reserved word */
	size_t from;
};

static inline char shell_peek_at(const struct shell_reader *r, size_t ahead)
{
	return ahead < r->text.len - r->at ? r->text.ptr[r->at + ahead] : '\0';
}

static inline char shell_peek(const struct shell_reader *r)
{
	return shell_peek_at(r, 0);
}

static inline bool shell_more(const struct shell_reader *r)
{
	return r->at < r->text.len;
}

static inline struct rf_str shell_slice(const struct shell_reader *r, size_t from, size_t to)
{
	return (struct rf_str){r->text.ptr + from, to - from};
}

static inline bool shell_too_deep(struct shell_reader *r)
{
	return r->depth >= SHELL_MAX_DEPTH;
}

static inline bool shell_ends_word(char c)
{
	return strchr(" \t\r\n;|&<>()", c) != NULL; /* '\0' as well */
}

/* The script is none that a shell would run; what is inner is no part of it. */
static inline void shell_break(struct shell_reader *r, bool is_broken)
{
	r->state->broken |= is_broken && !r->inner;
}

/* Steps over what stands between open and close, the cursor behind the opening one. */
void shell_skip_balanced(struct shell_reader *r, char open, char close);
/* The commands between here and a closing parenthesis; what stands for them in a word goes to out.
 */
void shell_read_substitution(struct shell_reader *r, struct rf_buf *out);
/* A word at the cursor; there is false when none begins here. */
struct shell_word shell_read_word(struct shell_reader *r);

/* Commands up to close: ')' of a substitution, 'e' of a branch of case, NUL at the end. */
void shell_read_list(struct shell_reader *r, char close);
/* The commands of another text, as if they stood where the command does that has it. */
void shell_read_nested(struct shell_reader *r, struct rf_str text, bool inner, size_t parent);

#endif
