/* main: mxkeep, the command line of the daemon: a client of its control socket and nothing else.
 *
 * Options may stand anywhere, "--name value" or "--name=value"; "--" ends them.  Each command's row
 * says which it knows, so nothing is silently ignored.  Decided against getopt_long: it wants
 * the whole set of options before the command is known.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/client.h"

#define SOCKET_DEFAULT "/run/mxkeep/control.sock"
#define HELP_COLUMNS   96
#define GLOBAL_OPTIONS "socket= json help version"

PRINTF(1, 0) static void complain(const char *fmt, va_list args)
{
	char text[1024], quoted[1024];

	(void)vsnprintf(text, sizeof(text), fmt, args);
	(void)fprintf(stderr, "mxkeep: %s\n", log_quote(str_of(text), quoted, sizeof(quoted)));
}

int cli_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	return CLI_FAILED;
}

static void print_synopsis(FILE *out, const struct command *cmd)
{
	(void)fprintf(out, "usage: mxkeep %s%s%s%s%s\n", cmd->group, *cmd->verb ? " " : "",
		      cmd->verb, *cmd->synopsis ? " " : "", cmd->synopsis);
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	if (c->command)
		print_synopsis(stderr, c->command);
	else
		(void)fprintf(stderr, "mxkeep help tells all commands\n");
	return CLI_USAGE;
}

const char *args_option(const struct args *a, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < a->option_count; i++) {
		if (strcmp(a->options[i].name, name) == 0)
			value = a->options[i].value;
	}
	return value;
}

bool args_limit(const struct cli *c, const struct args *a, size_t fallback, size_t *ret)
{
	const char *text = args_option(a, "limit");
	uint64_t n = fallback;

	if (text && (!str_to_u64(str_of(text), CLI_ROWS_MAX, &n) || n == 0)) {
		cli_usage(c, "--limit must be a number from 1 to %d", CLI_ROWS_MAX);
		return false;
	}
	*ret = (size_t)n;
	return true;
}

/* -- sorting the command line ----------------------------------------------------- */

enum known { UNKNOWN_OPTION, PLAIN_OPTION, VALUE_OPTION };

/* Looks for name in a list like "limit= all". */
static enum known find_option(const char *list, struct str name)
{
	struct str rest = str_of(list), word;

	for (bool more = rest.n > 0; more;) {
		more = str_cut(rest, ' ', &word, &rest);

		bool takes = word.n > 0 && word.at[word.n - 1] == '=';

		if (takes)
			word.n--;
		if (word.n > 0 && str_eq(word, name))
			return takes ? VALUE_OPTION : PLAIN_OPTION;
	}
	return UNKNOWN_OPTION;
}

static bool knows(const struct command *cmd, const char *name)
{
	return find_option(GLOBAL_OPTIONS, str_of(name)) != UNKNOWN_OPTION ||
	       (cmd && find_option(cmd->options, str_of(name)) != UNKNOWN_OPTION);
}

/* Whether any command takes a value with --name: before the command is known this must be. */
static enum known find_anywhere(struct str name)
{
	enum known found = find_option(GLOBAL_OPTIONS, name);

	for (size_t i = 0; i < command_count && found == UNKNOWN_OPTION; i++)
		found = find_option(commands[i].options, name);
	return found;
}

static const char *long_name(const char *word)
{
	if (strcmp(word, "-s") == 0)
		return "--socket";
	return strcmp(word, "-h") == 0 ? "--help" : word;
}

/* Takes the option at argv[*at]; *at moves to the next word. */
static bool take_option(const struct cli *c, struct args *a, char **argv, int argc, int *at)
{
	struct str name, value;
	bool joined = str_cut(str_of(long_name(argv[*at]) + 2), '=', &name, &value);
	enum known known = find_anywhere(name);
	struct args_option *option = &a->options[a->option_count++];

	++*at;
	option->name = mem_str(name);
	option->value = joined ? value.at : "";
	if (known == UNKNOWN_OPTION) {
		cli_usage(c, "there is no option --%s", option->name);
		return false;
	}
	if (known == PLAIN_OPTION && joined) {
		cli_usage(c, "--%s takes no value", option->name);
		return false;
	}
	if (known == VALUE_OPTION && !joined) {
		if (*at == argc) {
			cli_usage(c, "--%s needs a value", option->name);
			return false;
		}
		option->value = argv[(*at)++];
	}
	return true;
}

