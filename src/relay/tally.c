/* tally.c: a table of counts, the longest there first, which is written piece by piece.
 *
 * A piece is written, and its counts begin anew, once a second.  With few domains that is all there
 * is; with thousands each row waits longer and holds more, so that the store never has more than
 * PIECE rows a second of a loop to write, however much mail comes for however many domains.
 * SPDX-License-Identifier: ISC */
#include "relay/tally.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "relay/worker.h"

#define CHAINS     16384 /* a power of two */
#define COUNTS_MAX 200000
#define PIECE      500
#define PIECE_MS   1000

struct count {
	struct list link; /* the longest there first */
	struct count *next; /* in its chain */
	int64_t domain;
	enum check_id check;
	enum finding_kind kind;
	uint64_t n;
};

struct tally {
	struct worker *w;
	struct timer *timer;
	size_t used;
	struct list counts;
	struct count *chains[CHAINS];
};

static void write_piece(struct tally *t);

static void on_time(void *owner)
{
	write_piece(owner);
}

struct tally *tally_new(struct worker *w)
{
	struct tally *t = mem_alloc(sizeof(*t));

	t->w = w;
	t->timer = timer_new(w->loop, on_time, t);
	list_init(&t->counts);
	return t;
}

void tally_free(struct tally *t)
{
	struct list *link;

	if (!t)
		return;
	timer_free(t->timer);
	while ((link = list_pop(&t->counts)))
		free(LIST_ITEM(link, struct count, link));
	free(t);
}

static void on_counted(void *world, struct job *job)
{
	struct worker *w = world;

	if (!job->ok)
		log_say(w->d->log, LOG_WARNING, "report_lost", F_CSTR("why", job->err.text));
	job_free(job);
}

/* -- the table ---------------------------------------------------------------------------- */

static struct count **chain_of(struct tally *t, int64_t domain, enum check_id check,
			       enum finding_kind kind)
{
	uint64_t hash = ((uint64_t)domain * 64 * FINDING_KINDS + (uint64_t)check * FINDING_KINDS +
			 kind) *
			0x9e3779b97f4a7c15u;

	return &t->chains[hash >> 40 & (CHAINS - 1)];
}

static void count_one(struct tally *t, int64_t domain, enum check_id check, enum finding_kind kind)
{
	struct count **chain = chain_of(t, domain, check, kind), *c = *chain;

	while (c && (c->domain != domain || c->check != check || c->kind != kind))
		c = c->next;
	if (!c) {
		c = mem_alloc(sizeof(*c));
		c->next = *chain;
		c->domain = domain;
		c->check = check;
		c->kind = kind;
		*chain = c;
		list_add_tail(&t->counts, &c->link);
		t->used++;
	}
	c->n++;
}

/* What it has counted; it is gone. */
static struct verdict_count take(struct tally *t, struct count *c)
{
	struct verdict_count row = {
		.domain = c->domain,
		.check = check_name(c->check),
		.finding = finding_name(c->kind),
		.n = c->n,
	};
	struct count **at = chain_of(t, c->domain, c->check, c->kind);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	list_remove(&c->link);
	free(c);
	t->used--;
	return row;
}

/* -- to the store ------------------------------------------------------------------------- */

static void write_piece(struct tally *t)
{
	size_t n = t->used < PIECE ? t->used : PIECE;
	struct job_tally *job = job_new_tally(port_inbox(t->w->jobs), on_counted, NULL);
	struct verdict_count *rows = arena_alloc(job->job.arena, n * sizeof(*rows));

	assert(rows); /* a piece fits into a job by far */
	for (size_t i = 0; i < n; i++)
		rows[i] = take(t, LIST_ITEM(t->counts.next, struct count, link));
	job->now_ms = clock_wall_ms();
	job->rows = rows;
	job->row_count = n;
	store_put(t->w->d->store, &job->job);
	if (t->used)
		timer_set(t->timer, PIECE_MS);
}

void tally_flush(struct tally *t)
{
	while (t->used)
		write_piece(t);
	timer_clear(t->timer);
}

void tally_count(struct tally *t, int64_t domain, const struct policy *p)
{
	if (t->used > COUNTS_MAX)
		write_piece(t);
	for (enum check_id check = 0; check < CHECK_COUNT; check++)
		if (p->found[check].kind != FINDING_NONE)
			count_one(t, domain, check, p->found[check].kind);
	if (t->used && !timer_is_set(t->timer))
		timer_set(t->timer, PIECE_MS);
}
