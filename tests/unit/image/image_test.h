/*
 * Building images for tests: tar entries byte by byte (so that hostile ones can be made), layers,
 * OCI layouts and docker save archives, into a directory or a tar.
 */
#ifndef TESTS_UNIT_IMAGE_IMAGE_TEST_H
#define TESTS_UNIT_IMAGE_IMAGE_TEST_H

#include "tests/lib/tap.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/digest.h"
#include "image/select.h"

static char test_root[64]; /* a directory of this program's run */

static RF_UNUSED void test_root_open(void)
{
	snprintf(test_root, sizeof(test_root), "/tmp/rf-image-XXXXXX");
	if (!mkdtemp(test_root))
		abort();
}

static RF_UNUSED void test_root_close(void)
{
	(void)!rf_dir_remove(test_root, NULL);
}

/* A path in test_root; four may be in use at once. */
static RF_UNUSED const char *test_path(const char *name)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", test_root, name);
	return path;
}

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};

struct tar_item {
	const char *name;
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3' '4' devices, '5' dir, '6' FIFO
		    */
	unsigned mode; /* 0: 0644, or 0755 for a directory */
	unsigned uid, gid;
	const char *link;
	const char *text;
	size_t len; /* of text when it is not a string */
};

static void tar_number(char *field, size_t size, unsigned long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*llo", (int)size - 1, value);
	memcpy(field, text, size);
}

static void tar_text(char *field, size_t size, const char *text)
{
	memcpy(field, text, strlen(text) < size ? strlen(text) : size);
}

static RF_UNUSED void tar_put(struct rf_buf *tar, const struct tar_item *item)
{
	static const char zeros[512];
	unsigned mode = item->mode ? item->mode : item->type == '5' ? 0755 : 0644;
	size_t len = item->len ? item->len : item->text ? strlen(item->text) : 0;
	struct tar_header header;
	unsigned sum = 0;

	memset(&header, 0, sizeof(header));
	tar_text(header.name, sizeof(header.name), item->name);
	tar_number(header.mode, sizeof(header.mode), mode);
	tar_number(header.uid, sizeof(header.uid), item->uid);
	tar_number(header.gid, sizeof(header.gid), item->gid);
	tar_number(header.size, sizeof(header.size), len);
	tar_number(header.mtime, sizeof(header.mtime), 1000000000);
	memset(header.checksum, ' ', sizeof(header.checksum));
	header.type = item->type ? item->type : '0';
	tar_text(header.link, sizeof(header.link), item->link ? item->link : "");
	memcpy(header.magic, "ustar\00000", 8);
	tar_number(header.major, sizeof(header.major), 1);
	tar_number(header.minor, sizeof(header.minor), 3);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((unsigned char *)&header)[i];
	tar_number(header.checksum, 7, sum);
	rf_buf_add(tar, &header, sizeof(header));
	rf_buf_add(tar, item->text ? item->text : "", len);
	rf_buf_add(tar, zeros, (512 - len % 512) % 512);
}

/* A PAX record for the entry that follows. */
static RF_UNUSED void tar_pax(struct rf_buf *tar, const char *key, const char *value, size_t len)
{
	AUTO_BUF record = {.len = 0};
	size_t total = strlen(key) + len + 3, digits = 1;
	struct tar_item item = {.name = "pax", .type = 'x'};

	for (size_t limit = 10; total + digits >= limit; limit *= 10)
		digits++;
	rf_buf_addf(&record, "%zu %s=", total + digits, key);
	rf_buf_add(&record, value, len);
	rf_buf_add_char(&record, '\n');
	item.text = rf_buf_cstr(&record);
	item.len = record.len;
	tar_put(tar, &item);
}

static RF_UNUSED void tar_end(struct rf_buf *tar)
{
	static const char zeros[1024];

	rf_buf_add(tar, zeros, sizeof(zeros));
}

static RF_UNUSED void tar_of(struct rf_buf *tar, const struct tar_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tar_put(tar, &items[i]);
	tar_end(tar);
}
#define TAR_OF(tar, ...)                                      \
	tar_of((tar), (const struct tar_item[]){__VA_ARGS__}, \
		sizeof((const struct tar_item[]){__VA_ARGS__}) / sizeof(struct tar_item))

/* "gzip", "zstd" or NULL (a copy). */
static RF_UNUSED void pack(struct rf_str plain, const char *filter, struct rf_buf *out)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t cap = plain.len + plain.len / 8 + 65536, used = 0;
	AUTO_FREE char *room = malloc(cap);

	archive_write_set_format_raw(a);
	if (filter)
		archive_write_add_filter_by_name(a, filter);
	archive_write_set_bytes_in_last_block(a, 1);
	archive_write_open_memory(a, room, cap, &used);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_write_header(a, entry);
	archive_write_data(a, plain.ptr, plain.len);
	archive_write_close(a);
	archive_entry_free(entry);
	archive_write_free(a);
	rf_buf_add(out, room, used);
}

struct test_layer {
	struct rf_buf blob;
	struct image_digest digest, diff_id;
	const char *media_type;
};

