/* What rules ask about texts, images and mounts. */
#include <ctype.h>
#include <strings.h>

#include "image/dockerfile/judge_int.h"

const char *const judge_archives[] = {".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2",
	".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz", NULL};

struct rf_str judge_drop_quotes(struct rf_str s)
{
	while (s.len && (s.ptr[0] == '"' || s.ptr[0] == '\''))
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	while (s.len && (s.ptr[s.len - 1] == '"' || s.ptr[s.len - 1] == '\''))
		s.len--;
	return s;
}

bool judge_contains(struct rf_str s, const char *part)
{
	return s.len && memmem(s.ptr, s.len, part, strlen(part));
}

bool judge_contains_nocase(struct rf_str s, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; len <= s.len && i <= s.len - len; i++) {
		if (strncasecmp(s.ptr + i, part, len) == 0)
			return true;
	}
	return false;
}

bool judge_one_of(struct rf_str s, const char *const *list)
{
	for (; *list; list++) {
		if (rf_str_is(s, *list))
			return true;
	}
	return false;
}

bool judge_ends_with_one_of(struct rf_str s, const char *const *list)
{
	for (; *list; list++) {
		if (rf_str_ends(s, rf_str_of(*list)))
			return true;
	}
	return false;
}

bool judge_starts_with_one_of(struct rf_str s, const char *const *list)
{
	for (; *list; list++) {
		if (rf_str_starts(s, rf_str_of(*list)))
			return true;
	}
	return false;
}

bool judge_is_drive(struct rf_str path)
{
	return path.len > 1 && isalpha((unsigned char)path.ptr[0]) && path.ptr[1] == ':';
}

struct rf_str judge_basename(struct rf_str path)
{
	path = judge_drop_quotes(path);
	for (size_t i = path.len; i-- > 0;) {
		if (path.ptr[i] == '/' || path.ptr[i] == '\\')
			return (struct rf_str){path.ptr + i + 1, path.len - i - 1};
	}
	return path;
}

bool judge_is_pip_install(const struct shell_command *cmd)
{
	if (rf_str_starts(cmd->name, RF_STR("pip")) && !rf_str_starts(cmd->name, RF_STR("pipenv")))
		return shell_has_arg(cmd, "install");
	return rf_str_starts(cmd->name, RF_STR("python")) &&
	       shell_has_args_in_row(cmd, "-m pip install");
}

#define MAX_SHOWN 120

bool judge_name(struct judge *j, struct rf_str name)
{
	return judge_say(j, RF_STR_FMT "%s", (int)(name.len < MAX_SHOWN ? name.len : MAX_SHOWN),
		name.ptr ? name.ptr : "", name.len < MAX_SHOWN ? "" : "...");
}

/* The value of key in "type=cache,target=/x"; absent when it is not there. */
static struct rf_str mount_option(struct rf_str mount, const char *key)
{
	struct rf_str part, name, value;

	while (mount.ptr) {
		mount = rf_str_cut(mount, ',', &part);
		value = rf_str_cut(part, '=', &name);
		if (rf_str_is(name, key))
			return value;
	}
	return RF_STR_NONE;
}

bool judge_has_mount(const struct dockerfile_instr *instr, const char *fragment)
{
	static const char *const targets[] = {"target", "dst", "destination"};

	for (size_t i = 0; i < instr->flag_count; i++) {
		struct rf_str value = instr->flags[i].value, type = mount_option(value, "type");

		if (!rf_str_is(instr->flags[i].name, "mount") ||
			(!rf_str_is(type, "cache") && !rf_str_is(type, "tmpfs")))
			continue;
		for (size_t t = 0; t < RF_ARRAY_LEN(targets); t++) {
			if (judge_contains(mount_option(value, targets[t]), fragment))
				return true;
		}
	}
	return false;
}

