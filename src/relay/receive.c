/* receive.c: see receive.h.  The order of the functions is the order of a mail.
 *
 * A mail in progress (struct receipt) lives from MAIL to the answer at its end, to RSET, or to the
 * end of the session, whichever is first; all its strings are in one arena.  The 250 at the end is
 * given in on_stored and nowhere else: after the store has committed.
 * SPDX-License-Identifier: ISC */
#include "relay/receive.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "policy/policy.h"
#include "proto/header.h"
#include "proto/trace.h"
#include "relay/defend.h"
#include "relay/session.h"
#include "relay/spool.h"

/* 10,000 recipients with the longest of addresses and their questions do not fit; 1,000 do. */
#define MAIL_ARENA_MAX (4 * 1024 * 1024)

struct receipt {
	struct arena *arena;
	struct path sender;
	bool body_8bit;
	enum dsn_ret ret;
	struct str envid;
	struct envelope_rcpt *rcpts;
	size_t rcpt_count, rcpt_room;
	struct spool spool;
	struct header header;
	msgid id;

	/* the RCPT that is being decided */
	struct path rcpt;
	unsigned notify;
	struct str orcpt;
	struct asks *asks;
	struct policy policy;
	struct mail facts;
	struct settings *settings;
	unsigned asked_index; /* of the question that is under way as s->job */
	uint64_t asked_version;
};

void receipt_free(struct receipt *m)
{
	if (!m)
		return;
	settings_unref(m->settings);
	spool_done(&m->spool);
	arena_free(m->arena);
	free(m);
}

static void forget_mail(struct session *s)
{
	receipt_free(s->mail);
	s->mail = NULL;
}

static void answer(struct session *s, enum reply_id id)
{
	smtpd_answer(s->smtpd, reply_get(id));
}

static void count(struct session *s, enum board_counter which)
{
	board_count(&s->w->d->board, which, 1);
}

/* -- HELO, MAIL -------------------------------------------------------------- */

void receive_helo(struct session *s, const struct smtpd_request *r)
{
	forget_mail(s);
	if (!s->helo_told) {
		free(s->helo);
		s->helo = mem_str(r->helo);
	}
	if (!s->proto_told)
		s->esmtp = r->esmtp;
	answer(s, REPLY_OK);
}

/* RFC 3207 §4.2: what was said in clear is forgotten. */
void receive_starttls(struct session *s, const struct smtpd_request *r UNUSED)
{
	forget_mail(s);
	if (!s->w->tls) {
		answer(s, REPLY_TLS_UNAVAILABLE);
		return;
	}
	if (!s->helo_told) {
		free(s->helo);
		s->helo = mem_str(STR_NONE);
	}
	s->securing = true;
	answer(s, REPLY_TLS_READY);
}

static bool put_question(void *world, unsigned index, const struct question *q, struct answer *ret);

static struct receipt *receipt_new(struct session *s, const struct smtpd_request *r)
{
	struct receipt *m = mem_alloc(sizeof(*m));

	m->arena = arena_new(MAIL_ARENA_MAX);
	m->body_8bit = r->body_8bit;
	m->ret = r->ret;
	m->envid = arena_dup(m->arena, r->envid);
	m->asks = asks_new(m->arena,
			   &(struct asks_backend){ .put = put_question, .world = s });
	spool_init(&m->spool, s->w->d->state_dir, &s->w->d->spool);
	header_init(&m->header, s->w->d->hostname);
	if (!m->asks || !m->envid.at || !path_keep(m->arena, &r->path, &m->sender)) {
		receipt_free(m);
		return NULL;
	}
	return m;
}

void receive_mail(struct session *s, const struct smtpd_request *r)
{
	forget_mail(s);
	if (!store_takes_mail(s->w->d->store)) {
		count(s, COUNTER_deferred_mails);
		answer(s, REPLY_NO_SPACE);
		return;
	}
	if (!defend_rate(s, GUARD_MESSAGES)) {
		count(s, COUNTER_deferred_mails);
		answer(s, REPLY_RATE_MESSAGES);
		return;
	}
	s->mail = receipt_new(s, r);
	answer(s, s->mail ? REPLY_SENDER_OK : REPLY_NO_MEMORY);
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
	count(s, reply_is_perm(why) ? COUNTER_refused_rcpts : COUNTER_deferred_rcpts);
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
		answer(s, add_rcpt(m) ? REPLY_RCPT_OK : REPLY_NO_MEMORY);
		break;
	}
	settings_unref(m->settings);
	m->settings = NULL;
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

	if (!defend_rate(s, GUARD_RECIPIENTS)) {
		count(s, COUNTER_deferred_rcpts);
		answer(s, REPLY_RATE_RECIPIENTS);
		return;
	}
	settings_unref(m->settings);
	m->settings = settings_board_get(board);
	m->notify = r->notify;
	m->orcpt = arena_dup(m->arena, r->orcpt);
	if (!m->orcpt.at || !path_keep(m->arena, &r->path, &m->rcpt) || !place_postmaster(m)) {
		answer(s, REPLY_NO_MEMORY);
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
		answer(s, REPLY_NO_MEMORY);
		return;
	}
	spool_write(&m->spool, received);
	answer(s, REPLY_OK);
}

void receive_chunk(struct session *s, const struct smtpd_request *r)
{
	if (!header_ended(&s->mail->header))
		header_feed(&s->mail->header, r->bytes);
	spool_write(&s->mail->spool, r->bytes);
}

