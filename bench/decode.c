/*
 * The claim: manifests are read and decoded, strictly and completely, at 30 MB/s of YAML or more.
 * Beside it, in the same run, libyaml's bare event loop over the same text: what a YAML parser
 * costs before anybody has looked at what it says.
 *
 *	bench/decode [FILE]     a text of your own instead of the synthetic one
 */
#include <stdio.h>
#include <time.h>
#include <yaml.h>

#include "base/fd.h"
#include "kube/load.h"

#define TEXT_SIZE ((size_t)16 << 20)
#define RUNS	  5

static const char workload[] =
	"---\n"
	"# Source: shop/templates/deployment.yaml\n"
	"apiVersion: apps/v1\n"
	"kind: Deployment\n"
	"metadata:\n"
	"  name: api-%1$u\n"
	"  namespace: team-%2$u\n"
	"  labels:\n"
	"    app.kubernetes.io/name: api\n"
	"    app.kubernetes.io/instance: \"api-%1$u\"\n"
	"    app.kubernetes.io/managed-by: Helm\n"
	"  annotations:\n"
	"    prometheus.io/scrape: \"true\"\n"
	"    description: >-\n"
	"      The service behind the shop's front page. It answers requests for\n"
	"      articles, prices and stock, and keeps nothing itself.\n"
	"spec:\n"
	"  replicas: 3\n"
	"  revisionHistoryLimit: 5\n"
	"  strategy:\n"
	"    type: RollingUpdate\n"
	"    rollingUpdate: {maxSurge: 25%%, maxUnavailable: 0}\n"
	"  selector:\n"
	"    matchLabels:\n"
	"      app.kubernetes.io/name: api\n"
	"      app.kubernetes.io/instance: \"api-%1$u\"\n"
	"  template:\n"
	"    metadata:\n"
	"      labels:\n"
	"        app.kubernetes.io/name: api\n"
	"        app.kubernetes.io/instance: \"api-%1$u\"\n"
	"    spec:\n"
	"      serviceAccountName: api\n"
	"      automountServiceAccountToken: false\n"
	"      securityContext:\n"
	"        runAsNonRoot: true\n"
	"        runAsUser: 10001\n"
	"        fsGroup: 10001\n"
	"        seccompProfile:\n"
	"          type: RuntimeDefault\n"
	"      containers:\n"
	"        - name: api\n"
	"          image: registry.example.com/shop/api:1.%2$u.0\n"
	"          imagePullPolicy: IfNotPresent\n"
	"          args: [\"--listen=:8080\", \"--log-format=json\"]\n"
	"          ports:\n"
	"            - name: http\n"
	"              containerPort: 8080\n"
	"              protocol: TCP\n"
	"            - name: metrics\n"
	"              containerPort: 9090\n"
	"          env:\n"
	"            - name: DATABASE_HOST\n"
	"              value: database.team-%2$u.svc.cluster.local\n"
	"            - name: DATABASE_PASSWORD\n"
	"              valueFrom:\n"
	"                secretKeyRef:\n"
	"                  name: database\n"
	"                  key: password\n"
	"            - name: POD_IP\n"
	"              valueFrom:\n"
	"                fieldRef:\n"
	"                  fieldPath: status.podIP\n"
	"          envFrom:\n"
	"            - configMapRef:\n"
	"                name: api\n"
	"          resources:\n"
	"            requests:\n"
	"              cpu: 100m\n"
	"              memory: 128Mi\n"
	"            limits:\n"
	"              cpu: \"1\"\n"
	"              memory: 512Mi\n"
	"          securityContext:\n"
	"            allowPrivilegeEscalation: false\n"
	"            readOnlyRootFilesystem: true\n"
	"            capabilities:\n"
	"              drop:\n"
	"                - ALL\n"
	"          livenessProbe:\n"
	"            httpGet:\n"
	"              path: /healthz\n"
	"              port: http\n"
	"            initialDelaySeconds: 10\n"
	"            periodSeconds: 15\n"
	"          readinessProbe:\n"
	"            httpGet:\n"
	"              path: /ready\n"
	"              port: http\n"
	"          volumeMounts:\n"
	"            - name: tmp\n"
	"              mountPath: /tmp\n"
	"            - name: config\n"
	"              mountPath: /etc/api\n"
	"              readOnly: true\n"
	"      volumes:\n"
	"        - name: tmp\n"
	"          emptyDir: {}\n"
	"        - name: config\n"
	"          configMap:\n"
	"            name: api\n"
	"            items:\n"
	"              - key: api.toml\n"
	"                path: api.toml\n"
	"      affinity:\n"
	"        podAntiAffinity:\n"
	"          preferredDuringSchedulingIgnoredDuringExecution:\n"
	"            - weight: 100\n"
	"              podAffinityTerm:\n"
	"                topologyKey: kubernetes.io/hostname\n"
	"                labelSelector:\n"
	"                  matchLabels:\n"
	"                    app.kubernetes.io/name: api\n"
	"      tolerations:\n"
	"        - key: dedicated\n"
	"          operator: Equal\n"
	"          value: shop\n"
	"          effect: NoSchedule\n";

