/*
 * One file by its URL, fetched by the same confined children as blobs are. Nothing is verified but
 * the length: what is fetched must be able to prove itself (a signed database, a delta to one).
 */
#ifndef RF_IMAGE_REGISTRY_FILE_H
#define RF_IMAGE_REGISTRY_FILE_H

#include "image/registry/registry.h"

/*
 * Writes what url (https, or http to loopback hosts and with .plain_http) answers into fd, from its
 * beginning. RF_EABSENT: 404; RF_ELIMIT: more than max bytes. opts may be NULL; no credentials are
 * sent.
 */
int registry_fetch_file(const char *url, const struct registry_opts *opts, int fd, uint64_t max,
	struct rf_err *err) RF_MUST_USE;
bool registry_is_url(const char *text);

#endif
