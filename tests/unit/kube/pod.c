/* PodSpec: what is decoded, what is refused. */
#include "tests/unit/kube/kube_test.h"

static const struct kube_container *first_container(const struct loaded *l)
{
	return loaded_first(l) ? loaded_first(l)->workload->pod.containers.items : NULL;
}

static void a_pod_needs_containers_with_name_and_image(void)
{
	LOADS(POD("containers: [{name: c, image: i}]"));
	SAYS(POD("containers: []"), "4:8 a pod needs at least one container\n");
	REFUSES(POD("restartPolicy: Always"), "PodSpec needs the field \"containers\"");
	REFUSES(POD("containers: [{image: i}]"), "Container needs the field \"name\"");
	REFUSES(POD("containers: [{name: c}]"), "Container needs the field \"image\"");
	REFUSES(POD("containers: [{name: c, image: ''}]"), "expected the reference of an image");
	REFUSES(POD("containers: [{name: C_1, image: i}]"), "is not the name of a container");
}

static void container_names_are_unique_over_all_containers(void)
{
	REFUSES(POD("containers: [{name: c, image: i}, {name: c, image: j}]"), "used twice");
	REFUSES(POD("initContainers: [{name: c, image: i}], containers: [{name: c, image: j}]"),
		"used twice");
}

static void restartPolicy_is_Always_unless_given(void)
{
	AUTO_LOADED l = loaded_of(POD("containers: [{name: c, image: i}]"));
	AUTO_LOADED m = loaded_of(POD("restartPolicy: Never, containers: [{name: c, image: i}]"));

	CHECK(rf_str_is(loaded_first(&l)->workload->pod.restart_policy, "Always"));
	CHECK(rf_str_is(loaded_first(&m)->workload->pod.restart_policy, "Never"));
	REFUSES(POD("restartPolicy: always, containers: [{name: c, image: i}]"),
		"expected one of Always, OnFailure, Never");
}

static void enumerations_name_their_values(void)
{
	REFUSES(POD("dnsPolicy: default, containers: [{name: c, image: i}]"),
		"expected one of ClusterFirst, ClusterFirstWithHostNet, Default, None");
	REFUSES(CONTAINER("imagePullPolicy: Sometimes"),
		"expected one of Always, IfNotPresent, Never");
	REFUSES(CONTAINER("securityContext: {seccompProfile: {type: Runtime}}"),
		"expected one of RuntimeDefault, Unconfined, Localhost");
	REFUSES(CONTAINER("terminationMessagePolicy: Log"), "expected one of File");
	REFUSES(CONTAINER("securityContext: {procMount: Masked}"), "expected one of Default");
}

static void an_unknown_field_is_an_error_with_a_suggestion(void)
{
	SAYS(CONTAINER("imagePullPolcy: Always"),
		"5:3 unknown field \"imagePullPolcy\" in Container; did you mean "
		"\"imagePullPolicy\"?\n");
	REFUSES(POD("hostNetwrk: true, containers: [{name: c, image: i}]"),
		"did you mean \"hostNetwork\"?");
}

