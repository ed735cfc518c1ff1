/* worker.c: see worker.h.
 *
 * Other threads reach a worker by its two ports only: answers of the store, and orders (reload,
 * stop) of the main thread.
 * SPDX-License-Identifier: ISC */
#include "relay/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "relay/proxied.h"
#include "relay/roll.h"
#include "relay/session.h"
#include "relay/tally.h"
#include "relay/thread.h"
#include "relay/trial.h"

enum order_kind { ORDER_STOP, ORDER_RELOAD, ORDER_SECURE, ORDER_SERVE, ORDER_ROLL, ORDER_TRIAL };

struct order {
	struct list link;
	enum order_kind kind;
	struct conf *conf; /* ORDER_RELOAD */
	struct tls *tls;   /* ORDER_SECURE */
	int fd;            /* ORDER_SERVE: a connection that another worker has taken */
	struct address peer;
	unsigned door;
	struct roll *roll; /* ORDER_ROLL */
	struct trial *trial; /* ORDER_TRIAL */
};

static void on_jobs_done(void *owner, struct list *items)
{
	struct list *link;

	while ((link = list_pop(items))) {
		struct job *job = LIST_ITEM(link, struct job, link);

		job->on_done(owner, job);
	}
}

/* -- stopping -------------------------------------------------------------------- */

/* In all: as many as the settings say, if there are descriptors for them. */
struct census_limits door_limits(const struct door *door)
{
	const struct conf_smtp *here = conf_smtp_at(door->w->conf, door->name);
	unsigned most = (unsigned)door->w->conf->smtp.max_connections;
	unsigned room = atomic_load(&door->w->d->max_sessions);

	return (struct census_limits){
		.all = most < room ? most : room,
		.group = (unsigned)here->max_connections,
		.client = (unsigned)here->max_client_connections,
	};
}

unsigned door_group(const struct door *door)
{
	return conf_has_listener(door->w->conf, door->name) ? door->number + 1 : 0;
}

void worker_session_gone(struct worker *w)
{
	atomic_fetch_sub(&w->load, 1);
	if (w->stopping && list_is_empty(&w->sessions))
		loop_stop(w->loop);
}

static void for_each_session(struct worker *w, void (*act)(struct session *s))
{
	struct list *next;

	for (struct list *l = w->sessions.next; l != &w->sessions; l = next) {
		next = l->next; /* act may close the session */
		act(LIST_ITEM(l, struct session, link));
	}
}

static void hang_up(struct session *s)
{
	if (!s->lingering && !session_waits(s))
		session_hangup(s, REPLY_SHUTTING_DOWN);
}

/* First time: the grace is over, all are told.  Second time: a second later all are closed. */
static void on_grace_over(void *owner)
{
	struct worker *w = owner;

	for_each_session(w, w->graceless ? session_close : hang_up);
	w->graceless = true;
	timer_set(w->grace, 1000);
}

static void stop(struct worker *w)
{
	w->stopping = true;
	for (unsigned i = 0; i < w->door_count; i++)
		listener_stop(w->doors[i].listener);
	w->door_count = 0;
	timer_set(w->grace, DAEMON_GRACE_MS);
	visitor_close_all(w);
	for_each_session(w, session_stop);
	if (list_is_empty(&w->sessions))
		loop_stop(w->loop);
}

static void serve(const struct door *door, int fd, const struct address *peer)
{
	struct worker *w = door->w;

	if (w->stopping) {
		session_turn_away(door, fd, peer, REPLY_SHUTTING_DOWN);
		atomic_fetch_sub(&w->load, 1);
	} else if (visitor_is_expected(w, peer)) {
		visitor_start(door, fd, peer);
	} else {
		session_start(door, fd, peer);
	}
}

/* Oldest first: the list is in order of their coming. */
static void enter_in_roll(struct worker *w, struct roll *roll)
{
	size_t left = roll_most(roll);

	for (struct list *l = w->sessions.next; l != &w->sessions && left > 0; l = l->next) {
		struct board_session row;

		left--;
		session_describe(LIST_ITEM(l, struct session, link), &row);
		if (!roll_add(roll, &row))
			break;
	}
	roll_answered(roll);
	roll_unref(roll);
}

static void obey(struct worker *w, const struct order *order)
{
	switch (order->kind) {
	case ORDER_RELOAD:
		conf_unref(w->conf);
		w->conf = order->conf;
		break;
	case ORDER_SECURE:
		tls_unref(w->tls);
		w->tls = order->tls;
		break;
	case ORDER_SERVE:
		serve(&w->doors[order->door], order->fd, &order->peer);
		break;
	case ORDER_ROLL:
		enter_in_roll(w, order->roll);
		break;
	case ORDER_TRIAL:
		trial_begin(w, order->trial);
		break;
	case ORDER_STOP:
		if (!w->stopping)
			stop(w);
		break;
	}
}

