/*
 * Puts it together: the prefilter finds keywords, the rules that own a keyword look at the place,
 * and what they find waits until it is certain that no better rule finds the same: a token in
 * github_token = "ghp_..." is a GitHub token, not a generic secret.
 */
#include "image/secrets/secrets_int.h"

#include <stdio.h>

#define MAX_RULES     512
#define MAX_COLUMN    4096 /* of hits that are told late */
#define SHORT_NAME    6
#define KEY_SEPARATOR '|'

enum rule_kind {
	KIND_WEAK, /* gives way to all others */
	KIND_NAMED,
	KIND_STRONG,
};

struct rule {
	const char *id, *title, *severity, *inside;
	bool (*find)(const struct secret_site *site, struct rf_str *ret);
	struct pattern pattern;
	enum rule_kind kind;
	uint16_t flags;
	uint8_t entropy;
};

struct secret_rules {
	struct rule rules[MAX_RULES];
	uint16_t count;
	bool for_programs;
	struct prefilter *filter;
};

/* One search. The line count follows the keywords, which come in order. */
struct search {
	const struct secret_rules *rules;
	struct secret_site site;
	const struct secret_sink *sink;
	struct rf_err *err;
	size_t line_at; /* lines are counted up to here */
	size_t line_begin;
	uint32_t line;
	const struct rule *pending; /* NULL for none */
	size_t pending_begin, pending_end;
};

/* What may stand after a keyword that ends where the part before this one does. */
static void fill_follows(const struct pattern_part *next, bool follows[static 256])
{
	for (unsigned c = 0; c < 256; c++)
		follows[c] = !next || (next->literal ? secret_char_kinds[c] != 0
						     : secret_char_is((char)c, next->kinds));
}

static int add_keys(struct secret_rules *rules, const char *keys, struct rf_err *err)
{
	struct rf_str rest = rf_str_of(keys), key;

	while (rest.ptr) {
		rest = rf_str_cut(rest, KEY_SEPARATOR, &key);
		int rc = prefilter_add(rules->filter, key, NULL, rules->count, err);

		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/*
 * Weak formats, which only their surroundings make likely, are not asked of programs; nor are those
 * without any randomness, which are a file's first line: programs that read such files have it,
 * too.
 */
static bool is_for_programs(const struct token_rule *row)
{
	return row->entropy > 0 && !(row->flags & (F_STRICT | F_MIXED | F_RANDOM)) &&
	       (strcmp(row->severity, "critical") == 0 || strcmp(row->severity, "high") == 0);
}

/* Whether a beginning is one that words do not run into: "ghp_", or AKIA before capitals only. */
static bool begins_clearly(const struct pattern *pattern)
{
	const struct pattern_part *key = &pattern->parts[pattern->anchor];
	bool separated = false;

	for (unsigned i = 0; key->literal && i < key->min; i++)
		separated = separated || !secret_char_is(key->literal[i], C_ALNUM);
	if (!key->literal || key->min < 4 || pattern->anchor + 1 >= pattern->count)
		return false;
	return separated || key->min > 6 || !(key[1].literal || key[1].kinds & C_LOWER);
}

static int add_rule(struct secret_rules *rules, struct rule rule, const char *pattern,
	const char *keys, struct rf_err *err)
{
	const struct pattern_part *first;
	bool follows[256];
	int rc = RF_OK;

	if (rules->count == MAX_RULES ||
		(pattern && !pattern_compile(pattern, rule.flags & F_NOCASE, &rule.pattern)))
		return rf_err_set(err, RF_EINTERNAL, "rule %s: bad pattern", rule.id);
	if (rules->for_programs && pattern)
		rule.flags |=
			begins_clearly(&rule.pattern) ? F_OUTSTANDING | F_LOOSE : F_OUTSTANDING;
	if (keys) {
		rc = add_keys(rules, keys, err);
	} else {
		first = &rule.pattern.parts[rule.pattern.anchor];
		if (!first->literal)
			return rf_err_set(err, RF_EINTERNAL, "rule %s: no keyword", rule.id);
		struct rf_str key = {first->literal,
			first->min < PREFILTER_MAX_KEY ? first->min : PREFILTER_MAX_KEY};

		fill_follows(
			rule.pattern.anchor + 1 < rule.pattern.count ? first + 1 : NULL, follows);
		rc = prefilter_add(rules->filter, key, follows, rules->count, err);
	}
	if (rc == RF_OK)
		rules->rules[rules->count++] = rule;
	return rc;
}

static int add_tokens(
	struct secret_rules *rules, const struct token_rule *rows, size_t count, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < count && rc == RF_OK; i++) {
		const struct token_rule *row = &rows[i];
		const struct rule rule = {.id = row->id,
			.title = row->title,
			.severity = row->severity,
			.inside = row->inside,
			.kind = KIND_STRONG,
			.flags = row->flags,
			.entropy = row->entropy};

		if (rules->for_programs && !is_for_programs(row))
			continue;
		rc = add_rule(rules, rule, row->pattern, row->keys, err);
	}
	return rc;
}

static int add_named(struct secret_rules *rules, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < secret_named_rule_count && rc == RF_OK; i++) {
		const struct named_rule *row = &secret_named_rules[i];
		const struct rule rule = {.id = row->id,
			.title = row->title,
			.severity = row->severity,
			.kind = KIND_NAMED,
			.flags = row->flags | F_NOCASE | F_NO_TESTS,
			.entropy = row->entropy};

		rc = add_rule(rules, rule, row->pattern, row->keys, err);
	}
	return rc;
}

