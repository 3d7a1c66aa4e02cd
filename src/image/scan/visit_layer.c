/* The entries of a layer's tar, visited as they come by. */
#include <sys/stat.h>

#include "image/layer.h"
#include "image/scan/visit_int.h"

struct layer_walk {
	struct scanner *scanner;
	struct image_archive *archive;
};

static ssize_t read_entry(
	void *ctx, const void **ret_data, uint64_t *ret_offset, struct rf_err *err)
{
	return image_archive_read(ctx, ret_data, ret_offset, err);
}

static struct rf_str capability_of(struct image_archive *archive)
{
	struct rf_str name, value;

	while (image_archive_xattr(archive, &name, &value)) {
		if (rf_str_is(name, "security.capability"))
			return value;
	}
	return RF_STR("");
}

static int visit_file(struct scanner *scanner, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	const struct scan_input input = {
		.path = entry->path,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.size = entry->size,
		.read = read_entry,
		.ctx = archive,
		.capability = capability_of(archive),
	};

	return scan_visit(scanner, &input, err);
}

/* Some unpack it with the mode that the link's own entry has. */
static int visit_link(struct scanner *scanner, const struct image_entry *entry, struct rf_err *err)
{
	const struct scan_input input = {
		.path = entry->path,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.capability = RF_STR(""),
	};
	int rc = scan_visit(scanner, &input, err);

	if (rc == RF_OK)
		rc = inventory_linked(&scanner->inv, entry->path, entry->link, err);
	return rc < 0 ? rc : scan_links_add(scanner, entry->path, entry->link, err);
}

static int take_change(void *ctx, enum image_change change, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	struct scanner *scanner = ctx;
	bool is_dir = entry->type == IMAGE_ENTRY_DIR;

	switch (change) {
	case IMAGE_CHANGE_WHITEOUT: inventory_whiteout(&scanner->inv, entry->path); return RF_OK;
	case IMAGE_CHANGE_OPAQUE: inventory_opaque(&scanner->inv, entry->path); return RF_OK;
	case IMAGE_CHANGE_ADD: break;
	}
	inventory_added(&scanner->inv, entry->path, is_dir);
	scan_links_entry(&scanner->links, entry->path);
	if (is_dir)
		return scan_visit_dir(
			scanner, entry->path, entry->mode, entry->uid, entry->gid, err);
	if (entry->type == IMAGE_ENTRY_HARDLINK)
		return visit_link(scanner, entry, err);
	/* The content of a symbolic link is seen where it leads to. */
	return entry->type == IMAGE_ENTRY_FILE ? visit_file(scanner, entry, archive, err) : RF_OK;
}

int scan_layer(struct scanner *scanner, const struct image_input *tar, struct rf_err *err)
{
	const struct image_layer_sink sink = {.change = take_change, .ctx = scanner};

	return image_layer_walk(tar, &sink, err);
}