static void on_orders(void *owner, struct list *items)
{
	struct worker *w = owner;
	struct list *link;

	while ((link = list_pop(items))) {
		struct order *order = LIST_ITEM(link, struct order, link);

		obey(w, order);
		free(order);
	}
}

/* The inbox is open as long as there is anybody to give orders. */
static void give_order(struct worker *w, const struct order *order)
{
	struct order *copy = mem_alloc(sizeof(*copy));

	*copy = *order;
	inbox_put(port_inbox(w->control), &copy->link);
}

void worker_reload(struct worker *w, struct conf *conf)
{
	give_order(w, &(struct order){ .kind = ORDER_RELOAD, .conf = conf_ref(conf) });
}

void worker_secure(struct worker *w, struct tls *tls)
{
	give_order(w, &(struct order){ .kind = ORDER_SECURE, .tls = tls_ref(tls) });
}

void worker_stop(struct worker *w)
{
	give_order(w, &(struct order){ .kind = ORDER_STOP });
}

void worker_call_roll(struct worker *w, struct roll *roll)
{
	give_order(w, &(struct order){ .kind = ORDER_ROLL, .roll = roll_ref(roll) });
}

void worker_try(struct worker *w, struct trial *trial)
{
	give_order(w, &(struct order){ .kind = ORDER_TRIAL, .trial = trial_ref(trial) });
}

/* -- running --------------------------------------------------------------------- */

/* Handing over costs a wake-up of the other thread: not for a difference of one. */
static void on_accept(void *owner, int fd, const struct address *peer)
{
	const struct door *door = owner;
	struct worker *w = door->w, *least = w;

	for (unsigned i = 0; i < w->d->worker_count; i++)
		if (atomic_load(&w->d->workers[i]->load) < atomic_load(&least->load))
			least = w->d->workers[i];
	if (atomic_load(&least->load) + 1 >= atomic_load(&w->load))
		least = w;
	atomic_fetch_add(&least->load, 1);
	if (least == w)
		serve(door, fd, peer);
	else
		give_order(least, &(struct order){ .kind = ORDER_SERVE,
						   .fd = fd,
						   .peer = *peer,
						   .door = door->number });
}

static void *run(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop);
	tally_flush(w->tally);
	trial_drop_all(w);
	return NULL;
}

static void open_door(struct worker *w, const struct listen_socket *at)
{
	struct door *door = &w->doors[w->door_count];

	door->w = w;
	door->number = w->door_count++;
	memcpy(door->name, at->name, sizeof(door->name));
	door->tls = at->tls;
	door->listener = listener_start(w->loop, at->fd, on_accept, door);
}

struct worker *worker_new(struct daemon *d, struct conf *conf, struct tls *tls,
			  const struct listen_socket *sockets, unsigned n)
{
	struct worker *w = mem_alloc(sizeof(*w));

	w->d = d;
	w->conf = conf_ref(conf);
	w->tls = tls_ref(tls);
	w->loop = loop_new();
	w->jobs = port_open(w->loop, on_jobs_done, w);
	w->control = port_open(w->loop, on_orders, w);
	w->cache = lookup_cache_new(&d->settings);
	w->tally = tally_new(w);
	w->known = known_cache_new(&d->settings);
	w->dns = dns_client_new(w->loop, d->dns);
	w->grace = timer_new(w->loop, on_grace_over, w);
	list_init(&w->sessions);
	list_init(&w->visitors);
	list_init(&w->trials);
	for (unsigned i = 0; i < n && i < LISTENERS_MAX; i++)
		open_door(w, &sockets[i]);
	return w;
}

void worker_start(struct worker *w)
{
	thread_start(&w->thread, run, w);
}

void worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
}

/* What came after the loop had ended is for nobody. */
static void drop_late_items(struct worker *w)
{
	struct list items;
	struct list *link;

	list_init(&items);
	inbox_close(port_inbox(w->jobs));
	inbox_take_all(port_inbox(w->jobs), &items);
	while ((link = list_pop(&items)))
		job_free(LIST_ITEM(link, struct job, link));
	inbox_take_all(port_inbox(w->control), &items);
	while ((link = list_pop(&items))) {
		struct order *order = LIST_ITEM(link, struct order, link);

		if (order->kind == ORDER_SERVE)
			close(order->fd);
		conf_unref(order->conf);
		tls_unref(order->tls);
		roll_unref(order->roll);
		trial_unref(order->trial);
		free(order);
	}
}

void worker_free(struct worker *w)
{
	drop_late_items(w);
	timer_free(w->grace);
	tally_free(w->tally);
	dns_client_free(w->dns);
	port_close(w->jobs);
	port_close(w->control);
	loop_free(w->loop);
	lookup_cache_free(w->cache);
	known_cache_free(w->known);
	conf_unref(w->conf);
	tls_unref(w->tls);
	free(w);
}
