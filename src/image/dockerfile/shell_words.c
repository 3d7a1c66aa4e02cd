/* Questions about a simple command: its name, flags and operands. */
#include "base/vec.h"
#include "image/dockerfile/shell.h"

bool shell_is(const struct shell_command *cmd, const char *name)
{
	return rf_str_is(cmd->name, name);
}

bool shell_base_is(const struct shell_command *cmd, const char *name)
{
	struct rf_str base = cmd->name;

	for (size_t i = base.len; i-- > 0;) {
		if (base.ptr[i] != '/')
			continue;
		base = (struct rf_str){base.ptr + i + 1, base.len - i - 1};
		break;
	}
	return rf_str_is(base, name);
}

bool shell_has_arg(const struct shell_command *cmd, const char *arg)
{
	for (size_t i = 0; i < cmd->arg_count; i++) {
		if (rf_str_is(cmd->args[i], arg))
			return true;
	}
	return false;
}

bool shell_has_any_arg(const struct shell_command *cmd, const char *const *args)
{
	for (; *args; args++) {
		if (shell_has_arg(cmd, *args))
			return true;
	}
	return false;
}

static bool row_at(const struct shell_command *cmd, size_t at, const char *wanted)
{
	struct rf_str rest = rf_str_of(wanted), word;

	for (; rest.ptr; at++) {
		rest = rf_str_cut(rest, ' ', &word);
		if (at >= cmd->arg_count || !rf_str_eq(cmd->args[at], word))
			return false;
	}
	return true;
}

bool shell_has_args_in_row(const struct shell_command *cmd, const char *wanted)
{
	for (size_t i = 0; i < cmd->arg_count; i++) {
		if (row_at(cmd, i, wanted))
			return true;
	}
	return false;
}

bool shell_is_flag(struct rf_str arg)
{
	return arg.len > 1 && arg.ptr[0] == '-' && !rf_str_is(arg, "--");
}

/* How often flag stands in one argument. */
static size_t flags_in(struct rf_str arg, struct rf_str flag)
{
	struct rf_str name;
	size_t count = 0;

	if (!shell_is_flag(arg))
		return 0;
	if (arg.ptr[1] == '-') {
		rf_str_cut((struct rf_str){arg.ptr + 2, arg.len - 2}, '=', &name);
		return rf_str_eq(name, flag);
	}
	for (size_t i = 1; flag.len == 1 && i < arg.len; i++)
		count += arg.ptr[i] == flag.ptr[0];
	return count;
}

size_t shell_flag_count(const struct shell_command *cmd, const char *flag)
{
	size_t count = 0;

	for (size_t i = 0; i < cmd->arg_count; i++)
		count += flags_in(cmd->args[i], rf_str_of(flag));
	return count;
}

bool shell_has_flag(const struct shell_command *cmd, const char *const *flags)
{
	for (; *flags; flags++) {
		if (shell_flag_count(cmd, *flags))
			return true;
	}
	return false;
}

static bool takes_next(struct rf_str arg, const char *const *with_values)
{
	if (memchr(arg.ptr, '=', arg.len))
		return false;
	for (; with_values && *with_values; with_values++) {
		if (flags_in(arg, rf_str_of(*with_values)))
			return true;
	}
	return false;
}

bool shell_next_operand(const struct shell_command *cmd, const char *const *with_values, size_t *at,
	struct rf_str *ret)
{
	while (*at < cmd->arg_count) {
		size_t i = (*at)++;
		struct rf_str arg = cmd->args[i];

		if (shell_is_flag(arg))
			continue;
		if (i && cmd->args[i - 1].len && takes_next(cmd->args[i - 1], with_values))
			continue;
		*ret = arg;
		return true;
	}
	return false;
}
