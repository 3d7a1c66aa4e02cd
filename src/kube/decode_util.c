/* Decoding and checking that more than one table needs. */
#include "base/buf.h"
#include "base/num.h"
#include "kube/kube_int.h"
#include "kube/names.h"
#include "kube/quantity.h"

#define RESOURCES_MAX 256 /* requests are compared with limits, one with each */

void *kube_alloc(struct doc_decoder *dec, size_t count, size_t size)
{
	void *p = rf_arena_array(dec->arena, count, size);

	if (!p)
		dec->nomem = true;
	return p;
}

static int wrong_type(struct doc_decoder *dec, const struct doc_node *node, const char *wanted)
{
	return doc_decode_error(dec, doc_pos(node), "expected %s, found %s", wanted,
		doc_type_name((enum doc_type)node->type));
}

int kube_decode_list(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, struct doc_list *ret)
{
	char *items;
	size_t i = 0;
	int rc = RF_OK;

	*ret = (struct doc_list){.count = 0};
	if (node->type != DOC_SEQ)
		return wrong_type(dec, node, "a list");
	if (node->count == 0)
		return RF_OK;
	items = kube_alloc(dec, node->count, schema->size);
	if (!items)
		return RF_EINTERNAL;
	doc_each (child, node) {
		int item_rc = doc_decode(dec, schema, child, items + i++ * schema->size);

		if (item_rc == RF_EINTERNAL)
			return item_rc;
		if (item_rc < 0)
			rc = item_rc;
	}
	*ret = (struct doc_list){.items = items, .count = i};
	return rc;
}

int kube_keep_object(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *field)
{
	void *unread = kube_alloc(dec, 1, schema->size);

	*(const struct doc_node **)field = node;
	return unread ? doc_decode(dec, schema, node, unread) : RF_EINTERNAL;
}

int kube_keep_list(struct doc_decoder *dec, const struct doc_schema *schema,
	const struct doc_node *node, void *field)
{
	struct doc_list unread;

	*(const struct doc_node **)field = node;
	return kube_decode_list(dec, schema, node, &unread);
}

int kube_decode_ints(struct doc_decoder *dec, const struct doc_node *node, int64_t min, int64_t max,
	int64_t **ret, size_t *ret_count)
{
	int64_t *out;
	size_t i = 0;

	*ret = NULL;
	*ret_count = 0;
	if (node->type != DOC_SEQ)
		return wrong_type(dec, node, "a list of whole numbers");
	out = kube_alloc(dec, node->count + 1, sizeof(*out));
	if (!out)
		return RF_EINTERNAL;
	doc_each (child, node) {
		if (child->type != DOC_INT || child->number < min || child->number > max)
			doc_decode_error(dec, doc_pos(child),
				"expected a whole number from %lld to %lld", (long long)min,
				(long long)max);
		else
			out[i++] = child->number;
	}
	*ret = out;
	*ret_count = i;
	return i == node->count ? RF_OK : RF_EINPUT;
}

/* A number of another notation than the quantity's (0x10, 1_000) counts by its value. */
static struct rf_str quantity_text(struct doc_decoder *dec, const struct doc_node *node)
{
	uint64_t plain;
	struct rf_str text;

	if (node->type != DOC_INT || rf_num_u64(node->text, UINT64_MAX, &plain))
		return node->text;
	text = rf_arena_printf(dec->arena, "%lld", (long long)node->number);
	dec->nomem |= !text.ptr;
	return text;
}

int kube_decode_quantity(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_quantity *quantity = field;
	bool scalar = node->type == DOC_INT || node->type == DOC_FLOAT || node->type == DOC_STRING;

	*quantity = (struct kube_quantity){.set = false};
	if (!scalar)
		return wrong_type(dec, node, "a quantity such as 500m, 0.5 or 128Mi");
	if (!kube_quantity_parse(quantity_text(dec, node), quantity))
		return doc_decode_error(dec, doc_pos(node),
			"\"" RF_STR_FMT
			"\" is not a quantity: expected a number with at most one of "
			"n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent (500m, 0.5, 1e3, "
			"128Mi)",
			RF_STR_ARG(node->text));
	if (quantity->milli < 0)
		return doc_decode_error(dec, doc_pos(node), "a quantity cannot be negative here");
	return RF_OK;
}

int kube_decode_resource_list(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_resource_list *list = field;
	int rc = RF_OK;

	*list = (struct kube_resource_list){.count = 0};
	if (node->type != DOC_MAP)
		return wrong_type(dec, node, "a map of resource names to quantities");
	if (node->count > RESOURCES_MAX)
		return doc_decode_error(
			dec, doc_pos(node), "more than %d resources in one list", RESOURCES_MAX);
	list->items = kube_alloc(dec, node->count, sizeof(*list->items));
	if (!list->items)
		return node->count ? RF_EINTERNAL : RF_OK;
	doc_each (child, node) {
		struct kube_resource *r = &list->items[list->count++];

		r->name = child->key;
		if (!kube_is_label_key(child->key))
			rc = doc_decode_error(dec, doc_key_pos(child),
				"\"" RF_STR_FMT "\" is not a resource name: expected one such as "
				"cpu, memory, ephemeral-storage or vendor.example/device",
				RF_STR_ARG(child->key));
		if (kube_decode_quantity(dec, child, &r->quantity) < 0)
			rc = RF_EINPUT;
	}
	return dec->nomem ? RF_EINTERNAL : rc;
}

size_t kube_count_set(const struct doc_node *node, const char *const *keys)
{
	size_t count = 0;

	for (; *keys; keys++) {
		const struct doc_node *value = doc_get(node, *keys);

		count += value && value->type != DOC_NULL;
	}
	return count;
}

void kube_check_exactly_one(
	struct doc_decoder *dec, const struct doc_node *node, const char *const *keys)
{
	AUTO_BUF names = {.max = 1024};
	size_t count = kube_count_set(node, keys);

	if (count == 1)
		return;
	for (size_t i = 0; keys[i]; i++)
		rf_buf_addf(&names, "%s%s", i == 0 ? "" : keys[i + 1] ? ", " : " or ", keys[i]);
	doc_decode_error(dec, doc_pos(node), "expected exactly one of %s, found %zu",
		rf_buf_cstr(&names), count);
}

void kube_check_port(struct doc_decoder *dec, const struct doc_node *node, const char *field,
	const struct doc_int_or_str *port)
{
	if (!port->set)
		return;
	if (port->text.ptr ? kube_is_port_name(port->text)
			   : port->number >= 1 && port->number <= PORT_MAX)
		return;
	if (port->text.ptr)
		doc_decode_error(dec, doc_field_pos(node, field),
			"%s: \"" RF_STR_FMT "\" is not the name of a port: expected at most 15 of "
			"a-z, 0-9 and '-', one letter at least (a number must not be quoted)",
			field, RF_STR_ARG(port->text));
	else
		doc_decode_error(dec, doc_field_pos(node, field),
			"%s: expected a port from 1 to 65535, found %lld", field,
			(long long)port->number);
}

void kube_empty_is_unset(struct rf_str *s)
{
	if (s->len == 0)
		*s = RF_STR_NONE;
}

void kube_default_protocol(struct rf_str *protocol)
{
	if (protocol->len == 0)
		*protocol = RF_STR("TCP");
}
