/* session.c: moves bytes between socket and engine, and requests from the engine to receive.c.
 *
 * One pump does it all: take requests until the engine wants input or an answer, then write what
 * there is to write, so pipelined commands are answered with one write.
 * SPDX-License-Identifier: ISC */
#include "relay/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "relay/ahead.h"
#include "relay/defend.h"
#include "relay/proxied.h"
#include "relay/receive.h"

#define LINGER_MS      2000  /* for the client to close after our last word */
#define LAST_WRITE_MS 10000  /* for our last word to be taken */

static void log_end(const struct session *s)
{
	char tls[SESSION_TLS_MAX];

	log_say(s->w->d->log, LOG_INFO, "session", F_INT("id", s->number),
		F_CSTR("client", s->peer.text), F_CSTR("helo", s->helo),
		F_CSTR("tls", session_tls_text(s, tls)), F_INT("accepted", s->accepted),
		F_INT("refused", s->refused), F_INT("received", s->received),
		F_INT("sent", s->sent), F_INT("ms", clock_mono_ms() - s->since_ms),
		F_CSTR("ended", s->ended));
}

void session_close(struct session *s)
{
	struct worker *w = s->w;

	log_end(s);
	if (s->job)
		s->job->owner = NULL;
	receipt_free(s->mail);
	stream_close(s->stream);
	smtpd_free(s->smtpd);
	census_leave(w->d->census, &s->peer, s->group);
	atomic_fetch_sub(&w->d->board.sessions, 1);
	atomic_fetch_add(&w->d->board.ended[s->end], 1);
	conf_unref(s->conf);
	list_remove(&s->link);
	free(s->helo);
	free(s);
	worker_session_gone(w);
}

static void ends(struct session *s, enum board_end how, const char *why)
{
	s->end = how;
	s->ended = why;
}

/* The engine has said its last word: QUIT's answer, or 421. */
static void note_last_word(struct session *s)
{
	enum reply_id last = smtpd_last_word(s->smtpd);

	if (last == REPLY_BYE)
		ends(s, END_quit, "quit");
	else
		ends(s, END_hung_up, last < REPLY_COUNT ? reply_name(last) : "refused");
}

/* True when all is written. */
static bool write_out(struct session *s)
{
	struct buf *out = smtpd_output(s->smtpd);
	size_t before = buf_len(out);
	bool all_written = stream_write(s->stream, out);

	if (before > buf_len(out)) {
		s->sent += before - buf_len(out);
		board_count(&s->w->d->board, COUNTER_sent_bytes, before - buf_len(out));
	}
	return all_written;
}

/* Everything is written: close our side and wait shortly for the client's, since closing with
 * unread input would reset the connection and destroy our last reply on its way. */
static void linger(struct session *s)
{
	s->lingering = true;
	stream_shutdown(s->stream);
	stream_reading(s->stream, true);
	stream_timeout(s->stream, s->client_ended ? 1 : LINGER_MS);
}

/* What the engine asks, in a table by want; the rest is the pump's own affair. */
static receive_fn *const receivers[] = {
	[WANT_HELO] = receive_helo, [WANT_MAIL] = receive_mail, [WANT_RCPT] = receive_rcpt,
	[WANT_DATA] = receive_data, [WANT_CHUNK] = receive_chunk, [WANT_END] = receive_end,
	[WANT_DROP] = receive_drop, [WANT_RSET] = receive_rset, [WANT_XCLIENT] = receive_xclient,
	[WANT_TLS] = receive_starttls,
	[WANT_CLOSE] = NULL,
};

/* Until the engine wants input, an answer, or the end.  When the daemon is stopping the end of a
 * mail is the end of the session. */
static enum smtpd_want take_requests(struct session *s)
{
	struct smtpd_request r;

	for (;;) {
		r = smtpd_next(s->smtpd);
		if (r.want == WANT_INPUT && s->w->stopping && smtpd_is_idle(s->smtpd)) {
			smtpd_hangup(s->smtpd, reply_get(REPLY_SHUTTING_DOWN));
			continue;
		}
		if (r.want == WANT_INPUT || r.want == WANT_ANSWER || r.want == WANT_CLOSE)
			return r.want;
		if (r.ahead && !defend_hurry(s))
			continue;
		receivers[r.want](s, &r);
	}
}

/* A sign of life: the idle time begins anew.  Not while the timer has something else to do. */
static void rearm(struct session *s)
{
	s->lines = smtpd_lines(s->smtpd);
	if (!s->delayed && !s->ungreeted)
		stream_timeout(s->stream, s->smtp->idle_ms);
}

/* -- TLS ------------------------------------------------------------------------ */

const char *session_tls_text(const struct session *s, char out[SESSION_TLS_MAX])
{
	out[0] = '\0';
	if (s->tls.version)
		(void)snprintf(out, SESSION_TLS_MAX, "%s/%s", s->tls.version, s->tls.cipher);
	return out;
}

static void tls_failed(struct session *s, const char *why)
{
	board_count(&s->w->d->board, COUNTER_tls_failed, 1);
	log_say(s->w->d->log, LOG_INFO, "tls_failed", F_CSTR("client", s->peer.text),
		F_CSTR("why", why));
	ends(s, END_tls_failed, "tls failed");
	session_close(s);
}

