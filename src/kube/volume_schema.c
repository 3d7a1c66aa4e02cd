/* Volumes that rings read: ConfigMap, Secret, downward API, projected, emptyDir, hostPath, claims.
 */
#include "kube/kube_int.h"
#include "kube/names.h"
#include "kube/volume_int.h"

#define MODE BETWEEN(0, 0777)

#define ROW_OF struct kube_key_to_path
static const struct doc_field item_rows[] = {
	ROW_STR("key", key, REQUIRED),
	ROW_STR("path", path, REQUIRED),
	ROW_INT("mode", mode, MODE),
};
static const struct doc_schema item_schema =
	DOC_SCHEMA("KeyToPath", struct kube_key_to_path, item_rows);
#undef ROW_OF

#define ROW_OF struct kube_config_map_source
static const struct doc_field config_map_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_LIST("items", items, item_schema),
	ROW_INT("defaultMode", default_mode, MODE),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema config_map_schema =
	DOC_SCHEMA("ConfigMapVolumeSource", struct kube_config_map_source, config_map_rows);

static const struct doc_field config_map_projection_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_LIST("items", items, item_schema),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema config_map_projection_schema = DOC_SCHEMA(
	"ConfigMapProjection", struct kube_config_map_source, config_map_projection_rows);
#undef ROW_OF

#define ROW_OF struct kube_secret_source
static const struct doc_field secret_rows[] = {
	ROW_STR("secretName", secret_name, REQUIRED),
	ROW_LIST("items", items, item_schema),
	ROW_INT("defaultMode", default_mode, MODE),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema secret_schema =
	DOC_SCHEMA("SecretVolumeSource", struct kube_secret_source, secret_rows);

static const struct doc_field secret_projection_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_LIST("items", items, item_schema),
	ROW_BOOL("optional", optional),
};
static const struct doc_schema secret_projection_schema =
	DOC_SCHEMA("SecretProjection", struct kube_secret_source, secret_projection_rows);
#undef ROW_OF

#define ROW_OF struct kube_downward_file
static const struct doc_field downward_file_rows[] = {
	ROW_STR("path", path, REQUIRED),
	ROW_PTR("fieldRef", field_ref, kube_field_ref_schema),
	ROW_PTR("resourceFieldRef", resource_field_ref, kube_resource_ref_schema),
	ROW_INT("mode", mode, MODE),
};
static const struct doc_schema downward_file_schema =
	DOC_SCHEMA("DownwardAPIVolumeFile", struct kube_downward_file, downward_file_rows);
#undef ROW_OF

#define ROW_OF struct kube_downward_source
static const struct doc_field downward_rows[] = {
	ROW_LIST("items", items, downward_file_schema),
	ROW_INT("defaultMode", default_mode, MODE),
};
static const struct doc_schema downward_schema =
	DOC_SCHEMA("DownwardAPIVolumeSource", struct kube_downward_source, downward_rows);

static const struct doc_field downward_projection_rows[] = {
	ROW_LIST("items", items, downward_file_schema),
};
static const struct doc_schema downward_projection_schema =
	DOC_SCHEMA("DownwardAPIProjection", struct kube_downward_source, downward_projection_rows);
#undef ROW_OF

#define ROW_OF struct kube_token_source
static const struct doc_field token_rows[] = {
	ROW_STR("audience", audience),
	ROW_INT("expirationSeconds", expiration_seconds, BETWEEN(600, (int64_t)1 << 32)),
	ROW_STR("path", path, REQUIRED),
};
static const struct doc_schema token_schema =
	DOC_SCHEMA("ServiceAccountTokenProjection", struct kube_token_source, token_rows);
#undef ROW_OF

#define ROW_OF struct kube_trust_bundle_source
static const struct doc_field bundle_rows[] = {
	ROW_STR("name", name),
	ROW_STR("signerName", signer_name),
	ROW_CUSTOM("labelSelector", label_selector, kube_decode_selector),
	ROW_BOOL("optional", optional),
	ROW_STR("path", path, REQUIRED),
};
static const struct doc_schema bundle_schema =
	DOC_SCHEMA("ClusterTrustBundleProjection", struct kube_trust_bundle_source, bundle_rows);
#undef ROW_OF