static void typos_and_wrong_types_inside_kept_nodes_are_errors(void)
{
	REFUSES(POD("containers: [{name: c, image: i}], affinity: {nodeAffinty: {}}"),
		"unknown field \"nodeAffinty\" in Affinity");
	REFUSES(POD("containers: [{name: c, image: i}], affinity: {podAntiAffinity: "
		    "{requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: 1}]}}"),
		"field \"topologyKey\" of PodAffinityTerm: expected a string");
	REFUSES(POD("containers: [{name: c, image: i}], affinity: {podAffinity: "
		    "{preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, "
		    "podAffinityTerm: {topologyKey: z}}]}}"),
		"expected an integer from 1 to 100");
	REFUSES(POD("containers: [{name: c, image: i}], affinity: {podAffinity: "
		    "{requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, "
		    "labelSelector: {matchExpressions: [{key: a, operator: In}]}}]}}"),
		"operator In needs at least one entry");
	REFUSES(POD("containers: [{name: c, image: i}], affinity: {nodeAffinity: "
		    "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
		    "[{matchExpressions: [{key: a, operator: Gt, values: ['1', '2']}]}]}}}"),
		"operator Gt takes exactly one value, found 2");
	REFUSES(POD("containers: [{name: c, image: i}], tolerations: [{key: a, operator: Exists, "
		    "value: x}]"),
		"the operator Exists takes no value");
	REFUSES(POD("containers: [{name: c, image: i}], tolerations: [{value: x}]"),
		"needs the operator Exists");
	REFUSES(POD("containers: [{name: c, image: i}], topologySpreadConstraints: [{maxSkew: 1, "
		    "topologyKey: z, whenUnsatisfiable: Maybe}]"),
		"expected one of DoNotSchedule, ScheduleAnyway");
	REFUSES(POD("containers: [{name: c, image: i}], resourceClaims: [{name: r}]"),
		"expected exactly one of resourceClaimName or resourceClaimTemplateName");
	REFUSES(POD("containers: [{name: c, image: i}], os: {name: Linux}"),
		"expected one of linux, windows");
}

static void scheduling_is_kept_as_nodes(void)
{
	AUTO_LOADED l = loaded_of(POD("containers: [{name: c, image: i}], affinity: {}, "
				      "tolerations: [{operator: Exists}], readinessGates: "
				      "[{conditionType: x/z}], schedulingGates: [{name: g}]"));
	const struct kube_pod_spec *pod;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	pod = &loaded_first(&l)->workload->pod;
	CHECK(pod->affinity && pod->tolerations && pod->readiness_gates && pod->scheduling_gates);
	CHECK_INT(pod->tolerations->count, 1);
	CHECK(!pod->topology_spread_constraints);
}

static void ports_are_decoded_and_checked(void)
{
	AUTO_LOADED l = loaded_of(CONTAINER("ports: [{containerPort: 80}, {containerPort: 53, "
					    "protocol: UDP, name: dns}]"));
	const struct kube_container_port *p;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = first_container(&l)->ports.items;
	CHECK(p[0].container_port.value == 80 && rf_str_is(p[0].protocol, "TCP"));
	CHECK(rf_str_is(p[1].protocol, "UDP") && rf_str_is(p[1].name, "dns"));
	REFUSES(CONTAINER("ports: [{containerPort: 0}]"), "from 1 to 65535, found 0");
	REFUSES(CONTAINER("ports: [{containerPort: 70000}]"), "from 1 to 65535, found 70000");
	REFUSES(CONTAINER("ports: [{containerPort: '80'}]"), "expected an integer");
	REFUSES(CONTAINER("ports: [{containerPort: 80, protocol: HTTP}]"), "TCP, UDP, SCTP, found");
	REFUSES(CONTAINER("ports: [{containerPort: 80, name: Web}]"), "not the name of a port");
	REFUSES(CONTAINER("ports: [{containerPort: 80, name: a}, {containerPort: 81, name: a}]"),
		"port name a is used twice");
}

static void resources_are_exact_quantities(void)
{
	AUTO_LOADED l = loaded_of(CONTAINER("resources: {requests: {cpu: 0.5, memory: 1.5Gi}, "
					    "limits: {cpu: 1, memory: 2e9, nvidia.com/gpu: 1}}"));
	const struct kube_resources *r;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	r = &first_container(&l)->resources;
	CHECK_INT(kube_resource_get(&r->requests, "cpu").milli, 500);
	CHECK_INT(kube_resource_get(&r->requests, "memory").milli, 1610612736000);
	CHECK_INT(kube_resource_get(&r->limits, "cpu").milli, 1000);
	CHECK_INT(kube_resource_get(&r->limits, "memory").milli, 2000000000000);
	CHECK(kube_resource_get(&r->limits, "nvidia.com/gpu").set);
	CHECK(!kube_resource_get(&r->limits, "pids").set);
	SAYS(CONTAINER("resources: {limits: {memory: 128MB}}"),
		"5:32 \"128MB\" is not a quantity: expected a number with at most one of n u m k M "
		"G T P E Ki Mi Gi Ti Pi Ei, or an exponent (500m, 0.5, 1e3, 128Mi)\n");
	REFUSES(CONTAINER("resources: {limits: {cpu: -1}}"), "cannot be negative");
	REFUSES(CONTAINER("resources: {limits: {cpu: true}}"), "expected a quantity");
	REFUSES(CONTAINER("resources: {limits: {cpu: 1}, requests: {cpu: 1001m}}"),
		"the request of cpu (1001m) is larger than its limit (1)");
}