static RF_UNUSED void layer_make(struct test_layer *layer, struct rf_str tar, const char *filter)
{
	layer->media_type = "application/vnd.oci.image.layer.v1.tar";
	pack(tar, filter, &layer->blob);
	if (image_digest_of(tar, &layer->diff_id) < 0 ||
		image_digest_of(rf_buf_str(&layer->blob), &layer->digest) < 0)
		abort();
}

/* Where an archive's members go: a directory of the name, or the tar. */
struct member_sink {
	const char *dir; /* NULL: tar */
	struct rf_buf *tar;
};

static RF_UNUSED void member_put(struct member_sink *sink, const char *name, struct rf_str content)
{
	AUTO_FREE char *path = NULL;
	struct rf_err err;
	char *slash;

	if (!sink->dir) {
		tar_put(sink->tar,
			&(struct tar_item){.name = name, .text = content.ptr, .len = content.len});
		return;
	}
	if (asprintf(&path, "%s/%s", sink->dir, name) < 0)
		abort();
	slash = strrchr(path, '/');
	*slash = '\0';
	if (rf_dir_make(path, 0755, &err) < 0)
		abort();
	*slash = '/';
	if (rf_file_replace(path, content.ptr, content.len, 0644, false, &err) < 0)
		abort();
}

static RF_UNUSED void file_put(const char *path, struct rf_str content)
{
	struct rf_err err;

	if (rf_file_replace(path, content.ptr, content.len, 0644, false, &err) < 0)
		abort();
}

static RF_UNUSED const char *hex_of(const struct image_digest *digest)
{
	static char texts[4][IMAGE_DIGEST_TEXT_SIZE];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	return image_digest_text(digest, text) + sizeof("sha256:") - 1;
}

static RF_UNUSED void blob_put(
	struct member_sink *sink, struct rf_str blob, struct image_digest *ret)
{
	char name[128];

	if (image_digest_of(blob, ret) < 0)
		abort();
	snprintf(name, sizeof(name), "blobs/sha256/%s", hex_of(ret));
	member_put(sink, name, blob);
}

static RF_UNUSED void config_text(
	struct rf_buf *out, const char *arch, const struct test_layer *layers, size_t count)
{
	rf_buf_addf(out,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"created\":\"2024-01-02T03:04:05Z\","
		"\"config\":{\"User\":\"web\",\"Env\":[\"PATH=/bin\"],\"Entrypoint\":[\"/app\"],"
		"\"Cmd\":[\"-v\"],\"WorkingDir\":\"/srv\",\"ExposedPorts\":{\"8080/tcp\":{}},"
		"\"Labels\":{\"a\":\"b\"}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
		arch);
	for (size_t i = 0; i < count; i++)
		rf_buf_addf(out, "%s\"sha256:%s\"", i ? "," : "", hex_of(&layers[i].diff_id));
	rf_buf_add_c(out, "]}}");
}

/* Writes blobs, config and manifest; returns the manifest's size. */
static RF_UNUSED size_t manifest_put(struct member_sink *sink, const char *arch,
	const struct test_layer *layers, size_t count, struct image_digest *ret)
{
	AUTO_BUF config = {.len = 0};
	AUTO_BUF manifest = {.len = 0};
	struct image_digest digest;

	config_text(&config, arch, layers, count);
	blob_put(sink, rf_buf_str(&config), &digest);
	rf_buf_addf(&manifest,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":"
		"[",
		hex_of(&digest), config.len);
	for (size_t i = 0; i < count; i++) {
		char name[128];

		rf_buf_addf(&manifest,
			"%s{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu}",
			i ? "," : "", layers[i].media_type, hex_of(&layers[i].digest),
			layers[i].blob.len);
		snprintf(name, sizeof(name), "blobs/sha256/%s", hex_of(&layers[i].digest));
		member_put(sink, name, rf_buf_str(&layers[i].blob));
	}
	rf_buf_add_c(&manifest, "]}");
	blob_put(sink, rf_buf_str(&manifest), ret);
	return manifest.len;
}

static RF_UNUSED void index_entry(
	struct rf_buf *index, const struct image_digest *digest, size_t size, const char *name)
{
	rf_buf_addf(index,
		"%s{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":"
		"\"sha256:%s\",\"size\":%zu",
		index->data && index->data[index->len - 1] == '}' ? "," : "", hex_of(digest), size);
	if (name)
		rf_buf_addf(index,
			",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", name);
	rf_buf_add_c(index, "}");
}

/* A whole OCI layout of one image. */
static RF_UNUSED void layout_put(
	struct member_sink *sink, const struct test_layer *layers, size_t count, const char *name)
{
	AUTO_BUF index = {.len = 0};
	struct image_digest digest;
	size_t size;

	rf_buf_add_c(&index, "{\"schemaVersion\":2,\"manifests\":[");
	size = manifest_put(sink, image_host_architecture(), layers, count, &digest);
	index_entry(&index, &digest, size, name);
	rf_buf_add_c(&index, "]}");
	member_put(sink, "oci-layout", RF_STR("{\"imageLayoutVersion\":\"1.0.0\"}"));
	member_put(sink, "index.json", rf_buf_str(&index));
	if (!sink->dir)
		tar_end(sink->tar);
}

#endif
