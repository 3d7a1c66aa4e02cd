/* Shell scripts: commands have names, and their pipelines, parents and offsets are in range. */
#include "image/dockerfile/shell.h"
#include "image/dockerfile/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool get(void *ctx, struct rf_str name, struct rf_str *ret)
{
	*ret = *(const struct rf_str *)ctx;
	return name.len == 1;
}

/* The same bytes as a word with variables: the first line is their value. */
static void expand(struct rf_str text)
{
	struct rf_str value, word = rf_str_cut(text, '\n', &value);
	struct dockerfile_env env = {.get = get, .ctx = &value};
	AUTO_BUF out = {.max = DOCKERFILE_MAX_EXPANSION};

	dockerfile_expand(word, '\\', &env, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str text = {.ptr = size ? (const char *)data : "", .len = size};
	struct rf_arena *arena = rf_arena_new(0);
	struct shell_script script;

	if (arena && shell_parse(text, arena, &script)) {
		if (script.count > SHELL_MAX_COMMANDS)
			abort();
		for (size_t i = 0; i < script.count; i++) {
			const struct shell_command *cmd = &script.commands[i];

			if (!cmd->name.len || cmd->offset > size ||
				(cmd->parent != SIZE_MAX && cmd->parent >= i))
				abort();
		}
	}
	rf_arena_free(arena);
	expand(text);
	return 0;
}
