/*
 * A machine for tests with real packets: the process moves into a network namespace of its own,
 * pods and two places outside are further namespaces with real links. Nothing has a name on the
 * machine that runs the test, so all of it is gone when the process ends, however it ends.
 *
 * Addresses are those of tests/lib/random_model.h: pod i is 10.0.0.(i+1) and fd00::(i+1). Every
 * end listens on random_model_ports(), on TCP and UDP (which it echoes) of both families.
 */
#ifndef TESTS_LIB_MACHINE_H
#define TESTS_LIB_MACHINE_H

#include "dataplane/fence.h"

enum {
	MACHINE_PODS = 8,
	MACHINE_OUT = MACHINE_PODS, /* 192.168.7.1, 2001:db8::7 */
	MACHINE_NEAR,		    /* 10.0.1.1, fd00::1:1: outside, but close to the pods */
	MACHINE_HOST,		    /* the machine itself: 172.16.0.1, 2001:db8:1::1 */
	MACHINE_ENDS,
};

#define MACHINE_PORTS 10
#define MACHINE_TABLE "ringfence"

struct machine_end {
	int ns;		     /* -1: the machine itself */
	struct rf_ip ips[2]; /* IPv4, IPv6 */
	int listen[2][MACHINE_PORTS];
	int echo[2][MACHINE_PORTS];
	int raw_sctp[2]; /* sees every SCTP packet that arrives */
};

struct machine {
	struct machine_end ends[MACHINE_ENDS];
	struct fence *fence;
	struct rf_err err;
};

/*
 * Moves into a new namespace and builds the machine; RF_EDENIED when that is not permitted. err of
 * the machine says why. To be called once a process.
 */
int machine_make(struct machine *machine) RF_MUST_USE;
/* Only closes the fence: the process takes the rest with it. */
void machine_done(struct machine *machine);

/* A socket of namespace ns (-1: the machine itself), not blocking; -1 on failure. */
int machine_socket(int ns, int family, int type, int protocol);
/* Runs a program in the machine's namespace; its exit status. */
int machine_run(const char *command);

/* --- socket addresses --- */

#include <netinet/in.h>

union machine_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

socklen_t machine_addr(const struct rf_ip *ip, uint16_t port, union machine_addr *ret);
int machine_af(const struct rf_ip *ip);

#endif