static void env_has_a_value_or_one_source(void)
{
	LOADS(CONTAINER("env: [{name: A}, {name: B, value: ''}, {name: C, valueFrom: {fieldRef: "
			"{fieldPath: \"metadata.labels['a']\"}}}]"));
	REFUSES(CONTAINER("env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: "
			  "metadata.name}}}]"),
		"either value or valueFrom");
	REFUSES(CONTAINER("env: [{name: A, valueFrom: {}}]"), "expected exactly one of fieldRef");
	REFUSES(CONTAINER("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}, fieldRef: "
			  "{fieldPath: metadata.name}}}]"),
		"found 2");
	REFUSES(CONTAINER("env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]"),
		"SecretKeySelector needs the field \"key\"");
	REFUSES(CONTAINER("env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.foo}}}]"),
		"fieldPath \"spec.foo\" is not available");
	REFUSES(CONTAINER("env: [{name: 'A=B', value: x}]"), "not the name of a variable");
	REFUSES(CONTAINER("env: [{name: A, value: 1}]"), "quote it");
	REFUSES(CONTAINER("env: [{name: A, value: yes}]"), "quote it");
	REFUSES(CONTAINER("envFrom: [{prefix: P_}]"), "exactly one of configMapRef or secretRef");
}

static void a_probe_has_exactly_one_handler(void)
{
	LOADS(CONTAINER("livenessProbe: {httpGet: {port: 80}}, readinessProbe: {tcpSocket: {port: "
			"http}}, startupProbe: {exec: {command: [x]}}"));
	LOADS(CONTAINER("livenessProbe: {grpc: {port: 80}}"));
	SAYS(CONTAINER("livenessProbe: {periodSeconds: 3}"),
		"5:18 expected exactly one of exec, httpGet, tcpSocket or grpc, found 0\n");
	REFUSES(CONTAINER("livenessProbe: {exec: {command: [x]}, tcpSocket: {port: 1}}"),
		"found 2");
	REFUSES(CONTAINER("livenessProbe: {exec: {}}"), "exec needs a command");
	REFUSES(CONTAINER("livenessProbe: {httpGet: {path: /}}"), "needs the field \"port\"");
	REFUSES(CONTAINER("livenessProbe: {httpGet: {port: '80'}}"), "must not be quoted");
	REFUSES(CONTAINER("livenessProbe: {httpGet: {port: 80}, successThreshold: 2}"),
		"successThreshold must be 1");
	REFUSES(CONTAINER("lifecycle: {preStop: {}}"), "exactly one of exec");
}

static void init_containers_have_probes_only_as_sidecars(void)
{
	LOADS(POD("initContainers: [{name: s, image: i, restartPolicy: Always, readinessProbe: "
		  "{tcpSocket: {port: 1}}}], containers: [{name: c, image: i}]"));
	REFUSES(POD("initContainers: [{name: s, image: i, readinessProbe: {tcpSocket: {port: "
		    "1}}}], containers: [{name: c, image: i}]"),
		"readinessProbe is not allowed in an init container");
	REFUSES(POD("ephemeralContainers: [{name: e, image: i, ports: [{containerPort: 1}]}], "
		    "containers: [{name: c, image: i}]"),
		"ports is not allowed in an ephemeral container");
	REFUSES(POD("ephemeralContainers: [{name: e, image: i, targetContainerName: x}], "
		    "containers: [{name: c, image: i}]"),
		"no container named \"x\"");
}

