/* A text is searched in pieces that overlap, so that its length costs no memory. */
#include <sys/mman.h>

#include "image/scan/visit_file_int.h"

struct secret_search {
	struct visit *visit;
	uint64_t lines_before; /* line ends in the pieces before this one */
	size_t counted;	       /* hits at or behind it belong to the next piece */
};

static int take_secret(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	struct secret_search *search = ctx;
	struct visit *visit = search->visit;
	char redacted[SECRET_REDACTED_SIZE];
	struct scan_secret secret = {
		.rule = rf_str_of(hit->rule),
		.title = rf_str_of(hit->title),
		.severity = rf_str_of(hit->severity),
		.line = (uint32_t)(hit->line + search->lines_before),
		.column = hit->column,
	};
	int rc;

	if (hit->offset >= search->counted)
		return RF_OK;
	rc = inventory_place(&visit->scanner->inv, visit->input->path, &visit->place, err);
	if (rc < 0)
		return rc;
	secret_redact(hit->secret, redacted);
	secret.redacted = rf_str_of(redacted);
	return inventory_add_secret(&visit->scanner->inv, visit->place, &secret, err);
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

static int search_text(struct visit *visit, struct rf_bytes text, bool last,
	struct secret_search *search, struct rf_err *err)
{
	const struct secret_sink sink = {.hit = take_secret, .ctx = search};

	search->counted = last || text.len < SECRET_OVERLAP ? SIZE_MAX : text.len - SECRET_OVERLAP;
	return secret_search(visit->scanner->rules, visit->input->path, text, &sink, err);
}

int scan_rules(struct scanner *scanner, struct rf_err *err)
{
	return scanner->rules ? RF_OK : secret_rules_new(&scanner->rules, err);
}

/* A mapped text in pieces, whose pages are given back when they are done. */
static int search_mapped(struct visit *visit, struct secret_search *search, struct rf_err *err)
{
	struct rf_bytes rest = visit->input->mapped;
	size_t step = SCAN_SECRET_PIECE - SECRET_OVERLAP;
	int rc;

	while (rest.len > SCAN_SECRET_PIECE) {
		rc = search_text(
			visit, (struct rf_bytes){rest.ptr, SCAN_SECRET_PIECE}, false, search, err);
		if (rc < 0)
			return rc;
		search->lines_before += count_lines((const char *)rest.ptr, step);
		rest = (struct rf_bytes){rest.ptr + step, rest.len - step};
		(void)madvise((void *)(uintptr_t)visit->input->mapped.ptr, visit->input->mapped.len,
			MADV_DONTNEED);
	}
	return search_text(visit, rest, true, search, err);
}

/* In pieces, each but the last one ending with what the next begins with. */
int visit_search_secrets(struct visit *visit, struct rf_err *err)
{
	struct rf_buf *buf = &visit->scanner->buf;
	struct secret_search search = {.visit = visit};
	int rc = scan_rules(visit->scanner, err);

	if (rc < 0)
		return rc;
	if (visit->input->mapped.ptr)
		return search_mapped(visit, &search, err);
	for (;;) {
		size_t keep;
		bool last;

		rc = visit_read_into_buf(visit, buf->len + SCAN_SECRET_PIECE, err);
		if (visit->too_sparse)
			return visit_add_file(visit, SCAN_FILE_UNREADABLE,
				"too sparse to be searched for secrets", err);
		if (rc < 0)
			return rc;
		last = buf->len < SCAN_SECRET_PIECE;
		rc = search_text(visit, (struct rf_bytes){(const uint8_t *)buf->data, buf->len},
			last, &search, err);
		if (rc < 0 || last)
			return rc;
		keep = buf->len < SECRET_OVERLAP ? buf->len : SECRET_OVERLAP;
		search.lines_before += count_lines(buf->data, buf->len - keep);
		visit->base += buf->len - keep;
		memmove(buf->data, buf->data + buf->len - keep, keep);
		buf->len = keep;
	}
}
