/* failed: mxkeep failed list, show, retry, delete.
 * SPDX-License-Identifier: ISC */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

#define LIST_DEFAULT 100

int failed_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = {
		"ID", ">AGE", "FROM", "TO", "PRIMARY", "~REPLY", NULL
	};
	struct show_table t;
	struct buf path;
	size_t limit, i;
	json_t *row;

	if (!args_limit(c, a, LIST_DEFAULT, &limit))
		return CLI_USAGE;
	client_path(&path, "failed", NULL);
	client_query(&path, "domain", args_option(a, "domain"));

	json_t *answer = pages_get(c, &path, "deliveries", limit, args_option(a, "after"));

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_table_init(&t, headings);
	json_array_foreach(json_object_get(answer, "deliveries"), i, row)
	{
		char age[HUMAN_MAX], sender[SHOW_TEXT_MAX], rcpt[SHOW_TEXT_MAX];
		const char *const cells[] = {
			show_text(row, "id"),
			show_age(row, "received", age),
			show_path(row, "sender", sender),
			show_path(row, "recipient", rcpt),
			show_text(row, "primary"),
			show_text(row, "reply"),
		};

		show_table_row(&t, cells);
	}
	show_table_print(&t);
	pages_hint(answer);
	json_decref(answer);
	return CLI_DONE;
}

int failed_show(struct cli *c, const struct args *a)
{
	return pages_show_message(c, a, "failed");
}

/* One message, or all: never both, never by omission. */
static int act(struct cli *c, const struct args *a, const char *verb, const char *done)
{
	bool all = args_option(a, "all") != NULL;
	struct buf path;

	if (all == (a->word_count == 1))
		return cli_usage(c, "give either an ID or --all");
	if (!all && args_option(a, "domain"))
		return cli_usage(c, "--domain goes with --all only");
	if (all)
		client_path(&path, "failed", verb, NULL);
	else
		client_path(&path, "failed", a->words[0], verb, NULL);
	client_query(&path, "domain", args_option(a, "domain"));
	return pages_change(c, &path, "recipient", done);
}

int failed_retry(struct cli *c, const struct args *a)
{
	return act(c, a, "retry", "queued again");
}

int failed_delete(struct cli *c, const struct args *a)
{
	return act(c, a, "delete", "deleted");
}
