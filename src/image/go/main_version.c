/*
 * Which version a main module has. Go writes "(devel)" for what is built in its own checkout
 * (before 1.24), so build scripts set a variable of their own at link time.
 */
#include "image/go/buildinfo.h"

static bool is_version_variable(struct rf_str name)
{
	static const char *const ends[] = {".version", ".Version", ".buildVersion", ".BuildVersion",
		".gitVersion", ".appVersion", ".AppVersion", ".tag", ".Tag", ".VERSION"};

	for (size_t i = 0; i < RF_ARRAY_LEN(ends); i++) {
		if (rf_str_ends(name, rf_str_of(ends[i])))
			return true;
	}
	return false;
}

static bool looks_like_version(struct rf_str s)
{
	size_t dots = 0;

	if (s.len && s.ptr[0] == 'v')
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	if (s.len == 0 || s.ptr[0] < '0' || s.ptr[0] > '9')
		return false;
	for (size_t i = 0; i < s.len; i++)
		dots += s.ptr[i] == '.';
	return dots > 0;
}

static struct rf_str strip_quotes(struct rf_str s)
{
	while (s.len && (s.ptr[0] == '\'' || s.ptr[0] == '"'))
		s = (struct rf_str){s.ptr + 1, s.len - 1};
	while (s.len && (s.ptr[s.len - 1] == '\'' || s.ptr[s.len - 1] == '"'))
		s.len--;
	return s;
}

/* The value of the first -X NAME=VALUE whose name and value look like a version's. */
static struct rf_str ldflags_version(struct rf_str flags)
{
	bool expected = false;
	struct rf_str word;

	while (flags.ptr) {
		struct rf_str name, value;

		flags = rf_str_cut(flags, ' ', &word);
		word = strip_quotes(word);
		if (rf_str_is(word, "-X") || rf_str_is(word, "--X")) {
			expected = true;
			continue;
		}
		if (rf_str_starts(word, RF_STR("-X="))) {
			word = strip_quotes((struct rf_str){word.ptr + 3, word.len - 3});
			expected = true;
		}
		value = rf_str_cut(word, '=', &name);
		value = strip_quotes(value);
		if (expected && is_version_variable(name) && looks_like_version(value))
			return value;
		expected = false;
	}
	return RF_STR("");
}

/* v0.0.0-20240102030405-abcdef123456 of "2024-01-02T03:04:05Z" and a hash. */
static struct rf_str pseudo_version(const struct go_build *build, struct rf_arena *arena)
{
	char digits[15];
	size_t count = 0;

	for (size_t i = 0; i < build->vcs_time.len && count < 14; i++) {
		char c = build->vcs_time.ptr[i];

		if (c >= '0' && c <= '9')
			digits[count++] = c;
	}
	digits[count] = '\0';
	if (count < 14 || build->vcs_revision.len < 12)
		return RF_STR("");
	return rf_arena_printf(arena, "v0.0.0-%s-%.12s%s", digits, build->vcs_revision.ptr,
		build->vcs_modified ? "+dirty" : "");
}

struct rf_str go_main_version(
	const struct go_build *build, struct rf_arena *arena, bool *ret_guessed)
{
	struct rf_str version = build->main.version;

	*ret_guessed = false;
	if (version.len && !rf_str_is(version, "(devel)"))
		return version;
	version = ldflags_version(build->ldflags);
	if (version.len)
		return version.ptr[0] == 'v'
			       ? version
			       : rf_arena_printf(arena, "v" RF_STR_FMT, RF_STR_ARG(version));
	*ret_guessed = true;
	return pseudo_version(build, arena);
}
