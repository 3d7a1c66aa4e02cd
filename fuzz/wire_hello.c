/* First bytes: every beginning of what is a hello needs more, and nothing outside is read. */
#include "base/attr.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const struct hello *hello)
{
	size_t len = strnlen(hello->name, sizeof(hello->name));

	if (len > HELLO_MAX_NAME)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (hello->name[i] >= 'A' && hello->name[i] <= 'Z')
			abort();
	}
}

/* The verdict about a part is the whole's, or that more is needed. */
static void check_part(struct rf_bytes whole, size_t len, enum hello_kind want)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct hello hello;
	enum hello_kind kind;

	if (!copy)
		return;
	memcpy(copy, whole.ptr, len);
	kind = hello_read((struct rf_bytes){copy, len}, "ringfence", &hello);
	if (kind == HELLO_TLS)
		check_name(&hello);
	if (kind != HELLO_MORE && kind != want)
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[1];
	const struct rf_bytes input = {size ? data : none, size};
	struct hello hello;
	enum hello_kind kind = hello_read(input, "ringfence", &hello);

	if (kind == HELLO_TLS)
		check_name(&hello);
	if (kind == HELLO_MORE && size > 4 * HELLO_MAX * 6)
		abort();
	check_part(input, size / 2, kind);
	check_part(input, size - size / 7, kind);
	check_part(input, size ? size - 1 : 0, kind);
	return 0;
}
