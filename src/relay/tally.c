/* tally.c: a table of open addressing that is given away when it is nearly full.
 * SPDX-License-Identifier: ISC */
#include "relay/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/worker.h"

#define PLACES   4096 /* a power of two */
#define FULL     (PLACES / 2)
#define FLUSH_MS 2000

struct count {
	int64_t domain;
	enum check_id check;
	enum finding_kind kind;
	uint64_t n; /* 0: free */
};

struct tally {
	struct worker *w;
	struct timer *timer;
	size_t used;
	struct count counts[PLACES];
};

static void on_time(void *owner)
{
	tally_flush(owner);
}

struct tally *tally_new(struct worker *w)
{
	struct tally *t = mem_alloc(sizeof(*t));

	t->w = w;
	t->timer = timer_new(w->loop, on_time, t);
	return t;
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	timer_free(t->timer);
	free(t);
}

static void on_counted(void *world, struct job *job)
{
	struct worker *w = world;

	if (!job->ok)
		log_say(w->d->log, LOG_WARNING, "report_lost", F_CSTR("why", job->err.text));
	job_free(job);
}

void tally_flush(struct tally *t)
{
	struct job_tally *job;
	struct verdict_count *rows;
	size_t n = 0;

	timer_clear(t->timer);
	if (!t->used)
		return;
	job = job_new_tally(port_inbox(t->w->jobs), on_counted, NULL);
	rows = arena_alloc(job->job.arena, t->used * sizeof(*rows));
	for (size_t i = 0; rows && i < PLACES; i++) {
		const struct count *c = &t->counts[i];

		if (c->n)
			rows[n++] = (struct verdict_count){
				.domain = c->domain,
				.check = check_name(c->check),
				.finding = finding_name(c->kind),
				.n = c->n,
			};
	}
	job->now_ms = clock_wall_ms();
	job->rows = rows;
	job->row_count = n;
	memset(t->counts, 0, sizeof(t->counts));
	t->used = 0;
	store_put(t->w->d->store, &job->job);
}

static void count_one(struct tally *t, int64_t domain, enum check_id check, enum finding_kind kind)
{
	uint64_t hash = ((uint64_t)domain * 64 + (uint64_t)check * FINDING_KINDS + kind) *
			0x9e3779b97f4a7c15u;
	size_t at = hash >> 40 & (PLACES - 1);
	struct count *c = &t->counts[at];

	while (c->n && (c->domain != domain || c->check != check || c->kind != kind)) {
		at = (at + 1) & (PLACES - 1);
		c = &t->counts[at];
	}
	if (!c->n) {
		*c = (struct count){ domain, check, kind, 0 };
		t->used++;
	}
	c->n++;
}

void tally_count(struct tally *t, int64_t domain, const struct policy *p)
{
	if (t->used + CHECK_COUNT > FULL)
		tally_flush(t);
	for (enum check_id check = 0; check < CHECK_COUNT; check++)
		if (p->found[check].kind != FINDING_NONE)
			count_one(t, domain, check, p->found[check].kind);
	if (t->used && !timer_is_set(t->timer))
		timer_set(t->timer, FLUSH_MS);
}
