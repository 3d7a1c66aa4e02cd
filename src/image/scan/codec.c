/* Every list is a count and its items; both directions are written side by side. */
#include "image/scan/codec_int.h"

#include "doc/utf8.h"
#include "proc/frame.h"

#define MAX_ITEMS  ((uint64_t)1000000)
#define MAX_STRS   ((uint64_t)100000) /* of one list of strings */
#define MAX_STRING ((size_t)64 << 10)

struct reader {
	struct frame_reader frame;
	struct rf_arena *arena;
	bool nomem;
};

/* --- strings --- */

struct rf_str scan_text_clean(struct rf_arena *arena, struct rf_str text)
{
	struct rf_str copy = rf_arena_str(arena, text);

	if (copy.ptr)
		doc_utf8_clean((char *)(uintptr_t)copy.ptr, copy.len);
	return copy;
}

/* A text that is too long is cut, as the rest of the report is worth more than its end. */
static void put_str(struct rf_buf *out, struct rf_str s)
{
	if (s.len > MAX_STRING)
		s.len = MAX_STRING;
	frame_put_str(out, s);
}

/* like: a text that may be the same, of which no copy is made then. */
static struct rf_str get_str_like(struct reader *r, struct rf_str like)
{
	struct rf_str s = frame_get_str(&r->frame);

	if (s.len > MAX_STRING)
		r->frame.failed = true;
	if (r->frame.failed || s.len == 0)
		return RF_STR("");
	if (rf_str_eq(s, like))
		return like;
	s = scan_text_clean(r->arena, s);
	r->nomem |= !s.ptr;
	return s.ptr ? s : RF_STR("");
}

static struct rf_str get_str(struct reader *r)
{
	return get_str_like(r, RF_STR(""));
}

static uint64_t get_max(struct reader *r, uint64_t max)
{
	uint64_t number = frame_get_u64(&r->frame);

	if (number > max)
		r->frame.failed = true;
	return r->frame.failed ? 0 : number;
}

/* Room for count items, which a hostile sender cannot make large: each takes a byte at least. */
static void *get_room(struct reader *r, uint64_t count, size_t item_size)
{
	void *room;

	if (count > r->frame.rest.len)
		r->frame.failed = true;
	if (r->frame.failed)
		return NULL;
	room = rf_arena_array(r->arena, (size_t)count + 1, item_size);
	r->nomem |= !room;
	return room;
}

static void put_strs(struct rf_buf *out, const struct scan_strs *list)
{
	size_t count = list->count < MAX_STRS ? list->count : MAX_STRS;

	frame_put_u64(out, count);
	for (size_t i = 0; i < count; i++)
		put_str(out, list->items[i]);
}

static void get_strs(struct reader *r, struct scan_strs *ret)
{
	uint64_t count = get_max(r, MAX_STRS);
	struct rf_str *items = get_room(r, count, sizeof(*items));

	*ret = (struct scan_strs){.items = items};
	for (uint64_t i = 0; items && i < count && !r->frame.failed; i++)
		items[ret->count++] = get_str(r);
}

/* --- items --- */

static void put_package(struct rf_buf *out, const struct scan_package *p)
{
	const struct rf_str texts[] = {p->ecosystem, p->name, p->version, p->arch, p->source,
		p->source_version, p->license, p->checksum, p->location, p->replaces};

	frame_put_u64(out, p->type);
	frame_put_u64(out, p->role);
	frame_put_u64(out, p->layer);
	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		put_str(out, texts[i]);
}

/* Packages of one file have much in common. */
static void get_package(struct reader *r, struct scan_package *p, const struct scan_package *last)
{
	const struct rf_str likes[] = {last->ecosystem, last->name, last->version, last->arch,
		last->source, last->source_version, last->license, last->checksum, last->location,
		last->replaces};
	struct rf_str *texts[] = {&p->ecosystem, &p->name, &p->version, &p->arch, &p->source,
		&p->source_version, &p->license, &p->checksum, &p->location, &p->replaces};

	p->type = (enum pkg_type)get_max(r, PKG_TYPE_COUNT - 1);
	p->role = (enum scan_package_role)get_max(r, SCAN_PACKAGE_STDLIB);
	p->layer = (uint32_t)get_max(r, UINT32_MAX);
	for (size_t i = 0; i < RF_ARRAY_LEN(texts); i++)
		*texts[i] = get_str_like(r, likes[i]);
}

static void put_finding(struct rf_buf *out, const struct scan_finding *f)
{
	put_str(out, f->id);
	put_str(out, f->summary);
	put_str(out, f->vector);
	frame_put_u64(out, f->package);
	frame_put_u64(out, f->tier);
	frame_put_u64(out, f->level);
	frame_put_u64(out, f->score_tenths);
	frame_put_u64(out, f->known_exploited);
	put_strs(out, &f->aliases);
	put_strs(out, &f->symbols);
	put_strs(out, &f->path);
	put_strs(out, &f->fixed);
}

static void get_finding(struct reader *r, struct scan_finding *f, size_t package_count)
{
	f->id = get_str(r);
	f->summary = get_str(r);
	f->vector = get_str(r);
	f->package = (uint32_t)get_max(r, package_count ? package_count - 1 : 0);
	f->tier = (enum scan_tier)get_max(r, SCAN_TIER_UNKNOWN);
	f->level = (enum vuln_level)get_max(r, VULN_LEVEL_CRITICAL);
	f->score_tenths = (unsigned)get_max(r, 100);
	f->known_exploited = get_max(r, 1) != 0;
	get_strs(r, &f->aliases);
	get_strs(r, &f->symbols);
	get_strs(r, &f->path);
	get_strs(r, &f->fixed);
	f->suppressed = RF_STR("");
}