static bool is_option(const char *word)
{
	return strcmp(word, "-s") == 0 || strcmp(word, "-h") == 0 ||
	       (word[0] == '-' && word[1] == '-' && word[2] != '\0');
}

static bool sort_args(const struct cli *c, int argc, char **argv, struct args *a)
{
	bool all_words = false;

	a->words = mem_alloc((size_t)argc * sizeof(*a->words));
	a->options = mem_alloc((size_t)argc * sizeof(*a->options));
	for (int at = 1; at < argc;) {
		const char *word = argv[at];

		if (!all_words && is_option(word)) {
			if (!take_option(c, a, argv, argc, &at))
				return false;
			continue;
		}
		at++;
		if (!all_words && strcmp(word, "--") == 0) {
			all_words = true;
			continue;
		}
		if (!all_words && word[0] == '-' && word[1] != '\0') {
			cli_usage(c, "there is no option %s", word);
			return false;
		}
		a->words[a->word_count++] = word;
	}
	return true;
}

/* -- help --------------------------------------------------------------------------- */

/* The words of text from column on; lines that would be too long go on at indent. */
static void put_words(const char *text, size_t column, size_t indent)
{
	struct str rest = str_of(text), word;

	for (bool more = rest.n > 0; more; column += word.n + 1) {
		more = str_cut(rest, ' ', &word, &rest);
		if (column + 1 + word.n > HELP_COLUMNS) {
			(void)printf("\n%*s", (int)indent - 1, "");
			column = indent - 1;
		}
		(void)printf(" %.*s", STR_ARGS(word));
	}
	(void)putchar('\n');
}

static void help_row(const struct command *cmd)
{
	int column = printf("  %s%s%s", cmd->group, *cmd->verb ? " " : "", cmd->verb);

	put_words(cmd->synopsis, column > 0 ? (size_t)column : 0, 10);
	(void)printf("     ");
	put_words(cmd->says, 5, 6);
}

/* All rows of a group, or all rows there are; false when there is no such group. */
static bool help_rows(const char *group, const char *verb)
{
	bool any = false;

	for (size_t i = 0; i < command_count; i++) {
		if (group && strcmp(commands[i].group, group) != 0)
			continue;
		if (verb && strcmp(commands[i].verb, verb) != 0)
			continue;
		help_row(&commands[i]);
		any = true;
	}
	return any;
}

static int help(const struct cli *c, const char *group, const char *verb)
{
	if (!group)
		(void)puts(
			"usage: mxkeep [-s SOCKET] [--json] COMMAND [ARGUMENT]...\n"
			"\n"
			"  -s, --socket SOCKET  the daemon's control socket; else $MXKEEP_SOCKET,\n"
			"                       else " SOCKET_DEFAULT "\n"
			"  --json               print the daemon's answer as JSON\n"
			"  -h, --help           help, for a command behind its name\n"
			"  --version            the version of this program\n");
	if (!help_rows(group, verb))
		return cli_usage(c, "there is no command '%s%s%s'", group ? group : "",
				 verb ? " " : "", verb ? verb : "");
	if (!group)
		(void)puts("  help [COMMAND]\n      this text, or what is said of one command");
	return CLI_DONE;
}

/* -- running -------------------------------------------------------------------------- */

