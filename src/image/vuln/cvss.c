/* Vectors: which version, then NAME:VALUE by the rows of that version. */
#include "image/vuln/cvss_int.h"

#include <strings.h>

static const char *const level_names[] = {
	[VULN_LEVEL_UNRATED] = "unrated",
	[VULN_LEVEL_NONE] = "none",
	[VULN_LEVEL_LOW] = "low",
	[VULN_LEVEL_MEDIUM] = "medium",
	[VULN_LEVEL_HIGH] = "high",
	[VULN_LEVEL_CRITICAL] = "critical",
};

static const struct {
	const char *name;
	enum vuln_level level;
} level_aliases[] = {
	{"moderate", VULN_LEVEL_MEDIUM},
	{"important", VULN_LEVEL_HIGH},
};

static bool same_word(struct rf_str s, const char *word)
{
	return s.len == strlen(word) && s.len && strncasecmp(s.ptr, word, s.len) == 0;
}

const char *vuln_level_name(enum vuln_level level)
{
	return level_names[level];
}

bool vuln_level_find(struct rf_str name, enum vuln_level *ret)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(level_names); i++) {
		if (same_word(name, level_names[i])) {
			*ret = (enum vuln_level)i;
			return true;
		}
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(level_aliases); i++) {
		if (same_word(name, level_aliases[i].name)) {
			*ret = level_aliases[i].level;
			return true;
		}
	}
	return false;
}

/* CVSS 2 has no scale of its own: NVD's, which knows no "critical". */
static enum vuln_level level_of(unsigned version, unsigned tenths)
{
	if (tenths == 0)
		return VULN_LEVEL_NONE;
	if (tenths < 40)
		return VULN_LEVEL_LOW;
	if (tenths < 70)
		return VULN_LEVEL_MEDIUM;
	return tenths < 90 || version < 30 ? VULN_LEVEL_HIGH : VULN_LEVEL_CRITICAL;
}

/* --- vectors --- */

/* CVSS 2 comes last: it has no prefix, so it takes what no other has taken. */
static const struct cvss_rules *const all_rules[] = {
	&cvss_rules_v31, &cvss_rules_v30, &cvss_rules_v4, &cvss_rules_v2};

/* *s becomes what is behind the prefix. */
static const struct cvss_rules *find_rules(struct rf_str *s)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(all_rules); i++) {
		struct rf_str prefix = rf_str_of(all_rules[i]->prefix);

		if (!rf_str_starts(*s, prefix))
			continue;
		s->ptr += prefix.len;
		s->len -= prefix.len;
		return all_rules[i];
	}
	return NULL;
}

static bool find_value(struct rf_str values, struct rf_str value, uint8_t *ret)
{
	struct rf_str name;

	for (uint8_t i = 0; values.len; i++) {
		values = rf_str_cut(values, ' ', &name);
		if (rf_str_eq(name, value)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static int set_metric(const struct cvss_rules *rules, struct rf_str name, struct rf_str value,
	uint8_t values[static CVSS_METRICS_MAX], struct rf_err *err)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct cvss_metric *metric = &rules->metrics[i];

		if (!rf_str_is(name, metric->name))
			continue;
		if (values[i] != CVSS_UNSET)
			return rf_err_set(err, RF_EINPUT, "metric %s is repeated", metric->name);
		if (!find_value(rf_str_of(metric->values), value, &values[i]))
			return rf_err_set(err, RF_EINPUT,
				"metric %s has no value \"" RF_STR_FMT "\": want one of %s",
				metric->name, RF_STR_ARG(value), metric->values);
		return RF_OK;
	}
	return rf_err_set(err, RF_EINPUT, "unknown metric \"" RF_STR_FMT "\"", RF_STR_ARG(name));
}

static int read_metrics(const struct cvss_rules *rules, struct rf_str s,
	uint8_t values[static CVSS_METRICS_MAX], struct rf_err *err)
{
	struct rf_str part, rest = s;

	memset(values, CVSS_UNSET, CVSS_METRICS_MAX);
	do {
		struct rf_str name, value;
		int rc;

		rest = rf_str_cut(rest, '/', &part);
		value = rf_str_cut(part, ':', &name);
		if (!value.ptr)
			return rf_err_set(err, RF_EINPUT,
				"\"" RF_STR_FMT "\" is no metric and value (\"AV:N\")",
				RF_STR_ARG(part));
		rc = set_metric(rules, name, value, values, err);
		if (rc < 0)
			return rc;
	} while (rest.ptr);
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->metrics[i].base && values[i] == CVSS_UNSET)
			return rf_err_set(
				err, RF_EINPUT, "metric %s is missing", rules->metrics[i].name);
	}
	return RF_OK;
}

static int parse(struct rf_str s, struct cvss *ret, struct rf_err *err)
{
	const struct cvss_rules *rules = find_rules(&s);
	uint8_t values[CVSS_METRICS_MAX];
	int rc;

	if (!rules || (rules == &cvss_rules_v2 && rf_str_starts(s, RF_STR("CVSS:"))))
		return rf_err_set(err, RF_EINPUT, "want CVSS 2.0, 3.0, 3.1 or 4.0");
	if (rules == &cvss_rules_v2 && s.len > 1 && s.ptr[0] == '(' && s.ptr[s.len - 1] == ')')
		s = (struct rf_str){s.ptr + 1, s.len - 2};
	rc = read_metrics(rules, s, values, err);
	if (rc < 0)
		return rc;
	ret->version = rules->version;
	ret->base_tenths = rules->score(values);
	ret->level = level_of(rules->version, ret->base_tenths);
	return RF_OK;
}

int cvss_parse(struct rf_str vector, struct cvss *ret, struct rf_err *err)
{
	int rc;

	if (vector.len > CVSS_VECTOR_MAX)
		return rf_err_set(err, RF_EINPUT, "a CVSS vector has at most %d bytes, not %zu",
			CVSS_VECTOR_MAX, vector.len);
	rc = parse(vector, ret, err);
	return rc < 0 ? rf_err_wrap(err, rc, "CVSS vector \"%.*s\"",
				(int)(vector.len < 200 ? vector.len : 200),
				vector.ptr ? vector.ptr : "")
		      : RF_OK;
}
