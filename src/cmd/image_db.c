/* `image db`: making, changing and looking at vulnerability databases. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fresh.h"
#include "cmd/database.h"
#include "cmd/image.h"
#include "doc/json.h"
#include "image/registry/file.h"
#include "image/vuln/confined.h"
#include "image/vuln/delta.h"

struct db_opts {
	const char *out, *key, *built, *db, *from, *ca_file;
	bool json, verify, force;
};

#define OUT_ROW                                                                    \
	{                                                                          \
		"output", 'o', OPT_TEXT, offsetof(struct db_opts, out), "FILE",    \
			"Where the result goes; it is replaced in one step.", NULL \
	}

static const struct opt_row build_rows[] = {
	OUT_ROW,
	{"key", 0, OPT_TEXT, offsetof(struct db_opts, key), "FILE",
		"The Ed25519 key to sign with (PEM), instead of one of this machine's, which is "
		"made "
		"when it is first needed.",
		NULL},
	{"built", 0, OPT_TEXT, offsetof(struct db_opts, built), "DATE",
		"The date of the data (2026-11-25 or 2026-11-25T14:00:00Z), instead of "
		"$SOURCE_DATE_EPOCH or the newest date in the sources and of their files.",
		NULL},
};

static const struct opt_row info_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct db_opts, json), NULL,
		"Prints {\"built\",\"ageSeconds\",\"digest\",\"key\",\"packages\",\"advisories\","
		"\"bytes\",\"sources\"}.",
		NULL},
	{"verify", 0, OPT_FLAG, offsetof(struct db_opts, verify), NULL,
		"Reads and verifies every block, not only what is used.", NULL},
};

static const struct opt_row delta_rows[] = {OUT_ROW};

static const struct opt_row update_rows[] = {
	{"from", 0, OPT_TEXT, offsetof(struct db_opts, from), "URL|DIRECTORY",
		"Where vuln.db and deltas are (delta-HEX, HEX being the first 16 digits of the "
		"digest "
		"of the database that it is for), or the database itself; instead of "
		"$RINGFENCE_DB_FROM. http is spoken to this machine only.",
		NULL},
	{"db", 0, OPT_TEXT, offsetof(struct db_opts, db), "FILE",
		"The database to bring up to date, instead of this machine's.", NULL},
	{"key", 0, OPT_TEXT, offsetof(struct db_opts, key), "FILE",
		"The public key (PEM) that must have signed the new one, instead of the key that "
		"signed the old one.",
		NULL},
	{"ca-file", 0, OPT_TEXT, offsetof(struct db_opts, ca_file), "FILE",
		"Certificates of authorities (PEM) to trust in addition.", NULL},
	{"force", 0, OPT_FLAG, offsetof(struct db_opts, force), NULL,
		"Takes an older database, too.", NULL},
};

static const struct opt_example build_examples[] = {
	{"Go's database, ratings, and what is exploited",
		"ringfence image db build -o vuln.db go-vulndb.zip cvss.json kev.json"},
	{"a distribution's advisories, from a directory of OSV entries",
		"ringfence image db build -o vuln.db ./osv/debian"},
};

static const struct opt_usage build_usage = {
	.verb = "image db build",
	.synopsis = "-o FILE SOURCE... [--key FILE] [--built DATE]",
	.summary = "builds a vulnerability database from what others publish",
	.text = "A SOURCE is a directory, a zip or tar archive, or a file, compressed or not: OSV "
		"entries, Alpine's secdb (JSON or YAML), the JSON of Debian's security tracker, a "
		"map of CVE to CVSS vectors, CISA's list of known exploited vulnerabilities. What "
		"a "
		"document is, is told by its shape. Equal sources give equal bytes.",
	OPT_ROWS(build_rows),
	OPT_EXAMPLES(build_examples),
	.min_args = 1,
	.max_args = -1,
};

static const struct opt_usage info_usage = {
	.verb = "image db info",
	.synopsis = "[FILE] [--verify] [--json]",
	.summary = "tells what a database is made of, how old it is and who signed it",
	OPT_ROWS(info_rows),
	.max_args = 1,
};

static const struct opt_usage delta_usage = {
	.verb = "image db delta",
	.synopsis = "OLD NEW [-o FILE|DIRECTORY]",
	.summary = "writes what leads from one database to another",
	.text = "In a DIRECTORY the file is called delta-HEX, as `image db update` looks for it. "
		"Without -o it is delta-HEX in the current directory.",
	OPT_ROWS(delta_rows),
	.min_args = 2,
	.max_args = 2,
};

static const struct opt_usage update_usage = {
	.verb = "image db update",
	.synopsis = "[--from URL|DIRECTORY] [--db FILE] [--key FILE] [--force]",
	.summary = "brings a database up to date, by a delta where there is one",
	.text = "The new database must be signed with the key of the old one, or with --key. It is "
		"verified before it replaces the old one in one step. The first one needs --key, "
		"or "
		"is taken as it is and told whose it is.",
	OPT_ROWS(update_rows),
};

static const char *hex_of(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return out;
}

static int write_fresh(
	const char *path, const struct rf_buf *data, struct rf_fresh *ret, struct rf_err *err)
{
	int rc = rf_fresh_open(path, 0644, ret, err);

	if (rc == RF_OK)
		rc = rf_fd_write_all(ret->fd, data->data, data->len, err);
	return rc < 0 ? rf_err_wrap(err, rc, "write %s", path) : RF_OK;
}

static int write_file(const char *path, const struct rf_buf *data, struct rf_err *err)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	int rc;

	if (rf_path_is_special(path))
		return rf_file_replace(path, data->data, data->len, 0644, false, err);
	rc = write_fresh(path, data, &fresh, err);
	return rc < 0 ? rc : rf_fresh_place(&fresh, err);
}

/* --- build --- */

