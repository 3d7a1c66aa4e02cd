/*
 * Services. Chains are named after what they stand for, so that the same Service or endpoint is
 * the same chain from change to change and endpoints are shared; IPv6's colons become dashes.
 */
#include "dataplane/desired_int.h"

#include <arpa/inet.h>

static void add_name(struct rf_buf *out, const char *prefix, const struct rf_ip *ip,
	enum policy_proto proto, uint16_t port)
{
	char text[RF_IP_TEXT_SIZE];

	rf_ip_text(ip, text);
	for (char *c = text; *c; c++) {
		if (*c == ':')
			*c = '-';
	}
	rf_buf_addf(out, "%s_%s_%s_%u", prefix, text, table_proto_text(proto), port);
}

/* Adds the name of the endpoint's chain, with its NUL, to names. */
static void add_endpoint(struct picture *picture, const struct fence_service *service,
	const struct fence_endpoint *endpoint, struct rf_buf *names)
{
	struct picture_endpoint content = {
		.ip = endpoint->ip, .port = endpoint->port, .proto = service->proto};
	size_t at = names->len;

	add_name(names, "ep", &endpoint->ip, service->proto, endpoint->port);
	rf_buf_add_char(names, '\0');
	if (!names->failed)
		picture_chain(picture, PICTURE_ENDPOINT, names->data + at, 0,
			(struct rf_str){(const char *)&content, sizeof(content)});
}

/* Address, protocol and port, each padded to 4 bytes. */
static struct rf_str service_key(const struct fence_service *service, uint8_t key[static 24])
{
	size_t len = rf_family_len(service->ip.family);
	uint16_t port = htons(service->port);

	memset(key, 0, 24);
	memcpy(key, service->ip.bytes, len);
	key[len] = table_ip_proto(service->proto);
	memcpy(key + len + 4, &port, sizeof(port));
	return (struct rf_str){(const char *)key, len + 8};
}

static void add_service(struct picture *picture, const struct fence_service *service)
{
	struct picture_set **sets = picture->sets.items;
	enum rf_family family = service->ip.family;
	AUTO_BUF names = {0}, name = {0};
	const struct picture_chain *chain;
	uint8_t bytes[24];
	struct rf_str key = service_key(service, bytes);

	for (size_t i = 0; i < service->endpoint_count; i++) {
		if (service->endpoints[i].ip.family == family)
			add_endpoint(picture, service, &service->endpoints[i], &names);
	}
	if (names.len == 0) {
		picture_put(picture, sets[desired_kind(PICTURE_EMPTY4, family)], key, NULL, false);
		return;
	}
	add_name(&name, "svc", &service->ip, service->proto, service->port);
	if (names.failed || name.failed) {
		picture->failed = true;
		return;
	}
	chain = picture_chain(picture, PICTURE_SERVICE, rf_buf_cstr(&name), 0, rf_buf_str(&names));
	picture_put(picture, sets[desired_kind(PICTURE_SVC4, family)], key, chain, false);
}

void desired_add_services(struct picture *picture, const struct fence_services *services)
{
	for (size_t i = 0; services && i < services->count; i++) {
		if (services->items[i].proto < POLICY_PORT_PROTO_COUNT)
			add_service(picture, &services->items[i]);
	}
}
