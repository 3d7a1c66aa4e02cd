/*
 * The downward API: fields of the pod and resources of its containers as text. Source: kubernetes
 * pkg/fieldpath, pkg/api/v1/resource (ExtractContainerResourceValue).
 */
#include "host/env_int.h"
#include "kube/selector.h"
#include "doc/utf8.h"

#include <unistd.h>

#define HOSTNAME_MAX 63

struct rf_str env_hostname(const struct env_pod *pod)
{
	const struct kube_pod_spec *spec = pod->pod->spec;
	struct rf_str name = spec->hostname.len ? spec->hostname : pod->pod->name;

	if (spec->host_network.value && pod->node)
		return rf_str_of(pod->node);
	if (name.len <= HOSTNAME_MAX)
		return name;
	name.len = HOSTNAME_MAX;
	while (name.len && (name.ptr[name.len - 1] == '-' || name.ptr[name.len - 1] == '.'))
		name.len--;
	return name;
}

/* --- fields --- */

static void put_name(const struct env_pod *pod, struct rf_buf *out)
{
	rf_buf_add_str(out, pod->pod->name);
}

static void put_namespace(const struct env_pod *pod, struct rf_buf *out)
{
	rf_buf_add_str(out, pod->pod->namespace);
}

static void put_uid(const struct env_pod *pod, struct rf_buf *out)
{
	rf_buf_add_str(out, rf_str_of(pod->uid));
}

static void put_node(const struct env_pod *pod, struct rf_buf *out)
{
	rf_buf_add_str(out, rf_str_of(pod->node));
}

static void put_account(const struct env_pod *pod, struct rf_buf *out)
{
	const struct kube_pod_spec *spec = pod->pod->spec;

	if (spec->service_account_name.len)
		rf_buf_add_str(out, spec->service_account_name);
	else if (spec->service_account.len)
		rf_buf_add_str(out, spec->service_account);
	else
		rf_buf_add_c(out, "default");
}

static void put_ip(const struct rf_ip *ip, struct rf_buf *out)
{
	char text[RF_IP_TEXT_SIZE];

	if (ip->family != RF_FAMILY_NONE)
		rf_buf_add_c(out, rf_ip_text(ip, text));
}

static void put_host_ip(const struct env_pod *pod, struct rf_buf *out)
{
	put_ip(&pod->host_ip, out);
}

static void put_pod_ip(const struct env_pod *pod, struct rf_buf *out)
{
	if (pod->pod->spec->host_network.value)
		put_host_ip(pod, out);
	else if (pod->pod->ip_count)
		put_ip(&pod->pod->ips[0], out);
}

static void put_pod_ips(const struct env_pod *pod, struct rf_buf *out)
{
	if (pod->pod->spec->host_network.value) {
		put_host_ip(pod, out);
		return;
	}
	for (size_t i = 0; i < pod->pod->ip_count; i++) {
		if (i)
			rf_buf_add_char(out, ',');
		put_ip(&pod->pod->ips[i], out);
	}
}

/* One character as Go's %q writes it; what is not ASCII is taken to be printable from U+00A0 on. */
static void put_quoted_rune(uint32_t rune, struct rf_str bytes, struct rf_buf *out)
{
	static const char plain[] = "abtnvfr"; /* for 7..13: \a \b \t \n \v \f \r */

	if (rune == '"' || rune == '\\')
		rf_buf_addf(out, "\\%c", (char)rune);
	else if (rune >= 7 && rune <= 13)
		rf_buf_addf(out, "\\%c", plain[rune - 7]);
	else if (rune < ' ' || rune == 0x7f)
		rf_buf_addf(out, "\\x%02x", rune);
	else if (rune > 0x7f && rune < 0xa0)
		rf_buf_addf(out, "\\u%04x", rune);
	else
		rf_buf_add_str(out, bytes);
}

static void put_quoted(struct rf_str text, struct rf_buf *out)
{
	rf_buf_add_char(out, '"');
	while (text.len) {
		uint32_t rune;
		size_t len = doc_utf8_decode(text, &rune);
		struct rf_str bytes = {.ptr = text.ptr, .len = len ? len : 1};

		if (len)
			put_quoted_rune(rune, bytes, out);
		else
			rf_buf_addf(out, "\\x%02x", (unsigned char)text.ptr[0]);
		text.ptr += bytes.len;
		text.len -= bytes.len;
	}
	rf_buf_add_char(out, '"');
}

static void put_pairs(const struct doc_pairs *pairs, struct rf_buf *out)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (i)
			rf_buf_add_char(out, '\n');
		rf_buf_add_str(out, pairs->items[i].key);
		rf_buf_add_char(out, '=');
		put_quoted(pairs->items[i].value, out);
	}
}

static const struct doc_pairs *annotations_of(const struct env_pod *pod)
{
	static const struct doc_pairs none;
	const struct kube_object *owner = pod->pod->owner;

	return owner && owner->workload ? &owner->workload->template_meta.annotations : &none;
}

static void put_labels(const struct env_pod *pod, struct rf_buf *out)
{
	put_pairs(&pod->pod->labels, out);
}

static void put_annotations(const struct env_pod *pod, struct rf_buf *out)
{
	put_pairs(annotations_of(pod), out);
}

static const struct {
	const char *path;
	void (*put)(const struct env_pod *pod, struct rf_buf *out);
} field_rows[] = {
	{"metadata.name", put_name},
	{"metadata.namespace", put_namespace},
	{"metadata.uid", put_uid},
	{"metadata.labels", put_labels},
	{"metadata.annotations", put_annotations},
	{"spec.nodeName", put_node},
	{"spec.serviceAccountName", put_account},
	{"status.hostIP", put_host_ip},
	{"status.hostIPs", put_host_ip},
	{"status.podIP", put_pod_ip},
	{"status.podIPs", put_pod_ips},
};

