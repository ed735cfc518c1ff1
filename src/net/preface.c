/* preface: see preface.h.
 *
 * The socket is peeked at.  As long as the header is not whole, all that is there belongs to it
 * and is taken out, so that the loop is woken by new bytes only; of the last piece just the rest of
 * the header is taken.
 * SPDX-License-Identifier: ISC */
#include "net/preface.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "net/net_private.h"

struct preface {
	struct net_object object;
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	on_preface_fn *on_preface;
	void *owner;
	size_t n;
	char bytes[PROXY_HEADER_MAX]; /* taken so far, and then what was peeked at */
};

static void tell(struct preface *p, const struct proxy *said, const char *why)
{
	uv_poll_stop(&p->poll);
	uv_timer_stop(&p->timer);
	p->on_preface(p->owner, said, why);
}

static void on_late(uv_timer_t *timer)
{
	tell(timer->data, NULL, "no PROXY header came in time");
}

static ssize_t receive(struct preface *p, size_t n, int flags)
{
	ssize_t got;

	do
		got = recv(p->fd, p->bytes + p->n, n, flags);
	while (got < 0 && errno == EINTR);
	return got;
}

static void on_peeked(struct preface *p, size_t got)
{
	struct proxy said;
	ptrdiff_t used = proxy_parse((struct str){ p->bytes, p->n + got }, &said);
	size_t ours = used > 0 ? (size_t)used - p->n : got;

	if (used < 0) {
		tell(p, NULL, "malformed PROXY header");
	} else if (receive(p, ours, 0) != (ssize_t)ours) {
		tell(p, NULL, "broken"); /* it was there a moment ago */
	} else {
		p->n += ours;
		if (used > 0)
			tell(p, &said, NULL);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events UNUSED)
{
	struct preface *p = poll->data;
	ssize_t got = receive(p, sizeof(p->bytes) - p->n, MSG_PEEK);

	if (got > 0)
		on_peeked(p, (size_t)got);
	else if (got == 0)
		tell(p, NULL, p->n ? "closed amid the PROXY header" : "");
	else if (status < 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		tell(p, NULL, "broken");
}

static void close_object(struct net_object *o)
{
	struct preface *p = CONTAINER(o, struct preface, object);

	net_object_close(
		o, (uv_handle_t *[]){ (uv_handle_t *)&p->poll, (uv_handle_t *)&p->timer }, 2);
}

struct preface *preface_start(struct loop *l, int fd, int64_t within_ms, on_preface_fn *on_preface,
			      void *owner)
{
	struct preface *p = mem_alloc(sizeof(*p));

	p->object.close = close_object;
	p->fd = fd;
	p->on_preface = on_preface;
	p->owner = owner;
	net_must(uv_poll_init(&l->uv, &p->poll, fd));
	net_handle_add(&p->object, (uv_handle_t *)&p->poll);
	net_must(uv_timer_init(&l->uv, &p->timer));
	net_handle_add(&p->object, (uv_handle_t *)&p->timer);
	net_must(uv_poll_start(&p->poll, UV_READABLE, on_readable));
	net_must(uv_timer_start(&p->timer, on_late, (uint64_t)within_ms, 0));
	return p;
}

void preface_close(struct preface *p)
{
	close_object(&p->object);
}