#define ROW_OF struct kube_certificate_source
static const struct doc_field certificate_rows[] = {
	ROW_STR("signerName", signer_name, REQUIRED),
	ROW_STR("keyType", key_type, REQUIRED,
		ONE_OF("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")),
	ROW_INT("maxExpirationSeconds", max_expiration_seconds, BETWEEN(3600, 91 * 86400)),
	ROW_STR("credentialBundlePath", credential_bundle_path),
	ROW_STR("keyPath", key_path),
	ROW_STR("certificateChainPath", certificate_chain_path),
	ROW_PAIRS("userAnnotations", user_annotations),
};
static const struct doc_schema certificate_schema =
	DOC_SCHEMA("PodCertificateProjection", struct kube_certificate_source, certificate_rows);
#undef ROW_OF

#define ROW_OF struct kube_projection
static const struct doc_field projection_rows[] = {
	ROW_PTR("configMap", config_map, config_map_projection_schema),
	ROW_PTR("secret", secret, secret_projection_schema),
	ROW_PTR("downwardAPI", downward_api, downward_projection_schema),
	ROW_PTR("serviceAccountToken", service_account_token, token_schema),
	ROW_PTR("clusterTrustBundle", cluster_trust_bundle, bundle_schema),
	ROW_PTR("podCertificate", pod_certificate, certificate_schema),
};
static const struct doc_schema projection_schema =
	DOC_SCHEMA("VolumeProjection", struct kube_projection, projection_rows);
#undef ROW_OF

#define ROW_OF struct kube_projected_source
static const struct doc_field projected_rows[] = {
	ROW_LIST("sources", sources, projection_schema),
	ROW_INT("defaultMode", default_mode, MODE),
};
static const struct doc_schema projected_schema =
	DOC_SCHEMA("ProjectedVolumeSource", struct kube_projected_source, projected_rows);
#undef ROW_OF

#define ROW_OF struct kube_empty_dir
static const struct doc_field empty_dir_rows[] = {
	ROW_STR("medium", medium),
	ROW_CUSTOM("sizeLimit", size_limit, kube_decode_quantity),
};
static const struct doc_schema empty_dir_schema =
	DOC_SCHEMA("EmptyDirVolumeSource", struct kube_empty_dir, empty_dir_rows);
#undef ROW_OF

#define ROW_OF struct kube_host_path
static const struct doc_field host_path_rows[] = {
	ROW_STR("path", path, REQUIRED),
	ROW_STR("type", type,
		ONE_OF("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket",
			"CharDevice", "BlockDevice")),
};
static const struct doc_schema host_path_schema =
	DOC_SCHEMA("HostPathVolumeSource", struct kube_host_path, host_path_rows);
#undef ROW_OF

#define ROW_OF struct kube_pvc_source
static const struct doc_field pvc_rows[] = {
	ROW_STR("claimName", claim_name, REQUIRED),
	ROW_BOOL("readOnly", read_only),
};
static const struct doc_schema pvc_schema =
	DOC_SCHEMA("PersistentVolumeClaimVolumeSource", struct kube_pvc_source, pvc_rows);
#undef ROW_OF

#define OTHER(name) ROW_CUSTOM(name, other, kube_keep_other_volume)
#define ROW_OF	    struct kube_volume
static const struct doc_field volume_rows[] = {
	ROW_STR("name", name, REQUIRED),
	ROW_PTR("configMap", config_map, config_map_schema),
	ROW_PTR("secret", secret, secret_schema),
	ROW_PTR("emptyDir", empty_dir, empty_dir_schema),
	ROW_PTR("persistentVolumeClaim", persistent_volume_claim, pvc_schema),
	ROW_PTR("projected", projected, projected_schema),
	ROW_PTR("hostPath", host_path, host_path_schema),
	ROW_PTR("downwardAPI", downward_api, downward_schema),
	OTHER("awsElasticBlockStore"),
	OTHER("azureDisk"),
	OTHER("azureFile"),
	OTHER("cephfs"),
	OTHER("cinder"),
	OTHER("csi"),
	OTHER("ephemeral"),
	OTHER("fc"),
	OTHER("flexVolume"),
	OTHER("flocker"),
	OTHER("gcePersistentDisk"),
	OTHER("gitRepo"),
	OTHER("glusterfs"),
	OTHER("image"),
	OTHER("iscsi"),
	OTHER("nfs"),
	OTHER("photonPersistentDisk"),
	OTHER("portworxVolume"),
	OTHER("quobyte"),
	OTHER("rbd"),
	OTHER("scaleIO"),
	OTHER("storageos"),
	OTHER("vsphereVolume"),
};
const struct doc_schema kube_volume_schema = DOC_SCHEMA("Volume", struct kube_volume, volume_rows);
#undef ROW_OF
