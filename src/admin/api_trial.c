/* api_trial: the checks of a domain run for a mail that nobody sends.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin/api.h"
#include "db/settings.h"

static json_t *row_json(const struct board_trial_row *row)
{
	json_t *json = json_object();

	api_put(json, "check", row->check);
	api_put(json, "mode", row->mode);
	api_put(json, "finding", row->finding);
	api_put(json, "note", row->note);
	return json;
}

/* "bob" and "bob@a.test" mean the same; one of another domain is a slip. */
static const char *recipient(const struct request *r, int64_t domain, const char *to,
			     struct err *e)
{
	const char *at = strrchr(to, '@'), *name = r->args[0];
	const char *address = at ? to : arena_printf(r->arena, "%s@%s", to, name);
	int64_t other;

	if (at && (!api_domain(r, at + 1, &other, e) || other != domain)) {
		(void)err_set(e, ERR_INPUT, "'%.320s' is not in %s", to, name);
		return NULL;
	}
	if (!address)
		(void)err_set(e, ERR_INPUT, "the request is too large");
	return address;
}

static bool question(const struct request *r, int64_t domain, struct board_trial *q,
		     struct err *e)
{
	const char *client, *helo, *from, *to;

	if (!api_text(r, "client", &client, e) || !api_text(r, "helo", &helo, e) ||
	    !api_text(r, "from", &from, e) || !api_text(r, "to", &to, e))
		return false;
	if (!client)
		return err_set(e, ERR_INPUT, "'client' is missing: the address that it comes from");
	q->client = client;
	q->helo = helo ? helo : arena_printf(r->arena, "[%s]", client);
	q->sender = from && strcmp(from, "<>") != 0 ? from : "";
	q->rcpt = recipient(r, domain, to ? to : "postmaster", e);
	return q->rcpt && (q->helo || err_set(e, ERR_INPUT, "the request is too large"));
}

json_t *api_policy_test(struct request *r, struct err *e)
{
	struct board_trial_answer a;
	struct board_trial q;
	int64_t domain;

	if (!api_domain(r, r->args[0], &domain, e) || !question(r, domain, &q, e))
		return NULL;
	if (!r->world->try_policy) {
		(void)err_set(e, ERR_TEMP, "no loop is running");
		return NULL;
	}
	if (!r->world->try_policy(r->world->relay, &q, r->arena, &a, e))
		return NULL;

	json_t *answer = json_object(), *rows = json_array();

	for (size_t i = 0; i < a.n; i++)
		(void)json_array_append_new(rows, row_json(&a.rows[i]));
	api_put(answer, "reply", a.text);
	api_put(answer, "by", *a.by ? a.by : NULL);
	(void)json_object_set_new(answer, "checks", rows);
	return answer;
}
