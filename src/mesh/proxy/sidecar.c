/*
 * The message: u64 mode of other ports, then records of u64 kind and their fields. Routes are
 * looked up in one map by address and port; what is found is the first of a chain of IDs.
 */
#include "mesh/proxy/sidecar.h"

#include "base/map.h"
#include "base/vec.h"
#include "proc/frame.h"

enum record {
	RECORD_PORT = 1, /* u64 port, u64 mode, u64 server_first */
	RECORD_NAME,	 /* str */
	RECORD_ROUTE,	 /* str struct route_key, str id */
	RECORD_FAULTS,	 /* u64 delay_ms, u64 reset_percent, u64 bytes_per_s */
};

/* Without padding, as it is hashed as bytes. */
struct route_key {
	uint8_t ip[16];
	uint16_t family, port;
};

#define NO_ROUTE UINT32_MAX

struct route {
	struct route_key key;
	struct rf_str id;
	uint32_t next; /* of the same key */
};

struct sidecar {
	unsigned refs; /* atomic */
	char *payload; /* what names and IDs are views of */
	enum peer_auth_mode other;
	struct sidecar_faults faults;
	RF_VEC(struct sidecar_port) ports;
	RF_VEC(struct rf_str) names;
	RF_VEC(struct route) routes;
	struct rf_map by_key; /* key -> index of the last route of it */
};

static struct route_key key_of(const struct rf_ip *ip, uint16_t port)
{
	struct route_key key = {.family = (uint16_t)ip->family, .port = port};

	memcpy(key.ip, ip->bytes, sizeof(key.ip));
	return key;
}

/* --- writing --- */

void sidecar_begin(struct rf_buf *out, enum peer_auth_mode other)
{
	frame_put_u64(out, other);
}

void sidecar_put_port(struct rf_buf *out, const struct sidecar_port *port)
{
	frame_put_u64(out, RECORD_PORT);
	frame_put_u64(out, port->port);
	frame_put_u64(out, port->mode);
	frame_put_u64(out, port->server_first);
}

void sidecar_put_faults(struct rf_buf *out, const struct sidecar_faults *faults)
{
	frame_put_u64(out, RECORD_FAULTS);
	frame_put_u64(out, faults->delay_ms);
	frame_put_u64(out, faults->reset_percent);
	frame_put_u64(out, faults->bytes_per_s);
}

void sidecar_put_name(struct rf_buf *out, struct rf_str name)
{
	frame_put_u64(out, RECORD_NAME);
	frame_put_str(out, name);
}

void sidecar_put_route(struct rf_buf *out, const struct rf_ip *ip, uint16_t port, struct rf_str id)
{
	struct route_key key = key_of(ip, port);

	frame_put_u64(out, RECORD_ROUTE);
	frame_put_str(out, (struct rf_str){(const char *)&key, sizeof(key)});
	frame_put_str(out, id);
}

/* --- reading --- */

static bool is_mode(uint64_t mode)
{
	return mode <= PEER_AUTH_DISABLE;
}

static int read_port(struct sidecar *s, struct frame_reader *reader, struct rf_err *err)
{
	uint64_t port = frame_get_u64(reader), mode = frame_get_u64(reader),
		 first = frame_get_u64(reader);

	if (reader->failed || port > UINT16_MAX || !is_mode(mode))
		return rf_err_set(err, RF_EINPUT, "malformed port");
	if (s->ports.count >= SIDECAR_MAX_PORTS)
		return rf_err_set(err, RF_ELIMIT, "more than %d ports", SIDECAR_MAX_PORTS);
	return rf_vec_push(&s->ports, ((struct sidecar_port){(uint16_t)port,
					      (enum peer_auth_mode)mode, first != 0}))
		       ? RF_OK
		       : rf_err_nomem(err);
}

static int read_name(struct sidecar *s, struct frame_reader *reader, struct rf_err *err)
{
	struct rf_str name = frame_get_str(reader);

	if (reader->failed)
		return rf_err_set(err, RF_EINPUT, "malformed name");
	if (s->names.count >= SIDECAR_MAX_NAMES)
		return rf_err_set(err, RF_ELIMIT, "more than %d names", SIDECAR_MAX_NAMES);
	return rf_vec_push(&s->names, name) ? RF_OK : rf_err_nomem(err);
}

static int read_faults(struct sidecar *s, struct frame_reader *reader, struct rf_err *err)
{
	s->faults.delay_ms = frame_get_u64(reader);
	s->faults.reset_percent = frame_get_u64(reader);
	s->faults.bytes_per_s = frame_get_u64(reader);
	return reader->failed ? rf_err_set(err, RF_EINPUT, "malformed faults") : RF_OK;
}

