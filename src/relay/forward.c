/* forward.c: see forward.h.  The thread, its ports and its timers.
 * SPDX-License-Identifier: ISC */
#include "relay/forward.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/connection.h"
#include "relay/destination.h"
#include "relay/expiry.h"
#include "relay/probe.h"
#include "relay/queue.h"
#include "relay/settle.h"
#include "relay/thread.h"

#define TICK_MS        1000  /* new settings are seen, the board is written */
#define SHOW_MS        20    /* changes are gathered for so long before the board is written */

struct order {
	struct list link;
	struct conf *reload; /* NULL: stop */
};

/* -- for the other files --------------------------------------------------------------- */

bool forward_is_paused(const struct forward *f)
{
	return f->stopping || f->settling >= FORWARD_SETTLING_MAX || !list_is_empty(&f->unsettled);
}

static void for_each_destination(struct forward *f, void (*act)(struct destination *d))
{
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++) {
		struct list *next;

		for (struct list *l = f->destinations[i].next; l != &f->destinations[i]; l = next) {
			next = l->next;
			act(LIST_ITEM(l, struct destination, hash_link));
		}
	}
}

static void for_each_queue(struct forward *f, void (*act)(struct queue *q))
{
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++) {
		struct list *next;

		for (struct list *l = f->queues[i].next; l != &f->queues[i]; l = next) {
			next = l->next;
			act(LIST_ITEM(l, struct queue, hash_link));
		}
	}
}

void forward_show(struct forward *f)
{
	if (!f->board_stale)
		timer_set(f->tick, SHOW_MS);
	f->board_stale = true;
}

void forward_settled(struct forward *f)
{
	/* Half of the room must be free, or every commit would start everything for one parcel. */
	if (f->starved && !forward_is_paused(f) && f->settling <= FORWARD_SETTLING_MAX / 2) {
		f->starved = false;
		for_each_destination(f, destination_pump);
	}
	forward_check_end(f);
}

void forward_check_end(struct forward *f)
{
	if (f->stopping && !f->connections && !f->settling)
		loop_stop(f->loop);
}

/* xorshift64*: chance enough to keep probes apart; nothing secret depends on it. */
int64_t forward_jitter(struct forward *f, int64_t ms)
{
	f->dice ^= f->dice >> 12;
	f->dice ^= f->dice << 25;
	f->dice ^= f->dice >> 27;
	return ms * 4 / 5 + (int64_t)((f->dice * 0x2545f4914f6cdd1du >> 33) %
				      (uint64_t)(ms * 2 / 5 + 1));
}

/* -- primaries that no domain names any more ---------------------------------------------- */

static void mark_named(struct forward *f)
{
	const struct settings *settings = f->settings;

	for (size_t i = 0; settings && i < settings->domain_count; i++) {
		const struct domain *domain = &settings->domains[i];

		for (size_t k = 0; k < domain->route_count; k++) {
			const struct route *route = &domain->routes[k];
			struct destination *d = destination_find(f, route->host, route->port);

			if (d)
				d->named_in = f->settings_version;
		}
	}
}

static void sweep_one(struct destination *d)
{
	struct forward *f = d->f;
	const struct queue *bounces = queue_get(f, DOMAIN_BOUNCES);

	if (d->named_in == f->settings_version || d == bounces->dest)
		return;
	if (!list_is_empty(&d->connections)) { /* they end when they find nothing more to do */
		f->sweeping = true;
		return;
	}
	destination_free(d);
	forward_show(f);
}

static void sweep(struct forward *f)
{
	f->sweeping = false;
	mark_named(f);
	for_each_destination(f, sweep_one);
}

/* -- ticks --------------------------------------------------------------------------------- */

static void see_settings(struct forward *f)
{
	uint64_t version = atomic_load(&f->d->settings.version);

	if (f->settings && version == f->settings_version)
		return;
	settings_unref(f->settings);
	f->settings = settings_board_get(&f->d->settings);
	f->settings_version = version;
	for_each_queue(f, queue_route);
	f->sweeping = true;
}

