/* `ca inspect`: what certificates say, and what is wrong with them. */
#include <time.h>

#include "base/fd.h"
#include "cmd/ca.h"
#include "doc/json.h"
#include "mesh/explain.h"

#define EXIT_WRONG 1

struct inspect_opts {
	const char *key, *ca;
	unsigned role;
	bool json;
};

static const char *const roles[] = {"any", "server", "client", "spiffe", NULL};

static const struct opt_row rows[] = {
	{"key", 0, OPT_TEXT, offsetof(struct inspect_opts, key), "FILE",
		"The private key that should belong to the first certificate.", NULL},
	{"ca", 0, OPT_TEXT, offsetof(struct inspect_opts, ca), "FILE",
		"The roots (PEM or DER) that the certificates should be trusted by.", NULL},
	{"for", 0, OPT_CHOICE, offsetof(struct inspect_opts, role), "USE",
		"What the certificate is wanted for: any, server, client, spiffe. What it lacks "
		"for that is an error, else a note.",
		roles},
	{"json", 0, OPT_FLAG, offsetof(struct inspect_opts, json), NULL,
		"Prints [{\"file\",\"certificates\",\"findings\"}].", NULL},
};

static const struct opt_example examples[] = {
	{"does this start and verify?",
		"ringfence ca inspect tls.crt --key tls.key --ca ca.crt --for server"},
};

const struct opt_usage ca_inspect_usage = {
	.verb = "ca inspect",
	.synopsis = "FILE... [--key FILE] [--ca FILE] [--for USE] [--json]",
	.summary = "explains certificates, chains and bundles, and says what is wrong",
	.text = "A FILE is PEM or DER of any origin; - is standard input. Its first certificate is "
		"the one that TLS programs take, the others are those they send along.",
	OPT_ROWS(rows),
	OPT_EXAMPLES(examples),
	.exits = "0: nothing is wrong. 1: something is, or will be soon. 2: a file cannot be read.",
	.min_args = 1,
	.max_args = -1,
};

static int read_certs(const char *path, struct cert_list **ret, struct rf_err *err)
{
	AUTO_BUF data = {.max = CERT_MAX_BYTES};
	int rc = strcmp(path, "-") == 0 ? rf_fd_read_all(0, &data, err)
					: rf_file_read(path, &data, err);

	if (rc < 0)
		return rc;
	rc = cert_read((struct rf_bytes){(const uint8_t *)rf_buf_cstr(&data), data.len}, ret, err);
	return rc < 0 ? rf_err_wrap(err, rc, "%s", path) : RF_OK;
}

/* --- text --- */

static const char *const type_names[] = {
	[CERT_NAME_URI] = "URI",
	[CERT_NAME_DNS] = "DNS",
	[CERT_NAME_IP] = "IP",
	[CERT_NAME_EMAIL] = "email",
	[CERT_NAME_OTHER] = "other",
};

static void print_names(const struct cert *cert, struct rf_buf *out)
{
	for (size_t i = 0; i < cert->name_count; i++)
		rf_buf_addf(out, "  %-10s%s " RF_STR_FMT "\n", i ? "" : "names",
			type_names[cert->names[i].type], RF_STR_ARG(cert->names[i].text));
}

static void print_use(const struct cert *cert, struct rf_buf *out)
{
	if (cert->is_ca && cert->path_len >= 0)
		rf_buf_addf(out, "  use       authority, %lld authorities below it\n",
			(long long)cert->path_len);
	else if (cert->is_ca)
		rf_buf_add_c(out, "  use       authority\n");
	else if (!cert->has_ext_usage)
		rf_buf_add_c(out, "  use       server and client (nothing else is said)\n");
	else
		rf_buf_addf(out, "  use       %s%s%s\n", cert->server_auth ? "server" : "",
			cert->server_auth && cert->client_auth ? " and " : "",
			cert->client_auth   ? "client"
			: cert->server_auth ? ""
					    : "neither server nor client");
	if (cert->permitted_uris.len)
		rf_buf_addf(out, "  may sign  URIs of " RF_STR_FMT " only\n",
			RF_STR_ARG(cert->permitted_uris));
}

