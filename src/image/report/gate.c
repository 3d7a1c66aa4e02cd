/* One function a rule; each adds sentences to the verdict. */
#include "image/report/gate.h"

#include "base/buf.h"

#include "image/report/when.h"

#define NAMED_MAX 5 /* findings that a sentence names */
#define LINES_MAX 8 /* reasons and notes of the gate itself */
#define DAY_S	  86400
#define HOUR_S	  3600

bool gate_level_find(struct rf_str name, struct gate_opts *ret)
{
	enum vuln_level level = VULN_LEVEL_LOW;
	bool any = rf_str_is(name, "any");

	if (!any && (!vuln_level_find(name, &level) || level < VULN_LEVEL_LOW))
		return false;
	ret->on = true;
	ret->any = any;
	ret->min_level = level;
	return true;
}

static bool is_candidate(const struct gate_opts *opts, const struct scan_finding *f)
{
	return f->suppressed.len == 0 && f->tier >= opts->tier &&
	       (!opts->fixable || f->fixed.count);
}

static bool level_counts(const struct gate_opts *opts, const struct scan_finding *f)
{
	if (opts->any)
		return true;
	if (f->level != VULN_LEVEL_UNRATED)
		return f->level >= opts->min_level;
	return opts->min_level < VULN_LEVEL_CRITICAL || f->known_exploited;
}

bool gate_counts(const struct gate_opts *opts, const struct scan_finding *finding)
{
	return opts->on && is_candidate(opts, finding) && level_counts(opts, finding);
}

struct judging {
	const struct gate_opts *opts;
	const struct scan_report *report;
	struct rf_arena *arena;
	struct gate_verdict *verdict;
	bool nomem;
};

/* Takes over the text of a buffer. */
static void add_line(struct judging *j, struct scan_strs *lines, const struct rf_buf *text)
{
	struct rf_str line = rf_arena_str(j->arena, rf_buf_str(text));

	if (!line.ptr || text->failed)
		j->nomem = true;
	else
		lines->items[lines->count++] = line;
}

static void fail(struct judging *j, const char *sentence)
{
	AUTO_BUF text = {.len = 0};

	rf_buf_add_c(&text, sentence);
	add_line(j, &j->verdict->reasons, &text);
}

/* --- the database --- */

static void add_span(struct rf_buf *out, uint64_t s)
{
	uint64_t days = s / DAY_S, hours = s / HOUR_S;

	if (days)
		rf_buf_addf(out, "%llu day%s", (unsigned long long)days, days == 1 ? "" : "s");
	else
		rf_buf_addf(out, "%llu hour%s", (unsigned long long)hours, hours == 1 ? "" : "s");
}

bool gate_age_good(const struct gate_opts *opts, int64_t built_s, struct rf_buf *out)
{
	char built[WHEN_TEXT_SIZE];

	if (!opts->max_age_s)
		return true;
	if (built_s > opts->now_s + DAY_S) {
		rf_buf_addf(out,
			"the vulnerability database of %s is from the future: a clock is wrong",
			when_text(built_s, built));
		return false;
	}
	if (built_s >= opts->now_s || (uint64_t)(opts->now_s - built_s) <= opts->max_age_s)
		return true;
	rf_buf_addf(out, "the vulnerability database of %s is ", when_text(built_s, built));
	add_span(out, (uint64_t)(opts->now_s - built_s));
	rf_buf_add_c(out, " old; the limit (--max-age) is ");
	add_span(out, opts->max_age_s);
	rf_buf_add_c(out, " (update it with: ringfence image db update)");
	return false;
}

static void judge_age(struct judging *j)
{
	AUTO_BUF text = {.len = 0};
	int64_t built_s;

	if (!when_parse(j->report->database.built, &built_s))
		fail(j, "the vulnerability database does not say when it was built");
	else if (!gate_age_good(j->opts, built_s, &text))
		add_line(j, &j->verdict->reasons, &text);
}

static void judge_database(struct judging *j)
{
	if (!j->report->database.present)
		fail(j, "there is no vulnerability database to judge by "
			"(make one with: ringfence image db update)");
	else if (j->opts->max_age_s)
		judge_age(j);
}

/* --- findings --- */

/* "2 critical, 1 high" of the findings that pred holds for; their number. */
struct tally {
	size_t levels[VULN_LEVEL_CRITICAL + 1];
	size_t count;
	size_t named;
	struct rf_buf names;
};

static void tally_add(struct tally *t, const struct scan_report *r, const struct scan_finding *f)
{
	const struct scan_package *p = &r->packages[f->package];

	t->count++;
	t->levels[f->level]++;
	if (t->named == NAMED_MAX)
		return;
	rf_buf_addf(&t->names, "%s" RF_STR_FMT " in " RF_STR_FMT "%s" RF_STR_FMT " at " RF_STR_FMT,
		t->named ? "; " : "", RF_STR_ARG(f->id), RF_STR_ARG(p->name),
		p->version.len ? " " : "", RF_STR_ARG(p->version), RF_STR_ARG(p->location));
	t->named++;
}

