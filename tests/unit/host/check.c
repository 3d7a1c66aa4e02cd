/*
 * host/check.h: all that would keep manifests from running here is said at once, with its place,
 * and nothing is started. What needs an image in the store needs root.
 */
#include "host/check.h"

#include <dirent.h>

#include "host/dns.h"
#include "image/import.h"
#include "proc/role.h"
#include "tests/unit/image/image_test.h"

static struct instance inst;
static bool able; /* root: the images are there */

/* --- images --- */

/* An image NAME:1 of one layer with this "config" of its configuration. */
static bool make_image(const char *name, const char *config)
{
	char dir[128], tag[64];
	struct member_sink sink = {.dir = dir};
	struct test_layer layer = {.blob = {.len = 0}};
	struct image_import_opts opts = {.name = tag};
	struct image_digest config_digest, manifest_digest;
	struct image_store *store = NULL;
	AUTO_BUF tar = {.len = 0};
	AUTO_BUF text = {.len = 0};
	AUTO_BUF manifest = {.len = 0};
	AUTO_BUF index = {.len = 0};
	struct rf_err err = {.code = RF_OK};
	int rc;

	snprintf(dir, sizeof(dir), "%s/%s", test_root, name);
	snprintf(tag, sizeof(tag), "%s:1", name);
	TAR_OF(&tar, {.name = "app", .text = "x", .mode = 0755},
		{.name = "etc/passwd",
			.text = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n"});
	layer_make(&layer, rf_buf_str(&tar), NULL);
	rf_buf_addf(&text,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{%s},\"rootfs\":{\"type\":"
		"\"layers\",\"diff_ids\":[\"sha256:%s\"]}}",
		image_host_architecture(), config, hex_of(&layer.diff_id));
	blob_put(&sink, rf_buf_str(&text), &config_digest);
	blob_put(&sink, rf_buf_str(&layer.blob), &layer.digest);
	rf_buf_addf(&manifest,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":"
		"[{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu}]}",
		hex_of(&config_digest), text.len, layer.media_type, hex_of(&layer.digest),
		layer.blob.len);
	blob_put(&sink, rf_buf_str(&manifest), &manifest_digest);
	rf_buf_add_c(&index, "{\"schemaVersion\":2,\"manifests\":[");
	index_entry(&index, &manifest_digest, manifest.len, tag);
	rf_buf_add_c(&index, "]}");
	member_put(&sink, "oci-layout", RF_STR("{\"imageLayoutVersion\":\"1.0.0\"}"));
	member_put(&sink, "index.json", rf_buf_str(&index));
	rc = image_store_open(inst.images, &store, &err);
	if (rc == RF_OK)
		rc = image_import(store, dir, &opts, NULL, &err);
	image_store_free(store);
	rf_buf_done(&layer.blob);
	if (rc < 0)
		tap_diag("%s", err.msg);
	return rc == RF_OK;
}

/* --- checking --- */

struct checked {
	struct kube_set set;
	struct rf_diags diags;
	struct rf_err err;
	struct rf_buf said; /* "line:col message" of every error */
	size_t load_errors;
	int rc;
};

static void checked_done(struct checked *c)
{
	kube_set_done(&c->set);
	rf_diags_done(&c->diags);
	rf_buf_done(&c->said);
}
#define CHECKED CLEANUP(checked_done) struct checked

static struct rf_cidr range(const char *text)
{
	struct rf_cidr cidr;

	if (!rf_cidr_parse(rf_str_of(text), &cidr))
		abort();
	return cidr;
}

static void check(struct checked *c, const char *text)
{
	char profiles[80];
	struct host_config config = {.seccomp_root = profiles};

	snprintf(profiles, sizeof(profiles), "%s/profiles", test_root);
	config.ranges.pods[0] = range("10.85.0.0/29");
	config.ranges.services[0] = range("10.86.0.0/24");
	*c = (struct checked){.rc = RF_EINTERNAL};
	if (kube_set_init(&c->set, &c->err) < 0 ||
		kube_load_text(&c->set, rf_str_of(text), "t.yaml", &c->diags, &c->err) < 0)
		return;
	c->load_errors = c->diags.error_count;
	c->rc = host_check(&config, &inst, &c->set, &c->diags, &c->err);
	rf_vec_each (d, &c->diags.list) {
		if (d->severity == RF_ERROR)
			rf_buf_addf(&c->said, "%u:%u %s\n", d->pos.line, d->pos.col, d->msg);
	}
}

static void says(const char *text, const char *want, int line)
{
	CHECKED c;

	check(&c, text);
	tap_check(c.load_errors == 0 && c.rc == RF_OK, __FILE__, line, "result %d: %s", c.rc,
		c.err.msg);
	tap_check_str(rf_buf_cstr(&c.said), want, __FILE__, line);
}
#define SAYS(text, want) says(text, want, __LINE__)

/* The same when only a part of the one message matters. */
static void mentions(const char *text, const char *place, const char *part, int line)
{
	CHECKED c;

	check(&c, text);
	tap_check(c.load_errors == 0 && c.rc == RF_OK && c.diags.error_count == 1 &&
			  rf_str_starts(rf_buf_str(&c.said), rf_str_of(place)) &&
			  strstr(rf_buf_cstr(&c.said), part),
		__FILE__, line, "wanted one \"%s ... %s\", got %d:\n%s", place, part, c.rc,
		rf_buf_cstr(&c.said));
}
#define MENTIONS(text, place, part) mentions(text, place, part, __LINE__)

#define NEEDS_IMAGES()                                  \
	do {                                            \
		if (!able)                              \
			SKIP("needs root, for images"); \
	} while (0)

/* Line 5 holds what a test is about. */
#define POD(containers, fields)                                                                \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [" containers \
	"], " fields "}\n"
#define APP(fields) "{name: c, image: 'app:1', " fields "}"
#define MISSING(name)                                                                      \
	"image " name " is not on this machine: bring it in with `ringfence image import " \
	"FILE --name " name "`\n"

/* --- what is there --- */

static void what_can_run_has_no_finding(void)
{
	NEEDS_IMAGES();
	SAYS(POD(APP(""), ""), "");
	SAYS(POD(APP("env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: k}}}]"),
		     "") "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: "
			 "v}\n",
		"");
	SAYS("", "");
}

static void the_built_in_dns_needs_no_image_in_the_store(void)
{
	SAYS(dns_manifest, "");
}

static void nothing_is_started_and_nothing_changed(void)
{
	struct dirent *entry;
	CHECKED c;
	DIR *dir;

	check(&c, POD(APP(""), ""));
	CHECK_INT(c.rc, RF_OK);
	CHECK(access(inst.run_dir, F_OK) < 0);
	dir = opendir(inst.state_dir);
	REQUIRE(dir);
	while ((entry = readdir(dir)))
		CHECKF(entry->d_name[0] == '.' || strcmp(entry->d_name, "images") == 0,
			"%s was made", entry->d_name);
	closedir(dir);
}

/* --- images --- */

static void a_missing_image_is_reported_at_its_place_with_what_to_do(void)
{
	SAYS(POD("{name: c,\n  image: 'none:1'}", ""), "6:3 " MISSING("none:1"));
}

static void every_missing_image_is_reported_not_the_first(void)
{
	SAYS(POD("{name: a, image: one}, {name: b, image: two}",
		     "\n  initContainers: [{name: i, image: three}]") "---\napiVersion: "
								      "apps/v1\nkind: Deployment\n"
								      "metadata: {name: d}\nspec: "
								      "{replicas: 3, selector: "
								      "{matchLabels: {a: b}}, "
								      "template: {metadata: "
								      "{labels: {a: b}}, spec: "
								      "{containers: [\n  {name: "
								      "c, image: four}]}}}\n",
		"6:30 " MISSING("three") "5:31 " MISSING("one") "5:54 " MISSING(
			"two") "12:13 " MISSING("four"));
}

static void a_name_that_no_image_can_have_is_reported(void)
{
	MENTIONS(POD("{name: c, image: 'No Such:NAME:x'}", ""), "5:31 ", "No Such:NAME:x");
	MENTIONS(POD("{name: c, image: 'app@sha256:12'}", ""), "5:31 ", "app@sha256:12");
}

static void an_image_without_a_command_is_reported_unless_one_is_given(void)
{
	NEEDS_IMAGES();
	SAYS(POD("{name: c, image: 'bare:1'}", ""),
		"5:31 image bare:1 has no entry point: set command\n");
	SAYS(POD("{name: c, image: 'bare:1', command: [/app]}", ""), "");
	SAYS(POD("{name: c, image: 'bare:1', args: [/app]}", ""), "");
}

static void a_user_that_the_image_does_not_have_is_reported(void)
{
	NEEDS_IMAGES();
	MENTIONS(POD("{name: c, image: 'stranger:1'}", ""), "5:31 ", "USER of image");
}

/* --- security --- */

static void a_root_image_where_root_is_refused_is_reported(void)
{
	NEEDS_IMAGES();
	MENTIONS(
		POD(APP("securityContext: {\n  runAsNonRoot: true}"), ""), "6:3 ", "runs as uid 0");
	SAYS(POD(APP("securityContext: {runAsNonRoot: true, runAsUser: 1000}"), ""), "");
	SAYS(POD("{name: c, image: 'web:1', securityContext: {runAsUser: 7, runAsNonRoot: true}}",
		     ""),
		"");
}

static void a_profile_that_is_not_there_is_reported(void)
{
	NEEDS_IMAGES();
	MENTIONS(POD(APP("securityContext: {seccompProfile: {type: Localhost,\n  "
			 "localhostProfile: no.json}}"),
			 ""),
		"6:3 ", "no.json");
	MENTIONS(POD(APP(""), "\n  securityContext: {seccompProfile: {type: Localhost, "
			      "localhostProfile: no.json}}"),
		"6:55 ", "no.json");
}

static void a_profile_that_is_none_is_reported(void)
{
	NEEDS_IMAGES();
	CHECK_INT(rf_dir_make(test_path("profiles"), 0755, NULL), RF_OK);
	file_put(test_path("profiles/bad.json"),
		RF_STR("{\"defaultAction\": \"SCMP_ACT_NOTHING\"}"));
	file_put(
		test_path("profiles/good.json"), RF_STR("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}"));
	MENTIONS(POD(APP("securityContext: {seccompProfile: {type: Localhost,\n  "
			 "localhostProfile: bad.json}}"),
			 ""),
		"6:3 ", "bad.json");
	SAYS(POD(APP("securityContext: {seccompProfile: {type: Localhost, localhostProfile: "
		     "good.json}}"),
		     ""),
		"");
}

/* --- references and fields --- */

#define REFERENCES                                                                               \
	POD("{name: c, image: none,\n  env: [{name: A, valueFrom: {configMapKeyRef: {name: m1, " \
	    "key: k}}},\n    {name: B, valueFrom: {secretKeyRef: {name: s1, key: k}}}],\n  "     \
	    "envFrom: [{configMapRef: {name: m2}},\n    {secretRef: {name: s2}}]}",              \
		"\n  volumes: [{name: v, configMap: {name: m3}},\n    {name: w, secret: "        \
		"{secretName: s3}}]")

static void every_missing_reference_is_reported_with_its_place(void)
{
	static const char *const names[] = {"m1", "s1", "m2", "s2", "m3", "s3", "none"};
	static const unsigned lines[] = {6, 7, 8, 9, 10, 11, 5};
	CHECKED c;

	check(&c, REFERENCES);
	CHECK_INT(c.rc, RF_OK);
	CHECK_INT(c.diags.error_count, RF_ARRAY_LEN(names));
	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		bool found = false;

		rf_vec_each (d, &c.diags.list)
			found = found || (d->pos.line == lines[i] && strstr(d->msg, names[i]));
		CHECKF(found, "nothing about %s in line %u:\n%s", names[i], lines[i],
			rf_buf_cstr(&c.said));
	}
}

static void optional_references_may_be_missing(void)
{
	NEEDS_IMAGES();
	SAYS(POD(APP("env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: k, optional: "
		     "true}}}], envFrom: [{secretRef: {name: s, optional: true}}]"),
		     "volumes: [{name: v, configMap: {name: m, optional: true}}]"),
		"");
}

static void fields_and_references_are_reported_together(void)
{
	CHECKED c;

	check(&c,
		POD("{name: c, image: none, imagePullPolicy: Always}",
			"hostUsers: false") "---\napiVersion: v1\nkind: Service\nmetadata: {name: "
					    "s}\nspec: {selector: "
					    "{a: b}, ports: [{port: 1}], clusterIP: 192.0.2.1}\n");
	CHECK_INT(c.rc, RF_OK);
	CHECK_INT(c.diags.error_count, 4);
	CHECK(strstr(rf_buf_cstr(&c.said), "imagePullPolicy"));
	CHECK(strstr(rf_buf_cstr(&c.said), "hostUsers"));
	CHECK(strstr(rf_buf_cstr(&c.said), "clusterIP 192.0.2.1"));
	CHECK(strstr(rf_buf_cstr(&c.said), "image none is not on this machine"));
}

static void pods_of_a_workload_are_checked_once(void)
{
	SAYS("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d}\nspec: {replicas: 4, "
	     "serviceName: s, selector: {matchLabels: {a: b}}, template: {metadata: {labels: "
	     "{a: b}}, spec: {containers: [\n  {name: c, image: none}]}}}\n",
		"5:13 " MISSING("none"));
}

static void more_pods_than_addresses_are_a_limit(void)
{
	CHECKED c;

	check(&c, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 6, "
		  "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
		  "{containers: [{name: c, image: none}]}}}\n");
	CHECK_INT(c.rc, RF_ELIMIT);
	CHECK(strstr(c.err.msg, "10.85.0.0/29 has no address left for another pod"));
}

/* --- the built-in DNS --- */

static void dns_is_added_where_the_manifests_have_none(void)
{
	CHECKED c;

	check(&c, "");
	CHECK_INT(host_add_dns(&c.set, &c.diags, &c.err), RF_OK);
	CHECK_INT(c.set.objects.count, 2);
	CHECK_INT(c.diags.error_count, 0);
	CHECK_INT(host_add_dns(&c.set, &c.diags, &c.err), RF_OK);
	CHECK_INT(c.set.objects.count, 2);
}

static void dns_of_the_manifests_own_is_left_alone(void)
{
	CHECKED c;

	check(&c, "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: "
		  "kube-system}\nspec: {selector: {a: b}, ports: [{port: 53, protocol: UDP}]}\n");
	CHECK_INT(host_add_dns(&c.set, &c.diags, &c.err), RF_OK);
	CHECK_INT(c.set.objects.count, 1);
}

static void a_policy_of_the_mesh_without_a_pod_in_it_is_warned_of(void)
{
	static const char policies[] =
		"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}\n"
		"---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: "
		"{name: b, namespace: other}\n";
	static const char pod[] = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: "
				  "{sidecar.istio.io/inject: 'true'}}\nspec: {containers: [{name: "
				  "c, image: test/tool:1}]}\n";
	AUTO_BUF text = {0};
	CHECKED c;

	rf_buf_addf(&text, "%s%s", policies, pod);
	check(&c, rf_buf_cstr(&text));
	REQUIRE(c.diags.list.count >= 1);
	CHECK_INT(c.diags.list.items[c.diags.list.count - 1].pos.line, 5);
	CHECK(strstr(c.diags.list.items[c.diags.list.count - 1].msg,
		"PeerAuthentication b is enforced nowhere"));
}

static bool set_up(void)
{
	struct rf_err err;

	test_root_open();
	if (instance_init(&inst, test_path("run"), test_path("state"), &err) < 0)
		return false;
	able = geteuid() == 0 && make_image("app", "\"Entrypoint\":[\"/app\"]") &&
	       make_image("bare", "") && make_image("web", "\"User\":\"web\",\"Cmd\":[\"/app\"]") &&
	       make_image("stranger", "\"User\":\"nobody-knows\",\"Cmd\":[\"/app\"]");
	return able || geteuid() != 0;
}

int main(int argc, char **argv)
{
	bool ready;
	int rc;

	proc_role_main(argc, argv);
	TAP_BEGIN(argc, argv);
	ready = set_up();
	RUN(what_can_run_has_no_finding);
	RUN(the_built_in_dns_needs_no_image_in_the_store);
	RUN(nothing_is_started_and_nothing_changed);
	RUN(a_missing_image_is_reported_at_its_place_with_what_to_do);
	RUN(every_missing_image_is_reported_not_the_first);
	RUN(a_name_that_no_image_can_have_is_reported);
	RUN(an_image_without_a_command_is_reported_unless_one_is_given);
	RUN(a_user_that_the_image_does_not_have_is_reported);
	RUN(a_root_image_where_root_is_refused_is_reported);
	RUN(a_profile_that_is_not_there_is_reported);
	RUN(a_profile_that_is_none_is_reported);
	RUN(every_missing_reference_is_reported_with_its_place);
	RUN(optional_references_may_be_missing);
	RUN(fields_and_references_are_reported_together);
	RUN(pods_of_a_workload_are_checked_once);
	RUN(more_pods_than_addresses_are_a_limit);
	RUN(dns_is_added_where_the_manifests_have_none);
	RUN(dns_of_the_manifests_own_is_left_alone);
	RUN(a_policy_of_the_mesh_without_a_pod_in_it_is_warned_of);
	rc = TAP_END();
	instance_done(&inst);
	test_root_close();
	return ready ? rc : 1;
}
