/* What the API asks of volumes beyond the types of their fields. */
#include "kube/kube_int.h"
#include "kube/name_set.h"
#include "kube/names.h"

static const char *const sources[] = {"configMap", "secret", "emptyDir", "persistentVolumeClaim",
	"projected", "hostPath", "downwardAPI", "awsElasticBlockStore", "azureDisk", "azureFile",
	"cephfs", "cinder", "csi", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk",
	"gitRepo", "glusterfs", "image", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume",
	"quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume", NULL};

/* A path of a file inside a volume: relative, without "..". */
static void check_path(
	struct doc_decoder *dec, const struct doc_node *node, const char *field, struct rf_str path)
{
	struct rf_str rest = path, part;
	bool good = path.len && path.ptr[0] != '/';

	if (!path.ptr || !node)
		return;
	while (good && rest.ptr) {
		rest = rf_str_cut(rest, '/', &part);
		good = !rf_str_is(part, "..");
	}
	if (!good || rf_str_starts(path, RF_STR("..")))
		doc_decode_error(dec, doc_field_pos(node, field),
			"expected a relative path without \"..\", found \"" RF_STR_FMT "\"",
			RF_STR_ARG(path));
}

static void check_file_path(
	struct doc_decoder *dec, const struct doc_node *node, struct rf_str path)
{
	check_path(dec, node, "path", path);
}

static void check_items(struct doc_decoder *dec, const struct doc_list *list)
{
	const struct kube_key_to_path *items = list->items;

	for (size_t i = 0; i < list->count; i++)
		check_file_path(dec, items[i].node, items[i].path);
}

static bool is_volume_field(struct rf_str path)
{
	static const char *const paths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
		"metadata.labels", "metadata.annotations"};
	struct rf_str map;

	rf_str_cut(path, '[', &map);
	if (map.len < path.len &&
		(rf_str_is(map, "metadata.labels") || rf_str_is(map, "metadata.annotations")))
		return rf_str_ends(path, RF_STR("']"));
	for (size_t i = 0; i < RF_ARRAY_LEN(paths); i++) {
		if (rf_str_is(path, paths[i]))
			return true;
	}
	return false;
}

static void check_downward(struct doc_decoder *dec, const struct kube_downward_source *source)
{
	static const char *const refs[] = {"fieldRef", "resourceFieldRef", NULL};
	const struct kube_downward_file *files = source ? source->items.items : NULL;

	for (size_t i = 0; files && i < source->items.count; i++) {
		const struct kube_field_ref *ref = files[i].field_ref;

		if (!files[i].node)
			continue;
		check_file_path(dec, files[i].node, files[i].path);
		kube_check_exactly_one(dec, files[i].node, refs);
		if (ref && ref->field_path.ptr && !is_volume_field(ref->field_path))
			doc_decode_error(dec, doc_field_pos(ref->node, "fieldPath"),
				"fieldPath \"" RF_STR_FMT
				"\" is not available to a volume: expected metadata.name, "
				"metadata.namespace, metadata.uid, metadata.labels or "
				"metadata.annotations (['KEY'] picks one)",
				RF_STR_ARG(ref->field_path));
		if (files[i].resource_field_ref && files[i].resource_field_ref->node &&
			files[i].resource_field_ref->container_name.len == 0)
			doc_decode_error(dec, doc_pos(files[i].resource_field_ref->node),
				"resourceFieldRef of a volume needs containerName");
	}
}

static void check_trust_bundle(
	struct doc_decoder *dec, const struct kube_trust_bundle_source *source)
{
	if (!source || !source->node)
		return;
	check_file_path(dec, source->node, source->path);
	if ((source->name.len != 0) == (source->signer_name.len != 0))
		doc_decode_error(dec, doc_pos(source->node),
			"a clusterTrustBundle needs either name or signerName");
	if (source->name.len && doc_get(source->node, "labelSelector"))
		doc_decode_error(dec, doc_field_pos(source->node, "labelSelector"),
			"labelSelector goes with signerName, not with name");
}

