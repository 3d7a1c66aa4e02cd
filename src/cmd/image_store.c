/* `image import`, `image list` and `image remove`: the images on this machine. */
#include <errno.h>
#include <unistd.h>

#include "cmd/image.h"
#include "cmd/images.h"
#include "cmd/output.h"
#include "doc/json.h"
#include "host/instance.h"

struct store_opts {
	const char *name;
	const char *select;
	const char *store;
	bool json;
	const char *ca_file;
	bool plain_http;
	uint64_t timeout_s;
};

#define STORE_ROW                                                                             \
	{                                                                                     \
		"store", 0, OPT_TEXT, offsetof(struct store_opts, store), "DIRECTORY",        \
			"Where images are kept, instead of images below the state directory " \
			"($RINGFENCE_STATE_DIR, else " INSTANCE_STATE_DIR ").",               \
			NULL                                                                  \
	}

static const struct opt_row import_rows[] = {
	{"name", 0, OPT_TEXT, offsetof(struct store_opts, name), "NAME",
		"The name that manifests call it by, instead of the names in the archive.", NULL},
	{"select", 0, OPT_TEXT, offsetof(struct store_opts, select), "NAME|DIGEST",
		"Which image, when the archive holds several.", NULL},
	{"ca-file", 0, OPT_TEXT, offsetof(struct store_opts, ca_file), "FILE",
		"Certificates (PEM) of authorities that registries are trusted by, too.", NULL},
	{"plain-http", 0, OPT_FLAG, offsetof(struct store_opts, plain_http), NULL,
		"Speaks HTTP without TLS to the registry.", NULL},
	{"timeout", 0, OPT_NUMBER, offsetof(struct store_opts, timeout_s), "SECONDS",
		"How long the registry may be silent (30).", NULL},
	STORE_ROW,
};

static const struct opt_row list_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct store_opts, json), NULL,
		"Prints an array of {\"name\",\"digest\",\"created\",\"layers\",\"bytes\"}.", NULL},
	STORE_ROW,
};

static const struct opt_row remove_rows[] = {STORE_ROW};

static const struct opt_example import_examples[] = {
	{"an image that Docker built",
		"docker save shop/app:1.0 -o app.tar && ringfence image import app.tar"},
	{"an OCI layout, under a name of one's own",
		"ringfence image import ./layout --name shop/app:1.0"},
	{"an image from a registry", "ringfence image import registry.example/shop/app:1.0"},
};

const struct opt_usage image_import_usage = {
	.verb = "image import",
	.synopsis = "FILE|REFERENCE [--name NAME] [--select NAME|DIGEST] [--ca-file FILE] "
		    "[--plain-http] [--timeout SECONDS] [--store DIRECTORY]",
	.summary = "brings an image into the store of this machine",
	.text = "FILE is an OCI image layout (a directory or an archive of one) or what docker "
		"save writes; it may be compressed with gzip or zstd. Layers are verified by their "
		"digests and unpacked by a child without privileges over the rest of the machine. "
		"Needs root, since files of a layer keep their owners.\n\n"
		"REFERENCE, which names no file here and does not begin with a '.' or '/', is "
		"pulled from its registry: over TLS (without it only on localhost), with the "
		"credentials of ~/.docker/config.json, for this machine's platform. A download "
		"that "
		"was interrupted goes on where it was.",
	OPT_ROWS(import_rows),
	OPT_EXAMPLES(import_examples),
	.min_args = 1,
	.max_args = 1,
};

const struct opt_usage image_list_usage = {
	.verb = "image list",
	.synopsis = "[--json] [--store DIRECTORY]",
	.summary = "lists the images of this machine, one line a name",
	OPT_ROWS(list_rows),
};

const struct opt_usage image_remove_usage = {
	.verb = "image remove",
	.synopsis = "NAME [--store DIRECTORY]",
	.summary = "removes a name, and the image with its last name",
	.text = "Layers that no other image uses go as well.",
	OPT_ROWS(remove_rows),
	.min_args = 1,
	.max_args = 1,
};

/* Where `up` looks for images, unless --store says otherwise. */
static int open_store(const struct store_opts *opts, struct image_store **ret)
{
	struct instance inst;
	struct rf_err err;
	int rc = instance_init(&inst, NULL, NULL, &err);

	if (rc == RF_OK) {
		rc = image_store_open(opts->store ? opts->store : inst.images, ret, &err);
		instance_done(&inst);
	}
	if (rc == RF_OK)
		return 0;
	if (err.sys_errno == EACCES || err.sys_errno == EPERM)
		return out_errorf(
			"%s: run this as root, or choose another place with --store", err.msg);
	return out_error(&err);
}