static int read_route(struct sidecar *s, struct frame_reader *reader, struct rf_err *err)
{
	struct rf_str key = frame_get_str(reader), id = frame_get_str(reader);
	struct route *route;

	if (reader->failed || key.len != sizeof(route->key))
		return rf_err_set(err, RF_EINPUT, "malformed route");
	if (s->routes.count >= SIDECAR_MAX_ROUTES)
		return rf_err_set(err, RF_ELIMIT, "more than %d routes", SIDECAR_MAX_ROUTES);
	route = rf_vec_add(&s->routes);
	if (!route)
		return rf_err_nomem(err);
	memcpy(&route->key, key.ptr, sizeof(route->key));
	route->id = id;
	return RF_OK;
}

/* The map's keys are views of the routes, which move while they are read: so behind that. */
static int index_routes(struct sidecar *s, struct rf_err *err)
{
	for (size_t i = 0; i < s->routes.count; i++) {
		struct route *route = &s->routes.items[i];
		struct rf_str key = {(const char *)&route->key, sizeof(route->key)};
		uintptr_t before;

		route->next = rf_map_get(&s->by_key, key, &before) ? (uint32_t)before : NO_ROUTE;
		if (!rf_map_put(&s->by_key, key, i))
			return rf_err_nomem(err);
	}
	return RF_OK;
}

static int read_all(struct sidecar *s, size_t len, struct rf_err *err)
{
	struct frame_reader reader = {.rest = {s->payload, len}};
	uint64_t other = frame_get_u64(&reader);
	int rc = RF_OK;

	if (reader.failed || !is_mode(other))
		return rf_err_set(err, RF_EINPUT, "malformed mode");
	s->other = (enum peer_auth_mode)other;
	while (rc == RF_OK && reader.rest.len) {
		switch (frame_get_u64(&reader)) {
		case RECORD_PORT: rc = read_port(s, &reader, err); break;
		case RECORD_NAME: rc = read_name(s, &reader, err); break;
		case RECORD_ROUTE: rc = read_route(s, &reader, err); break;
		case RECORD_FAULTS: rc = read_faults(s, &reader, err); break;
		default: rc = rf_err_set(err, RF_EINPUT, "an unknown record"); break;
		}
	}
	return rc < 0 ? rc : index_routes(s, err);
}

int sidecar_read(struct rf_str payload, struct sidecar **ret, struct rf_err *err)
{
	struct sidecar *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return rf_err_nomem(err);
	s->refs = 1;
	s->payload = malloc(payload.len + 1);
	if (!s->payload) {
		free(s);
		return rf_err_nomem(err);
	}
	memcpy(s->payload, payload.ptr ? payload.ptr : "", payload.len);
	rc = read_all(s, payload.len, err);
	if (rc == RF_OK)
		*ret = s;
	else
		sidecar_unref(s);
	return rc;
}

struct sidecar *sidecar_ref(struct sidecar *sidecar)
{
	if (sidecar)
		__atomic_add_fetch(&sidecar->refs, 1, __ATOMIC_RELAXED);
	return sidecar;
}

void sidecar_unref(struct sidecar *sidecar)
{
	if (!sidecar || __atomic_sub_fetch(&sidecar->refs, 1, __ATOMIC_ACQ_REL))
		return;
	rf_vec_done(&sidecar->ports);
	rf_vec_done(&sidecar->names);
	rf_vec_done(&sidecar->routes);
	rf_map_done(&sidecar->by_key);
	free(sidecar->payload);
	free(sidecar);
}

/* --- asking --- */

struct sidecar_port sidecar_port_of(const struct sidecar *sidecar, uint16_t port)
{
	rf_vec_each (it, &sidecar->ports) {
		if (it->port == port)
			return *it;
	}
	return (struct sidecar_port){.port = port, .mode = sidecar->other};
}

const struct sidecar_faults *sidecar_faults(const struct sidecar *sidecar)
{
	return &sidecar->faults;
}

bool sidecar_has_name(const struct sidecar *sidecar, const char *name)
{
	rf_vec_each (it, &sidecar->names) {
		if (rf_str_is(*it, name))
			return true;
	}
	return false;
}

/* Routes of the very port come before those of the address. */
static uint32_t find(const struct sidecar *s, const struct rf_ip *ip, uint16_t port)
{
	struct route_key exact = key_of(ip, port), any = key_of(ip, 0);
	uintptr_t index;

	if (rf_map_get(&s->by_key, (struct rf_str){(const char *)&exact, sizeof(exact)}, &index) ||
		rf_map_get(&s->by_key, (struct rf_str){(const char *)&any, sizeof(any)}, &index))
		return (uint32_t)index;
	return NO_ROUTE;
}

bool sidecar_is_meshed(const struct sidecar *sidecar, const struct rf_ip *ip, uint16_t port)
{
	uint32_t index = find(sidecar, ip, port);

	/* A route without an ID says that this very port is plain. */
	return index != NO_ROUTE && sidecar->routes.items[index].id.len;
}

bool sidecar_expects(
	const struct sidecar *sidecar, const struct rf_ip *ip, uint16_t port, struct rf_str id)
{
	for (uint32_t i = find(sidecar, ip, port); i != NO_ROUTE;
		i = sidecar->routes.items[i].next) {
		if (rf_str_eq(sidecar->routes.items[i].id, id))
			return true;
	}
	return false;
}
