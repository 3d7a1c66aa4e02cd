/* Cuts at the first '.' behind the last '/' that is not within type arguments. */
#include "image/go/symbol.h"

static bool is_made_up(struct rf_str text)
{
	static const char *const beginnings[] = {"type:", "type.", "go:"};

	for (size_t i = 0; i < RF_ARRAY_LEN(beginnings); i++) {
		if (rf_str_starts(text, rf_str_of(beginnings[i])))
			return true;
	}
	return text.len == 0;
}

/* Where the package path ends: paths in brackets are of type arguments. */
static size_t package_end(struct rf_str text)
{
	const char *bracket = memchr(text.ptr, '[', text.len);
	size_t end = bracket ? (size_t)(bracket - text.ptr) : text.len, from = 0;
	const char *slash = memrchr(text.ptr, '/', end), *dot;

	if (slash)
		from = (size_t)(slash - text.ptr);
	dot = memchr(text.ptr + from, '.', end - from);
	return dot ? (size_t)(dot - text.ptr) : 0;
}

/* "(*T[...])" and "T[...]" are T. */
static struct rf_str bare_type(struct rf_str type)
{
	const char *bracket;

	if (type.len && type.ptr[0] == '(')
		type = (struct rf_str){type.ptr + 1, type.len - 1};
	if (type.len && type.ptr[0] == '*')
		type = (struct rf_str){type.ptr + 1, type.len - 1};
	if (type.len && type.ptr[type.len - 1] == ')')
		type.len--;
	bracket = type.len ? memchr(type.ptr, '[', type.len) : NULL;
	if (bracket)
		type.len = (size_t)(bracket - type.ptr);
	return type;
}

/* The last '.' outside of brackets, or len. */
static size_t last_dot(struct rf_str s)
{
	size_t at = s.len;
	unsigned depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '[')
			depth++;
		else if (s.ptr[i] == ']' && depth)
			depth--;
		else if (s.ptr[i] == '.' && !depth)
			at = i;
	}
	return at;
}

bool go_symbol_parse(struct rf_str text, struct go_symbol *ret)
{
	struct rf_str rest;
	size_t end, dot;

	if (is_made_up(text))
		return false;
	end = package_end(text);
	if (end == 0)
		return false;
	ret->package = (struct rf_str){text.ptr, end};
	rest = (struct rf_str){text.ptr + end + 1, text.len - end - 1};
	dot = last_dot(rest);
	if (dot == rest.len) {
		ret->receiver = RF_STR("");
		ret->name = bare_type(rest);
	} else {
		ret->receiver = bare_type((struct rf_str){rest.ptr, dot});
		ret->name = bare_type((struct rf_str){rest.ptr + dot + 1, rest.len - dot - 1});
	}
	return ret->name.len > 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static void add_unescaped(struct rf_str s, struct rf_buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		int high = i + 2 < s.len && s.ptr[i] == '%' ? hex_digit(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s.ptr[i + 2]) : -1;

		if (low >= 0) {
			rf_buf_add_char(out, (char)(high * 16 + low));
			i += 2;
		} else {
			rf_buf_add_char(out, s.ptr[i]);
		}
	}
}

void go_symbol_add_package(const struct go_symbol *symbol, struct rf_buf *out)
{
	if (memchr(symbol->package.ptr, '%', symbol->package.len))
		add_unescaped(symbol->package, out);
	else
		rf_buf_add_str(out, symbol->package);
}

void go_symbol_add_name(const struct go_symbol *symbol, struct rf_buf *out)
{
	if (symbol->receiver.len) {
		rf_buf_add_str(out, symbol->receiver);
		rf_buf_add_char(out, '.');
	}
	rf_buf_add_str(out, symbol->name);
}

void go_symbol_add_display(struct rf_str text, struct rf_buf *out)
{
	struct go_symbol symbol;

	if (!go_symbol_parse(text, &symbol)) {
		rf_buf_add_str(out, text);
		return;
	}
	go_symbol_add_package(&symbol, out);
	rf_buf_add_str(
		out, (struct rf_str){text.ptr + symbol.package.len, text.len - symbol.package.len});
}

bool go_package_is_std(struct rf_str path)
{
	struct rf_str first;

	rf_str_cut(path, '/', &first);
	return first.len && !memchr(first.ptr, '.', first.len);
}

bool go_package_in_module(struct rf_str path, struct rf_str module)
{
	return rf_str_starts(path, module) &&
	       (path.len == module.len || path.ptr[module.len] == '/');
}
