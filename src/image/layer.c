/* Sorts a layer's entries into additions, whiteouts and opaque marks, and refuses the rest. */
#include "image/layer.h"

#define WHITEOUT      RF_STR(".wh.")
#define WHITEOUT_META RF_STR(".wh..wh.")
#define OPAQUE	      RF_STR(".wh..wh..opq")

static int refuse(const struct image_entry *entry, const char *why, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "entry \"" RF_STR_FMT "\": %s",
		(int)(entry->path.len < 200 ? entry->path.len : 200), entry->path.ptr, why);
}

static void leave_out(
	const struct image_layer_sink *sink, const struct image_entry *entry, const char *why)
{
	char text[RF_ERR_MSG_SIZE];

	if (!sink->note)
		return;
	snprintf(text, sizeof(text), "entry \"" RF_STR_FMT "\" left out: %s",
		(int)(entry->path.len < 200 ? entry->path.len : 200), entry->path.ptr, why);
	sink->note(sink->ctx, text);
}

static struct rf_str leaf_of(struct rf_str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	size_t skip = slash ? (size_t)(slash + 1 - path.ptr) : 0;

	return (struct rf_str){.ptr = path.ptr + skip, .len = path.len - skip};
}

/* True when a component other than the last, or the last too when asked, begins with ".wh.". */
static bool has_marker(struct rf_str path, bool last_too)
{
	struct rf_str part, rest = path;

	while (rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		if ((rest.ptr || last_too) && rf_str_starts(part, WHITEOUT))
			return true;
	}
	return false;
}

static bool is_aufs_metadata(struct rf_str path)
{
	struct rf_str first;

	rf_str_cut(path, '/', &first);
	return rf_str_starts(first, WHITEOUT_META) && !rf_str_eq(first, OPAQUE);
}

static int take_whiteout(struct image_entry *entry, struct rf_str leaf,
	const struct image_layer_sink *sink, struct image_archive *archive, struct rf_err *err)
{
	enum image_change change = IMAGE_CHANGE_WHITEOUT;
	size_t dir_len = (size_t)(leaf.ptr - entry->path.ptr);
	char path[IMAGE_MAX_PATH + 1];

	if (entry->type != IMAGE_ENTRY_FILE)
		return refuse(entry, "a whiteout that is not a regular file", err);
	memcpy(path, entry->path.ptr, dir_len);
	if (rf_str_eq(leaf, OPAQUE)) {
		change = IMAGE_CHANGE_OPAQUE;
		leaf.len = 0;
		dir_len -= dir_len ? 1 : 0;
	} else {
		leaf.ptr += WHITEOUT.len;
		leaf.len -= WHITEOUT.len;
		if (leaf.len == 0 || rf_str_is(leaf, ".") || rf_str_is(leaf, "..") ||
			rf_str_starts(leaf, WHITEOUT))
			return refuse(entry, "a whiteout of nothing that a layer can hold", err);
	}
	memcpy(path + dir_len, leaf.ptr, leaf.len);
	path[dir_len + leaf.len] = '\0';
	entry->path = (struct rf_str){.ptr = path, .len = dir_len + leaf.len};
	return sink->change(sink->ctx, change, entry, archive, err);
}

static bool is_below_dev(struct rf_str path)
{
	return rf_str_starts(path, RF_STR("dev/"));
}

static int take_entry(struct image_entry *entry, const struct image_layer_sink *sink,
	struct image_archive *archive, struct rf_err *err)
{
	switch (entry->type) {
	case IMAGE_ENTRY_FILE:
	case IMAGE_ENTRY_DIR:
	case IMAGE_ENTRY_SYMLINK: break;
	case IMAGE_ENTRY_HARDLINK:
		if (entry->link.len == 0 || has_marker(entry->link, true))
			return refuse(entry, "a hard link to what is no file of the layer", err);
		break;
	case IMAGE_ENTRY_DEVICE:
		if (!is_below_dev(entry->path))
			return refuse(entry, "device nodes do not belong in an image", err);
		leave_out(sink, entry, "a device node; containers have their own /dev");
		return RF_OK;
	case IMAGE_ENTRY_FIFO: leave_out(sink, entry, "a FIFO"); return RF_OK;
	case IMAGE_ENTRY_OTHER: return refuse(entry, "neither file, directory nor link", err);
	}
	return sink->change(sink->ctx, IMAGE_CHANGE_ADD, entry, archive, err);
}

static int take(struct image_entry *entry, const struct image_layer_sink *sink,
	struct image_archive *archive, struct rf_err *err)
{
	struct rf_str leaf = leaf_of(entry->path);

	if (is_aufs_metadata(entry->path)) {
		leave_out(sink, entry, "metadata of aufs");
		return RF_OK;
	}
	if (has_marker(entry->path, false))
		return refuse(entry, "a path through a whiteout", err);
	if (rf_str_starts(leaf, WHITEOUT))
		return take_whiteout(entry, leaf, sink, archive, err);
	return take_entry(entry, sink, archive, err);
}

int image_layer_walk(
	const struct image_input *input, const struct image_layer_sink *sink, struct rf_err *err)
{
	AUTO_ARCHIVE *archive = NULL;
	struct image_entry entry;
	int rc = image_archive_open(input, &archive, err);

	if (rc < 0)
		return rc;
	while ((rc = image_archive_next(archive, &entry, err)) > 0) {
		rc = take(&entry, sink, archive, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}
