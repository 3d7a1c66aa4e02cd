/* Printing. */
#include "cmd/output.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "doc/utf8.h"

static const char *const style_codes[] = {
	[OUT_PLAIN] = "",
	[OUT_BOLD] = "\033[1m",
	[OUT_GOOD] = "\033[1;32m",
	[OUT_BAD] = "\033[1;31m",
	[OUT_WARN] = "\033[1;33m",
	[OUT_FAINT] = "\033[2m",
};

bool out_has_colour(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static void RF_PRINTF(4, 0)
	style_va(struct rf_buf *out, bool colour, enum out_style style, const char *fmt, va_list ap)
{
	AUTO_FREE char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		out->failed = true;
		return;
	}
	if (colour)
		rf_buf_add_c(out, style_codes[style]);
	rf_buf_add_c(out, text);
	if (colour && style != OUT_PLAIN)
		rf_buf_add_c(out, "\033[0m");
}

void out_style(struct rf_buf *out, bool colour, enum out_style style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	style_va(out, colour, style, fmt, ap);
	va_end(ap);
}

int out_result(const struct rf_buf *text)
{
	struct rf_err err;

	if (text->failed)
		return out_errorf("out of memory");
	if (text->len && rf_fd_write_all(STDOUT_FILENO, text->data, text->len, &err) < 0)
		return out_errorf("standard output: %s", err.msg);
	return 0;
}

/* Names of files are in messages, and a name may be anything: it must not steer the terminal. */
static void add_clean(struct rf_buf *out, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		doc_utf8_clean(line, strlen(line));
		rf_buf_add_c(out, line);
		rf_buf_add_c(out, text ? "\n" : "");
	}
}

/* "ringfence: error: text" in one write. */
static void RF_PRINTF(3, 0) say(enum out_style style, const char *what, const char *fmt, va_list ap)
{
	bool colour = out_has_colour(STDERR_FILENO);
	AUTO_BUF line = {0}, text = {0};

	rf_buf_add_c(&line, "ringfence: ");
	out_style(&line, colour, style, "%s:", what);
	rf_buf_add_char(&line, ' ');
	style_va(&text, false, OUT_PLAIN, fmt, ap);
	if (text.data && text.len)
		add_clean(&line, text.data);
	fprintf(stderr, "%s\n", rf_buf_cstr(&line));
}

int out_errorf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OUT_BAD, "error", fmt, ap);
	va_end(ap);
	return CMD_EXIT_ERROR;
}

void out_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(OUT_WARN, "warning", fmt, ap);
	va_end(ap);
}

int out_error(const struct rf_err *err)
{
	out_errorf("%s", err->msg);
	return rf_code_exit(err->code);
}

static void diag_line(const struct rf_diag *diag, bool colour, struct rf_buf *out)
{
	static const enum out_style styles[] = {
		[RF_NOTE] = OUT_FAINT, [RF_WARNING] = OUT_WARN, [RF_ERROR] = OUT_BAD};

	if (!diag->pos.file)
		rf_buf_add_c(out, "ringfence");
	else if (!diag->pos.line)
		rf_buf_add_c(out, diag->pos.file);
	else
		rf_buf_addf(out, "%s:%u:%u", diag->pos.file, diag->pos.line, diag->pos.col);
	rf_buf_add_c(out, ": ");
	out_style(out, colour, styles[diag->severity], "%s:", rf_severity_name(diag->severity));
	rf_buf_addf(out, " %s\n", diag->msg);
}

int out_diags(const struct rf_diags *diags)
{
	bool colour = out_has_colour(STDERR_FILENO);
	AUTO_BUF out = {0};

	rf_vec_each (diag, &diags->list)
		diag_line(diag, colour, &out);
	if (diags->error_count) {
		rf_buf_addf(&out, "%zu error%s in the manifests", diags->error_count,
			diags->error_count == 1 ? "" : "s");
		if (diags->hidden_count)
			rf_buf_addf(&out, " (%zu findings are not shown)", diags->hidden_count);
		rf_buf_add_c(&out, "; nothing was done\n");
	}
	fputs(rf_buf_cstr(&out), stderr);
	return diags->error_count ? CMD_EXIT_ERROR : 0;
}

size_t out_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

void out_table_done(struct out_table *table)
{
	rf_vec_each (cell, &table->cells)
		free(cell->text);
	rf_vec_done(&table->cells);
}

/* Takes text over. */
static void add_cell(struct out_table *table, enum out_style style, char *text)
{
	struct out_cell cell = {.text = text, .style = style};

	if (!text || !rf_vec_push(&table->cells, cell)) {
		free(text);
		table->failed = true;
	}
}

void out_table_add(struct out_table *table, enum out_style style, const char *text)
{
	add_cell(table, style, strdup(text));
}

void out_table_addf(struct out_table *table, enum out_style style, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add_cell(table, style, text);
}

static size_t column_width(const struct out_table *table, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < table->cells.count; i += table->columns) {
		size_t width = out_width(table->cells.items[i].text);

		widest = width > widest ? width : widest;
	}
	return widest;
}

void out_table_print(const struct out_table *table, bool colour, struct rf_buf *out)
{
	AUTO_FREE size_t *widths = calloc(table->columns, sizeof(*widths));

	if (!widths || table->failed) {
		out->failed = true;
		return;
	}
	for (size_t c = 0; c < table->columns; c++)
		widths[c] = column_width(table, c);
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns;
		const struct out_cell *cell = &table->cells.items[i];

		out_style(out, colour, cell->style, "%s", cell->text);
		if (column == table->columns - 1)
			rf_buf_add_char(out, '\n');
		else
			rf_buf_addf(
				out, "%*s", (int)(widths[column] - out_width(cell->text) + 2), "");
	}
}
