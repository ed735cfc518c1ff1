/* inbox.h: a queue into a thread: many put, one takes.
 *
 * Loops, store and admin talk by items in each other's inboxes and share nothing else.  A loop
 * is woken by its wake function (uv_async_send), once when the inbox turns from empty to not empty
 * and under no lock; a plain thread waits in inbox_wait.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_INBOX_H
#define BASE_INBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/list.h"

typedef void inbox_wake_fn(void *arg);

struct inbox {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct list items;
	bool closed;
	inbox_wake_fn *wake; /* may be NULL: then inbox_wait is used */
	void *wake_arg;
};

void inbox_init(struct inbox *in, inbox_wake_fn *wake, void *wake_arg);
void inbox_done(struct inbox *in);
/* Any thread.  False when the inbox is closed: the item stays the caller's. */
bool inbox_put(struct inbox *in, struct list *item);
/* Puts all of items (which is empty afterwards) with at most one wake-up. */
bool inbox_put_all(struct inbox *in, struct list *items);
/* The owner: moves all that is there to `to`; false when there was nothing. */
bool inbox_take_all(struct inbox *in, struct list *to);
/* The owner, without wake function: waits until there is something, or timeout_ms (-1: for ever)
 * is over, or the inbox is closed.  False when it is closed and empty. */
bool inbox_wait(struct inbox *in, struct list *to, int timeout_ms);
/* No more puts are taken; wakes the waiter. */
void inbox_close(struct inbox *in);

#endif
