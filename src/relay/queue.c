/* queue.c: see queue.h.
 *
 * Why no mail is missed.  The store stamps new and released mail with a clock that never goes back,
 * so rows become due in the order of (next_try, message), which is the cursor's.  A row may still
 * be committed after a fetch that looked past its stamp; then its note says a time at or before the
 * cursor, and the cursor is set back.  What that fetches twice is found in forward.flying.
 * SPDX-License-Identifier: ISC */
#include "relay/queue.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/destination.h"

#define FETCH_RCPTS  256 /* recipients a fetch, about */
#define WINDOW_LOW   128 /* fetch more when fewer parcels are there */
#define TIMER_MAX_MS 60000 /* wake at least so often: the wall clock may jump */
#define UNREAD_MS    1000  /* after a fetch that failed */
#define HELD_BACK_MS 20    /* after one that was told of mail it cannot see yet */

/* -- fetching -------------------------------------------------------------------- */

static void fetch(struct lane *lane);

static void set_timer(struct queue *q)
{
	int64_t in_ms = q->due_ms - clock_wall_ms();

	timer_set(q->timer, in_ms > TIMER_MAX_MS ? TIMER_MAX_MS : in_ms);
}

static void put_in_window(struct lane *lane, struct parcel *p)
{
	list_add_tail(&lane->window, &p->link);
	lane->in_window++;
}

static void take_batch(struct lane *lane, struct job_due *due)
{
	struct batch *batch = batch_new(due);

	for (size_t i = 0; i < due->mail_count; i++) {
		const struct due_mail *mail = &due->mails[i];
		struct parcel *flying = parcel_find(lane->queue->f, mail->id, due->domain);

		if (flying)
			parcel_skip(flying, mail);
		else
			put_in_window(lane, parcel_new(lane->queue, batch, mail));
		lane->after_ms = mail->next_try_ms;
		lane->after_id = mail->id;
	}
	batch_unref(batch);
}

static void plan(struct queue *q, int64_t due_ms)
{
	if (q->due_ms && q->due_ms <= due_ms)
		return;
	q->due_ms = due_ms;
	set_timer(q);
}

/* Nothing more is due: remember what will be. */
static void run_dry(struct lane *lane, int64_t next_due_ms)
{
	lane->dry = true;
	if (lane == &lane->queue->lanes[LANE_LIVE] && next_due_ms)
		plan(lane->queue, next_due_ms);
}

/* No fetch for so long. */
static void rest(struct queue *q, int64_t ms)
{
	q->resting_until_ms = clock_mono_ms() + ms;
	plan(q, clock_wall_ms() + ms);
}

/* Is the answer of use?  Not when the primary went down meanwhile, nor when the cursor was set
 * back: then these rows are fetched once more. */
static bool is_wanted(const struct lane *lane, const struct job_due *due)
{
	const struct queue *q = lane->queue;

	return due->job.ok && q->dest && q->dest->state == PRIMARY_UP &&
	       due->after_ms == lane->after_ms && due->after_id == lane->after_id;
}

static void on_fetched(void *world UNUSED, struct job *job)
{
	struct job_due *due = CONTAINER(job, struct job_due, job);
	struct lane *lane = job->owner;
	struct queue *q = lane->queue;
	bool wanted = is_wanted(lane, due), ok = job->ok;
	bool more = due->more || lane->again || !wanted;
	bool held_back = due->more && !due->mail_count;
	int64_t next_due_ms = due->next_due_ms;

	lane->fetching = false;
	lane->again = false;
	if (!ok)
		log_say(q->f->d->log, LOG_ERROR, "queue_unreadable", F_CSTR("why", job->err.text));
	if (wanted)
		take_batch(lane, due);
	else
		job_free(job);
	parcel_free_ghosts(q);
	if (!ok || held_back)
		rest(q, ok ? HELD_BACK_MS : UNREAD_MS);
	else if (!more)
		run_dry(lane, next_due_ms);
	else if (lane->in_window < WINDOW_LOW)
		fetch(lane);
	if (q->dest)
		destination_pump(q->dest);
}

