/* thread.h: a thread that takes no signals (the process's go to the main thread), and how one waits
 * for another with a deadline.
 * SPDX-License-Identifier: ISC */
#ifndef RELAY_THREAD_H
#define RELAY_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Aborts when no thread can be made: at start, before any mail is ours. */
void thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg);

/* A condition whose deadlines are those of clock_mono_ms. */
void thread_cond_init(pthread_cond_t *cond);
/* Waits for a signal, with the lock held; false when end_ms has come first. */
bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t end_ms);

#endif
