/*
 * Settings of the machine that pods need (forwarding), changed while an instance runs and put back
 * afterwards. What they were is kept in RUN/settings, so that `down` can also do it after a crash.
 */
#ifndef RF_HOST_SETTINGS_H
#define RF_HOST_SETTINGS_H

#include "host/instance.h"

/* Sets one (path below /proc/sys), remembering what it was when it is changed. */
int setting_change(const struct instance *inst, const char *path, const char *value,
	struct rf_err *err) RF_MUST_USE;
/*
 * Lets the machine forward packets; with ipv6 those of IPv6, too. Links that take router
 * advertisements go on doing so, which a machine that forwards does not by itself.
 */
int settings_forward(const struct instance *inst, bool ipv6, struct rf_err *err) RF_MUST_USE;
/* Puts everything back; absent is fine. */
int settings_restore(const struct instance *inst, struct rf_err *err) RF_MUST_USE;

#endif
