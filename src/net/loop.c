/* loop: libuv's loop, and what has no socket: timers, ports, signals.
 * SPDX-License-Identifier: ISC */
#include "net/loop.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "net/net_private.h"

#define SIGNALS_MAX 8

/* ---- the life of handles ---- */

void net_must(int rc)
{
	assert(rc == 0);
}

void net_handle_add(struct net_object *o, uv_handle_t *h)
{
	h->data = o;
	o->handles++;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct net_object *o = h->data;

	if (--o->handles > 0)
		return;
	if (o->done)
		o->done(o);
	free(o);
}

bool net_object_close(struct net_object *o, uv_handle_t *const *handles, unsigned n)
{
	if (o->closing)
		return false;
	o->closing = true;
	for (unsigned i = 0; i < n; i++)
		uv_close(handles[i], on_handle_closed);
	return true;
}

/* ---- the loop ---- */

static void on_wake(uv_async_t *wake)
{
	uv_stop(wake->loop);
}

struct loop *loop_new(void)
{
	struct loop *l = mem_alloc(sizeof(*l));

	net_must(uv_loop_init(&l->uv));
	l->uv.data = l;
	net_must(uv_async_init(&l->uv, &l->wake, on_wake));
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_stop_soon(struct loop *l)
{
	net_must(uv_async_send(&l->wake));
}

static void close_left(uv_handle_t *h, void *arg)
{
	struct loop *l = arg;
	struct net_object *o = h->data;

	if (h == (uv_handle_t *)&l->wake)
		uv_close(h, NULL);
	else if (!o->closing)
		o->close(o);
}

void loop_free(struct loop *l)
{
	if (l->resolver)
		net_resolver_close(l->resolver);
	uv_walk(&l->uv, close_left, l);
	while (uv_run(&l->uv, UV_RUN_DEFAULT))
		;
	net_must(uv_loop_close(&l->uv));
	free(l);
}

int64_t loop_now_ms(struct loop *l)
{
	return (int64_t)uv_now(&l->uv);
}

/* ---- timer ---- */

struct timer {
	struct net_object object;
	uv_timer_t uv;
	on_time_fn *on_time;
	void *owner;
};

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = uv->data;

	t->on_time(t->owner);
}

static void timer_close(struct net_object *o)
{
	struct timer *t = CONTAINER(o, struct timer, object);

	net_object_close(o, (uv_handle_t *[]){ (uv_handle_t *)&t->uv }, 1);
}

struct timer *timer_new(struct loop *l, on_time_fn *on_time, void *owner)
{
	struct timer *t = mem_alloc(sizeof(*t));

	t->object.close = timer_close;
	t->on_time = on_time;
	t->owner = owner;
	net_must(uv_timer_init(&l->uv, &t->uv));
	net_handle_add(&t->object, (uv_handle_t *)&t->uv);
	return t;
}

void timer_set(struct timer *t, int64_t in_ms)
{
	net_must(uv_timer_start(&t->uv, on_timer, in_ms < 0 ? 0 : (uint64_t)in_ms, 0));
}

void timer_clear(struct timer *t)
{
	uv_timer_stop(&t->uv);
}

bool timer_is_set(const struct timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->uv);
}

void timer_free(struct timer *t)
{
	if (t)
		timer_close(&t->object);
}

/* ---- port ---- */

struct port {
	struct net_object object;
	uv_async_t uv;
	struct inbox inbox;
	on_items_fn *on_items;
	void *owner;
};

/* From any thread. */
static void wake_port(void *arg)
{
	struct port *p = arg;

	net_must(uv_async_send(&p->uv));
}

static void on_port(uv_async_t *uv)
{
	struct port *p = uv->data;
	struct list items;

	list_init(&items);
	if (inbox_take_all(&p->inbox, &items))
		p->on_items(p->owner, &items);
}

static void port_done(struct net_object *o)
{
	inbox_done(&CONTAINER(o, struct port, object)->inbox);
}

static void port_close_object(struct net_object *o)
{
	struct port *p = CONTAINER(o, struct port, object);

	inbox_close(&p->inbox);
	net_object_close(o, (uv_handle_t *[]){ (uv_handle_t *)&p->uv }, 1);
}

struct port *port_open(struct loop *l, on_items_fn *on_items, void *owner)
{
	struct port *p = mem_alloc(sizeof(*p));

	p->object.close = port_close_object;
	p->object.done = port_done;
	p->on_items = on_items;
	p->owner = owner;
	inbox_init(&p->inbox, wake_port, p);
	net_must(uv_async_init(&l->uv, &p->uv, on_port));
	net_handle_add(&p->object, (uv_handle_t *)&p->uv);
	return p;
}

struct inbox *port_inbox(struct port *p)
{
	return &p->inbox;
}

void port_close(struct port *p)
{
	if (p)
		port_close_object(&p->object);
}

/* ---- signals ---- */

struct signals {
	struct net_object object;
	on_signal_fn *on_signal;
	void *owner;
	unsigned n;
	uv_signal_t uv[SIGNALS_MAX];
};

static void on_signal(uv_signal_t *uv, int signo)
{
	struct signals *s = uv->data;

	s->on_signal(s->owner, signo);
}

static void signals_close_object(struct net_object *o)
{
	struct signals *s = CONTAINER(o, struct signals, object);
	uv_handle_t *handles[SIGNALS_MAX];

	for (unsigned i = 0; i < s->n; i++)
		handles[i] = (uv_handle_t *)&s->uv[i];
	net_object_close(o, handles, s->n);
}

struct signals *signals_watch(struct loop *l, const int *signos, unsigned n, on_signal_fn *on_signo,
			      void *owner)
{
	struct signals *s = mem_alloc(sizeof(*s));

	assert(n >= 1 && n <= SIGNALS_MAX);
	s->object.close = signals_close_object;
	s->on_signal = on_signo;
	s->owner = owner;
	s->n = n;
	for (unsigned i = 0; i < n; i++) {
		net_must(uv_signal_init(&l->uv, &s->uv[i]));
		net_handle_add(&s->object, (uv_handle_t *)&s->uv[i]);
		net_must(uv_signal_start(&s->uv[i], on_signal, signos[i]));
	}
	return s;
}

void signals_close(struct signals *s)
{
	if (s)
		signals_close_object(&s->object);
}