static void mounts_refer_to_volumes_of_the_pod(void)
{
	LOADS(CONTAINER_WITH_VOLUMES("volumeMounts: [{name: v, mountPath: /a}, {name: w, "
				     "mountPath: /b, subPath: c/d, readOnly: true}]"));
	SAYS(CONTAINER("volumeMounts: [{name: data, mountPath: /a}]"),
		"5:19 the pod has no volume named \"data\"\n");
	REFUSES(CONTAINER_WITH_VOLUMES("volumeMounts: [{name: v, mountPath: /a}, {name: w, "
				       "mountPath: /a}]"),
		"two volumes are mounted at /a");
	REFUSES(CONTAINER_WITH_VOLUMES("volumeMounts: [{name: v, mountPath: /a, subPath: ../b}]"),
		"subPath must be a relative path");
	REFUSES(CONTAINER_WITH_VOLUMES("volumeMounts: [{name: v, mountPath: /a, subPath: b, "
				       "subPathExpr: c}]"),
		"not both");
	REFUSES(CONTAINER_WITH_VOLUMES("volumeMounts: [{name: v, mountPath: /a, mountPropagation: "
				       "Bidirectional}]"),
		"only allowed in privileged");
}

static void a_volume_has_a_unique_name_and_one_source(void)
{
	LOADS(VOLUME("emptyDir: {medium: Memory, sizeLimit: 64Mi}"));
	SAYS(VOLUME("readOnly: true"),
		"5:23 unknown field \"readOnly\" in Volume\n"
		"5:13 a volume needs exactly one source (configMap, secret, emptyDir, projected, "
		"...), found 0\n");
	REFUSES(VOLUME("emptyDir: {}, hostPath: {path: /x}"), "found 2");
	REFUSES(VOLUME("emptyDir: {}}, {name: v, emptyDir: {}"), "volume v is defined twice");
	REFUSES(VOLUME("emptyDir: {medium: memory}"), "expected Memory, HugePages");
	REFUSES(VOLUME("hostPath: {path: /a/../b}"), "expected a path without");
	REFUSES(VOLUME("hostPath: {path: /a, type: Dir}"), "expected one of DirectoryOrCreate");
	REFUSES(VOLUME("configMap: {name: m, defaultMode: 512}"), "from 0 to 511");
	REFUSES(VOLUME("configMap: {name: m, items: [{key: a, path: ../b}]}"), "relative path");
	REFUSES(VOLUME("secret: {secretName: m, name: m}"),
		"unknown field \"name\" in SecretVolumeSource");
}

static void modes_are_octal_in_yaml(void)
{
	AUTO_LOADED l = loaded_of(VOLUME("secret: {secretName: s, defaultMode: 0400}"));
	const struct kube_volume *v;

	REQUIRE(loaded_first(&l));
	v = loaded_first(&l)->workload->pod.volumes.items;
	CHECK_INT(v->secret->default_mode.value, 0400);
}

