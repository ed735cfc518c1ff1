/* roll.c: see roll.h.
 * SPDX-License-Identifier: ISC */
#include "relay/roll.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "relay/thread.h"

#define ROLL_ARENA_MAX ((size_t)16 * 1024 * 1024)

struct roll {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	unsigned refs, missing; /* answers */
	struct arena *arena;
	struct board_session *rows;
	size_t n, room, most;
};

struct roll *roll_new(unsigned workers, size_t most)
{
	struct roll *r = mem_alloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	thread_cond_init(&r->answered);
	r->refs = 1;
	r->missing = workers;
	r->most = most;
	r->arena = arena_new(ROLL_ARENA_MAX);
	return r;
}

struct roll *roll_ref(struct roll *r)
{
	pthread_mutex_lock(&r->lock);
	r->refs++;
	pthread_mutex_unlock(&r->lock);
	return r;
}

void roll_unref(struct roll *r)
{
	bool last;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	last = --r->refs == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	arena_free(r->arena);
	free(r->rows);
	pthread_cond_destroy(&r->answered);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The strings' copies; false past the arena's maximum. */
static bool copy_strings(struct arena *a, const struct board_session *from,
			 struct board_session *to)
{
	*to = *from;
	to->client = arena_cstr(a, str_of(from->client));
	to->helo = arena_cstr(a, str_of(from->helo));
	return to->client && to->helo;
}

size_t roll_most(const struct roll *r)
{
	return r->most;
}

static bool add(struct roll *r, const struct board_session *row)
{
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->rows = mem_grow(r->rows, r->room * sizeof(*r->rows));
	}
	if (!copy_strings(r->arena, row, &r->rows[r->n]))
		return false;
	r->n++;
	return true;
}

bool roll_add(struct roll *r, const struct board_session *row)
{
	pthread_mutex_lock(&r->lock);

	bool added = add(r, row);

	pthread_mutex_unlock(&r->lock);
	return added;
}

void roll_answered(struct roll *r)
{
	pthread_mutex_lock(&r->lock);
	r->missing--;
	pthread_cond_signal(&r->answered);
	pthread_mutex_unlock(&r->lock);
}

static int compare(const void *a, const void *b)
{
	const struct board_session *one = a, *two = b;

	return (one->id > two->id) - (one->id < two->id);
}

static struct board_session *copy_out(struct roll *r, struct arena *a)
{
	struct board_session *rows = arena_alloc(a, (r->n ? r->n : 1) * sizeof(*rows));

	if (r->n > 1)
		qsort(r->rows, r->n, sizeof(*r->rows), compare);
	if (r->n > r->most)
		r->n = r->most;
	for (size_t i = 0; rows && i < r->n; i++)
		if (!copy_strings(a, &r->rows[i], &rows[i]))
			return NULL;
	return rows;
}

bool roll_wait(struct roll *r, int timeout_ms, struct arena *a, struct board_session **ret,
	       size_t *ret_n)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms;
	struct board_session *rows = NULL;
	bool late = false;

	pthread_mutex_lock(&r->lock);
	while (r->missing && !late)
		late = !thread_cond_wait(&r->answered, &r->lock, end_ms);
	if (!r->missing)
		rows = copy_out(r, a);
	if (rows) {
		*ret = rows;
		*ret_n = r->n;
	}
	pthread_mutex_unlock(&r->lock);
	return rows != NULL;
}
