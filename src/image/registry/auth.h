/*
 * Who we are to a registry: what it asks for (WWW-Authenticate, RFC 9110 section 11), what the user
 * has for it (~/.docker/config.json), and what is sent back.
 */
#ifndef RF_IMAGE_REGISTRY_AUTH_H
#define RF_IMAGE_REGISTRY_AUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/url.h"

#define REGISTRY_SECRET_SIZE 16384 /* a password or token with its NUL */
#define REGISTRY_SCOPE_SIZE  1024
#define REGISTRY_MAX_CONFIG  ((size_t)4 << 20) /* bytes of config.json */

enum registry_scheme {
	REGISTRY_NO_SCHEME,
	REGISTRY_BASIC,
	REGISTRY_BEARER,
};

struct registry_challenge {
	enum registry_scheme scheme; /* the best one offered that we know: Bearer, else Basic */
	char realm[WIRE_URL_MAX];    /* Bearer: where tokens are had */
	char service[REGISTRY_SCOPE_SIZE];
	char scope[REGISTRY_SCOPE_SIZE];
};

/* One field value, which may hold several challenges. RF_EINPUT when it is malformed. */
int registry_challenge_parse(
	struct rf_str value, struct registry_challenge *ret, struct rf_err *err) RF_MUST_USE;

struct registry_credentials {
	char user[512];				   /* "": none */
	char password[REGISTRY_SECRET_SIZE];	   /* of user */
	char identity_token[REGISTRY_SECRET_SIZE]; /* instead: buys access tokens */
};

/* Wipes. */
void registry_credentials_done(struct registry_credentials *credentials);

/*
 * What config.json has for host ("docker.io", "localhost:5000"): RF_EABSENT when nothing,
 * RF_EINPUT when the file is wrong. *ret_helper (when not NULL) is the credential helper to be
 * asked instead, or ""; it is a name without a '/'.
 */
int registry_credentials_find(struct rf_str config_json, const char *host,
	struct registry_credentials *ret, char ret_helper[static 64],
	struct rf_err *err) RF_MUST_USE;

/* A credential helper's answer: {"Username", "Secret"}; the user "<token>" means a token. */
int registry_helper_answer(struct rf_str answer_json, struct registry_credentials *ret,
	struct rf_err *err) RF_MUST_USE;

/* "Basic dXNlcjpwYXNz". */
void registry_basic_put(const struct registry_credentials *credentials, struct rf_buf *out);
/* "Bearer ..." from a token service's answer. */
int registry_token_put(
	struct rf_str answer_json, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

#endif
