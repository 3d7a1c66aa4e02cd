/*
 * Values of an AuthorizationPolicy. Istio takes some that can never match ("a*b", "spiffe://x"):
 * in a DENY they would let through what they were written against, so they are refused here.
 */
#include "base/num.h"
#include "doc/similar.h"
#include "kube/authz_int.h"
#include "kube/names.h"

/* --- lists --- */

static int not_strings(struct doc_decoder *dec, const struct doc_node *node)
{
	return doc_decode_error(dec, doc_pos(node),
		"field \"" RF_STR_FMT "\": expected a list of strings, found %s",
		RF_STR_ARG(node->key), doc_type_name((enum doc_type)node->type));
}

/* False, and reported, for what is no string. */
static bool is_string(
	struct doc_decoder *dec, const struct doc_node *list, const struct doc_node *item)
{
	if (item->type == DOC_STRING)
		return true;
	doc_decode_error(dec, doc_pos(item),
		"field \"" RF_STR_FMT "\": expected a string, found %s%s%s%s",
		RF_STR_ARG(list->key), doc_type_name((enum doc_type)item->type),
		item->type == DOC_INT ? " (" : "", item->type == DOC_INT ? item->text.ptr : "",
		item->type == DOC_INT ? "): quote it" : "");
	return false;
}

static bool parse_block(struct rf_str text, struct rf_cidr *ret)
{
	struct rf_cidr block = {.prefix = 0};

	if (rf_cidr_parse(text, ret))
		return true;
	if (!rf_ip_parse(text, &block.ip))
		return false;
	block.prefix = (unsigned)rf_family_len(block.ip.family) * 8;
	*ret = block;
	return true;
}

int kube_decode_blocks(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_cidr_list *list = field;

	if (node->type != DOC_SEQ)
		return not_strings(dec, node);
	list->items = kube_alloc(dec, node->count + 1, sizeof(*list->items));
	if (!list->items)
		return RF_EINTERNAL;
	doc_each (item, node) {
		if (!is_string(dec, node, item))
			continue;
		if (parse_block(item->text, &list->items[list->count]))
			list->count++;
		else
			doc_decode_error(dec, doc_pos(item),
				"\"" RF_STR_FMT "\" is not an address or a block of addresses: "
				"expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8",
				RF_STR_ARG(item->text));
	}
	return list->count == node->count ? RF_OK : RF_EINPUT;
}

int kube_decode_authz_ports(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_port_list *list = field;

	if (node->type != DOC_SEQ)
		return not_strings(dec, node);
	list->items = kube_alloc(dec, node->count + 1, sizeof(*list->items));
	if (!list->items)
		return RF_EINTERNAL;
	doc_each (item, node) {
		uint64_t port = 0;

		if (!is_string(dec, node, item))
			continue;
		if (rf_num_u64(item->text, PORT_MAX, &port) && port > 0)
			list->items[list->count++] = (uint16_t)port;
		else
			doc_decode_error(dec, doc_pos(item),
				"\"" RF_STR_FMT "\" is not a port: expected a number from 1 to "
				"65535 in quotes",
				RF_STR_ARG(item->text));
	}
	return list->count == node->count ? RF_OK : RF_EINPUT;
}

/* --- strings --- */

void kube_check_text(struct doc_decoder *dec, const struct doc_node *item)
{
	if (item->text.len == 0)
		doc_decode_error(dec, doc_pos(item),
			"an empty string matches nothing: take it out (\"*\" is anything but "
			"empty)");
}

void kube_check_pattern(struct doc_decoder *dec, const struct doc_node *item)
{
	struct rf_str text = item->text;
	size_t stars = 0;

	kube_check_text(dec, item);
	for (size_t i = 0; i < text.len; i++)
		stars += text.ptr[i] == '*';
	if (stars == 0 || (stars == 1 && (text.ptr[0] == '*' || text.ptr[text.len - 1] == '*')))
		return;
	doc_decode_error(dec, doc_pos(item),
		"\"" RF_STR_FMT
		"\" can never match: '*' may only be the first or the last character",
		RF_STR_ARG(text));
}

void kube_check_principal(struct doc_decoder *dec, const struct doc_node *item)
{
	kube_check_pattern(dec, item);
	if (rf_str_starts(item->text, RF_STR("spiffe://")))
		doc_decode_error(dec, doc_pos(item),
			"\"" RF_STR_FMT "\" can never match: leave \"spiffe://\" out, as in "
			"cluster.local/ns/default/sa/frontend",
			RF_STR_ARG(item->text));
}

