/* inbox: a list under a lock, and a waker.
 *
 * A lock-free queue was considered: the lock is held for four stores, and one take moves all,
 * so it is hardly ever contended, and this one can be read.
 * SPDX-License-Identifier: ISC */
#include "base/inbox.h"

#include <errno.h>
#include <time.h>

void inbox_init(struct inbox *in, inbox_wake_fn *wake, void *wake_arg)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&in->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&in->filled, &attr);
	pthread_condattr_destroy(&attr);
	list_init(&in->items);
	in->closed = false;
	in->wake = wake;
	in->wake_arg = wake_arg;
}

void inbox_done(struct inbox *in)
{
	pthread_cond_destroy(&in->filled);
	pthread_mutex_destroy(&in->lock);
}

bool inbox_put(struct inbox *in, struct list *item)
{
	struct list items;

	list_init(&items);
	list_add_tail(&items, item);
	if (inbox_put_all(in, &items))
		return true;
	list_remove(item);
	return false;
}

bool inbox_put_all(struct inbox *in, struct list *items)
{
	bool was_empty, taken, filled = !list_is_empty(items);
	inbox_wake_fn *wake;
	void *wake_arg;

	pthread_mutex_lock(&in->lock);
	was_empty = list_is_empty(&in->items);
	taken = !in->closed;
	if (taken)
		list_move_all(&in->items, items);
	wake = in->wake;
	wake_arg = in->wake_arg;
	/* Under the lock: who waits for one answer may take its inbox away when it has it. */
	if (taken && was_empty && filled && !wake)
		pthread_cond_signal(&in->filled);
	pthread_mutex_unlock(&in->lock);

	if (taken && was_empty && filled && wake)
		wake(wake_arg);
	return taken;
}

bool inbox_take_all(struct inbox *in, struct list *to)
{
	bool filled;

	pthread_mutex_lock(&in->lock);
	filled = !list_is_empty(&in->items);
	list_move_all(to, &in->items);
	pthread_mutex_unlock(&in->lock);
	return filled;
}

static struct timespec deadline_after(int timeout_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout_ms / 1000;
	t.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

bool inbox_wait(struct inbox *in, struct list *to, int timeout_ms)
{
	struct timespec until = { 0, 0 };
	int waited = timeout_ms == 0 ? ETIMEDOUT : 0;
	bool open_or_filled;

	if (timeout_ms > 0)
		until = deadline_after(timeout_ms);
	pthread_mutex_lock(&in->lock);
	while (list_is_empty(&in->items) && !in->closed && waited != ETIMEDOUT) {
		if (timeout_ms < 0)
			waited = pthread_cond_wait(&in->filled, &in->lock);
		else
			waited = pthread_cond_timedwait(&in->filled, &in->lock, &until);
	}
	open_or_filled = !in->closed || !list_is_empty(&in->items);
	list_move_all(to, &in->items);
	pthread_mutex_unlock(&in->lock);
	return open_or_filled;
}

void inbox_close(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	in->closed = true;
	pthread_cond_broadcast(&in->filled);
	pthread_mutex_unlock(&in->lock);
}
