/* thread.c: see thread.h.
 * SPDX-License-Identifier: ISC */
#include "relay/thread.h"

#include <signal.h>
#include <stdlib.h>

void thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(ret, NULL, run, arg) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