/* KEY of metadata.labels['KEY'] after its map's name. */
static bool cut_subscript(struct rf_str path, struct rf_str map, struct rf_str *ret_key)
{
	if (!rf_str_starts(path, map))
		return false;
	path.ptr += map.len;
	path.len -= map.len;
	if (path.len < 5 || !rf_str_starts(path, RF_STR("['")) || !rf_str_ends(path, RF_STR("']")))
		return false;
	*ret_key = (struct rf_str){.ptr = path.ptr + 2, .len = path.len - 4};
	return true;
}

static bool put_field(const struct env_pod *pod, struct rf_str path, struct rf_buf *out)
{
	struct rf_str key;

	for (size_t i = 0; i < RF_ARRAY_LEN(field_rows); i++) {
		if (rf_str_is(path, field_rows[i].path)) {
			field_rows[i].put(pod, out);
			return true;
		}
	}
	if (cut_subscript(path, RF_STR("metadata.labels"), &key))
		rf_buf_add_str(out, kube_label(&pod->pod->labels, key));
	else if (cut_subscript(path, RF_STR("metadata.annotations"), &key))
		rf_buf_add_str(out, kube_label(annotations_of(pod), key));
	else
		return false;
	return true;
}

int env_field(const struct env_pod *pod, const struct kube_field_ref *ref, struct rf_buf *out,
	struct rf_diags *diags)
{
	if (!put_field(pod, ref->field_path, out))
		return rf_diag_add(diags, RF_ERROR, doc_field_pos(ref->node, "fieldPath"),
			"fieldPath \"" RF_STR_FMT
			"\" is not known: expected metadata.name, .namespace, .uid, .labels, "
			".annotations, spec.nodeName, spec.serviceAccountName, status.hostIP(s) or "
			"status.podIP(s)",
			RF_STR_ARG(ref->field_path));
	return out->failed ? RF_EINTERNAL : RF_OK;
}

/* --- resources --- */

static int64_t machine_cpu_milli(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return (count > 0 ? count : 1) * INT64_C(1000);
}

static int64_t machine_memory_milli(void)
{
	int64_t bytes = 0, milli;

	if (__builtin_mul_overflow(
		    (int64_t)sysconf(_SC_PHYS_PAGES), (int64_t)sysconf(_SC_PAGESIZE), &bytes) ||
		__builtin_mul_overflow(bytes, INT64_C(1000), &milli))
		return INT64_MAX;
	return milli > 0 ? milli : 0;
}

static const struct resource_row {
	const char *path, *name;
	bool limit;
	bool whole; /* counted in whole units before the division (bytes), not in thousandths */
	int64_t (*machine)(void);
} resource_rows[] = {
	{"limits.cpu", "cpu", true, false, machine_cpu_milli},
	{"limits.memory", "memory", true, true, machine_memory_milli},
	{"requests.cpu", "cpu", false, false, NULL},
	{"requests.memory", "memory", false, true, NULL},
};

static int64_t divide_up(int64_t a, int64_t b)
{
	return a <= 0 ? 0 : a / b + (a % b != 0);
}

static int64_t resource_value(const struct resource_row *row, const struct kube_container *c,
	const struct kube_quantity *divisor)
{
	struct kube_quantity limit = kube_resource_get(&c->resources.limits, row->name);
	struct kube_quantity request = kube_resource_get(&c->resources.requests, row->name);
	int64_t milli = limit.set ? limit.milli : 0;
	int64_t by = divisor->set && divisor->milli > 0 ? divisor->milli : 1000;

	if (row->limit && milli == 0)
		milli = row->machine();
	if (!row->limit && request.set)
		milli = request.milli;
	if (!row->whole)
		return divide_up(milli, by);
	return divide_up(divide_up(milli, 1000), divide_up(by, 1000));
}

static const struct kube_container *find_container(
	const struct kube_pod_spec *spec, struct rf_str name)
{
	const struct doc_list *lists[] = {&spec->containers, &spec->init_containers};

	for (size_t i = 0; i < RF_ARRAY_LEN(lists); i++) {
		const struct kube_container *items = lists[i]->items;

		for (size_t k = 0; k < lists[i]->count; k++) {
			if (rf_str_eq(items[k].name, name))
				return &items[k];
		}
	}
	return NULL;
}

int env_resource(const struct env_pod *pod, const struct kube_resource_ref *ref,
	const struct kube_container *self, struct rf_buf *out, struct rf_diags *diags)
{
	const struct kube_container *c =
		ref->container_name.len ? find_container(pod->pod->spec, ref->container_name)
					: self;

	if (!c)
		return rf_diag_add(diags, RF_ERROR, doc_field_pos(ref->node, "containerName"),
			"resourceFieldRef: expected containerName to name a container of the pod");
	for (size_t i = 0; i < RF_ARRAY_LEN(resource_rows); i++) {
		if (!rf_str_is(ref->resource, resource_rows[i].path))
			continue;
		rf_buf_addf(out, "%lld",
			(long long)resource_value(&resource_rows[i], c, &ref->divisor));
		return out->failed ? RF_EINTERNAL : RF_OK;
	}
	return rf_diag_add(diags, RF_ERROR, doc_field_pos(ref->node, "resource"),
		"resource \"" RF_STR_FMT
		"\" is not known here: expected limits.cpu, limits.memory, requests.cpu or "
		"requests.memory",
		RF_STR_ARG(ref->resource));
}
