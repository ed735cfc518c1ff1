/* receive.c: see receive.h.  The order of the functions is the order of a mail.
 *
 * RCPT is in rcpt.c; what comes behind the content's end is in keep.c.
 * SPDX-License-Identifier: ISC */
#include "relay/receive.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "policy/spf_check.h"
#include "proto/spf_field.h"
#include "proto/trace.h"
#include "relay/defend.h"
#include "relay/inquiry.h"
#include "relay/receipt.h"
#include "relay/session.h"

void receipt_free(struct receipt *m)
{
	if (!m)
		return;
	inquiries_cut(m);
	settings_unref(m->settings);
	spool_hold(m->budget, -(int64_t)m->counted);
	spool_done(&m->spool);
	arena_free(m->arena);
	free(m);
}

void receipt_count_memory(struct receipt *m)
{
	size_t used = arena_used(m->arena);

	spool_hold(m->budget, (int64_t)(used - m->counted));
	m->counted = used;
}

bool receipt_waits(const struct receipt *m)
{
	return m && m->deciding;
}

void receipt_forget(struct session *s)
{
	receipt_free(s->mail);
	s->mail = NULL;
}

/* -- HELO, MAIL -------------------------------------------------------------- */

void receive_helo(struct session *s, const struct smtpd_request *r)
{
	receipt_forget(s);
	if (!s->helo_told) {
		free(s->helo);
		s->helo = mem_str(r->helo);
	}
	if (!s->proto_told)
		s->esmtp = r->esmtp;
	session_answer(s, REPLY_OK);
}

/* RFC 3207 §4.2: what was said in clear is forgotten. */
void receive_starttls(struct session *s, const struct smtpd_request *r UNUSED)
{
	receipt_forget(s);
	if (!s->w->tls) {
		session_answer(s, REPLY_TLS_UNAVAILABLE);
		return;
	}
	if (!s->helo_told) {
		free(s->helo);
		s->helo = mem_str(STR_NONE);
	}
	s->securing = true;
	session_answer(s, REPLY_TLS_READY);
}

static struct receipt *receipt_new(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = mem_alloc(sizeof(*m));

	m->arena = arena_new(MAIL_ARENA_MAX);
	m->budget = &s->w->d->spool;
	m->body_8bit = r->body_8bit;
	m->smtputf8 = r->smtputf8;
	m->said_size = r->size;
	m->size_limit = UINT64_MAX;
	m->ret = r->ret;
	m->envid = arena_dup(m->arena, r->envid);
	m->w = s->w;
	m->session = s;
	list_init(&m->inquiries);
	m->asks = asks_new(m->arena, &(struct asks_backend){ .put = inquiry_put, .world = m });
	spool_init(&m->spool, s->w->d->state_dir, m->budget);
	header_init(&m->header, s->w->d->hostname);
	authres_init(&m->authres, s->w->d->hostname);
	if (!m->asks || !m->envid.at || !path_keep(m->arena, &r->path, &m->sender)) {
		receipt_free(m);
		return NULL;
	}
	receipt_count_memory(m);
	return m;
}

void receive_mail(struct session *s, const struct smtpd_request *r)
{
	receipt_forget(s);
	if (!store_takes_mail(s->w->d->store)) {
		session_count(s, COUNTER_deferred_mails);
		session_answer(s, REPLY_NO_SPACE);
		return;
	}
	if (spool_is_crowded(&s->w->d->spool)) {
		session_count(s, COUNTER_deferred_mails);
		session_answer(s, REPLY_CROWDED);
		return;
	}
	if (!defend_rate(s, GUARD_MESSAGES)) {
		session_count(s, COUNTER_deferred_mails);
		session_answer(s, REPLY_RATE_MESSAGES);
		return;
	}
	s->mail = receipt_new(s, r);
	session_answer(s, s->mail ? REPLY_SENDER_OK : REPLY_NO_MEMORY);
}

/* -- DATA ---------------------------------------------------------------------- */

/* Our line may not make the header one that needs SMTPUTF8: a U-label is shown as an A-label, and
 * what has no form in ASCII only when its recipient has none either. */
static struct str shown_rcpt(const struct receipt *m, char room[PATH_ASCII_MAX])
{
	char to_room[PATH_ASCII_MAX];
	struct str shown, to;

	if (m->rcpt_count != 1)
		return STR_NONE;
	if (path_to_ascii(m->first_given, room, &shown))
		return shown;
	return path_to_ascii(m->rcpts[0].address, to_room, &to) ? STR_NONE : m->first_given;
}

/* What SPF found, above our Received (RFC 7208 §9.1); .at is NULL when there is no room.  Every
 * answer is there: the check of a recipient had them. */
static struct str spf_fields(struct session *s)
{
	struct receipt *m = s->mail;
	const struct spf_result *spf =
		m->has_spf ? spf_of_mail(m->asks, &m->facts) : NULL;

	if (!spf)
		return STR_NONE;
	return spf_field_text(m->arena, &(struct spf_field){
						  .result = spf_name(spf->code),
						  .of_helo = spf->of_helo,
						  .sender = m->sender.address,
						  .domain = str_of(spf->domain),
						  .helo = str_of(s->helo),
						  .client = s->peer.text,
						  .hostname = s->w->d->hostname,
						  .mechanism = spf->mechanism,
						  .problem = spf->reason,
					  });
}

void receive_data(struct session *s, const struct smtpd_request *r UNUSED)
{
	struct receipt *m = s->mail;
	int64_t now_ms = clock_wall_ms();

	m->id = id_next(store_ids(s->w->d->store), now_ms);

	char ascii[PATH_ASCII_MAX];
	const struct trace trace = {
		.helo = str_of(s->helo),
		.client = s->peer.text,
		.hostname = s->w->d->hostname,
		.esmtp = s->esmtp,
		.tls_version = s->tls.version,
		.tls_cipher = s->tls.cipher,
		.id = m->id,
		.only_rcpt = shown_rcpt(m, ascii),
		.wall_ms = now_ms,
		.smtputf8 = m->smtputf8,
	};
	struct str received = trace_received(m->arena, &trace), spf = spf_fields(s);
	uint64_t ours = received.n + spf.n;

	if (!received.at || !spf.at) {
		session_answer(s, REPLY_NO_MEMORY);
		return;
	}
	receipt_count_memory(m);
	/* Our own lines count where they go. */
	if (m->size_limit != UINT64_MAX)
		smtpd_limit_size(s->smtpd, m->size_limit > ours ? m->size_limit - ours : 0);
	spool_write(&m->spool, spf);
	spool_write(&m->spool, received);
	session_answer(s, REPLY_OK);
}

void receive_chunk(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = s->mail;
	struct str bytes = r->bytes, run;

	if (!header_ended(&m->header))
		header_feed(&m->header, bytes);
	while (!authres_ended(&m->authres) && authres_next(&m->authres, &bytes, &run))
		spool_write(&m->spool, run);
	spool_write(&m->spool, bytes);
}

void receive_rset(struct session *s, const struct smtpd_request *r UNUSED)
{
	receipt_forget(s);
	session_answer(s, REPLY_FLUSHED);
}
