/* destination.c: see destination.h.
 * SPDX-License-Identifier: ISC */
#include "relay/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/connection.h"
#include "relay/hearing.h"
#include "relay/outlook.h"
#include "relay/probe.h"

#define IDLE_PROBE_FACTOR 5 /* probe a primary that no mail waits for so much more rarely */

/* -- states -------------------------------------------------------------------------- */

static void enter(struct destination *d, enum primary_state state)
{
	d->state = state;
	forward_show(d->f);
}

static void reroute_all(struct forward *f)
{
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++)
		for (LIST_EACH(l, &f->queues[i]))
			queue_route(LIST_ITEM(l, struct queue, hash_link));
}

static void plan_probe(struct destination *d, int64_t in_ms)
{
	d->next_probe_ms = clock_wall_ms() + in_ms;
	timer_set(d->probe, in_ms);
	forward_show(d->f);
}

static void go_down(struct destination *d, const char *why)
{
	const struct conf *conf = d->f->conf;
	int64_t most = conf->forward.probe_max_ms;
	bool news = !d->failing;

	snprintf(d->why, sizeof(d->why), "%s", why);
	if (news) {
		d->failing = true;
		d->since_ms = clock_wall_ms();
		log_say(d->f->d->log, LOG_WARNING, "primary_down", F_CSTR("primary", d->name),
			F_CSTR("why", why));
	}
	outlook_set(d->f->d->outlook, d->host, d->port, STANDING_DOWN);
	if (news)
		hearing_standing(d);
	d->limit = 1;
	d->backoff_ms = d->backoff_ms ? d->backoff_ms * 2 : conf->forward.probe_first_ms;
	if (list_is_empty(&d->queues))
		most *= IDLE_PROBE_FACTOR;
	if (d->backoff_ms > most)
		d->backoff_ms = most;
	enter(d, PRIMARY_DOWN);
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++)
		for (LIST_EACH(l, &d->f->queues[i])) {
			struct queue *q = LIST_ITEM(l, struct queue, hash_link);

			if (q->dest == d)
				queue_drop_windows(q);
		}
	plan_probe(d, forward_jitter(d->f, d->backoff_ms));
	reroute_all(d->f);
}

static void start_probe(void *owner)
{
	struct destination *d = owner;

	d->next_probe_ms = 0;
	if (d->state != PRIMARY_DOWN || d->f->stopping)
		return;
	enter(d, PRIMARY_PROBING);
	connection_open(d);
}

void destination_probe_now(struct destination *d)
{
	if (d->state == PRIMARY_DOWN)
		plan_probe(d, 0);
}

void destination_check(struct destination *d)
{
	if (d->state != PRIMARY_DOWN && !d->connection_count && !d->f->stopping)
		connection_open(d);
}

void destination_want(struct destination *d)
{
	int64_t most = d->f->conf->forward.probe_max_ms;

	if (d->state == PRIMARY_DOWN && d->next_probe_ms > clock_wall_ms() + most * 6 / 5)
		plan_probe(d, forward_jitter(d->f, most));
}

/* -- what connections report ---------------------------------------------------------- */

/* Its domains' queues begin with what has gathered; those that went to another primary meanwhile
 * come back. */
static void go_up(struct destination *d)
{
	if (d->failing || !d->since_ms) {
		d->since_ms = clock_wall_ms();
		log_say(d->f->d->log, LOG_INFO, "primary_up", F_CSTR("primary", d->name),
			F_CSTR("greeting", d->greeting));
	}
	d->failing = false;
	d->why[0] = 0;
	d->next_probe_ms = 0;
	timer_clear(d->probe);
	outlook_set(d->f->d->outlook, d->host, d->port, STANDING_UP);
	hearing_standing(d);
	enter(d, PRIMARY_UP);
	reroute_all(d->f);
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++)
		for (LIST_EACH(l, &d->f->queues[i])) {
			struct queue *q = LIST_ITEM(l, struct queue, hash_link);

			if (q->dest == d)
				queue_begin_backlog(q);
		}
}

void destination_is_ready(struct destination *d, const char *greeting)
{
	snprintf(d->greeting, sizeof(d->greeting), "%s", greeting);
	if (d->state != PRIMARY_UP)
		go_up(d);
}

void destination_mail_done(struct destination *d)
{
	d->backoff_ms = 0;
	if (d->limit < (unsigned)d->f->conf->forward.connections)
		d->limit++;
}

