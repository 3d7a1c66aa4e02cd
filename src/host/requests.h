/*
 * What can be asked over the control socket (host/control.h):
 *
 *	{"verb":"status"}                      one line, see host/status.h
 *	{"verb":"watch"}                       lines of events until closed: pods as they are, then
 *	                                       {"event":"pod"|"note"|"denied", ...}
 *	{"verb":"apply","paths":["/abs"],"stdin":"...","prune":false}
 *	                                       {"ok":true,"started":1,"stopped":0,"kept":9,
 *	                                        "fence":{"added","removed","usec"},"diags":[]}
 *	                                       or {"error":"...","diags":[{"file","line",...}]}
 *	                                       Images that were not judged are errors (host/admit.h)
 *	{"verb":"gate"}                        {"off","unfixed","db","dbNamed","ignore","failOn"}:
 *	                                       what `up` was told to judge images by
 *	{"verb":"exec","pod":"ns/name","container":"c"}
 *	                                       {"runtime","root","id","config"} or {"error"}
 *	{"verb":"down"}                        {"ok":true}, then the supervisor ends
 */
#ifndef RF_HOST_REQUESTS_H
#define RF_HOST_REQUESTS_H

#include "host/control.h"

extern const struct control_verb requests[];

#endif
