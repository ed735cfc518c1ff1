/* greylist: mxkeep greylist list, forget.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/pages.h"
#include "cli/show.h"

#define LIST_DEFAULT 100
#define LIST_MAX     999 /* a page; there are none behind it: the newest are of interest */

static void add_waiting(struct show_table *t, const json_t *row)
{
	char age[HUMAN_MAX], tries[HUMAN_MAX], sender[SHOW_TEXT_MAX];
	const char *const cells[] = {
		show_text(row, "domain"),	     show_text(row, "check"),
		show_age(row, "first", age),	     show_count(row, "tries", tries),
		show_text(row, "client"),	     show_path(row, "sender", sender),
		show_text(row, "recipient"),
	};

	show_table_row(t, cells);
}

static void add_known(struct show_table *t, const json_t *row)
{
	char since[HUMAN_MAX], seen[HUMAN_MAX], until[HUMAN_MAX];
	const char *const cells[] = {
		show_text(row, "domain"),      show_text(row, "check"),
		show_age(row, "since", since), show_age(row, "seen", seen),
		show_until(row, "until", until), show_text(row, "client"),
	};

	show_table_row(t, cells);
}

int greylist_list(struct cli *c, const struct args *a)
{
	static const char *const waiting_headings[] = { "DOMAIN", "CHECK",  ">FIRST", ">TRIES",
							"CLIENT", "SENDER", "RECIPIENT", NULL };
	static const char *const known_headings[] = { "DOMAIN", "CHECK",  ">KNOWN FOR", ">SEEN",
						      ">FORGOTTEN IN", "CLIENT", NULL };
	bool known = args_option(a, "known") != NULL;
	char text[HUMAN_MAX];
	struct buf path;
	size_t limit;
	json_t *answer, *rows;

	if (!args_limit(c, a, LIST_DEFAULT, &limit))
		return CLI_USAGE;
	(void)snprintf(text, sizeof(text), "%zu", limit < LIST_MAX ? limit : (size_t)LIST_MAX);
	client_path(&path, "greylist", NULL);
	client_query(&path, "domain", a->word_count ? a->words[0] : NULL);
	client_query(&path, "state", known ? "known" : "waiting");
	client_query(&path, "limit", text);
	answer = client_call(c->client, "GET", &path, NULL);
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	rows = json_object_get(answer, "clients");
	show_rows(rows, known ? known_headings : waiting_headings,
		  known ? add_known : add_waiting);
	if (json_is_true(json_object_get(answer, "more")))
		(void)fprintf(stderr, "mxkeep: there are more; --limit, up to %d, shows them\n",
			      LIST_MAX);
	json_decref(answer);
	return CLI_DONE;
}

int greylist_forget(struct cli *c, const struct args *a)
{
	bool all = strcmp(a->words[0], "all") == 0;
	struct buf path;

	client_path(&path, "greylist", "forget", NULL);
	client_query(&path, "domain", all ? NULL : a->words[0]);
	client_query(&path, "client", a->word_count > 1 ? a->words[1] : NULL);
	return pages_change(c, &path, "client", "forgotten");
}
