/* Ignoring, options, and what is no Dockerfile. */
#include "check_test.h"

#define D "FROM debian:12\n"

static void a_comment_of_hadolint_counts_for_the_next_line(void)
{
	CHECK_FOUND(D "# hadolint ignore=DL3004\nRUN sudo ls", "DL", "");
	CHECK_FOUND(D "# hadolint ignore=DL3003 , DL3004 # because\nRUN sudo ls", "DL", "");
	CHECK_FOUND(D "# hadolint ignore=DL3004\n\nRUN sudo ls", "DL", "4:DL3004");
	CHECK_FOUND(D "# hadolint ignore=DL3004,foo\nRUN sudo ls", "DL", "3:DL3004");
}

static void a_comment_of_ringfence_counts_for_the_next_instruction(void)
{
	CHECK_FOUND(D "# ringfence ignore=DL3004\n\n# more\nRUN sudo ls", "DL", "");
	CHECK_FOUND(D "# ringfence ignore=DL3004\nRUN ls\nRUN sudo a && b", "DL", "4:DL3004");
	CHECK_FOUND("# ringfence ignore=RF-D005,DS-0002,DS-0026\n" D, "", "");
}

static void an_alias_is_ignored_as_well(void)
{
	CHECK_FOUND(D "# ringfence ignore=DS-0010\nRUN sudo ls", "DL", "");
}

static void a_whole_file_and_a_stage_can_be_ignored(void)
{
	CHECK_FOUND(D "# hadolint global ignore=DL3004\nRUN sudo ls && sudo ls", "DL", "");
	CHECK_FOUND("# hadolint stage ignore=DL3004\n# x\n" D "RUN sudo ls\n" D "RUN sudo ls",
		"DL3004", "4:DL3004 6:DL3004");
	CHECK_FOUND(D "# hadolint stage ignore=DL3004\nRUN sudo ls\n" D "RUN sudo ls", "DL",
		"3:DL3004 5:DL3004");
	CHECK_FOUND(D "# hadolint stage ignore=DL3004\n# x\nRUN sudo ls\n" D "RUN sudo ls", "DL",
		"6:DL3004");
}

static void options_turn_rules_off_and_on(void)
{
	static const char *const ids[] = {"DL3004", "DS-0026"}, *const on[] = {"DL1001", "DL3057"};
	const struct check_options off = {.ignored = ids, .ignored_count = 2};
	const struct check_options more = {.enabled = on, .enabled_count = 2};
	AUTO_BUF out = {0};

	CHECK_STR(found_with(D "RUN sudo ls", "D", &off, &out), "1:DS-0002");
	CHECK_STR(found_with(D "# hadolint ignore=DL3004\nRUN ls", "DL", &more, &out),
		"1:DL3057 2:DL1001");
}

static void registries_can_be_chosen(void)
{
	static const char *const hosts[] = {"*.example.com", "ghcr.io"};
	const struct check_options opts = {.registries = hosts, .registry_count = 2};
	AUTO_BUF out = {0};

	CHECK_STR(found_with("FROM a.example.com/x:1 AS b\nFROM ghcr.io/y:1\nFROM b\nFROM scratch\n"
			     "FROM debian:12\nFROM quay.io/z:1",
			  "DL3026", &opts, &out),
		"5:DL3026 6:DL3026");
}

static void labels_can_be_asked_for(void)
{
	static const struct check_label labels[] = {{RF_STR("u"), CHECK_LABEL_URL},
		{RF_STR("t"), CHECK_LABEL_RFC3339}, {RF_STR("l"), CHECK_LABEL_SPDX},
		{RF_STR("h"), CHECK_LABEL_HASH}, {RF_STR("v"), CHECK_LABEL_SEMVER},
		{RF_STR("e"), CHECK_LABEL_EMAIL}};
	const struct check_options opts = {
		.labels = labels, .label_count = RF_ARRAY_LEN(labels), .strict_labels = true};
	AUTO_BUF out = {0};

	CHECK_STR(
		found_with(D "LABEL u=https://x.y/z t=2026-01-02T03:04:05Z l=Apache-2.0 h=0123abc "
			     "v=1.2.3-rc.1+b e=a.b@c.de",
			"DL30", &opts, &out),
		"");
	CHECK_STR(found_with(D "LABEL u=x t=2026-13-02T03:04:05Z l=Apache2 h=xyz v=v1.2 e=a",
			  "DL30", &opts, &out),
		"2:DL3052 2:DL3053 2:DL3054 2:DL3055 2:DL3056 2:DL3058");
	CHECK_STR(found_with(D "LABEL u=\"\" z=1", "DL305", &opts, &out),
		"2:DL3050 2:DL3051 2:DL3052");
	CHECK_STR(found_with(D "LABEL u=a:b", "DL3049", &opts, &out),
		"1:DL3049 1:DL3049 1:DL3049 1:DL3049 1:DL3049");
}

static void the_whole_context_needs_an_ignore_file(void)
{
	const struct check_options without = {.knows_ignore_file = true};
	const struct check_options with = {.knows_ignore_file = true, .has_ignore_file = true};
	AUTO_BUF out = {0};

	CHECK_STR(found_with(D "COPY . /x", "RF-D009", &without, &out), "2:RF-D009");
	CHECK_STR(found_with(D "COPY . /x", "RF-D009", &with, &out), "");
	CHECK_FOUND(D "COPY . /x", "RF-D009", "");
}

static void what_is_no_dockerfile_is_an_error(void)
{
	CHECK_FOUND("", "", "error");
	CHECK_FOUND("# only a comment\n", "", "error");
	CHECK_FOUND("package main\n\nimport (\n)\nfunc main() {\n}\n", "", "error");
}

static void a_refused_instruction_does_not_hide_the_rest(void)
{
	CHECK_FOUND(D "RUNS ls\nRUN sudo ls\nENV A=1\nRUN <<EOF\nsudo a", "DL",
		"2:DL1000 3:DL3004 5:DL1000 "
		"5:DL3004");
}

static void a_fix_names_the_stage_to_copy_from(void)
{
	const struct check_options opts = {0};
	struct check_findings findings = {0};
	const char *fix = "";

	REQUIRE(check_dockerfile(RF_STR("FROM alpine:3 AS tools\nFROM scratch\nRUN adduser -D app"),
			&opts, &findings, NULL) == RF_OK);
	rf_vec_each (finding, &findings.list)
		fix = strcmp(finding->rule->id, "RF-D001") == 0 ? finding->fix : fix;
	CHECK(strstr(fix, "COPY --from=tools /etc/passwd /etc/group /etc/"));
	check_findings_done(&findings);
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(a_comment_of_hadolint_counts_for_the_next_line);
	RUN(a_comment_of_ringfence_counts_for_the_next_instruction);
	RUN(an_alias_is_ignored_as_well);
	RUN(a_whole_file_and_a_stage_can_be_ignored);
	RUN(options_turn_rules_off_and_on);
	RUN(registries_can_be_chosen);
	RUN(labels_can_be_asked_for);
	RUN(the_whole_context_needs_an_ignore_file);
	RUN(what_is_no_dockerfile_is_an_error);
	RUN(a_refused_instruction_does_not_hide_the_rest);
	RUN(a_fix_names_the_stage_to_copy_from);
	return TAP_END();
}
