/*
 * The one program in the images of the whole-program tests: small commands that say what a
 * container sees and may do. Linked statically; each is a row of the table at the end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int failed(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* --- files --- */

static int copy(int fd)
{
	char block[65536];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) > 0) {
		for (ssize_t done = 0, put; done < got; done += put) {
			put = write(1, block + done, (size_t)(got - done));
			if (put < 0)
				return 1;
		}
	}
	return got < 0;
}

static int do_cat(char **args)
{
	int status = 0;

	if (!*args)
		return copy(0);
	for (; *args; args++) {
		int fd = open(*args, O_RDONLY);

		fflush(stdout);
		status |= fd < 0 ? failed(*args) : copy(fd);
		close(fd);
	}
	return status;
}

/* "PATH TYPE MODE UID:GID SIZE [-> TARGET]" of each, links not followed. */
static int do_stat(char **args)
{
	int status = 0;

	for (; *args; args++) {
		char target[1024] = "";
		struct stat st;

		if (lstat(*args, &st) < 0) {
			status = failed(*args);
			continue;
		}
		printf("%s %s %04o %u:%u %lld", *args,
			S_ISDIR(st.st_mode)   ? "dir"
			: S_ISLNK(st.st_mode) ? "link"
			: S_ISCHR(st.st_mode) ? "char"
			: S_ISREG(st.st_mode) ? "file"
					      : "other",
			st.st_mode & 07777, st.st_uid, st.st_gid, (long long)st.st_size);
		if (S_ISLNK(st.st_mode) && readlink(*args, target, sizeof(target) - 1) > 0)
			printf(" -> %s", target);
		putchar('\n');
	}
	return status;
}

static int do_ls(char **args)
{
	struct dirent **list;
	int count = scandir(*args, &list, NULL, alphasort);

	if (count < 0)
		return failed(*args);
	for (int i = 0; i < count; i++) {
		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0)
			puts(list[i]->d_name);
	}
	return 0;
}

static int do_write(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, args[1], strlen(args[1])) < 0 || close(fd) < 0)
		return failed(args[0]);
	return 0;
}

/* fill PATH BYTES */
static int do_fill(char **args)
{
	static char block[65536];
	long long left = atoll(args[1]);
	int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC, 0666);

	for (; fd >= 0 && left > 0; left -= (long long)sizeof(block)) {
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			return failed(args[0]);
	}
	return fd < 0 ? failed(args[0]) : 0;
}

static int do_mkdir(char **args)
{
	return mkdir(args[0], 0777) < 0 ? failed(args[0]) : 0;
}

static int do_symlink(char **args)
{
	return symlink(args[0], args[1]) < 0 ? failed(args[1]) : 0;
}

/* "MAGIC BYTES OPTIONS" of the file system that holds a path. */
static int do_fs(char **args)
{
	struct statfs fs;

	if (statfs(args[0], &fs) < 0)
		return failed(args[0]);
	printf("%s %llu%s%s%s%s\n", fs.f_type == 0x01021994 ? "tmpfs" : "other",
		(unsigned long long)fs.f_blocks * (unsigned long long)fs.f_bsize,
		fs.f_flags & ST_RDONLY ? " ro" : "", fs.f_flags & ST_NOSUID ? " nosuid" : "",
		fs.f_flags & ST_NODEV ? " nodev" : "", fs.f_flags & ST_NOEXEC ? " noexec" : "");
	return 0;
}

/* --- the process --- */

static int do_env(char **args)
{
	if (*args)
		return puts(getenv(*args) ? getenv(*args) : "(unset)") < 0;
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}

static int do_args(char **args)
{
	for (; *args; args++)
		puts(*args);
	return 0;
}

static int do_pwd(char **args)
{
	(void)args;
	puts(get_current_dir_name());
	return 0;
}

/* What the kernel says of this process: "Name:\tvalue" lines, and limits it has. */
static int do_self(char **args)
{
	char *files[] = {"/proc/self/status", NULL};
	struct rlimit nofile, core;
	mode_t mask = umask(0);
	char host[128] = "";

	(void)args;
	getrlimit(RLIMIT_NOFILE, &nofile);
	getrlimit(RLIMIT_CORE, &core);
	gethostname(host, sizeof(host) - 1);
	printf("Nofile:\t%llu %llu\n", (unsigned long long)nofile.rlim_cur,
		(unsigned long long)nofile.rlim_max);
	printf("Mask:\t%04o\nHostname:\t%s\n", mask, host);
	fflush(stdout);
	return do_cat(files);
}

static int do_exit(char **args)
{
	return atoi(args[0]);
}

