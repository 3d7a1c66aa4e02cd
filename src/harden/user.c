/*
 * Who the process is. runAsUser: container, then pod, then the image. The group, when nobody sets
 * it, is the image user's when the uid is the image user's, else 0, as CRI runtimes do for a uid
 * that the image's passwd does not know.
 */
#include "harden/harden_int.h"

/* A field that container and pod both have: the one that decides, and where it stands. */
struct choice {
	struct doc_int value;
	struct rf_pos pos;
	const char *owner;
};

static struct choice choose(const struct harden_work *work, const char *key,
	struct doc_int of_container, struct doc_int of_pod)
{
	struct choice c = {.value = of_container, .owner = "the container"};

	if (of_container.set) {
		c.pos = doc_field_pos(work->container->security.node, key);
	} else if (of_pod.set) {
		c.value = of_pod;
		c.pos = doc_field_pos(work->pod->security.node, key);
		c.owner = "the pod";
	}
	return c;
}

static void check_non_root(struct harden_work *work, const struct choice *uid)
{
	const struct kube_security *c = &work->container->security;
	const struct kube_pod_security *p = &work->pod->security;
	struct doc_bool wanted = c->run_as_non_root.set ? c->run_as_non_root : p->run_as_non_root;
	const struct doc_node *where = c->run_as_non_root.set ? c->node : p->node;

	if (!wanted.value || work->profile.uid != 0)
		return;
	if (uid->value.set)
		harden_refuse(work, uid->pos,
			"runAsNonRoot is true, but runAsUser of %s is 0; set a uid above 0",
			uid->owner);
	else if (work->user->text && work->user->text[0])
		harden_refuse(work, doc_field_pos(where, "runAsNonRoot"),
			"runAsNonRoot is true, but the image's USER \"%s\" is uid 0; set runAsUser",
			work->user->text);
	else
		harden_refuse(work, doc_field_pos(where, "runAsNonRoot"),
			"runAsNonRoot is true, but the image has no USER and so runs as uid 0; "
			"set runAsUser");
}

/* Keeps the list sorted and unique; false when it is full. */
static bool add_group(struct harden_profile *p, uint32_t gid)
{
	unsigned at = 0;

	while (at < p->group_count && p->groups[at] < gid)
		at++;
	if (at < p->group_count && p->groups[at] == gid)
		return true;
	if (p->group_count == HARDEN_MAX_GROUPS)
		return false;
	memmove(&p->groups[at + 1], &p->groups[at], (p->group_count - at) * sizeof(p->groups[0]));
	p->groups[at] = gid;
	p->group_count++;
	return true;
}

/* The image's memberships are those of the image's user, so another uid does not get them. */
static void fill_groups(struct harden_work *work)
{
	const struct kube_pod_security *s = &work->pod->security;
	struct harden_profile *p = &work->profile;
	bool strict = rf_str_is(s->supplemental_groups_policy, "Strict");
	bool fits = true;

	for (size_t i = 0; i < s->supplemental_group_count; i++)
		fits &= add_group(p, (uint32_t)s->supplemental_group_ids[i]);
	if (s->fs_group.set)
		fits &= add_group(p, (uint32_t)s->fs_group.value);
	for (unsigned i = 0; !strict && p->uid == work->user->uid && i < work->user->group_count;
		i++)
		fits &= add_group(p, work->user->groups[i]);
	if (!fits)
		harden_refuse(work,
			doc_field_pos(s->node ? s->node : work->pod->node, "supplementalGroups"),
			"more than %d supplementary groups, those of the image included",
			HARDEN_MAX_GROUPS);
}

void harden_fill_user(struct harden_work *work)
{
	const struct kube_security *c = &work->container->security;
	const struct kube_pod_security *p = &work->pod->security;
	struct choice uid = choose(work, "runAsUser", c->run_as_user, p->run_as_user);
	struct choice gid = choose(work, "runAsGroup", c->run_as_group, p->run_as_group);

	work->profile.uid = uid.value.set ? (uint32_t)uid.value.value : work->user->uid;
	if (gid.value.set)
		work->profile.gid = (uint32_t)gid.value.value;
	else
		work->profile.gid = work->profile.uid == work->user->uid ? work->user->gid : 0;
	check_non_root(work, &uid);
	fill_groups(work);
}
