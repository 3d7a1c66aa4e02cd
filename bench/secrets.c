/*
 * The claim: a tree of source is searched for secrets at 200 MB/s or more, with at most ten false
 * hits on the Go source tree (88 MB). Beside it gitleaks, where it is installed, on the same tree.
 *
 *	bench/secrets [DIRECTORY]     "-v" after it lists the hits
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/secrets/secrets.h"

#define RUNS	 3
#define MAX_FILE ((off_t)64 << 20)

static struct {
	const struct secret_rules *rules;
	const char *path;
	char *content;
	size_t cap, bytes, files, hits;
	double search;
	bool verbose;
} bench;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int count(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	char shown[SECRET_REDACTED_SIZE];

	(void)ctx, (void)err;
	bench.hits++;
	secret_redact(hit->secret, shown);
	if (bench.verbose)
		printf("%s:%u:%u: %s %s %s\n", bench.path, hit->line, hit->column, hit->severity,
			hit->rule, shown);
	return RF_OK;
}

static ssize_t read_whole(const char *path, off_t size)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if ((size_t)size + 1 > bench.cap) {
		bench.cap = (size_t)size * 2 + 65536;
		free(bench.content);
		bench.content = malloc(bench.cap);
	}
	return fd < 0 || !bench.content ? -1 : read(fd, bench.content, (size_t)size);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const struct secret_sink sink = {.hit = count};
	struct rf_err err;
	struct rf_bytes text;
	double start;
	ssize_t len;

	(void)ftw;
	if (type != FTW_F || st->st_size > MAX_FILE || !secret_path_wanted(rf_str_of(path)))
		return 0;
	len = read_whole(path, st->st_size);
	if (len <= 0)
		return 0;
	text = (struct rf_bytes){(const uint8_t *)bench.content, (size_t)len};
	if (!secret_is_text(text))
		return 0;
	bench.path = path;
	start = now();
	if (secret_search(bench.rules, rf_str_of(path), text, &sink, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		return 1;
	}
	bench.search += now() - start;
	bench.bytes += (size_t)len;
	bench.files++;
	return 0;
}

static const char *default_tree(void)
{
	static const char *const trees[] = {"/usr/local/go/src", "/usr/share/go-1.19/src",
		"/usr/share/go-1.24/src", "/usr/lib/go/src", "/usr/include"};

	for (size_t i = 0; i < RF_ARRAY_LEN(trees); i++)
		if (access(trees[i], R_OK) == 0)
			return trees[i];
	return ".";
}

static void run_gitleaks(const char *tree)
{
	char command[4096];
	double start = now();
	int len = snprintf(command, sizeof(command),
		"gitleaks dir --no-banner --no-color --exit-code 0 '%s' 2>&1 | tail -n 2", tree);

	if (system("command -v gitleaks >/dev/null 2>&1") != 0) {
		printf("gitleaks: not installed\n");
		return;
	}
	if (len > 0 && (size_t)len < sizeof(command) && system(command) == 0)
		printf("%-44s %7.2f s\n", "gitleaks, whole process", now() - start);
}

int main(int argc, char **argv)
{
	const char *tree = argc > 1 ? argv[1] : default_tree();
	AUTO_SECRET_RULES *rules = NULL;
	double best_all = 1e9, best_search = 1e9;
	struct rf_err err;

	if (secret_rules_new(&rules, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	bench.rules = rules;
	for (int i = 0; i < RUNS; i++) {
		double start = now();

		bench.bytes = bench.files = bench.hits = 0;
		bench.search = 0;
		bench.verbose = argc > 2 && i == 0;
		if (nftw(tree, visit, 64, FTW_PHYS) != 0)
			return 2;
		best_all = now() - start < best_all ? now() - start : best_all;
		best_search = bench.search < best_search ? bench.search : best_search;
	}
	printf("%s: %.1f MB of text in %zu files, %zu hits, best of %d runs\n", tree,
		(double)bench.bytes / 1e6, bench.files, bench.hits, RUNS);
	printf("%-44s %7.1f MB/s\n", "searched (claim: >= 200)",
		(double)bench.bytes / 1e6 / best_search);
	printf("%-44s %7.3f s\n", "with walking and reading (claim: <= 0.5)", best_all);
	run_gitleaks(tree);
	free(bench.content);
	return 0;
}
