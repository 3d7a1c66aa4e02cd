/*
 * Gives a fuzz target a main() where there is no libFuzzer: runs every file named, and every file
 * of the directories named, through the target. The target's own checks abort.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path, unsigned depth, size_t *count);

static int replay_directory(const char *path, unsigned depth, size_t *count)
{
	DIR *dir = depth < 8 ? opendir(path) : NULL;
	struct dirent *entry;
	int failed = dir ? 0 : 1;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *child = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0) {
			child = NULL;
			failed = 1;
			break;
		}
		failed |= replay(child, depth + 1, count);
	}
	if (dir)
		closedir(dir);
	return failed;
}

static int replay_file(const char *path, size_t *count)
{
	AUTO_BUF content = {.data = NULL};
	AUTO_FREE uint8_t *exact = NULL;
	struct rf_err err;

	if (rf_file_read(path, &content, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	/* A copy of the exact size, so that AddressSanitizer sees reads beyond the end. */
	exact = malloc(content.len ? content.len : 1);
	if (!exact)
		return 1;
	if (content.len)
		memcpy(exact, content.data, content.len);
	LLVMFuzzerTestOneInput(exact, content.len);
	++*count;
	return 0;
}

static int replay(const char *path, unsigned depth, size_t *count)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		return 1;
	}
	return S_ISDIR(st.st_mode) ? replay_directory(path, depth, count)
				   : replay_file(path, count);
}

int main(int argc, char **argv)
{
	size_t count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i], 0, &count);
	printf("%zu inputs\n", count);
	return failed;
}
