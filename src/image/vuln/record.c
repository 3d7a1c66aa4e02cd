/* The small pieces of records; see record_int.h. */
#include "image/vuln/record_int.h"

void record_put_uvarint(struct rf_buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		rf_buf_add_char(out, (char)(value | 0x80));
	rf_buf_add_char(out, (char)value);
}

void record_put_str(struct rf_buf *out, struct rf_str s)
{
	record_put_uvarint(out, s.len);
	rf_buf_add_str(out, s);
}

/* PEP 503: lower case, and runs of '-', '_' and '.' are one '-'. */
static void add_pypi_name(struct rf_buf *out, struct rf_str name)
{
	bool dash = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_dash = c == '-' || c == '_' || c == '.';

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!is_dash)
			rf_buf_add_char(out, c);
		else if (!dash)
			rf_buf_add_char(out, '-');
		dash = is_dash;
	}
}

void record_package_key(struct rf_str ecosystem, struct rf_str name, struct rf_buf *out)
{
	rf_buf_clear(out);
	rf_buf_add_str(out, ecosystem);
	rf_buf_add_char(out, '\0');
	if (rf_str_is(ecosystem, "PyPI"))
		add_pypi_name(out, name);
	else
		rf_buf_add_str(out, name);
}

bool vuln_list_next(struct rf_bytes *list, struct rf_str *ret)
{
	struct rf_reader r = rf_reader_of(*list);

	if (list->len == 0)
		return false;
	*ret = rf_read_str(&r);
	*list = r.failed ? (struct rf_bytes){.ptr = NULL}
			 : (struct rf_bytes){.ptr = list->ptr + r.off, .len = list->len - r.off};
	return !r.failed;
}

bool vuln_list_has(struct rf_bytes list, struct rf_str item)
{
	struct rf_str s;

	while (vuln_list_next(&list, &s)) {
		if (rf_str_eq(s, item))
			return true;
	}
	return false;
}

/* A length and as many bytes, which is how lists lie in a record. */
static struct rf_bytes read_bytes(struct rf_reader *r)
{
	struct rf_str s = rf_read_str(r);

	return (struct rf_bytes){.ptr = (const uint8_t *)s.ptr, .len = s.len};
}

bool vuln_import_next(struct rf_bytes *imports, struct vuln_import *ret)
{
	struct rf_reader r = rf_reader_of(*imports);

	if (imports->len == 0)
		return false;
	ret->path = rf_read_str(&r);
	ret->goos = read_bytes(&r);
	ret->goarch = read_bytes(&r);
	ret->symbols = read_bytes(&r);
	*imports = (struct rf_bytes){.ptr = imports->ptr + r.off, .len = rf_reader_left(&r)};
	return !r.failed;
}

bool vuln_range_next(
	struct rf_bytes *ranges, struct vuln_event *events, size_t max, size_t *ret_count)
{
	struct rf_reader r = rf_reader_of(*ranges), range;
	size_t count = 0;

	if (ranges->len == 0)
		return false;
	range = rf_reader_of(read_bytes(&r));
	while (!r.failed && rf_reader_left(&range) && count < max) {
		unsigned kind = rf_read_u8(&range);

		events[count].version = rf_read_str(&range);
		events[count].kind = (enum vuln_event_kind)kind;
		if (range.failed || kind > VULN_EVENT_LIMIT)
			return false;
		count++;
	}
	*ranges = (struct rf_bytes){.ptr = ranges->ptr + r.off, .len = rf_reader_left(&r)};
	*ret_count = count;
	return !r.failed;
}
