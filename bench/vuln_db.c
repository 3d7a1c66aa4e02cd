/*
 * The claims: a vulnerability database is opened in less than a millisecond, however large it is;
 * a package is looked up in it in microseconds, hashes verified; and that of Go is at most 1.5 MB.
 * Beside it SQLite with an index on the same names, as Python's module has it.
 *
 *	bench/vuln_db [SOURCE...]     sources for `image db build`, such as go-vulndb.zip, timed too
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/vuln/build.h"

#define RUNS	   3
#define PACKAGES   20000
#define ADVISORIES 40000
#define OPENS	   200
#define LOOKUPS	   200000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void give_up(const struct rf_err *err)
{
	fprintf(stderr, "vuln_db: %s\n", err->msg);
	exit(2);
}

/* --- building --- */

static int add_made_up(struct vuln_builder *builder, struct rf_err *err)
{
	char name[32], text[512];
	int rc = RF_OK;

	for (int i = 0; i < ADVISORIES && rc == RF_OK; i++) {
		int len = snprintf(text, sizeof(text),
			"{\"id\":\"OSV-%d\",\"modified\":\"2026-01-01T00:00:00Z\",\"summary\":"
			"\"About package %d\",\"affected\":[{\"package\":{\"ecosystem\":"
			"\"Debian:12\",\"name\":\"package-%d\"},\"ranges\":[{\"type\":\"ECOSYSTEM\""
			",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.%d-1\"}]}]}]}",
			i, i % PACKAGES, i % PACKAGES, i % 97);

		snprintf(name, sizeof(name), "OSV-%d.json", i);
		rc = vuln_builder_add_document(
			builder, rf_str_of(name), (struct rf_str){text, (size_t)len}, err);
	}
	return rc;
}

static int add_sources(
	struct vuln_builder *builder, char *const *sources, int count, struct rf_err *err)
{
	int rc = RF_OK;

	for (int i = 0; i < count && rc == RF_OK; i++)
		rc = vuln_builder_add(builder, sources[i], err);
	return rc;
}

/* Builds from the sources, or what is made up; a descriptor of the file. */
static int build(
	const struct vuln_signer *signer, char *const *sources, int count, double *ret_seconds)
{
	struct rf_err err;
	int fd = -1, rc;

	*ret_seconds = 1e9;
	for (int run = 0; run < RUNS; run++) {
		AUTO_VULN_BUILDER *builder = NULL;
		AUTO_BUF file = {0};
		double start = now();

		rc = vuln_builder_new(&builder, &err);
		if (rc == RF_OK)
			rc = count ? add_sources(builder, sources, count, &err)
				   : add_made_up(builder, &err);
		if (rc == RF_OK)
			rc = vuln_builder_finish(builder, 0, signer, &file, &err);
		if (rc < 0)
			give_up(&err);
		if (now() - start < *ret_seconds)
			*ret_seconds = now() - start;
		rf_fd_closep(&fd);
		fd = memfd_create("vuln_db", MFD_CLOEXEC);
		if (fd < 0 || rf_fd_write_all(fd, file.data, file.len, &err) < 0)
			give_up(&err);
	}
	return fd;
}

/* --- opening and looking up --- */

/* The best of many, since one takes less than the clock of a busy machine wanders. */
static double time_open(int fd)
{
	double best = 1e9;
	struct rf_err err;

	for (int i = 0; i < OPENS; i++) {
		AUTO_VULN_DB *db = NULL;
		double start = now();

		if (vuln_db_open(fd, &db, &err) < 0)
			give_up(&err);
		if (now() - start < best)
			best = now() - start;
	}
	return best;
}

static size_t look_up(struct vuln_db *db, const char *name)
{
	struct vuln_affected_iter iter;
	struct vuln_affected affected;
	struct vuln_advisory advisory;
	struct rf_err err;
	size_t found = 0;

	if (vuln_affected_find(db, RF_STR("Debian:12"), rf_str_of(name), &iter, &err) < 0)
		return 0;
	while (vuln_affected_next(&iter, &affected, &err) > 0) {
		if (vuln_advisory_find(db, affected.id, &advisory, &err) == RF_OK)
			found++;
	}
	return found;
}