static bool parse_date(const char *text, int64_t *ret)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};

	for (size_t i = 0; i < RF_ARRAY_LEN(forms); i++) {
		struct tm tm = {.tm_sec = 0};
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end) {
			*ret = timegm(&tm);
			return true;
		}
	}
	return false;
}

/* --built, $SOURCE_DATE_EPOCH, or -1 for "by the data". */
static int built_of(const struct db_opts *opts, int64_t *ret)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char *end;

	*ret = -1;
	if (opts->built)
		return parse_date(opts->built, ret)
			       ? 0
			       : opt_fail(&build_usage, "\"%s\" is no date such as 2026-11-25",
					 opts->built);
	if (!epoch || !*epoch)
		return 0;
	errno = 0;
	*ret = strtoll(epoch, &end, 10);
	return errno || *end || *ret < 0
		       ? out_errorf("SOURCE_DATE_EPOCH is no number of seconds: \"%s\"", epoch)
		       : 0;
}

static int open_signer(const struct db_opts *opts, struct vuln_signer **ret, struct rf_err *err)
{
	AUTO_BUF path = {0};
	int rc;

	if (opts->key)
		return vuln_signer_open(opts->key, ret, err);
	rc = database_key_default(&path, err);
	return rc < 0 ? rc : vuln_signer_make(rf_buf_cstr(&path), ret, err);
}

static void tell_built(const struct vuln_build_report *report, size_t len)
{
	fprintf(stderr, "ringfence: %zu documents, %.2f MB\n", report->documents,
		(double)len / 1e6);
	rf_vec_each (count, &report->left_out)
		fprintf(stderr, "ringfence: note: left out: %zu %s\n", count->count, count->what);
	rf_vec_each (count, &report->widened)
		fprintf(stderr, "ringfence: note: taken for affected, the fix unknown: %zu %s\n",
			count->count, count->what);
}

