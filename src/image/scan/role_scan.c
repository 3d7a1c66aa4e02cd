/*
 * The scanner: nobody, no network, no file but what it was handed, and for directories that one
 * directory, for reading. Every untrusted byte of an image is read here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/config.h"
#include "image/json_int.h"
#include "image/scan/codec_int.h"
#include "image/scan/roles_int.h"
#include "image/scan/visit_int.h"
#include "image/store.h"
#include "proc/sandbox.h"

#define SCAN_CPU_SECONDS  3600
#define SCAN_MEMORY_BYTES ((uint64_t)6 << 30) /* address space: maps of the database and files */
#define SCAN_OPEN_FILES	  (IMAGE_MAX_DEPTH + 64)
#define PROGRESS_STEP	  ((uint64_t)4 << 20)
#define MAX_OPAQUE_LIST	  ((size_t)64 << 20)
#define CONFIG_ARENA	  ((size_t)64 << 20)
#define MAX_LOCATION	  256 /* bytes of the name of a variable, with "env " */

struct role {
	int channel;
	struct scanner scanner;
	struct vuln_db *db;
	int root_fd; /* the directory or file, -1 for layers */
	struct rf_arena *config_arena;
	struct image_config config;  /* what it points to, too */
	struct scan_strs created_by; /* of layers */
};

static void role_done(struct role *role)
{
	inventory_done(&role->scanner.inv);
	scan_links_done(&role->scanner.links);
	secret_rules_free(role->scanner.rules);
	rf_buf_done(&role->scanner.buf);
	vuln_db_free(role->db);
	rf_arena_free(role->config_arena);
}

/* --- layers --- */

struct progress {
	int channel;
	struct image_stream *stream;
	struct image_input input;
	uint64_t told;
};

/* The stream's input, which tells how far it is. */
static ssize_t next_block(void *ctx, const void **ret_block, struct rf_err *err)
{
	struct progress *p = ctx;
	uint64_t bytes = image_stream_stored_bytes(p->stream);

	if (bytes - p->told >= PROGRESS_STEP) {
		p->told = bytes;
		(void)!frame_send(p->channel, SCAN_MSG_PROGRESS,
			(struct rf_str){(const char *)&bytes, sizeof(bytes)}, NULL);
	}
	return p->input.next(p->input.ctx, ret_block, err);
}

/* Walks a layer again for the hard links in it that its first walk could not read. */
static int read_links(struct role *role, const struct image_choice_layer *layer, struct rf_err *err)
{
	struct scanner *scanner = &role->scanner;
	int rc = RF_OK;

	for (int i = 0; i < SCAN_MAX_LINK_WALKS && scanner->links.list.count && rc == RF_OK; i++) {
		AUTO_STREAM *stream = NULL;
		struct image_input input;

		rc = image_stream_open(&layer->range, IMAGE_MAX_LAYER_BYTES, &stream, err);
		if (rc < 0)
			break;
		input = image_stream_input(stream);
		rc = scan_links_walk(scanner, &input, err);
	}
	scan_links_end(scanner);
	return rc;
}

static int read_layer(struct role *role, const struct image_choice_layer *layer, struct rf_err *err)
{
	AUTO_STREAM *stream = NULL;
	struct progress progress = {.channel = role->channel};
	const struct image_input input = {.next = next_block, .ctx = &progress};
	struct rf_err damage = {.code = RF_OK};
	int rc = image_stream_open(&layer->range, IMAGE_MAX_LAYER_BYTES, &stream, err);

	if (rc < 0)
		return rc;
	progress.stream = stream;
	progress.input = image_stream_input(stream);
	rc = scan_layer(&role->scanner, &input, err);
	/* Damage shows as a bad tar first; that it is not what was meant says more. */
	if (rc == RF_EINPUT)
		return image_layer_verify(stream, layer, &damage) < 0 && damage.code == RF_EINPUT
			       ? rf_err_set(err, RF_EINPUT, "%s", damage.msg)
			       : rc;
	if (rc == RF_OK)
		rc = image_layer_verify(stream, layer, err);
	return rc < 0 ? rc : read_links(role, layer, err);
}

