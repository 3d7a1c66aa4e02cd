/* `image pack`: the smallest image of a static program. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "cmd/database.h"
#include "cmd/image.h"
#include "cmd/pack_attach.h"

#define DEFAULT_USER "65532"
#define EPOCH_MAX    8589934591ULL /* the last second of a tar */

struct pack_verb {
	const char *tag, *output, *user, *name, *workdir, *platform, *ca_file, *stop_signal, *db,
		*db_key;
	bool ca_certs, no_ca_certs, tz, no_referrers;
	struct opt_texts files, env, labels, entrypoint, cmd, ports, volumes, accepted;
};

#define AT(member) offsetof(struct pack_verb, member)

static const struct opt_row rows[] = {
	{"tag", 't', OPT_TEXT, AT(tag), "NAME[:TAG]", "The image's name.", NULL},
	{"output", 'o', OPT_TEXT, AT(output), "PATH",
		"Where the image goes: a file, a directory (an existing one, or with a / at its "
		"end), or - for standard output.",
		NULL},
	{"user", 0, OPT_TEXT, AT(user), "UID[:GID]|NAME[:UID]",
		"Whom it runs as (65532, named nonroot). Never root.", NULL},
	{"name", 0, OPT_TEXT, AT(name), "PATH",
		"Where PROGRAM goes in the image, instead of / and its own name.", NULL},
	{"file", 0, OPT_TEXTS, AT(files), "SRC:DST[:MODE]",
		"A file, or a directory with all that is in it, for the image. Modes are 755 for "
		"what its owner may execute and 644 for the rest.",
		NULL},
	{"ca-certs", 0, OPT_FLAG, AT(ca_certs), NULL,
		"Puts this machine's CA certificates in, which is what happens anyway.", NULL},
	{"no-ca-certs", 0, OPT_FLAG, AT(no_ca_certs), NULL, "Leaves CA certificates out.", NULL},
	{"ca-file", 0, OPT_TEXT, AT(ca_file), "FILE",
		"CA certificates (PEM) to put in instead of this machine's.", NULL},
	{"tz", 0, OPT_FLAG, AT(tz), NULL, "Puts this machine's time zones in.", NULL},
	{"env", 'e', OPT_TEXTS, AT(env), "NAME=VALUE", "A variable of the environment.", NULL},
	{"label", 'l', OPT_TEXTS, AT(labels), "KEY=VALUE", "A label.", NULL},
	{"entrypoint", 0, OPT_TEXTS, AT(entrypoint), "WORD",
		"The entrypoint, word by word, instead of PROGRAM.", NULL},
	{"cmd", 0, OPT_TEXTS, AT(cmd), "WORD",
		"A default argument (CMD), which whoever runs the image may replace.", NULL},
	{"expose", 0, OPT_TEXTS, AT(ports), "PORT[/PROTOCOL]", "A port that it listens on.", NULL},
	{"volume", 0, OPT_TEXTS, AT(volumes), "PATH", "A directory for data.", NULL},
	{"workdir", 'w', OPT_TEXT, AT(workdir), "PATH", "The working directory (/).", NULL},
	{"stop-signal", 0, OPT_TEXT, AT(stop_signal), "SIGNAL", "What stops it (SIGTERM).", NULL},
	{"platform", 0, OPT_TEXT, AT(platform), "OS/ARCH[/VARIANT]",
		"What PROGRAM must have been built for; without it, what it was built for.", NULL},
	{"accept-secret", 0, OPT_TEXTS, AT(accepted), "RULE",
		"A rule (its name is in the message) whose hits are no secrets here.", NULL},
	{"no-referrers", 0, OPT_FLAG, AT(no_referrers), NULL,
		"Neither scans the image nor attaches an SBOM and VEX.", NULL},
	{"db", 0, OPT_TEXT, AT(db), "FILE",
		"The vulnerability database, instead of this machine's (`ringfence image db`).",
		NULL},
	{"db-key", 0, OPT_TEXT, AT(db_key), "FILE",
		"The public key (PEM) that must have signed the database.", NULL},
};

static const struct opt_example examples[] = {
	{"a Go service", "CGO_ENABLED=0 go build -trimpath ./cmd/app && "
			 "ringfence image pack ./app -t shop/app:1.0 -o app.tar"},
	{"with a configuration, its port and an argument",
		"ringfence image pack ./app -t shop/app:1.0 -o app.tar "
		"--file app.yaml:/etc/app.yaml --expose 8080 -- --config /etc/app.yaml"},
	{"into Docker", "ringfence image pack ./app -t shop/app:1.0 -o - | docker load"},
};

