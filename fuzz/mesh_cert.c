/* Certificates of any origin: read, explained, held against themselves as roots. */
#include "mesh/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S 1795000000

static void check_list(const struct cert_list *list)
{
	if (list->count == 0 || list->count > CERT_MAX_COUNT)
		abort();
	for (size_t i = 0; i < list->count; i++) {
		const struct cert *cert = &list->items[i];

		if (strlen(cert->fingerprint) != CERT_FP_SIZE - 1)
			abort();
		for (size_t k = 0; k < cert->name_count; k++) {
			struct rf_str text = cert->names[k].text;

			for (size_t c = 0; c < text.len; c++) {
				if (text.ptr[c] < ' ' || text.ptr[c] > '~')
					abort();
			}
		}
	}
}

static void explain(const struct cert_list *list, const struct cert_list *roots)
{
	AUTO_EXPLAIN report = {.arena = NULL};
	const struct explain_opts opts = {
		.now_s = NOW_S, .role = (enum explain_role)(list->count % 4), .roots = roots};

	if (cert_explain(list, &opts, &report, NULL) < 0)
		return;
	rf_vec_each (finding, &report.list) {
		if (finding->cert >= list->count || !finding->text.len)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[1];
	const struct rf_bytes input = {size ? data : none, size};
	AUTO_CERTS *list = NULL;
	size_t index;

	if (cert_read(input, &list, NULL) < 0)
		return 0;
	check_list(list);
	explain(list, NULL);
	explain(list, list);
	(void)!cert_find_key(list, input, &index, NULL);
	return 0;
}
