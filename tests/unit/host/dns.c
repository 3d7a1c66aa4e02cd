/* host/dns.h: names as in a cluster, and what pods are told about them. */
#include "host/dns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/host/host_fixture.h"

#define POD_OF(name, metadata, fields)                                                      \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name ", " metadata "}\nspec: {" \
	"containers: [{name: c, image: i}], " fields "}\n"
#define POD(name, fields) POD_OF(name, "labels: {app: web}", fields)
#define SERVICE(name, fields)                                              \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n" \
	"spec: {selector: {app: web}, ports: [{port: 80}], " fields "}\n"
#define STATEFUL_SET(fields)                                                                   \
	"---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: " \
	"2, serviceName: peers, selector: {matchLabels: {app: web}}, template: {metadata: "    \
	"{labels: {app: web}}, spec: {containers: [{name: c, image: i}], " fields "}}}\n"
#define KUBE_DNS                                                                            \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: "        \
	"kube-system}\nspec: {selector: {k8s-app: kube-dns}, ports: [{port: 53, protocol: " \
	"UDP}], clusterIP: 10.86.0.10, clusterIPs: [10.86.0.10, 'fd86::10']}\n"

/* --- records --- */

static void write_records(struct machine *m)
{
	m->host.dns_dir = m->dir;
	CHECK_INT(dns_write_records(&m->host, &m->err), RF_OK);
}

/* The records of text, with a newline before the first: so that each is "\nIP NAME\n". */
static const char *records_of(struct machine *m)
{
	static char text[4096];
	AUTO_BUF file = {.data = NULL};
	char path[128];

	snprintf(path, sizeof(path), "%s/hosts", m->dir);
	CHECK_INT(rf_file_read(path, &file, &m->err), RF_OK);
	snprintf(text, sizeof(text), "\n%s", rf_buf_cstr(&file));
	return text;
}

static bool load(struct machine *m, const char *text)
{
	bool ok = machine_load(m, text);

	machine_dir(m);
	if (ok)
		write_records(m);
	return ok;
}

#define HAS(m, record)	 CHECKF(strstr(records_of(m), "\n" record "\n"), "no record " record)
#define HAS_NOT(m, part) CHECKF(!strstr(records_of(m), part), "there is a record " part)

static void a_service_has_its_name_at_both_its_addresses(void)
{
	MACHINE m;

	REQUIRE(load(&m, SERVICE("web", "clusterIP: ''")));
	CHECK_STR(records_of(&m), "\n10.86.0.2 web.default.svc.cluster.local\n"
				  "fd86::2 web.default.svc.cluster.local\n");
}

static void a_headless_service_has_the_addresses_of_its_ready_pods(void)
{
	MACHINE m;

	REQUIRE(load(&m, POD("a", "") POD("b", "") POD_OF("c", "labels: {app: other}", "")
				 POD_OF("d", "namespace: x, labels: {app: web}", "")
					 SERVICE("web", "clusterIP: None")));
	HAS(&m, "10.85.0.2 web.default.svc.cluster.local");
	HAS(&m, "fd85::2 web.default.svc.cluster.local");
	HAS(&m, "10.85.0.3 web.default.svc.cluster.local");
	HAS_NOT(&m, "10.85.0.4 web");
	HAS_NOT(&m, "10.85.0.5 web");
	machine_pod(&m, "default/a")->ready = false;
	write_records(&m);
	HAS_NOT(&m, "10.85.0.2 web");
	HAS(&m, "10.85.0.3 web.default.svc.cluster.local");
}

static void unready_pods_are_named_where_the_service_asks_for_it(void)
{
	MACHINE m;

	REQUIRE(load(&m,
		POD("a", "") SERVICE("web", "clusterIP: None, publishNotReadyAddresses: true")));
	machine_pod(&m, "default/a")->ready = false;
	machine_pod(&m, "default/a")->phase = POD_STARTING;
	write_records(&m);
	HAS(&m, "10.85.0.2 web.default.svc.cluster.local");
	machine_pod(&m, "default/a")->phase = POD_SUCCEEDED;
	write_records(&m);
	HAS_NOT(&m, "10.85.0.2 web");
}

static void pods_of_a_stateful_set_have_names_under_its_service(void)
{
	MACHINE m;

	REQUIRE(load(&m, STATEFUL_SET("hostname: ignored, subdomain: ignored") SERVICE(
				 "peers", "clusterIP: None") SERVICE("others", "clusterIP: None")));
	HAS(&m, "10.85.0.2 db-0.peers.default.svc.cluster.local");
	HAS(&m, "fd85::3 db-1.peers.default.svc.cluster.local");
	HAS(&m, "10.85.0.3 peers.default.svc.cluster.local");
	HAS(&m, "10.85.0.3 others.default.svc.cluster.local");
	HAS_NOT(&m, "db-0.others");
	HAS_NOT(&m, "ignored");
}

