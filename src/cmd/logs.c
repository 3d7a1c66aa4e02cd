/*
 * `logs`: what containers print. conmon keeps it in files, one line an entry: "TIME STREAM F|P
 * TEXT" (P: the line goes on in the next entry), the format of the container runtime interface.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/live.h"

struct logs_opts {
	struct live_opts live;
	const char *container;
	bool follow;
};

static const struct opt_row rows[] = {
	{"follow", 'f', OPT_FLAG, offsetof(struct logs_opts, follow), NULL,
		"Goes on printing what comes, until Ctrl-C.", NULL},
	{"container", 'c', OPT_TEXT, offsetof(struct logs_opts, container), "NAME",
		"Which container, instead of all but the init containers.", NULL},
	LIVE_ROWS(struct logs_opts),
};

static const struct opt_example examples[] = {
	{"what a workload prints, as it comes", "ringfence logs -f production/my-golang-app"},
};

static const struct opt_usage usage = {
	.verb = "logs",
	.synopsis = "[-f] [-c CONTAINER] POD",
	.summary = "prints what a pod's containers have printed",
	.text = "POD is namespace/pod, namespace/workload where the workload has one pod, or the "
		"name alone in the namespace default.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.min_args = 1,
	.max_args = 1,
};

#define READ_STEP	65536
#define FOLLOW_PAUSE_MS 200

struct log_file {
	char *path, *prefix;
	int fd;
	struct rf_buf rest; /* an entry that is not complete yet */
};

struct log_follow {
	RF_VEC(struct log_file) files;
	const char *open; /* path of the file whose line has been printed in part, or NULL */
	bool colour;
};

struct log_follow *log_follow_new(bool colour)
{
	struct log_follow *follow = calloc(1, sizeof(*follow));

	if (follow)
		follow->colour = colour;
	return follow;
}

void log_follow_free(struct log_follow *follow)
{
	if (!follow)
		return;
	rf_vec_each (file, &follow->files) {
		free(file->path);
		free(file->prefix);
		rf_fd_closep(&file->fd);
		rf_buf_done(&file->rest);
	}
	rf_vec_done(&follow->files);
	free(follow);
}

int log_follow_add(struct log_follow *follow, const char *path, const char *prefix, bool from_start)
{
	struct log_file *file;

	rf_vec_each (known, &follow->files) {
		if (strcmp(known->path, path) == 0)
			return RF_OK;
	}
	file = rf_vec_add(&follow->files);
	if (!file)
		return RF_EINTERNAL;
	file->path = strdup(path);
	file->prefix = strdup(prefix);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd >= 0 && !from_start)
		lseek(file->fd, 0, SEEK_END);
	return file->path && file->prefix ? RF_OK : RF_EINTERNAL;
}

void log_follow_end_line(struct log_follow *follow)
{
	if (!follow->open)
		return;
	putchar('\n');
	fflush(stdout);
	follow->open = NULL;
}

/* One entry: time and stream are left out, the text goes where it came from. */
static void print_entry(struct log_follow *follow, const struct log_file *file, struct rf_str entry)
{
	struct rf_str time, stream, tag, text;
	AUTO_BUF line = {0};

	text = rf_str_cut(entry, ' ', &time);
	text = rf_str_cut(text, ' ', &stream);
	text = rf_str_cut(text, ' ', &tag);
	if (!text.ptr)
		return;
	if (follow->open && follow->open != file->path)
		log_follow_end_line(follow);
	if (!follow->open && file->prefix[0]) {
		out_style(&line, follow->colour, OUT_FAINT, "%s", file->prefix);
		rf_buf_add_c(&line, " ");
	}
	rf_buf_add_str(&line, text);
	follow->open = rf_str_is(tag, "P") ? file->path : NULL;
	if (!follow->open)
		rf_buf_add_char(&line, '\n');
	fwrite(rf_buf_cstr(&line), 1, line.len, stdout);
}

static void print_entries(struct log_follow *follow, struct log_file *file)
{
	char *end;

	while (file->rest.len && (end = memchr(file->rest.data, '\n', file->rest.len))) {
		size_t used = (size_t)(end - file->rest.data) + 1;

		print_entry(follow, file, (struct rf_str){file->rest.data, used - 1});
		memmove(file->rest.data, file->rest.data + used, file->rest.len - used);
		file->rest.len -= used;
	}
}

/* A log that has grown too large is replaced by a new file of the same name. */
static bool was_replaced(const struct log_file *file)
{
	struct stat now, ours;

	return stat(file->path, &now) == 0 && fstat(file->fd, &ours) == 0 &&
	       (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev);
}

static void poll_file(struct log_follow *follow, struct log_file *file)
{
	if (file->fd < 0)
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	while (file->fd >= 0) {
		char *room = rf_buf_reserve(&file->rest, READ_STEP);
		ssize_t got = room ? read(file->fd, room, READ_STEP) : 0;

		if (got > 0) {
			file->rest.len += (size_t)got;
			print_entries(follow, file);
			continue;
		}
		if (!was_replaced(file))
			return;
		rf_fd_closep(&file->fd);
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	}
}

void log_follow_poll(struct log_follow *follow)
{
	rf_vec_each (file, &follow->files)
		poll_file(follow, file);
	fflush(stdout);
}

static int add_containers(
	struct log_follow *follow, const struct doc_node *pod, const char *container)
{
	unsigned count = 0;

	doc_each (c, doc_get(pod, "containers")) {
		if (container ? strcmp(live_text(c, "name"), container) != 0
			      : live_truth(c, "init"))
			continue;
		if (log_follow_add(follow, live_text(c, "log"), "", true) < 0)
			return out_errorf("out of memory");
		count++;
	}
	return count ? 0
		     : out_errorf("pod %s has no container %s", live_text(pod, "name"),
			       container ? container : "");
}

int cmd_logs(int argc, char **argv)
{
	struct logs_opts opts = {.follow = false};
	AUTO_ANSWER status = {.root = NULL};
	struct log_follow *follow;
	const struct doc_node *pod;
	struct opt_args args;
	int exit_status = opt_parse(&usage, argc, argv, &opts, &args);

	if (exit_status != OPT_GO)
		return exit_status;
	exit_status = live_ask(&opts.live, RF_STR("{\"verb\":\"status\"}"), &status);
	if (exit_status)
		return exit_status;
	pod = live_find_pod(status.root, args.items[0]);
	follow = pod ? log_follow_new(out_has_colour(1)) : NULL;
	if (!follow)
		return CMD_EXIT_ERROR;
	exit_status = add_containers(follow, pod, opts.container);
	if (exit_status == 0)
		log_follow_poll(follow);
	while (exit_status == 0 && opts.follow && !ferror(stdout)) {
		nanosleep(&(struct timespec){.tv_nsec = FOLLOW_PAUSE_MS * 1000000L}, NULL);
		log_follow_poll(follow);
	}
	log_follow_free(follow);
	return exit_status;
}
