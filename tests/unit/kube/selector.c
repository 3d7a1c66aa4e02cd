/* Selectors: what matches, what is refused, how they read. */
#include "tests/unit/kube/kube_test.h"

/* Whether a NetworkPolicy's podSelector matches labels (flow maps). */
static bool matches(const char *selector, const char *labels)
{
	AUTO_BUF text = {.data = NULL};
	struct loaded l;
	bool result;

	rf_buf_addf(&text,
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, "
		"labels: "
		"%s}\nspec: {podSelector: %s}\n",
		labels, selector);
	l = loaded_of(rf_buf_cstr(&text));
	CHECK_STR(rf_buf_cstr(&l.said), "");
	result = loaded_first(&l) &&
		 kube_selector_matches(&loaded_first(&l)->network_policy->pod_selector,
			 &loaded_first(&l)->meta.labels);
	loaded_done(&l);
	return result;
}

static void an_empty_or_null_selector_matches_everything(void)
{
	CHECK(matches("{}", "{}"));
	CHECK(matches("{}", "{a: b}"));
	CHECK(matches("null", "{a: b}"));
	CHECK(matches("{matchLabels: {}, matchExpressions: []}", "{a: b}"));
	CHECK(matches("{matchLabels: null, matchExpressions: null}", "{a: b}"));
}

static void matchLabels_needs_every_pair(void)
{
	CHECK(matches("{matchLabels: {a: b}}", "{a: b, c: d}"));
	CHECK(matches("{matchLabels: {c: d, a: b}}", "{a: b, c: d}"));
	CHECK(!matches("{matchLabels: {a: b, c: d}}", "{a: b}"));
	CHECK(!matches("{matchLabels: {a: b}}", "{a: c}"));
}

static void an_empty_value_in_matchLabels_needs_the_key(void)
{
	CHECK(matches("{matchLabels: {a: ''}}", "{a: ''}"));
	CHECK(!matches("{matchLabels: {a: ''}}", "{b: ''}"));
	CHECK(!matches("{matchLabels: {a: ''}}", "{}"));
}

static void In_needs_the_key_with_one_of_the_values(void)
{
	const char *s = "{matchExpressions: [{key: a, operator: In, values: [x, z]}]}";

	CHECK(matches(s, "{a: x}"));
	CHECK(matches(s, "{a: z}"));
	CHECK(!matches(s, "{a: w}"));
	CHECK(!matches(s, "{}"));
}

static void NotIn_matches_when_the_key_is_absent(void)
{
	const char *s = "{matchExpressions: [{key: a, operator: NotIn, values: [x, z]}]}";

	CHECK(matches(s, "{a: w}"));
	CHECK(matches(s, "{b: x}"));
	CHECK(!matches(s, "{a: z}"));
}

static void Exists_and_DoesNotExist_look_at_the_key_alone(void)
{
	CHECK(matches("{matchExpressions: [{key: a, operator: Exists}]}", "{a: ''}"));
	CHECK(!matches("{matchExpressions: [{key: a, operator: Exists}]}", "{}"));
	CHECK(matches("{matchExpressions: [{key: a, operator: DoesNotExist}]}", "{b: x}"));
	CHECK(!matches(
		"{matchExpressions: [{key: a, operator: DoesNotExist, values: []}]}", "{a: x}"));
}

static void all_parts_must_match(void)
{
	const char *s = "{matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}, "
			"{key: d, operator: DoesNotExist}]}";

	CHECK(matches(s, "{a: b, c: x}"));
	CHECK(!matches(s, "{a: b, c: x, d: x}"));
	CHECK(!matches(s, "{c: x}"));
}

static void a_label_is_found_among_many(void)
{
	AUTO_LOADED l =
		loaded_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: np, labels: {g: "
			  "1x, a: 2x, f: 3x, b: 4x, e: 5x, c: 6x, d: 7x, aa: 8x}}\n");
	const struct doc_pairs *labels = &loaded_first(&l)->meta.labels;

	CHECK(rf_str_is(kube_label(labels, RF_STR("a")), "2x"));
	CHECK(rf_str_is(kube_label(labels, RF_STR("aa")), "8x"));
	CHECK(rf_str_is(kube_label(labels, RF_STR("g")), "1x"));
	CHECK(kube_label(labels, RF_STR("h")).ptr == NULL);
	CHECK(kube_label(labels, RF_STR("")).ptr == NULL);
}

static void In_and_NotIn_need_values_and_the_others_take_none(void)
{
	SAYS(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: "
		    "In}]}}]}]"),
		"5:64 operator In needs at least one entry in values\n");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: "
		       "NotIn, values: []}]}}]}]"),
		"operator NotIn needs at least one entry");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: "
		       "Exists, values: [x]}]}}]}]"),
		"operator Exists takes no values");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: "
		       "DoesNotExist, values: [x]}]}}]}]"),
		"operator DoesNotExist takes no values");
}

static void operators_keys_and_values_are_checked(void)
{
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: in, "
		       "values: [x]}]}}]}]"),
		"expected one of In, NotIn, Exists, DoesNotExist");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Gt, "
		       "values: [x]}]}}]}]"),
		"expected one of In");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: 'a b', operator: "
		       "Exists}]}}]}]"),
		"\"a b\" is not a label key");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: In, "
		       "values: ['x y']}]}}]}]"),
		"\"x y\" is not a label value");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchLabels: {a: 'x y'}}}]}]"),
		"\"x y\" is not a label value");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchLabel: {a: x}}}]}]"),
		"did you mean \"matchLabels\"?");
	REFUSES(POLICY("ingress: [{from: [{podSelector: {matchLabels: {a: 1}}}]}]"), "quote it");
}

static void check_text(const char *selector, const char *want)
{
	AUTO_BUF text = {.data = NULL}, out = {.data = NULL};
	struct loaded l;

	rf_buf_addf(&text,
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"np}\nspec: "
		"{podSelector: %s}\n",
		selector);
	l = loaded_of(rf_buf_cstr(&text));
	CHECK(loaded_first(&l) != NULL);
	if (loaded_first(&l))
		kube_selector_text(&loaded_first(&l)->network_policy->pod_selector, &out);
	CHECK_STR(rf_buf_cstr(&out), want);
	loaded_done(&l);
}

static void a_selector_reads_as_kubectl_shows_it(void)
{
	check_text("{}", "<all>");
	check_text("{matchLabels: {b: x, a: z}}", "a=z,b=x");
	check_text("{matchLabels: {app: a}, matchExpressions: [{key: tier, operator: In, values: "
		   "[x, z]}, {key: old, operator: DoesNotExist}]}",
		"app=a,tier in (x,z),!old");
	check_text("{matchExpressions: [{key: t, operator: NotIn, values: [x]}, {key: e, operator: "
		   "Exists}]}",
		"t notin (x),e");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(an_empty_or_null_selector_matches_everything);
	RUN(matchLabels_needs_every_pair);
	RUN(an_empty_value_in_matchLabels_needs_the_key);
	RUN(In_needs_the_key_with_one_of_the_values);
	RUN(NotIn_matches_when_the_key_is_absent);
	RUN(Exists_and_DoesNotExist_look_at_the_key_alone);
	RUN(all_parts_must_match);
	RUN(a_label_is_found_among_many);
	RUN(In_and_NotIn_need_values_and_the_others_take_none);
	RUN(operators_keys_and_values_are_checked);
	RUN(a_selector_reads_as_kubectl_shows_it);
	return TAP_END();
}
