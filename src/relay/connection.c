/* connection.c: see connection.h.
 * SPDX-License-Identifier: ISC */
#include "relay/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "relay/connection_private.h"
#include "relay/mirror.h"
#include "relay/settle.h"

#define QUIT_MS     5000         /* for the answer to QUIT */
#define RCPTS_MAX   1000         /* recipients that the engine takes at once */

static struct forward *forward_of(const struct connection *c)
{
	return c->dest->f;
}

/* -- the end ----------------------------------------------------------------------- */

static void end_parcel(struct connection *c)
{
	connection_body_drop(c);
	free(c->rcpts);
	free(c->dsn);
	free(c->answers);
	c->rcpts = NULL;
	c->dsn = NULL;
	c->answers = NULL;
	c->parcel = NULL;
	c->dest->in_flight--;
}

/* words is NULL when the dialogue about it came to its end. */
static void settle_and_end(struct connection *c, const char *words)
{
	struct parcel *p = c->parcel;
	char *unknown = NULL;

	if (words)
		smtpc_lost(c->smtpc, words);
	if (words && smtpc_dot_sent(c->smtpc)) /* RFC 1047: it may come twice */
		unknown = mem_printf("all was sent, then no answer came: %s", words);
	settle_parcel(p, c->dest,
		      &(struct dialogue){ .smtpc = c->smtpc,
					  .first = c->first,
					  .count = c->count,
					  .answers = c->answers,
					  .words = unknown ? unknown : words });
	end_parcel(c);
	free(unknown);
}

/* Without outcome it stays queued and due: the next start begins with it. */
static void hand_back(struct connection *c)
{
	struct parcel *p = c->parcel;

	end_parcel(c);
	parcel_free(p);
}

/* It took mail on this connection, and ends it before a word about the next: servers do so after a
 * number of mails.  That says nothing of this one, which goes by another connection at once. */
static bool is_only_goodbye(struct connection *c, const char *words)
{
	if (c->parcel)
		smtpc_lost(c->smtpc, words);
	return c->parcel && c->mails > 1 && !c->answers && smtpc_is_unheard(c->smtpc);
}

static void put_back(struct connection *c)
{
	struct parcel *p = c->parcel;

	end_parcel(c);
	queue_put_back(p);
}

/* How it ended: well, by a fault of ours, by the primary's wish (421, or its end), or by a fault of
 * the primary's, which must know of it. */
enum blame { BLAME_NOBODY, BLAME_GOODBYE, BLAME_PRIMARY };

static void connection_close(struct connection *c, enum blame blame, const char *words)
{
	struct destination *d = c->dest;

	if (blame == BLAME_GOODBYE && is_only_goodbye(c, words))
		put_back(c);
	/* How it ends a connection that has nothing to do is its affair: 421, reset or nothing. */
	if (c->ready && !c->parcel)
		blame = BLAME_NOBODY;

	char *why = mem_str(str_of(words)); /* words may be the engine's */
	bool was_ready = c->ready;

	if (c->parcel && d->f->stopping && blame == BLAME_NOBODY && !c->answers)
		hand_back(c);
	else if (c->parcel)
		settle_and_end(c, why);
	resolve_cancel(c->resolve);
	stream_close(c->stream);
	smtpc_free(c->smtpc);
	list_remove(&c->link);
	d->connection_count--;
	d->f->connections--;
	if (!was_ready)
		d->opening--;
	free(c);
	if (blame != BLAME_NOBODY)
		destination_trouble(d, was_ready, why);
	else
		destination_pump(d);
	free(why);
	forward_check_end(d->f);
}

/* -- the dialogue ---------------------------------------------------------------------- */

static int64_t timeout_of(const struct connection *c)
{
	const struct conf *conf = forward_of(c)->conf;

	if (c->quitting)
		return QUIT_MS;
	switch (smtpc_phase(c->smtpc)) {
	case SMTPC_PHASE_GREETING:
		return conf->forward.greeting_timeout_ms;
	case SMTPC_PHASE_COMMAND:
		return conf->forward.command_timeout_ms;
	case SMTPC_PHASE_DATA:
		return conf->forward.data_timeout_ms;
	case SMTPC_PHASE_FINAL:
		return conf->forward.final_timeout_ms;
	case SMTPC_PHASE_IDLE:
		break;
	}
	return conf->forward.idle_ms;
}

