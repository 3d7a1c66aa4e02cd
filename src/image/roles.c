/* Messages of the import's children, written and read. */
#include "image/roles_int.h"

#include "image/ref.h"

static void put_digest(struct rf_buf *buf, const struct image_digest *digest)
{
	frame_put_str(buf, (struct rf_str){(const char *)digest->bytes, sizeof(digest->bytes)});
}

static void get_digest(struct frame_reader *reader, struct image_digest *ret)
{
	struct rf_str bytes = frame_get_str(reader);

	if (bytes.len != sizeof(ret->bytes))
		reader->failed = true;
	else
		memcpy(ret->bytes, bytes.ptr, sizeof(ret->bytes));
}

static void put_layer(struct rf_buf *buf, const struct image_choice_layer *layer)
{
	frame_put_str(buf, rf_str_of(layer->member));
	frame_put_u64(buf, layer->has_digest);
	put_digest(buf, &layer->digest);
	put_digest(buf, &layer->diff_id);
	frame_put_u64(buf, layer->range.offset);
	frame_put_u64(buf, layer->range.len);
}

static void get_layer(struct frame_reader *reader, struct image_choice_layer *ret)
{
	if (!rf_str_copy(frame_get_str(reader), ret->member, sizeof(ret->member)))
		reader->failed = true;
	ret->has_digest = frame_get_u64(reader) != 0;
	get_digest(reader, &ret->digest);
	get_digest(reader, &ret->diff_id);
	ret->range = (struct image_range){.fd = -1};
	ret->range.offset = frame_get_u64(reader);
	ret->range.len = frame_get_u64(reader);
	if (ret->range.offset > INT64_MAX || ret->range.len > INT64_MAX)
		reader->failed = true;
}

void image_job_put(struct rf_buf *buf, const struct image_choice_layer *layer)
{
	put_layer(buf, layer);
}

int image_job_get(struct rf_str payload, struct image_choice_layer *ret, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};

	get_layer(&reader, ret);
	return frame_reader_ok(&reader) ? RF_OK : rf_err_set(err, RF_EINPUT, "a malformed message");
}

void image_choice_put(struct rf_buf *buf, const struct image_choice *choice, bool spooled)
{
	AUTO_BUF json = {.max = IMAGE_MAX_JSON};

	image_config_write(&choice->config, &json);
	frame_put_u64(buf, spooled);
	put_digest(buf, &choice->digest);
	frame_put_u64(buf, choice->name_count);
	for (size_t i = 0; i < choice->name_count; i++)
		frame_put_str(buf, choice->names[i]);
	frame_put_u64(buf, choice->layer_count);
	for (size_t i = 0; i < choice->layer_count; i++)
		put_layer(buf, &choice->layers[i]);
	frame_put_str(buf, rf_buf_str(&json));
	buf->failed |= json.failed;
}

static int get_names(struct frame_reader *reader, struct rf_arena *arena, struct image_found *found)
{
	uint64_t count = frame_get_u64(reader);

	if (count > IMAGE_MAX_NAMES)
		return RF_EINPUT;
	found->names = rf_arena_array(arena, IMAGE_MAX_NAMES, sizeof(*found->names));
	if (!found->names)
		return RF_EINTERNAL;
	while (count--) {
		struct rf_str name = frame_get_str(reader);
		char normal[IMAGE_REF_SIZE];

		if (reader->failed || image_ref_normalise(name, normal, NULL) < 0 ||
			!rf_str_is(name, normal))
			return RF_EINPUT;
		found->names[found->name_count] = rf_arena_str(arena, name);
		if (!found->names[found->name_count++].ptr)
			return RF_EINTERNAL;
	}
	return RF_OK;
}

static int get_layers(
	struct frame_reader *reader, struct rf_arena *arena, struct image_found *found)
{
	uint64_t count = frame_get_u64(reader);

	if (count > IMAGE_MAX_LAYERS)
		return RF_EINPUT;
	found->layer_count = (size_t)count;
	found->layers = rf_arena_array(arena, IMAGE_MAX_LAYERS, sizeof(*found->layers));
	if (!found->layers)
		return RF_EINTERNAL;
	for (size_t i = 0; i < found->layer_count; i++)
		get_layer(reader, &found->layers[i]);
	return RF_OK;
}

int image_found_get(
	struct rf_str payload, struct rf_arena *arena, struct image_found *ret, struct rf_err *err)
{
	struct frame_reader reader = {.rest = payload};
	int rc;

	ret->spooled = frame_get_u64(&reader) != 0;
	get_digest(&reader, &ret->digest);
	rc = get_names(&reader, arena, ret);
	if (rc == RF_OK)
		rc = get_layers(&reader, arena, ret);
	if (rc == RF_OK)
		ret->config_json = rf_arena_str(arena, frame_get_str(&reader));
	if (rc == RF_OK && !ret->config_json.ptr)
		rc = RF_EINTERNAL;
	if (rc == RF_EINTERNAL)
		return rf_err_nomem(err);
	if (rc < 0 || !frame_reader_ok(&reader))
		return rf_err_set(err, RF_EINPUT, "a malformed message");
	return RF_OK;
}

int image_role_failed(int channel, const struct rf_err *err)
{
	AUTO_BUF payload = {.max = 4096};

	frame_put_err(&payload, err);
	(void)!frame_send(channel, IMAGE_MSG_FAILED, rf_buf_str(&payload), NULL);
	return 0;
}

int image_layer_verify(
	struct image_stream *stream, const struct image_choice_layer *layer, struct rf_err *err)
{
	char want[IMAGE_DIGEST_TEXT_SIZE], got[IMAGE_DIGEST_TEXT_SIZE];
	struct image_digest stored, plain;
	int rc = image_stream_finish(stream, &stored, &plain, err);

	if (rc < 0)
		return rc;
	if (layer->has_digest && !image_digest_eq(&stored, &layer->digest))
		return rf_err_set(err, RF_EINPUT, "the content is %s instead of %s",
			image_digest_text(&stored, got), image_digest_text(&layer->digest, want));
	if (!image_digest_eq(&plain, &layer->diff_id))
		return rf_err_set(err, RF_EINPUT, "the unpacked content is %s instead of %s",
			image_digest_text(&plain, got), image_digest_text(&layer->diff_id, want));
	return RF_OK;
}
