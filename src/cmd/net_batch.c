/* `net query --batch`: a probe a line, a verdict a line. */
#include "cmd/lines.h"
#include "cmd/net.h"
#include "policy/batch.h"

static int answer(void *ctx, struct rf_str line, struct rf_buf *out, struct rf_err *err)
{
	return policy_batch_line(ctx, line, out, err);
}

int net_batch(struct net_model *model, const char *path)
{
	CLEANUP(policy_batch_done) struct policy_batch batch;
	const struct lines lines = {
		.path = path,
		.things = "probes",
		.max_line = POLICY_BATCH_MAX_LINE,
		.answer = answer,
		.ctx = &batch,
	};

	if (policy_batch_init(&batch, &model->refs) < 0)
		return out_errorf("out of memory");
	return lines_answer(&lines);
}
