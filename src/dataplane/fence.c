/*
 * The fence's life: a closed table first, then one batch a change. The picture of what the kernel
 * holds is replaced only after the kernel took the batch. When the kernel refuses a difference
 * because the table is not what the picture says (somebody changed it), the whole table is replaced
 * in one batch instead.
 */
#include "dataplane/fence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/common.h>
#include <time.h>

#include "dataplane/conntrack.h"
#include "dataplane/desired.h"
#include "dataplane/diff.h"
#include "dataplane/fence_int.h"
#include "dataplane/netlink.h"
#include "dataplane/table.h"

#define AUTO_BATCH CLEANUP(nft_batch_done) struct nft_batch

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int fence_replace_table(struct fence *fence, const struct picture *picture, uint32_t generation,
	struct fence_stats *stats, struct rf_err *err)
{
	AUTO_BATCH batch;

	nft_batch_init(&batch, fence->table);
	nft_table_add(&batch); /* so that there is one to delete */
	nft_table_del(&batch);
	table_objects(&batch);
	diff_pictures(&batch, NULL, picture, &fence->config, stats);
	table_rules(&batch, &fence->config);
	table_generation(&batch, generation, false);
	return nft_batch_commit(&batch, fence->socket, err);
}

static bool is_missing_feature(int cause)
{
	return cause == ENOENT || cause == EOPNOTSUPP || cause == EPROTONOSUPPORT ||
	       cause == EAFNOSUPPORT;
}

static int close_table(struct fence *fence, struct rf_err *err)
{
	struct fence_stats stats = {0};
	struct rf_err cause = {.code = RF_OK};
	int rc;

	fence->held = desired_closed(&fence->config);
	if (!fence->held)
		return rf_err_nomem(err);
	rc = fence_replace_table(fence, fence->held, 0, &stats, &cause);
	if (rc == RF_OK)
		/* Connections of an earlier run carry generations that will be used again. */
		return conntrack_forget(FENCE_MARK_MASK, 0, NULL, err);
	if (is_missing_feature(cause.sys_errno))
		return rf_err_set(
			err, RF_EUNSUPPORTED, "this kernel cannot hold the fence: %s", cause.msg);
	if (err)
		*err = cause;
	return rc;
}

static int check_config(const struct fence_config *config, struct rf_err *err)
{
	size_t prefix = strlen(config->link_prefix);

	if (prefix == 0 || prefix > 8)
		return rf_err_set(err, RF_EINPUT,
			"the pods' links need a prefix of 1 to 8 characters, not \"%s\"",
			config->link_prefix);
	if (config->pod_range_count > RF_ARRAY_LEN(config->pod_ranges))
		return rf_err_set(err, RF_EINPUT, "at most %zu pod ranges are possible",
			RF_ARRAY_LEN(config->pod_ranges));
	for (unsigned i = 0; i < config->pod_range_count; i++) {
		if (config->pod_ranges[i].prefix == 0)
			return rf_err_set(err, RF_EINPUT,
				"the pods' range cannot be the whole address space");
	}
	return RF_OK;
}

int fence_open(const struct fence_config *config, struct fence **ret, struct rf_err *err)
{
	struct fence *fence;
	int rc = check_config(config, err);

	if (rc < 0)
		return rc;
	fence = calloc(1, sizeof(*fence));
	if (!fence)
		return rf_err_nomem(err);
	fence->table = rf_str_dup(rf_str_of(config->table));
	fence->link_prefix = rf_str_dup(rf_str_of(config->link_prefix));
	fence->config = *config;
	fence->config.table = fence->table;
	fence->config.link_prefix = fence->link_prefix;
	if (!fence->table || !fence->link_prefix)
		rc = rf_err_nomem(err);
	if (rc == RF_OK)
		rc = nft_socket_open(&fence->socket, err);
	if (rc == RF_OK)
		rc = guard_open(&fence->guard, err);
	if (rc == RF_OK)
		rc = close_table(fence, err);
	if (rc < 0)
		fence_close(fence);
	else
		*ret = fence;
	return rc;
}

void fence_close(struct fence *fence)
{
	if (!fence)
		return;
	netlink_closep(&fence->socket);
	netlink_closep(&fence->guard);
	picture_free(fence->held);
	free(fence->table);
	free(fence->link_prefix);
	free(fence);
}

/*
 * The generation after this one. Before numbers are used again, every connection forgets its own;
 * those that pass between this and the commit are marked with the last number, which is far from
 * being used again, and forget it afterwards.
 */
static int next_generation(const struct fence *fence, uint32_t *ret, struct rf_err *err)
{
	*ret = fence->generation + 1;
	if (*ret <= TABLE_GENERATION_MAX)
		return RF_OK;
	*ret = 1;
	return conntrack_forget(FENCE_MARK_MASK, 0, NULL, err);
}

