/* cli.h: what every command is given, and the words of its command line.
 *
 * A command answers the exit status: 0 done, 1 refused or failed (one line on stderr), 2 usage.
 * SPDX-License-Identifier: ISC */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/attr.h"

#define CLI_DONE   0
#define CLI_FAILED 1
#define CLI_USAGE  2

#define CLI_ROWS_MAX 100000 /* of a list, in memory at once */

struct client;

struct cli {
	struct client *client;
	bool json; /* print what the daemon answered, as it is */
	const struct command *command;
};

struct args_option {
	const char *name;  /* "domain" */
	const char *value; /* "" when it takes none */
};

/* A command line, sorted: words and --options. */
struct args {
	const char **words;
	size_t word_count;
	struct args_option *options;
	size_t option_count;
};

typedef int command_fn(struct cli *c, const struct args *a);

/* One row of commands.c. */
struct command {
	const char *group, *verb; /* verb "": the group is the whole command */
	command_fn *run;
	size_t min_words, max_words;
	const char *options;  /* names, blank between; "limit=" takes a value */
	const char *synopsis; /* behind group and verb */
	const char *says;
};

/* NULL when it was not given; the last one counts. */
const char *args_option(const struct args *a, const char *name);
/* --limit, or fallback; false, and said so, when its value is no number from 1 to CLI_ROWS_MAX. */
bool args_limit(const struct cli *c, const struct args *a, size_t fallback, size_t *ret) MUST_CHECK;

/* KEY=VALUE to a member of the body; a repeated key becomes an array.  False when it is none. */
bool cli_put_word(json_t *body, const char *word) MUST_CHECK;
void cli_put_setting(json_t *body, const char *key, const char *value);

/* "mxkeep: …" on stderr, quoted for a terminal.  Answers CLI_FAILED. */
int cli_fail(const char *fmt, ...) PRINTF(1, 2);
/* The same, with the synopsis of the command.  Answers CLI_USAGE. */
int cli_usage(const struct cli *c, const char *fmt, ...) PRINTF(2, 3);

extern const struct command commands[];
extern const size_t command_count;

command_fn domain_add, domain_list, domain_show, domain_set, domain_remove;
command_fn recipient_add, recipient_import, recipient_list, recipient_remove, recipient_forget;
command_fn access_add, access_list, access_remove;
command_fn policy_show, policy_set, policy_report, policy_test;
command_fn greylist_list, greylist_forget;
command_fn queue_list, queue_show, queue_hold, queue_release, queue_delete, queue_flush;
command_fn failed_list, failed_show, failed_retry, failed_delete;
command_fn status_show, explain_show, audit_list, session_list;

#endif