/* There is more of the layer's file than before. */
static int wait_for_more(void *ctx, uint64_t *limit, struct rf_err *err)
{
	const struct role *role = ctx;
	AUTO_FRAME frame = FRAME_INIT;
	struct frame_reader reader;
	uint64_t there;
	int rc = frame_send(role->channel, SCAN_MSG_STARVED, RF_STR(""), err);

	if (rc == RF_OK)
		rc = frame_recv(role->channel, &frame, err);
	if (rc < 0)
		return rc;
	reader = (struct frame_reader){.rest = rf_buf_str(&frame.payload)};
	there = frame_get_u64(&reader);
	if (frame.type != SCAN_MSG_MORE || !frame_reader_ok(&reader))
		return rf_err_set(err, RF_EINTERNAL, "an unexpected message");
	*limit = there;
	return RF_OK;
}

static int take_layer(struct role *role, struct frame *frame, struct rf_err *err)
{
	struct rf_str payload = rf_buf_str(&frame->payload);
	struct frame_reader reader = {.rest = payload};
	uint64_t index = frame_get_u64(&reader);
	bool by_config = frame_get_u64(&reader) != 0;
	uint64_t there = frame_get_u64(&reader);
	struct image_choice_layer layer;
	int rc;

	if (reader.failed || index >= IMAGE_MAX_LAYERS || frame->fd_count != 1)
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	rc = image_job_get(reader.rest, &layer, err);
	if (rc < 0)
		return rc;
	if (by_config && index >= role->config.diff_id_count)
		return rf_err_set(err, RF_EINPUT, "the config names fewer layers");
	if (by_config)
		layer.diff_id = role->config.diff_ids[index];
	layer.range.fd = frame->fds[0];
	if (there < layer.range.len) {
		layer.range.wait = wait_for_more;
		layer.range.ctx = role;
		layer.range.limit = there;
	}
	role->scanner.inv.layer = (uint32_t)index;
	return read_layer(role, &layer, err);
}

/* --- directories and files --- */