static void check_certificate(struct doc_decoder *dec, const struct kube_certificate_source *source)
{
	if (!source || !source->node)
		return;
	check_path(dec, source->node, "credentialBundlePath", source->credential_bundle_path);
	check_path(dec, source->node, "keyPath", source->key_path);
	check_path(dec, source->node, "certificateChainPath", source->certificate_chain_path);
	if (!source->credential_bundle_path.ptr && !source->key_path.ptr &&
		!source->certificate_chain_path.ptr)
		doc_decode_error(dec, doc_pos(source->node),
			"a podCertificate needs credentialBundlePath, keyPath or "
			"certificateChainPath");
}

static void check_projected(struct doc_decoder *dec, const struct kube_projected_source *source)
{
	static const char *const kinds[] = {"configMap", "secret", "downwardAPI",
		"serviceAccountToken", "clusterTrustBundle", "podCertificate", NULL};
	const struct kube_projection *items = source ? source->sources.items : NULL;

	for (size_t i = 0; items && i < source->sources.count; i++) {
		const struct kube_projection *p = &items[i];

		if (!p->node)
			continue;
		kube_check_exactly_one(dec, p->node, kinds);
		if (p->config_map)
			check_items(dec, &p->config_map->items);
		if (p->secret)
			check_items(dec, &p->secret->items);
		check_downward(dec, p->downward_api);
		if (p->service_account_token)
			check_file_path(dec, p->service_account_token->node,
				p->service_account_token->path);
		check_trust_bundle(dec, p->cluster_trust_bundle);
		check_certificate(dec, p->pod_certificate);
	}
}

static void check_empty_dir(struct doc_decoder *dec, const struct kube_empty_dir *dir)
{
	if (!dir || dir->medium.len == 0 || rf_str_is(dir->medium, "Memory") ||
		rf_str_is(dir->medium, "HugePages") ||
		rf_str_starts(dir->medium, RF_STR("HugePages-")))
		return;
	doc_decode_error(dec, doc_field_pos(dir->node, "medium"),
		"expected Memory, HugePages, HugePages-SIZE or nothing, found \"" RF_STR_FMT "\"",
		RF_STR_ARG(dir->medium));
}

static void check_host_path(struct doc_decoder *dec, const struct kube_host_path *h)
{
	if (!h || !h->path.ptr)
		return;
	if (h->path.len == 0 || memmem(h->path.ptr, h->path.len, "/..", 3) ||
		rf_str_is(h->path, ".."))
		doc_decode_error(dec, doc_field_pos(h->node, "path"),
			"expected a path without \"..\", found \"" RF_STR_FMT "\"",
			RF_STR_ARG(h->path));
}

static void check_volume(struct doc_decoder *dec, const struct kube_volume *v)
{
	if (v->name.ptr && !kube_is_dns_label(v->name))
		doc_decode_error(dec, doc_field_pos(v->node, "name"),
			"\"" RF_STR_FMT "\" is not the name of a volume: expected at most 63 of "
			"a-z, 0-9 and '-', a letter or digit at both ends",
			RF_STR_ARG(v->name));
	if (kube_count_set(v->node, sources) != 1)
		doc_decode_error(dec, doc_pos(v->node),
			"a volume needs exactly one source (configMap, secret, emptyDir, "
			"projected, ...), found %zu",
			kube_count_set(v->node, sources));
	if (v->config_map)
		check_items(dec, &v->config_map->items);
	if (v->secret)
		check_items(dec, &v->secret->items);
	check_downward(dec, v->downward_api);
	check_projected(dec, v->projected);
	check_empty_dir(dec, v->empty_dir);
	check_host_path(dec, v->host_path);
}

void kube_check_volumes(
	struct doc_decoder *dec, const struct kube_pod_spec *spec, struct name_set *names)
{
	const struct kube_volume *volumes = spec->volumes.items;

	for (size_t i = 0; i < spec->volumes.count; i++) {
		if (!volumes[i].node)
			continue;
		check_volume(dec, &volumes[i]);
		if (volumes[i].name.len && !name_set_add(names, volumes[i].name))
			doc_decode_error(dec, doc_field_pos(volumes[i].node, "name"),
				"volume " RF_STR_FMT " is defined twice in this pod",
				RF_STR_ARG(volumes[i].name));
	}
}
