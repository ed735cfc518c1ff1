/* audit: mxkeep audit.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

#define LIST_DEFAULT 50

static void add_row(struct show_table *t, const json_t *row)
{
	const char *const cells[] = { show_text(row, "at"), show_text(row, "who"),
				      show_text(row, "what") };

	show_table_row(t, cells);
}

int audit_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "WHEN", "WHO", "~WHAT", NULL };
	char number[HUMAN_MAX];
	struct buf path;
	size_t limit;

	if (!args_limit(c, a, LIST_DEFAULT, &limit))
		return CLI_USAGE;
	(void)snprintf(number, sizeof(number), "%zu", limit);
	client_path(&path, "audit", NULL);
	client_query(&path, "limit", number);

	json_t *answer = client_call(c->client, "GET", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_rows(json_object_get(answer, "audit"), headings, add_row);
	json_decref(answer);
	return CLI_DONE;
}
