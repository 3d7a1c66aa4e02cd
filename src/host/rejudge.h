/*
 * A newer vulnerability database judges what runs already: the images of running pods are put
 * before the gate again, by a child of its own (`ringfence image judge`), and what it says becomes
 * a note. Nothing is stopped.
 */
#ifndef RF_HOST_REJUDGE_H
#define RF_HOST_REJUDGE_H

#include "host/host_int.h"

/* Begins to watch host->config.gate.db; does nothing when the gate is off. */
void rejudge_watch(struct host *host);
void rejudge_done(struct host *host);

#endif
