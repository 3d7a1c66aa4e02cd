/*
 * The process object of config.json and of `exec --process`, written by one function for both.
 * Everything is in it: exec of crun takes nearly nothing from the container (without `user` it
 * would run as uid 0 and without no_new_privileges), so what is not written is not enforced. One
 * thing is not enforced although it is written: exec of crun 1.8 does not apply oomScoreAdj, the
 * process keeps that of its caller.
 */
#include "host/oci_int.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/num.h"
#include "doc/read.h"

#define UMASK	     022
#define NOFILE_SOFT  1024
#define NOFILE_HARD  524288
#define MAX_CONFIG   ((size_t)16 << 20) /* bytes of a tree read back */
#define MAX_JSON_INT ((uint64_t)INT64_MAX)

/* --- JSON helpers --- */

/* A value that is JSON already: null is written for the commas' sake and then overwritten. */
void oci_write_verbatim(struct json_writer *w, struct rf_str json)
{
	json_null(w);
	if (w->out->failed)
		return;
	w->out->len -= strlen("null");
	rf_buf_add_str(w->out, json);
}

void oci_write_list(struct json_writer *w, const char *key, const char *const *items)
{
	json_key(w, key);
	json_array_begin(w);
	for (; *items; items++)
		json_c(w, *items);
	json_array_end(w);
}

void oci_write_limit(struct json_writer *w, const char *key, uint64_t value)
{
	json_field_int(w, key, (int64_t)(value > MAX_JSON_INT ? MAX_JSON_INT : value));
}

/* --- what this machine can give --- */

/* What a child that is root will hold after its execve. */
static uint64_t machine_caps(void)
{
	uint64_t caps = 0;

	for (int i = 0; harden_cap_name(i); i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			caps |= (uint64_t)1 << i;
	}
	return caps;
}

uint64_t oci_missing_caps(const struct harden_profile *profile)
{
	return profile->named & ~machine_caps();
}

static int own_oom_score_adj(void)
{
	AUTO_BUF text = {.max = 64};
	struct rf_str line;
	int64_t value;

	if (rf_file_read("/proc/self/oom_score_adj", &text, NULL) < 0)
		return 0;
	rf_str_cut(rf_buf_str(&text), '\n', &line);
	return rf_num_i64(line, -1000, 1000, &value) ? (int)value : 0;
}

/* Without CAP_SYS_RESOURCE the kernel lets nobody below the value that is inherited. */
static int reachable_oom_score_adj(int wanted)
{
	int own;

	if (wanted >= 0 || (machine_caps() >> CAP_SYS_RESOURCE & 1))
		return wanted;
	own = own_oom_score_adj();
	return wanted < own ? own : wanted;
}

/* Nor above the hard limit of the runtime, which is ours. */
static uint64_t nofile_hard(void)
{
	struct rlimit own;

	if (!(machine_caps() >> CAP_SYS_RESOURCE & 1) && getrlimit(RLIMIT_NOFILE, &own) == 0 &&
		own.rlim_max < NOFILE_HARD)
		return own.rlim_max;
	return NOFILE_HARD;
}

/* --- process --- */

static void write_user(struct json_writer *w, const struct harden_profile *p)
{
	json_key(w, "user");
	json_object_begin(w);
	json_field_int(w, "uid", p->uid);
	json_field_int(w, "gid", p->gid);
	json_field_int(w, "umask", UMASK);
	json_key(w, "additionalGids");
	json_array_begin(w);
	for (unsigned i = 0; i < p->group_count; i++)
		json_int(w, p->groups[i]);
	json_array_end(w);
	json_object_end(w);
}

static void write_caps(struct json_writer *w, const char *key, uint64_t caps)
{
	json_key(w, key);
	json_array_begin(w);
	for (int i = 0; harden_cap_name(i); i++) {
		if (caps >> i & 1)
			json_c(w, harden_cap_name(i));
	}
	json_array_end(w);
}

static void write_capabilities(struct json_writer *w, const struct harden_profile *p)
{
	uint64_t machine = machine_caps();

	json_key(w, "capabilities");
	json_object_begin(w);
	write_caps(w, "bounding", p->bounding & machine);
	write_caps(w, "effective", p->effective & machine);
	write_caps(w, "permitted", p->effective & machine);
	write_caps(w, "inheritable", p->inheritable & machine);
	write_caps(w, "ambient", p->ambient & machine);
	json_object_end(w);
}

static void write_rlimits(struct json_writer *w)
{
	uint64_t hard = nofile_hard();

	json_key(w, "rlimits");
	json_array_begin(w);
	json_object_begin(w);
	json_field_c(w, "type", "RLIMIT_NOFILE");
	oci_write_limit(w, "soft", hard < NOFILE_SOFT ? hard : NOFILE_SOFT);
	oci_write_limit(w, "hard", hard);
	json_object_end(w);
	json_array_end(w);
}

static void write_strings(struct json_writer *w, const char *key, char *const *items, size_t count)
{
	json_key(w, key);
	json_array_begin(w);
	for (size_t i = 0; i < count; i++)
		json_c(w, items[i]);
	json_array_end(w);
}

