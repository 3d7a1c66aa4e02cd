/* cmd/up.h: what is told of pods that are not ready. */
#include "cmd/up.h"

#include "tests/unit/cmd/captured.h"

#define READY(name)	      "{\"namespace\":\"n\",\"name\":\"" name "\",\"ready\":true}"
#define IN_PHASE(name, phase) "{\"namespace\":\"n\",\"name\":\"" name "\",\"phase\":\"" phase "\"}"
#define LACKING(name, why)    LACKING_IN(name, "Running", why)
#define LACKING_IN(name, phase, why) \
	"{\"namespace\":\"n\",\"name\":\"" name "\",\"phase\":\"" phase "\",\"reason\":\"" why "\"}"

struct told {
	struct up_pods pods;
	struct rf_buf text;
};

static void told_done(struct told *t)
{
	up_pods_done(&t->pods);
	rf_buf_done(&t->text);
}
#define TOLD CLEANUP(told_done) struct told

/* Pods as a status has them, with commas between. */
static void take(struct told *t, uint64_t now_ms, const char *pods)
{
	AUTO_ANSWER status = {.root = NULL};
	AUTO_BUF text = {.len = 0};

	rf_buf_addf(&text, "{\"pods\":[%s]}", pods);
	CHECK(live_parse(rf_buf_str(&text), &status) &&
		up_pods_take(&t->pods, status.root, now_ms));
}

static const char *news(struct told *t, uint64_t now_ms)
{
	rf_buf_clear(&t->text);
	up_pods_news(&t->pods, now_ms, &t->text);
	return rf_buf_cstr(&t->text);
}

static const char *progress(struct told *t, size_t columns)
{
	rf_buf_clear(&t->text);
	up_pods_progress(&t->pods, 7300, columns, &t->text);
	return rf_buf_cstr(&t->text);
}

/* --- progress --- */

static void progress_names_what_is_missing_and_why(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 0, READY("a") "," LACKING("b", "it broke") "," IN_PHASE("c", "Succeeded"));
	CHECK_STR(progress(&t, 200), "2 of 3 pods ready, 7 s: n/b (it broke)");
}

static void every_phase_has_words(void)
{
	static const char *const phases[] = {
		"Pending", "Init", "Running", "Failed", "Terminating", "Unheard"};

	for (size_t i = 0; i < RF_ARRAY_LEN(phases); i++) {
		TOLD t = {.text = {.len = 0}};
		char pod[128];

		snprintf(pod, sizeof(pod), IN_PHASE("a", "%s"), phases[i]);
		take(&t, 0, pod);
		CHECKF(strstr(progress(&t, 200), i == 5 ? "(Unheard)" : "(it"), "%s",
			progress(&t, 200));
	}
}

static void a_reason_comes_before_pods_without_one(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 0,
		IN_PHASE("a", "Pending") "," IN_PHASE("b", "Pending") "," IN_PHASE(
			"c", "Pending") "," LACKING("d", "why"));
	CHECK_STR(progress(&t, 200),
		"0 of 4 pods ready, 7 s: n/d (why), n/a (it has not started yet), "
		"n/b (it has not started yet), ...");
}

static void progress_is_one_line_of_the_terminals_width(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 0, LACKING("b", "a\\nb\\u001bc \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));
	CHECK_STR(progress(&t, 200),
		"0 of 1 pods ready, 7 s: n/b (a b c \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4)");
	CHECK_STR(progress(&t, 39), "0 of 1 pods ready, 7 s: n/b (a b c \xc3\xa4...");
	CHECK_STR(progress(&t, 40),
		"0 of 1 pods ready, 7 s: n/b (a b c \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4)");
	CHECK_STR(progress(&t, 2), "...");
}

/* --- news --- */

static void what_lasts_is_told_once(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 1000, READY("a") "," LACKING("b", "slow"));
	CHECK_STR(news(&t, 5999), "");
	take(&t, 5999, READY("a") "," LACKING("b", "slow"));
	CHECK_STR(news(&t, 6000), "n/b is not ready: slow\n");
	take(&t, 9000, READY("a") "," LACKING("b", "slow"));
	CHECK_STR(news(&t, 99000), "");
}

static void a_failure_is_told_at_once(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 1000, LACKING_IN("b", "Failed", "it ended with status 1"));
	CHECK_STR(news(&t, 1000), "n/b is not ready: it ended with status 1\n");
	CHECK_STR(news(&t, 1001), "");
}

static void a_pod_that_comes_and_goes_is_told_once(void)
{
	TOLD t = {.text = {.len = 0}};
	unsigned lines = 0;

	for (uint64_t at = 0; at < 100000; at += 10000) {
		take(&t, at, READY("b"));
		lines += news(&t, at + 50)[0] != '\0';
		take(&t, at + 100, LACKING("b", "it ended with status 1"));
		lines += news(&t, at + 9000)[0] != '\0';
	}
	CHECK_INT(lines, 1);
}

static void that_it_is_ready_again_is_told(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 0, LACKING("b", "slow"));
	CHECK(strstr(news(&t, 5000), "slow"));
	take(&t, 6000, READY("b"));
	CHECK_STR(news(&t, 6000), "");
	CHECK_STR(news(&t, 11000), "n/b is ready\n");
	CHECK_STR(news(&t, 99000), "");
}

static void another_reason_is_news_and_other_pods_do_not_matter(void)
{
	TOLD t = {.text = {.len = 0}};

	take(&t, 0, LACKING("b", "one") "," LACKING("c", "gone soon"));
	CHECK(news(&t, 5000)[0]);
	take(&t, 6000, READY("a") "," LACKING("b", "two"));
	CHECK_STR(news(&t, 11000), "n/b is not ready: two\n");
}

static void of_many_only_some_are_named(void)
{
	AUTO_BUF pods = {.len = 0};
	TOLD t = {.text = {.len = 0}};
	unsigned lines = 0;

	for (unsigned i = 0; i < 25; i++)
		rf_buf_addf(&pods, "%s" LACKING("p%u", "slow"), i ? "," : "", i);
	take(&t, 0, rf_buf_cstr(&pods));
	for (const char *p = news(&t, 5000); *p; p++)
		lines += *p == '\n';
	CHECK_INT(lines, 11);
	CHECK(strstr(rf_buf_cstr(&t.text), "and so for 15 more pods"));
	CHECK_STR(news(&t, 6000), "");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(progress_names_what_is_missing_and_why);
	RUN(every_phase_has_words);
	RUN(a_reason_comes_before_pods_without_one);
	RUN(progress_is_one_line_of_the_terminals_width);
	RUN(what_lasts_is_told_once);
	RUN(a_failure_is_told_at_once);
	RUN(a_pod_that_comes_and_goes_is_told_once);
	RUN(that_it_is_ready_again_is_told);
	RUN(another_reason_is_news_and_other_pods_do_not_matter);
	RUN(of_many_only_some_are_named);
	return TAP_END();
}