/* The 220 is on its way: from here on no byte goes in clear.  The whole handshake has as long as
 * a client may be silent. */
static void begin_tls(struct session *s)
{
	stream_timeout(s->stream, s->smtp->idle_ms);
	stream_start_tls(s->stream, s->w->tls);
}

/* At once; or after a silence that is proof of some patience.  Where TLS comes first the client has
 * to speak before us, so it is silence behind the handshake that counts. */
static void greet(struct session *s)
{
	s->ungreeted = s->smtp->greet_delay_ms > 0;
	if (s->ungreeted)
		stream_timeout(s->stream, s->smtp->greet_delay_ms);
	else
		session_resume(s);
}

static void on_secured(void *owner, bool ok, const char *why)
{
	struct session *s = owner;

	if (!ok || !stream_tls_info(s->stream, &s->tls)) {
		tls_failed(s, why);
		return;
	}
	s->securing = false;
	board_count(&s->w->d->board,
		    str_eq(str_of(s->tls.version), STR("TLSv1.3")) ? COUNTER_tls_1_3 :
								       COUNTER_tls_1_2,
		    1);
	log_say(s->w->d->log, LOG_DEBUG, "secured", F_CSTR("client", s->peer.text),
		F_CSTR("version", s->tls.version), F_CSTR("cipher", s->tls.cipher),
		F_CSTR("sni", s->tls.server_name));
	smtpd_secured(s->smtpd);
	if (s->tls_first)
		greet(s);
	else
		session_resume(s);
}

/* -- the pump --------------------------------------------------------------------- */

static void pump(struct session *s)
{
	enum smtpd_want want;
	bool all_written, wrote, spoke = false;

	do {
		want = take_requests(s);
		if (smtpd_lines(s->smtpd) != s->lines)
			rearm(s);
		wrote = buf_len(smtpd_output(s->smtpd)) > 0;
		spoke |= wrote;
		all_written = write_out(s);
		/* The engine holds commands back while many replies are unsent: ask it again. */
	} while (want == WANT_INPUT && wrote && all_written);
	if (want == WANT_CLOSE) {
		note_last_word(s);
		if (all_written)
			linger(s);
		else
			stream_timeout(s->stream, LAST_WRITE_MS);
		return;
	}
	if (s->securing && all_written) {
		begin_tls(s);
		return;
	}
	if (s->client_ended && want == WANT_INPUT && all_written) {
		ends(s, END_closed, "closed by client");
		linger(s);
		return;
	}
	/* A client that does not read its replies is not read either. */
	stream_reading(s->stream, all_written && smtpd_wants_input(s->smtpd));
	if (!spoke && smtpd_in_data(s->smtpd))
		stream_acknowledge(s->stream);
}

void session_resume(struct session *s)
{
	rearm(s);
	pump(s);
}

void session_hangup(struct session *s, enum reply_id why)
{
	s->delayed = NULL;
	s->ungreeted = false;
	smtpd_hangup(s->smtpd, reply_get(why));
	pump(s);
}

void session_stop(struct session *s)
{
	if (s->securing)
		session_close(s);
	else if (!s->lingering && smtpd_is_idle(s->smtpd))
		session_hangup(s, REPLY_SHUTTING_DOWN);
}

void session_describe(const struct session *s, struct board_session *ret)
{
	*ret = (struct board_session){
		.id = s->number,
		.client = s->peer.text,
		.helo = s->helo,
		.state = s->lingering ? "closing" :
			 s->securing  ? "securing" :
			 s->ungreeted ? "waiting" :
			 s->delayed   ? "delayed" :
					smtpd_state_name(s->smtpd),
		.age_ms = clock_mono_ms() - s->since_ms,
		.idle_ms = loop_now_ms(s->w->loop) - s->heard_ms,
		.accepted = s->accepted,
		.refused = s->refused,
		.received = s->received,
		.sent = s->sent,
	};
}

/* Spoke before it was spoken to: it gets no greeting, and what it said is not looked at. */
static void on_early_talk(struct session *s)
{
	log_say(s->w->d->log, LOG_INFO, "early_talker", F_CSTR("client", s->peer.text),
		F_INT("ms", clock_mono_ms() - s->since_ms));
	buf_clear(smtpd_output(s->smtpd));
	session_hangup(s, REPLY_EARLY_TALKER);
}

static void on_bytes(void *owner, struct str bytes)
{
	struct session *s = owner;

	if (s->lingering)
		return;
	/* Commands are signs of life by whole lines (pump), or a byte now and then would do. */
	if (smtpd_in_data(s->smtpd))
		rearm(s);
	s->heard_ms = loop_now_ms(s->w->loop);
	s->received += bytes.n;
	board_count(&s->w->d->board, COUNTER_received_bytes, bytes.n);
	if (s->ungreeted) {
		on_early_talk(s);
		return;
	}
	if (defend_is_slow(s, s->heard_ms)) {
		session_hangup(s, REPLY_TOO_SLOW);
		return;
	}
	if (!smtpd_feed(s->smtpd, bytes)) {
		ends(s, END_flooded, "flooded");
		session_close(s);
		return;
	}
	pump(s);
}

