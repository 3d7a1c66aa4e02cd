/* TAP version 13 on standard output; failures are explained in comment lines. */
#include "tests/lib/tap.h"

#include <stdarg.h>
#include <unistd.h>

static struct {
	int argc;
	char **argv;
	unsigned run_count;
	unsigned failed_count;
	bool test_failed;
	char skip_reason[256];
} tap;

void tap_begin(int argc, char **argv)
{
	tap.argc = argc;
	tap.argv = argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
}

int tap_end(void)
{
	printf("1..%u\n", tap.run_count);
	return tap.failed_count ? 1 : 0;
}

static bool picked(const char *name)
{
	if (tap.argc < 2)
		return true;
	for (int i = 1; i < tap.argc; i++) {
		if (strstr(name, tap.argv[i]))
			return true;
	}
	return false;
}

void tap_run(const char *name, void (*test)(void))
{
	char sentence[256];
	size_t len = strlen(name) < sizeof(sentence) ? strlen(name) : sizeof(sentence) - 1;

	if (!picked(name))
		return;
	for (size_t i = 0; i < len; i++)
		sentence[i] = name[i] == '_' ? ' ' : name[i];
	sentence[len] = '\0';
	tap.test_failed = false;
	tap.skip_reason[0] = '\0';
	test();
	tap.run_count++;
	if (tap.test_failed)
		tap.failed_count++;
	printf("%s %u - %s%s%s\n", tap.test_failed ? "not ok" : "ok", tap.run_count, sentence,
		tap.skip_reason[0] ? " # SKIP " : "", tap.skip_reason);
}

void tap_check(bool ok, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return;
	tap.test_failed = true;
	printf("# %s:%d: failed: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void tap_check_str(const char *got, const char *want, const char *file, int line)
{
	bool same = got && want && strcmp(got, want) == 0;

	tap_check(same, file, line, "got \"%s\", want \"%s\"", got ? got : "(null)",
		want ? want : "(null)");
}

void tap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(tap.skip_reason, sizeof(tap.skip_reason), fmt, ap);
	va_end(ap);
}

void tap_diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

bool tap_failed(void)
{
	return tap.test_failed;
}

const char *tap_shared_data(const char *relative)
{
	static char path[1024];
	const char *root = getenv("RF_SHARED_DATA");

	snprintf(path, sizeof(path), "%s/%s", root ? root : "../shared/data", relative);
	return access(path, R_OK) == 0 ? path : NULL;
}
