/* Denials that the kernel logs, explained: who, to whom, and which policies decided. */
#ifndef RF_HOST_DENIALS_H
#define RF_HOST_DENIALS_H

#include "host/host_int.h"

/* Reads the kernel's log from now on. Each denial is a line of STATE/denials.log and an event:
 * {"event":"denied","from","to","protocol","port","direction","policies":["ns/name (file:line)"]}
 */
int denials_watch(struct host *host, struct rf_err *err) RF_MUST_USE;

#endif
