/* host/plan.h: pods and Services with addresses, from plan to plan. */
#include "host/plan.h"

#include "tests/lib/tap.h"

#define POD(name, fields)                                              \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name "}\n" \
	"spec: {containers: [{name: c, image: i}], " fields "}\n"
#define SERVICE(name, fields)                                              \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n" \
	"spec: {ports: [{port: 80}], selector: {a: b}, " fields "}\n"
#define DEPLOYMENT(replicas)                                                         \
	"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: "    \
	"{replicas: " replicas                                                       \
	", selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, " \
	"spec: {containers: [{name: c, image: i}]}}}\n"

/* One plan, and the addresses that go from one to the next. */
struct planned {
	struct kube_set set;
	struct plan plan;
	struct rf_diags diags;
	struct rf_err err;
	int rc;
};

static struct plan_addresses addresses;
static struct plan_ranges ranges;

static void planned_done(struct planned *p)
{
	plan_done(&p->plan);
	kube_set_done(&p->set);
	rf_diags_done(&p->diags);
}
#define PLANNED CLEANUP(planned_done) struct planned

static void addresses_done(struct plan_addresses *a)
{
	plan_addresses_done(a);
}

static struct rf_cidr block(const char *text)
{
	struct rf_cidr cidr = {.prefix = 0};

	if (*text && !rf_cidr_parse(rf_str_of(text), &cidr))
		abort();
	return cidr;
}

/* Starts with nothing given out; "" for a family that is not there. */
static void start(const char *pods4, const char *pods6)
{
	addresses_done(&addresses);
	if (plan_addresses_init(&addresses) < 0)
		abort();
	ranges = (struct plan_ranges){.pods = {block(pods4), block(pods6)},
		.services = {block("10.86.0.0/29"), block("fd86::/112")}};
}

static void make(struct planned *p, const char *text)
{
	*p = (struct planned){.rc = RF_EINTERNAL};
	if (kube_set_init(&p->set, &p->err) < 0 ||
		kube_load_text(&p->set, rf_str_of(text), "t.yaml", &p->diags, &p->err) < 0)
		return;
	CHECK_INT(p->diags.error_count, 0);
	p->rc = plan_make(&p->set, &ranges, &addresses, &p->plan, &p->diags, &p->err);
}

static const char *ips_text(const struct rf_ip *ips, size_t count)
{
	static char texts[8][2 * RF_IP_TEXT_SIZE];
	static unsigned turn;
	char *text = texts[turn++ % 8], one[RF_IP_TEXT_SIZE];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && i < 2; i++)
		len += (size_t)snprintf(text + len, sizeof(texts[0]) - len, "%s%s", i ? " " : "",
			rf_ip_text(&ips[i], one));
	return text;
}

static const char *pod_ips(const struct planned *p, const char *name)
{
	rf_vec_each (pod, &p->plan.pods.list) {
		if (rf_str_is(pod->name, name))
			return ips_text(pod->ips, pod->ip_count);
	}
	return NULL;
}

static const char *service_ips(const struct planned *p, const char *key)
{
	const struct plan_service *service = plan_find_service(&p->plan, rf_str_of(key));

	return service ? ips_text(service->ips, service->ip_count) : NULL;
}

static void one_refusal(const struct planned *p, unsigned line, const char *msg)
{
	CHECK_INT(p->rc, RF_EINPUT);
	CHECK_INT(p->diags.error_count, 1);
	if (p->diags.list.count == 0)
		return;
	CHECK_INT(p->diags.list.items[0].pos.line, line);
	CHECK_STR(p->diags.list.items[0].pos.file, "t.yaml");
	CHECK_STR(p->diags.list.items[0].msg, msg);
}

/* --- pods --- */

static void each_pod_gets_an_address_of_each_family(void)
{
	PLANNED p;

	start("10.85.0.0/24", "fd85::/64");
	make(&p, POD("a", "") POD("b", ""));
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(pod_ips(&p, "a"), "10.85.0.2 fd85::2");
	CHECK_STR(pod_ips(&p, "b"), "10.85.0.3 fd85::3");
}