static void refuse_content(struct session *s, const struct reply *why)
{
	const struct receipt *m = s->mail;

	s->refused++;
	count(s, COUNTER_refused_mails);
	log_say(s->w->d->log, LOG_INFO, "refused", F_CSTR("by", "content"),
		F_INT("code", why->code), F_CSTR("client", s->peer.text),
		F_CSTR("helo", s->helo), F_PATH("from", m->sender.address),
		F_PATH("to", m->rcpts[0].address), F_CSTR("reply", why->text));
	smtpd_answer(s->smtpd, why);
	forget_mail(s);
}

void receive_drop(struct session *s, const struct smtpd_request *r)
{
	refuse_content(s, r->refuse);
}

/* -- the end: into the store, and the 250 -------------------------------------- */

static void log_stored(struct worker *w, const struct job_accept *mail)
{
	const struct envelope *env = &mail->env;

	if (mail->job.ok) {
		log_say(w->d->log, LOG_INFO, "accepted", F_ID("mail", env->id),
			F_STR("client", env->client), F_STR("helo", env->helo),
			F_STR("tls", env->tls), F_PATH("from", env->sender),
			F_PATH("to", env->rcpts[0].address), F_INT("rcpts", env->rcpt_count),
			F_INT("size", mail->body.size));
		board_count(&w->d->board, COUNTER_accepted, 1);
		board_count(&w->d->board, COUNTER_accepted_bytes, mail->body.size);
		board_count(&w->d->board, COUNTER_accepted_rcpts, env->rcpt_count);
	} else {
		log_say(w->d->log, LOG_ERROR, "not_stored", F_ID("mail", env->id),
			F_STR("client", env->client), F_PATH("from", env->sender),
			F_INT("size", mail->body.size), F_CSTR("why", mail->job.err.text));
		board_count(&w->d->board, COUNTER_deferred_mails, 1);
	}
}

static void answer_stored(struct session *s, const struct job_accept *mail)
{
	char id[ID_TEXT_MAX];

	if (!mail->job.ok) {
		answer(s, mail->job.err.kind == ERR_FULL ? REPLY_NO_SPACE : REPLY_STORE_FAILED);
		return;
	}

	char *text = arena_printf(mail->job.arena, "ok, kept as %s", id_text(mail->env.id, id));

	s->accepted++;
	smtpd_answer(s->smtpd, &(struct reply){ 250, "2.0.0", text ? text : "ok" });
}

/* The commit has returned, or failed.  Whether the client is still there or not, a stored mail is
 * ours from here on (RFC 5321 §6.1). */
static void on_stored(void *world, struct job *job)
{
	struct worker *w = world;
	struct job_accept *mail = CONTAINER(job, struct job_accept, job);
	struct session *s = job->owner;

	log_stored(w, mail);
	spool_body_gone(&w->d->spool, &mail->body);
	if (s) {
		s->job = NULL;
		answer_stored(s, mail);
		session_resume(s);
	}
	job_free(job);
}

/* The job's own copy of the envelope: the mail is forgotten as soon as the job is given. */
static bool copy_envelope(struct session *s, struct arena *a, struct envelope *env)
{
	const struct receipt *m = s->mail;
	char tls[SESSION_TLS_MAX];
	struct envelope_rcpt *rcpts = arena_alloc(a, m->rcpt_count * sizeof(*rcpts));

	*env = (struct envelope){
		.id = m->id,
		.sender = arena_dup(a, m->sender.address),
		.client = arena_dup(a, str_of(s->peer.text)),
		.helo = arena_dup(a, str_of(s->helo)),
		.tls = arena_dup(a, str_of(session_tls_text(s, tls))),
		.received_ms = id_wall_ms(m->id),
		.esmtp = s->esmtp,
		.body_8bit = m->body_8bit,
		.ret = m->ret,
		.envid = arena_dup(a, m->envid),
		.rcpts = rcpts,
		.rcpt_count = m->rcpt_count,
	};
	if (!rcpts || !env->sender.at || !env->envid.at || !env->client.at || !env->helo.at ||
	    !env->tls.at)
		return false;
	for (size_t i = 0; i < m->rcpt_count; i++) {
		rcpts[i].domain = m->rcpts[i].domain;
		rcpts[i].address = arena_dup(a, m->rcpts[i].address);
		rcpts[i].notify = m->rcpts[i].notify;
		rcpts[i].orcpt = arena_dup(a, m->rcpts[i].orcpt);
		if (!rcpts[i].address.at || !rcpts[i].orcpt.at)
			return false;
	}
	return true;
}

static void store_mail(struct session *s)
{
	struct job_accept *job = job_new_accept(port_inbox(s->w->jobs), on_stored, s);
	bool ok = copy_envelope(s, job->job.arena, &job->env) &&
		  spool_take(&s->mail->spool, &job->body);

	forget_mail(s);
	if (!ok) {
		log_say(s->w->d->log, LOG_ERROR, "not_spooled", F_CSTR("client", s->peer.text));
		count(s, COUNTER_deferred_mails);
		job_free(&job->job);
		answer(s, REPLY_NO_SPACE);
		return;
	}
	s->job = &job->job;
	store_put(s->w->d->store, &job->job);
}

void receive_end(struct session *s, const struct smtpd_request *r UNUSED)
{
	const struct reply *refusal = header_refusal(&s->mail->header);

	if (refusal)
		refuse_content(s, refusal);
	else
		store_mail(s);
}

void receive_rset(struct session *s, const struct smtpd_request *r UNUSED)
{
	forget_mail(s);
	answer(s, REPLY_FLUSHED);
}