static void write_board(struct forward *f)
{
	struct board_primary *rows = NULL;
	size_t n = 0, room = 0;

	for (unsigned i = 0; i < FORWARD_BUCKETS; i++) {
		for (LIST_EACH(l, &f->destinations[i])) {
			const struct destination *d = LIST_ITEM(l, struct destination, hash_link);

			if (n == room)
				rows = mem_grow(rows, (room = room ? room * 2 : 8) * sizeof(*rows));
			rows[n++] = (struct board_primary){
				.host = d->host,
				.port = d->port,
				.state = d->state,
				.since_ms = d->since_ms,
				.next_probe_ms = d->next_probe_ms,
				.connections = d->connection_count,
				.in_flight = d->in_flight,
				.why = d->why,
				.greeting = d->greeting,
			};
		}
	}
	board_set_primaries(&f->d->board, rows, n);
	free(rows);
	f->board_stale = false;
}

/* At start: which domains have mail. */
static void on_waiting(void *world, struct job *job)
{
	struct forward *f = world;
	const struct job_waiting *waiting = CONTAINER(job, struct job_waiting, job);

	if (!job->ok) {
		log_say(f->d->log, LOG_ERROR, "queue_unreadable", F_CSTR("why", job->err.text));
		f->waiting_unread = true; /* the next tick asks again */
	}
	for (size_t i = 0; job->ok && i < waiting->domain_count; i++)
		queue_note(queue_get(f, waiting->domains[i].domain),
			   waiting->domains[i].next_due_ms, false);
	job_free(job);
}

static void ask_waiting(struct forward *f)
{
	f->waiting_unread = false;
	store_put(f->d->store, &job_new_waiting(port_inbox(f->jobs), on_waiting, NULL)->job);
}

/* A clock that was set back must not put off by so much what was planned by it. */
static void see_clock(struct forward *f)
{
	int64_t offset_ms = clock_wall_ms() - clock_mono_ms();
	bool back = offset_ms < f->offset_ms - TICK_MS;

	f->offset_ms = offset_ms;
	if (back)
		for_each_queue(f, queue_plan_anew);
}

static void on_tick(void *owner)
{
	struct forward *f = owner;

	see_settings(f);
	see_clock(f);
	if (f->waiting_unread)
		ask_waiting(f);
	if (f->sweeping)
		sweep(f);
	if (f->board_stale || f->connections)
		write_board(f);
	timer_set(f->tick, TICK_MS);
}

/* -- ports ------------------------------------------------------------------------------------ */

static void on_jobs_done(void *owner, struct list *items)
{
	struct list *link;

	while ((link = list_pop(items))) {
		struct job *job = LIST_ITEM(link, struct job, link);

		job->on_done(owner, job);
	}
}

static void on_notes(void *owner, struct list *items)
{
	struct forward *f = owner;
	struct list *link;

	while ((link = list_pop(items))) {
		struct store_note *note = LIST_ITEM(link, struct store_note, link);

		see_settings(f);
		queue_note(queue_get(f, note->domain), note->at_ms, note->by_hand);
		free(note);
	}
}

static void on_asks(void *owner, struct list *items)
{
	struct forward *f = owner;
	struct list *link;

	while ((link = list_pop(items))) {
		see_settings(f);
		probe_ask(f, CONTAINER(LIST_ITEM(link, struct job, link), struct job_probe, job));
	}
}

/* -- stopping --------------------------------------------------------------------------------- */

static void stop_connections(struct destination *d, bool now)
{
	struct list *next;

	for (struct list *l = d->connections.next; l != &d->connections; l = next) {
		next = l->next;
		connection_stop(LIST_ITEM(l, struct connection, link), now);
	}
}

static void stop_gently(struct destination *d)
{
	prober_stop(d->prober);
	stop_connections(d, false);
}

static void stop_now(struct destination *d)
{
	stop_connections(d, true);
}

/* What the store could not record stays queued and will be sent again: said, not hidden. */
static void on_grace_over(void *owner)
{
	struct forward *f = owner;
	unsigned lost = 0;

	for_each_destination(f, stop_now);
	for (LIST_EACH(l, &f->unsettled))
		lost++;
	if (lost)
		log_say(f->d->log, LOG_ERROR, "outcomes_lost", F_INT("messages", lost));
	loop_stop(f->loop);
}

