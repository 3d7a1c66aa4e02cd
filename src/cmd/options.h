/*
 * Options of a verb as rows: what parses the command line also prints --help and the man page.
 *
 *	struct query { struct opt_texts files; const char *port; bool json; };
 *	static const struct opt_row rows[] = {
 *		{"file", 'f', OPT_TEXTS, offsetof(struct query, files), "PATH", "Manifests ..."},
 *		{"json", 0, OPT_FLAG, offsetof(struct query, json), NULL, "Prints JSON."},
 *	};
 *	static const struct opt_usage usage = {
 *		.verb = "net query", .synopsis = "-f PATH FROM TO", OPT_ROWS(rows), ...
 *	};
 *	int status = opt_parse(&usage, argc, argv, &query, &args);
 *	if (status != OPT_GO)
 *		return status;
 *
 * Options may stand before, between and after arguments; "--" ends them. Long options take
 * "--name VALUE" and "--name=VALUE", short ones "-n VALUE" and "-nVALUE"; short flags may be
 * written together ("-it").
 */
#ifndef RF_CMD_OPTIONS_H
#define RF_CMD_OPTIONS_H

#include "base/buf.h"
#include "base/vec.h"

/* What offset points at. */
enum opt_type {
	OPT_FLAG,   /* bool */
	OPT_TEXT,   /* const char *, the last one given */
	OPT_TEXTS,  /* struct opt_texts, all of them */
	OPT_NUMBER, /* uint64_t, decimal, at most OPT_NUMBER_MAX */
	OPT_CHOICE, /* unsigned: index into choices */
};

#define OPT_NUMBER_MAX ((uint64_t)UINT32_MAX)

RF_VEC_TYPE(opt_texts, const char *); /* views of argv; free with rf_vec_done() */

struct opt_row {
	const char *name; /* long, without dashes */
	char letter;	  /* 0: no short form */
	enum opt_type type;
	size_t offset;
	const char *arg;	    /* its value's name in help; NULL for a flag */
	const char *help;	    /* a sentence */
	const char *const *choices; /* OPT_CHOICE: ends with NULL */
};

struct opt_example {
	const char *what; /* a phrase without a full stop */
	const char *command;
};

struct opt_usage {
	const char *verb;     /* "net query" */
	const char *synopsis; /* what follows the verb: "-f PATH FROM TO [--json]" */
	const char *summary;  /* a phrase without a full stop: "says who may connect, and why" */
	const char *text;     /* paragraphs with an empty line between; may be NULL */
	const struct opt_row *rows;
	size_t row_count;
	const struct opt_example *examples;
	size_t example_count;
	const char *exits; /* a sentence; NULL: 0 is success, 2 an error */
	int min_args;
	int max_args; /* -1: as many as there are */
};

#define OPT_ROWS(array)	    .rows = (array), .row_count = RF_ARRAY_LEN(array)
#define OPT_EXAMPLES(array) .examples = (array), .example_count = RF_ARRAY_LEN(array)

/* What is left of argv without options. */
struct opt_args {
	char **items;
	int count;
	int dashed; /* index of the first one after "--"; count when there was no "--" */
};

#define OPT_GO (-1)

/*
 * Fills the struct at into. Returns OPT_GO, or the exit status to end with: 0 after --help or
 * --man, 2 after an error was printed. Moves the arguments to the front of argv + 1.
 */
int opt_parse(const struct opt_usage *usage, int argc, char **argv, void *into,
	struct opt_args *ret) RF_MUST_USE;

/* Prints "ringfence VERB: error: ..." with a pointer to --help; returns 2. */
int opt_fail(const struct opt_usage *usage, const char *fmt, ...) RF_PRINTF(2, 3);

/* The nearest of count names to word, or NULL when none is near. */
const char *opt_similar(const char *word, const char *const *names, size_t count);

/* The text of --help. */
void opt_help(const struct opt_usage *usage, struct rf_buf *out);

/* A man page (mdoc) of one or several usages. */
struct opt_page {
	const char *name;    /* "ringfence-net" */
	const char *summary; /* for NAME */
	const char *text;    /* paragraphs; may be NULL when there is one usage */
	const struct opt_usage *const *usages;
	size_t usage_count;
};
void opt_man(const struct opt_page *page, struct rf_buf *out);

/* A verb that has verbs below it; their usages are named "VERB NAME". */
struct opt_group {
	const char *verb;    /* "net" */
	const char *summary; /* a phrase without a full stop */
	const char *text;    /* paragraphs for the man page */
	const struct opt_usage *const *usages;
	size_t usage_count;
	/* Of verbs below one of these: they are on the man page, too. */
	const struct opt_usage *const *more;
	size_t more_count;
};

/*
 * Finds which of the group's verbs argv[1] names. Returns OPT_GO, or the exit status to end with:
 * 0 after --help or --man, 2 after an error was printed.
 */
int opt_group(const struct opt_group *group, int argc, char **argv, size_t *ret) RF_MUST_USE;

/* The beginning of a page, up to and with NAME: for a page that its caller writes. */
void opt_man_head(const char *name, const char *summary, struct rf_buf *out);

#endif
