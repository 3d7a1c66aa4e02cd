/*
 * The cases of mattfenwick/cyclonus, evaluated by it: one JSON object a line with namespaces, pods,
 * policies and probes [from, to, protocol, port, ingress, egress]. All must agree.
 */
#include <archive.h>
#include <archive_entry.h>

#include "doc/read.h"
#include "tests/lib/json_copy.h"
#include "tests/lib/tap.h"
#include "tests/lib/world.h"

#define CASES  460
#define PROBES 219912

static unsigned long case_count, probe_count;

/* --- the file --- */

/* A gzip file into text. */
static bool read_gzip(const char *path, struct rf_buf *text)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	la_ssize_t len = -1;

	if (a && archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
		archive_read_support_format_raw(a) == ARCHIVE_OK &&
		archive_read_open_filename(a, path, 1 << 16) == ARCHIVE_OK &&
		archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		do {
			char *room = rf_buf_reserve(text, 1 << 16);

			len = room ? archive_read_data(a, room, 1 << 16) : -1;
			text->len += len > 0 ? (size_t)len : 0;
		} while (len > 0);
	}
	archive_read_free(a);
	return len == 0;
}

/* --- from a case's objects to manifests --- */

static void begin(struct json_writer *w, const char *api_version, const char *kind)
{
	json_object_begin(w);
	json_field_c(w, "apiVersion", api_version);
	json_field_c(w, "kind", kind);
}

static void write_namespaces(struct json_writer *w, const struct doc_node *namespaces)
{
	doc_each (labels, namespaces) {
		begin(w, "v1", "Namespace");
		json_key(w, "metadata");
		json_object_begin(w);
		json_field_str(w, "name", labels->key);
		json_key(w, "labels");
		json_copy(w, labels);
		json_object_end(w);
		json_object_end(w);
	}
}

/* Ports are [name, protocol, number]. */
static void write_ports(struct json_writer *w, const struct doc_node *ports)
{
	json_key(w, "ports");
	json_array_begin(w);
	doc_each (port, ports) {
		json_object_begin(w);
		json_field_str(w, "name", port->first->text);
		json_field_str(w, "protocol", port->first->next->text);
		json_field_int(w, "containerPort", port->first->next->next->number);
		json_object_end(w);
	}
	json_array_end(w);
}

static void write_pod(struct json_writer *w, const struct doc_node *pod)
{
	begin(w, "v1", "Pod");
	json_key(w, "metadata");
	json_object_begin(w);
	json_field_str(w, "name", doc_get(pod, "name")->text);
	json_field_str(w, "namespace", doc_get(pod, "ns")->text);
	json_key(w, "labels");
	json_copy(w, doc_get(pod, "labels"));
	json_object_end(w);
	json_key(w, "spec");
	json_object_begin(w);
	json_key(w, "containers");
	json_array_begin(w);
	json_object_begin(w);
	json_field_c(w, "name", "main");
	json_field_c(w, "image", "main");
	write_ports(w, doc_get(pod, "ports"));
	json_object_end(w);
	json_array_end(w);
	json_object_end(w);
	json_key(w, "status");
	json_object_begin(w);
	json_field_str(w, "podIP", doc_get(pod, "ip")->text);
	json_object_end(w);
	json_object_end(w);
}

/* Some cases leave apiVersion and kind out. */
static void write_policy(struct json_writer *w, const struct doc_node *policy)
{
	begin(w, "networking.k8s.io/v1", "NetworkPolicy");
	json_key(w, "metadata");
	json_copy(w, doc_get(policy, "metadata"));
	json_key(w, "spec");
	json_copy(w, doc_get(policy, "spec"));
	json_object_end(w);
}

static void write_manifest(const struct doc_node *step, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	begin(&w, "v1", "List");
	json_key(&w, "items");
	json_array_begin(&w);
	write_namespaces(&w, doc_get(step, "namespaces"));
	doc_each (pod, doc_get(step, "pods"))
		write_pod(&w, pod);
	doc_each (policy, doc_get(step, "policies"))
		write_policy(&w, policy);
	json_array_end(&w);
	json_object_end(&w);
}

/* --- probes --- */

struct probe {
	const char *from, *to;
	enum policy_proto proto;
	uint16_t port;
	bool ingress, egress;
};

static bool probe_of(const struct doc_node *node, struct probe *ret)
{
	const struct doc_node *from = node->first, *to = from->next, *proto = to->next,
			      *port = proto->next, *ingress = port->next, *egress = ingress->next;

	*ret = (struct probe){.from = from->text.ptr,
		.to = to->text.ptr,
		.port = (uint16_t)port->number,
		.ingress = ingress->number,
		.egress = egress->number};
	return node->count == 6 && policy_proto_parse(proto->text, &ret->proto);
}

static bool probe_agrees(const struct world *w, const struct probe *probe)
{
	uint32_t from = world_pod(w, probe->from), to = world_pod(w, probe->to);
	struct policy_end a, b;
	struct policy_verdict v;

	if (from == POLICY_NO_POD || to == POLICY_NO_POD ||
		!policy_end_of_pod(w->policy, from, RF_IPV4, &a) ||
		!policy_end_of_pod(w->policy, to, RF_IPV4, &b))
		return false;
	v = policy_judge(w->policy, &a, &b, probe->proto, probe->port);
	return v.ingress == probe->ingress && v.egress == probe->egress &&
	       v.allowed == (v.ingress && v.egress);
}

static void try_step(const char *id, unsigned number, const struct doc_node *step)
{
	AUTO_BUF text = {.data = NULL};
	AUTO_WORLD world;
	struct probe probe;

	write_manifest(step, &text);
	if (!world_load(&world, rf_buf_str(&text), "case.json")) {
		world_say(&world);
		CHECKF(false, "case %s step %u does not load", id, number);
		return;
	}
	doc_each (node, doc_get(step, "probes")) {
		bool ok = probe_of(node, &probe) && probe_agrees(&world, &probe);

		probe_count++;
		CHECKF(ok, "case %s step %u: %s -> %s %s %u should be ingress %d egress %d", id,
			number, probe.from, probe.to, policy_proto_name(probe.proto), probe.port,
			probe.ingress, probe.egress);
	}
}

static int try_case(void *ctx, const struct doc_node *root)
{
	const char *id = doc_get(root, "id")->text.ptr;
	unsigned number = 0;

	(void)ctx;
	doc_each (step, doc_get(root, "steps"))
		try_step(id, number++, step);
	case_count++;
	return RF_OK;
}

static void all_cases_of_cyclonus_agree(void)
{
	const char *path = tap_shared_data("netpol/cyclonus-cases.jsonl.gz");
	AUTO_BUF text = {.data = NULL};
	AUTO_DIAGS diags = {.error_count = 0};
	AUTO_ARENA *arena = rf_arena_new(0);

	if (!path)
		SKIP("netpol/cyclonus-cases.jsonl.gz is not there");
	REQUIRE(arena && read_gzip(path, &text));
	CHECK_INT(doc_read_json(rf_buf_str(&text), path, arena, &diags, try_case, NULL), RF_OK);
	CHECK_INT(diags.error_count, 0);
	CHECK_INT(case_count, CASES);
	CHECK_INT(probe_count, PROBES);
	tap_diag("%lu probes of %lu cases", probe_count, case_count);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(all_cases_of_cyclonus_agree);
	return TAP_END();
}
