/*
 * Stages in one pass over the instructions; a stage takes over what is in force in the one it
 * builds on. Which stages the final one needs is found backwards from it.
 */
#include "image/dockerfile/stages.h"

#include <strings.h>

#include "base/map.h"
#include "base/num.h"
#include "image/dockerfile/words.h"

struct finder {
	const struct dockerfile *file;
	struct rf_arena *arena;
	struct dockerfile_stage *items;
	size_t count;
	struct rf_map args;  /* of the ARGs before the first FROM: name to struct rf_str * */
	struct rf_map names; /* lower-case name to index */
};

static struct rf_str lower(struct rf_arena *arena, struct rf_str s)
{
	struct rf_str copy = rf_arena_str(arena, s);

	for (size_t i = 0; copy.ptr && i < copy.len; i++) {
		char c = copy.ptr[i];

		if (c >= 'A' && c <= 'Z')
			((char *)(uintptr_t)copy.ptr)[i] = (char)(c - 'A' + 'a');
	}
	return copy;
}

static bool get_arg(void *ctx, struct rf_str name, struct rf_str *ret)
{
	const struct finder *f = ctx;
	const struct rf_str *value = rf_map_get_ptr(&f->args, name);

	if (!value)
		return false;
	*ret = *value;
	return true;
}

static struct rf_str expand(struct finder *f, struct rf_str word, bool *ret_known)
{
	struct dockerfile_env env = {.get = get_arg, .ctx = f, .keep_unset = true};
	AUTO_BUF out = {.max = DOCKERFILE_MAX_EXPANSION};

	if (!word.len || (!memchr(word.ptr, '$', word.len) && !memchr(word.ptr, '"', word.len) &&
				 !memchr(word.ptr, '\'', word.len)))
		return word;
	dockerfile_expand(word, f->file->escape, &env, &out);
	*ret_known = !env.failed && !out.failed && !(out.len && memchr(out.data, '$', out.len));
	return rf_arena_str(f->arena, rf_buf_str(&out));
}

static bool add_global(struct finder *f, const struct dockerfile_instr *instr)
{
	for (size_t i = 0; i < instr->pair_count; i++) {
		struct rf_str *value;
		bool known;

		if (!instr->pairs[i].raw.ptr)
			continue;
		value = rf_arena_new_of(f->arena, struct rf_str);
		if (!value)
			return false;
		*value = expand(f, instr->pairs[i].raw, &known);
		if (!value->ptr || !rf_map_put_ptr(&f->args, instr->pairs[i].name, value))
			return false;
	}
	return true;
}

/* What the stage is built on: an earlier stage, nothing, or an image. */
static void set_base(struct finder *f, struct dockerfile_stage *stage)
{
	const struct dockerfile_stage *parent;
	uintptr_t index;

	stage->parent = DOCKERFILE_NO_STAGE;
	if (rf_map_get(&f->names, lower(f->arena, stage->base), &index)) {
		parent = &f->items[index];
		stage->parent = index;
		stage->base = parent->base;
		stage->base_known = parent->base_known;
		stage->scratch = parent->scratch;
		stage->user = parent->user;
		stage->workdir = parent->workdir;
		stage->shell = parent->shell;
	} else {
		stage->scratch = rf_str_is(stage->base, "scratch");
	}
}

static bool add_stage(struct finder *f, const struct dockerfile_instr *from, size_t at)
{
	struct dockerfile_stage *stage = &f->items[f->count];

	*stage = (struct dockerfile_stage){.from = from, .first = at + 1, .base_known = true};
	if (f->count)
		f->items[f->count - 1].end = at;
	if (from->word_count)
		stage->base = expand(f, from->words[0], &stage->base_known);
	if (from->word_count == 3)
		stage->name = from->words[2];
	set_base(f, stage);
	f->count++;
	return !stage->name.ptr ||
	       rf_map_put(&f->names, lower(f->arena, stage->name), (uintptr_t)(f->count - 1));
}

