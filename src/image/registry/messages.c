/* Messages of "image-fetch", written and read. */
#include "image/config.h"
#include "image/registry/fetch_int.h"

static int malformed(struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "a malformed message");
}

void fetch_setup_put(struct rf_buf *buf, const struct fetch_setup *setup)
{
	frame_put_str(buf, setup->host);
	frame_put_u64(buf, setup->port);
	frame_put_str(buf, setup->repository);
	frame_put_u64(buf, setup->tls);
	frame_put_u64(buf, setup->plain_http);
	frame_put_u64(buf, setup->push);
	frame_put_u64(buf, setup->idle_ms);
	frame_put_str(buf, setup->user);
	frame_put_str(buf, setup->password);
	frame_put_str(buf, setup->identity_token);
	frame_put_str(buf, setup->authorization);
	frame_put_str(buf, setup->roots);
}

int fetch_setup_get(struct rf_str payload, struct fetch_setup *ret, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};

	ret->host = frame_get_str(&reader);
	ret->port = frame_get_u64(&reader);
	ret->repository = frame_get_str(&reader);
	ret->tls = frame_get_u64(&reader);
	ret->plain_http = frame_get_u64(&reader);
	ret->push = frame_get_u64(&reader);
	ret->idle_ms = frame_get_u64(&reader);
	ret->user = frame_get_str(&reader);
	ret->password = frame_get_str(&reader);
	ret->identity_token = frame_get_str(&reader);
	ret->authorization = frame_get_str(&reader);
	ret->roots = frame_get_str(&reader);
	return frame_reader_ok(&reader) ? RF_OK : malformed(err);
}

void fetch_digest_put(struct rf_buf *buf, const struct image_digest *digest)
{
	frame_put_str(buf, (struct rf_str){(const char *)digest->bytes, sizeof(digest->bytes)});
}

void fetch_digest_get(struct frame_reader *reader, struct image_digest *ret)
{
	struct rf_str bytes = frame_get_str(reader);

	if (bytes.len != sizeof(ret->bytes))
		reader->failed = true;
	else
		memcpy(ret->bytes, bytes.ptr, sizeof(ret->bytes));
}

void fetch_image_put(
	struct rf_buf *buf, const struct registry_image *image, struct rf_str authorization)
{
	fetch_digest_put(buf, &image->digest);
	frame_put_str(buf, image->media_type);
	fetch_digest_put(buf, &image->config_digest);
	frame_put_str(buf, authorization);
	frame_put_u64(buf, image->layer_count);
	for (size_t i = 0; i < image->layer_count; i++) {
		fetch_digest_put(buf, &image->layers[i].digest);
		frame_put_u64(buf, image->layers[i].size);
		frame_put_str(buf, image->layers[i].media_type);
	}
}

struct rf_str fetch_printable_get(struct frame_reader *reader, struct rf_arena *arena)
{
	struct rf_str text = frame_get_str(reader);

	if (text.len > 255)
		reader->failed = true;
	for (size_t i = 0; i < text.len && !reader->failed; i++) {
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			reader->failed = true;
	}
	return reader->failed ? RF_STR("") : rf_arena_str(arena, text);
}

int fetch_image_get(struct rf_str payload, struct rf_arena *arena, struct registry_image *ret,
	struct rf_str *ret_authorization, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};
	uint64_t count;

	fetch_digest_get(&reader, &ret->digest);
	ret->media_type = fetch_printable_get(&reader, arena);
	fetch_digest_get(&reader, &ret->config_digest);
	*ret_authorization = rf_arena_str(arena, frame_get_str(&reader));
	count = frame_get_u64(&reader);
	if (reader.failed || count > IMAGE_MAX_LAYERS)
		return malformed(err);
	ret->layers = rf_arena_array(arena, IMAGE_MAX_LAYERS, sizeof(*ret->layers));
	if (!ret->layers || !ret->media_type.ptr || !ret_authorization->ptr)
		return rf_err_nomem(err);
	for (ret->layer_count = 0; ret->layer_count < count; ret->layer_count++) {
		struct registry_blob *layer = &ret->layers[ret->layer_count];

		fetch_digest_get(&reader, &layer->digest);
		layer->size = frame_get_u64(&reader);
		layer->media_type = fetch_printable_get(&reader, arena);
		if (layer->size > REGISTRY_MAX_BLOB || !layer->media_type.ptr)
			return malformed(err);
	}
	return frame_reader_ok(&reader) ? RF_OK : malformed(err);
}

void fetch_push_put(struct rf_buf *buf, const struct fetch_push *push)
{
	frame_put_u64(buf, push->is_dir);
	frame_put_str(buf, push->reference);
	frame_put_str(buf, push->name);
	frame_put_str(buf, push->select);
	frame_put_str(buf, push->mount_from);
	frame_put_u64(buf, push->no_referrers);
}

int fetch_push_get(struct rf_str payload, struct fetch_push *ret, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};

	ret->is_dir = frame_get_u64(&reader);
	ret->reference = frame_get_str(&reader);
	ret->name = frame_get_str(&reader);
	ret->select = frame_get_str(&reader);
	ret->mount_from = frame_get_str(&reader);
	ret->no_referrers = frame_get_u64(&reader);
	return frame_reader_ok(&reader) ? RF_OK : malformed(err);
}
