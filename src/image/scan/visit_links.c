/*
 * Hard links whose name says what they are, such as var/lib/dpkg/status, to files whose name does
 * not. When the link comes by in a layer's tar, its content has gone by unread. So the layer is
 * walked again at its end: to find the entry that each link leads to, from link to link, and once
 * more to read it. Both are for images that nobody builds by accident; their number is bounded.
 */
#include "image/layer.h"
#include "image/scan/visit_file_int.h"

static void remove_link(struct scan_links *links, size_t at)
{
	struct scan_link *link = &links->list.items[at];

	free(link->path);
	free(link->target);
	free(link->next);
	*link = links->list.items[--links->list.count];
}

void scan_links_done(struct scan_links *links)
{
	while (links->list.count)
		remove_link(links, 0);
	rf_vec_done(&links->list);
	*links = (struct scan_links){.entry = 0};
}

void scan_links_entry(struct scan_links *links, struct rf_str path)
{
	links->entry++;
	for (size_t i = links->list.count; i-- > 0;) {
		if (rf_str_is(path, links->list.items[i].path))
			remove_link(links, i);
	}
}

int scan_links_add(
	struct scanner *scanner, struct rf_str path, struct rf_str target, struct rf_err *err)
{
	struct scan_links *links = &scanner->links;
	struct scan_link link = {.before = links->entry};

	if (!visit_reads_as_another(path, target))
		return RF_OK;
	if (links->list.count == SCAN_MAX_LINKS) {
		inventory_note(&scanner->inv, "/%s: one of more than %d hard links, not read",
			path.ptr, SCAN_MAX_LINKS);
		return RF_OK;
	}
	link.path = rf_str_dup(path);
	link.target = rf_str_dup(target);
	if (!link.path || !link.target || !rf_vec_push(&links->list, link)) {
		free(link.path);
		free(link.target);
		return rf_err_nomem(err);
	}
	return RF_OK;
}

/* --- walking again --- */

struct walk {
	struct scanner *scanner;
	uint64_t entry;
};

/* The last entry of that name before the link is what the link leads to. */
static int note_target(struct scan_link *link, const struct image_entry *entry, uint64_t at)
{
	if (link->found || at >= link->before || !rf_str_is(entry->path, link->target))
		return RF_OK;
	free(link->next);
	link->next = NULL;
	link->seen = at;
	link->seen_file = entry->type == IMAGE_ENTRY_FILE;
	if (entry->type != IMAGE_ENTRY_HARDLINK)
		return RF_OK;
	link->next = rf_str_dup(entry->link);
	return link->next ? RF_OK : RF_EINTERNAL;
}

static ssize_t read_entry(
	void *ctx, const void **ret_data, uint64_t *ret_offset, struct rf_err *err)
{
	return image_archive_read(ctx, ret_data, ret_offset, err);
}

/* Its mode was told with the link. */
static int read_file(struct scanner *scanner, const char *path, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	const struct scan_input input = {
		.path = rf_str_of(path),
		.size = entry->size,
		.read = read_entry,
		.ctx = archive,
		.capability = RF_STR(""),
	};

	inventory_again(&scanner->inv);
	return scan_visit(scanner, &input, err);
}

static int take_again(void *ctx, enum image_change change, const struct image_entry *entry,
	struct image_archive *archive, struct rf_err *err)
{
	struct walk *walk = ctx;
	bool taken = false;
	int rc = RF_OK;

	if (change != IMAGE_CHANGE_ADD)
		return RF_OK;
	walk->entry++;
	rf_vec_each (link, &walk->scanner->links.list) {
		/* A tar gives an entry's content once: another link to it takes another walk. */
		if (link->found && link->seen == walk->entry && !taken) {
			taken = link->read = true;
			rc = read_file(walk->scanner, link->path, entry, archive, err);
		} else if (note_target(link, entry, walk->entry) < 0) {
			rc = rf_err_nomem(err);
		}
		if (rc < 0)
			return rc;
	}
	return RF_OK;
}

/* What a walk has brought. True when the link is of no further interest. */
static bool settle(struct inventory *inv, struct scan_link *link)
{
	if (link->read)
		return true;
	if (link->found)
		return false;
	if (!link->seen) {
		inventory_note(inv,
			"/%s: a hard link to /%s, which is not in its layer: it was not read",
			link->path, link->target);
		return true;
	}
	if (link->next) {
		free(link->target);
		link->target = TAKE_PTR(link->next);
		link->before = link->seen;
		link->seen = 0;
		return false;
	}
	link->found = link->seen_file;
	return !link->found;
}

int scan_links_walk(struct scanner *scanner, const struct image_input *tar, struct rf_err *err)
{
	struct walk walk = {.scanner = scanner};
	const struct image_layer_sink sink = {.change = take_again, .ctx = &walk};
	struct scan_links *links = &scanner->links;
	int rc = image_layer_walk(tar, &sink, err);

	for (size_t i = links->list.count; rc == RF_OK && i-- > 0;) {
		if (settle(&scanner->inv, &links->list.items[i]))
			remove_link(links, i);
	}
	return rc;
}

void scan_links_end(struct scanner *scanner)
{
	rf_vec_each (link, &scanner->links.list)
		inventory_note(
			&scanner->inv, "/%s: a hard link by way of too many, not read", link->path);
	scan_links_done(&scanner->links);
}
