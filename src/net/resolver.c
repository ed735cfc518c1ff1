/* resolver: getaddrinfo(3), each question in a thread of its own.
 *
 * getaddrinfo blocks, with a dead name server for half a minute.  In libuv's pool of four threads
 * a few such names would keep all others waiting, and the process from ending; a thread a question
 * is cheap and can be forgotten.  64 of them a loop at most, the rest wait in line.
 *
 * A question and the thread that answers it share only the resolver, which lives until the loop and
 * the last thread have let go of it.  A cancelled question is cut off from its owner at once; its
 * thread comes to its end when it does.
 *
 * Not done yet: asking DNS ourselves, which DANE and MX look-ups will need.
 * SPDX-License-Identifier: ISC */
#include "net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/list.h"
#include "net/net_private.h"

#define THREADS_MAX   64
#define STACK_BYTES   (512 * 1024)
#define ADDRESSES_MAX 8

/* The thread's side is lock, done, closed and refs; the rest is the loop's alone. */
struct resolver {
	pthread_mutex_t lock;
	struct list done; /* resolves with an answer */
	bool closed;      /* the loop is gone: wake no more */
	unsigned refs;    /* the loop and each thread */
	struct wake *wake;
	struct list waiting;
	unsigned threads;
};

/* The handle lives on its own: libuv frees it when it likes, the resolver when the last thread
 * ends. */
struct wake {
	struct net_object object;
	uv_async_t uv;
	struct resolver *resolver;
};

struct resolve {
	struct list link; /* in done, or waiting */
	struct resolver *resolver;
	on_resolved_fn *on_resolved; /* NULL: cancelled */
	void *owner;
	char *host;
	unsigned port;
	bool threaded;
	struct address addresses[ADDRESSES_MAX];
	size_t n;
	const char *why;
};

static void resolve_free(struct resolve *r)
{
	free(r->host);
	free(r);
}

/* Gives up one hold on it; the lock is held and is let go here. */
static void unlock_and_unref(struct resolver *rr)
{
	bool last = --rr->refs == 0;

	pthread_mutex_unlock(&rr->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&rr->lock);
	free(rr);
}

/* ---- in the thread ---- */

static void keep_address(struct resolve *r, const struct addrinfo *ai)
{
	struct sockaddr_storage at;
	uint16_t port = htons((uint16_t)r->port);

	if (ai->ai_addrlen > sizeof(at))
		return;
	memcpy(&at, ai->ai_addr, ai->ai_addrlen);
	if (ai->ai_family == AF_INET)
		((struct sockaddr_in *)&at)->sin_port = port;
	else if (ai->ai_family == AF_INET6)
		((struct sockaddr_in6 *)&at)->sin6_port = port;
	if (address_from_sockaddr(&at, ai->ai_addrlen, &r->addresses[r->n]))
		r->n++;
}

static void look_up(struct resolve *r)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(r->host, NULL, &hints, &list);

	for (struct addrinfo *ai = list; rc == 0 && ai && r->n < ADDRESSES_MAX; ai = ai->ai_next)
		keep_address(r, ai);
	if (rc == 0)
		freeaddrinfo(list);
	if (r->n == 0)
		r->why = rc ? gai_strerror(rc) : "no address";
}

static void *thread_main(void *arg)
{
	struct resolve *r = arg;
	struct resolver *rr = r->resolver;

	look_up(r);
	pthread_mutex_lock(&rr->lock);
	if (rr->closed) {
		resolve_free(r);
	} else {
		list_add_tail(&rr->done, &r->link);
		net_must(uv_async_send(&rr->wake->uv));
	}
	unlock_and_unref(rr);
	return NULL;
}

/* ---- in the loop ---- */

static bool start_thread(struct resolve *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, thread_main, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0;
}

/* An answer that needs no thread, told from the loop all the same. */
static void answer_soon(struct resolver *rr, struct resolve *r)
{
	pthread_mutex_lock(&rr->lock);
	list_add_tail(&rr->done, &r->link);
	pthread_mutex_unlock(&rr->lock);
	net_must(uv_async_send(&rr->wake->uv));
}

static void start_waiting(struct resolver *rr)
{
	while (rr->threads < THREADS_MAX && !list_is_empty(&rr->waiting)) {
		struct resolve *r = LIST_ITEM(list_pop(&rr->waiting), struct resolve, link);

		if (!r->on_resolved) {
			resolve_free(r);
			continue;
		}
		pthread_mutex_lock(&rr->lock);
		rr->refs++;
		pthread_mutex_unlock(&rr->lock);
		r->threaded = true;
		rr->threads++;
		if (start_thread(r))
			continue;
		r->threaded = false;
		rr->threads--;
		r->why = "no thread to ask in";
		pthread_mutex_lock(&rr->lock);
		unlock_and_unref(rr);
		answer_soon(rr, r);
	}
}

static void on_answers(uv_async_t *uv)
{
	struct resolver *rr = ((struct wake *)uv->data)->resolver;
	struct list done;

	list_init(&done);
	pthread_mutex_lock(&rr->lock);
	list_move_all(&done, &rr->done);
	pthread_mutex_unlock(&rr->lock);
	while (!list_is_empty(&done)) {
		struct resolve *r = LIST_ITEM(list_pop(&done), struct resolve, link);

		if (r->threaded)
			rr->threads--;
		if (r->on_resolved)
			r->on_resolved(r->owner, r->addresses, r->n, r->why);
		resolve_free(r);
	}
	start_waiting(rr);
}

static void wake_close(struct net_object *o)
{
	struct wake *w = CONTAINER(o, struct wake, object);

	net_object_close(o, (uv_handle_t *[]){ (uv_handle_t *)&w->uv }, 1);
}

static struct resolver *resolver_of(struct loop *l)
{
	if (l->resolver)
		return l->resolver;

	struct resolver *rr = mem_alloc(sizeof(*rr));

	pthread_mutex_init(&rr->lock, NULL);
	list_init(&rr->done);
	list_init(&rr->waiting);
	rr->refs = 1;
	rr->wake = mem_alloc(sizeof(*rr->wake));
	rr->wake->object.close = wake_close;
	rr->wake->resolver = rr;
	net_must(uv_async_init(&l->uv, &rr->wake->uv, on_answers));
	net_handle_add(&rr->wake->object, (uv_handle_t *)&rr->wake->uv);
	l->resolver = rr;
	return rr;
}

static void free_all(struct list *resolves)
{
	while (!list_is_empty(resolves))
		resolve_free(LIST_ITEM(list_pop(resolves), struct resolve, link));
}

void net_resolver_close(struct resolver *rr)
{
	pthread_mutex_lock(&rr->lock);
	rr->closed = true;
	wake_close(&rr->wake->object);
	free_all(&rr->waiting);
	free_all(&rr->done);
	unlock_and_unref(rr);
}

struct resolve *resolve_start(struct loop *l, const char *host, unsigned port,
			      on_resolved_fn *on_resolved, void *owner)
{
	struct resolver *rr = resolver_of(l);
	struct resolve *r = mem_alloc(sizeof(*r));

	list_init(&r->link);
	r->resolver = rr;
	r->on_resolved = on_resolved;
	r->owner = owner;
	r->host = mem_str(str_of(host));
	r->port = port;
	if (address_parse(host, port, &r->addresses[0])) {
		r->n = 1;
		answer_soon(rr, r);
	} else {
		list_add_tail(&rr->waiting, &r->link);
		start_waiting(rr);
	}
	return r;
}

void resolve_cancel(struct resolve *r)
{
	if (r)
		r->on_resolved = NULL;
}
