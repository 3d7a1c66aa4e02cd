/* What the parts of the Dockerfile parser share. */
#ifndef RF_IMAGE_DOCKERFILE_PARSE_INT_H
#define RF_IMAGE_DOCKERFILE_PARSE_INT_H

#include "image/dockerfile/parse.h"

struct dockerfile_parser {
	struct rf_str text;
	size_t at;	   /* of the next line */
	uint32_t line;	   /* of the line read last, from 1 */
	uint32_t end_line; /* of the instruction read last, heredocs included */
	struct rf_arena *arena;
	struct dockerfile *file;
	struct rf_err *err;
	RF_VEC(struct dockerfile_instr *) instrs;
	RF_VEC(struct dockerfile_problem) problems;
	bool directives_done, seen_syntax, seen_escape, seen_check;
	size_t known, unknown; /* instructions */
	bool nomem;
};

RF_VEC_TYPE(dockerfile_words, struct rf_str);

enum dockerfile_array {
	DOCKERFILE_ARRAY_NONE,	  /* no JSON array: shell form */
	DOCKERFILE_ARRAY_STRINGS, /* exec form: added to the words */
	DOCKERFILE_ARRAY_OTHER,	  /* an array with something else in it: BuildKit refuses it */
	DOCKERFILE_ARRAY_NOMEM,
};
enum dockerfile_array dockerfile_read_array(
	struct rf_str text, struct rf_arena *arena, struct dockerfile_words *ret);

/* The next line without its newline; false at the end. */
bool dockerfile_next_line(struct dockerfile_parser *p, struct rf_str *ret);
/* Cuts blanks and escape off the end of a line that goes on; false when it does not. */
bool dockerfile_cut_continuation(struct dockerfile_parser *p, struct rf_str *line);

/* Blanks as Go's unicode.IsSpace has them, within ASCII. */
static inline bool dockerfile_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
struct rf_str dockerfile_trim(struct rf_str s);
struct rf_str dockerfile_trim_left(struct rf_str s);

/* Fills in all but the heredocs of an instruction whose text, line and col are set. */
void dockerfile_read_instr(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, unsigned depth);
/* Finds the heredocs of an instruction and reads their content from the lines that follow. */
void dockerfile_read_heredocs(struct dockerfile_parser *p, struct dockerfile_instr *instr);
/* True when word is one heredoc operator with its name; *ret has the name and how it is written. */
bool dockerfile_heredoc_word(
	struct dockerfile_parser *p, struct rf_str word, struct dockerfile_heredoc *ret);
/* What BuildKit would say about the instruction, as instr->problem. */
void dockerfile_check_instr(struct dockerfile_parser *p, struct dockerfile_instr *instr);

void dockerfile_problem_add(struct dockerfile_parser *p, uint32_t line, uint32_t col,
	const char *fmt, ...) RF_PRINTF(4, 5);
/* The first problem of an instruction is kept. */
void dockerfile_refuse(struct dockerfile_parser *p, struct dockerfile_instr *instr, const char *fmt,
	...) RF_PRINTF(3, 4);

#endif
