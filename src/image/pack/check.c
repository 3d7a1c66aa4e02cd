/*
 * What is refused: programs that cannot run alone, and secrets. In a program, machine code and Go's
 * table of functions are left out of the search: there are no strings in them, and they are most of
 * it.
 */
#include "base/buf.h"
#include "image/go/exe.h"
#include "image/pack/elf.h"
#include "image/pack/pack_int.h"
#include "image/secrets/secrets.h"

#define TOLD_LIBRARIES 8
#define TOLD_NAME      32 /* bytes of a library's name */
#define TOLD_SECRETS   3

static struct rf_bytes bytes_of(struct rf_str s)
{
	return (struct rf_bytes){(const uint8_t *)s.ptr, s.len};
}

static struct rf_str shortened(struct rf_str s)
{
	return (struct rf_str){s.ptr, s.len < TOLD_NAME ? s.len : TOLD_NAME};
}

/* --- programs --- */

static int refuse_dynamic(const char *name, const struct pack_elf *elf, struct rf_err *err)
{
	AUTO_BUF what = {.max = 1024};
	size_t told = elf->needed_count < TOLD_LIBRARIES ? elf->needed_count : TOLD_LIBRARIES;

	for (size_t i = 0; i < told; i++)
		rf_buf_addf(&what, "%s" RF_STR_FMT, i ? ", " : "",
			RF_STR_ARG(shortened(elf->needed[i])));
	if (told < elf->needed_count)
		rf_buf_addf(&what, " and %zu more", elf->needed_count - told);
	if (elf->loader.len)
		rf_buf_addf(&what, "%sthe loader " RF_STR_FMT, told ? ", by " : "",
			RF_STR_ARG(shortened(elf->loader)));
	return rf_err_set(err, RF_EDENIED,
		"%.100s is linked dynamically and would not start in an image of its own: it needs "
		"%s; link it statically (Go: CGO_ENABLED=0, without -buildmode=pie; C: -static)",
		name, rf_buf_cstr(&what));
}

/* "linux/arm/v7" against "arm": the variant is the caller's word. */
static int check_platform(
	const char *name, const char *platform, const char *architecture, struct rf_err *err)
{
	struct rf_str os, arch, rest = rf_str_cut(rf_str_of(platform), '/', &os);

	rf_str_cut(rest, '/', &arch);
	if (!rest.ptr || arch.len == 0)
		return rf_err_set(err, RF_EINPUT,
			"platform \"%.100s\": expected linux/ARCHITECTURE[/VARIANT]", platform);
	if (!rf_str_is(os, "linux"))
		return rf_err_set(err, RF_EUNSUPPORTED, "platform \"%.100s\": only linux is packed",
			platform);
	if (!rf_str_is(arch, architecture))
		return rf_err_set(err, RF_EDENIED,
			"%.100s is a program for linux/%s, not for %.100s", name, architecture,
			platform);
	return RF_OK;
}

int pack_check_program(const char *name, struct rf_str content, const char *platform,
	const char **ret_architecture, struct rf_err *err)
{
	struct pack_elf elf;
	int rc = pack_elf_read(bytes_of(content), &elf, err);

	if (rc < 0)
		return rf_err_wrap(err, rc, "%.200s", name);
	if (platform)
		rc = check_platform(name, platform, elf.architecture, err);
	if (rc == RF_OK && !pack_elf_is_static(&elf))
		rc = refuse_dynamic(name, &elf, err);
	*ret_architecture = elf.architecture;
	return rc;
}

/* --- secrets --- */

struct secret_check {
	const struct secret_rules *text_rules, *program_rules;
	const struct pack_strs *accepted;
	const char *what;    /* the file or variable */
	uint64_t offset;     /* of the piece that is searched */
	bool is_text;	     /* hits have lines */
	struct rf_buf found; /* for the message */
	size_t count;
};

static bool is_accepted(const struct pack_strs *accepted, const char *rule)
{
	for (size_t i = 0; i < accepted->count; i++) {
		if (strcmp(accepted->items[i], rule) == 0)
			return true;
	}
	return false;
}

static int take_hit(void *ctx, const struct secret_hit *hit, struct rf_err *err)
{
	struct secret_check *check = ctx;
	uint64_t at = check->offset + hit->offset;
	char shown[SECRET_REDACTED_SIZE];

	(void)err;
	if (is_accepted(check->accepted, hit->rule) ||
		(strcmp(hit->severity, "critical") != 0 && strcmp(hit->severity, "high") != 0))
		return RF_OK;
	if (check->count++ >= TOLD_SECRETS)
		return RF_OK;
	secret_redact(hit->secret, shown);
	rf_buf_addf(&check->found, "%s%s (%s) %s in %.80s", check->count > 1 ? "; " : "",
		hit->title, hit->rule, shown, check->what);
	if (check->is_text)
		rf_buf_addf(&check->found, ", line %u", hit->line);
	else if (check->offset != UINT64_MAX)
		rf_buf_addf(&check->found, " at byte %llu", (unsigned long long)at);
	return RF_OK;
}

