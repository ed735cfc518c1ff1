/* status: mxkeep status.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

#define DOMAINS_MAX 50 /* of more only those are shown that need looking at */

static void show_daemon(const json_t *s)
{
	const json_t *store = json_object_get(s, "store"), *db = json_object_get(s, "database");
	bool takes = json_is_true(json_object_get(store, "takes_mail"));
	char span[HUMAN_MAX], size[HUMAN_MAX];

	show_line("mxkeepd %s on %s, up %s, %lld sessions open", show_text(s, "version"),
		  show_text(s, "hostname"), human_span(show_num(s, "uptime_ms"), span),
		  (long long)show_num(s, "sessions"));
	if (show_num(s, "mail_memory") || show_num(s, "mail_files"))
		show_line("mail on its way in: %s of memory, %lld files",
			  show_size(s, "mail_memory", size), (long long)show_num(s, "mail_files"));
	else
		show_line("mail on its way in: none");
	if (takes)
		show_line("takes mail: yes, %s of disk free", show_size(store, "free_bytes", size));
	else
		show_line("takes mail: NO: %s", show_text(store, "reason"));
	if (json_is_true(json_object_get(s, "settings_stale")))
		show_line("settings: STALE, the last reading of them failed; the log says why");
	show_line("database: %s %s, %s", show_text(db, "engine"), show_text(db, "version"),
		  show_size(db, "bytes", size));
	if (show_text(db, "note")[0])
		show_line("note: %s", show_text(db, "note"));
}

static void show_certificates(const json_t *s)
{
	const json_t *tls = json_object_get(s, "tls");
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(tls, "certificates"), i, row)
	{
		long long days = (long long)show_num(row, "days_left");
		const char *kind = json_is_true(json_object_get(row, "made_here"))
					   ? " (self-signed: made here, none is configured)"
				   : json_is_true(json_object_get(row, "self_signed"))
					   ? " (self-signed)"
					   : "";

		show_line("certificate: %s%s, %s %lld day%s%s: %s", show_text(row, "names"), kind,
			  days < 0 ? "EXPIRED" : "expires in", days < 0 ? -days : days,
			  days == 1 || days == -1 ? "" : "s", days < 0 ? " ago" : "",
			  show_text(row, "file"));
	}
	if (show_text(tls, "error")[0])
		show_line("certificates: NOT RENEWED: %s", show_text(tls, "error"));
}

/* Only what needs looking at. */
static void show_lists(const json_t *s)
{
	char since[HUMAN_MAX];
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(s, "dns_lists"), i, row)
	{
		if (strcmp(show_text(row, "state"), "off") == 0)
			show_line("DNS list %s: OFF for %s: %s", show_text(row, "list"),
				  show_age(row, "since", since), show_text(row, "why"));
	}
}

/* The first primary of a domain stands in the domain's line, others below it. */
static void add_primary(struct show_table *t, const json_t *d, const json_t *p, bool first)
{
	char queued[HUMAN_MAX], held[HUMAN_MAX], failed[HUMAN_MAX], oldest[HUMAN_MAX];
	char since[HUMAN_MAX], probe[HUMAN_MAX];
	const char *const cells[] = {
		first && p ? show_domain_name(d)
		: p        ? ""
			   : "(bounces)",
		first ? show_count(d, "queued", queued) : "",
		first ? show_count(d, "held", held) : "",
		first ? show_count(d, "failed", failed) : "",
		first ? show_age(d, "oldest", oldest) : "",
		show_text(p, "primary"),
		show_text(p, "state"),
		show_age(p, "since", since),
		show_until(p, "next_probe", probe),
		show_text(p, "why"),
	};

	show_table_row(t, cells);
}

static bool is_off(const json_t *d)
{
	return json_is_false(json_object_get(d, "enabled"));
}

/* Something waits for it, or it or one of its primaries is not as it should be. */
static bool needs_looking_at(const json_t *d)
{
	size_t i;
	json_t *p;

	if (is_off(d) || show_num(d, "queued") || show_num(d, "held") || show_num(d, "failed"))
		return true;
	json_array_foreach(json_object_get(d, "primaries"), i, p)
	{
		const char *state = show_text(p, "state");

		if (strcmp(state, "up") != 0 && strcmp(state, "untried") != 0)
			return true;
	}
	return false;
}

/* What no column has. */
static void show_remarks(const json_t *d)
{
	if (is_off(d))
		show_line("%s: switched OFF (enabled=no): no new mail is taken for it",
			  show_domain_name(d));
	if (json_is_true(json_object_get(d, "accepts_all")))
		show_line("%s: its primary takes any user: asking it and learning from it tell "
			  "nothing",
			  show_domain_name(d));
}

static void show_domains(const json_t *s, bool all)
{
	static const char *const headings[] = { "DOMAIN",  ">QUEUED", ">HELD", ">FAILED",
						">OLDEST", "PRIMARY", "STATE", ">SINCE",
						">PROBE",  "~WHY",     NULL };
	const json_t *domains = json_object_get(s, "domains"), *b = json_object_get(s, "bounces");
	struct show_table t;
	size_t i, j, quiet = 0;
	json_t *d, *p;

	all = all || json_array_size(domains) <= DOMAINS_MAX;
	if (json_array_size(domains) == 0) {
		show_line("no domain yet: mxkeep domain add NAME --primary HOST:PORT");
		return;
	}
	show_table_init(&t, headings);
	json_array_foreach(domains, i, d)
	{
		if (!all && !needs_looking_at(d)) {
			quiet++;
			continue;
		}
		json_array_foreach(json_object_get(d, "primaries"), j, p)
			add_primary(&t, d, p, j == 0);
	}
	if (show_num(b, "queued") || show_num(b, "held") || show_num(b, "failed"))
		add_primary(&t, b, NULL, true);
	show_table_print(&t);
	if (quiet)
		show_line("%zu more domains: nothing waits, no primary is down (--all shows them)",
			  quiet);
	json_array_foreach(domains, i, d)
		show_remarks(d);
}

/* s: {"counters": [...]} */
static void show_counters(const json_t *s)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(s, "counters"), i, row)
	{
		if (show_num(row, "value"))
			show_line("%12lld  %s", (long long)show_num(row, "value"),
				  show_text(row, "says"));
	}
}

static void show_refusals(const json_t *s)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(s, "refusals"), i, row)
		show_line("%12lld  refused: %s", (long long)show_num(row, "value"),
			  show_text(row, "reason"));
}

int status_show(struct cli *c, const struct args *a)
{
	struct buf path;

	client_path(&path, "status", NULL);

	json_t *s = client_call(c->client, "GET", &path, NULL);

	if (!s)
		return CLI_FAILED;
	if (c->json)
		return show_json(s);
	show_daemon(s);
	show_certificates(s);
	show_lists(s);
	(void)putchar('\n');
	show_domains(s, args_option(a, "all") != NULL);
	(void)putchar('\n');
	show_counters(s);
	show_counters(json_object_get(s, "dns"));
	show_refusals(s);
	json_decref(s);
	return CLI_DONE;
}
