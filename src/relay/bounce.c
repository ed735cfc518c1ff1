/* bounce.c: see bounce.h.
 *
 * The headers of the original are in the body's first row, which must be read first; when it cannot
 * be read the bounce goes without them rather than not at all.
 * SPDX-License-Identifier: ISC */
#include "relay/bounce.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "proto/dsn.h"

#define BOUNCE_MAX (1024 * 1024)

/* Waits for the headers; lives in the settle job's arena, as does all it points to. */
struct composing {
	struct forward *f;
	struct job_settle *job;
	struct outcome *outcomes; /* the job's */
	bool expired;
	struct dsn_rcpt *rcpts;
	size_t rcpt_count;
	struct str sender, envid;
	int64_t received_ms;
};

/* "550 5.1.1 text" gives "5.1.1"; without one "5.0.0", or "4.4.7" (RFC 3463: delivery time expired)
 * for what expired. */
static const char *status_of(struct arena *a, struct str reply, bool expired)
{
	struct str code, rest, status;
	const char *text;

	if (expired)
		return "4.4.7";
	str_cut(reply, ' ', &code, &rest);
	str_cut(rest, ' ', &status, &rest);
	if (status.n < 5 || status.n > 11 || !str_starts(status, STR("5.")) ||
	    strspn(status.at, "0123456789.") < status.n)
		return "5.0.0";
	text = arena_cstr(a, status);
	return text ? text : "5.0.0";
}

static struct str orcpt_of(const struct bounce_of *of, size_t i)
{
	return of->parcel ? of->parcel->mail->rcpts[i].orcpt : of->expired[i].orcpt;
}

static const char *reason_of(const struct bounce_of *of, const struct outcome *o)
{
	if (o->relayed)
		return "was handed to the mail server of its domain, which sends no reports";
	return of->expired ? "could not be delivered in time" :
			     "was refused by the mail server of its domain";
}

static struct str address_of(const struct bounce_of *of, size_t i)
{
	return of->parcel ? of->parcel->mail->rcpts[i].address : of->expired[i].address;
}

static bool collect(struct composing *c, struct arena *a, const struct bounce_of *of)
{
	c->rcpts = arena_alloc(a, c->job->outcome_count * sizeof(*c->rcpts));
	c->sender = arena_dup(a, of->sender);
	c->envid = arena_dup(a, of->envid);
	c->received_ms = of->received_ms;
	c->outcomes = of->outcomes;
	c->expired = of->expired;
	if (!c->rcpts || !c->sender.at || !c->envid.at)
		return false;
	for (size_t i = 0; i < c->job->outcome_count; i++) {
		const struct outcome *o = &c->job->outcomes[i];

		if (o->kind != OUTCOME_BOUNCED && !o->relayed)
			continue;
		c->rcpts[c->rcpt_count++] = (struct dsn_rcpt){
			.address = arena_dup(a, address_of(of, i)),
			.relayed = o->relayed,
			.orcpt = arena_dup(a, orcpt_of(of, i)),
			.status = o->relayed ? "2.0.0" : status_of(a, o->reply, of->expired),
			.diagnostic = o->reply,
			.remote_mta = o->primary,
			.reason = reason_of(of, o),
		};
	}
	return c->rcpt_count > 0;
}

/* No bounce can be made of it: then nobody may read that one was sent. */
static void give_up_bounce(struct composing *c)
{
	for (size_t i = 0; i < c->job->outcome_count; i++)
		if (c->outcomes[i].kind == OUTCOME_BOUNCED)
			c->outcomes[i].kind = c->expired ? OUTCOME_EXPIRED : OUTCOME_FAILED;
}

/* The bounce as a new message of the settle job. */
static void attach(struct composing *c, struct str headers)
{
	struct forward *f = c->f;
	struct arena *a = c->job->job.arena;
	int64_t now_ms = clock_wall_ms();
	msgid id = id_next(store_ids(f->d->store), now_ms);
	struct envelope_rcpt *to = arena_alloc(a, sizeof(*to));
	struct buf text;
	size_t n;

	buf_init(&text, BOUNCE_MAX);
	if (to && dsn_write(&text, &(struct dsn){
					   .hostname = f->d->hostname,
					   .id = id,
					   .original = c->job->message,
					   .envid = c->envid,
					   .to = c->sender,
					   .arrived_ms = c->received_ms,
					   .now_ms = now_ms,
					   .rcpts = c->rcpts,
					   .rcpt_count = c->rcpt_count,
					   .headers = headers,
				   })) {
		*to = (struct envelope_rcpt){ .address = c->sender, .domain = DOMAIN_BOUNCES,
						.orcpt = STR_NONE };
		c->job->bounce_env = (struct envelope){
			.id = id,
			.sender = STR_NONE,
			.envid = STR_NONE,
			.client = STR_NONE,
			.helo = str_of(f->d->hostname),
			.received_ms = now_ms,
			.smtputf8 = utf8_has_8bit(c->sender), /* else all of it is ASCII: dsn.h */
			.utf8_header = utf8_has_8bit(c->sender),
			.rcpts = to,
			.rcpt_count = 1,
		};
		c->job->bounce_body.mem = buf_take(&text, &n);
		c->job->bounce_body.fd = -1;
		c->job->bounce_body.size = n;
	} else {
		give_up_bounce(c);
	}
	buf_done(&text);
}

static void on_headers(void *world UNUSED, struct job *job)
{
	struct job_chunk *chunk = CONTAINER(job, struct job_chunk, job);
	struct composing *c = job->owner;

	attach(c, job->ok && chunk->found ? chunk->bytes : STR_NONE);
	store_put(c->f->d->store, &c->job->job);
	job_free(job);
}

static bool has_bounce(const struct job_settle *job)
{
	for (size_t i = 0; i < job->outcome_count; i++)
		if (job->outcomes[i].kind == OUTCOME_BOUNCED || job->outcomes[i].relayed)
			return true;
	return false;
}

bool bounce_compose(struct forward *f, struct job_settle *job, const struct bounce_of *of)
{
	struct composing *c;
	struct job_chunk *chunk;

	if (!has_bounce(job))
		return false;
	c = arena_alloc(job->job.arena, sizeof(*c));
	if (!c)
		abort(); /* the arena has room: its size is that of one message's recipients */
	c->f = f;
	c->job = job;
	if (!collect(c, job->job.arena, of))
		abort();
	chunk = job_new_chunk(port_inbox(f->jobs), on_headers, c);
	chunk->message = job->message;
	store_put(f->d->store, &chunk->job);
	return true;
}
