/* The conversation with "image-scan", and what comes of it. */
#include "image/scan/codec_int.h"
#include "image/scan/scan_int.h"
#include "image/vuln/db.h"

#include <time.h>

void scan_done(struct scan *scan)
{
	proc_child_kill(&scan->child);
	rf_buf_done(&scan->received);
	scan_report_free(scan->report);
}

static void tell_progress(struct scan *scan, uint64_t layer_bytes)
{
	scan->progress.done_bytes = scan->finished_bytes + layer_bytes;
	if (scan->opts->progress)
		scan->opts->progress(scan->opts->ctx, &scan->progress);
}

/* 1 when the child has said what ends a step. */
static int take_answer(
	struct scan *scan, const struct frame *frame, enum scan_msg awaited, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t bytes;

	if (frame->type == awaited)
		return 1;
	switch ((enum scan_msg)frame->type) {
	case SCAN_MSG_PROGRESS:
		bytes = frame_get_u64(&reader);
		tell_progress(scan, bytes < scan->progress.total_bytes ? bytes : 0);
		return RF_OK;
	case SCAN_MSG_REPORT:
		rf_buf_add_str(&scan->received, reader.rest);
		return scan->received.failed
			       ? rf_err_set(err, RF_ELIMIT, "a report that is too large")
			       : RF_OK;
	case SCAN_MSG_STARVED: scan->starved = true; return RF_OK;
	case SCAN_MSG_FAILED: return frame_get_err(&reader, err);
	case SCAN_MSG_CONFIG: return scan_take_config(scan, reader.rest, err);
	case SCAN_MSG_START:
	case SCAN_MSG_LAYER:
	case SCAN_MSG_MORE:
	case SCAN_MSG_DIRECTORY:
	case SCAN_MSG_FILE:
	case SCAN_MSG_END:
	case SCAN_MSG_READY:
	case SCAN_MSG_DONE: break;
	}
	return rf_err_set(err, RF_EINPUT, "an unexpected message");
}

/* 1 when the awaited message came. */
static int hear(struct scan *scan, enum scan_msg awaited, struct rf_err *err)
{
	AUTO_FRAME frame = FRAME_INIT;
	int rc = frame_recv(scan->child.channel, &frame, err);

	/* It died: how tells more than that the channel is closed. */
	if (rc == RF_EABSENT) {
		rc = proc_child_wait(&scan->child, err);
		return rc < 0 ? rc : rf_err_set(err, RF_EINTERNAL, "ended early");
	}
	return rc < 0 ? rc : take_answer(scan, &frame, awaited, err);
}

static int await(struct scan *scan, enum scan_msg awaited, struct rf_err *err)
{
	int rc;

	do
		rc = hear(scan, awaited, err);
	while (rc == RF_OK);
	return rc > 0 ? RF_OK : rc;
}

int scan_start(
	struct scan *scan, enum scan_mode mode, const int *fds, size_t fd_count, struct rf_err *err)
{
	uint64_t flags = scan->opts->no_secrets ? 0 : SCAN_FLAG_SECRETS;
	struct image_digest digest = {.bytes = {0}};
	AUTO_BUF payload = {.max = 256};
	int all[FRAME_MAX_FDS];
	size_t count = 0;
	int rc;

	scan->received.max = SCAN_REPORT_MAX;
	if (scan->opts->db) {
		flags |= SCAN_FLAG_DATABASE;
		all[count++] = vuln_db_fd(scan->opts->db);
		digest = vuln_db_info(scan->opts->db)->digest;
	}
	for (size_t i = 0; i < fd_count && count < FRAME_MAX_FDS; i++)
		all[count++] = fds[i];
	frame_put_u64(&payload, mode);
	frame_put_u64(&payload, flags);
	frame_put_str(&payload, (struct rf_str){(const char *)digest.bytes, sizeof(digest.bytes)});
	rc = scan_role_start(&scan->child, err);
	if (rc == RF_OK)
		rc = frame_send_fds(
			scan->child.channel, SCAN_MSG_START, rf_buf_str(&payload), all, count, err);
	return rc < 0 ? rc : await(scan, SCAN_MSG_READY, err);
}

int scan_tell(
	struct scan *scan, enum scan_msg type, struct rf_str payload, int fd, struct rf_err *err)
{
	int rc = frame_send_fds(
		scan->child.channel, (uint16_t)type, payload, &fd, fd < 0 ? 0 : 1, err);

	return rc < 0 ? rc : await(scan, SCAN_MSG_READY, err);
}

int scan_begin_layer(struct scan *scan, size_t index, const struct image_choice_layer *layer,
	bool by_config, uint64_t there, struct rf_err *err)
{
	AUTO_BUF payload = {.max = FRAME_MAX_LEN};
	int fd = layer->range.fd;

	frame_put_u64(&payload, index);
	frame_put_u64(&payload, by_config);
	frame_put_u64(&payload, there);
	image_job_put(&payload, layer);
	if (payload.failed)
		return rf_err_nomem(err);
	scan->starved = false;
	scan->progress.layer = index;
	tell_progress(scan, 0);
	return frame_send_fds(
		scan->child.channel, SCAN_MSG_LAYER, rf_buf_str(&payload), &fd, 1, err);
}