static void add_setting(struct finder *f, const struct dockerfile_instr *instr)
{
	struct dockerfile_stage *stage = &f->items[f->count - 1];

	if (instr->kind == DOCKERFILE_USER)
		stage->user = stage->user_of_stage = instr;
	else if (instr->kind == DOCKERFILE_WORKDIR)
		stage->workdir = instr;
	else if (instr->kind == DOCKERFILE_SHELL)
		stage->shell = instr;
}

size_t dockerfile_stage_named(
	const struct dockerfile_stages *stages, struct rf_str name, size_t before)
{
	uint64_t number;

	if (rf_num_u64(name, SIZE_MAX, &number))
		return number < before ? (size_t)number : DOCKERFILE_NO_STAGE;
	for (size_t i = before; i-- > 0;) {
		const struct rf_str *stage = &stages->items[i].name;

		if (stage->ptr && stage->len == name.len &&
			strncasecmp(stage->ptr, name.ptr, name.len) == 0)
			return i;
	}
	return DOCKERFILE_NO_STAGE;
}

/* from= of a mount; absent when there is none. */
static struct rf_str mount_source(struct rf_str value)
{
	struct rf_str part;

	while (value.ptr) {
		value = rf_str_cut(value, ',', &part);
		if (rf_str_starts(part, RF_STR("from=")))
			return (struct rf_str){part.ptr + 5, part.len - 5};
	}
	return RF_STR_NONE;
}

static void mark_used(struct finder *f, const struct dockerfile_stages *stages, size_t index)
{
	const struct dockerfile_stage *stage = &f->items[index];

	if (stage->parent != DOCKERFILE_NO_STAGE)
		f->items[stage->parent].used = true;
	for (size_t i = stage->first; i < stage->end; i++) {
		const struct dockerfile_instr *instr = f->file->instrs[i];

		for (size_t k = 0; k < instr->flag_count; k++) {
			const struct dockerfile_flag *flag = &instr->flags[k];
			struct rf_str name = rf_str_is(flag->name, "from") ? flag->value
					     : rf_str_is(flag->name, "mount")
						     ? mount_source(flag->value)
						     : RF_STR_NONE;
			size_t found = name.len ? dockerfile_stage_named(stages, name, index)
						: DOCKERFILE_NO_STAGE;

			if (found != DOCKERFILE_NO_STAGE)
				f->items[found].used = true;
		}
	}
}

static bool fill(struct finder *f)
{
	for (size_t i = 0; i < f->file->instr_count; i++) {
		const struct dockerfile_instr *instr = f->file->instrs[i];

		if (instr->kind == DOCKERFILE_FROM) {
			if (f->count == DOCKERFILE_MAX_STAGES || !add_stage(f, instr, i))
				return false;
		} else if (f->count) {
			add_setting(f, instr);
		} else if (instr->kind == DOCKERFILE_ARG && !add_global(f, instr)) {
			return false;
		}
	}
	if (f->count)
		f->items[f->count - 1].end = f->file->instr_count;
	return true;
}

int dockerfile_stages_find(const struct dockerfile *file, struct rf_arena *arena,
	struct dockerfile_stages *ret, struct rf_err *err)
{
	struct finder f = {.file = file, .arena = arena};
	bool ok;

	f.items = rf_arena_array(arena, DOCKERFILE_MAX_STAGES, sizeof(*f.items));
	if (!f.items)
		return rf_err_nomem(err);
	ok = fill(&f);
	rf_map_done(&f.args);
	rf_map_done(&f.names);
	if (!ok)
		return rf_err_set(err, RF_ELIMIT, "more than %d stages", DOCKERFILE_MAX_STAGES);
	*ret = (struct dockerfile_stages){.items = f.items, .count = f.count};
	if (f.count)
		f.items[f.count - 1].used = true;
	for (size_t i = f.count; i-- > 0;) {
		if (f.items[i].used)
			mark_used(&f, ret, i);
	}
	return RF_OK;
}