/* The next recipients of the parcel, as many as the server takes at once. */
static void send_some(struct connection *c)
{
	const struct due_mail *mail = c->parcel->mail;
	uint64_t most = smtpc_caps(c->smtpc)->rcpt_max;

	if (!most || most > RCPTS_MAX)
		most = RCPTS_MAX;
	c->count = mail->rcpt_count - c->first;
	if (c->count > most)
		c->count = (size_t)most;
	c->mails++;
	c->sent = 0;
	c->next_seq = 0;
	connection_body_ask(c);
	smtpc_send(c->smtpc, &(struct smtpc_mail){
				     .sender = mail->sender,
				     .rcpts = c->rcpts + c->first,
				     .rcpt_count = c->count,
				     .size = mail->size,
				     .body_8bit = mail->body_8bit,
				     .smtputf8 = mail->smtputf8,
				     .utf8_header = mail->utf8_header,
				     .ret = (enum dsn_ret)mail->ret,
				     .envid = mail->envid,
				     .dsn = c->dsn + c->first,
			     });
}

/* Their answers are kept; false when none of the parcel's recipients are left. */
static bool send_rest(struct connection *c)
{
	size_t all = c->parcel->mail->rcpt_count;

	if (c->first + c->count == all)
		return false;
	if (!c->answers)
		c->answers = mem_alloc(all * sizeof(*c->answers));
	for (size_t i = 0; i < c->count; i++)
		c->answers[c->first + i] = *smtpc_result(c->smtpc, i);
	connection_body_drop(c);
	c->first += c->count;
	c->count = 0;
	return true;
}

/* The server takes no more mails on this connection (RFC 9422). */
static bool is_used_up(const struct connection *c)
{
	uint64_t most = smtpc_caps(c->smtpc)->mail_max;

	return most && c->mails >= most;
}

/* Takes the next parcel into dialogue; false: there is none. */
static bool start_parcel(struct connection *c)
{
	struct parcel *p = destination_next(c->dest);

	c->idle = !p;
	if (!p)
		return false;

	const struct due_mail *mail = p->mail;

	c->parcel = p;
	c->dest->in_flight++;
	c->first = 0;
	c->rcpts = mem_alloc(mail->rcpt_count * sizeof(*c->rcpts));
	c->dsn = mem_alloc(mail->rcpt_count * sizeof(*c->dsn));
	for (size_t i = 0; i < mail->rcpt_count; i++) {
		c->rcpts[i] = mail->rcpts[i].address;
		c->dsn[i] = (struct smtpc_rcpt_dsn){ mail->rcpts[i].notify, mail->rcpts[i].orcpt };
	}
	send_some(c);
	return true;
}

static void quit(struct connection *c)
{
	c->idle = false;
	c->quitting = true;
	smtpc_quit(c->smtpc);
}

static void is_ready(struct connection *c)
{
	if (c->ready)
		return;
	c->ready = true;
	c->dest->opening--;
	mirror_learn(c->dest, smtpc_caps(c->smtpc));
	destination_is_ready(c->dest, smtpc_greeting(c->smtpc));
	destination_grow(c->dest);
}

static void mail_done(struct connection *c)
{
	settle_and_end(c, NULL);
	destination_mail_done(c->dest);
	destination_grow(c->dest);
}

static enum step step(struct connection *c)
{
	switch (smtpc_next(c->smtpc)) {
	case SMTPC_INPUT:
		return STEP_WAIT;
	case SMTPC_READY:
		is_ready(c);
		if (c->parcel)
			send_some(c);
		if (c->parcel || (!is_used_up(c) && start_parcel(c)))
			return STEP_ON;
		if ((!forward_of(c)->stopping && !is_used_up(c)) || c->quitting)
			return STEP_WAIT;
		quit(c);
		return STEP_ON;
	case SMTPC_BODY:
		return connection_body_feed(c);
	case SMTPC_DONE:
		if (is_used_up(c) || forward_of(c)->stopping || !send_rest(c))
			mail_done(c);
		return STEP_ON;
	case SMTPC_CLOSED:
		return STEP_QUIT;
	case SMTPC_BROKEN:
		break;
	}
	return STEP_BROKEN;
}

