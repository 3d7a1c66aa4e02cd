/* The volume sources that Ringfence checks but does not run, and claims made from templates. */
#include "kube/kube_int.h"
#include "kube/volume_int.h"

#define ROW_OF struct kube_checked
#define SCHEMA(variable, name, rows) \
	static const struct doc_schema variable = DOC_SCHEMA(name, struct kube_checked, rows)
#define FS_TYPE_AND_READ_ONLY SEEN_STR("fsType"), SEEN_BOOL("readOnly")
#define SECRET_REF	      SEEN_OBJ("secretRef", kube_local_ref_schema)

static const struct doc_field aws_rows[] = {
	SEEN_STR("volumeID", REQUIRED),
	SEEN_INT("partition", NOT_NEGATIVE),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(aws_schema, "AWSElasticBlockStoreVolumeSource", aws_rows);

static const struct doc_field azure_disk_rows[] = {
	SEEN_STR("diskName", REQUIRED),
	SEEN_STR("diskURI", REQUIRED),
	SEEN_STR("cachingMode", ONE_OF("None", "ReadOnly", "ReadWrite")),
	SEEN_STR("kind", ONE_OF("Shared", "Dedicated", "Managed")),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(azure_disk_schema, "AzureDiskVolumeSource", azure_disk_rows);

static const struct doc_field azure_file_rows[] = {
	SEEN_STR("secretName", REQUIRED),
	SEEN_STR("shareName", REQUIRED),
	SEEN_BOOL("readOnly"),
};
SCHEMA(azure_file_schema, "AzureFileVolumeSource", azure_file_rows);

static const struct doc_field cephfs_rows[] = {
	SEEN_STRS("monitors", REQUIRED),
	SEEN_STR("path"),
	SEEN_STR("user"),
	SEEN_STR("secretFile"),
	SECRET_REF,
	SEEN_BOOL("readOnly"),
};
SCHEMA(cephfs_schema, "CephFSVolumeSource", cephfs_rows);

static const struct doc_field cinder_rows[] = {
	SEEN_STR("volumeID", REQUIRED),
	SECRET_REF,
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(cinder_schema, "CinderVolumeSource", cinder_rows);

static const struct doc_field csi_rows[] = {
	SEEN_STR("driver", REQUIRED),
	SEEN_PAIRS("volumeAttributes"),
	SEEN_OBJ("nodePublishSecretRef", kube_local_ref_schema),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(csi_schema, "CSIVolumeSource", csi_rows);

static const struct doc_field fc_rows[] = {
	SEEN_STRS("targetWWNs"),
	SEEN_INT("lun", NOT_NEGATIVE),
	SEEN_STRS("wwids"),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(fc_schema, "FCVolumeSource", fc_rows);

static const struct doc_field flex_rows[] = {
	SEEN_STR("driver", REQUIRED),
	SECRET_REF,
	SEEN_PAIRS("options"),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(flex_schema, "FlexVolumeSource", flex_rows);

static const struct doc_field flocker_rows[] = {
	SEEN_STR("datasetName"),
	SEEN_STR("datasetUUID"),
};
SCHEMA(flocker_schema, "FlockerVolumeSource", flocker_rows);

static const struct doc_field gce_rows[] = {
	SEEN_STR("pdName", REQUIRED),
	SEEN_INT("partition", NOT_NEGATIVE),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(gce_schema, "GCEPersistentDiskVolumeSource", gce_rows);

static const struct doc_field git_rows[] = {
	SEEN_STR("repository", REQUIRED),
	SEEN_STR("revision"),
	SEEN_STR("directory"),
};
SCHEMA(git_schema, "GitRepoVolumeSource", git_rows);

static const struct doc_field gluster_rows[] = {
	SEEN_STR("endpoints", REQUIRED),
	SEEN_STR("path", REQUIRED),
	SEEN_BOOL("readOnly"),
};
SCHEMA(gluster_schema, "GlusterfsVolumeSource", gluster_rows);

static const struct doc_field image_rows[] = {
	SEEN_STR("reference"),
	SEEN_STR("pullPolicy", ONE_OF("Always", "Never", "IfNotPresent", "")),
};
SCHEMA(image_schema, "ImageVolumeSource", image_rows);

static const struct doc_field iscsi_rows[] = {
	SEEN_STR("targetPortal", REQUIRED),
	SEEN_STR("iqn", REQUIRED),
	SEEN_INT("lun", REQUIRED, NOT_NEGATIVE),
	SEEN_STR("iscsiInterface"),
	SEEN_STRS("portals"),
	SEEN_BOOL("chapAuthDiscovery"),
	SEEN_BOOL("chapAuthSession"),
	SECRET_REF,
	SEEN_STR("initiatorName"),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(iscsi_schema, "ISCSIVolumeSource", iscsi_rows);

static const struct doc_field nfs_rows[] = {
	SEEN_STR("server", REQUIRED),
	SEEN_STR("path", REQUIRED),
	SEEN_BOOL("readOnly"),
};
SCHEMA(nfs_schema, "NFSVolumeSource", nfs_rows);

static const struct doc_field photon_rows[] = {
	SEEN_STR("pdID", REQUIRED),
	SEEN_STR("fsType"),
};
SCHEMA(photon_schema, "PhotonPersistentDiskVolumeSource", photon_rows);

static const struct doc_field portworx_rows[] = {
	SEEN_STR("volumeID", REQUIRED),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(portworx_schema, "PortworxVolumeSource", portworx_rows);

static const struct doc_field quobyte_rows[] = {
	SEEN_STR("registry", REQUIRED),
	SEEN_STR("volume", REQUIRED),
	SEEN_BOOL("readOnly"),
	SEEN_STR("user"),
	SEEN_STR("group"),
	SEEN_STR("tenant"),
};
SCHEMA(quobyte_schema, "QuobyteVolumeSource", quobyte_rows);

static const struct doc_field rbd_rows[] = {
	SEEN_STRS("monitors", REQUIRED),
	SEEN_STR("image", REQUIRED),
	SEEN_STR("pool"),
	SEEN_STR("user"),
	SEEN_STR("keyring"),
	SECRET_REF,
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(rbd_schema, "RBDVolumeSource", rbd_rows);

static const struct doc_field scale_io_rows[] = {
	SEEN_STR("gateway", REQUIRED),
	SEEN_STR("system", REQUIRED),
	SEEN_OBJ("secretRef", kube_local_ref_schema, REQUIRED),
	SEEN_BOOL("sslEnabled"),
	SEEN_STR("protectionDomain"),
	SEEN_STR("storagePool"),
	SEEN_STR("storageMode"),
	SEEN_STR("volumeName"),
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(scale_io_schema, "ScaleIOVolumeSource", scale_io_rows);

static const struct doc_field storageos_rows[] = {
	SEEN_STR("volumeName"),
	SEEN_STR("volumeNamespace"),
	SECRET_REF,
	FS_TYPE_AND_READ_ONLY,
};
SCHEMA(storageos_schema, "StorageOSVolumeSource", storageos_rows);

static const struct doc_field vsphere_rows[] = {
	SEEN_STR("volumePath", REQUIRED),
	SEEN_STR("fsType"),
	SEEN_STR("storagePolicyName"),
	SEEN_STR("storagePolicyID"),
};
SCHEMA(vsphere_schema, "VsphereVirtualDiskVolumeSource", vsphere_rows);

static const struct doc_field typed_ref_rows[] = {
	SEEN_STR("apiGroup"),
	SEEN_STR("kind", REQUIRED),
	SEEN_STR("name", REQUIRED),
};
SCHEMA(typed_ref_schema, "TypedLocalObjectReference", typed_ref_rows);

static const struct doc_field typed_object_rows[] = {
	SEEN_STR("apiGroup"),
	SEEN_STR("kind", REQUIRED),
	SEEN_STR("name", REQUIRED),
	SEEN_STR("namespace"),
};
SCHEMA(typed_object_schema, "TypedObjectReference", typed_object_rows);

static const struct doc_field claim_resource_rows[] = {
	SEEN_CUSTOM("limits", kube_decode_resource_list),
	SEEN_CUSTOM("requests", kube_decode_resource_list),
};
SCHEMA(claim_resource_schema, "VolumeResourceRequirements", claim_resource_rows);

static int keep_access_modes(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	static const char *const modes[] = {
		"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"};
	int rc = RF_OK;

	(void)field;
	if (node->type != DOC_SEQ)
		return doc_decode_error(dec, doc_pos(node), "accessModes: expected a list");
	doc_each (mode, node) {
		size_t i = 0;

		while (i < RF_ARRAY_LEN(modes) && !rf_str_is(mode->text, modes[i]))
			i++;
		if (i == RF_ARRAY_LEN(modes))
			rc = doc_decode_error(dec, doc_pos(mode),
				"expected ReadWriteOnce, ReadOnlyMany, ReadWriteMany or "
				"ReadWriteOncePod");
	}
	return rc;
}

static const struct doc_field claim_spec_rows[] = {
	SEEN_CUSTOM("accessModes", keep_access_modes),
	SEEN_CUSTOM("selector", kube_decode_selector),
	SEEN_OBJ("resources", claim_resource_schema),
	SEEN_STR("volumeName"),
	SEEN_STR("storageClassName"),
	SEEN_STR("volumeMode", ONE_OF("Block", "Filesystem")),
	SEEN_OBJ("dataSource", typed_ref_schema),
	SEEN_OBJ("dataSourceRef", typed_object_schema),
	SEEN_STR("volumeAttributesClassName"),
};
static const struct doc_schema claim_spec_schema =
	DOC_SCHEMA("PersistentVolumeClaimSpec", struct kube_checked, claim_spec_rows);
#undef ROW_OF

#define ROW_OF struct kube_claim
static const struct doc_field claim_template_rows[] = {
	ROW_CUSTOM("metadata", meta, kube_decode_meta),
	ROW_PTR("spec", spec, claim_spec_schema, REQUIRED),
};
static const struct doc_schema claim_template_schema =
	DOC_SCHEMA("PersistentVolumeClaimTemplate", struct kube_claim, claim_template_rows);

static const struct doc_field claim_rows[] = {
	ROW_STR("apiVersion", api_version),
	ROW_STR("kind", kind),
	ROW_CUSTOM("metadata", meta, kube_decode_meta, REQUIRED),
	ROW_PTR("spec", spec, claim_spec_schema, REQUIRED),
	ROW_NODE("status", status),
};
const struct doc_schema kube_claim_schema =
	DOC_SCHEMA("PersistentVolumeClaim", struct kube_claim, claim_rows);
#undef ROW_OF

#define ROW_OF struct kube_checked
static const struct doc_field ephemeral_rows[] = {
	SEEN_OBJ("volumeClaimTemplate", claim_template_schema, REQUIRED),
};
SCHEMA(ephemeral_schema, "EphemeralVolumeSource", ephemeral_rows);
#undef ROW_OF

static const struct {
	const char *name;
	const struct doc_schema *schema;
} others[] = {
	{"awsElasticBlockStore", &aws_schema},
	{"azureDisk", &azure_disk_schema},
	{"azureFile", &azure_file_schema},
	{"cephfs", &cephfs_schema},
	{"cinder", &cinder_schema},
	{"csi", &csi_schema},
	{"ephemeral", &ephemeral_schema},
	{"fc", &fc_schema},
	{"flexVolume", &flex_schema},
	{"flocker", &flocker_schema},
	{"gcePersistentDisk", &gce_schema},
	{"gitRepo", &git_schema},
	{"glusterfs", &gluster_schema},
	{"image", &image_schema},
	{"iscsi", &iscsi_schema},
	{"nfs", &nfs_schema},
	{"photonPersistentDisk", &photon_schema},
	{"portworxVolume", &portworx_schema},
	{"quobyte", &quobyte_schema},
	{"rbd", &rbd_schema},
	{"scaleIO", &scale_io_schema},
	{"storageos", &storageos_schema},
	{"vsphereVolume", &vsphere_schema},
};

int kube_keep_other_volume(struct doc_decoder *dec, const struct doc_node *node, void *field)
{
	struct kube_volume *volume = (void *)((char *)field - offsetof(struct kube_volume, other));

	volume->other_name = node->key;
	for (size_t i = 0; i < RF_ARRAY_LEN(others); i++) {
		if (rf_str_is(node->key, others[i].name))
			return kube_keep_object(dec, others[i].schema, node, field);
	}
	return doc_decode_error(dec, doc_key_pos(node), "not a volume source");
}