static void a_range_of_one_family_gives_addresses_of_that_family(void)
{
	PLANNED four, six;

	start("10.85.0.0/24", "");
	make(&four, POD("a", ""));
	CHECK_STR(pod_ips(&four, "a"), "10.85.0.2");
	start("", "fd85::/64");
	make(&six, POD("a", ""));
	CHECK_STR(pod_ips(&six, "a"), "fd85::2");
}

static void the_machine_has_the_first_address_of_each_range(void)
{
	struct rf_ip ips[2];

	start("10.85.0.0/24", "fd85::/64");
	CHECK_STR(ips_text(ips, plan_node_ips(&ranges, ips)), "10.85.0.1 fd85::1");
	start("", "fd85::/64");
	CHECK_STR(ips_text(ips, plan_node_ips(&ranges, ips)), "fd85::1");
}

static void a_pod_keeps_its_address_from_plan_to_plan(void)
{
	PLANNED first, second;

	start("10.85.0.0/24", "");
	make(&first, POD("a", "") POD("b", "") POD("c", ""));
	make(&second, POD("new", "") POD("c", "") POD("a", ""));
	CHECK_STR(pod_ips(&second, "a"), pod_ips(&first, "a"));
	CHECK_STR(pod_ips(&second, "c"), pod_ips(&first, "c"));
	CHECK_STR(pod_ips(&second, "new"), "10.85.0.5");
}

static void pods_of_one_name_in_two_namespaces_have_two_addresses(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, POD("a", "") "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: "
			      "x}\nspec: {containers: [{name: c, image: i}]}\n");
	REQUIRE(p.plan.pods.list.count == 2);
	CHECK(!rf_ip_eq(&p.plan.pods.list.items[0].ips[0], &p.plan.pods.list.items[1].ips[0]));
}

/* /29: five addresses for pods, .2 to .6. */
static void a_freed_address_waits_until_the_range_has_gone_round(void)
{
	static const char *const names[] = {"b", "c", "d", "e"};
	PLANNED first, last;

	start("10.85.0.0/29", "");
	make(&first, POD("a", ""));
	plan_addresses_drop_pod(&addresses, RF_STR("default/a"));
	for (size_t i = 0; i < RF_ARRAY_LEN(names); i++) {
		char text[256], want[32];
		PLANNED p;

		snprintf(text, sizeof(text), POD("%s", ""), names[i]);
		snprintf(want, sizeof(want), "10.85.0.%zu", i + 3);
		make(&p, text);
		CHECK_STR(pod_ips(&p, names[i]), want);
	}
	make(&last, POD("f", ""));
	CHECK_STR(pod_ips(&last, "f"), "10.85.0.2");
}

static void a_dropped_pod_that_comes_again_is_a_new_one(void)
{
	PLANNED first, second;

	start("10.85.0.0/24", "");
	make(&first, POD("a", ""));
	plan_addresses_drop_pod(&addresses, RF_STR("default/a"));
	plan_addresses_drop_pod(&addresses, RF_STR("default/a"));
	plan_addresses_drop_pod(&addresses, RF_STR("default/never-was"));
	make(&second, POD("a", ""));
	CHECK_STR(pod_ips(&second, "a"), "10.85.0.3");
}

static void a_full_range_is_a_limit_that_says_which(void)
{
	PLANNED fits, full, again;

	start("10.85.0.0/29", "fd85::/64");
	make(&fits, DEPLOYMENT("5"));
	CHECK_INT(fits.rc, RF_OK);
	make(&full, DEPLOYMENT("6"));
	CHECK_INT(full.rc, RF_ELIMIT);
	CHECK_STR(full.err.msg, "10.85.0.0/29 has no address left for another pod: "
				"choose a larger range (--pod-range)");
	make(&again, DEPLOYMENT("5"));
	CHECK_INT(again.rc, RF_OK);
}

