/* api_explain: what became of a message, or why it is still here, in sentences.
 *
 * The same facts stand beside the sentences as data.  The sentences are made here and not in the
 * CLI, so that every client tells the same story.  What is known comes from three places: the queue
 * (recipients that wait), the ledger (recipients that are settled) and the board (how the
 * primaries are at this moment, which no table knows).
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin/api_queue.h"
#include "admin/findings.h"
#include "admin/rows.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"

#define SENTENCE_MAX 4096

/* What the sentences are made of. */
struct tale {
	struct request *r;
	json_t *story;
	struct settings *settings;
	const struct board_primary *primaries;
	size_t primary_n;
	struct view_delivery *waiting, *settled;
	size_t waiting_n, settled_n;
};

PRINTF(2, 3) static void say(struct tale *t, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)json_array_append_new(t->story, api_string(text));
}

/* "2026-11-22T15:20:12.345Z (3m ago)", or "(in 3m)". */
#define WHEN_MAX (CLOCK_DATE_MAX + HUMAN_MAX + 16)
static const char *when(const struct tale *t, int64_t at_ms, char out[WHEN_MAX])
{
	char date[CLOCK_DATE_MAX], span[HUMAN_MAX];
	int64_t ago = t->r->now_ms - at_ms;

	if (ago >= 0)
		(void)snprintf(out, WHEN_MAX, "%s (%s ago)", clock_rfc3339(at_ms, date),
			       human_span(ago, span));
	else
		(void)snprintf(out, WHEN_MAX, "%s (in %s)", clock_rfc3339(at_ms, date),
			       human_span(-ago, span));
	return out;
}

static void tell_receipt(struct tale *t, const struct view_delivery *d)
{
	char id[ID_TEXT_MAX], at[WHEN_MAX], size[HUMAN_MAX];
	size_t rcpts = t->waiting_n + t->settled_n;
	bool own = !d->client || !*d->client;

	say(t, "%s: received %s from %s%s%s%s%s, %s%s, sender <%s>, for %zu recipient%s.",
	    id_text(d->message, id), when(t, d->received_ms, at),
	    own ? "this relay itself (a bounce)" : d->client, d->helo && *d->helo ? " as " : "",
	    d->helo ? d->helo : "", own ? "" : d->tls && *d->tls ? " over " : " in clear",
	    !own && d->tls ? d->tls : "", human_size(d->size, size), d->size < 1024 ? " bytes" : "",
	    d->sender ? d->sender : "", rcpts, rcpts == 1 ? "" : "s");
}

static void tell_reply(struct tale *t, const struct view_delivery *d)
{
	char at[WHEN_MAX];

	if (!d->reply || !*d->reply)
		return;
	if (d->primary && *d->primary)
		say(t, "  Last word, from %s at %s: %s", d->primary, when(t, d->changed_ms, at),
		    d->reply);
	else
		say(t, "  Last word, at %s: %s", when(t, d->changed_ms, at), d->reply);
}

static const char *probe_plan(const struct tale *t, const struct board_primary *p,
			      char out[WHEN_MAX])
{
	if (p->state == PRIMARY_PROBING)
		return "now";
	return p->next_probe_ms ? when(t, p->next_probe_ms, out) : "not planned";
}

static void tell_primary(struct tale *t, const struct route *route)
{
	const struct board_primary *p = rows_find_primary(t->primaries, t->primary_n, route);
	char name[ROWS_HOST_PORT_MAX], since[WHEN_MAX], probe[WHEN_MAX];

	rows_host_port(route, name);
	if (!p)
		say(t, "  Its primary %s has not been tried since the daemon started.", name);
	else if (p->state == PRIMARY_UP)
		say(t, "  Its primary %s is up: %u connection%s, %u message%s on their way.", name,
		    p->connections, p->connections == 1 ? "" : "s", p->in_flight,
		    p->in_flight == 1 ? "" : "s");
	else if (!p->since_ms)
		say(t,
		    "  Its primary %s is being tried for the first time since the daemon started.",
		    name);
	else
		say(t, "  Its primary %s is down since %s: %s; next probe %s.", name,
		    when(t, p->since_ms, since), p->why && *p->why ? p->why : "no reason known",
		    probe_plan(t, p, probe));
}

/* Why queued mail has not gone yet: its domain's switch and its primaries. */
static void tell_way(struct tale *t, const struct view_delivery *d)
{
	const struct domain *domain = t->settings ? settings_by_id(t->settings, d->domain) : NULL;

	if (d->domain == DOMAIN_BOUNCES) {
		say(t, "  It is a bounce and goes to the relay that forward.bounces names.");
		return;
	}
	if (!domain) {
		say(t, "  Its domain is not configured here any more.");
		return;
	}
	if (!domain->enabled)
		say(t, "  Its domain is switched off: no new mail is taken for it.");
	for (size_t i = 0; i < domain->route_count; i++)
		tell_primary(t, &domain->routes[i]);
}

