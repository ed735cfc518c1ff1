/* failed: mxkeep failed list, show, retry, delete.
 * SPDX-License-Identifier: ISC */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

static void add_row(struct show_table *t, const json_t *row)
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

	show_table_row(t, cells);
}

int failed_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = {
		"ID", ">AGE", "FROM", "TO", "PRIMARY", "~REPLY", NULL
	};
	struct buf path;

	client_path(&path, "failed", NULL);
	client_query(&path, "domain", args_option(a, "domain"));
	return pages_list(c, a, &path, &(struct pages_list){ "deliveries", headings, add_row });
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