const struct opt_usage image_pack_usage = {
	.verb = "image pack",
	.synopsis = "PROGRAM [-t NAME[:TAG]] -o PATH [OPTION...] [-- ARGUMENT...]",
	.summary = "makes the smallest image of a static program",
	.text = "The image is FROM scratch: PROGRAM, passwd and group with its user, CA "
		"certificates, "
		"what --file names, and nothing else. ARGUMENTs follow PROGRAM in the "
		"entrypoint.\n\n"
		"Refused are a program that is linked dynamically (the message names the "
		"libraries), that was built for something else than Linux or --platform, root, and "
		"private keys and tokens in the program, in files, variables and labels.\n\n"
		"Equal inputs give equal bytes, on every machine and for every user: times are "
		"$SOURCE_DATE_EPOCH, or 0, modes do not follow the umask, and the layer is not "
		"compressed, because compressors differ between versions. Certificates and time "
		"zones are inputs, too: take --ca-file where machines differ.\n\n"
		"The finished image is scanned; a warning says when `up` would refuse it. A "
		"CycloneDX SBOM and, when there is a database and a vulnerability to speak of, "
		"OpenVEX statements are attached as OCI referrers; image push takes them along. "
		"The image's own digest does not depend on them.\n\n"
		"The archive is an OCI image layout and what docker save writes at once; docker "
		"load, podman load, skopeo and image import, scan and push read it.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0 when the image was written, 2 when it was refused or something went wrong.",
	.min_args = 1,
	.max_args = -1,
};

static void verb_done(struct pack_verb *verb)
{
	rf_vec_done(&verb->files);
	rf_vec_done(&verb->env);
	rf_vec_done(&verb->labels);
	rf_vec_done(&verb->entrypoint);
	rf_vec_done(&verb->cmd);
	rf_vec_done(&verb->ports);
	rf_vec_done(&verb->volumes);
	rf_vec_done(&verb->accepted);
}

static struct pack_strs strs_of(const struct opt_texts *texts)
{
	return (struct pack_strs){.items = texts->items, .count = texts->count};
}

/* The first of the places where distributions keep them. */
static const char *machine_certificates(void)
{
	static const char *const places[] = {PACK_CA_CERTIFICATES,
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < RF_ARRAY_LEN(places); i++) {
		if (access(places[i], R_OK) == 0)
			return places[i];
	}
	return NULL;
}

static int take_certificates(
	const struct pack_verb *verb, struct pack_opts *opts, struct rf_err *err)
{
	if (verb->no_ca_certs)
		return RF_OK;
	opts->ca_file = verb->ca_file ? verb->ca_file : machine_certificates();
	return opts->ca_file ? RF_OK
			     : rf_err_set(err, RF_EABSENT,
				       "this machine has no CA certificates: install "
				       "ca-certificates, or give --ca-file or --no-ca-certs");
}

static int take_epoch(int64_t *ret, struct rf_err *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t epoch = 0;

	if (text && *text && !rf_num_u64(rf_str_of(text), EPOCH_MAX, &epoch))
		return rf_err_set(err, RF_EINPUT, "SOURCE_DATE_EPOCH is no time: %.100s", text);
	*ret = (int64_t)epoch;
	return RF_OK;
}

static int pack(const struct pack_verb *verb, const struct opt_args *args, struct pack_image **ret,
	struct rf_err *err)
{
	struct pack_opts opts = {.program = args->items[0],
		.path = verb->name,
		.reference = verb->tag,
		.platform = verb->platform,
		.zoneinfo = verb->tz ? PACK_ZONEINFO : NULL,
		.files = strs_of(&verb->files),
		.env = strs_of(&verb->env),
		.labels = strs_of(&verb->labels),
		.args = {.items = (const char *const *)args->items + 1,
			.count = (size_t)args->count - 1},
		.entrypoint = strs_of(&verb->entrypoint),
		.cmd = strs_of(&verb->cmd),
		.ports = strs_of(&verb->ports),
		.volumes = strs_of(&verb->volumes),
		.accepted = strs_of(&verb->accepted),
		.workdir = verb->workdir,
		.stop_signal = verb->stop_signal};
	int rc = pack_user_parse(verb->user ? verb->user : DEFAULT_USER, &opts.user, err);

	if (rc == RF_OK)
		rc = take_certificates(verb, &opts, err);
	if (rc == RF_OK)
		rc = take_epoch(&opts.epoch_s, err);
	return rc < 0 ? rc : pack_image_new(&opts, ret, err);
}

