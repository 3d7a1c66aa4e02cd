/* For tests of readers: one load, the trees as compact text, the findings as lines. */
#ifndef TESTS_UNIT_DOC_DOC_TEST_H
#define TESTS_UNIT_DOC_DOC_TEST_H

#include "base/buf.h"
#include "doc/read.h"
#include "tests/lib/tap.h"

struct load {
	struct rf_arena *arena;
	struct rf_diags diags;
	struct rf_buf text;	     /* what show_node wrote, documents separated by " ; " */
	struct rf_buf said;	     /* findings as "line:col message", one a line */
	const struct doc_node *root; /* of the last document */
	size_t count;		     /* documents */
	int rc;
};

static void show_node(struct rf_buf *out, const struct doc_node *node)
{
	bool first = true;

	switch ((enum doc_type)node->type) {
	case DOC_NULL: rf_buf_add_c(out, "null"); return;
	case DOC_BOOL: rf_buf_add_c(out, node->truth ? "true" : "false"); return;
	case DOC_INT: rf_buf_addf(out, "%lld", (long long)node->number); return;
	case DOC_FLOAT: rf_buf_addf(out, "f%s", node->text.ptr); return;
	case DOC_STRING: rf_buf_addf(out, "'%s'", node->text.ptr); return;
	case DOC_SEQ:
	case DOC_MAP: break;
	}
	rf_buf_add_char(out, node->type == DOC_SEQ ? '[' : '{');
	doc_each (child, node) {
		if (!first)
			rf_buf_add_char(out, ' ');
		first = false;
		if (node->type == DOC_MAP)
			rf_buf_addf(out, "%s:", child->key.ptr);
		show_node(out, child);
	}
	rf_buf_add_char(out, node->type == DOC_SEQ ? ']' : '}');
}

static int load_sink(void *ctx, const struct doc_node *root)
{
	struct load *load = ctx;

	if (load->count++)
		rf_buf_add_c(&load->text, " ; ");
	show_node(&load->text, root);
	load->root = root;
	return RF_OK;
}

typedef int (*load_reader)(struct rf_str text, const char *file, struct rf_arena *arena,
	struct rf_diags *diags, doc_sink sink, void *ctx);

static void load_with(struct load *load, load_reader reader, struct rf_str text)
{
	*load = (struct load){.arena = rf_arena_new(0)};
	load->rc = reader(text, "test", load->arena, &load->diags, load_sink, load);
	rf_vec_each (d, &load->diags.list)
		rf_buf_addf(&load->said, "%s%u:%u %s", load->said.len ? "\n" : "", d->pos.line,
			d->pos.col, d->msg);
}

static void load_done(struct load *load)
{
	rf_diags_done(&load->diags);
	rf_buf_done(&load->text);
	rf_buf_done(&load->said);
	rf_arena_free(load->arena);
}

#define AUTO_LOAD CLEANUP(load_done) struct load

/* Reads input (a literal) and compares trees and findings. */
#define CHECK_LOAD(reader, input, want_text, want_said)         \
	do {                                                    \
		AUTO_LOAD load_;                                \
		load_with(&load_, reader, RF_STR(input));       \
		CHECK_INT(load_.rc, RF_OK);                     \
		CHECK_STR(rf_buf_cstr(&load_.text), want_text); \
		CHECK_STR(rf_buf_cstr(&load_.said), want_said); \
	} while (0)

#endif
