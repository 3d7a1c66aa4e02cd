/* What a pod's proxy is told: surroundings (0) and policies (1), by the first byte. */
#include "mesh/proxy/rules.h"
#include "mesh/proxy/sidecar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void ask_sidecar(struct rf_str payload)
{
	struct sidecar *sidecar;
	struct rf_err err;
	const struct rf_ip ip = {{10, 85, 0, 2}, RF_IPV4};

	if (sidecar_read(payload, &sidecar, &err) < 0)
		return;
	(void)sidecar_port_of(sidecar, 8080);
	(void)sidecar_has_name(sidecar, "web.shop.svc");
	if (sidecar_is_meshed(sidecar, &ip, 8080))
		(void)sidecar_expects(sidecar, &ip, 8080, RF_STR("spiffe://td/ns/a/sa/b"));
	sidecar_unref(sidecar);
}

static void ask_policy(struct rf_str payload)
{
	const struct proxy_who who = {.id = RF_STR("spiffe://td/ns/shop/sa/web"),
		.source = {{10, 85, 0, 3}, RF_IPV4},
		.remote = {{10, 85, 0, 3}, RF_IPV4},
		.destination = {{10, 85, 0, 2}, RF_IPV4},
		.port = 8080};
	struct proxy_admission admission;
	struct proxy_rules *rules;
	struct rf_err err;

	if (proxy_policy_read(payload, &rules, &err) < 0)
		return;
	proxy_rules_judge(rules, &who, &admission);
	proxy_rules_unref(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rf_str payload;

	if (len == 0)
		return 0;
	payload = (struct rf_str){(const char *)data + 1, len - 1};
	if (data[0] & 1)
		ask_policy(payload);
	else
		ask_sidecar(payload);
	return 0;
}
