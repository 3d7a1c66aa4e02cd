/* What runs, as JSON: the answer to "status" and the events that watchers get. */
#ifndef RF_HOST_STATUS_H
#define RF_HOST_STATUS_H

#include "host/host_int.h"

/*
 * {"pid","runtime","node","policies","ready","pods":[{"namespace","name","workload","phase",
 * "ready","restarts","reason","ips","uid","containers":[{"name","init","state","ready",
 * "restarts","exitCode","image","log","id"}]}],"services":[{"namespace","name","ips","ports":[
 * {"port","protocol","endpoints":[...]}]}]}
 */
void status_write(const struct host *host, struct json_writer *w);
/* {"event":"pod", ...the pod's object without containers} */
void status_pod_event(const struct pod *pod, struct rf_buf *out);

#endif