static bool has_ready_connection(const struct destination *d)
{
	for (LIST_EACH(l, &d->connections))
		if (connection_is_ready(LIST_ITEM(l, struct connection, link)))
			return true;
	return false;
}

void destination_trouble(struct destination *d, bool was_ready, const char *why)
{
	forward_show(d->f);
	if (d->f->stopping)
		return;
	if (d->state == PRIMARY_UP && has_ready_connection(d)) {
		/* It takes no more connections than there are, or one broke: go on so. */
		if (!was_ready && d->limit > d->connection_count)
			d->limit = d->connection_count;
		destination_pump(d);
		return;
	}
	if (d->connection_count == 0)
		go_down(d, why);
}

/* -- work ------------------------------------------------------------------------------- */

struct parcel *destination_next(struct destination *d)
{
	struct list *last = d->queues.prev;

	if (d->state != PRIMARY_UP)
		return NULL;
	if (forward_is_paused(d->f)) {
		d->f->starved = true;
		return NULL;
	}
	while (!list_is_empty(&d->queues)) {
		struct list *link = list_pop(&d->queues);
		struct queue *q = LIST_ITEM(link, struct queue, link);
		struct parcel *p = queue_next(q);

		if (queue_is_active(q))
			list_add_tail(&d->queues, link);
		if (p || link == last)
			return p;
	}
	return NULL;
}

static bool has_ready_mail(const struct destination *d)
{
	for (LIST_EACH(l, &d->queues))
		if (queue_ready(LIST_ITEM(l, struct queue, link)))
			return true;
	return false;
}

void destination_grow(struct destination *d)
{
	/* Without any connection one is needed to pull, though nothing may be fetched yet. */
	bool wanted = d->state == PRIMARY_UP &&
		      (d->connection_count == 0 ||
		       (d->connection_count < d->limit && !d->opening && has_ready_mail(d)));

	if (wanted && forward_is_paused(d->f))
		d->f->starved = true;
	else if (wanted)
		connection_open(d);
}

static void work(void *owner)
{
	struct destination *d = owner;
	struct list *next;

	if (d->f->stopping || d->state == PRIMARY_DOWN || list_is_empty(&d->queues))
		return;
	if (d->state == PRIMARY_PROBING) {
		if (!d->connection_count)
			connection_open(d);
		return;
	}
	for (struct list *l = d->connections.next; l != &d->connections; l = next) {
		next = l->next; /* waking may close it, and no other */
		connection_wake(LIST_ITEM(l, struct connection, link));
	}
	destination_grow(d);
}

void destination_pump(struct destination *d)
{
	if (!timer_is_set(d->work))
		timer_set(d->work, 0);
}

/* -- life --------------------------------------------------------------------------------- */

static struct list *bucket_of(struct forward *f, const char *host, unsigned port)
{
	return &f->destinations[(str_ihash(str_of(host)) + port) & (FORWARD_BUCKETS - 1)];
}

struct destination *destination_find(struct forward *f, const char *host, unsigned port)
{
	struct list *bucket = bucket_of(f, host, port);

	for (LIST_EACH(l, bucket)) {
		struct destination *d = LIST_ITEM(l, struct destination, hash_link);

		if (d->port == port && str_ieq(str_of(d->host), str_of(host)))
			return d;
	}
	return NULL;
}

struct destination *destination_get(struct forward *f, const char *host, unsigned port)
{
	struct destination *d = destination_find(f, host, port);

	if (d)
		return d;
	d = mem_alloc(sizeof(*d));
	d->f = f;
	d->host = mem_str(str_of(host));
	d->port = port;
	d->name = mem_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	d->state = PRIMARY_PROBING;
	d->limit = 1;
	d->probe = timer_new(f->loop, start_probe, d);
	d->work = timer_new(f->loop, work, d);
	list_init(&d->connections);
	list_init(&d->queues);
	d->named_in = f->settings_version;
	list_add_tail(bucket_of(f, host, port), &d->hash_link);
	forward_show(f);
	return d;
}

void destination_free(struct destination *d)
{
	outlook_set(d->f->d->outlook, d->host, d->port, STANDING_UNKNOWN);
	prober_free(d->prober);
	list_remove(&d->hash_link);
	timer_free(d->probe);
	timer_free(d->work);
	free(d->host);
	free(d->name);
	free(d);
}