static int add_shapes(struct secret_rules *rules, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < secret_shape_rule_count && rc == RF_OK; i++) {
		const struct shape_rule *row = &secret_shape_rules[i];
		const struct rule rule = {.id = row->id,
			.title = row->title,
			.severity = row->severity,
			.find = row->find,
			.kind = row->weak ? KIND_WEAK : KIND_STRONG,
			.flags = row->flags};

		if (rules->for_programs && row->find != secret_find_pem)
			continue;
		rc = add_rule(rules, rule, NULL, row->keys, err);
	}
	return rc;
}

static int make_rules(bool for_programs, struct secret_rules **ret, struct rf_err *err)
{
	AUTO_SECRET_RULES *rules = calloc(1, sizeof(*rules));
	int rc;

	if (!rules || !(rules->filter = prefilter_new()))
		return rf_err_nomem(err);
	rules->for_programs = for_programs;
	rc = add_tokens(rules, secret_token_rules, secret_token_rule_count, err);
	if (rc == RF_OK)
		rc = add_tokens(rules, secret_token_rules_more, secret_token_rule_more_count, err);
	if (rc == RF_OK && !for_programs)
		rc = add_named(rules, err);
	if (rc == RF_OK)
		rc = add_shapes(rules, err);
	if (rc < 0)
		return rc;
	rc = prefilter_seal(rules->filter, err);
	if (rc < 0)
		return rc;
	*ret = TAKE_PTR(rules);
	return RF_OK;
}

int secret_rules_new(struct secret_rules **ret, struct rf_err *err)
{
	return make_rules(false, ret, err);
}

int secret_rules_new_for_programs(struct secret_rules **ret, struct rf_err *err)
{
	return make_rules(true, ret, err);
}

void secret_rules_free(struct secret_rules *rules)
{
	if (!rules)
		return;
	prefilter_free(rules->filter);
	free(rules);
}

void secret_rules_freep(struct secret_rules **rules)
{
	secret_rules_free(*rules);
}

/* A letter before it means that it is a part of something else, unless that is a \n. */
static bool begins_well(const struct rule *rule, struct rf_str text, size_t begin)
{
	const uint32_t inner = rule->flags & F_STRICT
				       ? C_WORD | C_PLUS | C_SLASH | C_MINUS | C_DOT | C_PERCENT
				       : C_WORD;

	if (rule->flags & F_ANYWHERE || begin == 0)
		return true;
	if (begin > 1 && text.ptr[begin - 2] == '\\' && strchr("nrt", text.ptr[begin - 1]))
		return true;
	return !secret_char_is(text.ptr[begin - 1], inner);
}

static bool ends_well(const struct rule *rule, struct rf_str text, size_t end)
{
	const struct pattern_part *last = &rule->pattern.parts[rule->pattern.count - 1];
	const uint32_t inner = C_ALNUM | (last->literal ? 0 : last->kinds & ~(uint32_t)C_EQUALS) |
			       (rule->flags & F_STRICT ? C_PLUS | C_SLASH | C_EQUALS : 0);

	return end == text.len || !secret_char_is(text.ptr[end], inner);
}

static bool looks_real(const struct rule *rule, struct rf_str secret)
{
	return secret_entropy(secret) >= rule->entropy &&
	       (!rule->inside ||
		       memmem(secret.ptr, secret.len, rule->inside, strlen(rule->inside))) &&
	       (!(rule->flags & F_MIXED) || secret_is_mixed(secret)) &&
	       (!(rule->flags & F_RANDOM) || secret_is_random(secret) ||
		       (rule->kind == KIND_NAMED && secret_has_digit_runs(secret))) &&
	       !secret_is_placeholder(secret, rule->flags & F_RUNS || secret.len > 96);
}

/* Unlike the words that stand beside it; capitals and digits alone change more seldom. */
static bool stands_out(struct rf_str secret)
{
	if (secret_is_random(secret))
		return true;
	for (size_t i = 0; i < secret.len; i++) {
		if (secret_char_is(secret.ptr[i], C_LOWER))
			return false;
	}
	return secret_is_mixed(secret);
}

