/* The two file formats of seccomp profiles as one decoding table, and what the table cannot say. */
#include "harden/seccomp_int.h"

/* By rank: the order in which the kernel lets one action win over another (seccomp(2)). */
static const char *const actions[] = {
	"SCMP_ACT_ALLOW",
	"SCMP_ACT_LOG",
	"SCMP_ACT_TRACE",
	"SCMP_ACT_ERRNO",
	"SCMP_ACT_TRAP",
	"SCMP_ACT_KILL",
	"SCMP_ACT_KILL_THREAD",
	"SCMP_ACT_KILL_PROCESS",
	NULL,
};

static const char *const operators[] = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL};

#define MAX_ENTRIES   4096
#define MAX_NAMES     2048 /* of one entry */
#define MAX_NAME_LEN  64
#define MAX_ERRNO     4095 /* kernel: MAX_ERRNO */
#define MAX_ARG_INDEX 5

#define FIELD(text, kind_, member, ...)                                                            \
	{                                                                                          \
		.name = (text), .kind = (kind_), .offset = offsetof(ROW_OF, member), ##__VA_ARGS__ \
	}

#define ROW_OF struct seccomp_filter
static const struct doc_field filter_rows[] = {
	FIELD("caps", DOC_FIELD_STRS, caps),
	FIELD("arches", DOC_FIELD_STRS, arches),
	FIELD("minKernel", DOC_FIELD_STR, min_kernel),
};
static const struct doc_schema filter_schema =
	DOC_SCHEMA("seccomp condition", struct seccomp_filter, filter_rows);
#undef ROW_OF

#define ROW_OF struct seccomp_arg
static const struct doc_field arg_rows[] = {
	FIELD("index", DOC_FIELD_INT, index, .required = true, .max = MAX_ARG_INDEX),
	FIELD("value", DOC_FIELD_INT, value, .required = true, .max = INT64_MAX),
	FIELD("valueTwo", DOC_FIELD_INT, value_two, .max = INT64_MAX),
	FIELD("op", DOC_FIELD_STR, op, .required = true, .one_of = operators),
};
static const struct doc_schema arg_schema =
	DOC_SCHEMA("seccomp argument", struct seccomp_arg, arg_rows);
#undef ROW_OF

#define ROW_OF struct seccomp_entry
static const struct doc_field entry_rows[] = {
	FIELD("names", DOC_FIELD_STRS, names),
	FIELD("name", DOC_FIELD_STR, name),
	FIELD("action", DOC_FIELD_STR, action, .required = true, .one_of = actions),
	FIELD("args", DOC_FIELD_LIST, args, .sub = &arg_schema),
	FIELD("comment", DOC_FIELD_STR, comment),
	FIELD("includes", DOC_FIELD_OBJ, includes, .sub = &filter_schema),
	FIELD("excludes", DOC_FIELD_OBJ, excludes, .sub = &filter_schema),
	FIELD("errnoRet", DOC_FIELD_INT, errno_ret, .max = MAX_ERRNO),
	FIELD("errno", DOC_FIELD_STR, errno_name),
};
static const struct doc_schema entry_schema =
	DOC_SCHEMA("seccomp entry", struct seccomp_entry, entry_rows);
#undef ROW_OF

#define ROW_OF struct seccomp_file
static const struct doc_field file_rows[] = {
	FIELD("defaultAction", DOC_FIELD_STR, default_action, .required = true, .one_of = actions),
	FIELD("defaultErrnoRet", DOC_FIELD_INT, default_errno_ret, .max = MAX_ERRNO),
	FIELD("defaultErrno", DOC_FIELD_STR, default_errno_name),
	FIELD("archMap", DOC_FIELD_NODE, arch_map),
	FIELD("architectures", DOC_FIELD_STRS, architectures),
	FIELD("flags", DOC_FIELD_STRS, flags),
	FIELD("syscalls", DOC_FIELD_LIST, syscalls, .sub = &entry_schema),
};
static const struct doc_schema file_schema =
	DOC_SCHEMA("seccomp profile", struct seccomp_file, file_rows);
#undef ROW_OF

