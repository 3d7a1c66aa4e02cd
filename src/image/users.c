/* Line by line, field by field; nothing is kept but what was asked for. */
#include "image/users.h"

#include "base/num.h"

#define MAX_ID ((uint64_t)UINT32_MAX - 1) /* (uid_t)-1 is no user */

struct passwd_line {
	struct rf_str name, home;
	uint64_t uid, gid;
};

struct group_line {
	struct rf_str name, members;
	uint64_t gid;
};

static struct rf_str next_line(struct rf_str *text)
{
	struct rf_str line;

	*text = rf_str_cut(*text, '\n', &line);
	return line;
}

/* name:password:uid:gid:gecos:home:shell */
static bool parse_passwd(struct rf_str line, struct passwd_line *ret)
{
	struct rf_str skip, uid, gid, rest = rf_str_cut(line, ':', &ret->name);

	rest = rf_str_cut(rest, ':', &skip);
	rest = rf_str_cut(rest, ':', &uid);
	rest = rf_str_cut(rest, ':', &gid);
	rest = rf_str_cut(rest, ':', &skip);
	rf_str_cut(rest, ':', &ret->home);
	return ret->name.len && rf_num_u64(uid, MAX_ID, &ret->uid) &&
	       rf_num_u64(gid, MAX_ID, &ret->gid);
}

/* name:password:gid:member,member */
static bool parse_group(struct rf_str line, struct group_line *ret)
{
	struct rf_str skip, gid, rest = rf_str_cut(line, ':', &ret->name);

	rest = rf_str_cut(rest, ':', &skip);
	rest = rf_str_cut(rest, ':', &gid);
	rf_str_cut(rest, ':', &ret->members);
	return ret->name.len && rf_num_u64(gid, MAX_ID, &ret->gid);
}

static bool has_member(struct rf_str members, const char *name)
{
	struct rf_str member, rest = members;

	while (rest.ptr) {
		rest = rf_str_cut(rest, ',', &member);
		if (rf_str_is(member, name))
			return true;
	}
	return false;
}

static int unknown(const char *what, struct rf_str name, struct rf_err *err)
{
	return rf_err_set(err, RF_EINPUT, "the image has no %s \"" RF_STR_FMT "\"", what,
		(int)(name.len < 100 ? name.len : 100), name.ptr);
}

static int find_user(
	struct rf_str passwd, struct rf_str want, struct image_user *user, struct rf_err *err)
{
	uint64_t number = 0;
	bool numeric = rf_num_u64(want, MAX_ID, &number);
	struct passwd_line line;

	while (passwd.ptr) {
		if (!parse_passwd(next_line(&passwd), &line))
			continue;
		if (numeric ? line.uid != number : !rf_str_eq(line.name, want))
			continue;
		user->uid = (uid_t)line.uid;
		user->gid = (gid_t)line.gid;
		(void)!rf_str_copy(line.name, user->name, sizeof(user->name));
		if (line.home.len == 0 || line.home.ptr[0] != '/' ||
			!rf_str_copy(line.home, user->home, sizeof(user->home)))
			memcpy(user->home, "/", 2);
		return RF_OK;
	}
	if (!numeric)
		return unknown("user", want, err);
	user->uid = (uid_t)number;
	return RF_OK;
}

static int find_group(
	struct rf_str group, struct rf_str want, struct image_user *user, struct rf_err *err)
{
	uint64_t number = 0;
	bool numeric = rf_num_u64(want, MAX_ID, &number);
	struct group_line line;

	while (!numeric && group.ptr) {
		if (!parse_group(next_line(&group), &line) || !rf_str_eq(line.name, want))
			continue;
		number = line.gid;
		numeric = true;
	}
	if (!numeric)
		return unknown("group", want, err);
	user->gid = (gid_t)number;
	return RF_OK;
}

static bool has_gid(const struct image_user *user, gid_t gid)
{
	for (size_t i = 0; i < user->gid_count; i++) {
		if (user->gids[i] == gid)
			return true;
	}
	return user->gid == gid;
}

static int find_memberships(struct rf_str group, struct image_user *user, struct rf_err *err)
{
	struct group_line line;

	while (user->name[0] && group.ptr) {
		if (!parse_group(next_line(&group), &line) ||
			!has_member(line.members, user->name) || has_gid(user, (gid_t)line.gid))
			continue;
		if (user->gid_count == IMAGE_MAX_GIDS)
			return rf_err_set(err, RF_ELIMIT, "user \"%s\" is in more than %d groups",
				user->name, IMAGE_MAX_GIDS);
		user->gids[user->gid_count++] = (gid_t)line.gid;
	}
	return RF_OK;
}

int image_users_find(struct rf_str passwd, struct rf_str group, struct rf_str user,
	struct image_user *ret, struct rf_err *err)
{
	struct rf_str name, group_name = rf_str_cut(user, ':', &name);
	int rc;

	*ret = (struct image_user){.home = "/"};
	rc = find_user(passwd, name.len ? name : RF_STR("0"), ret, err);
	if (rc < 0)
		return rc;
	if (group_name.len)
		return find_group(group, group_name, ret, err);
	return find_memberships(group, ret, err);
}