static void fetch(struct lane *lane)
{
	struct queue *q = lane->queue;
	struct forward *f = q->f;
	struct job_due *job;
	int64_t now_ms = clock_wall_ms();

	if (lane->dry || lane->fetching || f->stopping || !q->dest ||
	    q->dest->state != PRIMARY_UP || clock_mono_ms() < q->resting_until_ms)
		return;
	job = job_new_due(port_inbox(f->jobs), on_fetched, lane);
	job->domain = q->domain;
	job->after_ms = lane->after_ms;
	job->after_id = lane->after_id;
	job->upto_ms = lane->upto_ms < now_ms ? lane->upto_ms : now_ms;
	job->limit = FETCH_RCPTS;
	lane->fetching = true;
	lane->fetch = ++q->fetches;
	store_put(f->d->store, &job->job);
}

/* -- what the queue is told ------------------------------------------------------- */

/* There may be more behind the cursor now. */
static void wet(struct lane *lane)
{
	lane->dry = false;
	if (lane->fetching)
		lane->again = true;
}

static void join_destination(struct queue *q)
{
	if (q->dest && queue_is_active(q)) {
		list_remove(&q->link);
		list_add_tail(&q->dest->queues, &q->link);
		destination_want(q->dest);
		destination_pump(q->dest);
	}
}

static void on_due(void *owner)
{
	struct queue *q = owner;

	if (clock_wall_ms() < q->due_ms) {
		set_timer(q);
		return;
	}
	q->due_ms = 0;
	q->resting_until_ms = 0; /* no other timer would end the rest */
	wet(&q->lanes[LANE_LIVE]);
	join_destination(q);
}

void queue_note(struct queue *q, int64_t at_ms, bool by_hand)
{
	struct lane *live = &q->lanes[LANE_LIVE];

	if (at_ms <= live->after_ms) {
		live->after_ms = at_ms - 1;
		live->after_id = INT64_MAX;
	}
	if (at_ms <= clock_wall_ms()) {
		wet(live);
		join_destination(q);
	} else {
		plan(q, at_ms);
	}
	if (by_hand && q->dest)
		destination_probe_now(q->dest);
}

/* The store's clock goes on (due_clock.h); by the wall's, the time of the plan is far away now. */
void queue_plan_anew(struct queue *q)
{
	if (!q->due_ms)
		return;
	q->due_ms = clock_wall_ms();
	set_timer(q);
}

void queue_drop_windows(struct queue *q)
{
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		struct lane *lane = &q->lanes[i];
		struct list *link;

		if (lane->in_window || lane->fetching)
			wet(lane);
		lane->in_window = 0;
		while ((link = list_pop(&lane->window)))
			parcel_free(LIST_ITEM(link, struct parcel, link));
	}
}

void queue_begin_backlog(struct queue *q)
{
	struct lane *backlog = &q->lanes[LANE_BACKLOG], *live = &q->lanes[LANE_LIVE];
	int64_t now_ms = clock_wall_ms();

	backlog->after_ms = 0;
	backlog->after_id = 0;
	backlog->upto_ms = now_ms;
	wet(backlog);
	if (live->after_ms <= now_ms) {
		live->after_ms = now_ms;
		live->after_id = INT64_MAX;
	}
	wet(live);
	join_destination(q);
}

/* -- where its mail goes ----------------------------------------------------------- */

static struct destination *choose_bounce_relay(struct forward *f)
{
	char host[256];
	unsigned port;
	struct err e;

	if (!conf_host_port(f->conf->forward.bounces, host, sizeof(host), &port, &e))
		return NULL; /* "none" */
	return destination_get(f, host, port);
}

static struct destination *choose(struct queue *q)
{
	struct destination *first = NULL;
	const struct domain *d;