/* On a terminal, a line that is written over. */
static void show_files(void *ctx, size_t files)
{
	(void)ctx;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%zu files read ...\r\033[K", files);
}

static int build_into(
	const struct db_opts *opts, const struct opt_args *args, int64_t built, struct rf_err *err)
{
	AUTO_VULN_JOB *job = NULL;
	AUTO_SIGNER *signer = NULL;
	AUTO_BUF file = {0};
	int rc = vuln_job_new(show_files, NULL, &job, err);

	if (rc == RF_OK)
		rc = open_signer(opts, &signer, err);
	for (int i = 0; i < args->count && rc == RF_OK; i++)
		rc = vuln_job_add(job, args->items[i], err);
	if (rc == RF_OK)
		rc = vuln_job_finish(job, built, signer, &file, err);
	if (rc == RF_OK)
		rc = write_file(opts->out, &file, err);
	if (rc == RF_OK)
		tell_built(vuln_job_report(job), file.len);
	return rc;
}

static int build(const struct db_opts *opts, const struct opt_args *args)
{
	struct rf_err err;
	int64_t built;
	int status;

	if (!opts->out)
		return opt_fail(&build_usage, "where to? Say -o FILE");
	status = built_of(opts, &built);
	if (status)
		return status;
	return build_into(opts, args, built, &err) < 0 ? out_error(&err) : 0;
}

/* --- info --- */

static void date_text(int64_t s, char *out, size_t size)
{
	struct tm tm;
	time_t time = (time_t)s;

	if (!gmtime_r(&time, &tm) || !strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, size, "%lld", (long long)s);
}

static uint64_t age_of(int64_t built_s)
{
	time_t now = time(NULL);

	return now > built_s ? (uint64_t)(now - built_s) : 0;
}

static void info_json(struct vuln_db *db, struct rf_buf *out)
{
	const struct vuln_db_info *info = vuln_db_info(db);
	struct json_writer w = {.out = out, .pretty = true};
	char text[IMAGE_DIGEST_TEXT_SIZE], hex[2 * VULN_KEY_LEN + 1], date[64];
	struct rf_str source;

	date_text(info->built_s, date, sizeof(date));
	json_object_begin(&w);
	json_field_c(&w, "built", date);
	json_field_int(&w, "ageSeconds", (int64_t)age_of(info->built_s));
	json_field_c(&w, "digest", image_digest_text(&info->digest, text));
	json_field_c(&w, "key", hex_of(info->key, VULN_KEY_LEN, hex));
	json_field_int(&w, "packages", (int64_t)info->package_count);
	json_field_int(&w, "advisories", (int64_t)info->advisory_count);
	json_field_int(&w, "bytes", (int64_t)info->size);
	json_key(&w, "sources");
	json_array_begin(&w);
	for (size_t i = 0; vuln_db_source(db, i, &source); i++)
		json_str(&w, source);
	json_array_end(&w);
	json_object_end(&w);
	rf_buf_add_char(out, '\n');
}

static void info_text(struct vuln_db *db, struct rf_buf *out)
{
	const struct vuln_db_info *info = vuln_db_info(db);
	char text[IMAGE_DIGEST_TEXT_SIZE], hex[2 * VULN_KEY_LEN + 1], date[64];
	char age[DATABASE_AGE_SIZE];
	struct rf_str source;

	date_text(info->built_s, date, sizeof(date));
	rf_buf_addf(
		out, "built       %s (%s old)\n", date, database_age(age_of(info->built_s), age));
	rf_buf_addf(out, "digest      %s\n", image_digest_text(&info->digest, text));
	rf_buf_addf(out, "signed by   %s\n", hex_of(info->key, VULN_KEY_LEN, hex));
	rf_buf_addf(out, "packages    %llu\n", (unsigned long long)info->package_count);
	rf_buf_addf(out, "advisories  %llu\n", (unsigned long long)info->advisory_count);
	rf_buf_addf(out, "size        %.2f MB\n", (double)info->size / 1e6);
	for (size_t i = 0; vuln_db_source(db, i, &source); i++)
		rf_buf_addf(out, "source      " RF_STR_FMT "\n", RF_STR_ARG(source));
}

static int info(const struct db_opts *opts, const struct opt_args *args)
{
	AUTO_VULN_DB *db = NULL;
	AUTO_BUF out = {0};
	struct rf_err err;
	int rc = database_open(args->count ? args->items[0] : NULL, NULL, &db, &err);

	if (rc == RF_OK && opts->verify)
		rc = vuln_db_verify(db, &err);
	if (rc < 0)
		return out_error(&err);
	if (opts->json)
		info_json(db, &out);
	else
		info_text(db, &out);
	return out_result(&out);
}

/* --- delta --- */

static void delta_name(struct vuln_db *from, struct rf_buf *out)
{
	char hex[17];

	rf_buf_addf(out, "delta-%s", hex_of(vuln_db_info(from)->digest.bytes, 8, hex));
}

static int delta(const struct db_opts *opts, const struct opt_args *args)
{
	AUTO_VULN_DB *from = NULL, *to = NULL;
	AUTO_BUF data = {0}, path = {0};
	struct rf_err err;
	struct stat st;
	int rc = database_open(args->items[0], NULL, &from, &err);

	if (rc == RF_OK)
		rc = database_open(args->items[1], NULL, &to, &err);
	if (rc == RF_OK)
		rc = vuln_delta_make(from, to, &data, &err);
	if (rc < 0)
		return out_error(&err);
	if (opts->out)
		rf_buf_add_c(&path, opts->out);
	if (opts->out && stat(opts->out, &st) == 0 && S_ISDIR(st.st_mode))
		rf_buf_add_char(&path, '/');
	if (!opts->out || path.data[path.len - 1] == '/')
		delta_name(from, &path);
	rc = path.failed ? rf_err_nomem(&err) : write_file(path.data, &data, &err);
	if (rc < 0)
		return out_error(&err);
	fprintf(stderr, "ringfence: %s: %zu bytes\n", path.data, data.len);
	return 0;
}

/* --- update --- */

struct update {
	const struct db_opts *opts;
	struct rf_buf path;  /* of the database */
	struct vuln_db *old; /* NULL: there is none yet */
	struct rf_buf new;
	bool by_delta;
};

static void update_done(struct update *update)
{
	rf_buf_done(&update->path);
	rf_buf_done(&update->new);
	vuln_db_free(update->old);
}

static int unlinked_file(struct rf_err *err)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? rf_err_sys(err, errno, "make a file in /var/tmp") : fd;
}

