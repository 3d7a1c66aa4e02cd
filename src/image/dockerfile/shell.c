/*
 * A recursive descent without a grammar: words, separators and pipes are told apart, reserved words
 * where a command may begin are stepped over, so that the commands of loops, conditions, groups and
 * functions are found in their order. Patterns of case, the lists of for, tests in brackets and
 * arithmetic are skipped. A parenthesis that closes ends a substitution or subshell.
 */
#include "image/dockerfile/shell.h"

#include <ctype.h>

#include "image/dockerfile/shell_int.h"

RF_VEC_TYPE(word_vec, struct rf_str);

/* --- blanks, comments, heredocs --- */

static void skip_blanks(struct shell_reader *r)
{
	for (;;) {
		while (shell_more(r) &&
			(shell_peek(r) == ' ' || shell_peek(r) == '\t' || shell_peek(r) == '\r'))
			r->at++;
		if (shell_peek(r) == '\\' && shell_peek_at(r, 1) == '\n')
			r->at += 2;
		else
			break;
	}
	if (shell_peek(r) == '#' && (r->at == 0 || shell_ends_word(r->text.ptr[r->at - 1]))) {
		while (shell_more(r) && shell_peek(r) != '\n')
			r->at++;
	}
}

static bool is_shell(const struct shell_command *cmd)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash", "zsh", "ksh"};

	for (size_t i = 0; i < RF_ARRAY_LEN(shells); i++) {
		if (shell_base_is(cmd, shells[i]))
			return true;
	}
	return false;
}

/* A shell without a script reads its input: then the heredoc is one. */
static bool reads_script(const struct shell_command *cmd)
{
	size_t at = 0;
	struct rf_str operand;

	return is_shell(cmd) && (shell_has_flag(cmd, (const char *const[]){"s", NULL}) ||
					!shell_next_operand(cmd, NULL, &at, &operand));
}

static void take_heredoc(struct shell_reader *r, size_t index)
{
	struct rf_str name = r->heredocs[index].name;
	size_t command = r->heredocs[index].command, start = r->at, end = r->at;

	while (shell_more(r)) {
		const char *newline = memchr(r->text.ptr + r->at, '\n', r->text.len - r->at);
		size_t stop = newline ? (size_t)(newline - r->text.ptr) : r->text.len;
		struct rf_str line = shell_slice(r, r->at, stop);

		end = r->at;
		r->at = stop + (newline ? 1 : 0);
		while (r->heredocs[index].chomp && line.len && line.ptr[0] == '\t')
			line = (struct rf_str){line.ptr + 1, line.len - 1};
		if (rf_str_eq(line, name))
			break;
		end = r->at;
	}
	if (command < r->state->commands.count && reads_script(&r->state->commands.items[command]))
		shell_read_nested(r, shell_slice(r, start, end), true, command);
}

/* At a newline: the bodies of the heredocs that were announced in the line. */
static void take_heredocs(struct shell_reader *r)
{
	size_t count = r->heredoc_count;

	r->heredoc_count = 0;
	for (size_t i = 0; i < count; i++)
		take_heredoc(r, i);
}

/* A redirection at the cursor, its target included; false when there is none. */
static bool read_redirection(struct shell_reader *r, size_t command)
{
	size_t at = r->at, operator;
	struct shell_word target;
	bool here, chomp;

	while (at < r->text.len && isdigit((unsigned char)r->text.ptr[at]))
		at++;
	if (at < r->text.len && r->text.ptr[at] == '&' && at + 1 < r->text.len &&
		r->text.ptr[at + 1] == '>')
		at++;
	if (at == r->text.len || (r->text.ptr[at] != '<' && r->text.ptr[at] != '>'))
		return false;
	if (at + 1 < r->text.len && r->text.ptr[at + 1] == '(')
		return false;
	operator= at;
	while (at < r->text.len && strchr("<>&|", r->text.ptr[at]) && at - operator<3)
		at++;
	here = at - operator== 2 && r->text.ptr[operator] == '<' && r->text.ptr[operator+ 1] == '<';
	r->at = at;
	chomp = here && shell_peek(r) == '-';
	r->at += chomp;
	skip_blanks(r);
	target = shell_read_word(r);
	if (here && target.there && r->heredoc_count < SHELL_MAX_HEREDOCS) {
		r->heredocs[r->heredoc_count].name = target.text;
		r->heredocs[r->heredoc_count].chomp = chomp;
		r->heredocs[r->heredoc_count++].command = command;
	}
	return true;
}

