/* --help and man pages (mdoc, see mdoc(7)) from the rows of options. */
#include <ctype.h>

#include "cmd/options.h"

#define HELP_WIDTH 80
#define HELP_LEFT  26 /* where the words of an option begin */

/* Fills lines of width columns, each beginning with indent spaces; *at is the column now. */
static void fill(struct rf_str text, size_t indent, size_t *at, struct rf_buf *out)
{
	while (text.len) {
		struct rf_str word;

		text = rf_str_cut(text, ' ', &word);
		if (*at > indent && *at + 1 + word.len > HELP_WIDTH) {
			rf_buf_add_char(out, '\n');
			*at = 0;
		}
		if (*at < indent)
			rf_buf_addf(out, "%*s", (int)(indent - *at), "");
		else if (*at > indent)
			rf_buf_add_char(out, ' ');
		*at = (*at < indent ? indent : *at + (*at > indent)) + word.len;
		rf_buf_add_str(out, word);
	}
	rf_buf_add_char(out, '\n');
	*at = 0;
}

/* The next paragraph of text; *text moves on. */
static bool next_paragraph(const char **text, struct rf_str *ret)
{
	const char *end;

	if (!*text || !**text)
		return false;
	end = strstr(*text, "\n\n");
	*ret = (struct rf_str){*text, end ? (size_t)(end - *text) : strlen(*text)};
	*text = end ? end + 2 : *text + ret->len;
	return true;
}

static void help_row(const struct opt_row *row, struct rf_buf *out)
{
	size_t start = out->len, at;

	if (row->letter)
		rf_buf_addf(out, "  -%c, --%s", row->letter, row->name);
	else
		rf_buf_addf(out, "      --%s", row->name);
	if (row->arg)
		rf_buf_addf(out, " %s", row->arg);
	at = out->len - start;
	if (at >= HELP_LEFT) {
		rf_buf_add_char(out, '\n');
		at = 0;
	}
	fill(rf_str_of(row->help), HELP_LEFT, &at, out);
}

void opt_help(const struct opt_usage *usage, struct rf_buf *out)
{
	static const struct opt_row help = {
		.name = "help", .letter = 'h', .type = OPT_FLAG, .help = "Prints this."};
	const char *text = usage->text;
	struct rf_str paragraph;
	size_t at = 0;

	rf_buf_addf(out, "usage: ringfence %s %s\n\n%c%s.\n", usage->verb, usage->synopsis,
		toupper((unsigned char)usage->summary[0]), usage->summary + 1);
	while (next_paragraph(&text, &paragraph)) {
		rf_buf_add_char(out, '\n');
		fill(paragraph, 0, &at, out);
	}
	rf_buf_add_c(out, "\noptions:\n");
	for (size_t i = 0; i < usage->row_count; i++)
		help_row(&usage->rows[i], out);
	help_row(&help, out);
	if (usage->example_count)
		rf_buf_add_c(out, "\nexamples:\n");
	for (size_t i = 0; i < usage->example_count; i++)
		rf_buf_addf(
			out, "  # %s\n  %s\n", usage->examples[i].what, usage->examples[i].command);
	if (usage->exits)
		rf_buf_addf(out, "\nexit status: %s\n", usage->exits);
}

/* Text as mdoc: no line may begin with a control character, no backslash be an escape. */
static void man_text(struct rf_str text, struct rf_buf *out)
{
	bool first = true;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool doubled = c == '-' && ((i && text.ptr[i - 1] == '-') ||
						   (i + 1 < text.len && text.ptr[i + 1] == '-'));

		if (first && (c == '.' || c == '\''))
			rf_buf_add_c(out, "\\&");
		first = c == '\n';
		if (c == '\\')
			rf_buf_add_c(out, "\\e");
		else if (doubled)
			rf_buf_add_c(out, "\\-");
		else
			rf_buf_add_char(out, c);
	}
	rf_buf_add_char(out, '\n');
}

static void man_paragraphs(const char *text, struct rf_buf *out)
{
	struct rf_str paragraph;
	bool first = true;

	while (next_paragraph(&text, &paragraph)) {
		if (!first)
			rf_buf_add_c(out, ".Pp\n");
		first = false;
		man_text(paragraph, out);
	}
}