/* Where the text up to one of the stop characters ends; ${...} is stepped over. */
static size_t plain_end(struct rf_str text, const char *stops)
{
	size_t depth = 0, i = 0;

	for (; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '$' && i + 1 < text.len && text.ptr[i + 1] == '{')
			depth++;
		else if (c == '}' && depth)
			depth--;
		else if (!depth && strchr(stops, c))
			break;
	}
	return i;
}

static struct rf_str cut(struct rf_str *text, const char *stops)
{
	size_t end = plain_end(*text, stops);
	struct rf_str head = {text->ptr, end};

	*text = (struct rf_str){text->ptr + end, text->len - end};
	return head;
}

/* A registry has a dot before the first slash. */
struct judge_image judge_image_parse(struct rf_str text)
{
	struct judge_image image = {0};
	size_t slash;

	if (!text.len)
		return image;
	slash = plain_end(text, "/");

	if (slash < text.len && memchr(text.ptr, '.', slash)) {
		image.registry = cut(&text, "/");
		text = (struct rf_str){text.ptr + 1, text.len - 1};
	}
	image.name = cut(&text, "@:");
	/* localhost:5000/app:1 */
	slash = plain_end(text, "/");
	if (slash < text.len && text.ptr[0] == ':' && !image.registry.ptr) {
		image.registry = (struct rf_str){image.name.ptr, image.name.len + slash};
		text = (struct rf_str){text.ptr + slash + 1, text.len - slash - 1};
		image.name = cut(&text, "@:");
	}
	if (text.len && text.ptr[0] == ':') {
		text = (struct rf_str){text.ptr + 1, text.len - 1};
		image.tag = cut(&text, "@:");
	}
	if (text.len && text.ptr[0] == '@')
		image.digest = (struct rf_str){text.ptr + 1, text.len - 1};
	return image;
}

struct judge_image judge_image_of(const struct dockerfile_instr *from)
{
	const struct dockerfile_flag *platform = dockerfile_flag(from, "platform");
	struct judge_image image = {0};

	if (from->word_count)
		image = judge_image_parse(from->words[0]);
	if (from->word_count >= 3 && strncasecmp(from->words[1].ptr, "as", from->words[1].len) == 0)
		image.alias = from->words[2];
	if (platform)
		image.platform = platform->value;
	return image;
}

/* --- what hadolint keeps for a stage and hands to those that build on it --- */

static struct judge_mark *find_mark(struct judge_marks *marks, struct rf_str name)
{
	rf_vec_each (mark, &marks->list) {
		if (rf_str_eq(mark->name, name))
			return mark;
	}
	return NULL;
}

bool judge_marks_enter(struct judge_marks *marks, const struct dockerfile_instr *from)
{
	struct judge_image image = judge_image_of(from);
	struct judge_mark *parent = find_mark(marks, image.name), *mark;
	bool set = parent && parent->set && marks->entered;

	marks->current = image.alias.ptr ? image.alias : image.name;
	mark = find_mark(marks, marks->current);
	if (!mark)
		mark = rf_vec_add(&marks->list);
	if (!mark)
		return false;
	*mark = (struct judge_mark){.name = marks->current, .set = set};
	marks->entered = true;
	return true;
}

bool judge_marks_set(struct judge_marks *marks)
{
	struct judge_mark *mark = find_mark(marks, marks->current);

	if (!mark)
		mark = rf_vec_add(&marks->list);
	if (!mark)
		return false;
	*mark = (struct judge_mark){.name = marks->current, .set = true};
	return true;
}

bool judge_marks_get(struct judge_marks *marks)
{
	const struct judge_mark *mark = find_mark(marks, marks->current);

	return mark && mark->set;
}

bool judge_same_image(const struct dockerfile_instr *a, const struct dockerfile_instr *b)
{
	struct judge_image left, right;

	if (a == b)
		return true;
	if (!a || !b || !a->word_count || !b->word_count)
		return false;
	left = judge_image_of(a);
	right = judge_image_of(b);
	return rf_str_eq(a->words[0], b->words[0]) && rf_str_eq(left.alias, right.alias) &&
	       rf_str_eq(left.platform, right.platform);
}
