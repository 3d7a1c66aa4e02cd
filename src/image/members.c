/*
 * The content of a tar member is one run of bytes that ends, rounded up to a block of 512, where
 * the next header begins. So one pass over the headers yields offsets, and members are read later
 * in any order without the tar around them. Links between members (old `docker save` shares
 * layers so) are followed by name.
 */
#include "image/members.h"

#include <errno.h>

#include "base/arena.h"
#include "base/map.h"

#define TAR_BLOCK   ((uint64_t)512)
#define INDEX_BYTES ((size_t)64 << 20) /* of names and records */
#define MAX_LINKS   4

struct member {
	uint64_t offset, len;
	struct rf_str target; /* of a link; absent: ptr NULL */
};

struct image_index {
	struct image_range range;
	struct rf_arena *arena;
	struct rf_map by_name;
	size_t count;
};

static int target_error(const char *name, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "member \"%.200s\": a link that leads nowhere", name);
}

static struct rf_str dir_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return (struct rf_str){.ptr = name, .len = slash ? (size_t)(slash - name) : 0};
}

/* "../ID/layer.tar" of "OTHER/layer.tar" is "ID/layer.tar"; nothing more is needed. */
static struct rf_str resolve_symlink(struct image_index *index, const struct image_entry *entry)
{
	struct rf_str dir = dir_of(entry->path.ptr), link = entry->link;

	while (rf_str_starts(link, RF_STR("../"))) {
		char upper[IMAGE_MAX_PATH + 1];

		if (dir.len == 0 || !rf_str_copy(dir, upper, sizeof(upper)))
			return RF_STR_NONE;
		dir.len = dir_of(upper).len;
		link.ptr += 3;
		link.len -= 3;
	}
	if (dir.len == 0)
		return rf_arena_str(index->arena, link);
	return rf_arena_printf(
		index->arena, RF_STR_FMT "/" RF_STR_FMT, RF_STR_ARG(dir), RF_STR_ARG(link));
}

static int note_member(struct image_index *index, const struct image_entry *entry,
	struct member **ret, struct rf_err *err)
{
	struct member *member = rf_arena_new_of(index->arena, struct member);
	struct rf_str name = rf_arena_str(index->arena, entry->path);

	if (++index->count > IMAGE_MAX_MEMBERS)
		return rf_err_set(err, RF_ELIMIT, "more than %d members", IMAGE_MAX_MEMBERS);
	if (!member || !name.ptr)
		return rf_err_set(err, RF_ELIMIT, "the names of the members are too long");
	member->target = RF_STR_NONE;
	if (entry->type == IMAGE_ENTRY_HARDLINK)
		member->target = rf_arena_str(index->arena, entry->link);
	else if (entry->type == IMAGE_ENTRY_SYMLINK)
		member->target = resolve_symlink(index, entry);
	if (entry->type != IMAGE_ENTRY_FILE && !member->target.ptr)
		return target_error(entry->path.ptr, err);
	if (!rf_map_put_ptr(&index->by_name, name, member))
		return rf_err_nomem(err);
	*ret = member;
	return RF_OK;
}

/* The header after a member tells where its content was. */
static int end_member(struct member *member, uint64_t next_header, struct rf_err *err)
{
	uint64_t padded = (member->len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

	if (padded > next_header)
		return rf_err_set(err, RF_EINPUT, "not a sound tar archive: sizes do not add up");
	member->offset = next_header - padded;
	return RF_OK;
}

static int index_entries(
	struct image_index *index, struct image_archive *archive, struct rf_err *err)
{
	struct member *open = NULL;
	struct image_entry entry;
	int more, rc = RF_OK;

	do {
		more = image_archive_next(archive, &entry, err);
		if (more < 0)
			return more;
		if (open)
			rc = end_member(open, image_archive_position(archive), err);
		open = NULL;
		if (rc < 0 || more == 0 || entry.type == IMAGE_ENTRY_DIR)
			continue;
		if (entry.sparse)
			return rf_err_set(err, RF_EUNSUPPORTED, "member \"%.200s\" is sparse",
				entry.path.ptr);
		rc = note_member(index, &entry, &open, err);
		if (rc == RF_OK && open && entry.type == IMAGE_ENTRY_FILE)
			open->len = entry.size;
		else
			open = NULL;
	} while (more && rc == RF_OK);
	return rc;
}

int image_index_open(const struct image_range *range, struct image_index **ret, struct rf_err *err)
{
	CLEANUP(image_range_input_done) struct image_range_input source = {.range = *range};
	CLEANUP(image_index_freep) struct image_index *index = calloc(1, sizeof(*index));
	struct image_input input = image_range_input(&source);
	AUTO_ARCHIVE *archive = NULL;
	int rc;

	if (!index || !(index->arena = rf_arena_new(INDEX_BYTES)))
		return rf_err_nomem(err);
	index->range = *range;
	rc = image_archive_open(&input, &archive, err);
	if (rc == RF_OK)
		rc = index_entries(index, archive, err);
	if (rc < 0)
		return rc;
	*ret = TAKE_PTR(index);
	return RF_OK;
}

void image_index_free(struct image_index *index)
{
	if (!index)
		return;
	rf_map_done(&index->by_name);
	rf_arena_free(index->arena);
	free(index);
}

void image_index_freep(struct image_index **index)
{
	image_index_free(*index);
}

static int index_find(void *ctx, const char *name, struct image_range *ret, struct rf_err *err)
{
	struct image_index *index = ctx;
	struct member *member = rf_map_get_ptr(&index->by_name, rf_str_of(name));

	for (int links = 0; member && member->target.ptr; links++) {
		if (links == MAX_LINKS)
			return target_error(name, err);
		member = rf_map_get_ptr(&index->by_name, member->target);
	}
	if (!member)
		return rf_err_set(err, RF_EABSENT, "the archive has no \"%.200s\"", name);
	if (member->offset > index->range.len || member->len > index->range.len - member->offset)
		return rf_err_set(err, RF_EINPUT, "\"%.200s\" ends after the archive", name);
	*ret = index->range;
	ret->offset += member->offset;
	ret->len = member->len;
	return RF_OK;
}

struct image_members image_index_members(struct image_index *index)
{
	return (struct image_members){.find = index_find, .ctx = index};
}

int image_member_read(const struct image_members *members, const char *name, size_t max,
	struct rf_buf *out, struct rf_err *err)
{
	CLEANUP(image_range_input_done) struct image_range_input source = {.block = NULL};
	struct image_input input;
	const void *block;
	ssize_t got;
	int rc = members->find(members->ctx, name, &source.range, err);

	if (rc < 0)
		return rc;
	if (source.range.len > max)
		return rf_err_set(err, RF_ELIMIT, "\"%.200s\" is larger than %zu bytes", name, max);
	input = image_range_input(&source);
	while ((got = input.next(input.ctx, &block, err)) > 0)
		rf_buf_add(out, block, (size_t)got);
	if (got == 0 && out->failed)
		return rf_err_nomem(err);
	return got < 0 ? rf_err_wrap(err, (int)got, "%.200s", name) : RF_OK;
}
