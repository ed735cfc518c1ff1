/* pages: a list is asked for in portions, so that neither side ever holds a million rows.
 * SPDX-License-Identifier: ISC */
#include "cli/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/show.h"

#define LIST_DEFAULT 100
#define PAGE_ROWS    999 /* what the daemon gives at most */

static json_t *get_page(struct cli *c, const struct buf *path, size_t rows, const char *after)
{
	char number[HUMAN_MAX];
	struct buf page;

	(void)snprintf(number, sizeof(number), "%zu", rows);
	buf_init(&page, path->max);
	if (!buf_add(&page, buf_str(path))) {
		cli_fail("an argument is too long");
		return NULL;
	}
	client_query(&page, "limit", number);
	client_query(&page, "after", after);
	return client_call(c->client, "GET", &page, NULL);
}

/* The rows of page go behind those of all; page's other members are the newer ones. */
static json_t *join(json_t *all, json_t *page, const char *key)
{
	if (!all)
		return page;

	json_t *rows = json_incref(json_object_get(all, key));

	(void)json_array_extend(rows, json_object_get(page, key));
	(void)json_object_set_new(page, key, rows);
	json_decref(all);
	return page;
}

/* Page after page, following "after", until `limit` rows of the array `key` are there or it ends.
 * The answer has all rows, and the last page's "after"; NULL when it failed. */
static json_t *get_pages(struct cli *c, struct buf *path, const char *key, size_t limit,
			 const char *after)
{
	json_t *all = NULL;
	size_t have = 0;

	do {
		size_t want = limit - have;
		json_t *page = get_page(c, path, want < PAGE_ROWS ? want : PAGE_ROWS, after);

		if (!page) {
			json_decref(all);
			all = NULL;
			break;
		}
		all = join(all, page, key);
		have = json_array_size(json_object_get(all, key));
		after = json_string_value(json_object_get(all, "after"));
	} while (after && have < limit);
	buf_done(path);
	return all;
}

int pages_list(struct cli *c, const struct args *a, struct buf *path, const struct pages_list *l)
{
	json_t *answer;
	size_t limit;

	if (!args_limit(c, a, LIST_DEFAULT, &limit)) {
		buf_done(path);
		return CLI_USAGE;
	}
	answer = get_pages(c, path, l->key, limit, args_option(a, "after"));
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_rows(json_object_get(answer, l->key), l->headings, l->row);
	if (show_text(answer, "after")[0])
		(void)fprintf(stderr, "mxkeep: there is more; continue with --after %s\n",
			      show_text(answer, "after"));
	json_decref(answer);
	return CLI_DONE;
}

static void show_recipients(const json_t *message)
{
	static const char *const headings[] = { "RECIPIENT", "STATE", ">TRIES",
						">NEXT",     "~REPLY", NULL };
	struct show_table t;
	size_t i;
	json_t *row;

	show_table_init(&t, headings);
	json_array_foreach(json_object_get(message, "deliveries"), i, row)
	{
		char rcpt[SHOW_TEXT_MAX], tries[HUMAN_MAX], next[HUMAN_MAX];
		const char *const cells[] = {
			show_path(row, "recipient", rcpt),
			show_text(row, "state"),
			show_count(row, "attempts", tries),
			show_until(row, "next_try", next),
			show_text(row, "reply"),
		};

		show_table_row(&t, cells);
	}
	show_table_print(&t);
}

/* A tab is shown as a blank: quoted it would only disturb. */
static void show_headers(const json_t *lines)
{
	size_t i;
	json_t *line;

	if (lines)
		(void)putchar('\n');
	json_array_foreach(lines, i, line)
	{
		char *text = mem_str(str_of(json_string_value(line)));

		for (char *tab = text; (tab = strchr(tab, '\t'));)
			*tab = ' ';
		show_line("%s", text);
		free(text);
	}
}

int pages_show_message(struct cli *c, const struct args *a, const char *where)
{
	bool headers = args_option(a, "headers") != NULL;
	char size[HUMAN_MAX], age[HUMAN_MAX];
	struct buf path;

	client_path(&path, where, a->words[0], NULL);
	client_query(&path, "headers", headers ? "yes" : NULL);

	json_t *m = client_call(c->client, "GET", &path, NULL);

	if (!m)
		return CLI_FAILED;
	if (c->json)
		return show_json(m);
	show_line("id        %s", show_text(m, "id"));
	show_line("received  %s (%s ago)", show_text(m, "received"), show_age(m, "received", age));
	show_line("from      %s as %s", show_text(m, "client"), show_text(m, "helo"));
	show_line("tls       %s", show_text(m, "tls")[0] ? show_text(m, "tls") : "none");
	show_line("sender    <%s>", show_text(m, "sender"));
	show_line("size      %s", show_size(m, "size", size));
	(void)putchar('\n');
	show_recipients(m);
	show_headers(json_object_get(m, "headers"));
	json_decref(m);
	return CLI_DONE;
}

int pages_change(struct cli *c, struct buf *path, const char *of, const char *done)
{
	json_t *answer = client_call(c->client, "POST", path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);

	long long n = show_num(answer, "changed");

	show_line("%lld %s%s %s", n, of, n == 1 ? "" : "s", done);
	json_decref(answer);
	return CLI_DONE;
}