static void print_cert(const struct cert *cert, size_t number, int64_t now_s, struct rf_buf *out)
{
	char from[CA_DATE_SIZE], until[CA_DATE_SIZE], left[CA_LEFT_SIZE];

	rf_buf_addf(out, "%zu " RF_STR_FMT "\n", number,
		RF_STR_ARG(cert->subject.len ? cert->subject : RF_STR("(no subject)")));
	print_names(cert, out);
	print_use(cert, out);
	rf_buf_addf(out, "  issuer    " RF_STR_FMT "\n",
		RF_STR_ARG(cert->issuer.len ? cert->issuer : RF_STR("(no name)")));
	rf_buf_addf(out, "  valid     %s to %s, %s\n", ca_date(cert->from_s, from),
		ca_date(cert->until_s, until), ca_left(cert->until_s - now_s, left));
	rf_buf_addf(out, "  key       %s %d bits%s" RF_STR_FMT ", signed with " RF_STR_FMT "\n",
		cert->key_type, cert->key_bits, cert->curve.len ? " " : "", RF_STR_ARG(cert->curve),
		RF_STR_ARG(cert->signature));
	rf_buf_addf(out, "  serial    " RF_STR_FMT "\n  sha256    %s\n", RF_STR_ARG(cert->serial),
		cert->fingerprint);
}

static void print_findings(const struct explain_report *report, size_t cert, struct rf_buf *out)
{
	bool colour = out_has_colour(1);

	rf_vec_each (finding, &report->list) {
		if (finding->cert != cert)
			continue;
		rf_buf_add_c(out, "  ");
		out_style(out, colour,
			finding->severity == RF_ERROR	  ? OUT_BAD
			: finding->severity == RF_WARNING ? OUT_WARN
							  : OUT_FAINT,
			"%s", rf_severity_name(finding->severity));
		rf_buf_addf(
			out, ": " RF_STR_FMT " [%s]\n", RF_STR_ARG(finding->text), finding->rule);
	}
}

static void print_text(const char *path, const struct cert_list *list,
	const struct explain_report *report, int64_t now_s, struct rf_buf *out)
{
	rf_buf_addf(out, "%s: %zu certificate%s%s\n", path, list->count,
		list->count == 1 ? "" : "s",
		list->has_private_key ? ", and a private key beside" : "");
	for (size_t i = 0; i < list->count; i++) {
		print_cert(&list->items[i], i + 1, now_s, out);
		print_findings(report, i, out);
	}
}

/* --- JSON --- */

static void json_names(struct json_writer *w, const struct cert *cert)
{
	json_key(w, "names");
	json_array_begin(w);
	for (size_t i = 0; i < cert->name_count; i++) {
		json_object_begin(w);
		json_field_c(w, "type", type_names[cert->names[i].type]);
		json_field_str(w, "name", cert->names[i].text);
		json_object_end(w);
	}
	json_array_end(w);
}

static void json_cert(struct json_writer *w, const struct cert *cert)
{
	char date[CA_DATE_SIZE];

	json_object_begin(w);
	json_field_str(w, "subject", cert->subject);
	json_field_str(w, "issuer", cert->issuer);
	json_field_str(w, "serial", cert->serial);
	json_field_c(w, "notBefore", ca_date(cert->from_s, date));
	json_field_c(w, "notAfter", ca_date(cert->until_s, date));
	json_names(w, cert);
	json_field_bool(w, "ca", cert->is_ca);
	if (cert->path_len >= 0)
		json_field_int(w, "pathLength", cert->path_len);
	json_field_c(w, "keyType", cert->key_type);
	json_field_int(w, "keyBits", cert->key_bits);
	json_field_str(w, "signature", cert->signature);
	json_field_c(w, "sha256", cert->fingerprint);
	json_object_end(w);
}

