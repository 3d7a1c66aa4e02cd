/* What belongs to a reference on this machine: host and port, certificates, credentials. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/num.h"
#include "image/registry/registry_int.h"
#include "loop/child.h"

#define MAX_ROOTS	  ((size_t)4 << 20)
#define HELPER_TIMEOUT_MS 30000
#define HUB_KEY		  "docker.io"
#define HUB_HOST	  "registry-1.docker.io"

static bool split_port(struct rf_str host, struct registry_target *ret)
{
	const char *colon = host.len ? memrchr(host.ptr, ':', host.len) : NULL;
	uint64_t port;

	if (colon && host.ptr[host.len - 1] != ']') {
		struct rf_str digits = {colon + 1, (size_t)(host.ptr + host.len - colon - 1)};

		if (!rf_num_u64(digits, UINT16_MAX, &port) || port == 0)
			return false;
		ret->port = (uint16_t)port;
		host.len = (size_t)(colon - host.ptr);
	}
	if (host.len > 2 && host.ptr[0] == '[') {
		host.ptr++;
		host.len -= 2;
	}
	return rf_str_copy(host, ret->host, sizeof(ret->host));
}

/* name is normalised: HOST/PATH[:TAG][@DIGEST]. */
int registry_target_parse(const char *reference, struct registry_target *ret, struct rf_err *err)
{
	struct rf_str host, path, tag, digest;
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = image_ref_normalise(rf_str_of(reference), ret->name, err);
	if (rc < 0)
		return rc;
	digest = rf_str_cut(rf_str_of(ret->name), '@', &path);
	path = rf_str_cut(path, '/', &host);
	tag = rf_str_cut(path, ':', &path);
	if (!rf_str_copy(host, ret->key, sizeof(ret->key)) ||
		!rf_str_copy(path, ret->repository, sizeof(ret->repository)) ||
		!rf_str_copy(digest.ptr ? digest : tag, ret->reference, sizeof(ret->reference)) ||
		!split_port(rf_str_is(host, HUB_KEY) ? RF_STR(HUB_HOST) : host, ret))
		return rf_err_set(
			err, RF_EINPUT, "\"%.300s\": the registry host is wrong", reference);
	ret->loopback = wire_host_is_loopback(ret->host);
	return RF_OK;
}

/* --- certificates --- */

static int add_file(const char *path, struct rf_buf *out, struct rf_err *err)
{
	AUTO_BUF text = {.max = MAX_ROOTS};
	int rc = rf_file_read(path, &text, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "certificates");
	rf_buf_add_str(out, rf_buf_str(&text));
	rf_buf_add_char(out, '\n');
	return out->failed ? rf_err_set(err, RF_ELIMIT, "more than %zu bytes of certificates",
				     MAX_ROOTS)
			   : RF_OK;
}

int registry_read_roots(const struct registry_opts *opts, struct rf_buf *out, struct rf_err *err)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"};
	const char *named = getenv("SSL_CERT_FILE");
	int rc = RF_OK;

	out->max = MAX_ROOTS;
	if (named && named[0])
		rc = add_file(named, out, err);
	for (size_t i = 0; i < RF_ARRAY_LEN(places) && !(named && named[0]); i++) {
		rc = add_file(places[i], out, err);
		if (rc != RF_EABSENT)
			break;
	}
	if (rc == RF_EABSENT && !(named && named[0]))
		rc = RF_OK; /* a machine without certificates can still use .ca_file */
	if (rc == RF_OK && opts->ca_file)
		rc = add_file(opts->ca_file, out, err);
	if (rc == RF_OK && out->len == 0)
		rc = rf_err_set(err, RF_EABSENT,
			"no certificates of authorities on this machine (package ca-certificates)");
	return rc;
}

/* --- credentials --- */

static int config_path(const struct registry_opts *opts, struct rf_buf *out)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	out->max = 4096;
	if (opts->docker_config)
		rf_buf_add_c(out, opts->docker_config);
	else if (dir && dir[0])
		rf_buf_addf(out, "%s/config.json", dir);
	else if (home && home[0])
		rf_buf_addf(out, "%s/.docker/config.json", home);
	return out->failed || out->len == 0 ? RF_EABSENT : RF_OK;
}

/* A file that holds the question, for the helper's standard input. */
static int question_file(const char *host, struct rf_err *err)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return rf_err_sys(err, errno, "make a file in /tmp");
	if (rf_fd_write_all(fd, host, strlen(host), err) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return RF_EIO;
	}
	return fd;
}

/*
 * `docker-credential-NAME get`: the host on standard input, {"Username", "Secret"} as answer. It is
 * the user's own program, and gets the user's environment, as helpers of clouds need it.
 */
static int ask_helper(
	const char *helper, const char *key, struct registry_credentials *ret, struct rf_err *err)
{
	const char *host = strcmp(key, HUB_KEY) == 0 ? "https://index.docker.io/v1/" : key;
	AUTO_BUF program = {.max = 128};
	AUTO_BUF answer = {.max = (size_t)2 * REGISTRY_SECRET_SIZE};
	const char *argv[] = {"/usr/bin/env", NULL, "get", NULL};
	struct child_spec spec = {.argv = argv, .envp = (const char *const *)environ};
	AUTO_FD question = question_file(host, err);
	int status, rc;

	if (question < 0)
		return question;
	rf_buf_addf(&program, "docker-credential-%s", helper);
	argv[1] = rf_buf_cstr(&program);
	spec.fds[spec.fd_count++] = (struct child_fd){question, 0};
	rc = child_run(&spec, HELPER_TIMEOUT_MS, &answer, &status, err);
	if (rc == RF_OK && status != 0)
		rc = RF_EABSENT; /* how helpers say that they have nothing */
	if (rc == RF_OK)
		rc = registry_helper_answer(rf_buf_str(&answer), ret, err);
	if (answer.len)
		explicit_bzero(answer.data, answer.len);
	return rc < 0 && rc != RF_EABSENT ? rf_err_wrap(err, rc, "%s", rf_buf_cstr(&program)) : rc;
}

int registry_read_credentials(const struct registry_opts *opts, const char *key,
	struct registry_credentials *ret, struct rf_err *err)
{
	AUTO_BUF path = {.len = 0};
	AUTO_BUF text = {.max = REGISTRY_MAX_CONFIG};
	char helper[64] = "";
	int rc = config_path(opts, &path);

	if (rc == RF_OK)
		rc = rf_file_read(rf_buf_cstr(&path), &text, err);
	/* A file that the caller named must be there. */
	if (rc == RF_EABSENT && opts->docker_config)
		return rc;
	if (rc == RF_OK)
		rc = registry_credentials_find(rf_buf_str(&text), key, ret, helper, err);
	if (text.len)
		explicit_bzero(text.data, text.len);
	if (rc == RF_EABSENT && helper[0])
		rc = ask_helper(helper, key, ret, err);
	return rc == RF_EABSENT ? RF_OK : rf_err_wrap(err, rc, "credentials");
}