static void a_range_without_room_for_any_pod_is_full(void)
{
	static const char *const small[] = {"10.85.0.0/32", "10.85.0.0/31"};

	for (size_t i = 0; i < RF_ARRAY_LEN(small); i++) {
		PLANNED p;

		start(small[i], "");
		make(&p, POD("a", ""));
		CHECK_INT(p.rc, RF_ELIMIT);
	}
}

static void the_last_address_of_a_range_is_not_given_out(void)
{
	PLANNED p;

	start("10.85.0.0/30", "");
	make(&p, POD("a", ""));
	CHECK_STR(pod_ips(&p, "a"), "10.85.0.2");
	plan_done(&p.plan);
	p.rc = plan_make(&p.set, &ranges, &addresses, &p.plan, &p.diags, &p.err);
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(pod_ips(&p, "a"), "10.85.0.2");
}

static void pods_in_the_machines_network_get_no_address(void)
{
	PLANNED p;

	start("10.85.0.0/24", "fd85::/64");
	make(&p, POD("host", "hostNetwork: true") POD("a", ""));
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(pod_ips(&p, "host"), "");
	CHECK_STR(pod_ips(&p, "a"), "10.85.0.2 fd85::2");
}

/* A dump of a live cluster says where its pods were: here they are somewhere else. */
static void addresses_in_a_status_are_those_of_another_machine(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, "
		 "image: i}]}\nstatus: {phase: Succeeded, podIP: 10.1.2.3}\n");
	CHECK_STR(pod_ips(&p, "a"), "10.85.0.2");
	REQUIRE(p.plan.pods.list.count == 1);
	CHECK(!p.plan.pods.list.items[0].finished);
}

/* --- Services --- */

static void a_service_gets_an_address_of_each_family_and_keeps_it(void)
{
	PLANNED first, second;

	start("10.85.0.0/24", "fd85::/64");
	make(&first, SERVICE("a", "") SERVICE("b", ""));
	CHECK_STR(service_ips(&first, "default/a"), "10.86.0.2 fd86::2");
	CHECK_STR(service_ips(&first, "default/b"), "10.86.0.3 fd86::3");
	make(&second, SERVICE("c", "") SERVICE("b", ""));
	CHECK_STR(service_ips(&second, "default/b"), "10.86.0.3 fd86::3");
	CHECK_STR(service_ips(&second, "default/c"), "10.86.0.4 fd86::4");
	CHECK(!plan_find_service(&second.plan, RF_STR("default/a")));
}

static void a_headless_service_has_no_address(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, SERVICE("a", "clusterIP: None"));
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(service_ips(&p, "default/a"), "");
}

static void a_cluster_ip_that_the_manifest_fixes_is_used(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, SERVICE("a", "clusterIP: 10.86.0.5") SERVICE("b", "clusterIP: 'fd86::5'")
			 SERVICE("c", "clusterIP: 'fd86::7', clusterIPs: ['fd86::7', 10.86.0.4]"));
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(service_ips(&p, "default/a"), "10.86.0.5");
	CHECK_STR(service_ips(&p, "default/b"), "fd86::5");
	CHECK_STR(service_ips(&p, "default/c"), "fd86::7 10.86.0.4");
}

static void a_fixed_cluster_ip_outside_the_range_is_refused_with_its_place(void)
{
	PLANNED four, six;

	start("10.85.0.0/24", "");
	make(&four, SERVICE("a", "\n  clusterIP: 10.96.0.10"));
	one_refusal(
		&four, 6, "clusterIP 10.96.0.10 is outside the range of Services: leave it out");
	make(&six, SERVICE("a", "\n  clusterIP: 'fd00::1'"));
	one_refusal(&six, 6, "clusterIP fd00::1 is outside the range of Services: leave it out");
}

static void a_fixed_cluster_ip_is_given_to_no_other_service(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, SERVICE("a", "") SERVICE("b", "clusterIP: 10.86.0.2")
			 SERVICE("c", "clusterIP: 'fd86::3'"));
	CHECK_INT(p.rc, RF_OK);
	CHECK_STR(service_ips(&p, "default/a"), "10.86.0.4 fd86::4");
}

