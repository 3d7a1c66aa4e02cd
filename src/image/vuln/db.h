/*
 * The vulnerability database: one file, mapped, signed (Ed25519) and read where it lies.
 *
 *	header   512 bytes, see db_int.h: magic, version, when, section table, hash of the block
 *	         hashes, public key, signature over everything before it
 *	payload  sections: sources, packages (records, offsets), advisories (records, offsets)
 *	hashes   SHA-256 of every block of 8 KiB of the payload
 *
 * Opening verifies the header and the hashes, however large the payload is; a block is verified
 * when it is first read. So a changed byte is never believed, and opening takes no time. Integers
 * are little-endian. Records of a table are sorted by key; record_int.h has their form.
 *
 * Equal sources give equal bytes. The date is that of the data, not that of the build.
 */
#ifndef RF_IMAGE_VULN_DB_H
#define RF_IMAGE_VULN_DB_H

#include "base/err.h"
#include "base/str.h"
#include "image/digest.h"
#include "image/vuln/cvss.h"
#include "image/vuln/range.h"

#define VULN_DB_MAX_BYTES ((uint64_t)2 << 30)
#define VULN_KEY_LEN	  32 /* bytes of an Ed25519 public key */

struct vuln_db;

struct vuln_db_info {
	int64_t built_s;	    /* Unix time of the data */
	struct image_digest digest; /* of the header: changes with any byte of the file */
	uint8_t key[VULN_KEY_LEN];  /* who signed it */
	uint64_t package_count;
	uint64_t advisory_count;
	uint64_t size; /* bytes of the file */
};

/*
 * Maps the file (the descriptor is duplicated; see vuln_db_fd()). RF_EINPUT: no database, damaged
 * or of another version; RF_EDENIED: the signature is not good, and nothing that it covers was
 * read. Who signed is the caller's to judge.
 */
int vuln_db_open(int fd, struct vuln_db **ret, struct rf_err *err) RF_MUST_USE;
void vuln_db_free(struct vuln_db *db);
void vuln_db_freep(struct vuln_db **db);
#define AUTO_VULN_DB CLEANUP(vuln_db_freep) struct vuln_db

/*
 * For a child that was handed the descriptor of a database which its parent has open: the header
 * must have the parent's digest, and its signature is not checked again.
 */
int vuln_db_open_known(int fd, const struct image_digest *digest, struct vuln_db **ret,
	struct rf_err *err) RF_MUST_USE;
/* Of the file, for handing it on; the database's own. */
int vuln_db_fd(const struct vuln_db *db);

const struct vuln_db_info *vuln_db_info(const struct vuln_db *db);
/* Names of what it was built from, one a call: false after the last. Valid as long as db. */
bool vuln_db_source(struct vuln_db *db, size_t index, struct rf_str *ret);

/* Reads every block: RF_EINPUT when one is damaged. */
int vuln_db_verify(struct vuln_db *db, struct rf_err *err) RF_MUST_USE;

/* Views into the mapping. */
struct vuln_advisory {
	struct rf_str id;
	struct rf_bytes aliases, related; /* lists of strings, see vuln_list_next() */
	struct rf_str summary;
	enum vuln_level level;
	unsigned tenths; /* of the score; 0 when unrated */
	struct rf_str vector;
	bool exploited; /* known to be */
};

/* One "affected" entry of a package. */
struct vuln_affected {
	struct rf_str id; /* of the advisory */
	struct rf_bytes ranges, versions, imports;
};

/* One import path of a Go module. Empty lists: everything. */
struct vuln_import {
	struct rf_str path;
	struct rf_bytes goos, goarch, symbols;
};

/* Walks the entries of a package: set db, call vuln_affected_find() once, then _next(). */
struct vuln_affected_iter {
	struct vuln_db *db;
	struct rf_bytes rest;
};

/* RF_EABSENT: nothing is known about the package. RF_EINPUT: the database is damaged. */
int vuln_affected_find(struct vuln_db *db, struct rf_str ecosystem, struct rf_str name,
	struct vuln_affected_iter *ret, struct rf_err *err) RF_MUST_USE;
/* 1 and the next entry, 0 at the end, RF_EINPUT. */
int vuln_affected_next(
	struct vuln_affected_iter *iter, struct vuln_affected *ret, struct rf_err *err) RF_MUST_USE;

/* Whether anything at all is known about an ecosystem: silence about a package means nothing else.
 */
bool vuln_db_covers(struct vuln_db *db, struct rf_str ecosystem);

int vuln_advisory_find(struct vuln_db *db, struct rf_str id, struct vuln_advisory *ret,
	struct rf_err *err) RF_MUST_USE;

/* The next string of a list, which moves on; false at its end. */
bool vuln_list_next(struct rf_bytes *list, struct rf_str *ret);
bool vuln_list_has(struct rf_bytes list, struct rf_str item);
/* The next import; false at the end. */
bool vuln_import_next(struct rf_bytes *imports, struct vuln_import *ret);
/* The next range's events (at most max of them; sorted) ; false at the end. */
bool vuln_range_next(
	struct rf_bytes *ranges, struct vuln_event *events, size_t max, size_t *ret_count);

#endif
