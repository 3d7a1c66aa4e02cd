/*
 * measure OUT PROGRAM ARG...: runs it and writes "STATUS PEAK_KB MS CPU_MS" into OUT. The peak is
 * the largest resident set of the program and of all its children that it waited for. It is small
 * itself, as a child begins with what its parent had.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static long long ms_of(const struct timeval *t)
{
	return t->tv_sec * 1000LL + t->tv_usec / 1000;
}

int main(int argc, char **argv)
{
	long long start = now_ms();
	struct rusage usage;
	int status;
	FILE *out;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 2;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	out = fopen(argv[1], "w");
	if (!out ||
		fprintf(out, "%d %ld %lld %lld\n", status, usage.ru_maxrss, now_ms() - start,
			ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime)) < 0 ||
		fclose(out) != 0)
		return 2;
	return status;
}
