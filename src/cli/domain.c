/* domain: mxkeep domain add, list, show, set, remove.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

/* "a:25, b:25" */
static const char *primaries_text(const json_t *domain, char out[SHOW_TEXT_MAX])
{
	const json_t *array = json_object_get(domain, "primaries");
	size_t used = 0, i;
	json_t *item;

	out[0] = '\0';
	json_array_foreach(array, i, item)
	{
		int n = snprintf(out + used, SHOW_TEXT_MAX - used, "%s%s", i ? ", " : "",
				 json_string_value(item));

		if (n < 0 || (size_t)n >= SHOW_TEXT_MAX - used)
			break;
		used += (size_t)n;
	}
	return out;
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void say_users(const json_t *d)
{
	const char *name = show_text(d, "name"), *unknown = show_text(d, "unknown");

	if (strcmp(unknown, "accept") == 0)
		show_line("Mail for any user of it is taken; one that the primary refuses ends on "
			  "the failed list.");
	else if (!is_true(d, "has_recipients"))
		show_line("The list of its users is empty: unknown users get a temporary refusal "
			  "until recipients are loaded (mxkeep recipient import %s FILE).",
			  name);
}

/* Where it is seen and chosen what else is refused: that may have been set for all already. */
static void say_policy(const json_t *d)
{
	show_line("What else is refused: mxkeep policy show %s; to turn blocklists and greylisting "
		  "on: mxkeep policy set %s dnsbl=recommended greylist=on",
		  show_text(d, "name"), show_text(d, "name"));
}

int domain_add(struct cli *c, const struct args *a)
{
	char primaries[SHOW_TEXT_MAX];
	struct buf path;

	if (!args_option(a, "primary"))
		return cli_usage(c, "--primary HOST:PORT is missing");

	json_t *body = json_object();

	(void)json_object_set_new(body, "name", json_string(a->words[0]));
	for (size_t i = 0; i < a->option_count; i++) {
		const char *name = a->options[i].name;

		if (strcmp(name, "json") != 0 && strcmp(name, "socket") != 0)
			cli_put_setting(body, name, a->options[i].value);
	}
	client_path(&path, "domains", NULL);

	json_t *d = client_call(c->client, "POST", &path, body);

	json_decref(body);
	if (!d)
		return CLI_FAILED;
	if (c->json)
		return show_json(d);
	show_line("Mail for %s is taken and handed to %s (%s, kept for %s).", show_domain_name(d),
		  primaries_text(d, primaries), show_text(d, "mode"), show_text(d, "lifetime"));
	show_line("Publish in its DNS zone:");
	show_line("    %s", show_text(d, "record"));
	say_users(d);
	say_policy(d);
	json_decref(d);
	return CLI_DONE;
}

static void add_row(struct show_table *t, const json_t *d)
{
	char primaries[SHOW_TEXT_MAX];
	const char *const cells[] = {
		show_domain_name(d),
		show_text(d, "mode"),
		primaries_text(d, primaries),
		show_text(d, "unknown"),
		is_true(d, "has_recipients") ? "listed" : "none",
		show_text(d, "lifetime"),
		is_true(d, "enabled") ? "yes" : "no",
	};

	show_table_row(t, cells);
}

int domain_list(struct cli *c, const struct args *a)
{
	static const char *const headings[] = { "DOMAIN", "MODE",      "PRIMARIES", "UNKNOWN",
						"USERS",  ">LIFETIME", "ENABLED",   NULL };
	struct buf path;

	(void)a;
	client_path(&path, "domains", NULL);

	json_t *answer = client_call(c->client, "GET", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_rows(json_object_get(answer, "domains"), headings, add_row);
	json_decref(answer);
	return CLI_DONE;
}

static void say_offer(const json_t *offer)
{
	static const struct {
		const char *key, *name;
	} limits[] = { { "mailmax", "MAILMAX" }, { "rcptmax", "RCPTMAX" },
		       { "rcptdomainmax", "RCPTDOMAINMAX" } };
	char size[HUMAN_MAX], age[HUMAN_MAX], text[SHOW_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%s%s%s%s%s%s", is_true(offer, "size") ? " SIZE" : "",
			 show_num(offer, "max_size") ? " " : "",
			 show_num(offer, "max_size") ? show_size(offer, "max_size", size) : "",
			 is_true(offer, "8bitmime") ? " 8BITMIME" : "",
			 is_true(offer, "smtputf8") ? " SMTPUTF8" : "",
			 is_true(offer, "dsn") ? " DSN" : "");

	for (size_t i = 0; i < COUNT(limits); i++)
		if (show_num(offer, limits[i].key))
			n += snprintf(text + n, sizeof(text) - (size_t)n, " %s=%lld",
				      limits[i].name,
				      (long long)show_num(offer, limits[i].key));
	show_line("offers      %s:%s (for %s)", show_text(offer, "primary"), n ? text : " nothing",
		  show_age(offer, "since", age));
}

/* What it takes, and what its primaries were last seen to take. */
static void say_limits(const json_t *d)
{
	char size[HUMAN_MAX];
	size_t i;
	json_t *offer;

	show_line("max_size    %s",
		  show_num(d, "max_size") ? show_size(d, "max_size", size) : "none");
	if (show_num(d, "rate"))
		show_line("rate        %lld a minute", (long long)show_num(d, "rate"));
	else
		show_line("rate        none");
	json_array_foreach(json_object_get(d, "offers"), i, offer)
		say_offer(offer);
}

static int show_domain(struct cli *c, json_t *d)
{
	char primaries[SHOW_TEXT_MAX], age[HUMAN_MAX];

	if (!d)
		return CLI_FAILED;
	if (c->json)
		return show_json(d);
	show_line("name        %s", show_domain_name(d));
	if (strcmp(show_domain_name(d), show_text(d, "name")) != 0)
		show_line("in DNS      %s", show_text(d, "name"));
	show_line("mode        %s", show_text(d, "mode"));
	show_line("enabled     %s", is_true(d, "enabled") ? "yes" : "no");
	show_line("primaries   %s", primaries_text(d, primaries));
	show_line("unknown     %s", show_text(d, "unknown"));
	show_line("subaddress  %s", show_text(d, "subaddress"));
	show_line("lifetime    %s", show_text(d, "lifetime"));
	say_limits(d);
	show_line("users       %lld listed, %lld known from the primary",
		  (long long)show_num(d, "recipients"), (long long)show_num(d, "heard"));
	if (is_true(d, "accepts_all"))
		show_line("            The primary takes any user (tried %s ago): asking it and "
			  "learning from it tell nothing.",
			  show_age(d, "accepts_tested", age));
	show_line("queued      %lld (oldest: %s)", (long long)show_num(d, "queued"),
		  show_age(d, "oldest", age));
	show_line("held        %lld", (long long)show_num(d, "held"));
	show_line("failed      %lld", (long long)show_num(d, "failed"));
	show_line("DNS         %s", show_text(d, "record"));
	say_users(d);
	json_decref(d);
	return CLI_DONE;
}

int domain_show(struct cli *c, const struct args *a)
{
	struct buf path;

	client_path(&path, "domains", a->words[0], NULL);
	return show_domain(c, client_call(c->client, "GET", &path, NULL));
}

int domain_set(struct cli *c, const struct args *a)
{
	json_t *body = json_object();
	struct buf path;

	for (size_t i = 1; i < a->word_count; i++) {
		if (!cli_put_word(body, a->words[i])) {
			json_decref(body);
			return cli_usage(c, "'%s' is not KEY=VALUE", a->words[i]);
		}
	}
	client_path(&path, "domains", a->words[0], NULL);

	json_t *d = client_call(c->client, "PATCH", &path, body);

	json_decref(body);
	return show_domain(c, d);
}

int domain_remove(struct cli *c, const struct args *a)
{
	struct buf path;

	client_path(&path, "domains", a->words[0], NULL);
	client_query(&path, "force", args_option(a, "force") ? "yes" : NULL);

	json_t *answer = client_call(c->client, "DELETE", &path, NULL);

	if (!answer)
		return CLI_FAILED;
	if (c->json)
		return show_json(answer);
	show_line("No more mail is taken for %s.", a->words[0]);
	json_decref(answer);
	return CLI_DONE;
}