static const struct command *find_command(const struct args *a, size_t *ret_used)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *cmd = &commands[i];

		if (a->word_count < 1 || strcmp(cmd->group, a->words[0]) != 0)
			continue;
		*ret_used = *cmd->verb ? 2 : 1;
		if (!*cmd->verb || (a->word_count > 1 && strcmp(cmd->verb, a->words[1]) == 0))
			return cmd;
	}
	return NULL;
}

/* What goes into JSON must be UTF-8. */
static bool is_utf8(const char *text)
{
	json_t *json = json_string(text);
	bool good = json != NULL;

	json_decref(json);
	return good;
}

static bool check_texts(struct cli *c, const struct args *a)
{
	for (size_t i = 0; i < a->option_count; i++) {
		if (!is_utf8(a->options[i].value)) {
			cli_usage(c, "the value of --%s is not UTF-8", a->options[i].name);
			return false;
		}
	}
	for (size_t i = 0; i < a->word_count; i++) {
		if (a->words[i][0] == '\0' || !is_utf8(a->words[i])) {
			cli_usage(c, "argument %zu is empty or not UTF-8", i + 1);
			return false;
		}
	}
	return true;
}

static bool fits(struct cli *c, const struct args *a)
{
	for (size_t i = 0; i < a->option_count; i++) {
		if (!knows(c->command, a->options[i].name)) {
			cli_usage(c, "%s%s%s has no option --%s", c->command->group,
				  *c->command->verb ? " " : "", c->command->verb,
				  a->options[i].name);
			return false;
		}
	}
	if (a->word_count < c->command->min_words) {
		cli_usage(c, "too few arguments");
		return false;
	}
	if (a->word_count > c->command->max_words) {
		cli_usage(c, "too many arguments: '%s'", a->words[c->command->max_words]);
		return false;
	}
	return check_texts(c, a);
}

static const char *socket_path(const struct args *a)
{
	const char *path = args_option(a, "socket"), *env = getenv("MXKEEP_SOCKET");

	if (!path)
		path = env && *env ? env : SOCKET_DEFAULT;
	return path;
}

static int run_command(struct cli *c, const struct args *a, size_t used)
{
	struct args rest = *a;

	rest.words += used;
	rest.word_count -= used;
	if (!fits(c, &rest))
		return CLI_USAGE;
	c->json = args_option(a, "json") != NULL;
	c->client = client_new(socket_path(a));

	int status = c->command->run(c, &rest);

	client_free(c->client);
	return status;
}

static int dispatch(struct cli *c, const struct args *a)
{
	const char *first = a->word_count > 0 ? a->words[0] : NULL;
	const char *second = a->word_count > 1 ? a->words[1] : NULL;
	size_t used = 0;

	if (args_option(a, "version")) {
		(void)puts("mxkeep " PACKAGE_VERSION);
		return CLI_DONE;
	}
	if (first && strcmp(first, "help") == 0)
		return help(c, second, a->word_count > 2 ? a->words[2] : NULL);
	c->command = find_command(a, &used);
	if (args_option(a, "help"))
		return help(c, first, c->command && *c->command->verb ? second : NULL);
	if (!first)
		return cli_usage(c, "no command given");
	if (!c->command && used == 2) {
		cli_fail("%s needs to know what to do%s%s%s; mxkeep help %s tells", first,
			 second ? ", not '" : "", second ? second : "", second ? "'" : "", first);
		return CLI_USAGE;
	}
	if (!c->command)
		return cli_usage(c, "there is no command '%s'", first);
	return run_command(c, a, used);
}

static void free_args(struct args *a)
{
	for (size_t i = 0; i < a->option_count; i++)
		free((void *)(uintptr_t)a->options[i].name);
	free(a->options);
	free(a->words);
}

int main(int argc, char **argv)
{
	struct cli c = { 0 };
	struct args a = { 0 };
	int status = CLI_USAGE;

	(void)setlocale(LC_CTYPE, "");
	if (sort_args(&c, argc, argv, &a))
		status = dispatch(&c, &a);
	free_args(&a);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = cli_fail("cannot write the answer: %s", strerror(errno));
	return status;
}
