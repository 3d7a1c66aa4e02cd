/* Dockerfiles: parsed, and judged by every rule. Positions stay in the file, text stays in views.
 */
#include "image/dockerfile/check.h"
#include "image/dockerfile/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t count_lines(struct rf_str text)
{
	uint32_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	return lines;
}

static void check_instr(const struct dockerfile_instr *instr, uint32_t lines)
{
	if (!instr->line || instr->line > lines || instr->end_line < instr->line ||
		instr->end_line > lines || !instr->col)
		abort();
	for (size_t i = 0; i < instr->heredoc_count; i++) {
		if (!instr->heredocs[i].name.len)
			abort();
	}
}

static void check_findings(struct rf_str text, uint32_t lines)
{
	static const char *const enabled[] = {"DL1001", "DL3057"}, *const hosts[] = {"a*"};
	static const struct check_label labels[] = {{RF_STR("a"), CHECK_LABEL_URL},
		{RF_STR("b"), CHECK_LABEL_SEMVER}, {RF_STR("c"), CHECK_LABEL_RFC3339},
		{RF_STR("d"), CHECK_LABEL_EMAIL}, {RF_STR("e"), CHECK_LABEL_SPDX}};
	const struct check_options opts = {.enabled = enabled,
		.enabled_count = 2,
		.registries = hosts,
		.registry_count = 1,
		.labels = labels,
		.label_count = RF_ARRAY_LEN(labels),
		.strict_labels = true,
		.knows_ignore_file = true};
	struct check_findings findings = {0};

	if (check_dockerfile(text, &opts, &findings, NULL) == RF_EINTERNAL)
		abort();
	rf_vec_each (finding, &findings.list) {
		if (!finding->line || finding->line > lines || !finding->message || !finding->fix)
			abort();
	}
	check_findings_done(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rf_str text = {.ptr = size ? (const char *)data : "", .len = size};
	struct rf_arena *arena = rf_arena_new(0);
	uint32_t lines = count_lines(text);
	struct dockerfile file;

	if (arena && dockerfile_parse(text, arena, &file, NULL) == RF_OK) {
		for (size_t i = 0; i < file.instr_count; i++)
			check_instr(file.instrs[i], lines);
	}
	rf_arena_free(arena);
	check_findings(text, lines);
	return 0;
}
