/*
 * Archives of images from memory, as the confined children read them: an input is taken as a layer
 * (decompressed, walked, its content and attributes counted) and as an archive of images (indexed,
 * searched for an image). No file system.
 */
#include "image/layer.h"
#include "image/select.h"
#include "image/stream.h"

#define MAX_BYTES ((uint64_t)8 << 20) /* unpacked */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

static void check_path(struct rf_str path)
{
	struct rf_str part, rest = path;

	MUST(path.len <= IMAGE_MAX_PATH && path.ptr[path.len] == '\0');
	while (path.len && rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		MUST(part.len && !rf_str_is(part, ".") && !rf_str_is(part, ".."));
	}
}

static int count(void *ctx, enum image_change change, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	struct rf_str name, value;
	const void *piece;
	uint64_t offset;
	ssize_t got = 0;

	check_path(entry->path);
	if (change == IMAGE_CHANGE_WHITEOUT)
		MUST(entry->path.len);
	if (entry->type == IMAGE_ENTRY_HARDLINK)
		check_path(entry->link);
	while (image_archive_xattr(archive, &name, &value))
		*(uint64_t *)ctx += name.len + value.len;
	while (entry->size && (got = image_archive_read(archive, &piece, &offset, err)) > 0)
		*(uint64_t *)ctx += (uint64_t)got;
	return (int)got;
}

static void as_layer(const struct image_range *range)
{
	struct image_digest stored, plain;
	struct image_stream *stream;
	struct image_input input;
	uint64_t total = 0;
	const struct image_layer_sink sink = {.change = count, .ctx = &total};

	if (image_stream_open(range, MAX_BYTES, &stream, NULL) < 0)
		return;
	input = image_stream_input(stream);
	(void)!image_layer_walk(&input, &sink, NULL);
	(void)!image_stream_finish(stream, &stored, &plain, NULL);
	image_stream_free(stream);
}

static void as_archive(const struct image_range *range)
{
	const struct image_wish wish = {.select = NULL};
	AUTO_ARENA *arena = rf_arena_new((size_t)64 << 20);
	struct image_members members;
	struct image_choice choice;
	struct image_index *index;

	if (!arena || image_index_open(range, &index, NULL) < 0)
		return;
	members = image_index_members(index);
	if (image_select(&members, &wish, arena, &choice, NULL) == RF_OK) {
		MUST(choice.layer_count == choice.config.diff_id_count);
		for (size_t i = 0; i < choice.layer_count; i++)
			MUST(choice.layers[i].range.offset + choice.layers[i].range.len <=
				range->len);
	}
	image_index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image_range range = {.fd = -1, .mem = data, .len = size};

	as_layer(&range);
	as_archive(&range);
	return 0;
}