int scan_tell_more(struct scan *scan, uint64_t there, struct rf_err *err)
{
	scan->starved = false;
	return frame_send(scan->child.channel, SCAN_MSG_MORE,
		(struct rf_str){(const char *)&there, sizeof(there)}, err);
}

int scan_hear(
	struct scan *scan, size_t index, const struct image_choice_layer *layer, struct rf_err *err)
{
	char text[IMAGE_DIGEST_TEXT_SIZE];
	int rc = hear(scan, SCAN_MSG_READY, err);

	if (rc > 0)
		scan->finished_bytes += layer->range.len;
	return rc >= 0 ? rc
		       : rf_err_wrap(err, rc, "layer %zu (%s)", index + 1,
				 image_digest_text(
					 layer->has_digest ? &layer->digest : &layer->diff_id,
					 text));
}

int scan_tell_layer(struct scan *scan, size_t index, const struct image_choice_layer *layer,
	bool by_config, int fd, struct rf_err *err)
{
	struct image_choice_layer with_fd = *layer;
	int rc;

	with_fd.range.fd = fd;
	rc = scan_begin_layer(scan, index, &with_fd, by_config, UINT64_MAX, err);
	while (rc == RF_OK)
		rc = scan_hear(scan, index, layer, err);
	return rc > 0 ? RF_OK : rc;
}

/* --- the report --- */

static void fix_layer(const struct scan_report *report, uint32_t *layer)
{
	if (*layer >= report->layer_count)
		*layer = SCAN_NO_LAYER;
}

/* Who made a layer comes from the child, everything else about layers is known here. */
static int merge_layers(struct scan *scan, const struct scan_layer *known, size_t count)
{
	struct scan_report *report = scan->report;
	struct scan_layer *layers =
		rf_arena_array(report->arena, count + 1, sizeof(*report->layers));

	if (!layers)
		return RF_EINTERNAL;
	for (size_t i = 0; i < count; i++) {
		layers[i] = known[i];
		layers[i].created_by =
			report->layer_count == count ? report->layers[i].created_by : RF_STR("");
		if (!layers[i].diff_id.len && i < scan->diff_id_count)
			layers[i].diff_id = scan->diff_ids[i];
	}
	report->layers = layers;
	report->layer_count = count;
	for (size_t i = 0; i < report->package_count; i++)
		fix_layer(report, &report->packages[i].layer);
	for (size_t i = 0; i < report->secret_count; i++)
		fix_layer(report, &report->secrets[i].layer);
	for (size_t i = 0; i < report->file_count; i++)
		fix_layer(report, &report->files[i].layer);
	return RF_OK;
}

static int add_database(struct scan *scan, struct rf_err *err)
{
	struct scan_database *database = &scan->report->database;
	struct rf_arena *arena = scan->report->arena;
	struct vuln_db *db = scan->opts->db;
	char text[IMAGE_DIGEST_TEXT_SIZE];
	struct rf_str source;
	struct tm tm;
	time_t built;

	if (!db)
		return RF_OK;
	built = (time_t)vuln_db_info(db)->built_s;
	if (!gmtime_r(&built, &tm))
		return rf_err_set(err, RF_EINPUT, "the database's date is out of range");
	database->present = true;
	database->built = rf_arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	database->digest =
		rf_arena_str(arena, rf_str_of(image_digest_text(&vuln_db_info(db)->digest, text)));
	database->age_s = scan->opts->now_s > built ? (uint64_t)(scan->opts->now_s - built) : 0;
	while (vuln_db_source(db, database->sources.count, &source))
		database->sources.count++;
	database->sources.items = rf_arena_array(
		arena, database->sources.count + 1, sizeof(*database->sources.items));
	if (!database->sources.items || !database->built.ptr || !database->digest.ptr)
		return rf_err_nomem(err);
	for (size_t i = 0; i < database->sources.count; i++) {
		if (!vuln_db_source(db, i, &source))
			break;
		database->sources.items[i] = rf_arena_str(arena, source);
		if (!database->sources.items[i].ptr)
			return rf_err_nomem(err);
	}
	return RF_OK;
}

int scan_end(struct scan *scan, struct scan_report **ret, struct rf_err *err)
{
	struct scan_report *report = scan->report;
	const struct scan_layer *known = report->layers;
	size_t count = report->layer_count;
	int rc = frame_send(scan->child.channel, SCAN_MSG_END, RF_STR(""), err);

	if (rc == RF_OK)
		rc = await(scan, SCAN_MSG_DONE, err);
	if (rc == RF_OK)
		rc = proc_child_wait(&scan->child, err);
	report->layers = NULL;
	report->layer_count = 0;
	if (rc == RF_OK)
		rc = scan_report_get(rf_buf_str(&scan->received), report, err);
	if (rc == RF_OK && merge_layers(scan, known, count) < 0)
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = add_database(scan, err);
	if (rc < 0)
		return rc;
	rc = scan_report_sort(report) < 0 ? rf_err_nomem(err) : RF_OK;
	if (rc == RF_OK)
		*ret = TAKE_PTR(scan->report);
	return rc;
}
