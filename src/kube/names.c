/* Character classes over views; every rule is a loop over bytes with its bound first. */
#include "kube/names.h"

#define DNS_LABEL_MAX	  63
#define DNS_SUBDOMAIN_MAX 253
#define LABEL_NAME_MAX	  63
#define PORT_NAME_MAX	  15
#define DATA_KEY_MAX	  253

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_word(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

bool kube_is_dns_label(struct rf_str s)
{
	if (s.len == 0 || s.len > DNS_LABEL_MAX || !is_lower_alnum(s.ptr[0]) ||
		!is_lower_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_lower_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	}
	return true;
}

bool kube_is_dns1035_label(struct rf_str s)
{
	return kube_is_dns_label(s) && is_lower(s.ptr[0]);
}

/* The labels of a subdomain have no length of their own, only the whole has. */
bool kube_is_dns_subdomain(struct rf_str s)
{
	char before = '.';

	if (s.len == 0 || s.len > DNS_SUBDOMAIN_MAX || !is_lower_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '.' ? !is_lower_alnum(before)
			     : !is_lower_alnum(c) && (c != '-' || before == '.'))
			return false;
		before = c;
	}
	return true;
}

static bool is_name_part(struct rf_str s)
{
	if (s.len == 0 || s.len > LABEL_NAME_MAX || !is_alnum(s.ptr[0]) ||
		!is_alnum(s.ptr[s.len - 1]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_word(s.ptr[i]))
			return false;
	}
	return true;
}

bool kube_is_label_key(struct rf_str s)
{
	struct rf_str prefix, name = rf_str_cut(s, '/', &prefix);

	if (!name.ptr)
		return is_name_part(s);
	return kube_is_dns_subdomain(prefix) && is_name_part(name);
}

bool kube_is_label_value(struct rf_str s)
{
	return s.ptr && (s.len == 0 || is_name_part(s));
}

bool kube_is_port_name(struct rf_str s)
{
	bool letter = false;

	if (s.len == 0 || s.len > PORT_NAME_MAX || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_lower_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
		if (i && s.ptr[i] == '-' && s.ptr[i - 1] == '-')
			return false;
		letter |= is_lower(s.ptr[i]);
	}
	return letter;
}

bool kube_is_env_name(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~' || s.ptr[i] == '=')
			return false;
	}
	return s.len > 0;
}

bool kube_is_data_key(struct rf_str s)
{
	if (s.len == 0 || s.len > DATA_KEY_MAX || rf_str_is(s, ".") ||
		rf_str_starts(s, RF_STR("..")))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_word(s.ptr[i]))
			return false;
	}
	return true;
}
