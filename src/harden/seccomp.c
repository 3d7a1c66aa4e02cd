/*
 * From a profile's entries to rules per system call, and out as OCI linux.seccomp.
 *
 * Entries may speak of one call more than once (the distribution's file allows setns in one entry
 * and refuses it in another). Runtimes hand both to libseccomp, where the first or the looser one
 * holds. So each call gets one unconditional action, the strictest that applies, and beside it only
 * conditional rules that are stricter than that.
 */
#include "harden/seccomp_int.h"

#include <errno.h>

#include "base/num.h"
#include "harden/profile.h"

#define MAX_CALLS 4096 /* different names in one profile */

struct arch_row {
	const char *go_name;
	const char *scmp_name;
};

static const struct arch_row arch_rows[] = {
	{"amd64", "SCMP_ARCH_X86_64"},
	{"arm64", "SCMP_ARCH_AARCH64"},
};

static const char *native_arch(const char *go_name)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(arch_rows); i++) {
		if (strcmp(arch_rows[i].go_name, go_name) == 0)
			return arch_rows[i].scmp_name;
	}
	return NULL;
}

/* --- which entries are meant for the target --- */

/* "4.8" against the target; false in *ret_valid when it is not a version. */
static bool kernel_at_least(
	struct rf_str version, const struct harden_seccomp_target *target, bool *ret_valid)
{
	struct rf_str major, minor, rest = rf_str_cut(version, '.', &major);
	uint64_t want[2] = {0};

	rf_str_cut(rest.ptr ? rest : RF_STR("0"), '.', &minor);
	*ret_valid =
		rf_num_u64(major, UINT32_MAX, &want[0]) && rf_num_u64(minor, UINT32_MAX, &want[1]);
	return target->kernel[0] > want[0] ||
	       (target->kernel[0] == want[0] && target->kernel[1] >= want[1]);
}

static bool has_str(const struct doc_strs *list, const char *c)
{
	for (size_t i = 0; i < list->count; i++) {
		if (rf_str_is(list->items[i], c))
			return true;
	}
	return false;
}

/* How many of the capabilities named are held. A name from a newer kernel is held by nobody. */
static size_t count_held(const struct doc_strs *names, uint64_t bounding)
{
	size_t held = 0;

	for (size_t i = 0; i < names->count; i++) {
		int number = harden_cap_number(names->items[i]);

		held += number >= 0 && (bounding >> number & 1);
	}
	return held;
}

static int filter_kernel(struct doc_decoder *dec, const struct seccomp_filter *filter,
	const struct harden_seccomp_target *target, bool *ret_reached)
{
	bool valid = true;

	*ret_reached =
		filter->min_kernel.len && kernel_at_least(filter->min_kernel, target, &valid);
	if (valid)
		return RF_OK;
	return doc_decode_error(dec, doc_field_pos(filter->node, "minKernel"),
		"expected a kernel version such as \"4.8\"");
}

static int is_meant(struct doc_decoder *dec, const struct seccomp_entry *entry,
	const struct harden_seccomp_target *target, bool *ret_meant)
{
	const struct seccomp_filter *in = &entry->includes, *ex = &entry->excludes;
	bool in_kernel, ex_kernel;

	if (filter_kernel(dec, in, target, &in_kernel) < 0 ||
		filter_kernel(dec, ex, target, &ex_kernel) < 0)
		return RF_EINPUT;
	*ret_meant = (in->arches.count == 0 || has_str(&in->arches, target->arch)) &&
		     count_held(&in->caps, target->bounding) == in->caps.count &&
		     (in->min_kernel.len == 0 || in_kernel) && !ex_kernel &&
		     !has_str(&ex->arches, target->arch) &&
		     count_held(&ex->caps, target->bounding) == 0;
	return RF_OK;
}

/* --- rules per call --- */

static void table_done(struct seccomp_table *table)
{
	rf_vec_each (call, &table->calls)
		rf_vec_done(&call->rules);
	rf_vec_done(&table->calls);
	rf_map_done(&table->by_name);
}

struct seccomp_call *seccomp_table_call(struct seccomp_table *table, struct rf_str name)
{
	struct seccomp_call *call;
	uintptr_t index;