void opt_man_head(const char *name, const char *summary, struct rf_buf *out)
{
	AUTO_BUF upper = {0};

	for (const char *c = name; *c; c++)
		rf_buf_add_char(&upper, (char)toupper((unsigned char)*c));
	rf_buf_addf(out,
		".\\\" Made by `ringfence help --man` from the rows of src/cmd: change those.\n"
		".Dd November 23, 2026\n.Dt %s 1\n.Os Ringfence\n.Sh NAME\n.Nm %s\n.Nd %s\n",
		rf_buf_cstr(&upper), name, summary);
}

/* A command line; the escape keeps its words from being taken for macros. */
static void man_command(const struct opt_usage *usage, struct rf_buf *out)
{
	rf_buf_addf(out, ".D1 ringfence %s ", usage->verb);
	for (const char *c = usage->synopsis; *c; c++) {
		if (*c == ' ' || c == usage->synopsis)
			rf_buf_addf(out, "%s\\&", *c == ' ' ? " " : "");
		if (*c == '-')
			rf_buf_add_c(out, "\\-");
		else if (*c != ' ')
			rf_buf_add_char(out, *c);
	}
	rf_buf_add_char(out, '\n');
}

static void man_options(const struct opt_usage *usage, struct rf_buf *out)
{
	rf_buf_add_c(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < usage->row_count; i++) {
		const struct opt_row *row = &usage->rows[i];

		rf_buf_add_c(out, ".It ");
		if (row->letter)
			rf_buf_addf(out, "Fl %c , ", row->letter);
		rf_buf_addf(out, "Fl Fl %s", row->name);
		if (row->arg)
			rf_buf_addf(out, " Ar %s", row->arg);
		rf_buf_add_char(out, '\n');
		man_text(rf_str_of(row->help), out);
	}
	rf_buf_add_c(out, ".El\n");
}

static void man_usage(const struct opt_usage *usage, bool alone, struct rf_buf *out)
{
	if (!alone) {
		rf_buf_addf(out, ".Ss ringfence %s\n%c%s.\n", usage->verb,
			toupper((unsigned char)usage->summary[0]), usage->summary + 1);
		if (usage->text)
			rf_buf_add_c(out, ".Pp\n");
	}
	man_paragraphs(usage->text, out);
	if (usage->row_count) {
		rf_buf_add_c(out, ".Pp\nOptions:\n");
		man_options(usage, out);
	}
	if (usage->exits && !alone) {
		rf_buf_add_c(out, ".Pp\nExit status: ");
		man_text(rf_str_of(usage->exits), out);
	}
}

static void man_example(const struct opt_example *example, struct rf_buf *out)
{
	bool question = example->what[0] && example->what[strlen(example->what) - 1] == '?';

	rf_buf_addf(out, ".Pp\n%c%s%s\n.Bd -literal -offset indent\n",
		toupper((unsigned char)example->what[0]), example->what + 1, question ? "" : ":");
	man_text(rf_str_of(example->command), out);
	rf_buf_add_c(out, ".Ed\n");
}

static void man_examples(const struct opt_page *page, struct rf_buf *out)
{
	rf_buf_add_c(out, ".Sh EXAMPLES\n");
	for (size_t u = 0; u < page->usage_count; u++) {
		for (size_t i = 0; i < page->usages[u]->example_count; i++)
			man_example(&page->usages[u]->examples[i], out);
	}
}

void opt_man(const struct opt_page *page, struct rf_buf *out)
{
	bool alone = page->usage_count == 1 && !page->text;

	opt_man_head(page->name, page->summary, out);
	rf_buf_add_c(out, ".Sh SYNOPSIS\n");
	for (size_t i = 0; i < page->usage_count; i++)
		man_command(page->usages[i], out);
	rf_buf_add_c(out, ".Sh DESCRIPTION\n");
	man_paragraphs(page->text, out);
	for (size_t i = 0; i < page->usage_count; i++)
		man_usage(page->usages[i], alone, out);
	rf_buf_add_c(out, ".Sh EXIT STATUS\n");
	if (alone && page->usages[0]->exits)
		man_text(rf_str_of(page->usages[0]->exits), out);
	else
		rf_buf_add_c(out, "0 is success and 2 an error, unless told otherwise above.\n");
	man_examples(page, out);
	rf_buf_add_c(out, ".Sh SEE ALSO\n.Xr ringfence 1\n");
}