static void tell_state(struct tale *t, const struct view_delivery *d)
{
	bool due = d->next_try_ms <= t->r->now_ms;
	char at[WHEN_MAX], id[ID_TEXT_MAX];

	id_text(d->message, id);
	if (d->state == STATE_QUEUED) {
		say(t, "%s: queued, %s%s, %u tr%s so far.", d->recipient, due ? "" : "next try ",
		    due ? "due now" : when(t, d->next_try_ms, at), d->attempts,
		    d->attempts == 1 ? "y" : "ies");
		tell_reply(t, d);
		tell_way(t, d);
	} else if (d->state == STATE_HELD) {
		say(t, "%s: held by hand since %s; `mxkeep queue release %s` lets it go.",
		    d->recipient, when(t, d->changed_ms, at), id);
		tell_reply(t, d);
	} else {
		say(t,
		    "%s: refused for good; on the failed list since %s; "
		    "`mxkeep failed retry %s` tries again.",
		    d->recipient, when(t, d->changed_ms, at), id);
		tell_reply(t, d);
	}
}

static void tell_waiting(struct tale *t, const struct view_delivery *d)
{
	tell_state(t, d);
	findings_tell(t->story, d->findings);
}

static void tell_settled(struct tale *t, const struct view_delivery *d)
{
	bool has_reply = d->reply && *d->reply, has_primary = d->primary && *d->primary;
	bool has_by = d->by && *d->by;
	char at[WHEN_MAX];

	(void)when(t, d->changed_ms, at);
	if (d->state == STATE_DELIVERED)
		say(t, "%s: delivered %s%s%s%s%s.", d->recipient, at, has_primary ? " to " : "",
		    has_primary ? d->primary : "", has_reply ? ": " : "",
		    has_reply ? d->reply : "");
	else
		say(t, "%s: %s %s%s%s.", d->recipient, delivery_state_name(d->state), at,
		    has_by ? " by " : "", has_by ? d->by : "");
	if (d->state != STATE_DELIVERED && has_reply)
		say(t, "  Last word%s%s: %s", has_primary ? ", from " : "",
		    has_primary ? d->primary : "", d->reply);
	findings_tell(t->story, d->findings);
}

static json_t *events_json(struct tale *t, msgid id, struct err *e)
{
	struct view_event *events;
	size_t n;

	if (!view_events(t->r->view, t->r->arena, id, &events, &n, e))
		return NULL;

	json_t *array = json_array();

	if (n)
		say(t, "What happened:");
	for (size_t i = 0; i < n; i++) {
		const char *detail = events[i].detail ? events[i].detail : "";
		char date[CLOCK_DATE_MAX];
		json_t *row = json_object();

		api_put_time(row, "at", events[i].at_ms);
		api_put(row, "kind", events[i].kind);
		api_put(row, "detail", detail);
		(void)json_array_append_new(array, row);
		say(t, "  %s %s%s%s", clock_rfc3339(events[i].at_ms, date), events[i].kind,
		    *detail ? " " : "", detail);
	}
	return array;
}

static bool gather(struct tale *t, msgid id, struct err *e)
{
	struct request *r = t->r;
	struct view_filter f = { .message = id, .states = API_QUEUE_ALL, .limit = VIEW_LIMIT_MAX };
	struct store_counters in_force;
	char keeps[HUMAN_MAX];
	bool more;

	if (!view_queue(r->view, r->arena, &f, &t->waiting, &t->waiting_n, &more, e) ||
	    !view_ledger(r->view, r->arena, id, &t->settled, &t->settled_n, e))
		return false;
	if (t->waiting_n + t->settled_n)
		return true;
	store_read_counters(r->world->store, &in_force);
	return err_set(e, ERR_NOTFOUND, "no message %s known (the ledger keeps %s)", r->args[0],
		       human_time(in_force.ledger_keep_ms, keeps));
}

static json_t *tell(struct tale *t, msgid id, struct err *e)
{
	const struct view_delivery *first = t->waiting_n ? &t->waiting[0] : &t->settled[0];
	json_t *recipients = json_array();

	tell_receipt(t, first);
	for (size_t i = 0; i < t->waiting_n; i++) {
		tell_waiting(t, &t->waiting[i]);
		(void)json_array_append_new(recipients, rows_delivery(&t->waiting[i]));
	}
	for (size_t i = 0; i < t->settled_n; i++) {
		tell_settled(t, &t->settled[i]);
		(void)json_array_append_new(recipients, rows_delivery(&t->settled[i]));
	}

	json_t *answer = rows_message(first), *events = events_json(t, id, e);

	(void)json_object_set_new(answer, "recipients", recipients);
	if (!events) {
		json_decref(answer);
		return NULL;
	}
	(void)json_object_set_new(answer, "events", events);
	(void)json_object_set(answer, "story", t->story);
	return answer;
}

json_t *api_explain(struct request *r, struct err *e)
{
	struct board_primary *primaries;
	struct tale t = { .r = r };
	msgid id;

	if (!api_id(r, &id, e) || !gather(&t, id, e))
		return NULL;
	primaries = board_get_primaries(r->world->board, r->arena, &t.primary_n);
	rows_sort_primaries(primaries, t.primary_n);
	t.primaries = primaries;
	t.settings = settings_board_get(r->world->settings);
	t.story = json_array();

	json_t *answer = tell(&t, id, e);

	json_decref(t.story);
	settings_unref(t.settings);
	return answer;
}