static void a_pod_with_hostname_and_subdomain_has_a_name_of_its_own(void)
{
	MACHINE m;

	REQUIRE(load(&m, POD("a", "hostname: one, subdomain: web") POD("b", "subdomain: web")
				 POD("c", "hostname: two") SERVICE("web", "clusterIP: None")));
	HAS(&m, "10.85.0.2 one.web.default.svc.cluster.local");
	HAS_NOT(&m, " b.web");
	HAS_NOT(&m, " two.web");
}

static void every_address_of_a_pod_has_a_name(void)
{
	MACHINE m;

	REQUIRE(load(&m, POD_OF("a", "namespace: x", "") POD("h", "hostNetwork: true")));
	CHECK_STR(records_of(&m), "\n10.85.0.2 10-85-0-2.x.pod.cluster.local\n"
				  "fd85::2 fd85--2.x.pod.cluster.local\n");
}

static void unchanged_records_are_not_written_again(void)
{
	struct stat first, second, third;
	char path[128];
	MACHINE m;

	REQUIRE(load(&m, POD("a", "") SERVICE("web", "clusterIP: None")));
	snprintf(path, sizeof(path), "%s/hosts", m.dir);
	CHECK(stat(path, &first) == 0);
	write_records(&m);
	CHECK(stat(path, &second) == 0 && second.st_ino == first.st_ino);
	machine_pod(&m, "default/a")->ready = false;
	write_records(&m);
	CHECK(stat(path, &third) == 0 && third.st_ino != first.st_ino);
	CHECK_INT(third.st_mode & 0777, 0644);
}

/* --- resolv.conf --- */

static void resolv_is(const char *yaml, const char *want, int line)
{
	AUTO_BUF out = {.data = NULL};
	MACHINE m;

	if (!machine_load(&m, yaml) || m.host.pods.count == 0)
		tap_check(false, __FILE__, line, "the manifests do not load");
	else if (dns_resolv_conf(&m.host, m.host.pods.items[0], &out) == RF_OK)
		tap_check_str(rf_buf_cstr(&out), want, __FILE__, line);
	else
		tap_check(false, __FILE__, line, "no resolv.conf");
}
#define RESOLV_IS(yaml, want) resolv_is(yaml, want, __LINE__)

#define CLUSTER                                                              \
	"nameserver 10.86.0.10\nnameserver fd86::10\n"                       \
	"search default.svc.cluster.local svc.cluster.local cluster.local\n" \
	"options ndots:5\n"

static void pods_ask_the_cluster_unless_they_say_otherwise(void)
{
	RESOLV_IS(POD("a", "") KUBE_DNS, CLUSTER);
	RESOLV_IS(POD("a", "dnsPolicy: ClusterFirst") KUBE_DNS, CLUSTER);
	RESOLV_IS(POD("a", "hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet") KUBE_DNS,
		CLUSTER);
}

static void dns_policy_none_is_the_config_alone(void)
{
	RESOLV_IS(POD("a", "dnsPolicy: None, dnsConfig: {nameservers: [192.0.2.1, '2001:db8::1'], "
			   "searches: [one.example, two.example], options: [{name: ndots, value: "
			   "'2'}, {name: edns0}]}") KUBE_DNS,
		"nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch one.example two.example\n"
		"options ndots:2 edns0\n");
}

/* resolv.conf(5): of several search lines the last one counts. */
static void a_config_is_added_on_the_same_lines(void)
{
	RESOLV_IS(POD("a", "dnsConfig: {nameservers: [192.0.2.1], searches: [one.example], "
			   "options: [{name: ndots, value: '2'}]}") KUBE_DNS,
		"nameserver 10.86.0.10\nnameserver fd86::10\nnameserver 192.0.2.1\n"
		"search default.svc.cluster.local svc.cluster.local cluster.local one.example\n"
		"options ndots:5 ndots:2\n");
}

static void without_a_dns_service_there_is_no_server(void)
{
	RESOLV_IS(POD_OF("a", "namespace: x", ""),
		"search x.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n");
}

/* Puts text in the place of a file of the machine, in a mount namespace of the test's own. */
static bool replace_file(const char *path, const char *text)
{
	char temp[] = "/tmp/ringfence-dns-XXXXXX";
	AUTO_FD fd = mkostemp(temp, O_CLOEXEC);
	bool ok = fd >= 0 && rf_fd_write_all(fd, text, strlen(text), NULL) == RF_OK &&
		  mount(temp, path, NULL, MS_BIND, NULL) == 0;

	unlink(temp);
	return ok;
}

