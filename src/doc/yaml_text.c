/* Finding lines, documents and characters in a YAML text. */
#include "doc/yaml_text_int.h"

size_t doc_yaml_line_start(struct rf_str text, size_t at)
{
	while (at > 0 && text.ptr[at - 1] != '\n')
		at--;
	return at;
}

static bool is_document_line(struct rf_str text, size_t at)
{
	if (text.len - at < 3 || memcmp(text.ptr + at, "---", 3) != 0)
		return false;
	return text.len - at == 3 || strchr(" \t\r\n", text.ptr[at + 3]);
}

size_t doc_yaml_next_document(struct rf_str text, size_t from, size_t end)
{
	size_t at = from;

	while (at < end) {
		const char *newline;

		if ((at == 0 || text.ptr[at - 1] == '\n') && is_document_line(text, at))
			return at;
		newline = memchr(text.ptr + at, '\n', end - at);
		if (!newline)
			break;
		at = (size_t)(newline - text.ptr) + 1;
	}
	return end;
}

size_t doc_yaml_skip(struct rf_str text, size_t start, size_t end, size_t count)
{
	while (start < end && count > 0) {
		start++;
		while (start < end && ((unsigned char)text.ptr[start] & 0xc0) == 0x80)
			start++;
		count--;
	}
	return start;
}

uint32_t doc_yaml_count_lines(struct rf_str text, size_t start, size_t end)
{
	uint32_t count = 0;

	for (size_t i = start; i < end; i++)
		count += text.ptr[i] == '\n';
	return count;
}

size_t doc_yaml_good_end(struct rf_str text, size_t start, size_t bad)
{
	size_t at = doc_yaml_line_start(text, bad);

	while (at > start && !is_document_line(text, at))
		at = doc_yaml_line_start(text, at - 1);
	return at > start ? at : start;
}