/* <(list) and >(list) */
static bool read_process(struct shell_reader *r)
{
	if ((shell_peek(r) != '<' && shell_peek(r) != '>') || shell_peek_at(r, 1) != '(')
		return false;
	r->at += 2;
	shell_read_substitution(r, NULL);
	return true;
}

/* --- commands --- */

static bool is_assignment(struct rf_str word)
{
	size_t i = 0;

	while (i < word.len && (isalnum((unsigned char)word.ptr[i]) || word.ptr[i] == '_'))
		i++;
	if (!i || isdigit((unsigned char)word.ptr[0]))
		return false;
	if (i < word.len && word.ptr[i] == '+')
		i++;
	return i < word.len && word.ptr[i] == '=';
}

/* command, exec, builtin and busybox run what follows them. */
static struct rf_str effective_name(struct rf_str name, const struct word_vec *args)
{
	static const char *const wrappers[] = {"busybox", "builtin", "command", "run"};

	for (size_t i = 0; i < RF_ARRAY_LEN(wrappers); i++) {
		if (rf_str_is(name, wrappers[i]) && args->count && !shell_is_flag(args->items[0]))
			return args->items[0];
	}
	if (!rf_str_is(name, "exec"))
		return name;
	for (size_t i = 0; i < args->count; i++) {
		if (!shell_is_flag(args->items[i]))
			return args->items[i];
	}
	return name;
}

static bool is_word(const struct shell_word *word, const char *text)
{
	return !word->quoted && rf_str_is(word->text, text);
}

/* sh -c 'script': the word behind a flag that ends in c. */
static void read_dash_c(struct shell_reader *r, size_t command)
{
	struct shell_command cmd = r->state->commands.items[command];

	if (!is_shell(&cmd) && !shell_is(&cmd, "eval"))
		return;
	for (size_t i = 0; i < cmd.arg_count; i++) {
		struct rf_str arg = cmd.args[i];
		bool flag = shell_is_flag(arg);

		if (shell_is(&cmd, "eval")) {
			shell_read_nested(r, arg, true, command);
			continue;
		}
		if (!flag)
			return;
		if (arg.len > 1 && arg.ptr[1] != '-' && memchr(arg.ptr, 'c', arg.len) &&
			i + 1 < cmd.arg_count) {
			shell_read_nested(r, cmd.args[i + 1], true, command);
			return;
		}
	}
}

static bool room(struct shell_state *state)
{
	return !state->nomem && state->commands.count < SHELL_MAX_COMMANDS &&
	       state->word_count < SHELL_MAX_WORDS;
}

/* Enters the command before its words are read, so that substitutions in them come behind it. */
static size_t begin_command(struct shell_reader *r, size_t from, size_t pipeline, size_t stage)
{
	struct shell_command cmd = {
		.pipeline = pipeline,
		.stage = stage,
		.parent = r->parent,
		.inner = r->inner,
		.offset = r->fixed ? r->base : (uint32_t)from + r->base,
	};

	if (!rf_vec_push(&r->state->commands, cmd)) {
		r->state->nomem = true;
		return SIZE_MAX;
	}
	return r->state->commands.count - 1;
}

static void end_command(struct shell_reader *r, size_t index, const struct shell_word *name,
	const struct word_vec *args)
{
	struct shell_command *cmd;
	struct rf_str *kept;

	if (index == SIZE_MAX || r->state->nomem)
		return;
	kept = rf_arena_array(r->state->arena, args->count + 1, sizeof(*kept));
	if (!kept) {
		r->state->nomem = true;
		return;
	}
	if (args->count)
		memcpy(kept, args->items, args->count * sizeof(*kept));
	cmd = &r->state->commands.items[index];
	cmd->args = kept;
	cmd->arg_count = args->count;
	cmd->name = name->literal ? effective_name(name->text, args) : RF_STR("");
	r->state->word_count += args->count + 1;
	read_dash_c(r, index);
}

/* Words and redirections up to the end of the command. */
static void read_args(struct shell_reader *r, size_t index, struct word_vec *args)
{
	while (room(r->state)) {
		struct shell_word word;

		skip_blanks(r);
		if (read_process(r)) {
			if (!rf_vec_push(args, RF_STR("")))
				r->state->nomem = true;
			continue;
		}
		if (read_redirection(r, index))
			continue;
		word = shell_read_word(r);
		if (!word.there)
			return;
		if (!rf_vec_push(args, word.text))
			r->state->nomem = true;
	}
}

