/* issued.log: appended to under the lock, one write and one fsync a line. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "doc/json.h"
#include "doc/read.h"
#include "mesh/ca_int.h"

static const char *const type_names[] = {
	[CERT_NAME_URI] = NULL, /* the ID, which stands by itself */
	[CERT_NAME_DNS] = "DNS",
	[CERT_NAME_IP] = "IP",
	[CERT_NAME_EMAIL] = NULL,
	[CERT_NAME_OTHER] = NULL,
};

static void add_sans(const struct cert *leaf, struct rf_buf *out)
{
	for (size_t i = 0; i < leaf->name_count; i++) {
		const char *type = type_names[leaf->names[i].type];

		if (type)
			rf_buf_addf(out, "%s%s:" RF_STR_FMT, out->len ? ", " : "", type,
				RF_STR_ARG(leaf->names[i].text));
	}
}

static void add_line(const struct ca *ca, const struct cert *leaf, struct rf_buf *out)
{
	struct json_writer w = {.out = out};
	AUTO_BUF sans = {0};

	add_sans(leaf, &sans);
	json_object_begin(&w);
	json_field_str(&w, "serial", leaf->serial);
	json_field_str(&w, "id", leaf->names[0].text);
	json_field_str(&w, "sans", sans.len ? rf_buf_str(&sans) : RF_STR(""));
	json_field_int(&w, "notBefore", leaf->from_s);
	json_field_int(&w, "notAfter", leaf->until_s);
	json_field_c(&w, "root", ca->info.root->fingerprint);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
	out->failed |= sans.failed;
}

/* A line that a crash has torn is ended, so that it spoils no other one. */
static bool ends_within_line(int fd)
{
	struct stat st;
	char last = '\n';

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	       last != '\n';
}

int ca_log_add(const struct ca *ca, const struct cert *leaf, struct rf_err *err)
{
	AUTO_FD fd = openat(ca->dir.fd, CA_ISSUED_FILE,
		O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	AUTO_BUF line = {0};
	int rc;

	if (fd < 0)
		return rf_err_sys(err, errno, "%s/" CA_ISSUED_FILE, ca->dir.path);
	if (ends_within_line(fd))
		rf_buf_add_char(&line, '\n');
	add_line(ca, leaf, &line);
	if (line.failed)
		return rf_err_nomem(err);
	rc = rf_fd_write_all(fd, line.data, line.len, err);
	if (rc == RF_OK && (fsync(fd) < 0 || fsync(ca->dir.fd) < 0))
		rc = rf_err_sys(err, errno, "sync");
	return rc < 0 ? rf_err_wrap(err, rc, "%s/" CA_ISSUED_FILE, ca->dir.path) : RF_OK;
}

/* --- reading --- */

struct reading {
	struct ca_log *log;
	struct rf_map by_name; /* index + 1 into log->list */
	bool all;
};

static void reading_done(struct reading *reading)
{
	rf_map_done(&reading->by_name);
}

static struct rf_str text_of(const struct doc_node *root, const char *key)
{
	const struct doc_node *node = doc_get(root, key);

	return node && node->type == DOC_STRING ? node->text : RF_STR("");
}

static int64_t number_of(const struct doc_node *root, const char *key)
{
	const struct doc_node *node = doc_get(root, key);

	return node && node->type == DOC_INT ? node->number : 0;
}

static int add_issued(struct reading *r, const struct ca_issued *issued, struct rf_err *err)
{
	struct rf_str name = rf_arena_printf(r->log->arena, RF_STR_FMT "\n" RF_STR_FMT,
		RF_STR_ARG(issued->id), RF_STR_ARG(issued->sans));
	uintptr_t index = 0;

	if (!name.ptr)
		return rf_err_nomem(err);
	if (!r->all && rf_map_get(&r->by_name, name, &index)) {
		if (r->log->list.items[index].until_s <= issued->until_s)
			r->log->list.items[index] = *issued;
		return RF_OK;
	}
	if (!rf_vec_push(&r->log->list, *issued) ||
		(!r->all && !rf_map_put(&r->by_name, name, r->log->list.count - 1)))
		return rf_err_nomem(err);
	return RF_OK;
}

static int read_line(struct reading *r, struct rf_str line, struct rf_err *err)
{
	const struct doc_node *root = NULL;
	struct ca_issued issued;
	int rc = doc_parse_json(line, CA_ISSUED_FILE, 1, r->log->arena, NULL, &root);

	if (rc == RF_EINTERNAL)
		return rf_err_nomem(err);
	if (rc < 0 || root->type != DOC_MAP)
		return RF_OK; /* torn */
	issued = (struct ca_issued){
		.serial = text_of(root, "serial"),
		.id = text_of(root, "id"),
		.root = text_of(root, "root"),
		.sans = text_of(root, "sans"),
		.from_s = number_of(root, "notBefore"),
		.until_s = number_of(root, "notAfter"),
	};
	return issued.id.len ? add_issued(r, &issued, err) : RF_OK;
}

static int read_lines(struct reading *r, struct rf_str text, struct rf_err *err)
{
	struct rf_str line, rest = text;
	int rc = RF_OK;

	while (rest.ptr && rc == RF_OK) {
		rest = rf_str_cut(rest, '\n', &line);
		if (line.len)
			rc = read_line(r, line, err);
	}
	return rc;
}

int ca_log_read(const struct ca *ca, bool all, struct ca_log *ret, struct rf_err *err)
{
	CLEANUP(reading_done) struct reading r = {.log = ret, .all = all};
	AUTO_BUF text = {.max = CA_LOG_MAX};
	AUTO_FD fd = openat(ca->dir.fd, CA_ISSUED_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = RF_OK;

	*ret = (struct ca_log){.arena = rf_arena_new(0)};
	if (!ret->arena)
		return rf_err_nomem(err);
	if (fd < 0 && errno != ENOENT)
		return rf_err_sys(err, errno, "%s/" CA_ISSUED_FILE, ca->dir.path);
	if (fd >= 0)
		rc = rf_fd_read_all(fd, &text, err);
	if (rc == RF_OK && text.len)
		rc = read_lines(&r, rf_buf_str(&text), err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s/" CA_ISSUED_FILE, ca->dir.path) : RF_OK;
}

void ca_log_done(struct ca_log *log)
{
	rf_vec_done(&log->list);
	rf_arena_free(log->arena);
	log->arena = NULL;
}
