/* Names of images and users: the first line is the name, the rest passwd and group, cut at NUL. */
#include "image/ref.h"
#include "image/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	struct rf_str name, passwd, rest = rf_str_cut(input, '\n', &name);
	char normal[IMAGE_REF_SIZE], again[IMAGE_REF_SIZE];
	struct image_user user;

	if (image_ref_normalise(name, normal, NULL) == RF_OK &&
		(image_ref_normalise(rf_str_of(normal), again, NULL) < 0 ||
			strcmp(normal, again) != 0))
		abort();
	rest = rf_str_cut(rest, '\0', &passwd);
	if (image_users_find(passwd, rest, name, &user, NULL) == RF_OK &&
		(user.gid_count > IMAGE_MAX_GIDS || user.home[0] != '/'))
		abort();
	return 0;
}
