/* queue.c: see queue.h.
 *
 * Why no mail is missed.  The store stamps new and released mail with a clock that never goes back,
 * so rows become due in the order of (next_try, message), which is the cursor's.  A row may still
 * be committed after a fetch that looked past its stamp; then its note says a time at or before the
 * cursor, and the cursor is set back.  What that fetches twice is found in forward.flying.
 *
 * Why none is sent twice.  A fetch's answer may be older than the commit that settled a parcel.  A
 * settled parcel therefore stays in flying, as a ghost, until every fetch has answered that was
 * under way when it was settled.
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

/* -- parcels --------------------------------------------------------------------- */

static struct list *flying_bucket(struct forward *f, msgid id)
{
	return &f->flying[((uint64_t)id * 0x9e3779b97f4a7c15u >> 40) & (FORWARD_BUCKETS - 1)];
}

static struct parcel *find_flying(struct forward *f, msgid id, int64_t domain)
{
	struct list *bucket = flying_bucket(f, id);

	for (LIST_EACH(l, bucket)) {
		struct parcel *p = LIST_ITEM(l, struct parcel, flying_link);

		if (p->mail->id == id && p->queue->domain == domain)
			return p;
	}
	return NULL;
}

bool parcel_is_flying(struct forward *f, msgid id, int64_t domain)
{
	return find_flying(f, id, domain);
}

static void parcel_new(struct lane *lane, struct batch *batch, const struct due_mail *mail)
{
	struct parcel *p = mem_alloc(sizeof(*p));

	p->queue = lane->queue;
	p->batch = batch;
	p->mail = mail;
	batch->refs++;
	list_add_tail(&lane->window, &p->link);
	lane->in_window++;
	list_add_tail(flying_bucket(lane->queue->f, mail->id), &p->flying_link);
}

static void batch_unref(struct batch *b)
{
	if (--b->refs)
		return;
	job_free(&b->due->job);
	free(b);
}

void parcel_free(struct parcel *p)
{
	struct queue *q = p->queue;
	int64_t again_ms = p->again_ms;

	list_remove(&p->link);
	list_remove(&p->flying_link);
	batch_unref(p->batch);
	free(p);
	if (again_ms)
		queue_note(q, again_ms, false);
}

/* The oldest fetch that has not answered; UINT64_MAX: none is under way. */
static uint64_t oldest_fetch(const struct queue *q)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned i = 0; i < LANE_COUNT; i++)
		if (q->lanes[i].fetching && q->lanes[i].fetch < oldest)
			oldest = q->lanes[i].fetch;
	return oldest;
}

void parcel_settled(struct parcel *p)
{
	struct queue *q = p->queue;

	if (oldest_fetch(q) == UINT64_MAX) {
		parcel_free(p);
		return;
	}
	p->ghost = q->fetches;
	list_add_tail(&q->ghosts, &p->link);
}

static void free_ghosts(struct queue *q)
{
	while (!list_is_empty(&q->ghosts)) {
		struct parcel *p = LIST_ITEM(q->ghosts.next, struct parcel, link);

		if (p->ghost >= oldest_fetch(q))
			return;
		parcel_free(p);
	}
}

/* -- fetching -------------------------------------------------------------------- */

static void fetch(struct lane *lane);

static void set_timer(struct queue *q)
{
	int64_t in_ms = q->due_ms - clock_wall_ms();

	timer_set(q->timer, in_ms > TIMER_MAX_MS ? TIMER_MAX_MS : in_ms);
}

static bool has_rcpt(const struct due_mail *mail, unsigned seq)
{
	for (size_t i = 0; i < mail->rcpt_count; i++)
		if (mail->rcpts[i].seq == seq)
			return true;
	return false;
}

/* The message is under way already.  If it is not for all of these recipients, the rest must be
 * looked at again when it is settled. */
static void skip(struct parcel *flying, const struct due_mail *mail)
{
	for (size_t i = 0; i < mail->rcpt_count; i++)
		if (!has_rcpt(flying->mail, mail->rcpts[i].seq) &&
		    (!flying->again_ms || mail->next_try_ms < flying->again_ms))
			flying->again_ms = mail->next_try_ms;
}

static void take_batch(struct lane *lane, struct job_due *due)
{
	struct batch *batch = mem_alloc(sizeof(*batch));

	*batch = (struct batch){ .due = due, .refs = 1 };
	for (size_t i = 0; i < due->mail_count; i++) {
		const struct due_mail *mail = &due->mails[i];
		struct parcel *flying = find_flying(lane->queue->f, mail->id, due->domain);

		if (flying)
			skip(flying, mail);
		else
			parcel_new(lane, batch, mail);
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
	free_ghosts(q);
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

void queue_free(struct queue *q)
{
	queue_drop_windows(q);
	list_remove(&q->link);
	list_remove(&q->hash_link);
	timer_free(q->timer);
	free(q);
}