/* Seconds for LOOKUPS packages; in the first run blocks are verified, too. */
static double time_lookups(struct vuln_db *db)
{
	double start = now();
	size_t found = 0;
	char name[32];

	for (unsigned i = 0; i < LOOKUPS; i++) {
		snprintf(name, sizeof(name), "package-%u", i * 7919 % PACKAGES);
		found += look_up(db, name);
	}
	if (found != (size_t)LOOKUPS * (ADVISORIES / PACKAGES)) {
		fprintf(stderr, "vuln_db: %zu advisories found\n", found);
		exit(2);
	}
	return now() - start;
}

static void print_row(const char *name, double value, int digits, const char *unit)
{
	printf("%-52s %7.*f %s\n", name, digits, value, unit);
}

static void measure(const char *what, int fd, double build_s)
{
	printf("%s\n", what);
	print_row("  built", build_s, 2, "s");
	print_row("  size", (double)lseek(fd, 0, SEEK_END) / 1e6, 2, "MB");
	print_row("  opened, signature verified (claim: < 1)", time_open(fd) * 1e3, 3, "ms");
}

static void measure_lookups(int fd)
{
	AUTO_VULN_DB *db = NULL;
	double first, best;
	struct rf_err err;

	if (vuln_db_open(fd, &db, &err) < 0)
		give_up(&err);
	first = time_lookups(db);
	best = time_lookups(db);
	print_row("  packages looked up with their advisories, cold", LOOKUPS / first / 1e6, 2,
		"million/s");
	print_row("  the same again", LOOKUPS / best / 1e6, 2, "million/s");
}

/* --- beside it --- */

static const char sqlite_program[] =
	"import sqlite3, time\n"
	"d = sqlite3.connect(':memory:')\n"
	"d.execute('create table a (package text, id text primary key, fixed text)')\n"
	"d.executemany('insert into a values (?, ?, ?)', ((f'Debian:12 package-{i % 20000}',"
	" f'OSV-{i}', f'1.{i % 97}-1') for i in range(40000)))\n"
	"d.execute('create index p on a (package)')\n"
	"n = 20000\n"
	"t = time.perf_counter()\n"
	"for i in range(n):\n"
	"    d.execute('select id, fixed from a where package = ?',"
	" (f'Debian:12 package-{i * 7919 % 20000}',)).fetchall()\n"
	"print(f\"{'  SQLite in memory, from Python':52} "
	"{n / (time.perf_counter() - t) / 1e6:7.2f} million/s\")\n";

static void run_sqlite(void)
{
	FILE *python;

	fflush(stdout);
	python = popen("python3 - 2>/dev/null", "we");
	if (python)
		fputs(sqlite_program, python);
	if (!python || pclose(python) != 0)
		printf("  SQLite: python3 is not installed\n");
}

/* A key of its own, of which nothing stays. */
static int make_signer(struct vuln_signer **ret, struct rf_err *err)
{
	char dir[] = "/tmp/vuln_db-XXXXXX", key[64], pub[64];
	int rc;

	if (!mkdtemp(dir))
		return rf_err_set(err, RF_EIO, "no directory in /tmp");
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(pub, sizeof(pub), "%s/key.pub", dir);
	rc = vuln_signer_make(key, ret, err);
	unlink(pub);
	unlink(key);
	rmdir(dir);
	return rc;
}

int main(int argc, char **argv)
{
	AUTO_SIGNER *signer = NULL;
	AUTO_FD made_up = -1;
	AUTO_FD given = -1;
	struct rf_err err;
	double build_s;

	if (make_signer(&signer, &err) < 0)
		give_up(&err);
	made_up = build(signer, NULL, 0, &build_s);
	measure("40,000 advisories of 20,000 packages", made_up, build_s);
	measure_lookups(made_up);
	run_sqlite();
	if (argc > 1) {
		given = build(signer, argv + 1, argc - 1, &build_s);
		measure("the sources given", given, build_s);
	}
	return 0;
}
