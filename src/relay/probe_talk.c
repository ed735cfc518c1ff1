/* probe_talk.c: the dialogue of a prober with its primary: one connection, one question at a time.
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "relay/probe_private.h"

#define REST_FIRST_MS 5000 /* after a failure nothing is asked */
#define REST_MAX_MS   60000
#define IDLE_MS       10000 /* then the connection is closed */
#define QUIT_MS       2000

void probe_talk_close(struct prober *p)
{
	resolve_cancel(p->resolve);
	stream_close(p->stream);
	smtpc_free(p->smtpc);
	p->resolve = NULL;
	p->stream = NULL;
	p->smtpc = NULL;
	p->idle = p->quitting = false;
}

/* It does not answer, or not so: nobody waits longer for it, and for some time it is left in peace.
 * Whether it is down is for a connection of the usual kind to find out. */
static void give_up(struct prober *p, const char *why)
{
	struct destination *d = p->dest;

	log_say(d->f->d->log, LOG_INFO, "probe_failed", F_CSTR("primary", d->name),
		F_CSTR("why", why));
	p->rest_ms = p->rest_ms ? p->rest_ms * 2 : REST_FIRST_MS;
	if (p->rest_ms > REST_MAX_MS)
		p->rest_ms = REST_MAX_MS;
	p->resting_until_ms = clock_mono_ms() + p->rest_ms;
	timer_clear(p->timer);
	probe_talk_close(p);
	probe_end_all(p);
	destination_check(d);
}

static void connect_to(struct prober *p);
static void pump(struct prober *p);

static void set_timer(struct prober *p)
{
	const struct probe *first = p->now;

	if (!first && !list_is_empty(&p->waiting))
		first = LIST_ITEM(p->waiting.next, struct probe, link);
	if (first)
		timer_set(p->timer, first->until_ms - clock_mono_ms());
	else
		timer_set(p->timer, p->quitting ? QUIT_MS : IDLE_MS);
}

static void on_timer(void *owner)
{
	struct prober *p = owner;

	if (p->now || p->waiting_count) {
		give_up(p, "no answer in time");
	} else if (p->smtpc && p->idle && !p->quitting) {
		p->quitting = true;
		smtpc_quit(p->smtpc);
		pump(p);
	} else {
		probe_talk_close(p);
	}
}

static bool start_next(struct prober *p)
{
	p->now = p->quitting ? NULL : probe_take_waiting(p);
	p->idle = !p->now;
	if (!p->now)
		return false;
	smtpc_send(p->smtpc, &(struct smtpc_mail){ .sender = STR_NONE,
						   .rcpts = &p->now->rcpt,
						   .rcpt_count = 1,
						   .envid = STR_NONE,
						   .only_ask = true });
	return true;
}

enum step { STEP_ON, STEP_WAIT, STEP_CLOSED, STEP_BROKEN };

static enum step step(struct prober *p)
{
	switch (smtpc_next(p->smtpc)) {
	case SMTPC_INPUT:
		return STEP_WAIT;
	case SMTPC_READY:
		return start_next(p) ? STEP_ON : STEP_WAIT;
	case SMTPC_DONE:
		probe_heard(p);
		return STEP_ON;
	case SMTPC_CLOSED:
		return STEP_CLOSED;
	case SMTPC_BODY: /* is not asked for */
	case SMTPC_BROKEN:
		break;
	}
	return STEP_BROKEN;
}

/* Closed in good order, or while nothing was asked; who came meanwhile begins anew. */
static void on_closed(struct prober *p)
{
	probe_talk_close(p);
	timer_clear(p->timer);
	if (p->waiting_count)
		connect_to(p);
}

static void pump(struct prober *p)
{
	enum step next;

	while ((next = step(p)) == STEP_ON)
		;
	if (next == STEP_CLOSED || (next == STEP_BROKEN && p->idle)) {
		on_closed(p);
		return;
	}
	if (next == STEP_BROKEN) {
		give_up(p, smtpc_why(p->smtpc)->text);
		return;
	}
	(void)stream_write(p->stream, smtpc_output(p->smtpc));
	set_timer(p);
}

static void try_next_address(struct prober *p, const char *why);

static void on_connected(void *owner, bool ok, const char *why)
{
	struct prober *p = owner;

	if (!ok) {
		try_next_address(p, why);
		return;
	}
	p->smtpc = smtpc_new(p->dest->f->d->hostname);
	pump(p);
}

static void on_bytes(void *owner, struct str bytes)
{
	struct prober *p = owner;

	if (smtpc_feed(p->smtpc, bytes))
		pump(p);
	else
		give_up(p, "its replies are too long");
}

static void on_writable(void *owner)
{
	pump(owner);
}

static void on_end(void *owner, const char *why)
{
	struct prober *p = owner;

	if (p->idle)
		on_closed(p);
	else
		give_up(p, why ? why : "it closed the connection");
}

static const struct stream_events events = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
};

static void try_next_address(struct prober *p, const char *why)
{
	stream_close(p->stream);
	p->stream = NULL;
	if (p->address_at == p->address_count) {
		give_up(p, why);
		return;
	}
	p->stream = stream_connect(p->dest->f->loop, &p->addresses[p->address_at++], &events, p);
}

static void on_resolved(void *owner, const struct address *addresses, size_t n, const char *why)
{
	struct prober *p = owner;

	p->resolve = NULL;
	p->address_at = 0;
	p->address_count = n < COUNT(p->addresses) ? n : COUNT(p->addresses);
	memcpy(p->addresses, addresses, p->address_count * sizeof(*addresses));
	try_next_address(p, n ? "no address answers" : why);
}

static void connect_to(struct prober *p)
{
	p->resolve = resolve_start(p->dest->f->loop, p->dest->host, p->dest->port, on_resolved, p);
	set_timer(p);
}

void probe_talk_init(struct prober *p)
{
	p->timer = timer_new(p->dest->f->loop, on_timer, p);
}

void probe_talk_wake(struct prober *p)
{
	if (!p->stream && !p->resolve)
		connect_to(p);
	else if (p->idle)
		pump(p);
}
