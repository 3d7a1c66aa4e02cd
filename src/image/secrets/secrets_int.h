/*
 * What the files of this folder share: the rows of rules, places in a text, the small questions
 * that are asked of a candidate.
 */
#ifndef RF_IMAGE_SECRETS_SECRETS_INT_H
#define RF_IMAGE_SECRETS_SECRETS_INT_H

#include "image/secrets/prefilter_int.h"
#include "image/secrets/secrets.h"

#define SECRET_MAX_NAME	 64  /* bytes of a name, either side of its keyword */
#define SECRET_MAX_VALUE 512 /* bytes of a value that is assigned */
#define PATTERN_PARTS	 12

/* Kinds of bytes; a class is a set of them. */
enum char_kind {
	C_01 = 1 << 0,
	C_27 = 1 << 1,
	C_89 = 1 << 2,
	C_LOWER_AF = 1 << 3,
	C_LOWER_GH = 1 << 4,
	C_LOWER_IZ = 1 << 5,
	C_UPPER_AF = 1 << 6,
	C_UPPER_GZ = 1 << 7,
	C_UNDERSCORE = 1 << 8,
	C_MINUS = 1 << 9,
	C_PLUS = 1 << 10,
	C_SLASH = 1 << 11,
	C_EQUALS = 1 << 12,
	C_DOT = 1 << 13,
	C_TILDE = 1 << 14,
	C_PERCENT = 1 << 15,
	C_OTHER = 1 << 16, /* what else can be printed, without blanks and quotes */

	C_DIGIT = C_01 | C_27 | C_89,
	C_LOWER = C_LOWER_AF | C_LOWER_GH | C_LOWER_IZ,
	C_UPPER = C_UPPER_AF | C_UPPER_GZ,
	C_ALNUM = C_DIGIT | C_LOWER | C_UPPER,
	C_WORD = C_ALNUM | C_UNDERSCORE,
	C_NAME = C_WORD | C_MINUS | C_DOT,
	C_B64 = C_ALNUM | C_PLUS | C_SLASH,
	C_TOKEN = C_B64 | C_NAME | C_EQUALS,
};

extern const uint32_t secret_char_kinds[256];

static inline bool secret_char_is(char c, uint32_t kinds)
{
	return (secret_char_kinds[(uint8_t)c] & kinds) != 0;
}

/* A pattern: literals and runs of a class, matched greedily, once, from left to right. */
struct pattern_part {
	const char *literal; /* NULL for a run */
	uint32_t kinds;
	uint16_t min, max; /* of a literal: both its length */
};

struct pattern {
	struct pattern_part parts[PATTERN_PARTS];
	uint8_t count;
	uint8_t anchor; /* the part at which the keyword begins; those before match backwards */
	bool nocase;
};

/*
 * "ghp_<w36>", "<d8-10>|:AA<t33>": what stands in <> is a class and how many of it, a | is where
 * the keyword begins. False when it is no pattern, which is a defect of a row.
 */
bool pattern_compile(const char *notation, bool nocase, struct pattern *ret) RF_MUST_USE;
/* Matches around at; the range of the match. */
bool pattern_match(const struct pattern *pattern, struct rf_str text, size_t at, size_t *ret_begin,
	size_t *ret_end) RF_MUST_USE;

/* Where a keyword was found. */
struct secret_site {
	struct rf_str text, path;
	size_t at, end;	 /* of the keyword */
	bool in_tests;	 /* the path is test data or a test */
	bool is_program; /* the path is program text: only what is quoted is a literal */
};

enum secret_flag {
	F_NOCASE = 1 << 0,	/* literals in any case */
	F_ANYWHERE = 1 << 1,	/* may follow a letter or digit */
	F_STRICT = 1 << 2,	/* a short prefix: must not stand in base64 or a path */
	F_MIXED = 1 << 3,	/* has digits and letters */
	F_RUNS = 1 << 4,	/* repeated characters are part of the format */
	F_NO_TESTS = 1 << 5,	/* not in tests */
	F_RANDOM = 1 << 6,	/* does not read like an identifier */
	F_LOOSE = 1 << 7,	/* may stand in the midst of other text, as in programs */
	F_OUTSTANDING = 1 << 8, /* does not read like words, whatever the format allows */
};

