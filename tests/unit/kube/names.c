/* The syntax of names. */
#include "kube/name_set.h"
#include "kube/names.h"
#include "tests/lib/tap.h"

/* good and bad are lists of words separated by spaces. */
static void check_words(bool (*is)(struct rf_str), const char *good, const char *bad)
{
	const char *lists[] = {bad, good};

	for (int wanted = 0; wanted < 2; wanted++) {
		struct rf_str rest = rf_str_of(lists[wanted]);

		while (rest.ptr) {
			struct rf_str word;

			rest = rf_str_cut(rest, ' ', &word);
			CHECKF(is(word) == wanted, "\"" RF_STR_FMT "\" should be %s",
				RF_STR_ARG(word), wanted ? "taken" : "refused");
		}
	}
}

#define C63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void a_dns_label_is_lower_case_without_dots(void)
{
	check_words(kube_is_dns_label, "a 0 a-b a--b 1a " C63, "-a a- A a.b a_b  " C63 "a");
	check_words(kube_is_dns1035_label, "a a1 a-b", "1a -a a- A a.b ");
}

static void a_subdomain_is_labels_with_dots(void)
{
	check_words(kube_is_dns_subdomain, "a a.b a-b.c 1.2 " C63 "a",
		"a..b .a a. -a a- a.-b a-.b A a_b  " C63 "." C63 "." C63 "." C63);
}

static void a_label_key_may_have_a_dns_prefix(void)
{
	check_words(kube_is_label_key, "app App a.b_c-D example.com/app a/b " C63,
		"/a a/ a/b/c A/b -a a- a- _a " C63 "a");
}

static void a_label_value_may_be_empty(void)
{
	CHECK(kube_is_label_value(RF_STR("")));
	CHECK(!kube_is_label_value(RF_STR_NONE));
	check_words(kube_is_label_value, "a A-b_c.D 1 " C63, "-a a- a/b a:b é " C63 "a");
}

static void a_port_name_has_at_most_15_characters_and_a_letter(void)
{
	check_words(kube_is_port_name, "http 1a a-b fifteen-letters",
		"80 a--b -a a- HTTP a_b "
		"sixteen-letters-");
}

static void the_name_of_a_variable_is_printable_without_equals(void)
{
	check_words(kube_is_env_name, "A a.b 1-x", "a=b  é");
}

static void a_data_key_is_a_file_name(void)
{
	check_words(kube_is_data_key, "a .a a..b A_b-c.d", ". .. ..a a/b  é");
}

static void a_set_of_names_knows_its_members_however_many(void)
{
	AUTO_NAME_SET set = {.count = 0};
	char names[100][8];

	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		CHECK(name_set_add(&set, rf_str_of(names[i])));
	}
	for (int i = 0; i < 100; i++) {
		CHECK(name_set_has(&set, rf_str_of(names[i])));
		CHECK(!name_set_add(&set, rf_str_of(names[i])));
	}
	CHECK(!name_set_has(&set, RF_STR("n100")));
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_dns_label_is_lower_case_without_dots);
	RUN(a_subdomain_is_labels_with_dots);
	RUN(a_label_key_may_have_a_dns_prefix);
	RUN(a_label_value_may_be_empty);
	RUN(a_port_name_has_at_most_15_characters_and_a_letter);
	RUN(the_name_of_a_variable_is_printable_without_equals);
	RUN(a_data_key_is_a_file_name);
	RUN(a_set_of_names_knows_its_members_however_many);
	return TAP_END();
}
