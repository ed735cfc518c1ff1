/* thread.c: see thread.h.
 * SPDX-License-Identifier: ISC */
#include "relay/thread.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

void thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(ret, NULL, run, arg) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t end_ms)
{
	struct timespec end = { .tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000 };

	return pthread_cond_timedwait(cond, lock, &end) == 0;
}
