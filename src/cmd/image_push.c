/* `image push`: an image into a registry, with what refers to it. */
#include "cmd/image.h"
#include "cmd/images.h"

struct push_opts {
	const char *select, *mount_from, *ca_file;
	bool plain_http, no_referrers;
	uint64_t timeout_s;
};

static const struct opt_row push_rows[] = {
	{"select", 0, OPT_TEXT, offsetof(struct push_opts, select), "NAME|DIGEST",
		"Which image, when the layout holds several.", NULL},
	{"no-referrers", 0, OPT_FLAG, offsetof(struct push_opts, no_referrers), NULL,
		"Leaves out what refers to the image in the layout (SBOM, VEX, signatures).", NULL},
	{"mount-from", 0, OPT_TEXT, offsetof(struct push_opts, mount_from), "REPOSITORY",
		"Another repository of the registry, which may have the layers already.", NULL},
	{"ca-file", 0, OPT_TEXT, offsetof(struct push_opts, ca_file), "FILE",
		"Certificates (PEM) of authorities that the registry is trusted by, too.", NULL},
	{"plain-http", 0, OPT_FLAG, offsetof(struct push_opts, plain_http), NULL,
		"Speaks HTTP without TLS to the registry.", NULL},
	{"timeout", 0, OPT_NUMBER, offsetof(struct push_opts, timeout_s), "SECONDS",
		"How long the registry may be silent (30).", NULL},
};

static const struct opt_example push_examples[] = {
	{"what image pack has made", "ringfence image push app.tar registry.example/shop/app:1.0"},
};

const struct opt_usage image_push_usage = {
	.verb = "image push",
	.synopsis = "LAYOUT REFERENCE [--select NAME|DIGEST] [--no-referrers] "
		    "[--mount-from REPOSITORY] [--ca-file FILE] [--plain-http] "
		    "[--timeout SECONDS]",
	.summary = "pushes an image to a registry",
	.text = "LAYOUT is an OCI image layout, a directory or an archive of one. Images for "
		"several platforms go with all of them, and so does what refers to the image by "
		"its subject. Blobs that the registry has are not sent again. Prints the reference "
		"with its digest.\n\n"
		"The registry is spoken to over TLS (without it only on localhost), with the "
		"credentials of ~/.docker/config.json.",
	OPT_ROWS(push_rows),
	OPT_EXAMPLES(push_examples),
	.min_args = 2,
	.max_args = 2,
};

/* REFERENCE without its tag, and the digest. */
static void put_reference(
	const char *reference, const struct image_digest *digest, struct rf_buf *out)
{
	char name[IMAGE_REF_SIZE], text[IMAGE_DIGEST_TEXT_SIZE];
	struct rf_str head;
	const char *slash, *colon;

	if (image_ref_normalise(rf_str_of(reference), name, NULL) < 0)
		return;
	(void)rf_str_cut(rf_str_of(name), '@', &head);
	slash = memrchr(head.ptr, '/', head.len);
	colon = memrchr(head.ptr, ':', head.len);
	if (colon && slash && colon > slash)
		head.len = (size_t)(colon - head.ptr);
	rf_buf_addf(out, RF_STR_FMT "@%s\n", RF_STR_ARG(head), image_digest_text(digest, text));
}

static int push_image(const struct push_opts *opts, char **args)
{
	struct images_transfer transfer = {.what = "uploading", .name = args[1]};
	const struct registry_push what = {.select = opts->select,
		.mount_from = opts->mount_from,
		.no_referrers = opts->no_referrers};
	const struct registry_opts to = {.ca_file = opts->ca_file,
		.plain_http = opts->plain_http,
		.idle_ms = images_idle_ms(opts->timeout_s),
		.progress = images_show_transfer,
		.ctx = &transfer};
	struct image_digest digest;
	AUTO_BUF out = {0};
	struct rf_err err;
	int rc = registry_push(args[1], args[0], &what, &to, &digest, &err);

	images_wipe_transfer(&transfer);
	if (rc < 0)
		return out_error(&err);
	put_reference(args[1], &digest, &out);
	return out_result(&out);
}

int image_verb_push(int argc, char **argv)
{
	struct push_opts opts = {.select = NULL};
	struct opt_args args;
	int status = opt_parse(&image_push_usage, argc, argv, &opts, &args);

	if (status != OPT_GO)
		return status;
	return push_image(&opts, args.items);
}
