/*
 * Questions to a candidate: is it random enough, or is it a word, a placeholder, an example? No
 * floating point: logarithms are in 1/256 of a bit.
 */
#include "image/secrets/secrets_int.h"

/* log2(x) for x >= 1, in 1/256. */
static uint32_t log2_256(uint32_t x)
{
	const unsigned whole = 31U - (unsigned)__builtin_clz(x);
	uint64_t m = ((uint64_t)x << 31) >> whole; /* in [1, 2) with 31 bits after the point */
	uint32_t result = whole;

	for (unsigned i = 0; i < 8; i++) {
		m = (m * m) >> 31;
		result = result << 1 | (m >> 32 ? 1 : 0);
		if (m >> 32)
			m >>= 1;
	}
	return result;
}

unsigned secret_entropy(struct rf_str s)
{
	uint32_t counts[256] = {0};
	uint64_t sum = 0;

	if (s.len == 0 || s.len > SECRET_MAX_MATCH)
		return 0;
	for (size_t i = 0; i < s.len; i++)
		counts[(uint8_t)s.ptr[i]]++;
	for (unsigned i = 0; i < 256; i++)
		if (counts[i] > 1)
			sum += (uint64_t)counts[i] * log2_256(counts[i]);
	return (unsigned)((log2_256((uint32_t)s.len) - sum / s.len) * 10 / 256);
}

bool secret_is_mixed(struct rf_str s)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < s.len && !(digit && letter); i++) {
		digit = digit || secret_char_is(s.ptr[i], C_DIGIT);
		letter = letter || secret_char_is(s.ptr[i], C_LOWER | C_UPPER);
	}
	return digit && letter;
}

bool secret_is_random(struct rf_str s)
{
	size_t changes = 0, vowels = 0, letters = 0;

	if (s.len < 8)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char c = s.ptr[i];

		if (secret_char_is(c, C_LOWER | C_UPPER)) {
			letters++;
			vowels += strchr("aeiouAEIOU", c) != NULL;
		}
		if (i > 0)
			changes +=
				secret_char_is(c, C_DIGIT) !=
					secret_char_is(s.ptr[i - 1], C_DIGIT) ||
				secret_char_is(c, C_UPPER) !=
					secret_char_is(s.ptr[i - 1], C_UPPER) ||
				secret_char_is(c, C_LOWER) != secret_char_is(s.ptr[i - 1], C_LOWER);
	}
	/* Words change at their ends, every six letters or so; chance changes at every second. */
	if (letters * 10 >= s.len * 8 && vowels * 100 >= letters * 32)
		return changes * 100 >= s.len * 45;
	return changes * 100 >= s.len * 27;
}

bool secret_has_digit_runs(struct rf_str s)
{
	unsigned runs = 0;

	for (size_t i = 0; i < s.len; i++)
		runs += secret_char_is(s.ptr[i], C_DIGIT) &&
			(i == 0 || !secret_char_is(s.ptr[i - 1], C_DIGIT));
	return runs >= 2;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool secret_contains(struct rf_str s, const char *word)
{
	const size_t len = strlen(word);

	for (size_t i = 0; len <= s.len && i <= s.len - len; i++) {
		size_t n = 0;

		while (n < len && lower(s.ptr[i + n]) == word[n])
			n++;
		if (n == len)
			return true;
	}
	return false;
}

bool secret_equals(struct rf_str s, const char *word)
{
	return s.len == strlen(word) && secret_contains(s, word);
}

bool secret_is_one_of(struct rf_str word, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (secret_equals(word, list[i]))
			return true;
	return false;
}

/* A run of one character, or a sequence as on the keyboard's top row or in the alphabet. */
static bool has_run(struct rf_str s)
{
	const size_t limit = s.len < 24 ? 5 : 8;
	size_t same = 1, rising = 1;

	for (size_t i = 1; i < s.len; i++) {
		same = s.ptr[i] == s.ptr[i - 1] ? same + 1 : 1;
		rising = s.ptr[i] == s.ptr[i - 1] + 1 ? rising + 1 : 1;
		if (same >= limit || rising >= limit + 1)
			return true;
	}
	return false;
}

static const char *const placeholders[] = {"example", "xxxx", "changeme", "change_me", "change-me",
	"changeit", "placeholder", "redacted", "replace", "your_", "your-", "yourpass", "yourkey",
	"yoursecret", "insert", "dummy", "sample", "todo", "<", "{{", "${", "$(", "...", "****",
	"deadbeef", "qwerty", "not_a_real", "notreal", "fixme", "0123456789", "secret_key",
	"secretkey", "somesecret", "mysecret", "my_secret", "my-secret", "process.env",
	"os.environ", "getenv", "open sesame", "qwxhzgrpbjpvcgvuihnlc2ftzq",
	/* RFC 5849, 6749, 6750 and jwt.io show these. */
	"2yotnfzfejr1zcsicmwpaa", "tgzv3jokf0xg5qx2tlkwia", "czzcagrsa3f0mzpnwdfmqmf0m2jw",
	"mf_9.b5f-4.1jqm", "ad180jjd733klru7", "sflkxwrjsmekkf2qt4fwpmejf36pok6yjv_adqssw5c",
	"foobar", "foo_bar", "foo-bar", "supersecret"};

bool secret_is_placeholder(struct rf_str s, bool runs_allowed)
{
	if (s.len == 0 || s.ptr[0] == '$' || s.ptr[0] == '%' || s.ptr[0] == '@' ||
		(s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') ||
		(s.ptr[0] == '{' && s.ptr[s.len - 1] == '}') || s.ptr[0] == '<')
		return true;
	for (size_t i = 0; i < RF_ARRAY_LEN(placeholders); i++)
		if (secret_contains(s, placeholders[i]))
			return true;
	return !runs_allowed && has_run(s);
}

static const char *const common_words[] = {"password", "passwd", "pass", "pwd", "pw", "secret",
	"token", "key", "apikey", "api_key", "test", "testing", "user", "username", "name", "value",
	"string", "true", "false", "null", "none", "nil", "undefined", "default", "empty", "basic",
	"bearer", "auth", "admin", "root", "hunter2", "foo", "bar", "baz", "abc", "abc123",
	"test123", "pass123", "password123", "mypassword", "my_password", "mypass", "userpassword",
	"required", "optional", "string", "bool", "yes", "no", "on", "off", "enabled", "disabled",
	"hidden", "secure", "login", "p4ssw0rd", "passw0rd", "p@ssw0rd", "credentials", "postgres",
	"mysql", "guest", "access", "unset", "unknown", "newpassword", "oldpassword", "int", "text",
	"file", "env", "xxx", "yyy", "hello", "world", "x", "y", "z"};

bool secret_is_common_word(struct rf_str s)
{
	return SECRET_IS_ONE_OF(s, common_words);
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

size_t secret_decode(struct rf_str base64, char *out, size_t size)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	while (base64.len && base64.ptr[base64.len - 1] == '=')
		base64.len--;
	for (size_t i = 0; i < base64.len; i++) {
		const int value = sextet(base64.ptr[i]);

		if (value < 0)
			return 0;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[len] = (char)(bits >> have);
		if (out[len] < ' ' || out[len] == 127 || ++len == size)
			return 0;
	}
	return len;
}
