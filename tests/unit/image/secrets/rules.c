/* Every row of the tables: it compiles, finds what it describes and leaves placeholders alone. */
#include "tests/unit/image/secrets/secrets_test.h"

#define TRIES 8 /* a sample of chance may look like a word */

/* At least one of some samples in a line of their own is found, by whatever rule. */
static bool finds(
	const char *before, const struct pattern *pattern, const char *inside, const char *after)
{
	for (unsigned i = 0; i < TRIES; i++) {
		AUTO_BUF text = {.data = NULL};

		rf_buf_add_c(&text, before);
		const size_t begin = text.len;

		sample(&text, pattern);
		/* In the place of bytes in the middle. */
		if (inside && text.len - begin > 2 * strlen(inside))
			memcpy(text.data + (begin + text.len - strlen(inside)) / 2, inside,
				strlen(inside));
		rf_buf_add_c(&text, after);
		if (search_in("app.conf", rf_buf_cstr(&text)).count)
			return true;
	}
	return false;
}

/* A keyword that the pattern only implies stands where the run of its class would. */
static bool finds_token(const struct token_rule *row)
{
	struct pattern pattern;
	const char *before = "value: \"", *after = "\"\n";

	if (!pattern_compile(row->pattern, row->flags & F_NOCASE, &pattern))
		return false;
	if (finds(before, &pattern, row->inside, after))
		return true;
	/* The first letter of the keyword is the run's: SK0..., eyJ... */
	for (const char *key = row->keys; key && *key;) {
		struct rf_str head, rest = rf_str_cut(rf_str_of(key), '|', &head);
		AUTO_BUF text = {.data = NULL};
		AUTO_BUF whole = {.data = NULL};
		size_t at = 0;

		sample(&text, &pattern);
		for (unsigned i = 0; i < pattern.anchor; i++)
			at += pattern.parts[i].min;
		for (size_t i = 0; i < head.len && at + i < text.len; i++)
			if (secret_char_is(text.data[at + i], C_LOWER | C_DIGIT))
				text.data[at + i] = head.ptr[i];
		rf_buf_addf(
			&whole, "%s" RF_STR_FMT "%s", before, RF_STR_ARG(rf_buf_str(&text)), after);
		if (search_in("app.conf", rf_buf_cstr(&whole)).count)
			return true;
		key = rest.ptr;
	}
	return false;
}

static void every_token_rule_finds_what_it_describes(void)
{
	for (size_t i = 0; i < secret_token_rule_count; i++)
		CHECKF(finds_token(&secret_token_rules[i]), "%s finds %s", secret_token_rules[i].id,
			secret_token_rules[i].pattern);
	for (size_t i = 0; i < secret_token_rule_more_count; i++)
		CHECKF(finds_token(&secret_token_rules_more[i]), "%s finds %s",
			secret_token_rules_more[i].id, secret_token_rules_more[i].pattern);
}

static void every_named_rule_finds_what_it_describes(void)
{
	for (size_t i = 0; i < secret_named_rule_count; i++) {
		const struct named_rule *row = &secret_named_rules[i];
		struct rf_str key;
		struct pattern pattern;
		AUTO_BUF before = {.data = NULL};

		rf_str_cut(rf_str_of(row->keys), '|', &key);
		rf_buf_addf(&before, "my_" RF_STR_FMT "_x = '", RF_STR_ARG(key));
		CHECKF(pattern_compile(row->pattern, true, &pattern) &&
				finds(rf_buf_cstr(&before), &pattern, NULL, "'\n"),
			"%s finds %s", row->id, row->pattern);
	}
}

/* The same with what people write where a secret goes: no run of the pattern varies. */
static void no_token_rule_takes_a_placeholder(void)
{
	static const char fillers[] = {'x', 'X', '0', 'a'};
	const struct token_rule *tables[] = {secret_token_rules, secret_token_rules_more};
	const size_t counts[] = {secret_token_rule_count, secret_token_rule_more_count};

	for (size_t t = 0; t < RF_ARRAY_LEN(tables); t++) {
		for (size_t i = 0; i < counts[t]; i++) {
			struct pattern pattern;
			AUTO_BUF text = {.data = NULL};

			REQUIRE(pattern_compile(tables[t][i].pattern, false, &pattern));
			/* Formats that are all literal have no placeholder. */
			if (pattern.count == 1)
				continue;
			for (size_t f = 0; f < sizeof(fillers); f++) {
				rf_buf_add_c(&text, "k: ");
				for (unsigned p = 0; p < pattern.count; p++)
					for (unsigned n = 0; n < pattern.parts[p].min; n++)
						rf_buf_add_char(
							&text, pattern.parts[p].literal
								       ? pattern.parts[p].literal[n]
								       : fillers[f]);
				rf_buf_add_c(&text, "\n");
			}
			if (tables[t][i].entropy >= 20 &&
				pattern.parts[pattern.count - 1].min >= 16)
				CHECKF(search_in("app.conf", rf_buf_cstr(&text)).count == 0,
					"%s takes no placeholder", tables[t][i].id);
		}
	}
}

static void there_are_formats_of_many_providers(void)
{
	size_t ids = 0;
	const char *last = "";

	for (size_t i = 0; i < secret_token_rule_count; i++) {
		ids += strcmp(secret_token_rules[i].id, last) != 0;
		last = secret_token_rules[i].id;
	}
	for (size_t i = 0; i < secret_token_rule_more_count; i++) {
		ids += strcmp(secret_token_rules_more[i].id, last) != 0;
		last = secret_token_rules_more[i].id;
	}
	CHECKF(ids >= 120, "%zu token formats", ids);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_token_rule_finds_what_it_describes);
	RUN(every_named_rule_finds_what_it_describes);
	RUN(no_token_rule_takes_a_placeholder);
	RUN(there_are_formats_of_many_providers);
	return TAP_END();
}
