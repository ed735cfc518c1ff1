/* due_clock: turns of the writer and bounds of the reader, under one lock.
 *
 * Decided against: a time of its own for each batch.  A thousand commits a second would drive the
 * clock ahead of the world; a turn must only be above what has been read, and what has been read
 * is never above now.
 * SPDX-License-Identifier: ISC */
#include "db/due_clock.h"

/* A question for more than this from now is one for times to come. */
#define SOON_MS 1000
/* Less than this between the clocks is only that they were not read at the same moment. */
#define APART_MS 100

void due_clock_init(struct due_clock *c)
{
	*c = (struct due_clock){ .started = false };
	pthread_mutex_init(&c->lock, NULL);
}

void due_clock_done(struct due_clock *c)
{
	pthread_mutex_destroy(&c->lock);
}

static int64_t now(struct due_clock *c, int64_t wall_ms, int64_t mono_ms)
{
	if (!c->started || wall_ms - mono_ms > c->offset_ms)
		c->offset_ms = wall_ms - mono_ms;
	c->started = true;
	return mono_ms + c->offset_ms;
}

static int64_t ahead(int64_t now_ms, int64_t wall_ms)
{
	return now_ms - wall_ms > APART_MS ? now_ms - wall_ms : 0;
}

int64_t due_clock_open(struct due_clock *c, int64_t wall_ms, int64_t mono_ms, int64_t *ret_ahead)
{
	int64_t turn;

	pthread_mutex_lock(&c->lock);
	turn = now(c, wall_ms, mono_ms);
	if (turn <= c->seen_ms)
		turn = c->seen_ms + 1;
	c->open_ms = turn;
	pthread_mutex_unlock(&c->lock);
	*ret_ahead = ahead(turn, wall_ms);
	return turn;
}

void due_clock_shut(struct due_clock *c)
{
	pthread_mutex_lock(&c->lock);
	c->open_ms = 0;
	pthread_mutex_unlock(&c->lock);
}

struct due_look due_clock_look(struct due_clock *c, int64_t wall_ms, int64_t mono_ms)
{
	struct due_look look;

	pthread_mutex_lock(&c->lock);
	look.now_ms = now(c, wall_ms, mono_ms);
	look.ahead_ms = ahead(look.now_ms, wall_ms);
	look.bound_ms = look.now_ms;
	if (c->open_ms && c->open_ms <= look.now_ms)
		look.bound_ms = c->open_ms - 1;
	if (look.bound_ms > c->seen_ms)
		c->seen_ms = look.bound_ms;
	pthread_mutex_unlock(&c->lock);
	return look;
}

int64_t due_look_upto(const struct due_look *look, int64_t upto_ms, int64_t *ret_wanted)
{
	if (__builtin_add_overflow(upto_ms, look->ahead_ms, ret_wanted))
		*ret_wanted = INT64_MAX;
	if (*ret_wanted > look->now_ms + SOON_MS || *ret_wanted < look->bound_ms)
		return *ret_wanted;
	return look->bound_ms;
}
