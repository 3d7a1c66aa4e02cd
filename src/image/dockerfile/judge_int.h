/*
 * What rules are made of. A rule has either `each`, asked once for each instruction, or `whole`,
 * asked once for the file. Rules with `onbuild` are asked a second time for what ONBUILD triggers,
 * as if that were a file of its own: so does hadolint.
 */
#ifndef RF_IMAGE_DOCKERFILE_JUDGE_INT_H
#define RF_IMAGE_DOCKERFILE_JUDGE_INT_H

#include "image/dockerfile/check.h"
#include "image/dockerfile/parse.h"
#include "image/dockerfile/shell.h"
#include "image/dockerfile/stages.h"

struct judge;

struct judge_rule {
	struct check_rule row;
	bool (*each)(struct judge *j, const struct dockerfile_instr *instr, const void *spec);
	void (*whole)(struct judge *j, const void *spec);
	const void *spec; /* what a function that several rules share looks for */
	bool onbuild;
};

struct judge_rules {
	const struct judge_rule *rules;
	size_t count;
};
#define JUDGE_RULES(array) ((struct judge_rules){(array), RF_ARRAY_LEN(array)})

/* One getter a file of rules; check.c joins them. */
struct judge_rules rules_commands(void);
struct judge_rules rules_packages(void);
struct judge_rules rules_versions(void);
struct judge_rules rules_images(void);
struct judge_rules rules_stages(void);
struct judge_rules rules_copies(void);
struct judge_rules rules_labels(void);
struct judge_rules rules_settings(void);
struct judge_rules rules_secrets(void);
struct judge_rules rules_security(void);
struct judge_rules rules_go(void);

/* An instruction and what rules ask about it often; made once. */
struct judge_instr {
	const struct dockerfile_instr *instr;
	struct shell_script script; /* RUN, and what others run */
	size_t stage;		    /* index, or SIZE_MAX before the first FROM */
};

/* The instructions that a rule looks at: those of the file, or the triggers. */
struct judge_list {
	struct judge_instr *items;
	size_t count;
};

struct judge {
	const struct dockerfile *file;
	const struct dockerfile_stages *stages;
	const struct check_options *opts;
	struct check_findings *findings;
	struct rf_arena *arena; /* for the time of the check */
	const struct judge_rule *rule;
	struct judge_list all, triggers;
	const struct judge_list *list; /* the one the rule is asked about */
	const struct judge_instr *at;  /* the instruction `each` is asked about */
	const char *detail;	       /* what `each` has found: appended to the summary */
	const char *fix;	       /* ... and its own fix */
	bool nomem;
};

/* Words for the finding that `each` is about to report. Always true, to be returned. */
bool judge_say(struct judge *j, const char *fmt, ...) RF_PRINTF(2, 3);
/* The same with a text of the file, cut where it is long. */
bool judge_name(struct judge *j, struct rf_str name);
void judge_fix(struct judge *j, const char *fmt, ...) RF_PRINTF(2, 3);
/* A finding at an instruction, with what judge_say() and judge_fix() have left. */
void judge_report(struct judge *j, const struct dockerfile_instr *instr);

/*
 * The commands of a RUN that stand in it, not in strings handed to a shell; none when a shell would
 * refuse the script, as then ShellCheck sees none either.
 */
#define judge_each_command(cmd, script)                                   \
	for (const struct shell_command *cmd = (script)->commands;        \
		cmd && cmd < (script)->commands + (script)->count; cmd++) \
		if (!cmd->inner && !(script)->broken)
/* Those too. */
#define judge_all_commands(cmd, script)                            \
	for (const struct shell_command *cmd = (script)->commands; \
		cmd && cmd < (script)->commands + (script)->count; cmd++)

/* A list of strings that ends with NULL. */
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline bool judge_is_run(const struct dockerfile_instr *instr)
{
	return instr->kind == DOCKERFILE_RUN;
}

bool judge_is_pip_install(const struct shell_command *cmd);

/* A cache or tmpfs mount of a RUN whose target has fragment in it. */
bool judge_has_mount(const struct dockerfile_instr *instr, const char *fragment);

/* FROM, taken apart as hadolint does: the variables stay. */
struct judge_image {
	struct rf_str registry, name, tag, digest, alias, platform; /* ptr NULL: absent */
};
struct judge_image judge_image_of(const struct dockerfile_instr *from);
struct judge_image judge_image_parse(struct rf_str text);

/* True when two FROM say the same. */
bool judge_same_image(const struct dockerfile_instr *a, const struct dockerfile_instr *b);

/*
 * A yes or no for each stage, by its name or else that of its image. A stage that builds on another
 * begins with what that one has. False when memory ran out.
 */
struct judge_mark {
	struct rf_str name;
	bool set;
};
struct judge_marks {
	RF_VEC(struct judge_mark) list;
	struct rf_str current; /* absent before the first FROM */
	bool entered;
};
bool judge_marks_enter(struct judge_marks *marks, const struct dockerfile_instr *from);
bool judge_marks_set(struct judge_marks *marks);
bool judge_marks_get(struct judge_marks *marks);

/* Without " and ' at both ends. */
struct rf_str judge_drop_quotes(struct rf_str s);
bool judge_contains(struct rf_str s, const char *part);
bool judge_contains_nocase(struct rf_str s, const char *part);
/* One of a list that ends with NULL. */
bool judge_one_of(struct rf_str s, const char *const *list);
bool judge_ends_with_one_of(struct rf_str s, const char *const *list);
bool judge_starts_with_one_of(struct rf_str s, const char *const *list);
/* Absolute as Windows has it: C: */
bool judge_is_drive(struct rf_str path);
struct rf_str judge_basename(struct rf_str path);
extern const char *const judge_archives[]; /* suffixes */

#endif