void connection_pump(struct connection *c)
{
	enum step next;

	if (c->pumping || !c->smtpc)
		return;
	c->pumping = true;
	do {
		while ((next = step(c)) == STEP_ON)
			;
		/* When all is written the engine may take more of the body. */
	} while (next == STEP_WAIT && stream_write(c->stream, smtpc_output(c->smtpc)) &&
		 smtpc_next(c->smtpc) == SMTPC_BODY && connection_body_is_here(c));
	c->pumping = false;
	switch (next) {
	case STEP_QUIT:
		connection_close(c, BLAME_NOBODY, "");
		return;
	case STEP_NO_BODY: /* deleted meanwhile, or the store cannot read it */
		connection_close(c, BLAME_NOBODY, "our copy of the message could not be read");
		return;
	case STEP_BROKEN:
		connection_close(c,
				 smtpc_why(c->smtpc)->code == 421 ? BLAME_GOODBYE : BLAME_PRIMARY,
				 smtpc_why(c->smtpc)->text);
		return;
	case STEP_ON:
	case STEP_WAIT:
		break;
	}
	stream_timeout(c->stream, timeout_of(c));
}

void connection_wake(struct connection *c)
{
	if (c->idle)
		connection_pump(c);
}

bool connection_is_ready(const struct connection *c)
{
	return c->ready;
}

/* -- events of the stream ---------------------------------------------------------------- */

static void try_next_address(struct connection *c, const char *why);

static void on_connected(void *owner, bool ok, const char *why)
{
	struct connection *c = owner;

	if (!ok) {
		try_next_address(c, why);
		return;
	}
	c->smtpc = smtpc_new(forward_of(c)->d->hostname);
	connection_pump(c);
}

static void on_bytes(void *owner, struct str bytes)
{
	struct connection *c = owner;

	if (!smtpc_feed(c->smtpc, bytes)) {
		connection_close(c, BLAME_PRIMARY, "its replies are too long");
		return;
	}
	connection_pump(c);
}

static void on_writable(void *owner)
{
	connection_pump(owner);
}

static void on_end(void *owner, const char *why)
{
	struct connection *c = owner;

	connection_close(c, BLAME_GOODBYE, why ? why : "it closed the connection");
}

static void on_timeout(void *owner)
{
	struct connection *c = owner;

	if (!c->smtpc) {
		try_next_address(c, "connection timed out");
	} else if (c->idle) {
		quit(c);
		connection_pump(c);
	} else {
		connection_close(c, BLAME_PRIMARY, "timed out waiting for it");
	}
}

static const struct stream_events events = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
	.on_timeout = on_timeout,
};

/* -- the beginning -------------------------------------------------------------------------- */

static void try_next_address(struct connection *c, const char *why)
{
	stream_close(c->stream);
	c->stream = NULL;
	if (c->address_at == c->address_count) {
		connection_close(c, BLAME_PRIMARY, why);
		return;
	}
	c->stream = stream_connect(forward_of(c)->loop, &c->addresses[c->address_at++], &events, c);
	stream_timeout(c->stream, forward_of(c)->conf->forward.connect_timeout_ms);
}

static void on_resolved(void *owner, const struct address *addresses, size_t n, const char *why)
{
	struct connection *c = owner;

	c->resolve = NULL;
	c->address_count = n < COUNT(c->addresses) ? n : COUNT(c->addresses);
	memcpy(c->addresses, addresses, c->address_count * sizeof(*addresses));
	try_next_address(c, n ? "no address answers" : why);
}

void connection_open(struct destination *d)
{
	struct connection *c = mem_alloc(sizeof(*c));

	c->dest = d;
	d->connection_count++;
	d->opening++;
	d->f->connections++;
	forward_show(d->f);
	list_add_tail(&d->connections, &c->link);
	c->resolve = resolve_start(d->f->loop, d->host, d->port, on_resolved, c);
}

void connection_stop(struct connection *c, bool now)
{
	if (now || !c->ready)
		connection_close(c, BLAME_NOBODY, "we are stopping");
	else if (c->idle)
		on_timeout(c);
}
