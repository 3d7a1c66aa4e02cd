/*
 * The batch and the objects of a table. libnftnl writes tables, chains and sets; elements, which
 * come by the hundred thousand, are written attribute by attribute.
 */
#include "dataplane/nft.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

/* What nft calls the type of a verdict in a map. */
#define DATA_VERDICT 0xffffff00U
/* A nested attribute's length is 16 bits; room is left for one more element. */
#define ELEMS_MAX_BYTES 60000U

void nft_batch_init(struct nft_batch *batch, const char *table)
{
	*batch = (struct nft_batch){.table = table};
	if (!rf_buf_reserve(&batch->bytes, NFT_MSG_ROOM))
		return;
	batch->bytes.len += nftnl_batch_begin(batch->bytes.data, 0)->nlmsg_len;
	batch->failed = !rf_vec_push(&batch->label_at, 0);
	rf_buf_add(&batch->labels, "batch", sizeof("batch"));
}

void nft_batch_done(struct nft_batch *batch)
{
	rf_buf_done(&batch->bytes);
	rf_buf_done(&batch->labels);
	rf_vec_done(&batch->label_at);
}

size_t nft_batch_count(const struct nft_batch *batch)
{
	return batch->label_at.count ? batch->label_at.count - 1 : 0;
}

struct nlmsghdr *nft_msg(
	struct nft_batch *batch, uint16_t type, uint16_t flags, const char *kind, const char *name)
{
	char *room = rf_buf_reserve(&batch->bytes, NFT_MSG_ROOM);
	uint32_t seq = (uint32_t)batch->label_at.count;

	if (!room || !rf_vec_push(&batch->label_at, (uint32_t)batch->labels.len)) {
		batch->failed = true;
		return NULL;
	}
	rf_buf_addf(&batch->labels, "%s %s", kind, name);
	rf_buf_add_char(&batch->labels, '\0');
	return nftnl_nlmsg_build_hdr(room, type, NFPROTO_INET, flags, seq);
}

void nft_msg_end(struct nft_batch *batch, struct nlmsghdr *msg)
{
	batch->last_at = batch->bytes.len;
	batch->bytes.len += MNL_ALIGN(msg->nlmsg_len);
}

void nft_table_add(struct nft_batch *batch)
{
	struct nlmsghdr *msg =
		nft_msg(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, "table", batch->table);

	if (!msg)
		return;
	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, batch->table);
	mnl_attr_put_u32(msg, NFTA_TABLE_FLAGS, 0);
	nft_msg_end(batch, msg);
}

void nft_table_del(struct nft_batch *batch)
{
	struct nlmsghdr *msg = nft_msg(batch, NFT_MSG_DELTABLE, 0, "table", batch->table);

	if (!msg)
		return;
	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, batch->table);
	nft_msg_end(batch, msg);
}

void nft_chain_add(struct nft_batch *batch, const char *name, const struct nft_hook *hook)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *msg = nft_msg(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "chain", name);

	if (!chain || !msg || nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, batch->table) < 0 ||
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name) < 0)
		batch->failed = true;
	if (!batch->failed && hook) {
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook->hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, hook->priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		if (nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, hook->type) < 0)
			batch->failed = true;
	}
	if (!batch->failed) {
		nftnl_chain_nlmsg_build_payload(msg, chain);
		nft_msg_end(batch, msg);
	}
	if (chain)
		nftnl_chain_free(chain);
}

/* A message that names a thing of the table and nothing else. */
static void put_named(
	struct nft_batch *batch, uint16_t type, const char *kind, uint16_t attr, const char *name)
{
	struct nlmsghdr *msg = nft_msg(batch, type, 0, kind, name);

	if (!msg)
		return;
	mnl_attr_put_strz(msg, NFTA_RULE_TABLE, batch->table); /* 1 for every kind of object */
	mnl_attr_put_strz(msg, attr, name);
	nft_msg_end(batch, msg);
}

void nft_chain_flush(struct nft_batch *batch, const char *name)
{
	put_named(batch, NFT_MSG_DELRULE, "rules of chain", NFTA_RULE_CHAIN, name);
}

void nft_chain_del(struct nft_batch *batch, const char *name)
{
	put_named(batch, NFT_MSG_DELCHAIN, "chain", NFTA_CHAIN_NAME, name);
}