static void tally_text(const struct tally *t, struct rf_buf *out)
{
	bool first = true;

	for (size_t level = RF_ARRAY_LEN(t->levels); level-- > 0;) {
		if (!t->levels[level])
			continue;
		rf_buf_addf(out, "%s%zu %s", first ? "" : ", ", t->levels[level],
			vuln_level_name((enum vuln_level)level));
		first = false;
	}
	rf_buf_addf(out, " finding%s: %s", t->count == 1 ? "" : "s", rf_buf_cstr(&t->names));
	if (t->count > t->named)
		rf_buf_addf(out, "; and %zu more", t->count - t->named);
	out->failed |= t->names.failed;
}

static void judge_findings(struct judging *j)
{
	struct tally counted = {.count = 0}, unrated = {.count = 0};
	AUTO_BUF reason = {.len = 0};
	AUTO_BUF note = {.len = 0};

	for (size_t i = 0; i < j->report->finding_count; i++) {
		const struct scan_finding *f = &j->report->findings[i];

		if (gate_counts(j->opts, f))
			tally_add(&counted, j->report, f);
		else if (f->level == VULN_LEVEL_UNRATED && is_candidate(j->opts, f))
			tally_add(&unrated, j->report, f);
	}
	j->verdict->finding_count = counted.count;
	if (counted.count) {
		tally_text(&counted, &reason);
		add_line(j, &j->verdict->reasons, &reason);
	}
	if (unrated.count) {
		tally_text(&unrated, &note);
		rf_buf_add_c(&note, " (nobody has said how bad they are; "
				    "--fail-on high and below refuse them)");
		add_line(j, &j->verdict->notes, &note);
	}
	rf_buf_done(&counted.names);
	rf_buf_done(&unrated.names);
}

/* Whatever the level is: a program that nobody can look into may hold anything. */
static void judge_packed(struct judging *j)
{
	AUTO_BUF text = {.len = 0};
	size_t count = 0;

	for (size_t i = 0; i < j->report->file_count; i++) {
		const struct scan_file *f = &j->report->files[i];

		if (f->kind != SCAN_FILE_PACKED || f->suppressed.len)
			continue;
		if (count++ < NAMED_MAX)
			rf_buf_addf(&text, "%s" RF_STR_FMT " is " RF_STR_FMT,
				count == 1 ? "" : "; ", RF_STR_ARG(f->location),
				RF_STR_ARG(f->detail));
	}
	if (count > NAMED_MAX)
		rf_buf_addf(&text, "; and %zu more", count - NAMED_MAX);
	rf_buf_add_c(&text, ": nobody knows what is in it (unpack it, with `upx -d` for UPX; "
			    "or ignore \"packed\" with a reason, in an ignore file)");
	if (count)
		add_line(j, &j->verdict->reasons, &text);
}

static bool secret_counts(const struct gate_opts *opts, const struct scan_secret *s)
{
	enum vuln_level level;

	return opts->any || !vuln_level_find(s->severity, &level) || level >= opts->min_level;
}

static void judge_secrets(struct judging *j)
{
	AUTO_BUF text = {.len = 0};
	size_t count = 0;

	for (size_t i = 0; i < j->report->secret_count; i++) {
		const struct scan_secret *s = &j->report->secrets[i];

		if (!secret_counts(j->opts, s))
			continue;
		if (count++ < NAMED_MAX)
			rf_buf_addf(&text, "%s" RF_STR_FMT " at " RF_STR_FMT,
				count == 1 ? "secrets: " : "; ", RF_STR_ARG(s->title),
				RF_STR_ARG(s->location));
	}
	if (count > NAMED_MAX)
		rf_buf_addf(&text, "; and %zu more", count - NAMED_MAX);
	if (count)
		add_line(j, &j->verdict->reasons, &text);
}

int gate_judge(const struct gate_opts *opts, const struct scan_report *report,
	struct rf_arena *arena, struct gate_verdict *ret)
{
	struct gate_verdict verdict = {.pass = false};
	struct judging j = {.opts = opts, .report = report, .arena = arena, .verdict = &verdict};

	verdict.reasons.items = rf_arena_array(
		arena, opts->failures.count + LINES_MAX, sizeof(*verdict.reasons.items));
	verdict.notes.items = rf_arena_array(arena, LINES_MAX, sizeof(*verdict.notes.items));
	if (!verdict.reasons.items || !verdict.notes.items)
		return RF_EINTERNAL;
	if (opts->on || opts->max_age_s)
		judge_database(&j);
	if (opts->on) {
		judge_findings(&j);
		judge_packed(&j);
	}
	if (opts->on && opts->secrets)
		judge_secrets(&j);
	for (size_t i = 0; i < opts->failures.count; i++)
		verdict.reasons.items[verdict.reasons.count++] = opts->failures.items[i];
	verdict.pass = verdict.reasons.count == 0;
	if (j.nomem)
		return RF_EINTERNAL;
	*ret = verdict;
	return RF_OK;
}