static const char rest[] = "---\n"
			   "apiVersion: v1\n"
			   "kind: Service\n"
			   "metadata:\n"
			   "  name: api-%1$u\n"
			   "  namespace: team-%2$u\n"
			   "spec:\n"
			   "  selector:\n"
			   "    app.kubernetes.io/instance: \"api-%1$u\"\n"
			   "  ports:\n"
			   "    - name: http\n"
			   "      port: 80\n"
			   "      targetPort: http\n"
			   "---\n"
			   "apiVersion: networking.k8s.io/v1\n"
			   "kind: NetworkPolicy\n"
			   "metadata:\n"
			   "  name: api-%1$u\n"
			   "  namespace: team-%2$u\n"
			   "spec:\n"
			   "  podSelector:\n"
			   "    matchLabels:\n"
			   "      app.kubernetes.io/instance: \"api-%1$u\"\n"
			   "  policyTypes:\n"
			   "    - Ingress\n"
			   "    - Egress\n"
			   "  ingress:\n"
			   "    - from:\n"
			   "        - namespaceSelector:\n"
			   "            matchLabels:\n"
			   "              kubernetes.io/metadata.name: ingress\n"
			   "          podSelector:\n"
			   "            matchExpressions:\n"
			   "              - key: app\n"
			   "                operator: In\n"
			   "                values: [nginx, envoy]\n"
			   "      ports:\n"
			   "        - port: http\n"
			   "  egress:\n"
			   "    - to:\n"
			   "        - ipBlock:\n"
			   "            cidr: 10.0.0.0/8\n"
			   "            except:\n"
			   "              - 10.96.0.0/12\n"
			   "      ports:\n"
			   "        - protocol: TCP\n"
			   "          port: 5432\n"
			   "---\n"
			   "apiVersion: v1\n"
			   "kind: ConfigMap\n"
			   "metadata:\n"
			   "  name: api-%1$u\n"
			   "  namespace: team-%2$u\n"
			   "data:\n"
			   "  LOG_LEVEL: info\n"
			   "  api.toml: |\n"
			   "    [server]\n"
			   "    listen = \":8080\"\n"
			   "    timeout = \"30s\"\n"
			   "\n"
			   "    [cache]\n"
			   "    size = 4096\n";

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void fill(struct rf_buf *text)
{
	for (unsigned i = 0; text->len < TEXT_SIZE && !text->failed; i++) {
		rf_buf_addf(text, workload, i, i % 100);
		rf_buf_addf(text, rest, i, i % 100);
	}
}
#pragma GCC diagnostic pop

static double time_events(struct rf_str text)
{
	double start = now();
	yaml_parser_t parser;
	yaml_event_t event;
	bool done = false;

	if (!yaml_parser_initialize(&parser))
		exit(2);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event))
			exit(2);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return now() - start;
}

static double time_load(struct rf_str text, size_t *ret_objects)
{
	AUTO_DIAGS diags = {.error_count = 0};
	struct rf_err err = {.code = RF_OK};
	struct kube_set set;
	double start = now(), took;

	if (kube_set_init(&set, &err) < 0 ||
		kube_load_text(&set, text, "bench.yaml", &diags, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(2);
	}
	took = now() - start;
	rf_vec_each (d, &diags.list)
		fprintf(stderr, "%s:%u:%u: %s\n", d->pos.file, d->pos.line, d->pos.col, d->msg);
	if (diags.error_count)
		exit(2);
	*ret_objects = set.objects.count;
	kube_set_done(&set);
	return took;
}

int main(int argc, char **argv)
{
	AUTO_BUF text = {.data = NULL};
	struct rf_err err = {.code = RF_OK};
	double events = 1e9, load = 1e9, megabytes;
	size_t objects = 0;

	if (argc < 2)
		fill(&text);
	else if (rf_file_read(argv[1], &text, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	megabytes = (double)text.len / 1e6;
	for (int i = 0; i < RUNS; i++) {
		double t = time_events(rf_buf_str(&text));

		events = t < events ? t : events;
		t = time_load(rf_buf_str(&text), &objects);
		load = t < load ? t : load;
	}
	printf("%.1f MB of YAML, %zu objects, best of %d runs\n", megabytes, objects, RUNS);
	printf("%-44s %7.1f MB/s\n", "read, decoded and checked (claim: >= 30)", megabytes / load);
	printf("%-44s %7.1f MB/s\n", "libyaml alone, events thrown away", megabytes / events);
	return 0;
}