void nft_counter_add(struct nft_batch *batch, const char *name)
{
	struct nlmsghdr *msg = nft_msg(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE, "counter", name);
	struct nlattr *data;

	if (!msg)
		return;
	mnl_attr_put_strz(msg, NFTA_OBJ_TABLE, batch->table);
	mnl_attr_put_strz(msg, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(msg, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	data = mnl_attr_nest_start(msg, NFTA_OBJ_DATA);
	mnl_attr_nest_end(msg, data);
	nft_msg_end(batch, msg);
}

/* Notes for nft's listings, which cannot tell a number's byte order by itself. */
static int set_byteorder(struct nftnl_set *set, bool host_order)
{
	struct nftnl_udata_buf *notes = nftnl_udata_buf_alloc(64);
	int rc = -1;

	if (!notes)
		return -1;
	if (nftnl_udata_put_u32(notes, NFTNL_UDATA_SET_KEYBYTEORDER, host_order ? 1 : 2))
		rc = nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(notes),
			nftnl_udata_buf_len(notes));
	nftnl_udata_buf_free(notes);
	return rc;
}

static int describe_set(struct nft_batch *batch, struct nftnl_set *set, const char *name,
	const struct nft_set_type *type)
{
	if (nftnl_set_set_str(set, NFTNL_SET_TABLE, batch->table) < 0 ||
		nftnl_set_set_str(set, NFTNL_SET_NAME, name) < 0)
		return -1;
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(set, NFTNL_SET_ID, ++batch->set_ids);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, type->flags);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type->key_type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, type->key_len);
	if (type->flags & NFT_SET_MAP) {
		nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, DATA_VERDICT);
		nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, 0);
	}
	if (type->max_count)
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, type->max_count);
	if (type->timeout_ms)
		nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, type->timeout_ms);
	return set_byteorder(set, type->host_order);
}

uint32_t nft_set_add(struct nft_batch *batch, const char *name, const struct nft_set_type *type)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nlmsghdr *msg = nft_msg(batch, NFT_MSG_NEWSET, NLM_F_CREATE, "set", name);

	if (!set || !msg || describe_set(batch, set, name, type) < 0) {
		batch->failed = true;
	} else {
		nftnl_set_nlmsg_build_payload(msg, set);
		nft_msg_end(batch, msg);
	}
	if (set)
		nftnl_set_free(set);
	return batch->set_ids;
}

void nft_set_flush(struct nft_batch *batch, const char *name)
{
	put_named(batch, NFT_MSG_DELSETELEM, "elements of", NFTA_SET_ELEM_LIST_SET, name);
}

void nft_set_del(struct nft_batch *batch, const char *name)
{
	put_named(batch, NFT_MSG_DELSET, "set", NFTA_SET_NAME, name);
}

static void elems_start(struct nft_elems *elems)
{
	struct nft_batch *batch = elems->batch;

	elems->msg = nft_msg(batch, elems->del ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM,
		elems->del ? 0 : NLM_F_CREATE | NLM_F_EXCL, "elements of", elems->set);
	if (!elems->msg)
		return;
	mnl_attr_put_strz(elems->msg, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	mnl_attr_put_strz(elems->msg, NFTA_SET_ELEM_LIST_SET, elems->set);
	if (elems->set_id)
		mnl_attr_put_u32(elems->msg, NFTA_SET_ELEM_LIST_SET_ID, htonl(elems->set_id));
	elems->list = mnl_attr_nest_start(elems->msg, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void put_verdict(struct nlmsghdr *msg, const struct nft_elem *elem)
{
	struct nlattr *data = mnl_attr_nest_start(msg, NFTA_SET_ELEM_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(msg, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(msg, NFTA_VERDICT_CODE, htonl((uint32_t)elem->verdict));
	mnl_attr_put_strz(msg, NFTA_VERDICT_CHAIN, elem->target);
	mnl_attr_nest_end(msg, verdict);
	mnl_attr_nest_end(msg, data);
}

void nft_elems_put(struct nft_elems *elems, const struct nft_elem *elem)
{
	struct nlattr *item, *key;

	if (!elems->msg)
		elems_start(elems);
	if (!elems->msg)
		return;
	item = mnl_attr_nest_start(elems->msg, NFTA_LIST_ELEM);
	if (elem->interval_end)
		mnl_attr_put_u32(elems->msg, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	key = mnl_attr_nest_start(elems->msg, NFTA_SET_ELEM_KEY);
	mnl_attr_put(elems->msg, NFTA_DATA_VALUE, elem->key_len, elem->key);
	mnl_attr_nest_end(elems->msg, key);
	if (elem->target && !elem->interval_end)
		put_verdict(elems->msg, elem);
	mnl_attr_nest_end(elems->msg, item);
	if (elems->msg->nlmsg_len > ELEMS_MAX_BYTES)
		nft_elems_end(elems);
}

void nft_elems_end(struct nft_elems *elems)
{
	if (!elems->msg)
		return;
	mnl_attr_nest_end(elems->msg, elems->list);
	nft_msg_end(elems->batch, elems->msg);
	elems->msg = NULL;
}
