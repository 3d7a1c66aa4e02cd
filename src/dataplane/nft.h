/*
 * Batches of nf_tables messages: the objects of one table, made and deleted in one transaction.
 * Failures to build (memory) are sticky and come out at the commit, so that callers append freely.
 *
 * Source: linux/netfilter/nf_tables.h; the kernel takes a batch whole or not at all.
 */
#ifndef RF_DATAPLANE_NFT_H
#define RF_DATAPLANE_NFT_H

#include <libmnl/libmnl.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct nft_batch {
	const char *table; /* borrowed */
	struct rf_buf bytes;
	struct rf_buf labels;	   /* what each message is about, for errors: NUL-terminated */
	RF_VEC(uint32_t) label_at; /* by sequence number */
	size_t last_at;		   /* of the last message in bytes */
	uint32_t set_ids;	   /* handed out so far */
	bool failed;
};

void nft_batch_init(struct nft_batch *batch, const char *table);
void nft_batch_done(struct nft_batch *batch);
/* Messages so far, without the batch's own begin and end. */
size_t nft_batch_count(const struct nft_batch *batch);

/*
 * Sends the batch in one message and reads the answers. The error names the object that the
 * kernel refused; err->sys_errno is its errno. RF_EDENIED for EPERM.
 */
int nft_batch_commit(
	struct nft_batch *batch, struct mnl_socket *socket, struct rf_err *err) RF_MUST_USE;
/* A socket for batches. */
int nft_socket_open(struct mnl_socket **ret, struct rf_err *err) RF_MUST_USE;

/*
 * Appends a message; its attributes are put behind the header that is returned (NULL when memory
 * ran out), at most NFT_MSG_ROOM bytes of them, and nft_msg_end() closes it. label says what the
 * message is about.
 */
#define NFT_MSG_ROOM 131072U
struct nlmsghdr *nft_msg(
	struct nft_batch *batch, uint16_t type, uint16_t flags, const char *kind, const char *name);
void nft_msg_end(struct nft_batch *batch, struct nlmsghdr *msg);

/* --- table and chains --- */

struct nft_hook {
	const char *type; /* "filter" or "nat" */
	uint32_t hook;	  /* NF_INET_* */
	int32_t priority;
};

void nft_table_add(struct nft_batch *batch);
void nft_table_del(struct nft_batch *batch);
/* hook NULL: a chain that is jumped to. */
void nft_chain_add(struct nft_batch *batch, const char *name, const struct nft_hook *hook);
void nft_chain_flush(struct nft_batch *batch, const char *name);
void nft_chain_del(struct nft_batch *batch, const char *name);
void nft_counter_add(struct nft_batch *batch, const char *name);

/* --- sets and maps --- */

struct nft_set_type {
	uint32_t flags;			/* NFT_SET_*; with NFT_SET_MAP the values are verdicts */
	uint32_t key_type;		/* as nft numbers its data types: for listings only */
	uint32_t key_len;		/* bytes; the parts of a concatenation are padded to 4 */
	bool host_order;		/* the key is a number of the host: for listings only */
	uint32_t timeout_ms, max_count; /* 0: none */
};

/* Returns the set's number in the batch: rules name an anonymous set ("__map%d") by it. */
uint32_t nft_set_add(struct nft_batch *batch, const char *name, const struct nft_set_type *type);
void nft_set_flush(struct nft_batch *batch, const char *name);
void nft_set_del(struct nft_batch *batch, const char *name);

/* An element. target NULL: of a set. */
struct nft_elem {
	const void *key;
	uint32_t key_len;
	bool interval_end;  /* the first value behind an interval */
	int verdict;	    /* NFT_GOTO or NFT_JUMP */
	const char *target; /* chain */
};

/* Elements of one set in as many messages as they need. Zero-initialised but for the first four. */
struct nft_elems {
	struct nft_batch *batch;
	const char *set;
	uint32_t set_id; /* of an anonymous set, else 0 */
	bool del;
	struct nlmsghdr *msg;
	struct nlattr *list;
};

void nft_elems_put(struct nft_elems *elems, const struct nft_elem *elem);
void nft_elems_end(struct nft_elems *elems);

#endif
