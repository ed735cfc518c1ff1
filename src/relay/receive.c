/* receive.c: see receive.h.  The order of the functions is the order of a mail.
 *
 * What comes behind the content's end is in keep.c.
 * SPDX-License-Identifier: ISC */
#include "relay/receive.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "proto/trace.h"
#include "relay/defend.h"
#include "relay/receipt.h"
#include "relay/session.h"

/* 10,000 recipients with the longest of addresses and their questions do not fit; 1,000 do. */
#define MAIL_ARENA_MAX (4 * 1024 * 1024)
#define RCPTS_ALWAYS   100 /* RFC 5321 §4.5.3.1.8; more of them only while there is memory */

void receipt_free(struct receipt *m)
{
	if (!m)
		return;
	settings_unref(m->settings);
	spool_hold(m->budget, -(int64_t)m->counted);
	spool_done(&m->spool);
	arena_free(m->arena);
	free(m);
}

/* The arena has grown: it counts as the content does. */
static void count_memory(struct receipt *m)
{
	size_t used = arena_used(m->arena);

	spool_hold(m->budget, (int64_t)(used - m->counted));
	m->counted = used;
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

static bool put_question(void *world, unsigned index, const struct question *q, struct answer *ret);

static struct receipt *receipt_new(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = mem_alloc(sizeof(*m));

	m->arena = arena_new(MAIL_ARENA_MAX);
	m->budget = &s->w->d->spool;
	m->body_8bit = r->body_8bit;
	m->ret = r->ret;
	m->envid = arena_dup(m->arena, r->envid);
	m->asks = asks_new(m->arena,
			   &(struct asks_backend){ .put = put_question, .world = s });
	spool_init(&m->spool, s->w->d->state_dir, m->budget);
	header_init(&m->header, s->w->d->hostname);
	if (!m->asks || !m->envid.at || !path_keep(m->arena, &r->path, &m->sender)) {
		receipt_free(m);
		return NULL;
	}
	count_memory(m);
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

/* -- RCPT: decided by the policy ---------------------------------------------- */

static void decide_rcpt(struct session *s);

static void on_recipient_known(void *world UNUSED, struct job *job)
{
	struct job_recipient *known = CONTAINER(job, struct job_recipient, job);
	struct session *s = job->owner;

	if (s) {
		struct receipt *m = s->mail;

		s->job = NULL;
		if (!job->ok)
			log_say(s->w->d->log, LOG_ERROR, "lookup_failed",
				F_CSTR("why", job->err.text));
		asks_answer(m->asks, m->asked_index,
			    lookup_learn(s->w->cache, known, m->asked_version));
		decide_rcpt(s);
		session_resume(s);
	}
	job_free(job);
}

/* The asks' backend: ASK_RECIPIENT is answered by the cache or by the store's reader. */
static bool put_question(void *world, unsigned index, const struct question *q, struct answer *ret)
{
	struct session *s = world;

	if (lookup_cached(s->w->cache, q, ret))
		return true;

	struct job_recipient *job =
		job_new_recipient(port_inbox(s->w->jobs), on_recipient_known, s);

	job->domain = q->domain;
	job->local = arena_dup(job->job.arena, q->name);
	job->base = arena_dup(job->job.arena, q->base);
	s->mail->asked_index = index;
	s->mail->asked_version = lookup_version(s->w->cache);
	s->job = &job->job;
	store_put(s->w->d->store, &job->job);
	return false;
}

static bool add_rcpt(struct receipt *m)
{
	if (m->rcpt_count == m->rcpt_room) {
		size_t room = m->rcpt_room ? m->rcpt_room * 2 : 4;
		struct envelope_rcpt *more = arena_alloc(m->arena, room * sizeof(*more));

		if (!more)
			return false;
		for (size_t i = 0; i < m->rcpt_count; i++)
			more[i] = m->rcpts[i];
		m->rcpts = more;
		m->rcpt_room = room;
	}
	m->rcpts[m->rcpt_count++] = (struct envelope_rcpt){
		.address = m->rcpt.address,
		.domain = m->facts.domain->id,
		.notify = m->notify,
		.orcpt = m->orcpt,
	};
	return true;
}

static void refuse_rcpt(struct session *s)
{
	const struct receipt *m = s->mail;
	const struct reply *why = m->policy.reply;

	s->refused++;
	session_count(s, reply_is_perm(why) ? COUNTER_refused_rcpts : COUNTER_deferred_rcpts);
	log_say(s->w->d->log, LOG_INFO, "refused", F_CSTR("by", m->policy.by->name),
		F_INT("code", why->code), F_CSTR("client", s->peer.text), F_CSTR("helo", s->helo),
		F_PATH("from", m->sender.address), F_PATH("to", m->rcpt.address),
		F_CSTR("reply", why->text));
	defend_refused_rcpt(s, why);
}

/* Runs, and runs again, until the policy has a verdict. */
static void decide_rcpt(struct session *s)
{
	struct receipt *m = s->mail;

	switch (policy_run(&m->policy, AT_RCPT, m->asks, &m->facts)) {
	case WAIT:
		return;
	case REFUSE:
		refuse_rcpt(s);
		break;
	case PASS:
		session_answer(s, add_rcpt(m) ? REPLY_RCPT_OK : REPLY_NO_MEMORY);
		break;
	}
	settings_unref(m->settings);
	m->settings = NULL;
	count_memory(m);
}

/* RFC 5321 §4.5.1: <postmaster> without a domain is taken.  It goes to the postmaster of the domain
 * that was added first: that is the operator's own. */
static bool place_postmaster(struct receipt *m)
{
	if (m->rcpt.domain.n || !m->settings || !m->settings->domain_count)
		return true;

	const struct domain *first = m->settings->by_id[0];
	char *address = arena_printf(m->arena, "postmaster@%s", first->name.at);

	return address && path_is_address(str_of(address), &m->rcpt);
}

void receive_rcpt(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = s->mail;
	struct settings_board *board = &s->w->d->settings;

	if (m->rcpt_count >= RCPTS_ALWAYS && spool_is_crowded(m->budget)) {
		session_count(s, COUNTER_deferred_rcpts);
		session_answer(s, REPLY_CROWDED);
		return;
	}
	if (!defend_rate(s, GUARD_RECIPIENTS)) {
		session_count(s, COUNTER_deferred_rcpts);
		session_answer(s, REPLY_RATE_RECIPIENTS);
		return;
	}
	settings_unref(m->settings);
	m->settings = settings_board_get(board);
	m->notify = r->notify;
	m->orcpt = arena_dup(m->arena, r->orcpt);
	if (!m->orcpt.at || !path_keep(m->arena, &r->path, &m->rcpt) || !place_postmaster(m)) {
		session_answer(s, REPLY_NO_MEMORY);
		return;
	}
	m->facts = (struct mail){
		.arena = m->arena,
		.now_ms = clock_wall_ms(),
		.client = str_of(s->peer.text),
		.helo = str_of(s->helo),
		.sender = m->sender,
		.rcpt = m->rcpt,
		.settings = m->settings,
		.settings_stale = atomic_load(&board->stale),
		.domain = m->settings ? settings_find(m->settings, m->rcpt.domain) : NULL,
	};
	asks_forget(m->asks);
	policy_start(&m->policy);
	decide_rcpt(s);
}

/* -- DATA ---------------------------------------------------------------------- */

void receive_data(struct session *s, const struct smtpd_request *r UNUSED)
{
	struct receipt *m = s->mail;
	int64_t now_ms = clock_wall_ms();

	m->id = id_next(store_ids(s->w->d->store), now_ms);

	const struct trace trace = {
		.helo = str_of(s->helo),
		.client = s->peer.text,
		.hostname = s->w->d->hostname,
		.esmtp = s->esmtp,
		.tls_version = s->tls.version,
		.tls_cipher = s->tls.cipher,
		.id = m->id,
		.only_rcpt = m->rcpt_count == 1 ? m->rcpts[0].address : STR_NONE,
		.wall_ms = now_ms,
	};
	struct str received = trace_received(m->arena, &trace);

	if (!received.at) {
		session_answer(s, REPLY_NO_MEMORY);
		return;
	}
	count_memory(m);
	spool_write(&m->spool, received);
	session_answer(s, REPLY_OK);
}

void receive_chunk(struct session *s, const struct smtpd_request *r)
{
	if (!header_ended(&s->mail->header))
		header_feed(&s->mail->header, r->bytes);
	spool_write(&s->mail->spool, r->bytes);
}

void receive_rset(struct session *s, const struct smtpd_request *r UNUSED)
{
	receipt_forget(s);
	session_answer(s, REPLY_FLUSHED);
}
