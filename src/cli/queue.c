/* queue: mxkeep queue list, show, hold, release, delete, flush.
 * SPDX-License-Identifier: ISC */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

static void add_row(struct show_table *t, const json_t *row)
{
	char age[HUMAN_MAX], size[HUMAN_MAX], tries[HUMAN_MAX], next[HUMAN_MAX];
	char sender[SHOW_TEXT_MAX], rcpt[SHOW_TEXT_MAX];
	const char *const cells[] = {
		show_text(row, "id"),
		show_text(row, "state"),
		show_age(row, "received", age),
		show_size(row, "size", size),
		show_path(row, "sender", sender),
		show_path(row, "recipient", rcpt),
		show_count(row, "attempts", tries),
		show_until(row, "next_try", next),
	};

	show_table_row(t, cells);
}

int queue_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "ID", "STATE",  ">AGE",  ">SIZE", "FROM",
						"TO", ">TRIES", ">NEXT", NULL };
	struct buf path;

	client_path(&path, "queue", NULL);
	client_query(&path, "domain", args_option(a, "domain"));
	client_query(&path, "state", args_option(a, "state"));
	return pages_list(c, a, &path, &(struct pages_list){ "deliveries", headings, add_row });
}

int queue_show(struct cli *c, const struct args *a)
{
	return pages_show_message(c, a, "queue");
}

static int act(struct cli *c, const struct args *a, const char *verb, const char *done)
{
	struct buf path;

	client_path(&path, "queue", a->words[0], verb, NULL);
	return pages_change(c, &path, "recipient", done);
}

int queue_hold(struct cli *c, const struct args *a)
{
	return act(c, a, "hold", "held");
}

int queue_release(struct cli *c, const struct args *a)
{
	return act(c, a, "release", "released");
}

int queue_delete(struct cli *c, const struct args *a)
{
	return act(c, a, "delete", "deleted");
}

int queue_flush(struct cli *c, const struct args *a)
{
	struct buf path;

	client_path(&path, "flush", NULL);
	client_query(&path, "domain", a->word_count ? a->words[0] : NULL);
	return pages_change(c, &path, "recipient", "due now");
}