static void projected_volumes_are_decoded(void)
{
	AUTO_LOADED l = loaded_of(VOLUME(
		"projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: "
		"3607}}, {configMap: {name: ca}}, {downwardAPI: {items: [{path: ns, fieldRef: "
		"{fieldPath: metadata.namespace}}]}}, {secret: {name: s}}, {podCertificate: "
		"{signerName: a/b, keyType: ECDSAP256, keyPath: k, certificateChainPath: c}}, "
		"{clusterTrustBundle: {signerName: a/b, path: ca}}]}"));
	const struct kube_projection *p;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = ((struct kube_volume *)loaded_first(&l)->workload->pod.volumes.items)
		    ->projected->sources.items;
	CHECK_INT(p[0].service_account_token->expiration_seconds.value, 3607);
	CHECK(rf_str_is(p[1].config_map->name, "ca") && rf_str_is(p[3].secret->name, "s"));
	CHECK_INT(p[2].downward_api->items.count, 1);
	CHECK(rf_str_is(p[4].pod_certificate->certificate_chain_path, "c"));
	CHECK(rf_str_is(p[5].cluster_trust_bundle->signer_name, "a/b"));
	REFUSES(VOLUME("projected: {sources: [{}]}"), "exactly one of configMap");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: a}}]}"),
		"either name or signerName");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: a, name: b, signerName: "
		       "c/d}}]}"),
		"either name or signerName");
	REFUSES(VOLUME("projected: {sources: [{clusterTrustBundle: {path: ../a, name: b}}]}"),
		"without \"..\"");
	REFUSES(VOLUME("projected: {sources: [{podCertificate: {signerName: a/b, keyType: "
		       "ED25519}}]}"),
		"needs credentialBundlePath, keyPath");
	REFUSES(VOLUME("projected: {sources: [{podCertificate: {signerName: a/b, keyType: RSA1, "
		       "keyPath: k}}]}"),
		"ECDSAP256");
	REFUSES(VOLUME("projected: {sources: [{podCertificate: {signerName: a/b, keyType: "
		       "ED25519, keyPath: k, maxExpirationSeconds: 10}}]}"),
		"maxExpirationSeconds");
	REFUSES(VOLUME("downwardAPI: {items: [{path: x, fieldRef: {fieldPath: status.podIP}}]}"),
		"is not available to a volume");
}

static void other_volume_sources_are_checked_and_named(void)
{
	AUTO_LOADED l = loaded_of(VOLUME("nfs: {server: s, path: /x}"));
	const struct kube_volume *v;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	v = loaded_first(&l)->workload->pod.volumes.items;
	CHECK(rf_str_is(v->other_name, "nfs") && v->other && v->other->type == DOC_MAP);
	REFUSES(VOLUME("nfs: {server: s}"), "NFSVolumeSource needs the field \"path\"");
	REFUSES(VOLUME("csi: {driver: d, volumeAttributes: {a: 1}}"), "quote it");
	REFUSES(VOLUME("iscsi: {targetPortal: t, iqn: q, lun: x}"), "expected an integer");
	REFUSES(VOLUME("ephemeral: {volumeClaimTemplate: {spec: {accesModes: [x]}}}"),
		"did you mean \"accessModes\"?");
	REFUSES(VOLUME("ephemeral: {volumeClaimTemplate: {spec: {accessModes: [Once]}}}"),
		"expected ReadWriteOnce");
}

static void security_contexts_are_decoded(void)
{
	AUTO_LOADED l = loaded_of(
		POD("securityContext: {runAsUser: 0, fsGroup: 7, supplementalGroups: [1, 2], "
		    "sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: '0'}]}, "
		    "containers: [{name: c, image: i, securityContext: {privileged: false, "
		    "capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}, seccompProfile: {type: "
		    "Localhost, localhostProfile: a/b.json}}}]"));
	const struct kube_pod_security *p;
	const struct kube_security *c;

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l));
	p = &loaded_first(&l)->workload->pod.security;
	c = &first_container(&l)->security;
	CHECK(p->node && p->run_as_user.set && p->run_as_user.value == 0 && p->fs_group.value == 7);
	CHECK(p->supplemental_group_count == 2 && p->supplemental_group_ids[1] == 2);
	CHECK(!p->run_as_group.set && p->sysctls.count == 1);
	CHECK(c->privileged.set && !c->privileged.value && !c->run_as_user.set);
	CHECK(c->capabilities->drop.count == 1 && c->capabilities->add.count == 1);
	CHECK(rf_str_is(c->seccomp_profile->localhost_profile, "a/b.json"));
}

