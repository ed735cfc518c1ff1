/* thread.h: a thread that takes no signals; the process's signals go to the main thread.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_THREAD_H
#define RELAY_THREAD_H

#include <pthread.h>

/* Aborts when no thread can be made: at start, before any mail is ours. */
void thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg);

#endif