int seccomp_action_rank(struct rf_str name)
{
	for (int i = 0; actions[i]; i++) {
		if (rf_str_is(name, actions[i]))
			return i;
	}
	return -1;
}

const char *seccomp_action_name(int rank)
{
	return actions[rank];
}

bool seccomp_action_has_errno(int rank)
{
	return rf_str_is(RF_STR("SCMP_ACT_ERRNO"), actions[rank]) ||
	       rf_str_is(RF_STR("SCMP_ACT_TRACE"), actions[rank]);
}

/* Letters, digits and underscores: what goes into the runtime's configuration unchanged. */
static bool is_word(struct rf_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '_'))
			return false;
	}
	return s.len > 0 && s.len <= MAX_NAME_LEN;
}

static int check_words(struct doc_decoder *dec, const struct doc_node *node, const char *key,
	const struct doc_strs *words, const char *prefix)
{
	for (size_t i = 0; i < words->count; i++) {
		if (!is_word(words->items[i]) || !rf_str_starts(words->items[i], rf_str_of(prefix)))
			return doc_decode_error(dec, doc_field_pos(node, key),
				"%s: expected names that begin with \"%s\"", key, prefix);
	}
	return RF_OK;
}

/* One comparison an argument: for more, runtimes differ between "and" and "or". */
static int check_args(struct doc_decoder *dec, const struct seccomp_entry *entry)
{
	const struct seccomp_arg *args = entry->args.items;
	unsigned seen = 0;

	for (size_t i = 0; i < entry->args.count; i++) {
		unsigned bit = 1U << (unsigned)args[i].index.value;

		if (seen & bit)
			return doc_decode_error(dec, doc_pos(args[i].node),
				"argument %d is compared twice in one entry; write two entries",
				(int)args[i].index.value);
		seen |= bit;
	}
	return RF_OK;
}

static int check_entry(struct doc_decoder *dec, struct seccomp_entry *entry)
{
	if (entry->name.ptr && entry->names.count == 0)
		entry->names = (struct doc_strs){.items = &entry->name, .count = 1};
	else if (entry->name.ptr)
		return doc_decode_error(dec, doc_field_pos(entry->node, "name"),
			"an entry has either \"names\" or \"name\"");
	if (entry->names.count == 0 || entry->names.count > MAX_NAMES)
		return doc_decode_error(dec, doc_pos(entry->node),
			"expected 1 to %d system calls in \"names\"", MAX_NAMES);
	if (entry->errno_name.len && !entry->errno_ret.set &&
		seccomp_action_has_errno(seccomp_action_rank(entry->action)))
		return doc_decode_error(dec, doc_field_pos(entry->node, "errno"),
			"give the number of the error in \"errnoRet\" as well");
	if (check_words(dec, entry->node, "names", &entry->names, "") < 0)
		return RF_EINPUT;
	return check_args(dec, entry);
}

static int check_file(struct doc_decoder *dec, struct seccomp_file *file)
{
	struct seccomp_entry *entries = file->syscalls.items;
	int rc = RF_OK;

	if (file->default_errno_name.len && !file->default_errno_ret.set)
		rc = doc_decode_error(dec, doc_field_pos(file->node, "defaultErrno"),
			"give the number of the error in \"defaultErrnoRet\" as well");
	if (file->syscalls.count > MAX_ENTRIES)
		return doc_decode_error(dec, doc_field_pos(file->node, "syscalls"),
			"more than %d entries", MAX_ENTRIES);
	if (check_words(dec, file->node, "architectures", &file->architectures, "SCMP_ARCH_") < 0 ||
		check_words(dec, file->node, "flags", &file->flags, "SECCOMP_FILTER_FLAG_") < 0)
		rc = RF_EINPUT;
	for (size_t i = 0; i < file->syscalls.count; i++) {
		if (check_entry(dec, &entries[i]) < 0)
			rc = RF_EINPUT;
	}
	return rc;
}

int seccomp_decode(
	struct doc_decoder *dec, const struct doc_node *profile, struct seccomp_file *ret)
{
	int rc = doc_decode(dec, &file_schema, profile, ret);

	if (dec->nomem)
		return RF_EINTERNAL;
	return rc < 0 ? rc : check_file(dec, ret);
}
