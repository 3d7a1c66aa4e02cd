/* Whom the image's program runs as: a number always, because Kubernetes' runAsNonRoot asks for one.
 */
#include "base/num.h"
#include "image/pack/pack.h"

#define DEFAULT_ID   65532
#define DEFAULT_NAME "nonroot"

static bool is_name(struct rf_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.')))
			return false;
	}
	return text.len > 0;
}

int pack_user_parse(const char *text, struct pack_user *ret, struct rf_err *err)
{
	struct pack_user user = {.name = DEFAULT_NAME};
	struct rf_str first, second = rf_str_cut(rf_str_of(text), ':', &first);
	uint64_t uid = DEFAULT_ID, gid;
	bool named = !rf_num_u64(first, PACK_MAX_ID, &uid);

	if (named && (!is_name(first) || !rf_str_copy(first, user.name, sizeof(user.name))))
		return rf_err_set(err, RF_EINPUT,
			"user \"%.100s\": expected UID, UID:GID, NAME or NAME:UID", text);
	/* NAME:ID is both of them; UID:GID is what it says. */
	gid = uid;
	if (second.ptr && !rf_num_u64(second, PACK_MAX_ID, &gid))
		return rf_err_set(err, RF_EINPUT, "user \"%.100s\": \"%.100s\" is no number", text,
			second.ptr);
	if (named)
		uid = gid;
	if (uid == 0 || gid == 0 || strcmp(user.name, "root") == 0)
		return rf_err_set(err, RF_EDENIED,
			"user \"%.100s\" is root: images that are packed here never run as root; "
			"take another, such as %d",
			text, DEFAULT_ID);
	user.uid = (uint32_t)uid;
	user.gid = (uint32_t)gid;
	*ret = user;
	return RF_OK;
}
