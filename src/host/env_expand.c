/*
 * $(NAME) references. Source: kubernetes third_party/forked/golang/expansion: "$$" is a dollar, a
 * reference that nothing resolves stays as it is written, as does one that is not closed.
 */
#include "host/env_int.h"

static bool lookup(const struct env_list *list, struct rf_str name, struct rf_str *ret)
{
	for (size_t i = list->count; i > list->image_count; i--) {
		struct rf_str head, value = rf_str_cut(rf_str_of(list->items[i - 1]), '=', &head);

		if (value.ptr && rf_str_eq(head, name)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* What follows a '$' that is not the last byte; returns the bytes of rest that it took. */
static size_t expand_one(struct rf_str rest, const struct env_list *list, struct rf_buf *out)
{
	const char *end;
	struct rf_str name, value;

	if (rest.ptr[0] == '$') {
		rf_buf_add_char(out, '$');
		return 1;
	}
	end = rest.ptr[0] == '(' ? memchr(rest.ptr, ')', rest.len) : NULL;
	if (!end) {
		rf_buf_add_char(out, '$');
		rf_buf_add_char(out, rest.ptr[0]);
		return 1;
	}
	name = (struct rf_str){.ptr = rest.ptr + 1, .len = (size_t)(end - rest.ptr) - 1};
	if (lookup(list, name, &value))
		rf_buf_add_str(out, value);
	else
		rf_buf_addf(out, "$(" RF_STR_FMT ")", RF_STR_ARG(name));
	return name.len + 2;
}

char *env_expand(struct rf_str text, const struct env_list *list)
{
	AUTO_BUF out = {.max = ENV_TEXT_MAX};

	for (size_t i = 0; i < text.len;) {
		if (text.ptr[i] != '$' || i + 1 == text.len) {
			rf_buf_add_char(&out, text.ptr[i++]);
			continue;
		}
		i++;
		i += expand_one(
			(struct rf_str){.ptr = text.ptr + i, .len = text.len - i}, list, &out);
	}
	return rf_buf_take(&out);
}
