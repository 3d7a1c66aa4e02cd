/* The first line is a WWW-Authenticate field, the rest a config.json, asked for r.example. */
#include "image/registry/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	static struct registry_challenge challenge;
	static struct registry_credentials credentials;
	struct rf_str line, json = rf_str_cut(input, '\n', &line);
	AUTO_BUF out = {.max = (size_t)1 << 20};
	char helper[64];

	if (registry_challenge_parse(line, &challenge, NULL) == RF_OK &&
		challenge.scheme == REGISTRY_BEARER && !challenge.realm[0])
		abort();
	if (!json.ptr)
		return 0;
	if (registry_credentials_find(json, "r.example", &credentials, helper, NULL) == RF_OK) {
		if (!credentials.user[0] && !credentials.identity_token[0])
			abort();
		registry_basic_put(&credentials, &out);
	}
	if (strchr(helper, '/') && registry_credentials_find(json, "r.example", &credentials,
					   helper, NULL) != RF_EINPUT)
		abort();
	(void)!registry_helper_answer(json, &credentials, NULL);
	(void)!registry_token_put(json, &out, NULL);
	return 0;
}
