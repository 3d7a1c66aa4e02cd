/* USER strings against the text of /etc/passwd and /etc/group; no I/O. */
#ifndef RF_IMAGE_USERS_H
#define RF_IMAGE_USERS_H

#include "image/rootfs.h"

/*
 * passwd(5) and group(5), as runc reads them: a line that is malformed is passed over. What comes
 * first wins. See image_user_resolve() for the rules.
 */
int image_users_find(struct rf_str passwd, struct rf_str group, struct rf_str user,
	struct image_user *ret, struct rf_err *err) RF_MUST_USE;

#endif