static void on_writable(void *owner)
{
	struct session *s = owner;

	if (!s->lingering)
		pump(s);
}

/* A client may close its side behind the last command that it pipelined (Exim does, behind QUIT):
 * it is owed its answers, or it would send again what we have taken. */
static void on_end(void *owner, const char *why)
{
	struct session *s = owner;

	if (!why && !s->lingering) {
		s->client_ended = true;
		pump(s);
		return;
	}
	if (!s->lingering)
		ends(s, END_broken, "broken");
	session_close(s);
}

bool session_waits(const struct session *s)
{
	return s->job || receipt_waits(s->mail);
}

static void on_timeout(void *owner)
{
	struct session *s = owner;

	if (s->securing) {
		tls_failed(s, "it took too long");
	} else if (s->lingering || smtpd_next(s->smtpd).want == WANT_CLOSE) {
		session_close(s);
	} else if (s->ungreeted) {
		s->ungreeted = false;
		session_resume(s);
	} else if (s->delayed) {
		smtpd_answer(s->smtpd, s->delayed);
		s->delayed = NULL;
		session_resume(s);
	} else if (session_waits(s)) {
		stream_timeout(s->stream, s->smtp->idle_ms); /* it is us who are slow */
	} else {
		session_hangup(s, REPLY_IDLE);
	}
}

static const struct stream_events events = {
	.on_bytes = on_bytes,
	.on_writable = on_writable,
	.on_end = on_end,
	.on_timeout = on_timeout,
	.on_secured = on_secured,
};

/* Over a limit, or too late: one line, and no session. */
void session_turn_away(const struct door *door, int fd, const struct address *peer,
		       enum reply_id why)
{
	struct worker *w = door->w;
	struct buf line;

	buf_init(&line, 512);
	if (door->tls)
		close(fd); /* a line in clear would be noise there */
	else if (reply_write(&line, reply_get(why)))
		stream_last_word(fd, buf_str(&line));
	buf_done(&line);
	board_count(&w->d->board, COUNTER_connections_refused, 1);
	reply_count(&w->d->board.refusals, reply_get(why));
	log_say(w->d->log, LOG_WARNING, "connection_refused", F_CSTR("client", peer->text),
		F_CSTR("by", reply_name(why)));
}

/* REPLY_OK: it has a place in the census now. */
static enum reply_id admit(const struct door *door, const struct address *peer, unsigned group)
{
	struct worker *w = door->w;
	struct census_limits most = door_limits(door);
	/* Who may say XCLIENT comes for others: they are asked for one by one. */
	enum reply_id why = xclient_is_allowed(w->conf, peer) ? REPLY_OK :
								defend_connection(w, peer);

	if (why != REPLY_OK)
		return why;
	switch (census_enter(w->d->census, peer, group, &most)) {
	case CENSUS_FULL:
		return REPLY_TOO_MANY_CONNS;
	case CENSUS_CLIENT_FULL:
		return REPLY_TOO_MANY_FROM_YOU;
	case CENSUS_OK:
		break;
	}
	return REPLY_OK;
}

void session_start(const struct door *door, int fd, const struct address *peer)
{
	struct worker *w = door->w;
	const struct conf_smtp *smtp = conf_smtp_at(w->conf, door->name);
	unsigned group = door_group(door);
	enum reply_id refusal = admit(door, peer, group);

	if (refusal != REPLY_OK) {
		session_turn_away(door, fd, peer, refusal);
		worker_session_gone(w);
		return;
	}

	struct session *s = mem_alloc(sizeof(*s));
	struct smtpd_limits limits = {
		.max_size = (uint64_t)smtp->max_size,
		.max_line = (unsigned)smtp->max_line,
		.max_rcpts = (unsigned)smtp->max_recipients,
		.starttls = w->tls != NULL,
		.max_errors = (unsigned)smtp->max_errors,
		.max_commands = (unsigned)smtp->max_commands,
		.tally = &w->d->board.refusals,
		.xclient = xclient_is_allowed(w->conf, peer),
	};

	s->w = w;
	s->conf = conf_ref(w->conf);
	s->smtp = smtp;
	s->group = group;
	s->tls_first = door->tls;
	s->peer = *peer;
	s->helo = mem_str(STR_NONE);
	s->number = atomic_fetch_add(&w->d->board.last_session, 1) + 1;
	s->since_ms = clock_mono_ms();
	s->heard_ms = loop_now_ms(w->loop);
	ends(s, END_closed, "closed");
	s->smtpd = smtpd_new(w->d->hostname, &limits);
	s->stream = stream_adopt(w->loop, fd, &events, s);
	list_add_tail(&w->sessions, &s->link);
	atomic_fetch_add(&w->d->board.sessions, 1);
	board_count(&w->d->board, COUNTER_connections, 1);
	if (!limits.xclient)
		ahead_ask(w, peer);
	s->securing = s->tls_first;
	if (s->tls_first)
		begin_tls(s); /* the greeting waits in the engine */
	else
		greet(s);
}