static void print_json(struct json_writer *w, const char *path, const struct cert_list *list,
	const struct explain_report *report)
{
	json_object_begin(w);
	json_field_c(w, "file", path);
	json_key(w, "certificates");
	json_array_begin(w);
	for (size_t i = 0; i < list->count; i++)
		json_cert(w, &list->items[i]);
	json_array_end(w);
	json_key(w, "findings");
	json_array_begin(w);
	rf_vec_each (finding, &report->list) {
		json_object_begin(w);
		json_field_int(w, "certificate", (int64_t)finding->cert + 1);
		json_field_c(w, "severity", rf_severity_name(finding->severity));
		json_field_c(w, "rule", finding->rule);
		json_field_str(w, "text", finding->text);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
}

/* --- files --- */

struct inspection {
	const struct inspect_opts *opts;
	struct cert_list *roots; /* NULL: none were given */
	struct rf_buf key;	 /* wiped */
	int64_t now_s;
	struct rf_buf out;
	struct json_writer json;
	size_t wrong_count;
};

static void inspection_done(struct inspection *all)
{
	cert_list_free(all->roots);
	if (all->key.data)
		explicit_bzero(all->key.data, all->key.cap);
	rf_buf_done(&all->key);
	rf_buf_done(&all->out);
}

static int inspect_file(struct inspection *all, const char *path, struct rf_err *err)
{
	struct explain_opts opts = {
		.now_s = all->now_s,
		.role = (enum explain_role)all->opts->role,
		.roots = all->roots,
	};
	AUTO_EXPLAIN report = {.arena = NULL};
	AUTO_CERTS *list = NULL;
	size_t key_index = 0;
	int rc = read_certs(path, &list, err);

	if (rc == RF_OK && all->opts->key) {
		rc = cert_find_key(list,
			(struct rf_bytes){(const uint8_t *)rf_buf_cstr(&all->key), all->key.len},
			&key_index, err);
		rc = rc < 0 ? rf_err_wrap(err, rc, "%s", all->opts->key) : RF_OK;
		opts.key_index = &key_index;
	}
	if (rc == RF_OK)
		rc = cert_explain(list, &opts, &report, err);
	if (rc < 0)
		return rc;
	all->wrong_count += report.wrong_count;
	if (all->opts->json)
		print_json(&all->json, path, list, &report);
	else
		print_text(path, list, &report, all->now_s, &all->out);
	return RF_OK;
}

static int read_given(struct inspection *all, struct rf_err *err)
{
	int rc = RF_OK;

	all->key.max = CERT_MAX_BYTES;
	if (all->opts->key)
		rc = rf_file_read(all->opts->key, &all->key, err);
	if (rc == RF_OK && all->opts->ca)
		rc = read_certs(all->opts->ca, &all->roots, err);
	return rc;
}

static int inspect(const struct inspect_opts *opts, const struct opt_args *args)
{
	CLEANUP(inspection_done) struct inspection all = {.opts = opts, .now_s = time(NULL)};
	struct rf_err err;
	int rc = read_given(&all, &err), status;

	all.json = (struct json_writer){.out = &all.out, .pretty = true};
	if (opts->json)
		json_array_begin(&all.json);
	for (int i = 0; i < args->count && rc == RF_OK; i++)
		rc = inspect_file(&all, args->items[i], &err);
	if (rc < 0)
		return out_error(&err);
	if (opts->json) {
		json_array_end(&all.json);
		rf_buf_add_char(&all.out, '\n');
	}
	status = out_result(&all.out);
	return status == 0 && all.wrong_count ? EXIT_WRONG : status;
}

int ca_verb_inspect(int argc, char **argv)
{
	struct inspect_opts opts = {.key = NULL};
	struct opt_args args;
	int status = opt_parse(&ca_inspect_usage, argc, argv, &opts, &args);

	return status == OPT_GO ? inspect(&opts, &args) : status;
}