static void stop(struct forward *f)
{
	f->stopping = true;
	timer_set(f->grace, DAEMON_GRACE_MS);
	for_each_destination(f, stop_gently);
	forward_check_end(f);
}

static void on_orders(void *owner, struct list *items)
{
	struct forward *f = owner;
	struct list *link;

	while ((link = list_pop(items))) {
		struct order *order = LIST_ITEM(link, struct order, link);

		if (order->reload) {
			conf_unref(f->conf);
			f->conf = order->reload;
			for_each_queue(f, queue_route);
		} else if (!f->stopping) {
			stop(f);
		}
		free(order);
	}
}

static void give_order(struct forward *f, struct conf *reload)
{
	struct order *order = mem_alloc(sizeof(*order));

	order->reload = reload;
	inbox_put(port_inbox(f->control), &order->link);
}

void forward_reload(struct forward *f, struct conf *conf)
{
	give_order(f, conf_ref(conf));
}

void forward_stop(struct forward *f)
{
	give_order(f, NULL);
}

/* -- life ------------------------------------------------------------------------------------- */

struct forward *forward_new(struct daemon *d, struct conf *conf)
{
	struct forward *f = mem_alloc(sizeof(*f));

	f->d = d;
	f->conf = conf_ref(conf);
	f->loop = loop_new();
	f->offset_ms = clock_wall_ms() - clock_mono_ms();
	f->dice = (uint64_t)clock_mono_ms() * 2 + 1;
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++) {
		list_init(&f->queues[i]);
		list_init(&f->destinations[i]);
		list_init(&f->flying[i]);
	}
	list_init(&f->unsettled);
	f->jobs = port_open(f->loop, on_jobs_done, f);
	f->notes = port_open(f->loop, on_notes, f);
	f->control = port_open(f->loop, on_orders, f);
	f->asks = port_open(f->loop, on_asks, f);
	f->tick = timer_new(f->loop, on_tick, f);
	f->grace = timer_new(f->loop, on_grace_over, f);
	f->expire = timer_new(f->loop, expiry_on_time, f);
	f->resettle = timer_new(f->loop, settle_again, f);
	return f;
}

struct inbox *forward_notes(struct forward *f)
{
	return port_inbox(f->notes);
}

struct inbox *forward_asks(struct forward *f)
{
	return port_inbox(f->asks);
}

static void *run(void *arg)
{
	struct forward *f = arg;

	see_settings(f);
	ask_waiting(f);
	timer_set(f->tick, TICK_MS);
	expiry_begin(f);
	loop_run(f->loop);
	return NULL;
}

void forward_start(struct forward *f)
{
	thread_start(&f->thread, run, f);
}

void forward_join(struct forward *f)
{
	pthread_join(f->thread, NULL);
}

static void drop_late(struct forward *f)
{
	struct list items;
	struct list *link;

	list_init(&items);
	inbox_close(port_inbox(f->jobs));
	inbox_take_all(port_inbox(f->jobs), &items);
	list_move_all(&items, &f->unsettled);
	while ((link = list_pop(&items)))
		job_free(LIST_ITEM(link, struct job, link));
	inbox_close(port_inbox(f->asks));
	inbox_take_all(port_inbox(f->asks), &items);
	while ((link = list_pop(&items)))
		job_free(LIST_ITEM(link, struct job, link));
	inbox_close(port_inbox(f->notes));
	inbox_take_all(port_inbox(f->notes), &items);
	while ((link = list_pop(&items)))
		free(LIST_ITEM(link, struct store_note, link));
}

void forward_free(struct forward *f)
{
	struct list *link;

	drop_late(f);
	for (unsigned i = 0; i < FORWARD_BUCKETS; i++)
		while ((link = list_pop(&f->flying[i])))
			parcel_free(LIST_ITEM(link, struct parcel, flying_link));
	for_each_queue(f, queue_free);
	for_each_destination(f, destination_free);
	timer_free(f->tick);
	timer_free(f->grace);
	timer_free(f->expire);
	timer_free(f->resettle);
	port_close(f->jobs);
	port_close(f->notes);
	port_close(f->control);
	port_close(f->asks);
	loop_free(f->loop);
	settings_unref(f->settings);
	conf_unref(f->conf);
	free(f);
}