void oci_write_process(
	struct json_writer *w, const struct oci_spec *spec, const char *const *args, bool tty)
{
	json_object_begin(w);
	json_field_bool(w, "terminal", tty);
	write_user(w, spec->profile);
	if (args)
		oci_write_list(w, "args", args);
	else
		write_strings(w, "args", spec->args.items, spec->args.count);
	write_strings(w, "env", spec->env.items, spec->env.count);
	json_field_c(w, "cwd", spec->cwd ? spec->cwd : "/");
	write_capabilities(w, spec->profile);
	write_rlimits(w);
	json_field_bool(w, "noNewPrivileges", spec->profile->no_new_privileges);
	json_field_int(w, "oomScoreAdj", reachable_oom_score_adj(spec->profile->oom_score_adj));
	json_object_end(w);
}

int oci_process_write(
	const struct oci_spec *spec, const char *const *args, bool tty, struct rf_buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	if (!args || !args[0])
		return RF_EINPUT;
	if (oci_missing_caps(spec->profile))
		return RF_EUNSUPPORTED;
	oci_write_process(&w, spec, args, tty);
	return out->failed ? RF_EINTERNAL : RF_OK;
}

/* --- a process from a stored config --- */

static void copy_node(struct json_writer *w, const struct doc_node *node);

static void copy_children(struct json_writer *w, const struct doc_node *node)
{
	doc_each (child, node) {
		if (node->type == DOC_MAP)
			json_key(w, child->key.ptr);
		copy_node(w, child);
	}
}

/* Depth is bounded by the reader (DOC_MAX_DEPTH). */
static void copy_node(struct json_writer *w, const struct doc_node *node)
{
	switch ((enum doc_type)node->type) {
	case DOC_NULL: json_null(w); break;
	case DOC_BOOL: json_bool(w, node->truth); break;
	case DOC_INT: json_int(w, node->number); break;
	case DOC_FLOAT: oci_write_verbatim(w, node->text); break;
	case DOC_STRING: json_str(w, node->text); break;
	case DOC_SEQ:
		json_array_begin(w);
		copy_children(w, node);
		json_array_end(w);
		break;
	case DOC_MAP:
		json_object_begin(w);
		copy_children(w, node);
		json_object_end(w);
		break;
	}
}

/* The restrictions that exec would silently go without: a config that lacks one is not ours. */
static const struct doc_node *checked_process(const struct doc_node *config, struct rf_err *err)
{
	static const struct {
		const char *key;
		enum doc_type type;
	} needed[] = {{"user", DOC_MAP}, {"capabilities", DOC_MAP}, {"noNewPrivileges", DOC_BOOL},
		{"args", DOC_SEQ}};
	const struct doc_node *process = doc_get(config, "process");

	for (size_t i = 0; i < RF_ARRAY_LEN(needed); i++) {
		const struct doc_node *field = doc_get(process, needed[i].key);

		if (field && field->type == needed[i].type)
			continue;
		rf_err_set(
			err, RF_EINPUT, "the stored config.json has no process.%s", needed[i].key);
		return NULL;
	}
	return process;
}

static void write_console(struct json_writer *w, const struct oci_console *console)
{
	json_field_bool(w, "terminal", console != NULL);
	if (!console || !console->columns || !console->rows)
		return;
	json_key(w, "consoleSize");
	json_object_begin(w);
	json_field_int(w, "height", console->rows);
	json_field_int(w, "width", console->columns);
	json_object_end(w);
}

static void copy_process(struct json_writer *w, const struct doc_node *process,
	const char *const *args, const struct oci_console *console)
{
	json_object_begin(w);
	write_console(w, console);
	oci_write_list(w, "args", args);
	doc_each (field, process) {
		if (rf_str_is(field->key, "args") || rf_str_is(field->key, "terminal") ||
			rf_str_is(field->key, "consoleSize"))
			continue;
		json_key(w, field->key.ptr);
		copy_node(w, field);
	}
	json_object_end(w);
}

int oci_process_from_config(struct rf_str config_json, const char *const *args,
	const struct oci_console *console, struct rf_buf *out, struct rf_err *err)
{
	AUTO_ARENA *arena = rf_arena_new(MAX_CONFIG);
	AUTO_DIAGS diags = {.error_count = 0};
	struct json_writer w = {.out = out, .pretty = true};
	const struct doc_node *root, *process;
	int rc;

	if (!arena)
		return rf_err_nomem(err);
	if (!args || !args[0])
		return rf_err_set(err, RF_EINPUT, "no command to execute");
	rc = doc_parse_json(config_json, "config.json", 1, arena, &diags, &root);
	if (rc < 0)
		return rf_err_set(err, rc, "the stored config.json cannot be read: %s",
			diags.list.count ? diags.list.items[0].msg : rf_code_name(rc));
	process = checked_process(root, err);
	if (!process)
		return RF_EINPUT;
	copy_process(&w, process, args, console);
	return out->failed ? rf_err_nomem(err) : RF_OK;
}
