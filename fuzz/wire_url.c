/* URLs: the first line is one, the rest a Location; what is read and written reads the same. */
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct wire_url *url)
{
	static struct wire_url again;
	AUTO_BUF text = {0};

	if (url->target[0] != '/' || !url->host[0] || !url->port)
		abort();
	for (const char *p = url->target; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '#')
			abort();
	}
	rf_buf_add_c(&text, url->tls ? "https://" : "http://");
	wire_url_put_host(url, &text);
	rf_buf_add_c(&text, url->target);
	if (text.len >= WIRE_URL_MAX)
		return;
	if (wire_url_parse(rf_buf_str(&text), &again, NULL) < 0 ||
		!wire_url_same_origin(url, &again) || strcmp(url->target, again.target) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str input = {.ptr = size ? (const char *)data : "", .len = size};
	static struct wire_url url, next;
	struct rf_str line, location = rf_str_cut(input, '\n', &line);

	if (wire_url_parse(line, &url, NULL) < 0)
		return 0;
	check(&url);
	if (location.ptr && wire_url_resolve(&url, location, &next, NULL) == RF_OK)
		check(&next);
	if (wire_url_add_query(&url, "q", location.ptr ? location : RF_STR(""), NULL) == RF_OK)
		check(&url);
	return 0;
}