/* Sends the difference. *generation is the one in force afterwards. */
static int change_table(struct fence *fence, const struct picture *wanted, uint32_t *generation,
	struct fence_stats *stats, struct rf_err *err)
{
	AUTO_BATCH batch;
	bool rejudge;

	nft_batch_init(&batch, fence->table);
	rejudge = diff_pictures(&batch, fence->held, wanted, &fence->config, stats);
	if (rejudge || fence->generation == 0)
		table_generation(&batch, *generation, true);
	else
		*generation = fence->generation;
	if (nft_batch_count(&batch) == 0)
		return RF_OK;
	return nft_batch_commit(&batch, fence->socket, err);
}

/* Errors of a difference to a table that is not what we think it is. */
static bool is_mismatch(const struct rf_err *err)
{
	return err->sys_errno == ENOENT || err->sys_errno == EEXIST || err->sys_errno == EBUSY;
}

/* Nothing of a second attempt is a difference. */
static int start_over(struct fence *fence, const struct picture *wanted, uint32_t generation,
	struct fence_stats *stats, struct rf_err *err)
{
	struct fence_stats all = {
		.classes = stats->classes, .pairs = stats->pairs, .replaced = true};
	int rc = fence_replace_table(fence, wanted, generation, &all, err);

	*stats = all;
	return rc;
}

/* Trying again at the next change is enough: the numbers come round after 16,383 of them. */
static void forget_stale(struct fence *fence)
{
	if (fence->stale_marks)
		fence->stale_marks = conntrack_forget(FENCE_MARK_MASK,
					     fence->generation << TABLE_MARK_SHIFT, NULL, NULL) < 0;
}

static int commit_picture(struct fence *fence, const struct picture *wanted,
	struct fence_stats *stats, struct rf_err *err)
{
	struct rf_err cause = {.code = RF_OK};
	uint32_t next = 0, generation;
	int rc = next_generation(fence, &next, err);

	if (rc < 0)
		return rc;
	generation = next;
	if (!fence->damaged)
		rc = change_table(fence, wanted, &generation, stats, &cause);
	if (fence->damaged || (rc < 0 && is_mismatch(&cause))) {
		generation = next;
		rc = start_over(fence, wanted, generation, stats, &cause);
	}
	if (rc < 0) {
		if (err)
			*err = cause;
		return rc;
	}
	fence->damaged = false;
	fence->stale_marks |= generation < fence->generation;
	fence->generation = generation;
	forget_stale(fence);
	return RF_OK;
}

int fence_apply(struct fence *fence, struct policy *policy, const struct fence_services *services,
	struct fence_stats *ret, struct rf_err *err)
{
	CLEANUP(picture_freep) struct picture *wanted = NULL;
	const struct desired_input input = {
		.config = &fence->config,
		.policy = policy,
		.services = services,
		.held = fence->held,
	};
	struct fence_stats stats = {0};
	uint64_t start = now_usec();
	int rc = desired_build(&input, &wanted, &stats, err);

	if (rc == RF_OK)
		rc = commit_picture(fence, wanted, &stats, err);
	if (rc < 0)
		return rf_err_wrap(err, rc, "the fence stays as it was");
	picture_free(fence->held);
	fence->held = TAKE_PTR(wanted);
	stats.usec = now_usec() - start;
	if (ret)
		*ret = stats;
	return RF_OK;
}

int fence_remove(const char *table, struct rf_err *err)
{
	AUTO_BATCH batch;
	struct mnl_socket *socket;
	int rc = nft_socket_open(&socket, err);

	if (rc < 0)
		return rc;
	nft_batch_init(&batch, table);
	nft_table_add(&batch); /* deleting what is absent would be an error */
	nft_table_del(&batch);
	rc = nft_batch_commit(&batch, socket, err);
	mnl_socket_close(socket);
	return rc;
}

static bool ask_for_table(struct mnl_socket *socket, const char *table)
{
	char buf[8192] __attribute__((aligned(8)));
	struct nlmsghdr *msg =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_ACK, 1);
	ssize_t len;

	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, table);
	if (mnl_socket_sendto(socket, msg, msg->nlmsg_len) < 0)
		return false;
	len = mnl_socket_recvfrom(socket, buf, sizeof(buf));
	return len > 0 &&
	       mnl_cb_run(buf, (size_t)len, 1, mnl_socket_get_portid(socket), NULL, NULL) >= 0;
}

bool fence_exists(const char *table)
{
	struct mnl_socket *socket;
	bool there;

	if (strlen(table) >= NFT_NAME_MAXLEN || nft_socket_open(&socket, NULL) < 0)
		return false;
	there = ask_for_table(socket, table);
	mnl_socket_close(socket);
	return there;
}
