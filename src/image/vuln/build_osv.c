/* OSV entries (ossf.github.io/osv-schema), with what the Go database adds to them. */
#include "image/vuln/build_int.h"

static const struct {
	const char *name;
	enum vuln_event_kind kind;
} event_rows[] = {
	{"introduced", VULN_EVENT_INTRODUCED},
	{"fixed", VULN_EVENT_FIXED},
	{"last_affected", VULN_EVENT_LAST_AFFECTED},
	{"limit", VULN_EVENT_LIMIT},
};

/* The events of one range. */
struct gathered {
	struct vuln_event *events;
	size_t count, max;
	size_t turns; /* beginnings and ends, whether they can be compared or not */
	bool has_beginning;
	bool unknown_beginning; /* at least one */
};

static bool can_be_compared(enum vuln_scheme scheme, const struct vuln_event *event)
{
	return (event->kind == VULN_EVENT_INTRODUCED && rf_str_is(event->version, "0")) ||
	       (event->kind == VULN_EVENT_LIMIT && rf_str_is(event->version, "*")) ||
	       vuln_version_valid(scheme, event->version);
}

/*
 * What cannot be compared may only make the range wider. An end goes; a limit is none; a beginning
 * is the first version.
 */
static void gather(struct vuln_builder *b, struct gathered *g, enum vuln_scheme scheme,
	struct vuln_event event)
{
	bool good = can_be_compared(scheme, &event);

	if (!good)
		build_widened(b, BUILD_NOT_COMPARED);
	g->turns += event.kind != VULN_EVENT_LIMIT;
	if (event.kind == VULN_EVENT_INTRODUCED) {
		g->has_beginning = true;
		g->unknown_beginning |= !good;
		event.version = good ? event.version : RF_STR("0");
	} else if (!good && event.kind == VULN_EVENT_LIMIT) {
		event.version = RF_STR("*");
	} else if (!good) {
		return;
	}
	g->events[g->count++] = event;
}

static void gather_events(struct vuln_builder *b, struct gathered *g, enum vuln_scheme scheme,
	const struct doc_node *list)
{
	doc_each (item, list) {
		for (size_t i = 0; i < RF_ARRAY_LEN(event_rows) && g->count < g->max; i++) {
			const struct doc_node *value = doc_get(item, event_rows[i].name);
			struct rf_str version = build_text(item, event_rows[i].name);

			/* "" and null say nothing; a number says what cannot be compared. */
			if (version.len ||
				(value && value->type != DOC_STRING && value->type != DOC_NULL))
				gather(b, g, scheme,
					(struct vuln_event){event_rows[i].kind, version});
		}
	}
}

static void add_all_versions(struct build_entry *entry, enum vuln_scheme scheme)
{
	struct vuln_event all = {VULN_EVENT_INTRODUCED, RF_STR("0")};

	build_entry_range(entry, scheme, &all, 1);
}

/* Where a beginning is unknown, each end may be the one of another part: then it ends nothing. */
static void add_gathered(struct vuln_builder *b, struct build_entry *entry, enum vuln_scheme scheme,
	struct gathered *g)
{
	bool too_many = g->count > VULN_MAX_EVENTS;

	if (too_many)
		build_widened(b, "ranges with too many events");
	else if (!g->turns)
		build_widened(b, "ranges without events");
	if (too_many || !g->turns || (g->unknown_beginning && g->turns > 2))
		add_all_versions(entry, scheme);
	else
		build_entry_range(entry, scheme, g->events, g->count);
}

static int add_range(struct vuln_builder *b, struct build_entry *entry, enum vuln_scheme scheme,
	const struct doc_node *range, struct rf_err *err)
{
	struct gathered g = {.max = VULN_MAX_EVENTS + 1};

	/* Room for one more than there may be, which shows that there are too many, and "0". */
	g.events = calloc(g.max + 1, sizeof(*g.events));
	if (!g.events)
		return rf_err_nomem(err);
	gather_events(b, &g, scheme, doc_get(range, "events"));
	if (g.turns && !g.has_beginning)
		gather(b, &g, scheme, (struct vuln_event){VULN_EVENT_INTRODUCED, RF_STR("")});
	add_gathered(b, entry, scheme, &g);
	free(g.events);
	return RF_OK;
}

static int add_ranges(struct vuln_builder *b, struct build_entry *entry, enum vuln_scheme scheme,
	const struct doc_node *affected, struct rf_err *err)
{
	size_t used = 0;

	doc_each (range, doc_get(affected, "ranges")) {
		int rc;

		if (rf_str_is(build_text(range, "type"), "GIT")) {
			build_left_out(b, "GIT ranges");
			continue;
		}
		rc = add_range(b, entry, scheme, range, err);
		if (rc < 0)
			return rc;
		used++;
	}
	doc_each (version, doc_get(affected, "versions")) {
		if (version->type == DOC_STRING)
			record_put_str(&entry->versions, version->text);
	}
	/* The Go database means all versions when it names none; others do not. */
	if (used == 0 && entry->versions.len == 0 && scheme == VULN_SCHEME_GO)
		add_all_versions(entry, scheme);
	return RF_OK;
}