	if (rf_map_get(&table->by_name, name, &index))
		return &table->calls.items[index];
	if (table->calls.count >= MAX_CALLS ||
		!rf_map_put(&table->by_name, name, table->calls.count))
		return NULL;
	call = rf_vec_add(&table->calls);
	if (call)
		*call = (struct seccomp_call){.name = name, .always = {.rank = -1}};
	return call;
}

static struct seccomp_action action_of(struct rf_str name, struct doc_int errno_ret)
{
	struct seccomp_action a = {
		.rank = seccomp_action_rank(name), .errno_ret = SECCOMP_NO_ERRNO};

	if (errno_ret.set && seccomp_action_has_errno(a.rank))
		a.errno_ret = errno_ret.value;
	return a;
}

static bool add_entry(struct seccomp_table *table, const struct seccomp_entry *entry)
{
	struct seccomp_rule rule = {.action = action_of(entry->action, entry->errno_ret),
		.args = entry->args.items,
		.arg_count = entry->args.count};

	for (size_t i = 0; i < entry->names.count; i++) {
		struct seccomp_call *call = seccomp_table_call(table, entry->names.items[i]);

		if (!call)
			return false;
		if (rule.arg_count) {
			if (!rf_vec_push(&call->rules, rule))
				return false;
		} else if (rule.action.rank > call->always.rank) {
			call->always = rule.action;
		}
	}
	return true;
}

static int add_entries(struct doc_decoder *dec, const struct seccomp_file *file,
	const struct harden_seccomp_target *target, struct seccomp_table *table)
{
	const struct seccomp_entry *entries = file->syscalls.items;
	int rc = RF_OK;

	for (size_t i = 0; i < file->syscalls.count; i++) {
		bool meant = false;

		if (is_meant(dec, &entries[i], target, &meant) < 0)
			rc = RF_EINPUT;
		else if (meant && !add_entry(table, &entries[i]))
			return table->calls.count < MAX_CALLS
				       ? RF_EINTERNAL
				       : doc_decode_error(dec, doc_pos(entries[i].node),
						 "more than %d different system calls", MAX_CALLS);
	}
	return rc;
}

/*
 * One call's rules beside its unconditional action: those that are not stricter go. When stricter
 * ones remain, both cannot be loaded together (the unconditional one would hide them). Then the
 * unconditional action goes if the default is at least as strict, and is raised to the strictest
 * rule otherwise.
 */
static void make_disjoint(struct seccomp_call *call, struct seccomp_action default_action)
{
	struct seccomp_action strictest = call->always;
	size_t kept = 0;

	if (call->always.rank < 0)
		return;
	for (size_t i = 0; i < call->rules.count; i++) {
		struct seccomp_rule rule = call->rules.items[i];

		if (rule.action.rank > strictest.rank)
			strictest = rule.action;
		if (rule.action.rank > call->always.rank)
			call->rules.items[kept++] = rule;
	}
	call->rules.count = kept;
	if (kept && call->always.rank <= default_action.rank) {
		call->always.rank = -1;
	} else if (kept) {
		call->always = strictest;
		call->rules.count = 0;
	}
}

/* --- writing --- */

static void write_strs(struct json_writer *out, const char *key, const struct doc_strs *list)
{
	json_key(out, key);
	json_array_begin(out);
	for (size_t i = 0; i < list->count; i++)
		json_str(out, list->items[i]);
	json_array_end(out);
}

static void write_action(struct json_writer *out, struct seccomp_action action)
{
	json_field_c(out, "action", seccomp_action_name(action.rank));
	if (action.errno_ret != SECCOMP_NO_ERRNO)
		json_field_int(out, "errnoRet", action.errno_ret);
}

