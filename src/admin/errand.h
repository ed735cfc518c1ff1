/* errand.h: requests that may take long, each run by a thread of its own, so that the loop of the
 * server (http.c) goes on answering others.
 *
 * All but errands_stop is called by that loop.  Between errand_start and errand_end what the
 * errand works on is its thread's alone.
 * SPDX-License-Identifier: ISC */
#ifndef ADMIN_ERRAND_H
#define ADMIN_ERRAND_H

#include <pthread.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "db/view.h"

#define ERRANDS_MAX 48U /* at a time; the next is refused */

struct errands;

struct errand {
	struct view *view; /* to look with; NULL: it was not admitted, or has ended */
	pthread_t thread;
	bool started;
};

/* conf must outlive it. */
struct errands *errands_new(const struct conf *conf);
/* No errand is admitted any more; waits until errand_end has been called for all there are. */
void errands_stop(struct errands *es);
void errands_free(struct errands *es); /* NULL is accepted */

/* Makes room for one, and lends it a view; ERR_TEMP when there are too many, or it is stopped. */
bool errand_admit(struct errands *es, struct errand *x, struct err *e) MUST_CHECK;
/* ERR_TEMP when no thread can be had; the errand is ended as any other. */
bool errand_start(struct errand *x, void *(*run)(void *arg), void *arg, struct err *e) MUST_CHECK;
/* Waits for the end of its thread.  One that was not admitted, or has ended, is accepted. */
void errand_end(struct errands *es, struct errand *x);

#endif
