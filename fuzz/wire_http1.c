/* HTTP/1.1 answers: at once and in small steps they give the same content and the same verdict. */
#include "base/buf.h"
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	ssize_t head_len;
	bool failed, done;
	struct rf_buf content;
};

static void read_body(struct rf_str all, size_t step, struct outcome *ret, struct http1_body *body)
{
	size_t at = (size_t)ret->head_len, end = at;

	while (!body->done) {
		struct rf_str content;
		ssize_t used = http1_body_feed(
			body, (struct rf_str){all.ptr + at, end - at}, &content, NULL);

		if (used < 0 || (size_t)used > end - at) {
			ret->failed = true;
			return;
		}
		if (content.len > (size_t)used)
			abort();
		rf_buf_add_str(&ret->content, content);
		at += (size_t)used;
		if (used == 0 && end == all.len)
			return;
		if (used == 0)
			end = step < all.len - end ? end + step : all.len;
	}
	ret->done = true;
}

static void read_answer(struct rf_str all, size_t step, struct outcome *ret)
{
	static struct http1_head head;
	struct http1_body body;
	size_t end = 0;

	while (ret->head_len == 0 && end < all.len) {
		end = step < all.len - end ? end + step : all.len;
		ret->head_len = http1_response_parse((struct rf_str){all.ptr, end}, &head, NULL);
	}
	ret->failed = ret->head_len < 0;
	if (ret->head_len <= 0)
		return;
	if ((size_t)ret->head_len > all.len || head.status < 100 || head.status > 599)
		abort();
	ret->failed = http1_body_begin(&head, false, &body, NULL) < 0;
	if (!ret->failed)
		read_body(all, step, ret, &body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str all = {.ptr = size ? (const char *)data : "", .len = size};
	struct outcome whole = {.failed = false}, steps = {.failed = false};

	if (size > 4096)
		return 0;
	read_answer(all, size, &whole);
	read_answer(all, 3, &steps);
	if (whole.failed != steps.failed || whole.done != steps.done ||
		(!whole.failed && whole.head_len != steps.head_len) ||
		(!whole.failed &&
			!rf_str_eq(rf_buf_str(&whole.content), rf_buf_str(&steps.content))))
		abort();
	rf_buf_done(&whole.content);
	rf_buf_done(&steps.content);
	return 0;
}
