/*
 * Lines to instructions. A logical line is what stands between an instruction's keyword and the
 * first line that does not end in the escape character; comments and empty lines between its parts
 * are left out. Where there is one part only, which is the rule, nothing is copied.
 */
#include "image/dockerfile/parse.h"

#include <stdarg.h>
#include <strings.h>

#include "doc/utf8.h"
#include "image/dockerfile/parse_int.h"

struct rf_str dockerfile_trim_left(struct rf_str s)
{
	while (s.len && dockerfile_is_space(s.ptr[0]))
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	return s;
}

struct rf_str dockerfile_trim(struct rf_str s)
{
	s = dockerfile_trim_left(s);
	while (s.len && dockerfile_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static void add_problem(struct dockerfile_parser *p, uint32_t line, uint32_t col, const char *text)
{
	struct dockerfile_problem problem = {.line = line, .col = col, .message = text};

	if (!text)
		p->nomem = true;
	else if (p->problems.count < DOCKERFILE_MAX_PROBLEMS && !rf_vec_push(&p->problems, problem))
		p->nomem = true;
}

static const char *RF_PRINTF(2, 0) format(struct dockerfile_parser *p, const char *fmt, va_list ap)
{
	AUTO_FREE char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	return text ? rf_arena_str(p->arena, rf_str_of(text)).ptr : NULL;
}

void dockerfile_problem_add(
	struct dockerfile_parser *p, uint32_t line, uint32_t col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_problem(p, line, col, format(p, fmt, ap));
	va_end(ap);
}

void dockerfile_refuse(
	struct dockerfile_parser *p, struct dockerfile_instr *instr, const char *fmt, ...)
{
	va_list ap;

	if (instr->problem)
		return;
	va_start(ap, fmt);
	instr->problem = format(p, fmt, ap);
	va_end(ap);
	add_problem(p, instr->line, instr->col, instr->problem);
}

bool dockerfile_next_line(struct dockerfile_parser *p, struct rf_str *ret)
{
	struct rf_str rest = {p->text.ptr + p->at, p->text.len - p->at};
	const char *newline;
	size_t len;

	if (!rest.len)
		return false;
	newline = memchr(rest.ptr, '\n', rest.len);
	len = newline ? (size_t)(newline - rest.ptr) : rest.len;
	p->at += len + (newline ? 1 : 0);
	p->line++;
	while (len && rest.ptr[len - 1] == '\r')
		len--;
	*ret = (struct rf_str){rest.ptr, len};
	return true;
}

/* An escape before the last one means that the last one is escaped: the line ends here. */
bool dockerfile_cut_continuation(struct dockerfile_parser *p, struct rf_str *line)
{
	size_t len = line->len;

	while (len && (line->ptr[len - 1] == ' ' || line->ptr[len - 1] == '\t'))
		len--;
	if (!len || line->ptr[len - 1] != p->file->escape)
		return false;
	if (len > 1 && line->ptr[len - 2] == p->file->escape)
		return false;
	line->len = len - 1;
	return true;
}

static bool is_comment(struct rf_str line)
{
	line = dockerfile_trim_left(line);
	return line.len && line.ptr[0] == '#';
}

/* --- directives --- */

static bool name_is(struct rf_str name, const char *wanted)
{
	return name.len == strlen(wanted) && strncasecmp(name.ptr, wanted, name.len) == 0;
}

static void set_directive(
	struct dockerfile_parser *p, bool *seen, struct rf_str name, struct rf_str value)
{
	if (*seen)
		dockerfile_problem_add(p, p->line, 1,
			"only one " RF_STR_FMT " parser directive can be used", RF_STR_ARG(name));
	*seen = true;
	if (seen == &p->seen_syntax)
		p->file->syntax = value;
	if (seen != &p->seen_escape)
		return;
	if (rf_str_is(value, "\\") || rf_str_is(value, "`"))
		p->file->escape = value.ptr[0];
	else
		dockerfile_problem_add(p, p->line, 1,
			"invalid escape token: \\ and ` are the ones that can be chosen");
}

/* "# name=value" before anything else. False: not a directive, and none can follow. */
static bool read_directive(struct dockerfile_parser *p, struct rf_str line)
{
	struct rf_str name, value;
	bool *seen;

	if (p->directives_done)
		return false;
	p->directives_done = true;
	if (!line.len || line.ptr[0] != '#')
		return false;
	value = rf_str_cut((struct rf_str){line.ptr + 1, line.len - 1}, '=', &name);
	name = dockerfile_trim(name);
	value = dockerfile_trim(value);
	seen = name_is(name, "syntax")	 ? &p->seen_syntax
	       : name_is(name, "escape") ? &p->seen_escape
	       : name_is(name, "check")	 ? &p->seen_check
					 : NULL;
	if (!seen || !value.len)
		return false;
	set_directive(p, seen, name, value);
	p->directives_done = false;
	return true;
}

/* --- instructions --- */

static struct dockerfile_instr *new_instr(struct dockerfile_parser *p, struct rf_str line)
{
	struct dockerfile_instr *instr = rf_arena_new_of(p->arena, struct dockerfile_instr);
	struct rf_str start = dockerfile_trim_left(line);

	if (!instr || !rf_vec_push(&p->instrs, instr)) {
		p->nomem = true;
		return NULL;
	}
	instr->line = instr->end_line = p->line;
	instr->col = (uint32_t)doc_utf8_count(
			     (struct rf_str){line.ptr, (size_t)(start.ptr - line.ptr)}) +
		     1;
	instr->text = start;
	return instr;
}

static void read_comment(struct dockerfile_parser *p, struct rf_str line)
{
	struct dockerfile_instr *instr = new_instr(p, line);

	if (!instr)
		return;
	instr->kind = DOCKERFILE_COMMENT;
	instr->text = (struct rf_str){instr->text.ptr + 1, instr->text.len - 1};
}

/* Joins the parts of a logical line whose first part goes on. */
static struct rf_str join(struct dockerfile_parser *p, struct rf_str first)
{
	AUTO_BUF whole = {.max = DOCKERFILE_MAX_SIZE};
	struct rf_str line, joined;
	bool goes_on = true;

	rf_buf_add_str(&whole, first);
	while (goes_on && dockerfile_next_line(p, &line)) {
		if (is_comment(line) || !dockerfile_trim_left(line).len)
			continue;
		goes_on = dockerfile_cut_continuation(p, &line);
		rf_buf_add_str(&whole, line);
	}
	joined = whole.failed ? RF_STR_NONE : rf_arena_str(p->arena, rf_buf_str(&whole));
	if (!joined.ptr)
		p->nomem = true;
	return joined;
}

static void read_line(struct dockerfile_parser *p, struct rf_str line)
{
	struct rf_str start = dockerfile_trim_left(line);
	struct dockerfile_instr *instr;
	bool goes_on;

	if (read_directive(p, start))
		return;
	if (is_comment(start)) {
		read_comment(p, line);
		return;
	}
	if (!start.len)
		return;
	instr = new_instr(p, line);
	goes_on = instr && dockerfile_cut_continuation(p, &instr->text);
	if (goes_on)
		instr->text = join(p, instr->text);
	if (!instr || p->nomem)
		return;
	if (!dockerfile_trim(instr->text).len) {
		p->instrs.count--;
		return;
	}
	dockerfile_read_instr(p, instr, 0);
	dockerfile_read_heredocs(p, instr);
	dockerfile_check_instr(p, instr);
	instr->end_line = p->line;
	p->known += instr->kind != DOCKERFILE_UNKNOWN;
	p->unknown += instr->kind == DOCKERFILE_UNKNOWN;
}

static int check_input(struct rf_str text, struct rf_err *err)
{
	if (text.len > DOCKERFILE_MAX_SIZE)
		return rf_err_set(err, RF_ELIMIT, "larger than %zu MiB: this is no Dockerfile",
			DOCKERFILE_MAX_SIZE >> 20);
	if (text.len && memchr(text.ptr, '\0', text.len))
		return rf_err_set(err, RF_EINPUT, "has a NUL byte: this is no Dockerfile");
	return RF_OK;
}

/* Copies what was found into the arena; frees the vectors. */
static int finish(struct dockerfile_parser *p)
{
	struct dockerfile *file = p->file;
	struct dockerfile_problem *problems =
		rf_arena_array(p->arena, p->problems.count + 1, sizeof(*problems));

	file->instrs = rf_arena_array(p->arena, p->instrs.count + 1, sizeof(*file->instrs));
	if (!file->instrs || !problems)
		p->nomem = true;
	if (!p->nomem && p->instrs.count)
		memcpy(file->instrs, p->instrs.items, p->instrs.count * sizeof(*file->instrs));
	if (!p->nomem && p->problems.count)
		memcpy(problems, p->problems.items, p->problems.count * sizeof(*problems));
	file->instr_count = p->instrs.count;
	file->problems = problems;
	file->problem_count = p->problems.count;
	file->plausible = p->known && p->known >= p->unknown;
	rf_vec_done(&p->instrs);
	rf_vec_done(&p->problems);
	return p->nomem ? rf_err_nomem(p->err) : RF_OK;
}

int dockerfile_parse(
	struct rf_str text, struct rf_arena *arena, struct dockerfile *ret, struct rf_err *err)
{
	struct dockerfile_parser p = {.text = text, .arena = arena, .file = ret, .err = err};
	struct rf_str line;
	int rc = check_input(text, err);

	if (rc < 0)
		return rc;
	*ret = (struct dockerfile){.escape = '\\'};
	if (rf_str_starts(text, RF_STR("\xEF\xBB\xBF")))
		p.at = 3;
	while (!p.nomem && p.instrs.count <= DOCKERFILE_MAX_INSTRUCTIONS &&
		dockerfile_next_line(&p, &line))
		read_line(&p, line);
	rc = finish(&p);
	if (rc == RF_OK && ret->instr_count > DOCKERFILE_MAX_INSTRUCTIONS)
		return rf_err_set(
			err, RF_ELIMIT, "more than %d instructions", DOCKERFILE_MAX_INSTRUCTIONS);
	return rc;
}