static int search_piece(struct secret_check *check, struct rf_bytes file, size_t from, size_t to,
	struct rf_err *err)
{
	const struct secret_sink sink = {.hit = take_hit, .ctx = check};

	if (to <= from)
		return RF_OK;
	check->offset = from;
	return secret_search(check->program_rules, RF_STR(""),
		(struct rf_bytes){file.ptr + from, to - from}, &sink, err);
}

static int search_program(struct secret_check *check, struct rf_bytes file, struct rf_err *err)
{
	struct go_exe exe;
	size_t at = 0;
	int rc = RF_OK;

	check->is_text = false;
	if (go_exe_open(file, &exe, NULL) < 0)
		return search_piece(check, file, 0, file.len, err);
	struct rf_bytes skipped[] = {exe.text, exe.pclntab};

	if (skipped[0].ptr > skipped[1].ptr) {
		skipped[0] = exe.pclntab;
		skipped[1] = exe.text;
	}
	for (size_t i = 0; i < RF_ARRAY_LEN(skipped) && rc == RF_OK; i++) {
		size_t begin = skipped[i].ptr ? (size_t)(skipped[i].ptr - file.ptr) : at;

		rc = search_piece(check, file, at, begin, err);
		if (begin + skipped[i].len > at)
			at = begin + skipped[i].len;
	}
	return rc < 0 ? rc : search_piece(check, file, at, file.len, err);
}

static int search_text(
	struct secret_check *check, struct rf_str path, struct rf_bytes file, struct rf_err *err)
{
	const struct secret_sink sink = {.hit = take_hit, .ctx = check};

	check->is_text = true;
	return secret_search(check->text_rules, path, file, &sink, err);
}

static int search_entries(
	struct secret_check *check, const struct pack_tree *tree, struct rf_err *err)
{
	int rc = RF_OK;

	for (size_t i = 0; i < tree->entries.count && rc == RF_OK; i++) {
		const struct pack_entry *it = &tree->entries.items[i];
		struct rf_bytes file = bytes_of(it->content);

		if (it->origin == PACK_PUBLIC || file.len == 0)
			continue;
		check->what = it->source.ptr;
		if (it->origin == PACK_GIVEN && secret_is_text(file))
			rc = search_text(check, it->path, file, err);
		else
			rc = search_program(check, file, err);
	}
	return rc;
}

static int search_variables(struct secret_check *check, const struct pack_strs *env,
	const char *kind, struct rf_err *err)
{
	const struct secret_sink sink = {.hit = take_hit, .ctx = check};
	int rc = RF_OK;

	check->is_text = false;
	check->offset = UINT64_MAX;
	for (size_t i = 0; i < env->count && rc == RF_OK; i++) {
		struct rf_str name, value = rf_str_cut(rf_str_of(env->items[i]), '=', &name);
		AUTO_BUF what = {.max = 4096};

		rf_buf_addf(&what, "%s " RF_STR_FMT, kind, RF_STR_ARG(shortened(name)));
		check->what = rf_buf_cstr(&what);
		if (value.len)
			rc = secret_search_variable(check->text_rules, name, value, &sink, err);
	}
	return rc;
}

static int refuse_secrets(const struct secret_check *check, struct rf_err *err)
{
	AUTO_BUF more = {.max = 64};

	if (check->count == 0)
		return RF_OK;
	if (check->count > TOLD_SECRETS)
		rf_buf_addf(&more, "; and %zu more", check->count - TOLD_SECRETS);
	return rf_err_set(err, RF_EDENIED,
		"secrets would be in the image: %.380s%s. Give them at run time, not in the image",
		rf_buf_cstr(&check->found), rf_buf_cstr(&more));
}

int pack_check_secrets(
	const struct pack_tree *tree, const struct pack_opts *opts, struct rf_err *err)
{
	AUTO_SECRET_RULES *text_rules = NULL, *program_rules = NULL;
	struct secret_check check = {.accepted = &opts->accepted, .found = {.max = 4096}};
	int rc = secret_rules_new_for_programs(&program_rules, err);

	if (rc == RF_OK && opts->files.count + opts->env.count + opts->labels.count)
		rc = secret_rules_new(&text_rules, err);
	check.text_rules = text_rules;
	check.program_rules = program_rules;
	if (rc == RF_OK)
		rc = search_entries(&check, tree, err);
	if (rc == RF_OK)
		rc = search_variables(&check, &opts->env, "variable", err);
	if (rc == RF_OK)
		rc = search_variables(&check, &opts->labels, "label", err);
	if (rc == RF_OK)
		rc = refuse_secrets(&check, err);
	rf_buf_done(&check.found);
	return rc;
}