/* name is "LAYER/fs" in the store; the list lies beside fs. */
static int tell_opaque(struct role *role, const char *name, struct rf_err *err)
{
	const char *slash = strrchr(name, '/');
	char path[IMAGE_MAX_PATH + sizeof(IMAGE_OPAQUE_LIST)];
	AUTO_BUF list = {.max = MAX_OPAQUE_LIST};
	struct rf_str rest;
	AUTO_FD fd = -1;
	int rc;

	snprintf(path, sizeof(path), "%.*s" IMAGE_OPAQUE_LIST, slash ? (int)(slash + 1 - name) : 0,
		name);
	fd = openat(role->root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? RF_OK : rf_err_sys(err, errno, "open %s", path);
	rc = rf_fd_read_all(fd, &list, err);
	rest = rf_buf_str(&list);
	while (rc == RF_OK && rest.len) {
		struct rf_str dir;

		rest = rf_str_cut(rest, '\0', &dir);
		inventory_opaque(&role->scanner.inv, dir);
	}
	return rc;
}

static int take_directory(struct role *role, const struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t layer = frame_get_u64(&reader);
	struct rf_str path = frame_get_str(&reader);
	char name[IMAGE_MAX_PATH + 1];
	AUTO_FD fd = -1;
	int rc;

	if (!frame_reader_ok(&reader) || !rf_str_copy(path, name, sizeof(name)))
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	role->scanner.inv.layer = (uint32_t)layer;
	if (!name[0])
		return scan_directory(&role->scanner, role->root_fd, false, err);
	fd = openat(role->root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rf_err_sys(err, errno, "open %s", name);
	rc = tell_opaque(role, name, err);
	return rc < 0 ? rc : scan_directory(&role->scanner, fd, true, err);
}

static int take_file(struct role *role, const struct frame *frame, struct rf_err *err)
{
	off_t size = lseek(role->root_fd, 0, SEEK_END);
	struct scan_input input = {.path = rf_buf_str(&frame->payload), .mode = 0644};
	void *map;
	int rc;

	if (size <= 0)
		return rf_err_set(err, RF_EINPUT, "an empty file");
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, role->root_fd, 0);
	if (map == MAP_FAILED)
		return rf_err_sys(err, errno, "map the file");
	input.size = (uint64_t)size;
	input.mapped = (struct rf_bytes){map, (size_t)size};
	rc = scan_visit(&role->scanner, &input, err);
	munmap(map, (size_t)size);
	return rc;
}

/* --- the config --- */

static int add_history(struct role *role, const struct doc_node *config, struct rf_err *err)
{
	const struct doc_node *list;
	int rc = image_json_child(config, "history", DOC_SEQ, &list, err);

	if (rc < 0 || !list)
		return RF_OK; /* nothing depends on it */
	role->created_by.items = rf_arena_array(
		role->config_arena, IMAGE_MAX_LAYERS, sizeof(*role->created_by.items));
	if (!role->created_by.items)
		return rf_err_nomem(err);
	doc_each (step, list) {
		const struct doc_node *empty = doc_get(step, "empty_layer");
		struct rf_str by = RF_STR("");

		if (empty && empty->type == DOC_BOOL && empty->truth)
			continue;
		if (role->created_by.count == IMAGE_MAX_LAYERS)
			break;
		if (image_json_str(step, "created_by", &by, NULL) < 0)
			by = RF_STR("");
		role->created_by.items[role->created_by.count++] = by;
	}
	return RF_OK;
}

struct variable {
	struct role *role;
	struct rf_str name;
	struct rf_str *shown; /* "NAME=value", whose value is hidden when it is a secret */
};

static int take_variable(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	const struct variable *variable = ctx;
	char redacted[SECRET_REDACTED_SIZE];
	char location[MAX_LOCATION];
	struct scan_secret secret = {
		.rule = rf_str_of(hit->rule),
		.title = rf_str_of(hit->title),
		.severity = rf_str_of(hit->severity),
		.layer = SCAN_NO_LAYER,
	};

	secret_redact(hit->secret, redacted);
	snprintf(location, sizeof(location), "env " RF_STR_FMT, RF_STR_ARG(variable->name));
	secret.location = rf_str_of(location);
	secret.redacted = rf_str_of(redacted);
	*variable->shown = rf_arena_printf(variable->role->config_arena, RF_STR_FMT "=%s",
		RF_STR_ARG(variable->name), redacted);
	if (!variable->shown->ptr)
		return rf_err_nomem(err);
	return inventory_add_secret(&variable->role->scanner.inv, SIZE_MAX, &secret, err);
}

/* Hides it, too, so that no other process sees it. */
static int search_variable(struct role *role, struct rf_str *variable, struct rf_err *err)
{
	struct variable at = {.role = role, .shown = variable};
	const struct secret_sink sink = {.hit = take_variable, .ctx = &at};
	struct rf_str value = rf_str_cut(*variable, '=', &at.name);
	int rc = scan_rules(&role->scanner, err);

	return rc < 0 ? rc
		      : secret_search_variable(role->scanner.rules, at.name, value, &sink, err);
}

static int send_config(struct role *role, struct rf_err *err)
{
	AUTO_BUF json = {.max = FRAME_MAX_LEN};

	image_config_write(&role->config, &json);
	if (json.failed)
		return rf_err_set(err, RF_ELIMIT, "the image's config is too large");
	return frame_send(role->channel, SCAN_MSG_CONFIG, rf_buf_str(&json), err);
}

static int take_config(struct role *role, const struct frame *frame, struct rf_err *err)
{
	const struct image_config *config = &role->config;
	const struct doc_node *root;
	struct rf_str text;
	int rc;

	role->config_arena = rf_arena_new(CONFIG_ARENA);
	if (!role->config_arena)
		return rf_err_nomem(err);
	text = rf_arena_str(role->config_arena, rf_buf_str(&frame->payload));
	if (!text.ptr)
		return rf_err_nomem(err);
	rc = image_config_parse(text, role->config_arena, &role->config, err);
	if (rc == RF_OK)
		rc = image_json_parse(text, "config", role->config_arena, &root, err);
	if (rc == RF_OK)
		rc = add_history(role, root, err);
	for (size_t i = 0; rc == RF_OK && i < config->env.count && role->scanner.search_secrets;
		i++)
		rc = search_variable(role, &config->env.items[i], err);
	return rc < 0 ? rc : send_config(role, err);
}

/* --- the report --- */

static int add_created_by(struct role *role, struct scan_report *report, struct rf_err *err)
{
	report->layers =
		rf_arena_array(report->arena, role->created_by.count + 1, sizeof(*report->layers));
	if (!report->layers)
		return rf_err_nomem(err);
	for (size_t i = 0; i < role->created_by.count; i++)
		report->layers[report->layer_count++].created_by = role->created_by.items[i];
	return RF_OK;
}

struct sending {
	int channel, rc;
	struct rf_err *err;
};

static bool send_piece(void *ctx, struct rf_str piece)
{
	struct sending *sending = ctx;

	if (sending->rc == RF_OK)
		sending->rc = frame_send(sending->channel, SCAN_MSG_REPORT, piece, sending->err);
	return sending->rc == RF_OK;
}

/* In pieces, as they come out: all of it would be as much again as was found. */
static int send_report(int channel, const struct scan_report *report, struct rf_err *err)
{
	struct sending sending = {.channel = channel, .err = err};
	const struct scan_report_flush flush = {.piece = send_piece, .ctx = &sending};
	AUTO_BUF out = {.max = FRAME_MAX_LEN};

	scan_report_put(report, &flush, &out);
	if (sending.rc == RF_OK && out.failed)
		return rf_err_set(err, RF_ELIMIT, "more was found than a report holds");
	if (out.len)
		send_piece(&sending, rf_buf_str(&out));
	return sending.rc < 0 ? sending.rc : frame_send(channel, SCAN_MSG_DONE, RF_STR(""), err);
}

static int take_end(struct role *role, struct rf_err *err)
{
	AUTO_SCAN_REPORT *report = scan_report_new();
	int rc;

	if (!report)
		return rf_err_nomem(err);
	rc = inventory_finish(&role->scanner.inv, report, err);
	if (rc == RF_OK)
		rc = add_created_by(role, report, err);
	if (rc < 0)
		return rc;
	rc = send_report(role->channel, report, err);
	return rc < 0 ? rc : 1;
}

/* --- the conversation --- */

static int take_message(struct role *role, struct frame *frame, struct rf_err *err)
{
	switch ((enum scan_msg)frame->type) {
	case SCAN_MSG_CONFIG: return take_config(role, frame, err);
	case SCAN_MSG_LAYER: return take_layer(role, frame, err);
	case SCAN_MSG_DIRECTORY: return take_directory(role, frame, err);
	case SCAN_MSG_FILE: return take_file(role, frame, err);
	case SCAN_MSG_END: return take_end(role, err);
	case SCAN_MSG_START:
	case SCAN_MSG_STARVED:
	case SCAN_MSG_MORE:
	case SCAN_MSG_PROGRESS:
	case SCAN_MSG_READY:
	case SCAN_MSG_REPORT:
	case SCAN_MSG_DONE:
	case SCAN_MSG_FAILED: break;
	}
	return rf_err_set(err, RF_EINTERNAL, "an unexpected message");
}

static int serve(struct role *role, struct rf_err *err)
{
	for (;;) {
		AUTO_FRAME frame = FRAME_INIT;
		int rc = frame_recv(role->channel, &frame, err);

		if (rc == RF_OK)
			rc = take_message(role, &frame, err);
		if (rc > 0)
			return RF_OK;
		if (rc == RF_OK)
			rc = frame_send(role->channel, SCAN_MSG_READY, RF_STR(""), err);
		if (rc < 0)
			return rc;
	}
}

struct proc_sandbox scan_role_sandbox(enum scan_mode mode, int root_fd)
{
	struct proc_sandbox box = {
		.calls = PROC_CALLS_COMPUTE,
		.as_nobody = true,
		.root_fd = -1,
		.cpu_seconds = SCAN_CPU_SECONDS,
		.memory_bytes = SCAN_MEMORY_BYTES,
		.file_bytes = SCAN_MAX_FILE,
		.open_files = SCAN_OPEN_FILES,
	};

	if (mode == SCAN_MODE_DIRECTORY) {
		box.calls |= PROC_CALLS_FILES_READ;
		box.root_fd = root_fd;
		/* Files of others, for reading only: Landlock holds it to the directory. */
		box.caps = (uint64_t)1 << CAP_DAC_READ_SEARCH;
	}
	return box;
}

static int take_start(struct role *role, struct frame *frame, struct rf_err *err)
{
	struct frame_reader reader = {.rest = rf_buf_str(&frame->payload)};
	uint64_t mode = frame_get_u64(&reader), flags = frame_get_u64(&reader);
	struct rf_str digest_bytes = frame_get_str(&reader);
	struct image_digest digest;
	struct proc_sandbox box;
	size_t at = 0;
	int db_fd = flags & SCAN_FLAG_DATABASE ? frame->fds[at++] : -1, rc;

	role->scanner.spool_fd = mode == SCAN_MODE_LAYERS ? frame->fds[at++] : -1;
	role->root_fd = mode == SCAN_MODE_LAYERS ? -1 : frame->fds[at++];
	if (!frame_reader_ok(&reader) || at != frame->fd_count || mode > SCAN_MODE_FILE ||
		digest_bytes.len != sizeof(digest.bytes))
		return rf_err_set(err, RF_EINTERNAL, "a malformed message");
	memcpy(digest.bytes, digest_bytes.ptr, sizeof(digest.bytes));
	box = scan_role_sandbox((enum scan_mode)mode, role->root_fd);
	rc = proc_sandbox_enter(&box, err);
	if (rc == RF_OK && db_fd >= 0)
		rc = vuln_db_open_known(db_fd, &digest, &role->db, err);
	if (rc == RF_OK)
		rc = inventory_init(&role->scanner.inv, role->db, err);
	role->scanner.search_secrets = flags & SCAN_FLAG_SECRETS;
	return rc < 0 ? rc : frame_send(role->channel, SCAN_MSG_READY, RF_STR(""), err);
}

static int failed(int channel, const struct rf_err *err)
{
	AUTO_BUF payload = {.max = 4096};

	frame_put_err(&payload, err);
	(void)!frame_send(channel, SCAN_MSG_FAILED, rf_buf_str(&payload), NULL);
	return 0;
}

static int run(int channel)
{
	CLEANUP(role_done) struct role role = {.channel = channel, .root_fd = -1};
	AUTO_FRAME frame = FRAME_INIT; /* keeps its descriptors open to the end */
	struct rf_err err = {.code = RF_OK};
	int rc = frame_recv(channel, &frame, &err);

	if (rc == RF_OK && frame.type != SCAN_MSG_START)
		rc = rf_err_set(&err, RF_EINTERNAL, "an unexpected message");
	if (rc == RF_OK)
		rc = take_start(&role, &frame, &err);
	if (rc == RF_OK)
		rc = serve(&role, &err);
	return rc < 0 ? failed(channel, &err) : 0;
}

PROC_ROLE(scan_role, "image-scan", run);

int scan_role_start(struct proc_child *ret, struct rf_err *err)
{
	return proc_child_start(&scan_role, ret, err);
}
