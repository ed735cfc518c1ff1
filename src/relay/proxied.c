/* proxied.c: see proxied.h.
 *
 * A visitor has no session yet: nothing is said to it, and what goes wrong is said to the log only,
 * since a proxy would hand our words to its client.  It counts among all connections, not among
 * those of its address, for the address is the proxy's.
 * SPDX-License-Identifier: ISC */
#include "relay/proxied.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "net/preface.h"
#include "proto/xclient.h"
#include "relay/ahead.h"
#include "relay/defend.h"
#include "relay/session.h"

#define PATIENCE_MS 10000 /* a proxy has its header at hand when it connects */

/* -- PROXY --------------------------------------------------------------------------------- */

struct visitor {
	struct list link; /* in worker.visitors */
	struct worker *w;
	const struct door *door;
	unsigned group; /* of the census */
	struct preface *preface;
	int fd;
	struct address peer; /* the proxy */
};

static bool is_among(const struct conf_list *list, const struct address *a)
{
	struct ip ip;

	if (!list->n)
		return false;
	ip = address_ip(a);
	return cidr_any_has(list->networks, list->n, &ip);
}

bool visitor_is_expected(const struct worker *w, const struct address *peer)
{
	return is_among(&w->conf->smtp.proxy_from, peer);
}

/* Frees v; its fd is the caller's. */
static void visitor_free(struct visitor *v)
{
	preface_close(v->preface);
	census_leave(v->w->d->census, &v->peer, v->group);
	list_remove(&v->link);
	free(v);
}

static void turn_away(struct worker *w, int fd, const struct address *peer, const char *why)
{
	close(fd);
	worker_session_gone(w);
	if (!why[0])
		return;
	board_count(&w->d->board, COUNTER_connections_refused, 1);
	log_say(w->d->log, LOG_WARNING, "proxy_refused", F_CSTR("proxy", peer->text),
		F_CSTR("why", why));
}

static void on_preface(void *owner, const struct proxy *said, const char *why)
{
	struct visitor *v = owner;
	struct worker *w = v->w;
	struct address client = v->peer;
	const struct door *door = v->door;
	int fd = v->fd;

	visitor_free(v);
	if (!said) {
		turn_away(w, fd, &client, why);
		return;
	}
	if (said->named)
		client = address_of_ip(&said->client, said->port);
	session_start(door, fd, &client);
}

void visitor_start(const struct door *door, int fd, const struct address *peer)
{
	struct worker *w = door->w;
	struct census_limits most = door_limits(door);
	unsigned group = door_group(door);

	most.client = most.all;
	if (census_enter(w->d->census, peer, group, &most) != CENSUS_OK) {
		turn_away(w, fd, peer, reply_name(REPLY_TOO_MANY_CONNS));
		return;
	}

	struct visitor *v = mem_alloc(sizeof(*v));

	v->w = w;
	v->fd = fd;
	v->door = door;
	v->group = group;
	v->peer = *peer;
	v->preface = preface_start(w->loop, fd, PATIENCE_MS, on_preface, v);
	list_add_tail(&w->visitors, &v->link);
}

void visitor_close_all(struct worker *w)
{
	while (!list_is_empty(&w->visitors)) {
		struct visitor *v = LIST_ITEM(w->visitors.next, struct visitor, link);
		struct address peer = v->peer;
		int fd = v->fd;

		visitor_free(v);
		turn_away(w, fd, &peer, "");
	}
}

/* -- XCLIENT ------------------------------------------------------------------------------- */

bool xclient_is_allowed(const struct conf *conf, const struct address *client)
{
	return is_among(&conf->smtp.xclient_from, client);
}

/* From here on the session counts as the client's; false when that one has too many. */
static bool move_in_census(struct session *s, const struct address *client)
{
	struct census_limits most = {
		.all = UINT_MAX, /* in all there is not one more */
		.group = UINT_MAX,
		.client = (unsigned)s->smtp->max_client_connections,
	};

	if (str_eq(str_of(client->text), str_of(s->peer.text)))
		return true;
	if (census_enter(s->w->d->census, client, s->group, &most) != CENSUS_OK)
		return false;
	census_leave(s->w->d->census, &s->peer, s->group);
	/* What the one before tried is not this one's doing. */
	s->bad_rcpts = 0;
	s->hurried = false;
	return true;
}

void receive_xclient(struct session *s, const struct smtpd_request *r)
{
	struct address client = s->peer;
	struct xclient x;
	bool parsed = xclient_parse(r->xclient, &x);

	assert(parsed); /* the engine has asked before */
	if (x.has_addr)
		client = address_of_ip(&x.addr, x.port);
	log_say(s->w->d->log, LOG_INFO, "xclient", F_CSTR("from", s->peer.text),
		F_CSTR("client", client.text), F_CSTR("name", x.name), F_CSTR("helo", x.helo),
		F_CSTR("login", x.login));
	enum reply_id why = x.has_addr ? defend_connection(s->w, &client) : REPLY_OK;

	if (why != REPLY_OK) {
		smtpd_answer(s->smtpd, reply_get(why));
		return;
	}
	if (!move_in_census(s, &client)) {
		smtpd_answer(s->smtpd, reply_get(REPLY_TOO_MANY_FROM_YOU));
		return;
	}
	s->peer = client;
	ahead_ask(s->w, &client);
	/* What an earlier XCLIENT said stands, what the proxy said of itself does not. */
	if (x.helo[0] || !s->helo_told) {
		free(s->helo);
		s->helo = mem_str(str_of(x.helo));
		s->helo_told = x.helo[0];
	}
	if (x.proto != XCLIENT_PROTO_UNSAID) {
		s->proto_told = true;
		s->esmtp = x.proto == XCLIENT_PROTO_ESMTP;
	}
	smtpd_answer(s->smtpd, reply_get(REPLY_OK));
}
