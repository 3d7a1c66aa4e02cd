/* Where verbs that need no running machine keep their things. */
#ifndef RF_CMD_STATE_H
#define RF_CMD_STATE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The path of name: in the state directory for root, in $XDG_DATA_HOME/ringfence
 * (~/.local/share/ringfence) for others. RF_EABSENT, pointing at option, when there is no home.
 */
int state_path(
	const char *name, const char *option, struct rf_buf *out, struct rf_err *err) RF_MUST_USE;

#endif
