/* A verb with verbs below it. */
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"

#define MAX_VERBS 16

/* "net query" of the group "net" is "query". */
static const char *short_name(const struct opt_group *group, size_t index)
{
	return group->usages[index]->verb + strlen(group->verb) + 1;
}

static int print_man(const struct opt_group *group)
{
	char name[64];
	const struct opt_page page = {
		.name = name,
		.summary = group->summary,
		.text = group->text,
		.usages = group->page_usages ? group->page_usages : group->usages,
		.usage_count = group->page_usages ? group->page_count : group->usage_count,
	};
	AUTO_BUF out = {0};

	snprintf(name, sizeof(name), "ringfence-%s", group->verb);
	opt_man(&page, &out);
	return out_result(&out);
}

static void write_help(const struct opt_group *group, struct rf_buf *out)
{
	int width = 10;

	for (size_t i = 0; i < group->usage_count; i++) {
		int len = (int)strlen(short_name(group, i));

		width = len > width ? len : width;
	}
	rf_buf_addf(out, "usage: ringfence %s VERB [ARGUMENTS]\n\nverbs:\n", group->verb);
	for (size_t i = 0; i < group->usage_count; i++)
		rf_buf_addf(
			out, "  %-*s %s\n", width, short_name(group, i), group->usages[i]->summary);
	rf_buf_addf(out, "\n`ringfence %s VERB --help` tells all about one.\n", group->verb);
}

static int unknown_verb(const struct opt_group *group, const char *name)
{
	const char *names[MAX_VERBS], *near;
	size_t count = 0;

	for (; count < group->usage_count && count < MAX_VERBS; count++)
		names[count] = short_name(group, count);
	near = opt_similar(name, names, count);
	if (near)
		return out_errorf("%s: there is no verb \"%s\": did you mean \"%s\"?", group->verb,
			name, near);
	return out_errorf("%s: there is no verb \"%s\": `ringfence %s --help` lists them",
		group->verb, name, group->verb);
}

int opt_group(const struct opt_group *group, int argc, char **argv, size_t *ret)
{
	AUTO_BUF help = {0};

	write_help(group, &help);
	if (argc < 2) {
		fputs(rf_buf_cstr(&help), stderr);
		return CMD_EXIT_ERROR;
	}
	if (strcmp(argv[1], "--man") == 0)
		return print_man(group);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return out_result(&help);
	for (size_t i = 0; i < group->usage_count; i++) {
		if (strcmp(short_name(group, i), argv[1]) == 0) {
			*ret = i;
			return OPT_GO;
		}
	}
	return unknown_verb(group, argv[1]);
}
