/*
 * A layer's tar as the scanner reads it, without a database: what files are, is told by names and
 * heads, and every reader of packages, programs and secrets is behind it. The first byte's lowest
 * bit says whether there is a second layer: the same one again.
 */
#include <sys/mman.h>

#include "base/fd.h"
#include "image/scan/codec_int.h"
#include "image/scan/visit_int.h"
#include "image/stream.h"

#define MAX_BYTES ((uint64_t)16 << 20) /* unpacked */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_links(struct scanner *scanner, const struct image_range *range, struct rf_err *err)
{
	int rc = RF_OK;

	for (int i = 0; i < SCAN_MAX_LINK_WALKS && scanner->links.list.count && rc == RF_OK; i++) {
		AUTO_STREAM *stream = NULL;
		struct image_input input;

		rc = image_stream_open(range, MAX_BYTES, &stream, err);
		if (rc < 0)
			break;
		input = image_stream_input(stream);
		rc = scan_links_walk(scanner, &input, err);
	}
	scan_links_end(scanner);
	return rc;
}

static void read_layer(struct scanner *scanner, struct rf_bytes bytes)
{
	const struct image_range range = {.fd = -1, .mem = bytes.ptr, .len = bytes.len};
	AUTO_STREAM *stream = NULL;
	struct rf_err err = {.code = RF_OK};
	struct image_input input;
	int rc = image_stream_open(&range, MAX_BYTES, &stream, &err);

	if (rc == RF_OK) {
		input = image_stream_input(stream);
		rc = scan_layer(scanner, &input, &err);
	}
	if (rc == RF_OK)
		rc = read_links(scanner, &range, &err);
	if (rc > 0 || (rc < 0 && !err.msg[0]))
		abort();
}

static void finish(struct scanner *scanner)
{
	AUTO_SCAN_REPORT *report = scan_report_new(), *got = scan_report_new();
	AUTO_BUF out = {.len = 0};

	if (!report || !got || inventory_finish(&scanner->inv, report, NULL) < 0 ||
		scan_report_sort(report) < 0)
		abort();
	scan_report_put(report, NULL, &out);
	if (scan_report_get(rf_buf_str(&out), got, NULL) < 0 ||
		got->package_count != report->package_count ||
		got->file_count != report->file_count || got->secret_count != report->secret_count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret_rules *rules;
	static int spool_fd = -1;
	struct scanner scanner = {.rules = NULL};

	if (!rules && secret_rules_new(&rules, NULL) < 0)
		abort();
	if (spool_fd < 0)
		spool_fd = memfd_create("spool", MFD_CLOEXEC);
	if (size < 1 || inventory_init(&scanner.inv, NULL, NULL) < 0)
		return 0;
	scanner.rules = rules;
	scanner.spool_fd = spool_fd;
	for (uint32_t layer = 0; layer <= (data[0] & 1u); layer++) {
		scanner.inv.layer = layer;
		read_layer(&scanner, (struct rf_bytes){data + 1, size - 1});
	}
	finish(&scanner);
	inventory_done(&scanner.inv);
	scan_links_done(&scanner.links);
	rf_buf_done(&scanner.buf);
	return 0;
}