static int do_kill(char **args)
{
	signal(atoi(args[0]), SIG_DFL);
	raise(atoi(args[0]));
	return 99; /* the first process of a PID namespace ignores what it does not handle */
}

static void end(int signo)
{
	(void)signo;
	_exit(0);
}

static __attribute__((noreturn)) int do_pause(char **args)
{
	(void)args;
	signal(SIGTERM, end);
	for (;;)
		pause();
}

static int do_sleep(char **args)
{
	usleep((useconds_t)(atof(args[0]) * 1e6));
	return 0;
}

static int do_bytes(char **args)
{
	static char block[65536];
	long long left = atoll(args[0]);

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 26);
	for (; left > 0;) {
		size_t want = left < (long long)sizeof(block) ? (size_t)left : sizeof(block);
		ssize_t put = write(1, block, want);

		if (put < 0)
			return 1;
		left -= put;
	}
	return 0;
}

static int do_error(char **args)
{
	fputs(args[0], stderr);
	return 0;
}

/* --- what may it do? --- */

static int try_mount(void)
{
	return mount("none", "/dev/shm", "tmpfs", 0, NULL);
}

static int try_userns(void)
{
	return unshare(CLONE_NEWUSER);
}

static int try_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int try_chown(void)
{
	return chown("/tmp/f", 12345, 12345);
}

static int try_mknod(void)
{
	return mknod("/tmp/disk", S_IFBLK | 0600, makedev(7, 0));
}

static int try_keyctl(void)
{
	return (int)syscall(SYS_keyctl, 0, -3, 0, 0, 0);
}

static int try_kmsg(void)
{
	return (int)syscall(SYS_syslog, 3, NULL, 0);
}

static int try_sysctl(void)
{
	return open("/proc/sys/kernel/domainname", O_WRONLY);
}

static int try_bind80(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};

	return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof(at));
}

static int try_setuid(void)
{
	return setuid(4242);
}

/* try WHAT...: "WHAT yes" or "WHAT EPERM" */
static int do_try(char **args)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} rows[] = {{"mount", try_mount}, {"userns", try_userns}, {"raw", try_raw},
		{"chown", try_chown}, {"mknod", try_mknod}, {"keyctl", try_keyctl},
		{"kmsg", try_kmsg}, {"sysctl", try_sysctl}, {"bind80", try_bind80},
		{"setuid", try_setuid}};

	for (; *args; args++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (strcmp(*args, rows[i].name) == 0)
				printf("%s %s\n", *args,
					rows[i].fn() < 0 ? strerrorname_np(errno) : "yes");
		}
	}
	return 0;
}

/* alloc MEGABYTES: touches them */
static int do_alloc(char **args)
{
	size_t len = (size_t)atoll(args[0]) << 20;
	char *memory = malloc(len);

	if (!memory)
		return failed("malloc");
	for (size_t i = 0; i < len; i += 4096)
		((volatile char *)memory)[i] = 1;
	puts("allocated");
	return 0;
}

/* forks COUNT: how many children could be made */
static int do_forks(char **args)
{
	int made = 0;

	for (; made < atoi(args[0]); made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			pause();
			_exit(0);
		}
	}
	printf("%d\n", made);
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}

/* --- a terminal --- */

static void say_terminal(void)
{
	struct winsize size = {0};

	if (!isatty(0) || !isatty(1)) {
		puts("no terminal");
		return;
	}
	ioctl(0, TIOCGWINSZ, &size);
	printf("terminal %dx%d %s\n", size.ws_col, size.ws_row, ttyname(0));
	fflush(stdout);
}

static void resized(int signo)
{
	(void)signo;
	say_terminal();
}

/* Says what the terminal is, again when it is resized, and echoes lines until "quit". */
static int do_tty(char **args)
{
	struct sigaction action = {.sa_handler = resized, .sa_flags = SA_RESTART};
	char line[256];

	(void)args;
	sigaction(SIGWINCH, &action, NULL);
	say_terminal();
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "quit\n") == 0)
			return 7;
		printf("line %s", line);
		fflush(stdout);
	}
	puts("end of input");
	return 0;
}

/* --- the network --- */

static int any_socket(int type, int port)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), one = 1, zero = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		(type == SOCK_STREAM && listen(fd, 64) < 0)) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static void answer(int fd, int type, const char *text)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	char block[512];

	if (type == SOCK_STREAM) {
		int peer = accept(fd, NULL, NULL);

		dprintf(peer, "%s\n", text);
		close(peer);
		return;
	}
	if (recvfrom(fd, block, sizeof(block), 0, (struct sockaddr *)&from, &len) >= 0)
		sendto(fd, text, strlen(text), 0, (struct sockaddr *)&from, len);
}