static void security_contexts_are_checked(void)
{
	AUTO_LOADED l = loaded_of(POD("containers: [{name: c, image: i}]"));

	CHECK(!first_container(&l)->security.node);
	REFUSES(CONTAINER("securityContext: {runAsUser: -1}"), "from 0 to 2147483647");
	REFUSES(CONTAINER("securityContext: {runAsUser: root}"), "expected an integer");
	REFUSES(CONTAINER("securityContext: {runAsNonRoot: 'true'}"), "without quotes");
	REFUSES(CONTAINER("securityContext: {seccompProfile: {type: Localhost}}"),
		"type Localhost needs localhostProfile");
	REFUSES(CONTAINER("securityContext: {seccompProfile: {type: Unconfined, localhostProfile: "
			  "x}}"),
		"only allowed with type Localhost");
	REFUSES(CONTAINER("securityContext: {privileged: true, allowPrivilegeEscalation: false}"),
		"cannot be false in a privileged");
	REFUSES(CONTAINER("securityContext: {fsGroup: 1}"), "unknown field \"fsGroup\"");
	REFUSES(POD("securityContext: {supplementalGroups: [a]}, containers: [{name: c, image: "
		    "i}]"),
		"expected a whole number");
}

static void pod_names_and_dns_are_checked(void)
{
	REFUSES(POD("dnsPolicy: None, containers: [{name: c, image: i}]"),
		"dnsPolicy None needs at least one");
	LOADS(POD("dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.1], options: [{name: ndots, "
		  "value: '2'}]}, containers: [{name: c, image: i}]"));
	REFUSES(POD("hostname: a.b, containers: [{name: c, image: i}]"), "hostname: expected one");
	REFUSES(POD("hostAliases: [{ip: x, hostnames: [h]}], containers: [{name: c, image: i}]"),
		"\"x\" is not an IP address");
	REFUSES(POD("hostPID: true, shareProcessNamespace: true, containers: [{name: c, image: "
		    "i}]"),
		"exclude each other");
	REFUSES(POD("nodeSelector: {a: true}, containers: [{name: c, image: i}]"), "quote it");
	REFUSES(POD("activeDeadlineSeconds: 0, containers: [{name: c, image: i}]"), "from 1 to");
}

static void status_gives_the_addresses(void)
{
	AUTO_LOADED l = loaded_of("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: "
				  "{containers: [{name: c, image: i}]}\nstatus: {phase: Running, "
				  "podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], "
				  "containerStatuses: [{whatever: 1}]}\n");
	AUTO_LOADED m = loaded_of("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: "
				  "{containers: [{name: c, image: i}]}\nstatus: {podIP: "
				  "10.0.0.1}\n");

	CHECK_STR(rf_buf_cstr(&l.said), "");
	REQUIRE(loaded_first(&l) && loaded_first(&m));
	CHECK_INT(loaded_first(&l)->workload->status.pod_ips.count, 2);
	CHECK_INT(loaded_first(&m)->workload->status.pod_ips.count, 1);
	CHECK(rf_str_is(loaded_first(&m)->workload->status.pod_ips.items[0], "10.0.0.1"));
	REFUSES("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, "
		"image: i}]}\nstatus: {podIP: nowhere}\n",
		"podIP: \"nowhere\" is not an IP address");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_pod_needs_containers_with_name_and_image);
	RUN(container_names_are_unique_over_all_containers);
	RUN(restartPolicy_is_Always_unless_given);
	RUN(enumerations_name_their_values);
	RUN(an_unknown_field_is_an_error_with_a_suggestion);
	RUN(typos_and_wrong_types_inside_kept_nodes_are_errors);
	RUN(scheduling_is_kept_as_nodes);
	RUN(ports_are_decoded_and_checked);
	RUN(resources_are_exact_quantities);
	RUN(env_has_a_value_or_one_source);
	RUN(a_probe_has_exactly_one_handler);
	RUN(init_containers_have_probes_only_as_sidecars);
	RUN(mounts_refer_to_volumes_of_the_pod);
	RUN(a_volume_has_a_unique_name_and_one_source);
	RUN(modes_are_octal_in_yaml);
	RUN(projected_volumes_are_decoded);
	RUN(other_volume_sources_are_checked_and_named);
	RUN(security_contexts_are_decoded);
	RUN(security_contexts_are_checked);
	RUN(pod_names_and_dns_are_checked);
	RUN(status_gives_the_addresses);
	return TAP_END();
}
