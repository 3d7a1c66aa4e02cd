/*
 * The DNS pod's image, and its records. The image is a directory with dnsmasq, the libraries it
 * links, and a passwd file: nothing of the machine is mounted into it.
 */
#include "host/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/dns_int.h"
#include "host/endpoints.h"

#define DNSMASQ	 "/usr/sbin/dnsmasq"
#define ARGS_MAX 32U

const char dns_manifest[] =
	"apiVersion: apps/v1\n"
	"kind: Deployment\n"
	"metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}\n"
	"spec:\n"
	"  selector: {matchLabels: {k8s-app: kube-dns}}\n"
	"  template:\n"
	"    metadata: {labels: {k8s-app: kube-dns}}\n"
	"    spec:\n"
	"      dnsPolicy: Default\n"
	"      terminationGracePeriodSeconds: 5\n"
	"      securityContext:\n"
	"        runAsNonRoot: true\n"
	"        runAsUser: 65534\n"
	"        runAsGroup: 65534\n"
	"        sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: '0'}]\n"
	"      containers:\n"
	"      - name: dns\n"
	"        image: " DNS_IMAGE "\n"
	"        imagePullPolicy: IfNotPresent\n"
	"        ports:\n"
	"        - {name: dns, containerPort: 53, protocol: UDP}\n"
	"        - {name: dns-tcp, containerPort: 53}\n"
	"        readinessProbe: {tcpSocket: {port: 53}, periodSeconds: 2}\n"
	"        resources: {limits: {cpu: 200m, memory: 64Mi}}\n"
	"        securityContext:\n"
	"          allowPrivilegeEscalation: false\n"
	"          readOnlyRootFilesystem: true\n"
	"          capabilities: {drop: [ALL]}\n"
	"---\n"
	"apiVersion: v1\n"
	"kind: Service\n"
	"metadata: {name: kube-dns, namespace: kube-system}\n"
	"spec:\n"
	"  selector: {k8s-app: kube-dns}\n"
	"  ports:\n"
	"  - {name: dns, port: 53, protocol: UDP}\n"
	"  - {name: dns-tcp, port: 53}\n";

bool dns_is_image(struct rf_str image)
{
	return rf_str_is(image, DNS_IMAGE);
}

/* --- the image --- */

static int copy_file(const char *from, const char *root, struct rf_err *err)
{
	AUTO_FREE char *to = NULL;
	AUTO_FREE char *dir = NULL;
	AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_FD out = -1;
	struct stat st;
	int rc;

	if (in < 0 || fstat(in, &st) < 0)
		return rf_err_sys(err, errno, "open %s", from);
	if (asprintf(&to, "%s%s", root, from) < 0) {
		to = NULL;
		return rf_err_nomem(err);
	}
	dir = rf_str_dup((struct rf_str){to, (size_t)(strrchr(to, '/') - to)});
	rc = dir ? rf_dir_make(dir, 0755, err) : rf_err_nomem(err);
	if (rc < 0)
		return rc;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (out < 0)
		return rf_err_sys(err, errno, "create %s", to);
	for (off_t done = 0; done < st.st_size;) {
		if (sendfile(out, in, &done, (size_t)(st.st_size - done)) <= 0)
			return rf_err_sys(err, errno, "copy %s", from);
	}
	return RF_OK;
}

/* The paths in a line of the loader's list: "libx.so => /lib/libx.so (0x...)", or "/lib64/ld...".
 */
static int copy_library(struct rf_str line, const char *root, struct rf_err *err)
{
	const char *start = line.len ? memchr(line.ptr, '/', line.len) : NULL;
	char path[512];
	struct rf_str name;

	if (!start)
		return RF_OK;
	rf_str_cut((struct rf_str){start, line.len - (size_t)(start - line.ptr)}, ' ', &name);
	if (!rf_str_copy(name, path, sizeof(path)))
		return RF_OK;
	return copy_file(path, root, err);
}