	if (q->domain == DOMAIN_BOUNCES)
		return choose_bounce_relay(q->f);
	d = q->f->settings ? settings_by_id(q->f->settings, q->domain) : NULL;
	for (size_t i = 0; d && i < d->route_count; i++) {
		struct destination *dest =
			destination_get(q->f, d->routes[i].host, d->routes[i].port);

		if (!dest->failing)
			return dest;
		if (queue_is_active(q))
			destination_want(dest);
		if (!first)
			first = dest;
	}
	return first;
}

void queue_route(struct queue *q)
{
	struct destination *dest = choose(q);

	if (dest == q->dest)
		return;
	queue_drop_windows(q);
	list_remove(&q->link);
	q->dest = dest;
	if (dest && dest->state == PRIMARY_UP)
		queue_begin_backlog(q); /* what the other one left */
	else
		join_destination(q);
}

/* -- what it gives ------------------------------------------------------------------ */

unsigned queue_ready(const struct queue *q)
{
	return q->lanes[LANE_BACKLOG].in_window + q->lanes[LANE_LIVE].in_window;
}

static bool lane_is_active(const struct lane *lane)
{
	return lane->in_window || lane->fetching || !lane->dry;
}

bool queue_is_active(const struct queue *q)
{
	return lane_is_active(&q->lanes[LANE_BACKLOG]) || lane_is_active(&q->lanes[LANE_LIVE]);
}

static struct parcel *lane_next(struct lane *lane)
{
	struct list *link = list_pop(&lane->window);

	if (link)
		lane->in_window--;
	if (lane->in_window < WINDOW_LOW)
		fetch(lane);
	return link ? LIST_ITEM(link, struct parcel, link) : NULL;
}

struct parcel *queue_next(struct queue *q)
{
	struct parcel *p = NULL;

	for (unsigned tries = 0; !p && tries < LANE_COUNT; tries++) {
		q->turn = q->turn == LANE_BACKLOG ? LANE_LIVE : LANE_BACKLOG;
		p = lane_next(&q->lanes[q->turn]);
	}
	return p;
}

void queue_put_back(struct parcel *p)
{
	struct queue *q = p->queue;
	struct lane *lane = &q->lanes[LANE_LIVE];

	if (!q->dest || q->dest->state != PRIMARY_UP) { /* who comes up begins with all of it */
		parcel_free(p);
		return;
	}
	list_add_head(&lane->window, &p->link);
	lane->in_window++;
	join_destination(q);
}

/* -- life ---------------------------------------------------------------------------- */

struct queue *queue_get(struct forward *f, int64_t domain)
{
	struct list *bucket = &f->queues[(uint64_t)domain & (FORWARD_BUCKETS - 1)];
	struct queue *q;

	for (LIST_EACH(l, bucket)) {
		q = LIST_ITEM(l, struct queue, hash_link);
		if (q->domain == domain)
			return q;
	}
	q = mem_alloc(sizeof(*q));
	q->f = f;
	q->domain = domain;
	q->timer = timer_new(f->loop, on_due, q);
	list_init(&q->link);
	list_init(&q->ghosts);
	list_add_tail(bucket, &q->hash_link);
	for (unsigned i = 0; i < LANE_COUNT; i++)
		q->lanes[i] = (struct lane){ .queue = q, .dry = true, .upto_ms = INT64_MAX };
	for (unsigned i = 0; i < LANE_COUNT; i++)
		list_init(&q->lanes[i].window);
	queue_route(q);
	return q;
}

uint64_t queue_oldest_fetch(const struct queue *q)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned i = 0; i < LANE_COUNT; i++)
		if (q->lanes[i].fetching && q->lanes[i].fetch < oldest)
			oldest = q->lanes[i].fetch;
	return oldest;
}

void queue_free(struct queue *q)
{
	queue_drop_windows(q);
	list_remove(&q->link);
	list_remove(&q->hash_link);
	timer_free(q->timer);
	free(q);
}