static int fetch(const struct update *update, const char *url, uint64_t max, struct rf_err *err)
{
	const struct registry_opts registry = {.ca_file = update->opts->ca_file};
	AUTO_FD fd = unlinked_file(err);
	int rc = fd < 0 ? fd : registry_fetch_file(url, &registry, fd, max, err);

	if (rc == RF_OK && lseek(fd, 0, SEEK_SET) < 0)
		rc = rf_err_sys(err, errno, "read what was fetched");
	return rc < 0 ? rc : TAKE_FD(fd);
}

static int open_file(const char *path, struct rf_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return rf_err_set(err, RF_EABSENT, "%s: no such file", path);
	return fd < 0 ? rf_err_sys(err, errno, "%s", path) : fd;
}

/* FROM/name, or FROM itself when it is the file ("" for name): a descriptor. */
static int open_source(
	const struct update *update, const char *name, uint64_t max, struct rf_err *err)
{
	AUTO_BUF path = {0};

	rf_buf_add_c(&path, update->opts->from);
	if (*name && !rf_str_ends(rf_buf_str(&path), RF_STR("/")))
		rf_buf_add_char(&path, '/');
	rf_buf_add_c(&path, name);
	if (path.failed)
		return rf_err_nomem(err);
	return registry_is_url(update->opts->from) ? fetch(update, path.data, max, err)
						   : open_file(path.data, err);
}

/* The delta for what is there. When there is none, or it is none, the whole file is as good. */
static int get_delta(struct update *update, struct rf_err *err)
{
	AUTO_BUF name = {0};
	AUTO_FD fd = -1;
	int rc;

	if (!update->old)
		return RF_EABSENT;
	delta_name(update->old, &name);
	fd = open_source(update, rf_buf_cstr(&name), VULN_DELTA_MAX_BYTES, err);
	if (fd < 0)
		return fd;
	rc = vuln_job_apply(update->old, fd, &update->new, err);
	update->by_delta = rc == RF_OK;
	if (rc < 0)
		fprintf(stderr, "ringfence: note: %s is not used: %s\n", name.data, err->msg);
	return rc;
}

