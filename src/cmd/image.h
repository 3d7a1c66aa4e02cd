/* The verbs below `image`: one file each, entered with one row in image.c. */
#ifndef RF_CMD_IMAGE_H
#define RF_CMD_IMAGE_H

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"

int image_verb_import(int argc, char **argv);
int image_verb_list(int argc, char **argv);
int image_verb_remove(int argc, char **argv);
int image_verb_pack(int argc, char **argv);
int image_verb_push(int argc, char **argv);
int image_verb_vercmp(int argc, char **argv);
int image_verb_cvss(int argc, char **argv);
int image_verb_db(int argc, char **argv);
int image_verb_scan(int argc, char **argv);
int image_verb_sbom(int argc, char **argv);
int image_verb_judge(int argc, char **argv);

extern const struct opt_usage image_import_usage, image_list_usage, image_remove_usage;
extern const struct opt_usage image_pack_usage, image_push_usage, image_vercmp_usage;
extern const struct opt_usage image_cvss_usage, image_db_usage, image_scan_usage;
extern const struct opt_usage image_sbom_usage, image_judge_usage;

/* What the page tells of `image db`. */
extern const struct opt_usage *const image_db_usages[];
extern const size_t image_db_usage_count;

#endif
