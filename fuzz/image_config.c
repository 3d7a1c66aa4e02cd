/* Image configs: what is read is written to a form that reads back and writes the same. */
#include "base/buf.h"
#include "image/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str json = {.ptr = size ? (const char *)data : "", .len = size};
	AUTO_ARENA *arena = rf_arena_new((size_t)256 << 20);
	struct image_config config, again;
	AUTO_BUF first = {.len = 0};
	AUTO_BUF second = {.len = 0};

	if (!arena || image_config_parse(json, arena, &config, NULL) < 0)
		return 0;
	image_config_write(&config, &first);
	if (first.failed || first.len > IMAGE_MAX_JSON)
		return 0;
	if (image_config_parse(rf_buf_str(&first), arena, &again, NULL) < 0)
		abort();
	image_config_write(&again, &second);
	if (!rf_str_eq(rf_buf_str(&first), rf_buf_str(&second)))
		abort();
	return 0;
}