static int get_full(struct update *update, struct rf_err *err)
{
	const char *from = update->opts->from;
	bool is_file = rf_str_ends(rf_str_of(from), RF_STR(".db"));
	AUTO_FD fd = open_source(update, is_file ? "" : DATABASE_FILE, VULN_DB_MAX_BYTES, err);
	int rc;

	if (fd < 0)
		return fd;
	rf_buf_clear(&update->new);
	update->new.max = (size_t)VULN_DB_MAX_BYTES;
	rc = rf_fd_read_all(fd, &update->new, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", from) : RF_OK;
}

/* Who signed it, first; then whether it is whole, and not older. */
static int check_new(struct update *update, int fd, struct rf_err *err)
{
	AUTO_VULN_DB *db = NULL;
	const struct vuln_db_info *new, *old;
	char hex[2 * VULN_KEY_LEN + 1];
	int rc = database_open_fd(fd, update->opts->key, &db, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "the new database");
	new = vuln_db_info(db);
	old = update->old ? vuln_db_info(update->old) : NULL;
	if (old && !update->opts->key && memcmp(old->key, new->key, VULN_KEY_LEN) != 0)
		return rf_err_set(err, RF_EDENIED,
			"the new database is signed by %s and not by who signed the old one: if "
			"that is right, say --key",
			hex_of(new->key, VULN_KEY_LEN, hex));
	rc = vuln_db_verify(db, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the new database");
	if (old && new->built_s < old->built_s && !update->opts->force)
		return rf_err_set(err, RF_EDENIED,
			"the new database is older than the one that is there: --force takes it");
	if (!old && !update->opts->key)
		fprintf(stderr, "ringfence: note: signed by %s, which nobody has vouched for\n",
			hex_of(new->key, VULN_KEY_LEN, hex));
	return RF_OK;
}

static int make_parent(const char *path, struct rf_err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_BUF parent = {0};

	if (!slash || slash == path)
		return RF_OK;
	rf_buf_add(&parent, path, (size_t)(slash - path));
	return rf_dir_make(rf_buf_cstr(&parent), 0755, err);
}

static int install(struct update *update, struct rf_err *err)
{
	AUTO_FRESH fresh = RF_FRESH_INIT;
	int rc = make_parent(update->path.data, err);

	if (rc == RF_OK)
		rc = write_fresh(update->path.data, &update->new, &fresh, err);
	if (rc == RF_OK)
		rc = check_new(update, fresh.fd, err);
	return rc < 0 ? rc : rf_fresh_place(&fresh, err);
}

/* One of another format cannot be asked who signed it: --key must tell whom to trust. */
static int open_old(struct update *update, struct rf_err *err)
{
	int rc = database_open(update->path.data, NULL, &update->old, err);

	if (rc == RF_EABSENT || (rc == RF_EUNSUPPORTED && update->opts->key))
		return RF_OK;
	if (rc == RF_EUNSUPPORTED)
		return rf_err_set(err, rc,
			"%s: a vulnerability database of another format: with --key it is replaced",
			update->path.data);
	return rc;
}

static int run_update(struct update *update, struct rf_err *err)
{
	int rc = RF_OK;

	if (update->opts->db)
		rf_buf_add_c(&update->path, update->opts->db);
	else
		rc = database_default(&update->path, err);
	if (rc == RF_OK)
		rc = open_old(update, err);
	if (rc < 0)
		return rc;
	rc = get_delta(update, err);
	if (rc < 0)
		rc = get_full(update, err);
	return rc < 0 ? rc : install(update, err);
}

static int update(const struct db_opts *opts, const struct opt_args *args RF_UNUSED)
{
	CLEANUP(update_done) struct update update = {.opts = NULL};
	struct db_opts all = *opts;
	struct rf_err err;

	if (!all.from)
		all.from = getenv("RINGFENCE_DB_FROM");
	if (!all.from || !*all.from)
		return opt_fail(&update_usage, "from where? Say --from URL or DIRECTORY");
	update.opts = &all;
	if (run_update(&update, &err) < 0)
		return out_error(&err);
	fprintf(stderr, "ringfence: %s is up to date%s\n", update.path.data,
		update.by_delta ? ", by a delta" : "");
	return 0;
}

/* --- the verbs --- */

const struct opt_usage *const image_db_usages[] = {
	&build_usage, &info_usage, &delta_usage, &update_usage};
const size_t image_db_usage_count = RF_ARRAY_LEN(image_db_usages);

static int (*const verbs[])(const struct db_opts *opts, const struct opt_args *args) = {
	build, info, delta, update};

const struct opt_usage image_db_usage = {
	.verb = "image db",
	.synopsis = "build|info|delta|update",
	.summary = "makes and looks at vulnerability databases",
	.max_args = -1,
};

int image_verb_db(int argc, char **argv)
{
	const struct opt_group group = {
		.verb = "image db",
		.summary = image_db_usage.summary,
		.usages = image_db_usages,
		.usage_count = RF_ARRAY_LEN(image_db_usages),
	};
	struct db_opts opts = {.out = NULL};
	struct opt_args args;
	size_t index;
	int status = opt_group(&group, argc, argv, &index);

	if (status == OPT_GO)
		status = opt_parse(image_db_usages[index], argc - 1, argv + 1, &opts, &args);
	return status == OPT_GO ? verbs[index](&opts, &args) : status;
}