static int copy_libraries(const char *root, struct rf_err *err)
{
	struct child_spec spec = {.argv = (const char *const[]){"/usr/bin/ldd", DNSMASQ, NULL}};
	AUTO_BUF text = {.max = 65536};
	struct rf_str rest, line;
	int status, rc = child_run(&spec, 10000, &text, &status, err);

	if (rc < 0)
		return rc;
	for (rest = rf_buf_str(&text); rest.ptr && rest.len && rc == RF_OK;) {
		rest = rf_str_cut(rest, '\n', &line);
		rc = copy_library(line, root, err);
	}
	return rc;
}

static int write_text(const char *root, const char *name, const char *text, struct rf_err *err)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/%s", root, name) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	return rf_file_replace(path, text, strlen(text), 0644, false, err);
}

static int make_rootfs(const char *root, struct rf_err *err)
{
	AUTO_FREE char *etc = NULL;
	int rc = rf_dir_remove(root, err);

	if (asprintf(&etc, "%s" DNS_RECORDS_TARGET, root) < 0) {
		etc = NULL;
		return rf_err_nomem(err);
	}
	if (rc == RF_OK)
		rc = rf_dir_make(etc, 0755, err);
	if (rc == RF_OK)
		rc = copy_file(DNSMASQ, root, err);
	if (rc == RF_OK)
		rc = copy_libraries(root, err);
	if (rc == RF_OK)
		rc = write_text(root, "etc/passwd",
			"root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n", err);
	if (rc == RF_OK)
		rc = write_text(root, "etc/group", "root:x:0:\nnogroup:x:65534:\n", err);
	return rc;
}

static bool needs_making(const struct host *host)
{
	AUTO_FREE char *copy = NULL;
	struct stat made, source;

	if (asprintf(&copy, "%s/etc/group", host->dns_rootfs) < 0) {
		copy = NULL;
		return true;
	}
	return stat(copy, &made) < 0 || stat(DNSMASQ, &source) < 0 ||
	       source.st_mtime > made.st_mtime || source.st_ctime > made.st_ctime;
}

/* Forwarders: what this machine itself asks; none when it asks nobody. */
static void add_forwarders(struct doc_strs *args, struct rf_arena *arena)
{
	AUTO_RESOLV machine = {.servers = {.len = 0}};
	struct rf_str rest, word;

	resolv_read_machine(true, &machine);
	rest = rf_buf_str(&machine.servers);
	while (args->count < ARGS_MAX && (word = resolv_word(&rest)).len)
		args->items[args->count++] =
			rf_arena_printf(arena, "--server=" RF_STR_FMT, RF_STR_ARG(word));
}

static int fill_image(const struct host *host, struct image *image)
{
	static const char local_domain[] = "/" DNS_DOMAIN "/";
	static const char *const fixed[] = {DNSMASQ, "--keep-in-foreground", "--log-facility=-",
		"--user=nobody", "--pid-file=", "--no-resolv", "--no-hosts", "--no-poll",
		"--hostsdir", DNS_RECORDS_TARGET, "--local", local_domain, "--local=/in-addr.arpa/",
		"--local=/ip6.arpa/", "--domain-needed", "--cache-size=1000", "--local-ttl=5",
		"--no-negcache"};
	struct doc_strs *args = &image->config.entrypoint;

	args->items = rf_arena_array(image->arena, ARGS_MAX, sizeof(*args->items));
	image->layer_dirs = rf_arena_array(image->arena, 1, sizeof(*image->layer_dirs));
	if (!args->items || !image->layer_dirs)
		return RF_EINTERNAL;
	for (size_t i = 0; i < RF_ARRAY_LEN(fixed); i++)
		args->items[args->count++] = rf_str_of(fixed[i]);
	add_forwarders(args, image->arena);
	image->name = RF_STR(DNS_IMAGE);
	image->config.user = RF_STR("65534:65534");
	image->layer_dirs[0] = rf_arena_str(image->arena, rf_str_of(host->dns_rootfs));
	image->layer_count = 1;
	return image->layer_dirs[0].ptr ? RF_OK : RF_EINTERNAL;
}

