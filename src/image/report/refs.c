/*
 * Names of packages in documents. A package URL says what a package is but not where, and the same
 * package may be in an image many times; so its location follows as the URL's fragment, and a
 * number where even that is not enough. Hex digits of a digest serve the formats whose identifiers
 * may not hold such text. All of it depends on the report alone, so it is the same next time.
 */
#include "image/report/report_int.h"

#include "base/map.h"
#include "image/digest.h"
#include "image/pkg/purl.h"

#define REFS_MAX_BYTES ((size_t)2 << 30)

void report_purl(const struct scan_report *r, const struct scan_package *p, struct rf_buf *out)
{
	pkg_purl(p->type, rf_str_of(r->os.id), rf_str_of(r->os.version), p->name, p->version,
		p->arch, out);
}

struct rf_str report_target_name(struct rf_str target, struct rf_str *ret_tag)
{
	struct rf_str name, tag;
	const char *slash;

	if (!target.ptr)
		target = RF_STR("");
	while (target.len && target.ptr[target.len - 1] == '/')
		target.len--;
	rf_str_cut(target, '@', &name);
	slash = name.len ? memrchr(name.ptr, '/', name.len) : NULL;
	if (slash)
		name = (struct rf_str){slash + 1, name.len - (size_t)(slash + 1 - name.ptr)};
	tag = rf_str_cut(name, ':', &name);
	if (ret_tag)
		*ret_tag = tag.ptr ? tag : RF_STR("");
	return name.len ? name : RF_STR("image");
}

static void add_lower(struct rf_buf *out, struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		report_add_encoded(out, (struct rf_str){&c, 1}, "");
	}
}

void report_root_purl(const struct scan_report *r, struct rf_buf *out)
{
	struct rf_str name = report_target_name(r->target, NULL);
	bool image = r->config.present && r->digest.len;

	rf_buf_add_c(out, image ? "pkg:oci/" : "pkg:generic/");
	if (image)
		add_lower(out, name);
	else
		report_add_encoded(out, name, "");
	if (!r->digest.len)
		return;
	rf_buf_add_c(out, image ? "@" : "?checksum=");
	report_add_encoded(out, r->digest, image ? "" : ":");
}

static bool id_of(struct rf_str text, char out[static REPORT_ID_SIZE])
{
	struct image_digest digest;

	if (image_digest_of(text, &digest) < 0)
		return false;
	for (size_t i = 0; i < (REPORT_ID_SIZE - 1) / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", digest.bytes[i]);
	return true;
}

/* purl#location, with "~2" and so on where that is taken. */
static bool name_package(struct report_refs *refs, struct rf_map *taken, struct report_ref *ref,
	struct rf_str location)
{
	uintptr_t last = 1;
	struct rf_str base =
		rf_arena_printf(refs->arena, "%s#" RF_STR_FMT, ref->purl.ptr, RF_STR_ARG(location));

	ref->text = base;
	while (ref->text.ptr && rf_map_get(taken, ref->text, &(uintptr_t){0})) {
		rf_map_get(taken, base, &last);
		if (!rf_map_put(taken, base, ++last))
			return false;
		ref->text = rf_arena_printf(refs->arena, "%s~%zu", base.ptr, (size_t)last);
	}
	return ref->text.ptr && rf_map_put(taken, ref->text, 1) && id_of(ref->text, ref->id);
}

/* Packages of one location are neighbours: they are sorted by it. */
static void find_holders(struct report_refs *refs, const struct scan_report *r)
{
	size_t end;

	for (size_t first = 0; first < r->package_count; first = end) {
		size_t holder = REPORT_NO_HOLDER;

		for (end = first; end < r->package_count &&
				  rf_str_eq(r->packages[end].location, r->packages[first].location);
			end++) {
			if (r->packages[end].role == SCAN_PACKAGE_MAIN)
				holder = end;
		}
		for (size_t i = first; i < end; i++)
			refs->packages[i].holder = i == holder ? REPORT_NO_HOLDER : holder;
	}
}

static bool name_packages(struct report_refs *refs, const struct scan_report *r)
{
	AUTO_MAP taken = {.cap = 0};
	bool ok = true;

	find_holders(refs, r);
	for (size_t i = 0; i < r->package_count && ok; i++) {
		AUTO_BUF purl = {.len = 0};

		report_purl(r, &r->packages[i], &purl);
		refs->packages[i].purl = rf_arena_str(refs->arena, rf_buf_str(&purl));
		ok = !purl.failed && refs->packages[i].purl.ptr &&
		     name_package(refs, &taken, &refs->packages[i], r->packages[i].location);
	}
	return ok;
}

/*
 * A version 8 UUID (RFC 9562: of the maker's own making) from the digest of all that the report
 * says.
 */
static bool make_uuid(struct report_refs *refs, const struct scan_report *r)
{
	static const struct report_opts none = {.epoch_s = -1};
	struct image_digest d;
	AUTO_BUF text = {.len = 0};

	report_json(r, &none, &text);
	for (size_t i = 0; i < r->package_count; i++)
		rf_buf_addf(&text, "%s\n", refs->packages[i].text.ptr);
	if (text.failed || image_digest_of(rf_buf_str(&text), &d) < 0)
		return false;
	d.bytes[6] = (uint8_t)((d.bytes[6] & 0x0f) | 0x80);
	d.bytes[8] = (uint8_t)((d.bytes[8] & 0x3f) | 0x80);
	snprintf(refs->uuid, sizeof(refs->uuid),
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d.bytes[0],
		d.bytes[1], d.bytes[2], d.bytes[3], d.bytes[4], d.bytes[5], d.bytes[6], d.bytes[7],
		d.bytes[8], d.bytes[9], d.bytes[10], d.bytes[11], d.bytes[12], d.bytes[13],
		d.bytes[14], d.bytes[15]);
	return true;
}

static bool name_root(struct report_refs *refs, const struct scan_report *r)
{
	AUTO_BUF purl = {.len = 0};

	report_root_purl(r, &purl);
	refs->name = report_target_name(r->target, NULL);
	refs->root.purl = rf_arena_str(refs->arena, rf_buf_str(&purl));
	refs->root.text = refs->root.purl;
	return !purl.failed && refs->root.purl.ptr && id_of(refs->root.purl, refs->root.id);
}

bool report_refs_init(struct report_refs *refs, const struct scan_report *r, struct rf_buf *out)
{
	size_t count = r->package_count ? r->package_count : 1;

	*refs = (struct report_refs){.arena = rf_arena_new(REFS_MAX_BYTES)};
	if (refs->arena)
		refs->packages = rf_arena_array(refs->arena, count, sizeof(*refs->packages));
	if (refs->packages && name_root(refs, r) && name_packages(refs, r) && make_uuid(refs, r))
		return true;
	out->failed = true;
	return false;
}

void report_refs_done(struct report_refs *refs)
{
	rf_arena_free(refs->arena);
	*refs = (struct report_refs){.arena = NULL};
}