static bool own_mounts(void)
{
	static int state = -1;

	if (state < 0)
		state = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return state;
}

#define REPLACE(path, text)                                        \
	do {                                                       \
		if (!own_mounts())                                 \
			SKIP("needs root, for a mount namespace"); \
		if (access(path, F_OK) < 0)                        \
			SKIP("there is no " path);                 \
		REQUIRE(replace_file(path, text));                 \
	} while (0)

static void dns_policy_default_is_what_the_machine_asks(void)
{
	REPLACE("/etc/resolv.conf", "# made\n; by hand\nnameserver\t192.0.2.7 \nnameserver "
				    "2001:db8::7\ndomain old.example\nsearch corp.example "
				    "example\noptions timeout:1\noptions rotate\nsortlist x\n");
	RESOLV_IS(POD("a", "dnsPolicy: Default, dnsConfig: {searches: [more.example]}") KUBE_DNS,
		"nameserver 192.0.2.7\nnameserver 2001:db8::7\n"
		"search corp.example example more.example\noptions timeout:1 rotate\n");
	umount2("/etc/resolv.conf", MNT_DETACH);
}

static void in_the_machines_network_the_default_is_the_machines(void)
{
	REPLACE("/etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 192.0.2.7");
	RESOLV_IS(POD("a", "hostNetwork: true") KUBE_DNS,
		"nameserver 127.0.0.53\nnameserver 192.0.2.7\n");
	RESOLV_IS(POD("a", "hostNetwork: true, dnsPolicy: ClusterFirst") KUBE_DNS,
		"nameserver 127.0.0.53\nnameserver 192.0.2.7\n");
	umount2("/etc/resolv.conf", MNT_DETACH);
}

static void servers_that_only_the_machine_reaches_are_not_told_to_pods(void)
{
	REPLACE("/etc/resolv.conf", "nameserver 127.0.0.53\nnameserver ::1\nnameserver "
				    "fe80::1%eth0\nnameserver 192.0.2.7\n");
	RESOLV_IS(POD("a", "dnsPolicy: Default"), "nameserver 192.0.2.7\n");
	umount2("/etc/resolv.conf", MNT_DETACH);
}

/* --- hosts and the host name --- */

static void hosts_are(const char *yaml, const char *want, int line)
{
	AUTO_BUF out = {.data = NULL};
	MACHINE m;

	if (machine_load(&m, yaml) && dns_hosts_file(m.host.pods.items[0], &out) == RF_OK)
		tap_check_str(rf_buf_cstr(&out), want, __FILE__, line);
	else
		tap_check(false, __FILE__, line, "no hosts file");
}
#define HOSTS_ARE(yaml, want) hosts_are(yaml, want, __LINE__)
#define LOCALHOST	      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

static void a_pod_finds_its_own_name_in_its_hosts_file(void)
{
	HOSTS_ARE(POD("a", ""), LOCALHOST "10.85.0.2\ta\nfd85::2\ta\n");
	HOSTS_ARE(POD("a", "hostname: h"), LOCALHOST "10.85.0.2\th\nfd85::2\th\n");
}

static void a_pod_with_a_subdomain_finds_its_full_name_too(void)
{
	HOSTS_ARE(POD("a", "hostname: h, subdomain: s"),
		LOCALHOST "10.85.0.2\th.s.default.svc.cluster.local\th\n"
			  "fd85::2\th.s.default.svc.cluster.local\th\n");
	HOSTS_ARE(STATEFUL_SET(""),
		LOCALHOST "10.85.0.2\tdb-0.peers.default.svc.cluster.local\tdb-0\n"
			  "fd85::2\tdb-0.peers.default.svc.cluster.local\tdb-0\n");
}

static void host_aliases_are_in_the_hosts_file(void)
{
	HOSTS_ARE(POD("a", "hostAliases: [{ip: 192.0.2.1, hostnames: [x.example, x]}, {ip: "
			   "'2001:db8::1', hostnames: [z]}]"),
		LOCALHOST "10.85.0.2\ta\nfd85::2\ta\n192.0.2.1\tx.example\tx\n2001:db8::1\tz\n");
}

static void in_the_machines_network_the_machines_hosts_count(void)
{
	REPLACE("/etc/hosts", "127.0.0.1 localhost\n192.0.2.9 db.example");
	HOSTS_ARE(POD("a", "hostNetwork: true, hostAliases: [{ip: 192.0.2.1, hostnames: [x]}]"),
		"127.0.0.1 localhost\n192.0.2.9 db.example\n192.0.2.1\tx\n");
	umount2("/etc/hosts", MNT_DETACH);
}

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 60 */