static void read_command(struct shell_reader *r, struct shell_word name, size_t index)
{
	struct word_vec args = {0};

	read_args(r, index, &args);
	end_command(r, index, &name, &args);
	rf_vec_done(&args);
}

/* [ ... ] and [[ ... ]]: no command; substitutions in it are read. */
static void read_test(struct shell_reader *r, const char *close)
{
	while (shell_more(r) && room(r->state)) {
		struct shell_word word;

		skip_blanks(r);
		word = shell_read_word(r);
		if (is_word(&word, close) || shell_peek(r) == '\n' || shell_peek(r) == ';')
			return;
		if (!word.there)
			r->at += shell_more(r);
	}
}

/* for NAME in WORDS; select likewise. Up to the separator. */
static void skip_words(struct shell_reader *r)
{
	while (shell_more(r) && room(r->state)) {
		skip_blanks(r);
		if (!shell_read_word(r).there)
			return;
	}
}

/* case WORD in: then patterns up to a parenthesis, lists up to ;; */
static void read_case(struct shell_reader *r)
{
	skip_blanks(r);
	shell_read_word(r);
	while (shell_more(r) && room(r->state)) {
		struct shell_word word;

		skip_blanks(r);
		word = shell_read_word(r);
		if (is_word(&word, "esac"))
			return;
		if (word.there || (shell_peek(r) != ')' && shell_peek(r) != '(')) {
			if (!word.there)
				r->at += shell_more(r);
			continue;
		}
		if (r->text.ptr[r->at++] == '(')
			continue;
		if (shell_too_deep(r))
			return;
		r->depth++;
		shell_read_list(r, 'e');
		r->depth--;
		if (r->at >= 4 && rf_str_is(shell_slice(r, r->at - 4, r->at), "esac"))
			return;
	}
}

/* Where a list stands. */
struct list {
	char close; /* ')' of a substitution, 'e' of a case branch, '\0' at the end of the text */
	size_t pipeline, stage;
	size_t open; /* parentheses of subshells */
	bool done;
};

/* What opens and closes: at the end all of it must have met its other half. */
static void count_word(struct shell_reader *r, const struct shell_word *word)
{
	struct shell_state *state = r->state;

	if (r->inner)
		return;
	state->ifs += is_word(word, "if");
	state->ifs -= is_word(word, "fi");
	state->thens += is_word(word, "if") + is_word(word, "elif");
	state->thens -= is_word(word, "then");
	state->heads += is_word(word, "for") + is_word(word, "while") + is_word(word, "until") +
			is_word(word, "select");
	state->heads -= is_word(word, "do");
	state->loops += is_word(word, "do");
	state->loops -= is_word(word, "done");
	state->braces += is_word(word, "{");
	state->braces -= is_word(word, "}");
	state->broken |=
		state->ifs < 0 || state->heads < 0 || state->loops < 0 || state->braces < 0;
}

/* Words that stand where a command may begin and are no command. True when word is one. */
static bool reserved(struct shell_reader *r, struct list *list, const struct shell_word *word)
{
	static const char *const skipped[] = {"if", "then", "elif", "else", "fi", "while", "until",
		"do", "done", "{", "}", "!", "time", "coproc"};

	for (size_t i = 0; i < RF_ARRAY_LEN(skipped); i++) {
		if (!is_word(word, skipped[i]))
			continue;
		count_word(r, word);
		return true;
	}
	if (is_word(word, "[") || is_word(word, "[[")) {
		read_test(r, is_word(word, "[") ? "]" : "]]");
	} else if (is_word(word, "for") || is_word(word, "select")) {
		count_word(r, word);
		skip_words(r);
	} else if (is_word(word, "function")) {
		skip_blanks(r);
		shell_read_word(r);
	} else if (is_word(word, "case")) {
		read_case(r);
	} else if (is_word(word, "esac") && list->close == 'e') {
		list->done = true;
	} else {
		return false;
	}
	return true;
}

static void mark_piped(struct shell_reader *r, size_t pipeline)
{
	for (size_t i = r->state->commands.count; i-- > 0;) {
		struct shell_command *cmd = &r->state->commands.items[i];

		if (cmd->pipeline < pipeline || (cmd->pipeline == pipeline && cmd->piped))
			break;
		if (cmd->pipeline == pipeline)
			cmd->piped = true;
	}
}

