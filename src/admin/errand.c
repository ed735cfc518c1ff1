/* errand: a thread for each, as a request is rare and its wait may be long (DNS, the writer).
 *
 * Their number is less than that of connections (http.c), so that who only asks how things are is
 * heard whatever others wait for.  A view is for one thread at a time: each errand is lent one, and
 * one is kept for the next.
 *
 * Decided against a pool of threads: its size is how many long requests it takes until short ones
 * wait; and against libmicrohttpd's thread for each connection: an idle one that times out spins
 * there for its last second, and connections past the limit are closed without a word.
 * SPDX-License-Identifier: ISC */
#include "admin/errand.h"

#include <stdlib.h>

#include "base/arena.h"

#define STACK_BYTES ((size_t)(256 * 1024))

struct errands {
	const struct conf *conf;
	struct view *kept; /* or NULL */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned running;
	bool stopped;
};

struct errands *errands_new(const struct conf *conf)
{
	struct errands *es = mem_alloc(sizeof(*es));

	es->conf = conf;
	pthread_mutex_init(&es->lock, NULL);
	pthread_cond_init(&es->ended, NULL);
	return es;
}

void errands_stop(struct errands *es)
{
	pthread_mutex_lock(&es->lock);
	es->stopped = true;
	while (es->running)
		pthread_cond_wait(&es->ended, &es->lock);
	pthread_mutex_unlock(&es->lock);
}

void errands_free(struct errands *es)
{
	if (!es)
		return;
	view_close(es->kept);
	pthread_cond_destroy(&es->ended);
	pthread_mutex_destroy(&es->lock);
	free(es);
}

bool errand_admit(struct errands *es, struct errand *x, struct err *e)
{
	bool stopped, full;

	pthread_mutex_lock(&es->lock);
	stopped = es->stopped;
	full = es->running == ERRANDS_MAX;
	if (!stopped && !full)
		es->running++;
	pthread_mutex_unlock(&es->lock);
	if (stopped)
		return err_set(e, ERR_TEMP, "the daemon is stopping");
	if (full)
		return err_set(e, ERR_TEMP,
			       "%u requests are in hand already: try again when some are done",
			       ERRANDS_MAX);
	x->view = es->kept ? es->kept : view_new(es->conf);
	es->kept = NULL;
	return true;
}

bool errand_start(struct errand *x, void *(*run)(void *arg), void *arg, struct err *e)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	x->started = pthread_create(&x->thread, &attr, run, arg) == 0;
	pthread_attr_destroy(&attr);
	return x->started || err_set(e, ERR_TEMP, "there is no thread for this request");
}

void errand_end(struct errands *es, struct errand *x)
{
	if (!x->view)
		return;
	if (x->started)
		pthread_join(x->thread, NULL);
	if (es->kept)
		view_close(x->view);
	else
		es->kept = x->view;
	*x = (struct errand){ 0 };
	pthread_mutex_lock(&es->lock);
	es->running--;
	pthread_cond_signal(&es->ended);
	pthread_mutex_unlock(&es->lock);
}