static void two_services_with_one_fixed_cluster_ip_are_refused(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, SERVICE("a", "clusterIP: 10.86.0.5") SERVICE("b", "\n  clusterIP: 10.86.0.5"));
	one_refusal(&p, 11, "clusterIP 10.86.0.5 is that of Service default/a: leave it out");
}

static void a_fixed_cluster_ip_that_a_running_service_has_is_refused(void)
{
	PLANNED first, second;

	start("10.85.0.0/24", "");
	make(&first, SERVICE("a", ""));
	make(&second, SERVICE("a", "") SERVICE("b", "\n  clusterIP: 10.86.0.2"));
	one_refusal(&second, 11, "clusterIP 10.86.0.2 is that of Service default/a: leave it out");
}

static void a_full_range_of_services_is_a_limit(void)
{
	AUTO_BUF text = {.data = NULL};
	PLANNED p;

	start("10.85.0.0/24", "");
	for (char name = 'a'; name < 'g'; name++)
		rf_buf_addf(&text, SERVICE("%c", ""), name);
	make(&p, rf_buf_cstr(&text));
	CHECK_INT(p.rc, RF_ELIMIT);
	CHECK_STR(p.err.msg, "10.86.0.0/29 has no address left for another service: "
			     "choose a larger range (--service-range)");
}

/* --- refusals --- */

static void what_cannot_be_honoured_is_in_the_findings(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, POD("a", "\n  hostUsers: false")
			 POD("b", "\n  securityContext: {sysctls: [{name: kernel.panic, value: "
				  "'1'}]}"));
	CHECK_INT(p.rc, RF_EINPUT);
	CHECK_INT(p.diags.error_count, 2);
	REQUIRE(p.diags.list.count == 2);
	CHECK_INT(p.diags.list.items[0].pos.line, 6);
	CHECK_INT(p.diags.list.items[1].pos.line, 12);
}

static void nothing_at_all_is_a_plan(void)
{
	PLANNED p;

	start("10.85.0.0/24", "");
	make(&p, "");
	CHECK_INT(p.rc, RF_OK);
	CHECK_INT(p.plan.pods.list.count + p.plan.services.count, 0);
}

int main(int argc, char **argv)
{
	int rc;

	TAP_BEGIN(argc, argv);
	RUN(each_pod_gets_an_address_of_each_family);
	RUN(a_range_of_one_family_gives_addresses_of_that_family);
	RUN(the_machine_has_the_first_address_of_each_range);
	RUN(a_pod_keeps_its_address_from_plan_to_plan);
	RUN(pods_of_one_name_in_two_namespaces_have_two_addresses);
	RUN(a_freed_address_waits_until_the_range_has_gone_round);
	RUN(a_dropped_pod_that_comes_again_is_a_new_one);
	RUN(a_full_range_is_a_limit_that_says_which);
	RUN(a_range_without_room_for_any_pod_is_full);
	RUN(the_last_address_of_a_range_is_not_given_out);
	RUN(pods_in_the_machines_network_get_no_address);
	RUN(addresses_in_a_status_are_those_of_another_machine);
	RUN(a_service_gets_an_address_of_each_family_and_keeps_it);
	RUN(a_headless_service_has_no_address);
	RUN(a_cluster_ip_that_the_manifest_fixes_is_used);
	RUN(a_fixed_cluster_ip_outside_the_range_is_refused_with_its_place);
	RUN(a_fixed_cluster_ip_is_given_to_no_other_service);
	RUN(two_services_with_one_fixed_cluster_ip_are_refused);
	RUN(a_fixed_cluster_ip_that_a_running_service_has_is_refused);
	RUN(a_full_range_of_services_is_a_limit);
	RUN(what_cannot_be_honoured_is_in_the_findings);
	RUN(nothing_at_all_is_a_plan);
	rc = TAP_END();
	addresses_done(&addresses);
	return rc;
}