static void a_host_name_is_at_most_63_bytes_and_ends_in_a_letter(void)
{
	static const char *const cases[][2] = {
		{LONG "bcd", LONG "bcd"},
		{LONG "bcde", LONG "bcd"},
		{LONG "b-.c", LONG "b"},
		{"a.b", "a.b"},
	};

	for (size_t i = 0; i < RF_ARRAY_LEN(cases); i++) {
		struct kube_pod_spec spec = {.node = NULL};
		struct kube_object owner = {.kind = KUBE_POD};
		struct kube_pod pod = {
			.name = rf_str_of(cases[i][0]), .spec = &spec, .owner = &owner};
		char name[128];

		CHECK(rf_str_copy(dns_hostname(&pod), name, sizeof(name)));
		CHECK_STR(name, cases[i][1]);
	}
}

/* --- the built-in DNS --- */

static void the_built_in_manifest_runs_here(void)
{
	MACHINE m;

	REQUIRE(machine_load(&m, dns_manifest));
	CHECK_INT(m.host.pods.count, 1);
	CHECK(plan_find_service(&m.plan, RF_STR("kube-system/kube-dns")));
	CHECK(dns_is_image(
		((const struct kube_container *)m.host.pods.items[0]->kube->spec->containers.items)
			->image));
	CHECK(!dns_is_image(RF_STR("ringfence.internal/dns2")));
}

static void image_has(const struct image *image, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", image->layer_dirs[0].ptr, file);
	CHECKF(access(path, R_OK) == 0, "the image has no %s", file);
}

static bool has_argument(const struct image *image, const char *want)
{
	for (size_t i = 0; i < image->config.entrypoint.count; i++) {
		if (rf_str_is(image->config.entrypoint.items[i], want))
			return true;
	}
	return false;
}

static void the_built_in_image_is_made_of_the_machines_dnsmasq(void)
{
	AUTO_IMAGE *image = NULL;
	AUTO_IMAGE *again = NULL;
	struct stat first, second;
	char root[128], binary[192];
	MACHINE m = {.dir = ""};

	if (access("/usr/sbin/dnsmasq", X_OK) < 0)
		SKIP("needs dnsmasq-base");
	REPLACE("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 192.0.2.7\n");
	REQUIRE(machine_load(&m, ""));
	snprintf(root, sizeof(root), "%s/rootfs", machine_dir(&m));
	snprintf(binary, sizeof(binary), "%s/usr/sbin/dnsmasq", root);
	m.host.dns_rootfs = root;
	REQUIRE(dns_image(&m.host, &image, &m.err) == RF_OK);
	image_has(image, "usr/sbin/dnsmasq");
	image_has(image, "etc/passwd");
	image_has(image, DNS_RECORDS_TARGET);
	CHECK(rf_str_is(image->config.user, "65534:65534"));
	CHECK(has_argument(image, "--server=192.0.2.7"));
	CHECK(!has_argument(image, "--server=127.0.0.1"));
	CHECK(stat(binary, &first) == 0);
	CHECK_INT(dns_image(&m.host, &again, &m.err), RF_OK);
	CHECK(stat(binary, &second) == 0 && second.st_ino == first.st_ino);
	umount2("/etc/resolv.conf", MNT_DETACH);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_service_has_its_name_at_both_its_addresses);
	RUN(a_headless_service_has_the_addresses_of_its_ready_pods);
	RUN(unready_pods_are_named_where_the_service_asks_for_it);
	RUN(pods_of_a_stateful_set_have_names_under_its_service);
	RUN(a_pod_with_hostname_and_subdomain_has_a_name_of_its_own);
	RUN(every_address_of_a_pod_has_a_name);
	RUN(unchanged_records_are_not_written_again);
	RUN(pods_ask_the_cluster_unless_they_say_otherwise);
	RUN(dns_policy_none_is_the_config_alone);
	RUN(a_config_is_added_on_the_same_lines);
	RUN(without_a_dns_service_there_is_no_server);
	RUN(dns_policy_default_is_what_the_machine_asks);
	RUN(in_the_machines_network_the_default_is_the_machines);
	RUN(servers_that_only_the_machine_reaches_are_not_told_to_pods);
	RUN(a_pod_finds_its_own_name_in_its_hosts_file);
	RUN(a_pod_with_a_subdomain_finds_its_full_name_too);
	RUN(host_aliases_are_in_the_hosts_file);
	RUN(in_the_machines_network_the_machines_hosts_count);
	RUN(a_host_name_is_at_most_63_bytes_and_ends_in_a_letter);
	RUN(the_built_in_manifest_runs_here);
	RUN(the_built_in_image_is_made_of_the_machines_dnsmasq);
	return TAP_END();
}
