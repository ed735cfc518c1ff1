/* recipient: mxkeep recipient add, import, list, remove, forget.
 *
 * A file goes to the daemon as it is: only there one parser decides, and its errors name the line.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

#define READ_BYTES  ((size_t)64 * 1024)
#define FILE_IS_BIG  ((size_t)1024 * 1024) /* from here on a terminal is told what goes on */

static json_t *locals_body(const struct args *a)
{
	json_t *body = json_object(), *array = json_array();

	for (size_t i = 1; i < a->word_count; i++)
		(void)json_array_append_new(array, json_string(a->words[i]));
	(void)json_object_set_new(body, "recipients", array);
	return body;
}

static int show_changed(struct cli *c, json_t *answer, const char *domain, const char *done)
{
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);

	long long n = show_num(answer, "changed");

	show_line("%s: %lld user%s %s", domain, n, n == 1 ? "" : "s", done);
	json_decref(answer);
	return CLI_DONE;
}

int recipient_add(struct cli *c, const struct args *a)
{
	const char *alias = args_option(a, "alias");
	struct buf path;
	json_t *body;

	if (alias && args_option(a, "reject"))
		return cli_usage(c, "--reject and --alias do not go together");
	body = locals_body(a);
	if (args_option(a, "reject"))
		(void)json_object_set_new(body, "action", json_string("reject"));
	if (alias)
		(void)json_object_set_new(body, "alias", json_string(alias));
	client_path(&path, "domains", a->words[0], "recipients", NULL);

	json_t *answer = client_call(c->client, "POST", &path, body);

	json_decref(body);
	return show_changed(c, answer, a->words[0], "added or changed");
}

int recipient_remove(struct cli *c, const struct args *a)
{
	json_t *body = locals_body(a);
	struct buf path;

	client_path(&path, "domains", a->words[0], "recipients", "remove", NULL);

	json_t *answer = client_call(c->client, "POST", &path, body);

	json_decref(body);
	return show_changed(c, answer, a->words[0], "removed");
}

/* Those that are named, or all: never both, never by omission. */
int recipient_forget(struct cli *c, const struct args *a)
{
	bool all = args_option(a, "all") != NULL;
	struct buf path;

	if (all == (a->word_count > 1))
		return cli_usage(c, "give either users or --all");
	client_path(&path, "domains", a->words[0], "recipients", "forget", NULL);
	client_query(&path, "all", all ? "yes" : NULL);

	json_t *body = all ? json_object() : locals_body(a);
	json_t *answer = client_call(c->client, "POST", &path, body);

	json_decref(body);
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);

	long long n = show_num(answer, "changed");

	show_line("%s: %lld learned entr%s forgotten", a->words[0], n, n == 1 ? "y" : "ies");
	json_decref(answer);
	return CLI_DONE;
}

static bool read_all(int fd, const char *name, struct buf *file)
{
	for (;;) {
		char *to = buf_reserve(file, READ_BYTES);

		if (!to) {
			cli_fail("%s is larger than %zu MiB", name, CLIENT_FILE_MAX >> 20);
			return false;
		}

		ssize_t n = read(fd, to, READ_BYTES);

		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR) {
			cli_fail("cannot read %s: %s", name, strerror(errno));
			return false;
		}
		if (n > 0)
			buf_added(file, (size_t)n);
	}
}

static bool read_file(const char *name, struct buf *file)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		cli_fail("cannot open %s: %s", name, strerror(errno));
		return false;
	}

	bool done = read_all(fd, is_stdin ? "standard input" : name, file);

	if (!is_stdin)
		(void)close(fd);
	return done;
}

static void show_progress(const struct buf *file)
{
	char size[HUMAN_MAX];

	if (buf_len(file) >= FILE_IS_BIG && isatty(STDERR_FILENO))
		(void)fprintf(stderr, "importing %s ...\n", human_size(buf_len(file), size));
}

int recipient_import(struct cli *c, const struct args *a)
{
	struct buf path, file;

	if (args_option(a, "force") && !args_option(a, "replace"))
		return cli_usage(c, "--force is for --replace");

	buf_init(&file, CLIENT_FILE_MAX + READ_BYTES);
	if (!read_file(a->words[1], &file)) {
		buf_done(&file);
		return CLI_FAILED;
	}
	if (buf_len(&file) > CLIENT_FILE_MAX) {
		buf_done(&file);
		return cli_fail("%s is larger than %zu MiB", a->words[1], CLIENT_FILE_MAX >> 20);
	}
	show_progress(&file);
	client_path(&path, "domains", a->words[0], "recipients", "import", NULL);
	client_query(&path, "replace", args_option(a, "replace") ? "yes" : NULL);
	client_query(&path, "force", args_option(a, "force") ? "yes" : NULL);

	json_t *answer = client_send(c->client, &path, buf_str(&file));

	buf_done(&file);
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	if (args_option(a, "replace"))
		show_line("%s: %lld lines read; %lld user%s added, %lld removed, %lld kept",
			  a->words[0], (long long)show_num(answer, "lines"),
			  (long long)show_num(answer, "added"),
			  show_num(answer, "added") == 1 ? "" : "s",
			  (long long)show_num(answer, "removed"),
			  (long long)show_num(answer, "kept"));
	else
		show_line("%s: %lld lines read, %lld users added or changed", a->words[0],
			  (long long)show_num(answer, "lines"),
			  (long long)show_num(answer, "changed"));
	json_decref(answer);
	return CLI_DONE;
}

static void add_row(struct show_table *t, const json_t *row)
{
	char age[HUMAN_MAX], confirmed[HUMAN_MAX], confidence[32];
	char action[SHOW_TEXT_MAX];
	const char *const cells[] = { show_text(row, "local"),
				      action,
				      show_text(row, "source"),
				      confidence,
				      show_age(row, "confirmed", confirmed),
				      show_age(row, "added", age) };

	(void)snprintf(action, sizeof(action), "%s%s%s", show_text(row, "action"),
		       show_text(row, "target")[0] ? " " : "", show_text(row, "target"));
	(void)snprintf(confidence, sizeof(confidence), "%lld %%",
		       (long long)show_num(row, "confidence"));

	show_table_row(t, cells);
}

int recipient_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "USER",       "ACTION", "SOURCE", ">CONFIDENCE",
						">CONFIRMED", ">AGE",   NULL };
	struct buf path;

	client_path(&path, "domains", a->words[0], "recipients", NULL);
	return pages_list(c, a, &path, &(struct pages_list){ "recipients", headings, add_row });
}