void kube_check_account(struct doc_decoder *dec, const struct doc_node *item)
{
	struct rf_str namespace, name = rf_str_cut(item->text, '/', &namespace);
	bool good;

	if (memchr(item->text.len ? item->text.ptr : "", '*', item->text.len)) {
		doc_decode_error(dec, doc_pos(item),
			"\"" RF_STR_FMT "\": a service account cannot have '*': name it, or use "
			"namespaces or principals",
			RF_STR_ARG(item->text));
		return;
	}
	good = name.ptr ? kube_is_dns_label(namespace) && kube_is_dns_subdomain(name)
			: kube_is_dns_subdomain(item->text);
	if (!good)
		doc_decode_error(dec, doc_pos(item),
			"\"" RF_STR_FMT "\" is not a service account: expected its name (of the "
			"policy's namespace) or namespace/name",
			RF_STR_ARG(item->text));
}

void kube_check_texts(struct doc_decoder *dec, const struct doc_node *list, kube_text_check check)
{
	doc_each (item, list) {
		if (item->type == DOC_STRING)
			check(dec, item);
	}
}

/* --- conditions --- */

enum value_kind {
	VALUE_TEXT, /* checked by the row's check */
	VALUE_BLOCK,
	VALUE_PORT,
	VALUE_HTTP,
	VALUE_REFUSED, /* check is NULL, why says it */
};

struct key_row {
	const char *key;
	bool bracketed; /* "key[...]" */
	enum value_kind kind;
	enum kube_authz_key id;
	kube_text_check check;
	const char *why;
};

static const struct key_row key_rows[] = {
	{"source.ip", false, VALUE_BLOCK, KUBE_KEY_SOURCE_IP, NULL, NULL},
	{"remote.ip", false, VALUE_BLOCK, KUBE_KEY_REMOTE_IP, NULL, NULL},
	{"source.namespace", false, VALUE_TEXT, KUBE_KEY_NAMESPACE, kube_check_pattern, NULL},
	{"source.principal", false, VALUE_TEXT, KUBE_KEY_PRINCIPAL, kube_check_principal, NULL},
	{"source.serviceAccount", false, VALUE_TEXT, KUBE_KEY_SERVICE_ACCOUNT, kube_check_account,
		NULL},
	{"destination.ip", false, VALUE_BLOCK, KUBE_KEY_DESTINATION_IP, NULL, NULL},
	{"destination.port", false, VALUE_PORT, KUBE_KEY_PORT, NULL, NULL},
	{"connection.sni", false, VALUE_TEXT, KUBE_KEY_SNI, kube_check_pattern, NULL},
	{"request.headers", true, VALUE_HTTP, KUBE_KEY_HTTP, kube_check_text, NULL},
	{"request.auth.principal", false, VALUE_REFUSED, KUBE_KEY_HTTP, NULL, KUBE_NO_JWT},
	{"request.auth.audiences", false, VALUE_REFUSED, KUBE_KEY_HTTP, NULL, KUBE_NO_JWT},
	{"request.auth.presenter", false, VALUE_REFUSED, KUBE_KEY_HTTP, NULL, KUBE_NO_JWT},
	{"request.auth.claims", true, VALUE_REFUSED, KUBE_KEY_HTTP, NULL, KUBE_NO_JWT},
	{"experimental.envoy.filters.", true, VALUE_REFUSED, KUBE_KEY_HTTP, NULL,
		"there is no Envoy whose filters could be asked"},
};

#define ROW_OF struct kube_authz_condition
static const struct doc_field condition_rows[] = {
	ROW_STR("key", key, REQUIRED),
	ROW_STRS("values", values),
	ROW_STRS("notValues", not_values),
};
const struct doc_schema kube_authz_condition_schema =
	DOC_SCHEMA("Condition", struct kube_authz_condition, condition_rows);
#undef ROW_OF

static bool row_has(const struct key_row *row, struct rf_str key)
{
	return row->bracketed ? rf_str_starts(key, rf_str_of(row->key)) : rf_str_is(key, row->key);
}

/* request.auth.anything is a token's, whether this list knows it or not. */
static const struct key_row *find_row(struct rf_str key)
{
	static const struct key_row any_token = {
		"request.auth.", true, VALUE_REFUSED, KUBE_KEY_HTTP, NULL, KUBE_NO_JWT};

	for (size_t i = 0; i < RF_ARRAY_LEN(key_rows); i++) {
		if (row_has(&key_rows[i], key))
			return &key_rows[i];
	}
	return row_has(&any_token, key) ? &any_token : NULL;
}