static void put_list(struct rf_buf *out, const struct doc_node *list)
{
	AUTO_BUF items = {0};

	doc_each (item, list) {
		if (item->type == DOC_STRING)
			record_put_str(&items, item->text);
	}
	record_put_str(out, rf_buf_str(&items));
	out->failed |= items.failed;
}

static void add_imports(struct build_entry *entry, const struct doc_node *affected)
{
	const struct doc_node *specific = doc_get(affected, "ecosystem_specific");

	doc_each (import, doc_get(specific, "imports")) {
		record_put_str(&entry->imports, build_text(import, "path"));
		put_list(&entry->imports, doc_get(import, "goos"));
		put_list(&entry->imports, doc_get(import, "goarch"));
		put_list(&entry->imports, doc_get(import, "symbols"));
	}
}

/*
 * The newest kind of vector wins, then the worse one, then the one with the greater bytes: several
 * documents may speak of one advisory, and their order must not matter.
 */
static bool is_better(const struct build_advisory *advisory, struct rf_str vector)
{
	struct cvss have, new;

	if (cvss_parse(vector, &new, NULL) < 0)
		return false;
	if (!advisory->vector.len || cvss_parse(advisory->vector, &have, NULL) < 0)
		return true;
	if (new.version != have.version)
		return new.version > have.version;
	if (new.base_tenths != have.base_tenths)
		return new.base_tenths > have.base_tenths;
	return rf_str_cmp(vector, advisory->vector) > 0;
}

static void take_severity(
	struct vuln_builder *b, struct build_advisory *advisory, const struct doc_node *list)
{
	doc_each (item, list) {
		struct rf_str vector = build_text(item, "score");

		if (vector.len && is_better(advisory, vector))
			advisory->vector = build_keep(b, vector);
	}
}

static int add_affected(struct vuln_builder *b, struct build_advisory *advisory,
	const struct doc_node *affected, struct rf_err *err)
{
	CLEANUP(build_entry_done) struct build_entry entry = {.ranges.len = 0};
	const struct doc_node *package = doc_get(affected, "package");
	struct rf_str ecosystem = build_text(package, "ecosystem");
	struct rf_str name = build_text(package, "name");
	enum vuln_scheme scheme;
	int rc;

	if (!ecosystem.len || !name.len)
		return RF_OK; /* a GIT repository is meant */
	if (!vuln_scheme_find(ecosystem, &scheme)) {
		build_left_out(b, "ecosystem " RF_STR_FMT, RF_STR_ARG(ecosystem));
		return RF_OK;
	}
	take_severity(b, advisory, doc_get(affected, "severity"));
	rc = add_ranges(b, &entry, scheme, affected, err);
	if (rc < 0)
		return rc;
	if (!entry.ranges.len && !entry.versions.len)
		return RF_OK;
	add_imports(&entry, affected);
	return build_entry_add(b, &entry, ecosystem, name, advisory->id, err);
}

static bool add_strs(struct vuln_builder *b, struct build_strs *into, const struct doc_node *list,
	bool only_cves)
{
	doc_each (item, list) {
		if (item->type != DOC_STRING || into->count >= BUILD_MAX_LIST)
			continue;
		if (only_cves && !rf_str_starts(item->text, RF_STR("CVE-")))
			continue;
		if (!build_strs_add(b, into, item->text))
			return false;
	}
	return true;
}

/* At most BUILD_MAX_SUMMARY bytes, cut between characters. */
static struct rf_str cut_summary(struct rf_str text)
{
	size_t len = text.len;

	if (len <= BUILD_MAX_SUMMARY)
		return text;
	for (len = BUILD_MAX_SUMMARY; len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80;)
		len--;
	return (struct rf_str){text.ptr, len};
}

int build_osv(struct vuln_builder *b, const struct doc_node *root, struct rf_err *err)
{
	struct build_advisory *advisory;
	const struct doc_node *specific = doc_get(root, "database_specific");
	enum vuln_level level;
	int rc = RF_OK;

	build_date(b, build_text(root, "published"));
	build_date(b, build_text(root, "modified"));
	if (build_text(root, "withdrawn").len) {
		build_left_out(b, "withdrawn entries");
		return RF_OK;
	}
	advisory = build_advisory_of(b, build_text(root, "id"));
	if (!advisory || !add_strs(b, &advisory->aliases, doc_get(root, "aliases"), false) ||
		!add_strs(b, &advisory->related, doc_get(root, "related"), true) ||
		!add_strs(b, &advisory->related, doc_get(root, "upstream"), true))
		return rf_err_nomem(err);
	build_summary(b, advisory, cut_summary(build_text(root, "summary")));
	take_severity(b, advisory, doc_get(root, "severity"));
	if (vuln_level_find(build_text(specific, "severity"), &level) && level > advisory->level)
		advisory->level = level;
	doc_each (affected, doc_get(root, "affected")) {
		if (rc == RF_OK)
			rc = add_affected(b, advisory, affected, err);
	}
	return rc;
}