/* The name and the digest, as image import prints them. */
static int tell(const struct pack_verb *verb, const struct pack_image *image)
{
	char digest[IMAGE_DIGEST_TEXT_SIZE];
	AUTO_BUF out = {0};

	image_digest_text(pack_image_digest(image), digest);
	if (strcmp(verb->output, "-") == 0)
		return 0;
	rf_buf_addf(&out, "%s%s%s\n", verb->tag ? verb->tag : "", verb->tag ? " " : "", digest);
	return out_result(&out);
}

/* Without this machine's database there is less to say; without one that was named, nothing. */
static int open_database(const struct pack_verb *verb, struct vuln_db **ret, struct rf_err *err)
{
	int rc = database_open(verb->db, verb->db_key, ret, err);

	if (rc != RF_EABSENT || verb->db)
		return rc;
	fprintf(stderr, "ringfence: note: no vulnerability database: the image is not judged, and "
			"no VEX is attached\n");
	return RF_OK;
}

static int attach(const struct pack_verb *verb, const char *program, struct pack_image *image,
	int fd, struct rf_err *err)
{
	AUTO_VULN_DB *db = NULL;
	struct pack_attach opts = {.name = verb->tag ? verb->tag : program};
	int rc = take_epoch(&opts.epoch_s, err);

	if (rc == RF_OK)
		rc = open_database(verb, &db, err);
	opts.db = db;
	return rc < 0 ? rc : pack_attach(image, fd, &opts, err);
}

enum output_kind {
	OUTPUT_FILE,   /* replaced in one step */
	OUTPUT_STREAM, /* standard output, a pipe, a device */
	OUTPUT_DIR,
};

static enum output_kind output_kind_of(const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	if (strcmp(path, "-") == 0)
		return OUTPUT_STREAM;
	if (len > 0 && path[len - 1] == '/')
		return OUTPUT_DIR;
	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return OUTPUT_FILE;
	/* A link is not replaced: /dev/stdout is one. */
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? OUTPUT_DIR : OUTPUT_STREAM;
}

static int write_stream(const struct pack_image *image, const char *path, struct rf_err *err)
{
	bool standard = strcmp(path, "-") == 0;
	AUTO_FD fd =
		standard ? -1
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);

	if (!standard && fd < 0)
		return rf_err_sys(err, errno, "%.300s", path);
	return pack_image_write(image, standard ? STDOUT_FILENO : fd, err);
}

/* Written once where it goes; what is no plain file waits in memory until all is well. */
static int make(const struct pack_verb *verb, const char *program, struct pack_image *image,
	struct rf_err *err)
{
	CLEANUP(pack_output_done) struct pack_output output = PACK_OUTPUT_INIT;
	enum output_kind kind = output_kind_of(verb->output);
	int rc = pack_output_open(&output, kind == OUTPUT_FILE ? verb->output : NULL, err);

	if (rc == RF_OK && (kind == OUTPUT_FILE || !verb->no_referrers))
		rc = pack_image_write(image, output.fd, err);
	if (rc == RF_OK && !verb->no_referrers)
		rc = attach(verb, program, image, output.fd, err);
	if (rc < 0)
		return rc;
	switch (kind) {
	case OUTPUT_FILE: return pack_output_finish(&output, image, err);
	case OUTPUT_STREAM: return write_stream(image, verb->output, err);
	case OUTPUT_DIR: return pack_image_write_dir(image, verb->output, err);
	}
	return RF_EINTERNAL;
}

static int run(const struct pack_verb *verb, const struct opt_args *args)
{
	AUTO_PACK_IMAGE *image = NULL;
	struct rf_err err;
	int rc;

	if (!verb->output)
		return opt_fail(&image_pack_usage, "say where the image goes: -o PATH");
	if (args->count > 1 && args->dashed != 1)
		return opt_fail(
			&image_pack_usage, "one program an image; arguments for it follow --");
	if (verb->no_ca_certs && (verb->ca_certs || verb->ca_file))
		return opt_fail(&image_pack_usage, "CA certificates in or out: not both");
	if (strcmp(verb->output, "-") == 0 && isatty(STDOUT_FILENO))
		return opt_fail(&image_pack_usage, "an image is nothing for a terminal");
	rc = pack(verb, args, &image, &err);
	if (rc == RF_OK)
		rc = make(verb, args->items[0], image, &err);
	return rc < 0 ? out_error(&err) : tell(verb, image);
}

int image_verb_pack(int argc, char **argv)
{
	CLEANUP(verb_done) struct pack_verb verb = {.tag = NULL};
	struct opt_args args;
	int status = opt_parse(&image_pack_usage, argc, argv, &verb, &args);

	return status == OPT_GO ? run(&verb, &args) : status;
}