static void write_rule(struct json_writer *out, struct rf_str name, const struct seccomp_rule *rule)
{
	json_object_begin(out);
	write_strs(out, "names", &(struct doc_strs){.items = &name, .count = 1});
	write_action(out, rule->action);
	json_key(out, "args");
	json_array_begin(out);
	for (size_t i = 0; i < rule->arg_count; i++) {
		json_object_begin(out);
		json_field_int(out, "index", rule->args[i].index.value);
		json_field_int(out, "value", rule->args[i].value.value);
		if (rule->args[i].value_two.set)
			json_field_int(out, "valueTwo", rule->args[i].value_two.value);
		json_field_str(out, "op", rule->args[i].op);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}

static int64_t errno_of(struct seccomp_action a)
{
	return a.errno_ret == SECCOMP_NO_ERRNO ? EPERM : a.errno_ret;
}

static bool same_action(struct seccomp_action a, struct seccomp_action b)
{
	return a.rank == b.rank && errno_of(a) == errno_of(b);
}

/* All calls with the action of the first-th one, which is the first to have it. */
static void write_group(struct json_writer *out, const struct seccomp_table *table, size_t first)
{
	struct seccomp_action action = table->calls.items[first].always;

	for (size_t i = 0; i < first; i++) {
		if (same_action(table->calls.items[i].always, action))
			return;
	}
	json_object_begin(out);
	json_key(out, "names");
	json_array_begin(out);
	for (size_t i = first; i < table->calls.count; i++) {
		if (same_action(table->calls.items[i].always, action))
			json_str(out, table->calls.items[i].name);
	}
	json_array_end(out);
	write_action(out, action);
	json_object_end(out);
}

static void write_calls(struct json_writer *out, const struct seccomp_table *table)
{
	json_key(out, "syscalls");
	json_array_begin(out);
	for (size_t i = 0; i < table->calls.count; i++) {
		const struct seccomp_call *call = &table->calls.items[i];

		/* What the default does anyway need not be said (libseccomp refuses it). */
		if (call->always.rank >= 0 && !same_action(call->always, table->default_action))
			write_group(out, table, i);
	}
	rf_vec_each (call, &table->calls) {
		for (size_t i = 0; i < call->rules.count; i++) {
			if (!same_action(call->rules.items[i].action, table->default_action))
				write_rule(out, call->name, &call->rules.items[i]);
		}
	}
	json_array_end(out);
}

static void write_profile(struct json_writer *out, const struct seccomp_file *file,
	const struct seccomp_table *table, const char *arch)
{
	struct rf_str native = rf_str_of(arch);
	struct doc_strs native_only = {.items = &native, .count = 1};
	bool as_written = !file->arch_map && file->architectures.count > 0;

	json_object_begin(out);
	json_field_c(out, "defaultAction", seccomp_action_name(table->default_action.rank));
	if (table->default_action.errno_ret != SECCOMP_NO_ERRNO)
		json_field_int(out, "defaultErrnoRet", table->default_action.errno_ret);
	write_strs(out, "architectures", as_written ? &file->architectures : &native_only);
	if (file->flags.count)
		write_strs(out, "flags", &file->flags);
	write_calls(out, table);
	json_object_end(out);
}

static int build(struct doc_decoder *dec, const struct seccomp_file *file,
	const struct harden_seccomp_target *target, struct seccomp_table *table)
{
	int rc = add_entries(dec, file, target, table);

	if (rc < 0)
		return rc;
	table->default_action = action_of(file->default_action, file->default_errno_ret);
	if (!target->local && !seccomp_tighten(table, target->bounding))
		return RF_EINTERNAL;
	rf_vec_each (call, &table->calls)
		make_disjoint(call, table->default_action);
	if (!target->local && !seccomp_limit_clone(table, target->bounding))
		return RF_EINTERNAL;
	return RF_OK;
}

int harden_seccomp_write(const struct doc_node *profile, const struct harden_seccomp_target *target,
	struct json_writer *out, struct rf_diags *diags)
{
	AUTO_ARENA *arena = rf_arena_new((size_t)64 << 20);
	struct doc_decoder dec = {.arena = arena, .diags = diags};
	struct seccomp_table table = {.calls = {0}};
	const char *arch = native_arch(target->arch);
	struct seccomp_file file;
	int rc;

	if (!arena)
		return RF_EINTERNAL;
	if (!arch)
		return rf_diag_add(diags, RF_ERROR, doc_pos(profile),
			"no seccomp filter can be made for the architecture %s", target->arch);
	rc = seccomp_decode(&dec, profile, &file);
	if (rc == RF_OK)
		rc = build(&dec, &file, target, &table);
	if (rc == RF_OK)
		write_profile(out, &file, &table, arch);
	table_done(&table);
	return rc < 0 || !out->out->failed ? rc : RF_EINTERNAL;
}