/* ; & | newline and parentheses. False when the cursor is on none of them. */
static bool read_separator(struct shell_reader *r, struct list *list)
{
	char c = shell_peek(r), next = shell_peek_at(r, 1);

	if (!strchr(";&|\n()", c) || !c)
		return false;
	r->at++;
	if (c == ')' && list->close == ')' && !list->open) {
		list->done = true;
		return true;
	}
	shell_break(r, c == ')' && !list->open && list->close != 'e');
	list->open -= c == ')' && list->open;
	if (c == ';' && next == ';' && list->close == 'e') {
		list->done = true;
		return true;
	}
	if (c == '|' && next != '|') {
		r->at += next == '&';
		r->state->has_pipe |= !r->inner;
		mark_piped(r, list->pipeline);
		list->stage++;
		return true;
	}
	r->at += (c == '|' || c == '&') && next == c;
	if (c == '\n')
		take_heredocs(r);
	if (c == '(' && next == '(') {
		r->at++;
		shell_skip_balanced(r, '(', ')');
		r->at += shell_peek(r) == ')';
	} else if (c == '(') {
		list->open++;
	}
	/* The commands of a subshell take part in the pipe behind it; a pipeline goes on in it. */
	if (c != '(' && c != ')') {
		list->pipeline = r->state->pipelines++;
		list->stage = 0;
	}
	return true;
}

void shell_read_list(struct shell_reader *r, char close)
{
	struct list list = {.close = close, .pipeline = r->state->pipelines++};

	while (!list.done && room(r->state)) {
		struct shell_word word;
		size_t index, before;

		skip_blanks(r);
		if (!shell_more(r)) {
			shell_break(r, close == ')' || list.open);
			return;
		}
		if (read_separator(r, &list) || read_process(r) || read_redirection(r, SIZE_MAX))
			continue;
		before = r->at;
		index = begin_command(r, r->at, list.pipeline, list.stage);
		word = shell_read_word(r);
		if (!word.there) {
			r->at += r->at == before; /* what this is, is not known: step over it */
			continue;
		}
		if (is_assignment(shell_slice(r, before, r->at))) {
			if (shell_peek(r) == '(' && r->at++)
				shell_skip_balanced(r, '(', ')'); /* an array */
			continue;
		}
		if (reserved(r, &list, &word))
			continue;
		if (shell_peek(r) == '(' && shell_peek_at(r, 1) == ')') {
			r->at += 2;
			continue;
		}
		read_command(r, word, index);
		shell_break(r, shell_peek(r) == '(');
	}
}

/* The commands of another text, as if they stood where the command does that has it. */
void shell_read_nested(struct shell_reader *r, struct rf_str text, bool inner, size_t parent)
{
	struct shell_reader nested = {
		.state = r->state,
		.text = text,
		.depth = r->depth + 1,
		.parent = parent,
		.inner = r->inner || inner,
		.fixed = true,
		.base = r->fixed ? r->base : r->base + (uint32_t)r->at,
	};

	if (!shell_too_deep(r) && text.len)
		shell_read_list(&nested, '\0');
}

/* Without those that turned out to be assignments, reserved words or not literal. */
static bool keep_named(struct shell_state *state, struct shell_script *ret)
{
	struct shell_command *kept =
		rf_arena_array(state->arena, state->commands.count + 1, sizeof(*kept));
	size_t *places = calloc(state->commands.count + 1, sizeof(*places));

	if (!kept || !places) {
		free(places);
		return false;
	}
	for (size_t i = 0; i < state->commands.count; i++) {
		struct shell_command cmd = state->commands.items[i];

		places[i] = cmd.name.len ? ret->count : SIZE_MAX;
		if (cmd.parent != SIZE_MAX)
			cmd.parent = cmd.parent < i ? places[cmd.parent] : SIZE_MAX;
		if (cmd.name.len)
			kept[ret->count++] = cmd;
	}
	free(places);
	ret->commands = kept;
	return true;
}

bool shell_parse(struct rf_str text, struct rf_arena *arena, struct shell_script *ret)
{
	struct shell_state state = {.arena = arena};
	struct shell_reader reader = {.state = &state, .text = text, .parent = SIZE_MAX};
	bool ok;

	*ret = (struct shell_script){.text = text};
	while (shell_more(&reader) && room(&state))
		shell_read_list(&reader, '\0');
	ret->broken = state.broken || state.ifs || state.thens || state.heads || state.loops ||
		      state.braces;
	ret->has_pipe = state.has_pipe && !ret->broken;
	ok = !state.nomem && keep_named(&state, ret);
	rf_vec_done(&state.commands);
	return ok;
}
