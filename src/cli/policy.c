/* policy: mxkeep policy show, set, report, test.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

/* "all" is no domain that mail is taken for.  below: a part behind, or NULL. */
static void policy_path(struct buf *path, const char *domain, const char *below)
{
	if (strcmp(domain, "all") == 0)
		client_path(path, "policy", below, NULL);
	else
		client_path(path, "domains", domain, "policy", below, NULL);
}

/* Only what is not at its default, unless all are wanted. */
static int show(struct cli *c, json_t *answer, bool all)
{
	static const char *const headings[] = { "SETTING", "VALUE", "FROM", "~MEANING", NULL };
	struct show_table t;
	json_t *row;
	size_t i;

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_table_init(&t, headings);
	json_array_foreach(json_object_get(answer, "settings"), i, row)
	{
		char number[HUMAN_MAX];
		const char *const cells[] = {
			show_text(row, "name"),
			show_value(row, "value", number),
			show_text(row, "from"),
			show_text(row, "says"),
		};

		if (all || strcmp(show_text(row, "from"), "default") != 0)
			show_table_row(&t, cells);
	}
	show_table_print(&t);
	json_decref(answer);
	return CLI_DONE;
}

int policy_show(struct cli *c, const struct args *a)
{
	struct buf path;

	policy_path(&path, a->words[0], NULL);
	return show(c, client_call(c->client, "GET", &path, NULL), true);
}

int policy_set(struct cli *c, const struct args *a)
{
	json_t *body = json_object();
	struct buf path;

	for (size_t i = 1; i < a->word_count; i++) {
		if (!cli_put_word(body, a->words[i])) {
			json_decref(body);
			return cli_usage(c, "'%s' is not NAME=VALUE", a->words[i]);
		}
	}
	policy_path(&path, a->words[0], NULL);

	json_t *answer = client_call(c->client, "PATCH", &path, body);

	json_decref(body);
	return show(c, answer, false);
}

/* "12 / 80": of the last day and of the week. */
static const char *counts_text(const json_t *row, const char *key, char out[2 * HUMAN_MAX])
{
	(void)snprintf(out, 2 * HUMAN_MAX, "%lld / %lld",
		       (long long)show_num(json_object_get(row, "day"), key),
		       (long long)show_num(json_object_get(row, "week"), key));
	return out;
}

int policy_report(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "CHECK",     "MODE",	   ">REJECTED", ">DEFERRED",
						">WOULD REFUSE", ">ALLOWED", ">PASSED",	  NULL };
	char text[5][2 * HUMAN_MAX];
	struct show_table t;
	struct buf path;
	json_t *row;
	size_t i;

	policy_path(&path, a->words[0], "report");

	json_t *answer = client_call(c->client, "GET", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_line("Recipients of %s in the last day / week:",
		  *show_text(answer, "domain") ? show_text(answer, "domain") : "all domains");
	show_table_init(&t, headings);
	json_array_foreach(json_object_get(answer, "checks"), i, row)
	{
		const char *const cells[] = {
			show_text(row, "check"),
			show_text(row, "mode"),
			counts_text(row, "rejected", text[0]),
			counts_text(row, "deferred", text[1]),
			counts_text(row, "would_refuse", text[2]),
			counts_text(row, "allowed", text[3]),
			counts_text(row, "passed", text[4]),
		};

		show_table_row(&t, cells);
	}
	show_table_print(&t);
	json_decref(answer);
	return CLI_DONE;
}

static json_t *trial_body(const struct args *a)
{
	static const char *const names[] = { "client", "helo", "from", "to" };
	json_t *body = json_object();

	for (size_t i = 0; i < COUNT(names); i++)
		if (args_option(a, names[i]))
			(void)json_object_set_new(body, names[i],
						  json_string(args_option(a, names[i])));
	return body;
}

int policy_test(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "CHECK", "MODE", "FINDING", "~NOTE", NULL };
	struct show_table t;
	struct buf path;
	json_t *row;
	size_t i;

	if (!args_option(a, "client"))
		return cli_usage(c, "--client ADDRESS is missing");

	json_t *body = trial_body(a);

	client_path(&path, "domains", a->words[0], "policy", "test", NULL);

	json_t *answer = client_call(c->client, "POST", &path, body);

	json_decref(body);
	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_table_init(&t, headings);
	json_array_foreach(json_object_get(answer, "checks"), i, row)
	{
		const char *finding = show_text(row, "finding");
		const char *const cells[] = {
			show_text(row, "check"),
			show_text(row, "mode"),
			strcmp(finding, "none") == 0 ? "-" : finding,
			show_text(row, "note"),
		};

		show_table_row(&t, cells);
	}
	show_table_print(&t);
	show_line("Verdict: %s%s%s", show_text(answer, "reply"),
		  show_text(answer, "by")[0] ? ", by " : "", show_text(answer, "by"));
	json_decref(answer);
	return CLI_DONE;
}
