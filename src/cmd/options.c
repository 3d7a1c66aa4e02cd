/* The command line, read by rows. */
#include "cmd/options.h"

#include <stdarg.h>

#include "base/num.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "doc/similar.h"

int opt_fail(const struct opt_usage *usage, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	out_errorf("%s: %s", usage->verb, text ? text : "out of memory");
	fprintf(stderr, "usage: ringfence %s %s\n`ringfence %s --help` tells more.\n", usage->verb,
		usage->synopsis, usage->verb);
	return CMD_EXIT_ERROR;
}

const char *opt_similar(const char *word, const char *const *names, size_t count)
{
	unsigned best = DOC_SIMILAR_MAX;
	const char *near = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned distance = doc_similar_distance(rf_str_of(word), rf_str_of(names[i]));

		if (distance < best) {
			best = distance;
			near = names[i];
		}
	}
	return near && doc_similar_enough(best, strlen(word)) ? near : NULL;
}

static int unknown_option(const struct opt_usage *usage, const char *arg, size_t name_len)
{
	char word[DOC_SIMILAR_MAX + 1] = "";
	const char *names[32], *near;
	size_t count = 0;

	for (size_t i = 0; i < usage->row_count && count < RF_ARRAY_LEN(names); i++)
		names[count++] = usage->rows[i].name;
	if (!rf_str_copy((struct rf_str){arg, name_len}, word, sizeof(word)))
		word[0] = '\0';
	near = opt_similar(word, names, count);
	if (near)
		return opt_fail(usage, "there is no option --%.*s: did you mean --%s?",
			(int)name_len, arg, near);
	return opt_fail(usage, "there is no option --%.*s", (int)name_len, arg);
}

static int set_choice(const struct opt_usage *usage, const struct opt_row *row, const char *value,
	unsigned *field)
{
	AUTO_BUF list = {0};

	for (unsigned i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], value) == 0) {
			*field = i;
			return OPT_GO;
		}
		rf_buf_addf(&list, "%s%s", i ? ", " : "", row->choices[i]);
	}
	return opt_fail(
		usage, "--%s takes one of %s, not \"%s\"", row->name, rf_buf_cstr(&list), value);
}

static int set_value(
	const struct opt_usage *usage, const struct opt_row *row, void *into, const char *value)
{
	void *field = (char *)into + row->offset;

	switch (row->type) {
	case OPT_FLAG: *(bool *)field = true; return OPT_GO;
	case OPT_TEXT: *(const char **)field = value; return OPT_GO;
	case OPT_TEXTS:
		if (!rf_vec_push((struct opt_texts *)field, value))
			return opt_fail(usage, "out of memory");
		return OPT_GO;
	case OPT_NUMBER:
		if (!rf_num_u64(rf_str_of(value), OPT_NUMBER_MAX, field))
			return opt_fail(usage, "--%s takes a number from 0 to %llu, not \"%s\"",
				row->name, (unsigned long long)OPT_NUMBER_MAX, value);
		return OPT_GO;
	case OPT_CHOICE: break;
	}
	return set_choice(usage, row, value, field);
}

/* Where the reading of argv stands. */
struct reading {
	const struct opt_usage *usage;
	void *into;
	int argc;
	char **argv;
	int at;
};

static int take_value(struct reading *r, const struct opt_row *row, const char *attached)
{
	if (row->type != OPT_FLAG && !attached) {
		if (r->at + 1 >= r->argc)
			return opt_fail(r->usage, "--%s needs a value: %s", row->name, row->arg);
		attached = r->argv[++r->at];
	}
	return set_value(r->usage, row, r->into, attached);
}

static int read_long(struct reading *r)
{
	const char *arg = r->argv[r->at] + 2;
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);

	for (size_t i = 0; i < r->usage->row_count; i++) {
		const struct opt_row *row = &r->usage->rows[i];

		if (strlen(row->name) != len || memcmp(row->name, arg, len) != 0)
			continue;
		if (equals && row->type == OPT_FLAG)
			return opt_fail(r->usage, "--%s takes no value", row->name);
		return take_value(r, row, equals ? equals + 1 : NULL);
	}
	return unknown_option(r->usage, arg, len);
}

static const struct opt_row *find_short(const struct opt_usage *usage, char letter)
{
	for (size_t i = 0; i < usage->row_count; i++) {
		if (usage->rows[i].letter && usage->rows[i].letter == letter)
			return &usage->rows[i];
	}
	return NULL;
}

/* "-v", "-nVALUE", and flags together: "-it", the last of them perhaps with a value. */
static int read_short(struct reading *r)
{
	const char *letter = r->argv[r->at] + 1;
	const struct opt_row *row = find_short(r->usage, *letter);

	while (row && row->type == OPT_FLAG && letter[1]) {
		int status = set_value(r->usage, row, r->into, NULL);

		if (status != OPT_GO)
			return status;
		row = find_short(r->usage, *++letter);
	}
	if (!row)
		return opt_fail(r->usage, "there is no option -%c", *letter);
	return take_value(r, row, letter[1] ? letter + 1 : NULL);
}

static int print_help(const struct opt_usage *usage, bool man)
{
	char name[64];
	const struct opt_page page = {
		.name = name, .summary = usage->summary, .usages = &usage, .usage_count = 1};
	AUTO_BUF out = {0};

	snprintf(name, sizeof(name), "ringfence-%s", usage->verb);
	if (man)
		opt_man(&page, &out);
	else
		opt_help(usage, &out);
	return out_result(&out);
}

/* One word that is not an argument; OPT_GO to go on. */
static int read_option(struct reading *r)
{
	const char *arg = r->argv[r->at];

	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
		return print_help(r->usage, false);
	if (strcmp(arg, "--man") == 0)
		return print_help(r->usage, true);
	return arg[1] == '-' ? read_long(r) : read_short(r);
}

static int check_count(const struct opt_usage *usage, const struct opt_args *args)
{
	if (args->count < usage->min_args)
		return opt_fail(usage, "%s missing",
			args->count + 1 == usage->min_args ? "an argument is" : "arguments are");
	if (usage->max_args >= 0 && args->count > usage->max_args)
		return opt_fail(
			usage, "\"%s\" is one argument too many", args->items[usage->max_args]);
	return OPT_GO;
}

int opt_parse(
	const struct opt_usage *usage, int argc, char **argv, void *into, struct opt_args *ret)
{
	struct reading r = {.usage = usage, .into = into, .argc = argc, .argv = argv, .at = 1};
	struct opt_args args = {.items = argv + 1, .dashed = -1};

	for (; r.at < argc; r.at++) {
		int status;

		if (args.dashed >= 0 || argv[r.at][0] != '-' || !argv[r.at][1]) {
			args.items[args.count++] = argv[r.at];
			continue;
		}
		if (strcmp(argv[r.at], "--") == 0) {
			args.dashed = args.count;
			continue;
		}
		status = read_option(&r);
		if (status != OPT_GO)
			return status;
	}
	if (args.dashed < 0)
		args.dashed = args.count;
	*ret = args;
	return check_count(usage, &args);
}
