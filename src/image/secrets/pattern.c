/*
 * Patterns of tokens: a row of literals and runs, each run taking as many bytes of its class as
 * it may. There is nothing to go back to, so a match costs what it reads, at most
 * SECRET_MAX_MATCH bytes. A run that could swallow the literal after it is a defect of the row.
 */
#include "image/secrets/secrets_int.h"

const uint32_t secret_char_kinds[256] = {
	['!'] = C_OTHER,
	['#' ... '$'] = C_OTHER,
	['%'] = C_PERCENT,
	['&'] = C_OTHER,
	['(' ... '*'] = C_OTHER,
	['+'] = C_PLUS,
	[','] = C_OTHER,
	['-'] = C_MINUS,
	['.'] = C_DOT,
	['/'] = C_SLASH,
	['0' ... '1'] = C_01,
	['2' ... '7'] = C_27,
	['8' ... '9'] = C_89,
	[':' ... '<'] = C_OTHER,
	['='] = C_EQUALS,
	['>' ... '@'] = C_OTHER,
	['A' ... 'F'] = C_UPPER_AF,
	['G' ... 'Z'] = C_UPPER_GZ,
	['[' ... '^'] = C_OTHER,
	['_'] = C_UNDERSCORE,
	['a' ... 'f'] = C_LOWER_AF,
	['g' ... 'h'] = C_LOWER_GH,
	['i' ... 'z'] = C_LOWER_IZ,
	['{' ... '}'] = C_OTHER,
	['~'] = C_TILDE,
};

static const struct {
	char letter;
	uint32_t kinds;
} classes[] = {
	{'d', C_DIGIT},
	{'x', C_DIGIT | C_LOWER_AF},
	{'X', C_DIGIT | C_LOWER_AF | C_UPPER_AF},
	{'h', C_DIGIT | C_LOWER_AF | C_LOWER_GH},
	{'l', C_LOWER},
	{'c', C_LOWER | C_UPPER},
	{'a', C_LOWER | C_DIGIT},
	{'A', C_UPPER | C_DIGIT},
	{'2', C_UPPER | C_27},
	{'w', C_ALNUM},
	{'i', C_WORD},
	{'t', C_WORD | C_MINUS},
	{'n', C_NAME},
	{'e', C_WORD | C_MINUS | C_EQUALS},
	{'E', C_NAME | C_EQUALS},
	{'g', C_NAME | C_TILDE},
	{'b', C_B64},
	{'B', C_B64 | C_UNDERSCORE | C_MINUS},
	{'u', C_TOKEN},
	{'%', C_ALNUM | C_PERCENT},
	{'=', C_EQUALS},
	{'|', C_OTHER | C_PERCENT},
	{'p', C_TOKEN | C_TILDE | C_PERCENT | C_OTHER},
};

static uint32_t class_kinds(char letter)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(classes); i++)
		if (classes[i].letter == letter)
			return classes[i].kinds;
	return 0;
}

static const char *read_number(const char *p, uint16_t *ret)
{
	unsigned n = 0;

	while (*p >= '0' && *p <= '9' && n <= SECRET_MAX_MATCH)
		n = n * 10 + (unsigned)(*p++ - '0');
	*ret = (uint16_t)n;
	return p;
}

/* "<w36>", "<t20-40>"; what follows it, or NULL. */
static const char *compile_run(const char *p, struct pattern_part *part)
{
	part->kinds = class_kinds(p[1]);
	if (!part->kinds)
		return NULL;
	p = read_number(p + 2, &part->min);
	part->max = part->min;
	if (*p == '-')
		p = read_number(p + 1, &part->max);
	if (*p != '>' || part->max < part->min || part->max == 0 || part->max > SECRET_MAX_MATCH)
		return NULL;
	return p + 1;
}

bool pattern_compile(const char *notation, bool nocase, struct pattern *ret)
{
	const char *p = notation;

	*ret = (struct pattern){.nocase = nocase};
	while (p && *p) {
		struct pattern_part *part = &ret->parts[ret->count];

		if (*p == '|') {
			ret->anchor = ret->count;
			p++;
			continue;
		}
		if (ret->count == PATTERN_PARTS)
			return false;
		ret->count++;
		if (*p == '<') {
			p = compile_run(p, part);
			continue;
		}
		part->literal = p;
		part->min = part->max = (uint16_t)strcspn(p, "<|");
		p += part->min;
	}
	return p && ret->count > ret->anchor;
}

static bool literal_at(
	const struct pattern *pattern, const struct pattern_part *part, const char *p)
{
	return pattern->nocase ? strncasecmp(p, part->literal, part->min) == 0
			       : memcmp(p, part->literal, part->min) == 0;
}

static size_t run_forward(const struct pattern_part *part, struct rf_str text, size_t at)
{
	size_t n = 0;

	while (n < part->max && n < text.len - at && secret_char_is(text.ptr[at + n], part->kinds))
		n++;
	return n;
}

static size_t run_backward(const struct pattern_part *part, struct rf_str text, size_t at)
{
	size_t n = 0;

	while (n < part->max && n < at && secret_char_is(text.ptr[at - n - 1], part->kinds))
		n++;
	return n;
}

bool pattern_match(const struct pattern *pattern, struct rf_str text, size_t at, size_t *ret_begin,
	size_t *ret_end)
{
	size_t begin = at, end = at;

	for (unsigned i = pattern->anchor; i < pattern->count; i++) {
		const struct pattern_part *part = &pattern->parts[i];
		size_t n = part->min;

		if (part->literal &&
			(n > text.len - end || !literal_at(pattern, part, text.ptr + end)))
			return false;
		if (!part->literal && (n = run_forward(part, text, end)) < part->min)
			return false;
		end += n;
	}
	for (unsigned i = pattern->anchor; i-- > 0;) {
		const struct pattern_part *part = &pattern->parts[i];
		size_t n = part->min;

		if (part->literal &&
			(n > begin || !literal_at(pattern, part, text.ptr + begin - n)))
			return false;
		if (!part->literal && (n = run_backward(part, text, begin)) < part->min)
			return false;
		begin -= n;
	}
	*ret_begin = begin;
	*ret_end = end;
	return true;
}
