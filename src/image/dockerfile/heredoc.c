/*
 * Heredocs of RUN, COPY and ADD. The operators are looked for in the words of the logical line,
 * quotes kept; their contents follow in the lines behind it, one after the other.
 */
#include "image/dockerfile/parse_int.h"
#include "image/dockerfile/words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* Where the quote that opens at `at` ends; text.len when it never does. */
static size_t quote_end(struct rf_str text, size_t at)
{
	char quote = text.ptr[at];

	for (at++; at < text.len && text.ptr[at] != quote; at++) {
		if (text.ptr[at] == '\\' && quote == '"')
			at++;
	}
	return at < text.len ? at : text.len;
}

/*
 * The next word from *at on, blanks behind << included; false at the end, and when a quote does not
 * end (then *at is past the end, and there are no heredocs at all).
 */
static bool next_word(struct rf_str text, size_t *at, struct rf_str *ret)
{
	size_t i = *at, from;

	while (i < text.len && is_blank(text.ptr[i]))
		i++;
	from = i;
	while (i < text.len && !is_blank(text.ptr[i])) {
		char c = text.ptr[i];

		if (c == '\'' || c == '"') {
			i = quote_end(text, i);
			if (i == text.len) {
				*at = SIZE_MAX;
				return false;
			}
		} else if (c == '\\') {
			i++;
		} else if (c == '<' && i + 1 < text.len && text.ptr[i + 1] == '<') {
			for (i++; i + 1 < text.len && is_blank(text.ptr[i + 1]);)
				i++;
		}
		i++;
	}
	if (i > text.len)
		i = text.len;
	*at = i;
	*ret = (struct rf_str){text.ptr + from, i - from};
	return i > from;
}

static size_t quotes_in(struct rf_str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += s.ptr[i] == '\'' || s.ptr[i] == '"';
	return count;
}

static struct rf_str from(struct rf_str s, size_t at)
{
	return (struct rf_str){s.ptr + at, s.len - at};
}

bool dockerfile_heredoc_word(
	struct dockerfile_parser *p, struct rf_str word, struct dockerfile_heredoc *ret)
{
	struct dockerfile_heredoc doc = {.expand = true};
	size_t at = 0, rest_at = 0;
	struct rf_str first;

	for (; at < word.len && word.ptr[at] >= '0' && word.ptr[at] <= '9'; at++)
		doc.fd = doc.fd < 100000 ? doc.fd * 10 + (uint32_t)(word.ptr[at] - '0') : doc.fd;
	if (word.len - at < 3 || word.ptr[at] != '<' || word.ptr[at + 1] != '<')
		return false;
	at += 2;
	doc.chomp = word.ptr[at] == '-';
	word = dockerfile_trim_left(from(word, at + doc.chomp));
	if (!word.len || memchr(word.ptr, '<', word.len))
		return false;
	/* One word, nothing behind it. */
	if (!next_word(word, &rest_at, &first) || first.len != word.len)
		return false;
	doc.name = dockerfile_unquote(word, '\\', p->arena);
	if (!doc.name.len)
		return false;
	doc.expand = quotes_in(doc.name) == quotes_in(word);
	*ret = doc;
	return true;
}

/* Reads lines up to the one that is the name; the content as a view of the file. */
static bool read_content(struct dockerfile_parser *p, struct dockerfile_heredoc *doc)
{
	size_t start = p->at;
	struct rf_str line;

	doc->line = p->line + 1;
	for (;;) {
		size_t before = p->at;

		if (!dockerfile_next_line(p, &line)) {
			doc->content = (struct rf_str){p->text.ptr + start, p->at - start};
			return false;
		}
		while (doc->chomp && line.len && line.ptr[0] == '\t')
			line = from(line, 1);
		if (rf_str_eq(line, doc->name)) {
			doc->content = (struct rf_str){p->text.ptr + start, before - start};
			return true;
		}
	}
}

static bool can_have(const struct dockerfile_instr *instr)
{
	if (instr->kind == DOCKERFILE_ONBUILD && instr->trigger)
		instr = instr->trigger;
	return (instr->kind == DOCKERFILE_ADD || instr->kind == DOCKERFILE_COPY ||
		       instr->kind == DOCKERFILE_RUN) &&
	       !instr->json;
}

static size_t find(struct dockerfile_parser *p, struct rf_str text, struct dockerfile_heredoc *docs)
{
	size_t at = 0, count = 0;
	struct rf_str word;

	while (next_word(text, &at, &word)) {
		if (count < DOCKERFILE_MAX_HEREDOCS &&
			dockerfile_heredoc_word(p, word, &docs[count]))
			count++;
	}
	return at == SIZE_MAX ? 0 : count;
}

void dockerfile_read_heredocs(struct dockerfile_parser *p, struct dockerfile_instr *instr)
{
	struct dockerfile_heredoc docs[DOCKERFILE_MAX_HEREDOCS], *kept;
	size_t count;

	if (!can_have(instr) || !memmem(instr->text.ptr, instr->text.len, "<<", 2))
		return;
	count = find(p, instr->text, docs);
	for (size_t i = 0; i < count; i++) {
		if (!read_content(p, &docs[i]))
			dockerfile_refuse(p, instr,
				"unterminated heredoc: no line is \"" RF_STR_FMT "\"",
				(int)(docs[i].name.len < 80 ? docs[i].name.len : 80),
				docs[i].name.ptr);
	}
	kept = rf_arena_array(p->arena, count + 1, sizeof(*kept));
	if (!kept) {
		p->nomem = true;
		return;
	}
	memcpy(kept, docs, count * sizeof(*kept));
	instr->heredocs = kept;
	instr->heredoc_count = count;
	if (instr->kind == DOCKERFILE_ONBUILD) {
		instr->trigger->heredocs = kept;
		instr->trigger->heredoc_count = count;
	}
}
