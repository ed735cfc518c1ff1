/* access: mxkeep allow and deny: add, list, remove.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

#define LIST_DEFAULT 100
#define PAGE         500

static json_t *entries_body(const struct args *a)
{
	const char *domain = args_option(a, "domain");
	json_t *body = json_object(), *array = json_array();

	for (size_t i = 0; i < a->word_count; i++)
		(void)json_array_append_new(array, json_string(a->words[i]));
	(void)json_object_set_new(body, "entries", array);
	if (domain)
		(void)json_object_set_new(body, "domain", json_string(domain));
	if (args_option(a, "recipient"))
		(void)json_object_set_new(body, "kind", json_string("recipient"));
	return body;
}

static int change(struct cli *c, const struct args *a, const char *act, const char *done)
{
	json_t *body = entries_body(a);
	struct buf path;

	client_path(&path, "access", c->command->group, act, NULL);

	json_t *answer = client_call(c->client, "POST", &path, body);

	json_decref(body);
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);

	long long n = show_num(answer, "changed");

	show_line("%lld entr%s %s", n, n == 1 ? "y" : "ies", done);
	json_decref(answer);
	return CLI_DONE;
}

int access_add(struct cli *c, const struct args *a)
{
	return change(c, a, "add", "added");
}

int access_remove(struct cli *c, const struct args *a)
{
	return change(c, a, "remove", "removed");
}

static void add_row(struct show_table *t, const json_t *row)
{
	const char *domain = show_text(row, "domain");
	char age[HUMAN_MAX];
	const char *const cells[] = {
		show_text(row, "entry"),
		show_text(row, "kind"),
		*domain ? domain : "all",
		show_age(row, "added", age),
	};

	show_table_row(t, cells);
}

int access_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "ENTRY", "OF", "FOR", ">AGE", NULL };
	char text[HUMAN_MAX];
	struct buf path;
	size_t limit;

	if (!args_limit(c, a, LIST_DEFAULT, &limit))
		return CLI_USAGE;
	(void)snprintf(text, sizeof(text), "%zu", limit < PAGE ? limit : (size_t)PAGE);
	client_path(&path, "access", c->command->group, NULL);
	client_query(&path, "domain", args_option(a, "domain"));
	client_query(&path, "skip", args_option(a, "skip"));
	client_query(&path, "limit", text);

	json_t *answer = client_call(c->client, "GET", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_rows(json_object_get(answer, "entries"), headings, add_row);
	if (json_is_true(json_object_get(answer, "more")))
		(void)fprintf(stderr,
			      "mxkeep: there are more; --limit, up to %d, and --skip show them\n",
			      PAGE);
	json_decref(answer);
	return CLI_DONE;
}