/* --- import --- */

static int import_image(const struct store_opts *opts, char **args)
{
	const struct image_import_opts how = {.name = opts->name, .select = opts->select};
	const struct registry_opts from = {.ca_file = opts->ca_file,
		.plain_http = opts->plain_http,
		.idle_ms = images_idle_ms(opts->timeout_s)};
	AUTO_IMAGE_STORE *store = NULL;
	AUTO_IMAGE *image = NULL;
	AUTO_BUF out = {0};
	struct rf_err err;
	int status = open_store(opts, &store), code;

	if (status)
		return status;
	if (images_is_reference(args[0]))
		code = images_pull(store, args[0], &from, &how, &image, &err);
	else
		code = images_import(store, args[0], &how, &image, &err);
	if (code < 0)
		return out_error(&err);
	rf_buf_addf(&out, RF_STR_FMT " " RF_STR_FMT "\n", RF_STR_ARG(image->name),
		RF_STR_ARG(image->digest));
	return out_result(&out);
}

/* --- list --- */

static void size_cell(struct out_table *table, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	for (; size >= 1024 && unit + 1 < RF_ARRAY_LEN(units); unit++)
		size /= 1024;
	out_table_addf(table, OUT_PLAIN, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

static void list_table(const struct image_rows *rows, struct rf_buf *out)
{
	static const char *const heads[] = {"NAME", "DIGEST", "CREATED", "LAYERS", "SIZE"};
	struct out_table table = {.columns = RF_ARRAY_LEN(heads)};

	for (size_t i = 0; i < RF_ARRAY_LEN(heads); i++)
		out_table_add(&table, OUT_FAINT, heads[i]);
	rf_vec_each (row, &rows->list) {
		out_table_add(&table, OUT_BOLD, row->name);
		out_table_addf(&table, OUT_PLAIN, "%.19s", row->digest);
		out_table_addf(&table, OUT_PLAIN, "%.10s", *row->created ? row->created : "-");
		out_table_addf(&table, OUT_PLAIN, "%zu", row->layer_count);
		size_cell(&table, row->unpacked_bytes);
	}
	out_table_print(&table, out_has_colour(STDOUT_FILENO), out);
	out_table_done(&table);
}

static void list_json(const struct image_rows *rows, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_array_begin(&w);
	rf_vec_each (row, &rows->list) {
		json_object_begin(&w);
		json_field_c(&w, "name", row->name);
		json_field_c(&w, "digest", row->digest);
		json_field_c(&w, "created", row->created);
		json_field_int(&w, "layers", (int64_t)row->layer_count);
		json_field_int(&w, "bytes", (int64_t)row->unpacked_bytes);
		json_object_end(&w);
	}
	json_array_end(&w);
	rf_buf_add_char(out, '\n');
}

static int list_images(const struct store_opts *opts, char **args RF_UNUSED)
{
	AUTO_IMAGE_STORE *store = NULL;
	struct image_rows rows;
	AUTO_BUF out = {0};
	struct rf_err err;
	int status = open_store(opts, &store);

	if (status)
		return status;
	if (image_list(store, &rows, &err) < 0)
		return out_error(&err);
	if (opts->json)
		list_json(&rows, &out);
	else
		list_table(&rows, &out);
	image_rows_done(&rows);
	return out_result(&out);
}

/* --- remove --- */

static int remove_name(const struct store_opts *opts, char **args)
{
	AUTO_IMAGE_STORE *store = NULL;
	struct rf_err err;
	int status = open_store(opts, &store);

	if (status)
		return status;
	return image_remove(store, args[0], &err) < 0 ? out_error(&err) : 0;
}

/* --- the verbs --- */

static int run(const struct opt_usage *usage, int argc, char **argv,
	int (*verb)(const struct store_opts *opts, char **args))
{
	struct store_opts opts = {.name = NULL};
	struct opt_args args;
	int status = opt_parse(usage, argc, argv, &opts, &args);

	return status == OPT_GO ? verb(&opts, args.items) : status;
}

int image_verb_import(int argc, char **argv)
{
	return run(&image_import_usage, argc, argv, import_image);
}

int image_verb_list(int argc, char **argv)
{
	return run(&image_list_usage, argc, argv, list_images);
}

int image_verb_remove(int argc, char **argv)
{
	return run(&image_remove_usage, argc, argv, remove_name);
}
