/* Linear while small, hashed beyond. */
#include "kube/name_set.h"

void name_set_done(struct name_set *set)
{
	rf_map_done(&set->map);
	set->count = 0;
}

bool name_set_has(const struct name_set *set, struct rf_str name)
{
	uintptr_t ignored;

	if (set->count > NAME_SET_SMALL)
		return rf_map_get(&set->map, name, &ignored);
	for (size_t i = 0; i < set->count; i++) {
		if (rf_str_eq(set->small[i], name))
			return true;
	}
	return false;
}

bool name_set_add(struct name_set *set, struct rf_str name)
{
	if (name_set_has(set, name))
		return false;
	if (set->count < NAME_SET_SMALL) {
		set->small[set->count++] = name;
		return true;
	}
	for (size_t i = 0; set->count == NAME_SET_SMALL && i < NAME_SET_SMALL; i++)
		set->nomem |= !rf_map_put(&set->map, set->small[i], 0);
	set->nomem |= !rf_map_put(&set->map, name, 0);
	set->count++;
	return true;
}
