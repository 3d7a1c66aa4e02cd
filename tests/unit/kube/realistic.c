/* A file as people write them: many kinds, comments, block scalars, a chart's habits. */
#include "tests/unit/kube/kube_test.h"

static const char manifest[] = "# Source: shop/templates/all.yaml\n"
			       "apiVersion: v1\n"
			       "kind: Namespace\n"
			       "metadata:\n"
			       "  name: shop\n"
			       "  labels: {pod-security.kubernetes.io/enforce: restricted}\n"
			       "---\n"
			       "apiVersion: v1\n"
			       "kind: ConfigMap\n"
			       "metadata:\n"
			       "  name: api\n"
			       "  namespace: shop\n"
			       "data:\n"
			       "  LOG_LEVEL: info\n"
			       "  api.toml: |\n"
			       "    [server]\n"
			       "    listen = \":8080\"\n"
			       "---\n"
			       "apiVersion: v1\n"
			       "kind: Secret\n"
			       "metadata: {name: database, namespace: shop}\n"
			       "type: Opaque\n"
			       "stringData: {password: correct horse}\n"
			       "---\n"
			       "apiVersion: apps/v1\n"
			       "kind: Deployment\n"
			       "metadata:\n"
			       "  name: api\n"
			       "  namespace: shop\n"
			       "  annotations:\n"
			       "    description: >-\n"
			       "      Answers for articles,\n"
			       "      prices and stock.\n"
			       "spec:\n"
			       "  replicas: 2\n"
			       "  selector: &selector\n"
			       "    matchLabels: {app.kubernetes.io/name: api}\n"
			       "  template:\n"
			       "    metadata:\n"
			       "      labels:\n"
			       "        app.kubernetes.io/name: api\n"
			       "    spec:\n"
			       "      automountServiceAccountToken: false\n"
			       "      securityContext:\n"
			       "        runAsNonRoot: true\n"
			       "        runAsUser: 10001\n"
			       "        seccompProfile: {type: RuntimeDefault}\n"
			       "      nodeSelector: {}\n"
			       "      affinity: {}\n"
			       "      tolerations: []\n"
			       "      imagePullSecrets: null\n"
			       "      containers:\n"
			       "      - name: api\n"
			       "        image: \"registry.example.com/api:1.4\"\n"
			       "        args:\n"
			       "        - --listen=:8080\n"
			       "        ports:\n"
			       "        - name: http\n"
			       "          containerPort: 8080\n"
			       "        env:\n"
			       "        - name: DATABASE_PASSWORD\n"
			       "          valueFrom:\n"
			       "            secretKeyRef: {name: database, key: password}\n"
			       "        envFrom:\n"
			       "        - configMapRef: {name: api}\n"
			       "        resources:\n"
			       "          requests: {cpu: 100m, memory: 128Mi}\n"
			       "          limits: {memory: 256Mi}\n"
			       "        livenessProbe:\n"
			       "          httpGet: {path: /healthz, port: http}\n"
			       "        volumeMounts:\n"
			       "        - {name: config, mountPath: /etc/api, readOnly: true}\n"
			       "        securityContext:\n"
			       "          allowPrivilegeEscalation: false\n"
			       "          readOnlyRootFilesystem: true\n"
			       "          capabilities: {drop: [ALL]}\n"
			       "      volumes:\n"
			       "      - name: config\n"
			       "        configMap: {name: api}\n"
			       "---\n"
			       "apiVersion: v1\n"
			       "kind: Service\n"
			       "metadata: {name: api, namespace: shop}\n"
			       "spec:\n"
			       "  type: ClusterIP\n"
			       "  selector: {app.kubernetes.io/name: api}\n"
			       "  ports:\n"
			       "  - {name: http, port: 80, targetPort: http}\n"
			       "---\n"
			       "apiVersion: networking.k8s.io/v1\n"
			       "kind: NetworkPolicy\n"
			       "metadata: {name: default-deny, namespace: shop}\n"
			       "spec:\n"
			       "  podSelector: {}\n"
			       "  policyTypes: [Ingress, Egress]\n"
			       "---\n"
			       "apiVersion: autoscaling/v2\n"
			       "kind: HorizontalPodAutoscaler\n"
			       "metadata: {name: api, namespace: shop}\n"
			       "spec: {maxReplicas: 4}\n"
			       "...\n";

static void a_realistic_file_loads_whole(void)
{
	AUTO_LOADED l = loaded_of(manifest);
	const struct kube_object *api =
		kube_find(&l.set, KUBE_DEPLOYMENT, RF_STR("shop"), RF_STR("api"));
	const struct kube_container *c;

	CHECK_STR(rf_buf_cstr(&l.said),
		"note 98:1 skipped: HorizontalPodAutoscaler autoscaling/v2 is not known to "
		"Ringfence\n");
	CHECK_INT(l.set.objects.count, 6);
	REQUIRE(api != NULL);
	CHECK_INT(api->pos.line, 25);
	CHECK(rf_str_is(
		api->meta.annotations.items[0].value, "Answers for articles, prices and stock."));
	REQUIRE(api->workload->pod.containers.count == 1);
	c = api->workload->pod.containers.items;
	CHECK(rf_str_is(c->image, "registry.example.com/api:1.4"));
	CHECK_INT(kube_resource_get(&c->resources.limits, "memory").milli, 268435456000);
	CHECK(rf_str_is(c->liveness_probe->http_get->port.text, "http"));
	CHECK(c->security.read_only_root_filesystem.value);
}

static void its_pods_have_the_named_port(void)
{
	AUTO_LOADED l = loaded_of(manifest);
	struct rf_err err = {.code = RF_OK};
	struct kube_pods pods;

	REQUIRE(kube_pods_expand(&l.set, false, &pods, &err) == RF_OK);
	CHECK_INT(pods.list.count, 2);
	rf_vec_each (pod, &pods.list)
		CHECK_INT(kube_pod_named_port(pod->spec, RF_STR("http"), RF_STR("TCP")), 8080);
	kube_pods_done(&pods);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_realistic_file_loads_whole);
	RUN(its_pods_have_the_named_port);
	return TAP_END();
}