/* A token that is known by its looks. keys: keywords, for patterns that do not begin with one */
struct token_rule {
	const char *id, *title, *severity, *pattern;
	uint8_t entropy; /* tenths of a bit a character; 0 for any */
	uint16_t flags;
	const char *inside; /* must be in it */
	const char *keys;   /* "a|b" */
};

/* A value that is known by the name it is given to. keys: one of these is in the name */
struct named_rule {
	const char *id, *title, *severity, *keys, *pattern;
	uint8_t entropy;
	uint16_t flags;
};

/* What takes more than a pattern. */
struct shape_rule {
	const char *id, *title, *severity, *keys;
	bool (*find)(const struct secret_site *site, struct rf_str *ret);
	uint16_t flags;
	bool weak; /* gives way to every other rule that finds the same */
};

extern const struct token_rule secret_token_rules[];
extern const size_t secret_token_rule_count;
extern const struct token_rule secret_token_rules_more[];
extern const size_t secret_token_rule_more_count;
extern const struct named_rule secret_named_rules[];
extern const size_t secret_named_rule_count;
extern const struct shape_rule secret_shape_rules[];
extern const size_t secret_shape_rule_count;

/* name = "value" around a keyword. */
struct assignment {
	struct rf_str name, value;
	bool quoted;
	bool whole_line; /* nothing follows the value, and nothing but an export precedes the name
			  */
};
bool secret_assignment_read(const struct secret_site *site, struct assignment *ret) RF_MUST_USE;

/* Tenths of a bit a character (Shannon). */
unsigned secret_entropy(struct rf_str s);
/* Digits and letters both. */
bool secret_is_mixed(struct rf_str s);
/* Changes between small, capital and digit as often as chance would have it, unlike words. */
bool secret_is_random(struct rf_str s);
/* Two groups of digits or more: enough where the name and the length already fit. */
bool secret_has_digit_runs(struct rf_str s);
/* "xxxx", "changeme", "${VAR}", "<token>", "AKIA...EXAMPLE", sequences and the like. */
bool secret_is_placeholder(struct rf_str s, bool runs_allowed);
/* A word that people write where a password would be: "password", "secret", "test". */
bool secret_is_common_word(struct rf_str s);
bool secret_contains(struct rf_str s, const char *lower);			   /* in any case */
bool secret_equals(struct rf_str s, const char *lower);				   /* in any case */
bool secret_is_one_of(struct rf_str word, const char *const list[], size_t count); /* in any case */
#define SECRET_IS_ONE_OF(word, list) secret_is_one_of(word, list, RF_ARRAY_LEN(list))
/* Standard base64, padded or not, of text that can be printed; its length, or 0. */
size_t secret_decode(struct rf_str base64, char *out, size_t size);

enum secret_name {
	SECRET_NAME_NONE,
	SECRET_NAME_KEY,      /* api_key, TOKEN, client-secret: random values */
	SECRET_NAME_PASSWORD, /* people choose these */
};
enum secret_name secret_name_kind(struct rf_str name);
bool secret_path_is_test(struct rf_str path);
bool secret_path_is_program(struct rf_str path);

/* Shapes. */
bool secret_find_pem(const struct secret_site *site, struct rf_str *ret);
bool secret_find_url(const struct secret_site *site, struct rf_str *ret);
bool secret_find_curl(const struct secret_site *site, struct rf_str *ret);
bool secret_find_header(const struct secret_site *site, struct rf_str *ret);
bool secret_find_docker_auth(const struct secret_site *site, struct rf_str *ret);
bool secret_find_netrc(const struct secret_site *site, struct rf_str *ret);
bool secret_find_kube_secret(const struct secret_site *site, struct rf_str *ret);
bool secret_find_kubeconfig(const struct secret_site *site, struct rf_str *ret);
bool secret_find_crypt(const struct secret_site *site, struct rf_str *ret);
bool secret_find_connection(const struct secret_site *site, struct rf_str *ret);
bool secret_find_nuget(const struct secret_site *site, struct rf_str *ret);
bool secret_find_terraform(const struct secret_site *site, struct rf_str *ret);
bool secret_find_generic(const struct secret_site *site, struct rf_str *ret);
bool secret_find_password(const struct secret_site *site, struct rf_str *ret);

#endif
