/*
 * The verbs. Each is int cmd_NAME(int argc, char **argv) with argv[0] the verb itself; it reads its
 * options (cmd/options.h), calls what it needs, prints (cmd/output.h) and returns the exit status:
 * 0 done, 1 where a verb says what 1 means, 2 an error that has been printed.
 *
 * A verb is entered with one row in main.c's table. `ringfence help VERB` runs it with --help,
 * `ringfence help --man VERB` with --man; opt_parse() answers both.
 */
#ifndef RF_CMD_CMD_H
#define RF_CMD_CMD_H

#include "base/attr.h"

#define CMD_EXIT_ERROR 2

int cmd_net(int argc, char **argv);
int cmd_mesh(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_ca(int argc, char **argv);
int cmd_proxy(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_down(int argc, char **argv);

#endif