static void unknown_key(struct doc_decoder *dec, const struct kube_authz_condition *c)
{
	const char *best = NULL;
	unsigned best_distance = DOC_SIMILAR_MAX;
	struct rf_pos pos = doc_pos(doc_get(c->node, "key"));

	for (size_t i = 0; i < RF_ARRAY_LEN(key_rows); i++) {
		unsigned distance = doc_similar_distance(c->key, rf_str_of(key_rows[i].key));

		if (distance < best_distance && doc_similar_enough(distance, c->key.len)) {
			best = key_rows[i].key;
			best_distance = distance;
		}
	}
	if (best)
		doc_decode_error(dec, pos, "unknown key \"" RF_STR_FMT "\"; did you mean \"%s\"?",
			RF_STR_ARG(c->key), best);
	else
		doc_decode_error(dec, pos,
			"unknown key \"" RF_STR_FMT "\": expected source.ip, remote.ip, "
			"source.namespace, source.principal, source.serviceAccount, "
			"destination.ip, destination.port, connection.sni or request.headers[NAME]",
			RF_STR_ARG(c->key));
}

/* "a[b]" with something between the brackets. */
static bool has_brackets(const struct key_row *row, struct rf_str key)
{
	size_t open = strlen(row->key);

	return key.len > open + 2 && key.ptr[open] == '[' && key.ptr[key.len - 1] == ']';
}

/* True when there is something in list, and no complaint about it so far. */
static bool is_good_list(const struct doc_node *list, const struct doc_strs *strs)
{
	return list && list->type == DOC_SEQ && list->count && list->count == strs->count;
}

static void take_blocks(struct doc_decoder *dec, struct kube_authz_condition *c)
{
	const struct doc_node *values = doc_get(c->node, "values"),
			      *not_values = doc_get(c->node, "notValues");

	if (is_good_list(values, &c->values))
		(void)kube_decode_blocks(dec, values, &c->blocks);
	if (is_good_list(not_values, &c->not_values))
		(void)kube_decode_blocks(dec, not_values, &c->not_blocks);
}

static void take_ports(struct doc_decoder *dec, struct kube_authz_condition *c)
{
	const struct doc_node *values = doc_get(c->node, "values"),
			      *not_values = doc_get(c->node, "notValues");

	if (is_good_list(values, &c->values))
		(void)kube_decode_authz_ports(dec, values, &c->ports);
	if (is_good_list(not_values, &c->not_values))
		(void)kube_decode_authz_ports(dec, not_values, &c->not_ports);
}

static void take_values(
	struct doc_decoder *dec, const struct key_row *row, struct kube_authz_condition *c)
{
	switch (row->kind) {
	case VALUE_TEXT:
	case VALUE_HTTP:
		kube_check_texts(dec, doc_get(c->node, "values"), row->check);
		kube_check_texts(dec, doc_get(c->node, "notValues"), row->check);
		break;
	case VALUE_BLOCK: take_blocks(dec, c); break;
	case VALUE_PORT: take_ports(dec, c); break;
	case VALUE_REFUSED: break;
	}
}

bool kube_says_something(const struct doc_node *list)
{
	return list && list->type != DOC_NULL && (list->type != DOC_SEQ || list->count);
}

void kube_finish_authz_condition(struct doc_decoder *dec, struct kube_authz_condition *c)
{
	const struct key_row *row;

	if (!c->node || !c->key.ptr)
		return;
	row = find_row(c->key);
	if (!row) {
		unknown_key(dec, c);
		return;
	}
	if (row->kind == VALUE_REFUSED) {
		doc_decode_error(dec, doc_pos(doc_get(c->node, "key")),
			RF_STR_FMT " cannot be enforced: %s; take the condition out",
			RF_STR_ARG(c->key), row->why);
		return;
	}
	if (row->bracketed && !has_brackets(row, c->key))
		doc_decode_error(dec, doc_pos(doc_get(c->node, "key")),
			"\"" RF_STR_FMT "\" needs a name in brackets: %s[NAME]", RF_STR_ARG(c->key),
			row->key);
	c->key_id = row->id;
	if (!kube_says_something(doc_get(c->node, "values")) &&
		!kube_says_something(doc_get(c->node, "notValues")))
		doc_decode_error(dec, doc_pos(c->node),
			"a condition needs an entry in values or in notValues");
	take_values(dec, row, c);
}