static void put_secret(struct rf_buf *out, const struct scan_secret *s)
{
	put_str(out, s->rule);
	put_str(out, s->title);
	put_str(out, s->severity);
	put_str(out, s->location);
	put_str(out, s->redacted);
	frame_put_u64(out, s->line);
	frame_put_u64(out, s->column);
	frame_put_u64(out, s->layer);
	frame_put_u64(out, s->removed);
}

static void get_secret(struct reader *r, struct scan_secret *s, const struct scan_secret *last)
{
	s->rule = get_str_like(r, last->rule);
	s->title = get_str_like(r, last->title);
	s->severity = get_str_like(r, last->severity);
	s->location = get_str_like(r, last->location);
	s->redacted = get_str(r);
	s->line = (uint32_t)get_max(r, UINT32_MAX);
	s->column = (uint32_t)get_max(r, UINT32_MAX);
	s->layer = (uint32_t)get_max(r, UINT32_MAX);
	s->removed = get_max(r, 1) != 0;
}

static void put_file(struct rf_buf *out, const struct scan_file *f)
{
	frame_put_u64(out, f->kind);
	put_str(out, f->location);
	put_str(out, f->detail);
	frame_put_u64(out, f->layer);
	frame_put_u64(out, f->mode);
	frame_put_u64(out, f->uid);
	frame_put_u64(out, f->gid);
}

static void get_file(struct reader *r, struct scan_file *f)
{
	f->kind = (enum scan_file_kind)get_max(r, SCAN_FILE_LAST);
	f->location = get_str(r);
	f->detail = get_str(r);
	f->layer = (uint32_t)get_max(r, UINT32_MAX);
	f->mode = (uint32_t)get_max(r, 07777);
	f->uid = (uint32_t)get_max(r, UINT32_MAX);
	f->gid = (uint32_t)get_max(r, UINT32_MAX);
	f->suppressed = RF_STR("");
}

/* --- the report --- */

static void passed(const struct scan_report_flush *flush, struct rf_buf *out)
{
	if (flush && out->len >= SCAN_REPORT_PIECE && flush->piece(flush->ctx, rf_buf_str(out)))
		rf_buf_clear(out);
}

void scan_report_put(
	const struct scan_report *report, const struct scan_report_flush *flush, struct rf_buf *out)
{
	put_str(out, rf_str_of(report->os.id));
	put_str(out, rf_str_of(report->os.version));
	put_str(out, rf_str_of(report->os.pretty));
	put_str(out, rf_str_of(report->os.ecosystem));
	frame_put_u64(out, report->package_count);
	for (size_t i = 0; i < report->package_count; i++, passed(flush, out))
		put_package(out, &report->packages[i]);
	frame_put_u64(out, report->finding_count);
	for (size_t i = 0; i < report->finding_count; i++, passed(flush, out))
		put_finding(out, &report->findings[i]);
	frame_put_u64(out, report->secret_count);
	for (size_t i = 0; i < report->secret_count; i++, passed(flush, out))
		put_secret(out, &report->secrets[i]);
	frame_put_u64(out, report->file_count);
	for (size_t i = 0; i < report->file_count; i++, passed(flush, out))
		put_file(out, &report->files[i]);
	put_strs(out, &report->notes);
	frame_put_u64(out, report->layer_count);
	for (size_t i = 0; i < report->layer_count; i++)
		put_str(out, report->layers[i].created_by);
}

static void get_fixed(struct reader *r, char *out, size_t size)
{
	if (!rf_str_copy(get_str(r), out, size))
		r->frame.failed = true;
}

static void get_lists(struct reader *r, struct scan_report *report)
{
	uint64_t count = get_max(r, MAX_ITEMS);

	report->packages = get_room(r, count, sizeof(*report->packages));
	for (const struct scan_package *last = report->packages;
		last && !r->frame.failed && report->package_count < count;
		last = &report->packages[report->package_count++])
		get_package(r, &report->packages[report->package_count], last);
	count = get_max(r, report->package_count ? MAX_ITEMS : 0);
	report->findings = get_room(r, count, sizeof(*report->findings));
	while (report->findings && !r->frame.failed && report->finding_count < count)
		get_finding(r, &report->findings[report->finding_count++], report->package_count);
	count = get_max(r, MAX_ITEMS);
	report->secrets = get_room(r, count, sizeof(*report->secrets));
	for (const struct scan_secret *last = report->secrets;
		last && !r->frame.failed && report->secret_count < count;
		last = &report->secrets[report->secret_count++])
		get_secret(r, &report->secrets[report->secret_count], last);
	count = get_max(r, MAX_ITEMS);
	report->files = get_room(r, count, sizeof(*report->files));
	while (report->files && !r->frame.failed && report->file_count < count)
		get_file(r, &report->files[report->file_count++]);
	get_strs(r, &report->notes);
	count = get_max(r, MAX_STRS);
	report->layers = get_room(r, count, sizeof(*report->layers));
	while (report->layers && !r->frame.failed && report->layer_count < count)
		report->layers[report->layer_count++].created_by = get_str(r);
}

int scan_report_get(struct rf_str payload, struct scan_report *report, struct rf_err *err)
{
	struct reader r = {.frame = {.rest = payload}, .arena = report->arena};

	get_fixed(&r, report->os.id, sizeof(report->os.id));
	get_fixed(&r, report->os.version, sizeof(report->os.version));
	get_fixed(&r, report->os.pretty, sizeof(report->os.pretty));
	get_fixed(&r, report->os.ecosystem, sizeof(report->os.ecosystem));
	get_lists(&r, report);
	if (r.nomem)
		return rf_err_nomem(err);
	return frame_reader_ok(&r.frame) ? RF_OK : rf_err_set(err, RF_EINPUT, "a malformed report");
}
