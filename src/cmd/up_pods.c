/*
 * What is told of pods that are not ready. A state is news when it has lasted: one that ends again
 * and again is ready for a moment each time, and neither that moment nor its end is worth a line.
 */
#include "cmd/up.h"

#define LASTS_MS  5000U /* what has lasted so long is news */
#define MAX_NAMED 3	/* pods in a line of progress */
#define MAX_NEWS  10	/* lines at once */
#define CUT	  "..."

static void pod_done(struct up_pod *pod)
{
	free(pod->name);
	free(pod->lack);
	free(pod->told);
}

static void list_done(struct up_pod_list *list)
{
	rf_vec_each (pod, list)
		pod_done(pod);
	rf_vec_done(list);
}

void up_pods_done(struct up_pods *pods)
{
	list_done(&pods->list);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* --- from a status --- */

/* Why a pod is not ready, in words; NULL when it is or need not be. */
static const char *lack_of(const struct doc_node *pod)
{
	static const char *const words[][2] = {
		{"Pending", "it has not started yet"},
		{"Init", "its init containers have not ended"},
		{"Running", "its containers are starting"},
		{"Failed", "it has failed"},
		{"Terminating", "it is stopping"},
	};
	const char *phase = live_text(pod, "phase"), *reason = live_text(pod, "reason");

	if (live_truth(pod, "ready") || strcmp(phase, "Succeeded") == 0)
		return NULL;
	for (size_t i = 0; i < RF_ARRAY_LEN(words) && !reason[0]; i++) {
		if (strcmp(phase, words[i][0]) == 0)
			reason = words[i][1];
	}
	return reason[0] ? reason : phase;
}

/* A copy in one line. */
static char *one_line(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	return copy;
}

static bool pod_read(const struct doc_node *node, uint64_t now_ms, struct up_pod *ret)
{
	const char *lack = lack_of(node);
	struct up_pod pod = {.since_ms = now_ms,
		.explained = live_text(node, "reason")[0] != '\0',
		.final = strcmp(live_text(node, "phase"), "Failed") == 0};

	if (asprintf(&pod.name, "%s/%s", live_text(node, "namespace"), live_text(node, "name")) < 0)
		pod.name = NULL;
	pod.lack = lack ? one_line(lack) : NULL;
	if (!pod.name || (lack && !pod.lack)) {
		pod_done(&pod);
		return false;
	}
	*ret = pod;
	return true;
}

/* The pod of that name: usually where the search begins, since the order stays. */
static struct up_pod *find(const struct up_pod_list *list, const char *name, size_t begin)
{
	for (size_t i = 0; i < list->count; i++) {
		struct up_pod *pod = &list->items[(begin + i) % list->count];

		if (strcmp(pod->name, name) == 0)
			return pod;
	}
	return NULL;
}

/* What was known of the pods stays with them. */
static void inherit(struct up_pod_list *list, const struct up_pod_list *before)
{
	size_t begin = 0;

	rf_vec_each (pod, list) {
		struct up_pod *old = find(before, pod->name, begin);

		if (!old)
			continue;
		begin = (size_t)(old - before->items) + 1;
		pod->told = TAKE_PTR(old->told);
		if (same_text(pod->lack, old->lack))
			pod->since_ms = old->since_ms;
	}
}

bool up_pods_take(struct up_pods *pods, const struct doc_node *status, uint64_t now_ms)
{
	struct up_pod_list list = {.count = 0};
	unsigned ready_count = 0;

	doc_each (node, doc_get(status, "pods")) {
		struct up_pod *pod = rf_vec_add(&list);

		if (!pod || !pod_read(node, now_ms, pod)) {
			list_done(&list);
			return false;
		}
		ready_count += !pod->lack;
	}
	inherit(&list, &pods->list);
	list_done(&pods->list);
	*pods = (struct up_pods){.list = list, .ready_count = ready_count};
	return true;
}

/* --- a line of progress --- */

/* Pods whose lack is explained say more than others; they come first. */
static void name_pods(const struct up_pods *pods, struct rf_buf *out)
{
	unsigned named = 0;

	for (int explained = 1; explained >= 0; explained--) {
		rf_vec_each (pod, &pods->list) {
			if (!pod->lack || pod->explained != explained)
				continue;
			if (named == MAX_NAMED) {
				rf_buf_add_c(out, ", " CUT);
				return;
			}
			rf_buf_addf(out, "%s%s (%s)", named++ ? ", " : ": ", pod->name, pod->lack);
		}
	}
}

/* At most columns, of which the last ones say that something was cut off. */
static void add_cut(struct rf_str line, size_t columns, struct rf_buf *out)
{
	size_t width = 0, end = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (((unsigned char)line.ptr[i] & 0xC0) == 0x80)
			continue;
		if (width + strlen(CUT) <= columns)
			end = i;
		width++;
	}
	if (width <= columns) {
		rf_buf_add_str(out, line);
		return;
	}
	rf_buf_add(out, line.ptr, end);
	rf_buf_add_c(out, CUT);
}

void up_pods_progress(
	const struct up_pods *pods, uint64_t elapsed_ms, size_t columns, struct rf_buf *out)
{
	AUTO_BUF line = {.len = 0};

	rf_buf_addf(&line, "%u of %zu pods ready, %.0f s", pods->ready_count, pods->list.count,
		(double)elapsed_ms / 1000);
	name_pods(pods, &line);
	if (!line.failed)
		add_cut(rf_buf_str(&line), columns, out);
}

/* --- news --- */

static bool is_news(const struct up_pod *pod, uint64_t now_ms)
{
	return !same_text(pod->lack, pod->told) &&
	       (pod->final || now_ms - pod->since_ms >= LASTS_MS);
}

static bool remember(struct up_pod *pod)
{
	char *told = pod->lack ? strdup(pod->lack) : NULL;

	if (pod->lack && !told)
		return false; /* it is told again, rather than never */
	free(pod->told);
	pod->told = told;
	return true;
}

void up_pods_news(struct up_pods *pods, uint64_t now_ms, struct rf_buf *out)
{
	unsigned count = 0;

	rf_vec_each (pod, &pods->list) {
		if (!is_news(pod, now_ms) || !remember(pod) || count++ >= MAX_NEWS)
			continue;
		if (pod->lack)
			rf_buf_addf(out, "%s is not ready: %s\n", pod->name, pod->lack);
		else
			rf_buf_addf(out, "%s is ready\n", pod->name);
	}
	if (count > MAX_NEWS)
		rf_buf_addf(out, "and so for %u more pods: see `ringfence ps`\n", count - MAX_NEWS);
}
