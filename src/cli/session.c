/* session: mxkeep session list.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

#define LIST_DEFAULT 100

static void add_row(struct show_table *t, const json_t *row)
{
	char id[HUMAN_MAX], age[HUMAN_MAX], idle[HUMAN_MAX], accepted[HUMAN_MAX];
	char refused[HUMAN_MAX], received[HUMAN_MAX];
	const char *const cells[] = {
		show_count(row, "id", id),
		show_text(row, "client"),
		show_text(row, "helo"),
		show_text(row, "state"),
		human_span(show_num(row, "age_ms"), age),
		human_span(show_num(row, "idle_ms"), idle),
		show_count(row, "accepted", accepted),
		show_count(row, "refused", refused),
		show_size(row, "received", received),
	};

	show_table_row(t, cells);
}

int session_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "ID",     "CLIENT",    "HELO",     "STATE",
						">AGE",   ">IDLE",     ">ACCEPTED", ">REFUSED",
						">BYTES", NULL };
	struct buf path;
	char text[HUMAN_MAX];
	size_t limit;

	if (!args_limit(c, a, LIST_DEFAULT, &limit))
		return CLI_USAGE;
	(void)snprintf(text, sizeof(text), "%zu", limit);
	client_path(&path, "sessions", NULL);
	client_query(&path, "limit", text);

	json_t *answer = client_call(c->client, "GET", &path, NULL);
	const json_t *rows = json_object_get(answer, "sessions");

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_rows(rows, headings, add_row);
	if (show_num(answer, "open") > (int64_t)json_array_size(rows))
		(void)fprintf(stderr, "mxkeep: %lld are open; --limit, up to 999, shows more\n",
			      (long long)show_num(answer, "open"));
	json_decref(answer);
	return CLI_DONE;
}