int dns_image(struct host *host, struct image **ret, struct rf_err *err)
{
	struct rf_arena *arena;
	struct image *image;
	int rc;

	if (access(DNSMASQ, X_OK) < 0)
		return rf_err_set(
			err, RF_EABSENT, "dnsmasq is not installed: apt-get install dnsmasq-base");
	rc = needs_making(host) ? make_rootfs(host->dns_rootfs, err) : RF_OK;
	if (rc < 0)
		return rf_err_wrap(err, rc, "make the DNS image");
	arena = rf_arena_new(1 << 20);
	image = arena ? rf_arena_new_of(arena, struct image) : NULL;
	if (image)
		image->arena = arena; /* the image lives in its own arena: image_free() */
	if (!image || fill_image(host, image) < 0) {
		rf_arena_free(arena);
		return rf_err_nomem(err);
	}
	*ret = image;
	return RF_OK;
}

/* --- records --- */

/* "IP [host.]service.namespace.svc.cluster.local"; host absent: the Service's own name. */
static void add_record(struct rf_buf *out, const struct rf_ip *ip, struct rf_str host,
	const struct kube_meta *service)
{
	char text[RF_IP_TEXT_SIZE];

	rf_buf_addf(out, "%s " RF_STR_FMT "%s" RF_STR_FMT "." RF_STR_FMT ".svc." DNS_DOMAIN "\n",
		rf_ip_text(ip, text), RF_STR_ARG(host), host.len ? "." : "",
		RF_STR_ARG(service->name), RF_STR_ARG(service->namespace));
}

/* A pod behind a headless Service: the Service's name, and its own under it. */
static void add_headless(
	struct rf_buf *out, const struct plan_service *service, const struct pod *pod)
{
	const struct kube_meta *meta = &service->object->meta;
	bool governs = rf_str_eq(dns_subdomain(pod->kube), meta->name);
	bool named = pod->kube->owner->kind == KUBE_STATEFUL_SET || pod->kube->spec->hostname.len;

	for (size_t i = 0; i < pod->kube->ip_count; i++) {
		const struct rf_ip *ip = &pod->kube->ips[i];

		/* An address leads back to the name that comes first. */
		if (governs && named)
			add_record(out, ip, dns_hostname(pod->kube), meta);
		add_record(out, ip, RF_STR_NONE, meta);
	}
}

static void add_service(struct rf_buf *out, struct host *host, const struct plan_service *service)
{
	const struct kube_meta *meta = &service->object->meta;

	for (unsigned i = 0; i < service->ip_count; i++)
		add_record(out, &service->ips[i], RF_STR_NONE, meta);
	if (service->ip_count)
		return;
	rf_vec_each (pod, &host->pods) {
		if (endpoints_has(service->object, *pod))
			add_headless(out, service, *pod);
	}
}

/* 10-85-0-2.namespace.pod.cluster.local */
static void add_pod_record(struct rf_buf *out, const struct pod *pod)
{
	for (size_t i = 0; i < pod->kube->ip_count; i++) {
		char text[RF_IP_TEXT_SIZE], dashed[RF_IP_TEXT_SIZE];

		rf_ip_text(&pod->kube->ips[i], text);
		memcpy(dashed, text, sizeof(dashed));
		for (char *p = dashed; *p; p++) {
			if (*p == '.' || *p == ':')
				*p = '-';
		}
		rf_buf_addf(out, "%s %s." RF_STR_FMT ".pod." DNS_DOMAIN "\n", text, dashed,
			RF_STR_ARG(pod->kube->namespace));
	}
}

int dns_write_records(struct host *host, struct rf_err *err)
{
	AUTO_BUF records = {0};
	AUTO_BUF held = {.max = 64 << 20};
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/hosts", host->dns_dir) < 0) {
		path = NULL;
		return rf_err_nomem(err);
	}
	rf_vec_each (service, &host->plan->services)
		add_service(&records, host, service);
	rf_vec_each (pod, &host->pods)
		add_pod_record(&records, *pod);
	if (records.failed)
		return rf_err_nomem(err);
	if (rf_file_read(path, &held, NULL) == RF_OK &&
		rf_str_eq(rf_buf_str(&held), rf_buf_str(&records)))
		return RF_OK;
	return rf_file_replace(path, rf_buf_cstr(&records), records.len, 0644, false, err);
}