static bool find_token(const struct rule *rule, const struct secret_site *site, struct rf_str *ret)
{
	const bool loose = rule->flags & F_LOOSE;
	size_t begin, end;

	/* Where nothing is matched backwards a cheap look saves the match. */
	if (!loose && rule->pattern.anchor == 0 && !begins_well(rule, site->text, site->at))
		return false;
	if (!pattern_match(&rule->pattern, site->text, site->at, &begin, &end))
		return false;
	if (!loose && (!begins_well(rule, site->text, begin) || !ends_well(rule, site->text, end)))
		return false;
	*ret = (struct rf_str){site->text.ptr + begin, end - begin};
	return looks_real(rule, *ret) && (!(rule->flags & F_OUTSTANDING) || stands_out(*ret));
}

/* "sumObj" and "SetSysctl" speak of no sumo and no etsy: short names come in one case. */
static bool is_one_word(const struct secret_site *site)
{
	for (size_t i = site->at + 1; i < site->end && site->end - site->at <= SHORT_NAME; i++)
		if (secret_char_is(site->text.ptr[i], C_UPPER) &&
			secret_char_is(site->text.ptr[i - 1], C_LOWER))
			return false;
	return true;
}

static bool find_named(const struct rule *rule, const struct secret_site *site, struct rf_str *ret)
{
	struct assignment a;
	size_t begin, end;

	if (!is_one_word(site) || !secret_assignment_read(site, &a) ||
		!pattern_match(&rule->pattern, a.value, 0, &begin, &end) || end != a.value.len)
		return false;
	if (!a.quoted && site->is_program)
		return false;
	*ret = a.value;
	return looks_real(rule, a.value);
}

static void count_lines(struct search *s, size_t up_to)
{
	const char *text = s->site.text.ptr, *p = text + s->line_at, *end = text + up_to;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		s->line++;
		s->line_begin = (size_t)(++p - text);
	}
	s->line_at = up_to;
}

/* A hit now and then lies a little behind what was counted already. */
static void place(struct search *s, struct secret_hit *hit)
{
	size_t begin = s->pending_begin, line_begin;

	if (begin >= s->line_at)
		count_lines(s, begin);
	hit->line = s->line;
	line_begin = s->line_begin;
	for (size_t i = begin; i < s->line_at; i++)
		hit->line -= s->site.text.ptr[i] == '\n';
	if (begin < line_begin) {
		line_begin = begin;
		while (line_begin > 0 && begin - line_begin < MAX_COLUMN &&
			s->site.text.ptr[line_begin - 1] != '\n')
			line_begin--;
	}
	hit->column = (uint32_t)(begin - line_begin) + 1;
	hit->offset = begin;
	hit->secret = (struct rf_str){s->site.text.ptr + begin, s->pending_end - begin};
}

static int emit_pending(struct search *s)
{
	const struct rule *rule = s->pending;
	struct secret_hit hit;

	if (!rule)
		return RF_OK;
	s->pending = NULL;
	hit = (struct secret_hit){.rule = rule->id,
		.title = rule->title,
		.severity = s->site.in_tests ? "low" : rule->severity};
	place(s, &hit);
	return s->sink->hit(s->sink->ctx, &hit, s->err);
}

/* Of two that overlap the better stays, of two as good the first. */
static int consider(struct search *s, const struct rule *rule, struct rf_str secret)
{
	const size_t begin = (size_t)(secret.ptr - s->site.text.ptr);
	int rc = RF_OK;

	if (s->pending && begin < s->pending_end && s->pending_begin < begin + secret.len) {
		if (rule->kind <= s->pending->kind)
			return RF_OK;
	} else {
		rc = emit_pending(s);
	}
	s->pending = rule;
	s->pending_begin = begin;
	s->pending_end = begin + secret.len;
	return rc;
}

static int look(void *ctx, uint16_t owner, size_t at, size_t end)
{
	struct search *s = ctx;
	const struct rule *rule = &s->rules->rules[owner];
	struct rf_str secret;
	bool found;

	if (s->site.in_tests && rule->flags & F_NO_TESTS)
		return RF_OK;
	s->site.at = at;
	s->site.end = end;
	if (rule->find)
		found = rule->find(&s->site, &secret);
	else if (rule->kind == KIND_NAMED)
		found = find_named(rule, &s->site, &secret);
	else
		found = find_token(rule, &s->site, &secret);
	return found ? consider(s, rule, secret) : RF_OK;
}

int secret_search(const struct secret_rules *rules, struct rf_str path, struct rf_bytes text,
	const struct secret_sink *sink, struct rf_err *err)
{
	struct search s = {.rules = rules,
		.site = {.text = {(const char *)text.ptr, text.len},
			.path = path,
			.in_tests = secret_path_is_test(path),
			.is_program = secret_path_is_program(path)},
		.sink = sink,
		.err = err,
		.line = 1};
	const struct prefilter_sink found = {.found = look, .ctx = &s};
	int rc = prefilter_search(rules->filter, PREFILTER_BEST, s.site.text, &found);

	return rc < 0 ? rc : emit_pending(&s);
}