/* serve tcp:8080 udp:53 ...: answers "HOSTNAME PROTO:PORT" */
static int do_serve(char **args)
{
	struct pollfd fds[16];
	int types[16], count = 0;
	char host[128] = "", text[256];

	signal(SIGTERM, end);
	signal(SIGPIPE, SIG_IGN);
	gethostname(host, sizeof(host) - 1);
	for (; args[count] && count < 16; count++) {
		types[count] = args[count][0] == 'u' ? SOCK_DGRAM : SOCK_STREAM;
		fds[count] = (struct pollfd){
			.fd = any_socket(types[count], atoi(args[count] + 4)), .events = POLLIN};
	}
	puts("serving");
	fflush(stdout);
	while (poll(fds, (nfds_t)count, -1) >= 0) {
		for (int i = 0; i < count; i++) {
			snprintf(text, sizeof(text), "%s %s", host, args[i]);
			if (fds[i].revents)
				answer(fds[i].fd, types[i], text);
		}
	}
	return 1;
}

static int talk(int fd, int type, int timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = type == SOCK_STREAM ? POLLOUT : POLLIN};
	char block[512];
	int error = 0;
	socklen_t len = sizeof(error);
	ssize_t got;

	if (type == SOCK_DGRAM && send(fd, "?", 1, 0) < 0)
		return puts(strerrorname_np(errno)), 1;
	if (poll(&wait, 1, timeout_ms) == 0)
		return puts("timeout"), 1;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	wait.events = POLLIN;
	if (!error && poll(&wait, 1, timeout_ms) == 0)
		return puts("timeout"), 1;
	got = error ? -1 : recv(fd, block, sizeof(block) - 1, 0);
	if (got < 0) {
		errno = error ? error : errno;
		return puts(strerrorname_np(errno)), 1;
	}
	block[got] = '\0';
	while (got && block[got - 1] == '\n')
		block[--got] = '\0';
	puts(block);
	return 0;
}

/* talk tcp|udp HOST PORT [MILLISECONDS]: prints the answer, ECONNREFUSED, "timeout", ... */
static int do_talk(char **args)
{
	struct addrinfo hints = {.ai_socktype = args[0][0] == 'u' ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *list;
	int rc = getaddrinfo(args[1], args[2], &hints, &list), fd;

	if (rc)
		return puts(gai_strerror(rc)), 2;
	fd = socket(list->ai_family, hints.ai_socktype | SOCK_NONBLOCK, 0);
	if (connect(fd, list->ai_addr, list->ai_addrlen) < 0 && errno != EINPROGRESS)
		return puts(strerrorname_np(errno)), 1;
	return talk(fd, hints.ai_socktype, args[3] ? atoi(args[3]) : 2000);
}

/* lookup NAME: as libc does it, one address a line, sorted by the resolver */
static int do_lookup(char **args)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *a;
	int rc = getaddrinfo(args[0], NULL, &hints, &list);
	char text[128];

	if (rc)
		return puts(gai_strerror(rc)), 1;
	for (a = list; a; a = a->ai_next) {
		getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
		puts(text);
	}
	return 0;
}

static int do_hostname(char **args)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;
	char text[256];
	int rc = getaddrinfo(args[0], NULL, &hints, &list);

	if (!rc)
		rc = getnameinfo(
			list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0, NI_NAMEREQD);
	puts(rc ? gai_strerror(rc) : text);
	return rc != 0;
}

/* --- the table --- */

static const struct {
	const char *name;
	int (*fn)(char **args);
	int needs;
} rows[] = {{"cat", do_cat, 0}, {"stat", do_stat, 1}, {"ls", do_ls, 1}, {"write", do_write, 2},
	{"fill", do_fill, 2}, {"mkdir", do_mkdir, 1}, {"symlink", do_symlink, 2}, {"fs", do_fs, 1},
	{"env", do_env, 0}, {"args", do_args, 0}, {"pwd", do_pwd, 0}, {"self", do_self, 0},
	{"exit", do_exit, 1}, {"pwd", do_pwd, 0}, {"kill", do_kill, 1}, {"pause", do_pause, 0},
	{"sleep", do_sleep, 1}, {"bytes", do_bytes, 1}, {"error", do_error, 1}, {"try", do_try, 1},
	{"alloc", do_alloc, 1}, {"forks", do_forks, 1}, {"tty", do_tty, 0}, {"serve", do_serve, 1},
	{"talk", do_talk, 3}, {"lookup", do_lookup, 1}, {"hostname", do_hostname, 1}};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(argv[1], rows[i].name) == 0 && argc - 2 >= rows[i].needs)
			return rows[i].fn(argv + 2);
	}
	fputs("tool: no such command\n", stderr);
	return 64;
}
